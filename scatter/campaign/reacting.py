"""How trajectories of each kind of projectile end: from what the input says to endings."""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Protocol, runtime_checkable

import numpy as np
from ase.data import chemical_symbols
from jaxtyping import Float

from scatter.conditions import ADSORBED
from scatter.config import Input
from scatter.dynamics.endings import Ending, OutOfReach, Scattered, Undecided, of_a_diatomic
from scatter.dynamics.fragments import Graph, limits, pairs_of
from scatter.dynamics.reactions import Absorbed, Adsorbed, Reaction, Transmitted, Trapped
from scatter.dynamics.score import Score, Stay, Stretch
from scatter.initial.projectile import Projectile
from scatter.initial.slab import slab_masses
from scatter.potentials.base import Potential
from scatter.settings import UserError
from scatter.state import System, lone
from scatter.units import isotope

ABSORBED_A = 0.5  # below the top plane, where the input does not say


@runtime_checkable
class Shaped(Projectile, Protocol):
    """A projectile whose atoms stand somewhere at rest."""

    @property
    def geometry(self) -> Float[np.ndarray, "atom 3"]:
        """Positions at rest about the centre of mass, Å."""
        ...


def endings_of(
    input: Input,
    projectile: Projectile,
    system: System,
    ideal: Float[np.ndarray, "slab 3"],
    potential: Potential,
) -> tuple[Ending, ...]:
    """The endings that `[stop]` and `[dynamics]` mean; the first that is met counts.

    Args:
        input: of the campaign.
        projectile: that is fired; other than a diatomic it is `Shaped`.
        system: slab and projectile.
        ideal: positions of the slab's atoms at rest, Å.
        potential: that the trajectories run on.

    Raises:
        UserError: [stop] names a bond that is not there.
    """
    dynamics, stop = input.dynamics, input.stop
    if input.kind in ("diatomic", "desorption"):
        return of_a_diatomic(dynamics, stop, potential.cutoff)
    clock = dynamics.max_time_fs, dynamics.step_fs
    graph = graph_of(input, projectile, system, ideal, potential)
    away = stop.scattered_A
    bounces = stop.trapped_bounces
    trapped = () if bounces is None else (Trapped(bounces, alone(potential, system)),)
    heights = stop.near_A, graph.absorbed_A
    own = Adsorbed(*heights, *clock), Absorbed(*heights, *clock)
    return (
        Reaction(graph, stop.stop_on or "first bond", *clock),
        Transmitted(),
        OutOfReach(potential.cutoff) if isinstance(away, str) else Scattered(away),
        *trapped,
        *(own if input.kind in ("atom", ADSORBED) else ()),
        Undecided(*clock),
    )


def score_of(
    input: Input, projectile: Projectile, endings: Sequence[Ending], threshold: float
) -> Score:
    """What says how near a trajectory came to a reaction, for `[sampling] method` "splitting".

    Args:
        input: of the campaign.
        projectile: that is fired.
        endings: of the campaign.
        threshold: a trajectory that leaves below it need not be followed.
    """
    near = input.stop.near_A
    if input.molecule.kind == "atom":
        return Stay(near, threshold)
    if input.molecule.kind == "diatomic":
        return Stretch(near, threshold, np.array([[0, 1]]), np.zeros(1), np.ones(1))
    assert isinstance(projectile, Shaped)
    graph = next(ending.graph for ending in endings if isinstance(ending, Reaction))
    own = graph.bonded & graph.belongs
    pairs = graph.pairs[own] - (len(graph.atoms) - graph.own)
    along = projectile.geometry[pairs[:, 1]] - projectile.geometry[pairs[:, 0]]
    return Stretch(near, threshold, pairs, np.linalg.norm(along, axis=1), graph.broken[own])


