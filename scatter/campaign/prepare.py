"""What every trajectory of a campaign needs: the potential, the thermal slabs, the states."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import numpy as np
from jaxtyping import Float

from scatter.campaign.apart import (
    Placed,
    energies,
    refuse_coupling,
    refuse_images,
    refuse_thin_vacuum,
)
from scatter.campaign.ranks import Ranks
from scatter.config import Input
from scatter.dynamics.batch import Conditions
from scatter.dynamics.endings import Ending, Faults, of_a_diatomic
from scatter.dynamics.guards import bounds_of
from scatter.dynamics.motions import Motion, Verlet
from scatter.dynamics.observers import Observer, standard
from scatter.initial import snapshots as cached
from scatter.initial.cache import digest
from scatter.initial.checks import adsorbates_moved, check_snapshots
from scatter.initial.lattice import lattice_constant_at
from scatter.initial.molecule import RovibrationalState, bond_curve, isotopes
from scatter.initial.projectile import Diatomic, Projectile
from scatter.initial.slab import build, described
from scatter.initial.snapshots import Snapshots, join
from scatter.initial.thermalise import thermalise
from scatter.outcomes import COLUMNS, Column, OwnEnding, row_type
from scatter.potentials.base import CPU, Guard, Place, Potential, refuse_unknown_elements
from scatter.report.terminal import clock
from scatter.settings import UserError
from scatter.state import System, lone

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
class Parts:
    """What a campaign is made of beyond what its input says; by default of nothing more.

    Attributes:
        motion: the integrator.
        endings: of one's own, looked at before the usual ones.
        observers: of one's own, beside the usual ones.
        projectile: makes a projectile of a diatomic's numbers, masses, curve and states.
    """

    motion: Motion = field(default_factory=Verlet)
    endings: tuple[Ending, ...] = ()
    observers: tuple[Observer, ...] = ()
    projectile: Callable[..., Projectile] = Diatomic

    @property
    def columns(self) -> list[Column]:
        """What they write into rows beyond the usual columns.

        Raises:
            UserError: a column is there twice, or is a usual one.
        """
        own = [column for one in (*self.observers, *self.endings) for column in one.columns]
        names = [column.name for column in (*COLUMNS, *own)]
        if twice := {name for name in names if names.count(name) > 1}:
            raise UserError(
                f"columns: {', '.join(sorted(twice))} would be written twice; give each column of "
                "one's own a name that no other has"
            )
        return own

    @property
    def own(self) -> tuple[OwnEnding, ...]:
        """The endings of one's own, in the order of their codes."""
        return tuple(OwnEnding(one.name, one.sticks) for one in self.endings)

    @property
    def row(self) -> np.dtype:
        """The type of a row."""
        return row_type([*COLUMNS, *self.columns])

    @property
    def identity(self) -> dict[str, Any]:
        """All that shapes trajectories and rows of it; empty where it is as usual."""
        told = {
            "motion": self.motion.identity,
            "endings": [[one.name, one.sticks, one.identity] for one in self.endings],
            "observers": [[one.name, one.identity] for one in self.observers],
            "projectile": f"{self.projectile.__module__}.{self.projectile.__qualname__}",
            "columns": [list(column) for column in self.columns],
        }
        usual = Verlet.identity, f"{Diatomic.__module__}.{Diatomic.__qualname__}"
        plain = (told["motion"], told["projectile"]) == usual
        return {} if plain and not self.endings and not self.observers else told


