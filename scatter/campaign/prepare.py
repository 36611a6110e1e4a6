"""What every trajectory of a campaign needs: the potential, the thermal slabs, the states."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
from jaxtyping import Float

from scatter.campaign.apart import (
    Placed,
    energies,
    refuse_coupling,
    refuse_images,
    refuse_thin_vacuum,
)
from scatter.campaign.progress import clock
from scatter.campaign.ranks import Ranks
from scatter.config import Input
from scatter.dynamics.batch import Conditions
from scatter.dynamics.guards import bounds_of
from scatter.ebk import Curve
from scatter.initial import snapshots as cached
from scatter.initial.cache import digest
from scatter.initial.checks import adsorbates_moved, check_snapshots
from scatter.initial.lattice import lattice_constant_at
from scatter.initial.molecule import RovibrationalState, bond_curve, isotopes
from scatter.initial.slab import build, described
from scatter.initial.snapshots import Snapshots, join
from scatter.initial.thermalise import thermalise
from scatter.potentials.base import Guard, Potential, refuse_unknown_elements
from scatter.settings import UserError
from scatter.state import System, diatomic

TELL_S = 10.0

Say = Callable[[str], None]
Condition = tuple[str, int, int, int | None]


@dataclass(frozen=True)
class ThermalSlab:
    """One facet at one temperature.

    Attributes:
        facet: label of the surface.
        T_K: K.
        lattice_constant: Å; None for a slab from a file.
        system: its atoms.
        ideal: their ideal positions, Å.
        snapshots: thermal states.
        identity: hash of the snapshots.
    """

    facet: str
    T_K: float
    lattice_constant: float | None
    system: System
    ideal: Float[np.ndarray, "atom 3"]
    snapshots: Snapshots
    identity: str


@dataclass(frozen=True)
class Species:
    """One molecule: its atoms, their masses (amu) and its bond curve on the potential."""

    numbers: tuple[int, int]
    masses: Float[np.ndarray, "2"]
    curve: Curve


@dataclass(frozen=True)
class Prepared:
    """All of it, the same on every rank.

    Attributes:
        potential: that the trajectories run on.
        species: molecules, with the bond curves that final states are measured on.
        states: that the molecules begin in.
        slabs: that the trajectories begin on, with their energies on `potential`.
        guards: that measure beside the dynamics.
    """

    potential: Potential
    species: dict[str, Species]
    states: dict[Condition, RovibrationalState]
    slabs: list[ThermalSlab]
    guards: tuple[Guard, ...] = ()

    def conditions(self, input: Input, slab: ThermalSlab, molecule: tuple[int, int], slots: int
    ) -> Conditions:  # fmt: skip
        """How trajectories of a molecule (atomic numbers) on a slab are run.

        Raises:
            UserError: they are to go on beyond the longest bond that the potential knows.
        """
        system = slab.system.with_molecule(*molecule)
        domain = getattr(self.potential, "domain", None)
        bounds = bounds_of(domain, input.guards, input.stop, system)
        return Conditions(
            system, input.dynamics, input.stop, slots,
            bounds=None if bounds.none else bounds,
            guards=self.guards, guards_every=input.guards.every,
        )  # fmt: skip


def prepare(
    input: Input, potential: Potential, ranks: Ranks, say: Say, starts: Potential | None = None
) -> Prepared:
    """Everything that trajectories start from; long work is shared by the ranks.

    Args:
        input: what is to be run.
        potential: that the trajectories run on.
        ranks: all of them must call this.
        say: tells the user what takes long.
        starts: the potential that the slabs and the molecules' states are made on; by default the
            same. Two campaigns with the same `starts` begin every trajectory alike.

    Raises:
        UserError: something of the input is impossible on one of the potentials.
    """
    species = ranks.share(lambda: find_species(input, potential))
    ranks.share(lambda: refuse_long_bonds(input, potential, species))
    if starts is None:
        states = ranks.share(lambda: find_states(input, species))
        slabs = thermal_slabs(input, potential, ranks, say)
    else:
        states = ranks.share(lambda: find_states(input, find_species(input, starts)))
        made = thermal_slabs(input, starts, ranks, say)
        slabs = ranks.share(lambda: [moved_to(potential, input, slab) for slab in made])
    placed = [
        Placed.of(species[formula].numbers, species[formula].masses, state.level.outer)
        for (formula, *_), state in states.items()
    ]
    pairs = [(slab.system, slab.snapshots) for slab in slabs]
    ranks.share(lambda: [refuse_coupling(input, potential, *pair, placed) for pair in pairs])
    return Prepared(potential, species, states, slabs)


def moved_to(potential: Potential, input: Input, slab: ThermalSlab) -> ThermalSlab:
    """The slab with the energies that its snapshots have on another potential.

    Raises:
        UserError: the slab does not suit that potential.
    """
    refuse_unknown_elements(potential, slab.system)
    refuse_thin_vacuum(input, potential, slab.system, slab.ideal)
    refuse_images(input, potential, slab.system)
    found = energies(potential, slab.system, slab.snapshots.positions)
    return replace(slab, snapshots=replace(slab.snapshots, energies=found))


def thermal_slabs(input: Input, potential: Potential, ranks: Ranks, say: Say) -> list[ThermalSlab]:
    """Every facet at every temperature, thermalised; every rank must call this.

    Raises:
        UserError: a slab cannot be built, does not suit the input, or fails a check.
    """
    return [
        thermal_slab(input, potential, facet, T_K, ranks, say)
        for facet, T_K in input.surface.systems
    ]


def find_species(input: Input, potential: Potential) -> dict[str, Species]:
    """Every molecule of the campaign on this potential.

    Raises:
        UserError: the potential does not know one of its elements.
    """
    found = {}
    for formula in input.molecule.formula:
        (z1, m1), (z2, m2) = isotopes(formula, input.molecule.masses_amu)
        if not {z1, z2} <= potential.elements:
            raise UserError(
                f"[molecule] formula = '{formula}': the potential ({potential.description}) does "
                "not know this molecule's elements; choose another [potential]"
            )
        found[formula] = Species((z1, z2), np.array([m1, m2]), bond_curve(potential, z1, z2))
    return found


def refuse_long_bonds(input: Input, potential: Potential, species: dict[str, Species]) -> None:
    """Raise UserError if trajectories go on beyond the longest bond that the potential knows."""
    for one in species.values():
        domain = getattr(potential, "domain", None)
        bounds_of(domain, input.guards, input.stop, diatomic(*one.numbers))


def find_states(input: Input, species: dict[str, Species]) -> dict[Condition, RovibrationalState]:
    """The quantised states of the campaign.

    Raises:
        UserError: the potential's curve does not hold one, or it reaches the bond of dissociation
            by its vibration alone.
    """
    found = {}
    for condition in input.molecule.conditions:
        formula, v, J, _ = condition
        state = input.molecule.state(condition, species[formula].curve)
        if state.level.outer >= input.stop.dissociated_A:
            raise UserError(
                f"[stop] dissociated_A = {input.stop.dissociated_A:g}: {formula} with v = {v}, "
                f"j = {J} stretches to {state.level.outer:.2f} Å by itself; choose a lower state, "
                "or a longer bond"
            )
        found[condition] = state
    return found


def thermal_slab(
    input: Input, potential: Potential, facet: str, T_K: float, ranks: Ranks, say: Say
) -> ThermalSlab:
    """One facet at one temperature, from the cache or made; every rank must call this.

    Raises:
        UserError: it cannot be built, does not suit the input, or fails a check.
    """
    surface = input.surface
    constant = surface.given_lattice_constant(T_K) if surface.file is None else None
    if constant is None and surface.file is None:
        say(f"lattice constant of {surface.element} at {T_K:g} K on this potential ...")
        constant, error = ranks.share(
            lambda: lattice_constant_at(
                potential,
                surface.element,
                T_K,
                surface.thermalise,
                input.run.seed,
                telling(say, "lattice constant"),
            )
        )
        say(f"lattice constant at {T_K:g} K: {constant:.4f} ± {error:.4f} Å")
    system, ideal = ranks.share(lambda: _fitting_slab(input, potential, facet, constant))
    say(f"slab ({facet}): {described(system, ideal)}")
    settings, seed, key = surface.thermalise, input.run.seed, slab_key(facet, T_K)
    place = cached.snapshots_key(system, ideal, potential, T_K, settings, seed, key)
    snapshots = ranks.share(lambda: cached.load_snapshots(place))
    if snapshots is None:
        say(f"slab ({facet}) at {T_K:g} K: thermalising {settings.replicas} replicas ...")
        snapshots = _thermalise(input, potential, system, ideal, T_K, key, ranks, say)
        ranks.share(lambda: cached.save_snapshots(place, snapshots))
    say(f"slab ({facet}) at {T_K:g} K: {len(snapshots)} thermal snapshots")
    if len(system.adsorbates):
        say(f"  {adsorbates_moved(snapshots, system, ideal)}")
    return ThermalSlab(facet, T_K, constant, system, ideal, snapshots, digest(**vars(snapshots)))


def _fitting_slab(
    input: Input, potential: Potential, facet: str, constant: float | None
) -> tuple[System, Float[np.ndarray, "atom 3"]]:
    """The ideal slab, once the potential knows its elements and its vacuum is thick enough."""
    system, ideal = build(input.surface, facet, constant)
    refuse_unknown_elements(potential, system)
    refuse_thin_vacuum(input, potential, system, ideal)
    refuse_images(input, potential, system)
    return system, ideal


def slab_key(facet: str, T_K: float) -> int:
    """A number that tells the random streams of one slab from those of all others."""
    return int.from_bytes(sha256(f"slab {facet} {T_K!r}".encode()).digest()[:8])


def _thermalise(
    input: Input, potential: Potential, system: System, ideal: Float[np.ndarray, "atom 3"],
    T_K: float, key: int, ranks: Ranks, say: Say,
) -> Snapshots:  # fmt: skip
    """Thermal snapshots of a slab, checked; every rank runs its share of the replicas."""
    settings, seed = input.surface.thermalise, input.run.seed
    mine = range(ranks.rank, settings.replicas, ranks.size)
    part = None
    if mine:
        tell = telling(say, "thermalising")
        part = thermalise(system, ideal, potential, T_K, settings, seed, key, mine, tell)
    found = join([part for part in ranks.gather(part) if part is not None])
    ranks.share(lambda: check_snapshots(found, system, ideal, T_K))
    return found


def telling(say: Say, what: str) -> Callable[[float], None]:
    """What says how much of some long work is done, every ten seconds at most."""
    began = last = time.monotonic()

    def tell(fraction: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= TELL_S and fraction < 1:
            last = now
            say(f"  {what}: {fraction:.0%}, {clock((now - began) * (1 / fraction - 1))} left")

    return tell
