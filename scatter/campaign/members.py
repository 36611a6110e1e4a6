"""Whether the members of a committee suit a campaign, before anything of it runs."""

from collections.abc import Iterator

from scatter.campaign.apart import refuse_thin_vacuum
from scatter.config import Input
from scatter.dynamics.guards import bounds_of
from scatter.initial.covered import covered
from scatter.initial.crystals import measured
from scatter.initial.formulas import atoms_of
from scatter.initial.slab import build
from scatter.potentials.base import Potential, refuse_unknown_elements
from scatter.potentials.committee import Committee
from scatter.settings import UserError


def refuse_misfits(input: Input, committee: Committee | None) -> None:
    """Refuse members that could not run this campaign themselves.

    Each must know the elements of the molecules and of the slab, and their bonds up to
    `dissociated_A`, and must not feel the slab's next image through the vacuum with its own cutoff:
    what it says of a molecule would otherwise be about something else.

    Args:
        input: of the campaign.
        committee: its members; the first is the campaign's own potential, which is checked as it is
            prepared.

    Raises:
        UserError: one does not suit; names its file.
    """
    if committee is None:
        return
    for file, member in zip(input.potential.committee, committee.members[1:], strict=True):
        try:
            _refuse_misfit(input, member)
        except UserError as error:
            raise UserError(f"[potential] committee = '{file}': cannot be used: {error}") from error


def _refuse_misfit(input: Input, member: Potential) -> None:
    for facet, constants in _facets(input):
        slab, ideal = build(input.surface, facet, *constants)
        slab, ideal = covered(
            input.surface, facet, input.run.seed, constants[0] or 0.0, slab, ideal
        )
        refuse_thin_vacuum(input, member, slab, ideal)
        for formula in input.molecule.formula:
            atoms = atoms_of(formula, input.molecule.masses_amu)
            system = slab.with_projectile(*(number for number, _ in atoms))
            refuse_unknown_elements(member, system)
            bounds_of(member.domain, input.guards, input.bond_limits, system)


def _facets(input: Input) -> Iterator[tuple[str, tuple[float | None, float | None]]]:
    """Every facet, and a lattice constant and c/a to build it with.

    Where it is to be computed, any will do, for the vacuum does not depend on it.
    """
    surface = input.surface
    for facet, T_K in surface.systems:
        if surface.file is not None:
            yield facet, (None, None)
            continue
        a, c = measured(surface.element, surface.crystal)
        yield facet, surface.given_lattice(T_K) or (a, c / a)
