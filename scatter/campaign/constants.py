"""The lattice constants that the slabs of a campaign are built with, as the input says."""

from collections.abc import Callable

from scatter.campaign.ranks import Ranks
from scatter.config import Input
from scatter.initial.hexagonal import hexagonal_at
from scatter.initial.lattice import lattice_constant_at
from scatter.potentials.base import Potential


def lattice_of(
    input: Input,
    potential: Potential,
    T_K: float,
    ranks: Ranks,
    say: Callable[[str], None],
    report: Callable[[float], None],
) -> tuple[float | None, float | None]:
    """The lattice constant (Å) and c/a (of hcp) at a temperature, given or found; every rank.

    Both are None for a slab from a file.

    Args:
        input: of the campaign.
        potential: that slabs are made on.
        T_K: K.
        ranks: all of them must call this.
        say: tells the user what takes long.
        report: the fraction done of it.

    Raises:
        UserError: the potential has no such crystal there.
    """
    surface = input.surface
    if surface.file is not None:
        return None, None
    if (given := surface.given_lattice(T_K)) is not None:
        return given
    say(f"lattice constant of {surface.element} at {T_K:g} K on this potential ...")
    asked = potential, surface.element, T_K, surface.thermalise, input.run.seed, report
    if surface.crystal == "hcp":
        (a, c), (da, dc) = ranks.share(lambda: [pair.tolist() for pair in hexagonal_at(*asked)])
        say(
            f"lattice constants at {T_K:g} K: a = {a:.4f} ± {da:.4f} Å, c = {c:.4f} ± {dc:.4f} Å, "
            f"c/a = {c / a:.4f}"
        )
        return a, c / a
    a, error = ranks.share(lambda: lattice_constant_at(*asked, structure=surface.crystal))
    say(f"lattice constant at {T_K:g} K: {a:.4f} ± {error:.4f} Å")
    return a, None