def refuse_bounces_elsewhere(input: Input, potential: Potential) -> None:
    """Raise UserError if [stop] trapped_bounces would have a GPU wait for a CPU at every bounce."""
    bounces = input.stop.trapped_bounces
    here = isinstance(potential.place.array(np.zeros(1)), np.ndarray)
    if bounces is not None and not here:
        raise UserError(
            f"[stop] trapped_bounces = {bounces}: the energy at a turning point is looked at on a "
            f"CPU, and the potential ({potential.description}) runs on a GPU; leave it out, or "
            'take [potential] device = "cpu"'
        )


def graph_of(
    input: Input,
    projectile: Projectile,
    system: System,
    ideal: Float[np.ndarray, "slab 3"],
    potential: Potential,
) -> Graph:
    """The bonds that are watched: those of the projectile, and of adsorbates with it.

    Raises:
        UserError: [stop] bonds names a pair that does not occur.
    """
    assert isinstance(projectile, Shaped)
    nodes = [*system.adsorbates.tolist(), *range(len(system) - system.projectile, len(system))]
    elements = [chemical_symbols[number] for number in system.numbers[nodes].tolist()]
    on_slab = slab_masses(system.slab)[system.adsorbates].tolist()
    symbols = (*map(isotope, elements, on_slab), *elements[len(on_slab) :])
    lengths = _lengths_at_rest(system, ideal, projectile.geometry)
    given = input.stop.bonds or {}
    names = {f"{a}-{b}" for i, j in combinations(elements, 2) for a, b in ((i, j), (j, i))}
    if unknown := [name for name in given if name not in names]:
        there = ", ".join(sorted({"-".join(pair) for pair in combinations(elements, 2)}))
        raise UserError(
            f"[stop] bonds names {unknown[0]}, and the bonds that can be watched are "
            f"{there or 'none'} (isotopes are elements here)"
        )
    highest = float(ideal[:, 2].max()) - system.top_plane(ideal)
    away = input.stop.scattered_A
    return Graph(
        np.array(nodes),
        symbols,
        system.projectile,
        *limits(elements, lengths, given),
        gas_A=highest + potential.cutoff if isinstance(away, str) else away,
        absorbed_A=input.stop.absorbed_A or ABSORBED_A,
    )


def _lengths_at_rest(
    system: System, ideal: Float[np.ndarray, "slab 3"], geometry: Float[np.ndarray, "own 3"]
) -> Float[np.ndarray, " pair"]:
    """Distances of the nodes at rest, Å; infinite from an adsorbate to the projectile."""
    on_slab = ideal[system.adsorbates]
    shifts = [i * system.cell[0] + j * system.cell[1] for i in (-1, 0, 1) for j in (-1, 0, 1)]
    first, second = pairs_of(len(on_slab) + len(geometry)).T
    nodes = np.concatenate([on_slab, geometry])
    images = (nodes[second] - nodes[first])[:, None] + np.array(shifts)
    lengths = np.sqrt((images**2).sum(axis=2)).min(axis=1)
    own = np.linalg.norm(nodes[second] - nodes[first], axis=1)
    lengths = np.where(first >= len(on_slab), own, lengths)
    return np.where((first < len(on_slab)) & (second >= len(on_slab)), np.inf, lengths)


def alone(
    potential: Potential, system: System
) -> Callable[[Float[np.ndarray, "some slab 3"], Float[np.ndarray, "some own 3"]], np.ndarray]:
    """What evaluates slab and projectile, each alone: the sum of both energies, eV."""
    slab = potential.bind(system.slab, 1)
    free = potential.bind(lone(*system.alone.numbers.tolist()), 1)

    def energies(slabs: np.ndarray, projectiles: np.ndarray) -> np.ndarray:
        pairs = zip(slabs, projectiles, strict=True)
        single = np.arange(1)
        return np.array(
            [
                slab.begin(single, s[None])[0][0] + free.begin(single, p[None])[0][0]
                for s, p in pairs
            ],
            np.float64,
        )

    return energies