@dataclass(frozen=True)
class Prepared:
    """All of it, the same on every rank.

    Attributes:
        potential: that the trajectories run on.
        projectiles: by formula; final states are measured on bond curves of `potential`.
        slabs: that the trajectories begin on, with their energies on `potential`.
        guards: that measure beside the dynamics.
        parts: of the user's own.
    """

    potential: Potential
    projectiles: dict[str, Projectile]
    slabs: list[ThermalSlab]
    guards: tuple[Guard, ...] = ()
    parts: Parts = field(default_factory=Parts)

    def conditions(
        self,
        input: Input,
        slab: ThermalSlab,
        numbers: tuple[int, ...],
        slots: int = 1,
        place: Place = CPU,
    ) -> Conditions:
        """How trajectories of a projectile (atomic numbers) on a slab are run.

        Raises:
            UserError: they are to go on beyond the longest bond that the potential knows.
        """
        system, dynamics, guards = (
            slab.system.with_projectile(*numbers),
            input.dynamics,
            input.guards,
        )
        bounds = bounds_of(self.potential.domain, guards, input.stop, system)
        usual = standard(input.stop.near_A, self.guards, guards.every, system, slots)
        return Conditions(
            system=system,
            timestep_fs=dynamics.timestep_fs,
            faults=Faults(
                dynamics.energy_tolerance_eV, dynamics.timestep_fs, None if bounds.none else bounds
            ),
            endings=(*self.parts.endings, *of_a_diatomic(dynamics, input.stop)),
            observers=(*usual, *self.parts.observers),
            slots=slots,
            motion=self.parts.motion,
            place=place,
        )


def prepare(
    input: Input,
    potential: Potential,
    ranks: Ranks,
    say: Say,
    starts: Potential | None = None,
    parts: Parts | None = None,
) -> Prepared:
    """Everything that trajectories start from; long work is shared by the ranks.

    Args:
        input: what is to be run.
        potential: that the trajectories run on.
        ranks: all of them must call this.
        say: tells the user what takes long.
        starts: the potential that the slabs and the molecules' states are made on; by default the
            same. Two campaigns with the same `starts` begin every trajectory alike.
        parts: of the user's own.

    Raises:
        UserError: something of the input is impossible on one of the potentials.
    """
    parts = parts or Parts()
    diatomics = ranks.share(lambda: diatomics_of(input, potential, starts or potential))
    slabs = thermal_slabs(input, starts or potential, ranks, say)
    if starts is not None:
        slabs = ranks.share(lambda: [moved_to(potential, input, slab) for slab in slabs])
    placed = [
        Placed.of(one.numbers, one.masses, state.level.outer)
        for one in diatomics.values()
        for state in one.states.values()
    ]
    pairs = [(slab.system, slab.snapshots) for slab in slabs]
    ranks.share(lambda: [refuse_coupling(input, potential, *pair, placed) for pair in pairs])
    return Prepared(potential, projectiles(diatomics, parts), slabs, parts=parts)


def projectiles(diatomics: dict[str, Diatomic], parts: Parts) -> dict[str, Projectile]:
    """What is fired, of the kind that the parts say."""
    return {
        formula: parts.projectile(one.numbers, one.masses, one.curve, one.states)
        for formula, one in diatomics.items()
    }


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


def diatomics_of(input: Input, potential: Potential, starts: Potential) -> dict[str, Diatomic]:
    """Every molecule of the campaign with its states.

    Args:
        input: of the campaign.
        potential: that final states are measured on.
        starts: that the states are quantised on; often the same.

    Raises:
        UserError: a potential does not know an element of it, or does not hold a state; or
            trajectories are to go on beyond the longest bond that the potential knows.
    """
    measured = curves_of(input, potential)
    for one in measured.values():
        bounds_of(potential.domain, input.guards, input.stop, lone(*one.numbers))
    begun = measured if starts is potential else curves_of(input, starts)
    states = find_states(input, begun)
    return {
        formula: replace(
            one, states={key[1:]: state for key, state in states.items() if key[0] == formula}
        )
        for formula, one in measured.items()
    }


def curves_of(input: Input, potential: Potential) -> dict[str, Diatomic]:
    """Every molecule of the campaign on this potential, without states yet.

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
        found[formula] = Diatomic((z1, z2), np.array([m1, m2]), bond_curve(potential, z1, z2))
    return found


def find_states(
    input: Input, diatomics: dict[str, Diatomic]
) -> dict[Condition, RovibrationalState]:
    """The quantised states of the campaign.

    Raises:
        UserError: the potential's curve does not hold one, or it reaches the bond of dissociation
            by its vibration alone.
    """
    found = {}
    for condition in input.molecule.conditions:
        formula, v, J, _ = condition
        state = input.molecule.state(condition, diatomics[formula].curve)
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
