"""Starts on the surface: thermal states of slabs with a projectile adsorbed on each."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from scatter.campaign.apart import energies
from scatter.campaign.ranks import Ranks
from scatter.campaign.reacting import graph_of
from scatter.campaign.thermal import Say, ThermalSlab, thermal
from scatter.config import Input
from scatter.initial.adsorbed import Adsorbed, laden, places, put_down
from scatter.initial.projectile import Projectile
from scatter.initial.relax import at_rest, relaxed, to_relax
from scatter.initial.snapshots import Snapshots
from scatter.potentials.base import Potential
from scatter.settings import UserError

Laden = dict[tuple[str, str], Snapshots]  # by the name of the slab, and the formula


def laden_slabs(
    input: Input,
    potential: Potential,
    slabs: list[ThermalSlab],
    fired: Mapping[str, Projectile],
    ranks: Ranks,
    say: Say,
) -> Laden:
    """Thermal states of every slab with every projectile on it; every rank must call this.

    Args:
        input: of the campaign.
        potential: that trajectories start on.
        slabs: without a projectile.
        fired: projectiles by formula.
        ranks: share the work.
        say: tells what takes long.

    Returns:
        None where projectiles come in. Positions and momenta of the slab's atoms, and then of the
        projectile's.

    Raises:
        UserError: a projectile does not stay on the surface, or whole.
    """
    return {
        (slab.name, formula): _laden(input, potential, slab, formula, adsorbed, ranks, say)
        for slab in slabs
        for formula, adsorbed in fired.items()
        if isinstance(adsorbed, Adsorbed)
    }


def _laden(
    input: Input,
    potential: Potential,
    slab: ThermalSlab,
    formula: str,
    adsorbed: Adsorbed,
    ranks: Ranks,
    say: Say,
) -> Snapshots:
    """Thermal states of one slab with a projectile on it."""
    system, label = laden(slab.system, adsorbed.molecule), f"{slab.facet} with {formula}"
    rest = ranks.share(lambda: _placed(input, potential, slab, formula, adsorbed, say))
    if slab.T_K == 0:
        if input.surface.relaxes(slab.T_K):
            free = to_relax(system, rest)
            rest = ranks.share(lambda: relaxed(system, rest, potential, free))
        states, _ = ranks.share(lambda: at_rest(system, rest, potential))
    else:
        states = thermal(input, potential, system, rest, label, slab.T_K, ranks, say)
    ranks.share(lambda: _refuse_departed(input, potential, slab, formula, adsorbed, states))
    return states


def _placed(
    input: Input,
    potential: Potential,
    slab: ThermalSlab,
    formula: str,
    adsorbed: Adsorbed,
    say: Say,
) -> Float[np.ndarray, "atom 3"]:
    """Slab and projectile at rest, on the site that the input names or the lowest one."""
    incidence, surface = input.incidence, input.surface
    if incidence.place_A is not None:
        wanted = {"the given place": np.array(incidence.place_A)}
    else:
        a = slab.lattice_constant or 0.0
        wanted = places(surface, slab.facet, a, slab.system, slab.ideal)
        if incidence.site is not None:
            wanted = {incidence.site: wanted[incidence.site]}
    molecule = adsorbed.molecule
    rests = [put_down(slab.system, slab.ideal, molecule, xy, potential) for xy in wanted.values()]
    potentials = energies(potential, laden(slab.system, molecule), np.stack(rests))
    best = int(np.argmin(potentials))
    name, lowest = [*wanted][best], rests[best]
    height = lowest[len(slab.ideal), 2] - slab.system.top_plane(slab.ideal)
    others = [
        f"{site} {energy - potentials[best]:+.3f} eV"
        for site, energy in zip(wanted, potentials.tolist(), strict=True)
        if site != name
    ]
    than = f" ({', '.join(others)})" if others else ""
    say(f"slab ({slab.facet}): {formula} is adsorbed on {name}{than}, {height:.2f} Å above the top")
    return lowest


def _refuse_departed(
    input: Input,
    potential: Potential,
    slab: ThermalSlab,
    formula: str,
    adsorbed: Adsorbed,
    states: Snapshots,
) -> None:
    """Raise UserError if a projectile has left the surface, or broken, before trajectories begin.

    It is on the surface while its lowest atom is below [stop] near_A.
    """
    count, near = len(adsorbed.numbers), input.stop.near_A
    own, positions = states.positions[:, -count:], states.positions
    planes = np.array([slab.system.top_plane(each) for each in positions[:, :-count]])
    gone = own[:, :, 2].min(axis=1) - planes > near
    system = slab.system.with_projectile(*adsorbed.numbers)
    graph = graph_of(input, adsorbed, system, slab.ideal, potential)
    bonds = np.flatnonzero(graph.belongs & graph.bonded)
    first, second = (graph.pairs[bonds] - (len(graph.atoms) - count)).T
    lengths = np.linalg.norm(own[:, second] - own[:, first], axis=2)
    broken = (lengths > graph.broken[bonds]).any(axis=1)
    for what, so in (("has left the surface", gone), ("has broken", broken)):
        if so.any():
            raise UserError(
                f'[incidence] kind = "{input.incidence.kind}": at {slab.T_K:g} K {formula} {what} '
                f"in {int(so.sum())} of {len(states)} thermal states of ({slab.facet}), before any "
                "trajectory begins; lower temperature_K, shorten [surface.thermalise] "
                "equilibrate_fs, or take more replicas for as many snapshots"
            )
