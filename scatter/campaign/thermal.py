"""The thermal slabs that trajectories begin on: every facet at every temperature of a campaign."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
from jaxtyping import Float

from scatter.campaign.apart import (
    energies,
    refuse_images,
    refuse_thin_vacuum,
    shortest_repeat,
)
from scatter.campaign.constants import lattice_of
from scatter.campaign.ranks import Ranks
from scatter.config import Input
from scatter.dynamics.baths import Edge
from scatter.initial import snapshots as cached
from scatter.initial.cache import digest
from scatter.initial.checks import adsorbates_moved, check_snapshots
from scatter.initial.covered import covered, feet, refuse_strayed
from scatter.initial.edge import edge_atoms, edge_of, in_words
from scatter.initial.relax import at_rest, relaxed, to_relax
from scatter.initial.slab import build, described
from scatter.initial.snapshots import Snapshots, join
from scatter.initial.surface import Thermalise
from scatter.initial.thermalise import thermalise
from scatter.potentials.base import Potential, refuse_unknown_elements
from scatter.report.terminal import clock
from scatter.state import System

TELL_S, SPACED = 10.0, 60  # between two lines at first; then a SPACED-th of the time so far

Say = Callable[[str], None]


@dataclass(frozen=True)
class ThermalSlab:
    """One facet at one temperature.

    Attributes:
        facet: label of the surface.
        T_K: K.
        lattice_constant: Å; None for a slab from a file.
        c_over_a: of a hcp crystal.
        system: its atoms.
        ideal: their ideal positions, Å.
        snapshots: thermal states.
        identity: hash of the snapshots.
        edge: the atoms in a bath; None where there is none.
    """

    facet: str
    T_K: float
    lattice_constant: float | None
    c_over_a: float | None
    system: System
    ideal: Float[np.ndarray, "atom 3"]
    snapshots: Snapshots
    identity: str
    edge: Edge | None = None

    @property
    def name(self) -> str:
        """What a results file calls it."""
        return f"{self.facet} {self.T_K:g} K"

    def highest(self, pool: range) -> float:
        """Height z of the highest atom of some of the snapshots, Å."""
        return float(self.snapshots.positions[pool.start : pool.stop, :, 2].max())


def moved_to(potential: Potential, input: Input, slab: ThermalSlab) -> ThermalSlab:
    """The slab with the energies that its snapshots have on another potential.

    Raises:
        UserError: the slab does not suit that potential.
    """
    refuse_unknown_elements(potential, slab.system)
    refuse_thin_vacuum(input, potential, slab.system, slab.ideal)
    refuse_images(input, potential, slab.system)
    its_energies = energies(potential, slab.system, slab.snapshots.positions)
    return replace(slab, snapshots=replace(slab.snapshots, energies=its_energies))


def thermal_slabs(input: Input, potential: Potential, ranks: Ranks, say: Say) -> list[ThermalSlab]:
    """Every facet at every temperature, thermalised; every rank must call this.

    Raises:
        UserError: a slab cannot be built, does not suit the input, or fails a check.
    """
    return [
        thermal_slab(input, potential, facet, T_K, ranks, say)
        for facet, T_K in input.surface.systems
    ]


def thermal_slab(
    input: Input, potential: Potential, facet: str, T_K: float, ranks: Ranks, say: Say
) -> ThermalSlab:
    """One facet at one temperature, from the cache or made; every rank must call this.

    Raises:
        UserError: it cannot be built, does not suit the input, or fails a check.
    """
    surface = input.surface
    report = telling(say, "lattice constant")
    constants = lattice_of(input, potential, T_K, ranks, say, report)
    system, ideal = ranks.share(lambda: _fitting_slab(input, potential, facet, constants))
    if surface.relaxes(T_K) or surface.adsorbates.species is not None:
        say(f"slab ({facet}) at {T_K:g} K: relaxing ...")
        ideal = ranks.share(
            lambda: _relaxed(input, potential, facet, T_K, constants, system, ideal)
        )
    say(f"slab ({facet}): {described(system, ideal)}")
    ranks.share(lambda: _tell_aim(input, system, ideal, say))
    if surface.at_rest(T_K):
        snapshots, force = ranks.share(lambda: at_rest(system, ideal, potential))
        still = "rigid" if surface.rigid else f"the largest force on it is {force:.2g} eV/Å"
        say(f"slab ({facet}) at {T_K:g} K: at rest, {still}")
        first = snapshots
    else:
        snapshots = thermal(input, potential, system, ideal, facet, T_K, ranks, say)
        # all, or those of a campaign of any length
        first = snapshots.first(surface.thermalise.pool(0).stop)
    edge = ranks.share(lambda: edge_of(input.dynamics, potential, system, ideal, first, T_K))
    if edge:
        say(f"  {in_words(edge)}")
    same = digest(**vars(first))
    return ThermalSlab(facet, T_K, *constants, system, ideal, snapshots, same, edge)


def _tell_aim(input: Input, system: System, ideal: Float[np.ndarray, "atom 3"], say: Say) -> None:
    """Say how much of the cell impacts are aimed at, where they are; refuse what they cannot be."""
    repeat = float(np.linalg.norm(shortest_repeat(system.cell)))
    disc = input.incidence.disc(ideal, repeat)
    if disc is not None:
        say(
            f"impacts within {disc.radius:g} Å of atom {input.incidence.aim_atom}: "
            f"{disc.share(system.cell):.1%} of the cell's area"
        )


def _relaxed(
    input: Input,
    potential: Potential,
    facet: str,
    T_K: float,
    constants: tuple[float | None, float | None],
    system: System,
    ideal: Float[np.ndarray, "atom 3"],
) -> Float[np.ndarray, "atom 3"]:
    """The slab with its adsorbates as high as no force moves them, and all relaxed if so wanted."""
    surface, free = input.surface, np.zeros(len(system), bool)
    free[system.adsorbates] = True
    positions = relaxed(system, ideal, potential, free, feet(surface, system))
    if surface.relaxes(T_K):
        positions = relaxed(system, positions, potential, to_relax(system, positions))
    if surface.adsorbates.species is not None:
        refuse_strayed(surface, facet, constants[0] or 0.0, system, positions)
    return positions


def thermal(
    input: Input,
    potential: Potential,
    system: System,
    ideal: Float[np.ndarray, "atom 3"],
    facet: str,
    T_K: float,
    ranks: Ranks,
    say: Say,
) -> Snapshots:
    """Thermal snapshots of a slab, from the cache or made; every rank must call this.

    Args:
        input: of the campaign.
        potential: that it is thermalised on.
        system: the slab, adsorbates and all.
        ideal: where its atoms begin, Å.
        facet: what it is called; its random numbers are told from others' by that.
        T_K: K.
        ranks: share the replicas.
        say: tells how far it is.

    Raises:
        UserError: the snapshots fail a check.
    """
    settings = input.surface.thermalise.for_trajectories(input.sampling.most)
    seed, key = input.run.seed, slab_key(facet, T_K)
    place = cached.snapshots_key(system, ideal, potential, T_K, settings, seed, key)
    snapshots = ranks.share(lambda: cached.load_snapshots(place))
    if snapshots is None:
        say(f"slab ({facet}) at {T_K:g} K: thermalising {settings.replicas} replicas ...")
        snapshots = _thermalise(settings, seed, potential, system, ideal, T_K, key, ranks, say)
        ranks.share(lambda: cached.save_snapshots(place, snapshots))
    say(f"slab ({facet}) at {T_K:g} K: {len(snapshots)} thermal snapshots")
    if len(system.adsorbates):
        say(f"  {adsorbates_moved(snapshots, system, ideal)}")
    return snapshots


def _fitting_slab(
    input: Input, potential: Potential, facet: str, constants: tuple[float | None, float | None]
) -> tuple[System, Float[np.ndarray, "atom 3"]]:
    """The ideal slab, once the potential knows its elements and its vacuum is thick enough."""
    surface, seed = input.surface, input.run.seed
    system, ideal = build(surface, facet, *constants)
    system, ideal = covered(surface, facet, seed, constants[0] or 0.0, system, ideal)
    refuse_unknown_elements(potential, system)
    refuse_thin_vacuum(input, potential, system, ideal)
    refuse_images(input, potential, system)
    edge_atoms(input.dynamics, system, ideal)  # for what it refuses
    return system, ideal


def slab_key(facet: str, T_K: float) -> int:
    """A number that tells the random streams of one slab from those of all others."""
    return int.from_bytes(sha256(f"slab {facet} {T_K!r}".encode()).digest()[:8])


def _thermalise(
    settings: Thermalise,
    seed: int,
    potential: Potential,
    system: System,
    ideal: Float[np.ndarray, "atom 3"],
    T_K: float,
    key: int,
    ranks: Ranks,
    say: Say,
) -> Snapshots:
    """Thermal snapshots of a slab, checked; every rank runs its share of the replicas."""
    mine = range(ranks.rank, settings.replicas, ranks.size)
    part = None
    if mine:
        tell = telling(say, "thermalising")
        part = thermalise(system, ideal, potential, T_K, settings, seed, key, mine, tell)
    snapshots = join([part for part in ranks.gather(part) if part is not None])
    ranks.share(lambda: check_snapshots(snapshots, system, ideal, T_K))
    return snapshots


def telling(say: Say, what: str) -> Callable[[float], None]:
    """What says how much of some long work is done: every ten seconds, after an hour every minute.

    The time left follows from what is done since it was first told of: what comes before that is
    preparation, or was done by an earlier run.
    """
    first: tuple[float, float] | None = None
    start = last = time.monotonic()

    def tell(fraction: float) -> None:
        nonlocal first, last
        now = time.monotonic()
        first = first or (now, fraction)
        began, before = first
        if now - last >= max(TELL_S, (last - start) / SPACED) and fraction < 1:
            last = now
            each = (now - began) / (fraction - before) if fraction > before else None
            left = f", {clock(each * (1 - fraction))} left" if each else ""
            say(f"  {what}: {fraction:.0%}{left}")

    return tell
