"""Thermal snapshots of a slab: independent replicas under Langevin dynamics, in one batch.

Snapshot s is number s // replicas of replica s % replicas. What a replica does depends on the
seed, the slab's key and its own number alone, so any part of them may be run anywhere.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from math import ceil, isfinite, sqrt

import numpy as np
from jaxtyping import Float

from scatter.dynamics.integrators import baoab, velocity_verlet
from scatter.initial.slab import slab_masses
from scatter.initial.snapshots import Snapshots, join
from scatter.initial.surface import Thermalise
from scatter.potentials.base import Evaluator, Potential
from scatter.settings import UserError
from scatter.state import State, System
from scatter.units import K, fs

CHUNK = 50  # steps whose noise is drawn at once; no result depends on it

Streams = Sequence[np.random.Generator]
Slabs = tuple[Float[np.ndarray, "slot atom 3"], Float[np.ndarray, "slot atom 3"]]


def thermalise(
    system: System,
    ideal: Float[np.ndarray, "atom 3"],
    potential: Potential,
    temperature_K: float,
    settings: Thermalise,
    seed: int,
    key: int,
    replicas: Sequence[int],
    progress: Callable[[float], None] | None = None,
) -> Snapshots:
    """Thermal snapshots of some of the replicas of a slab.

    Args:
        system: the slab.
        ideal: where its atoms start, Å.
        potential: must take and answer NumPy arrays.
        temperature_K: K.
        settings: table `[surface.thermalise]`.
        seed: the campaign's.
        key: a number that tells this slab's random streams from all others of the campaign.
        replicas: numbers of the replicas to run here, below `settings.replicas`; at least one.
        progress: told the fraction done (0 to 1) from time to time.

    Raises:
        UserError: a replica's energy is not a number any more.
    """
    count = settings.pool(0).stop  # of automatic ones, the fewest
    rounds = -(-count // settings.replicas)
    streams = [
        np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key, replica)))
        for replica in replicas
    ]
    states = langevin(system, ideal, potential, temperature_K, settings, streams)
    taken = []
    for number, state in enumerate(islice(states, rounds)):
        taken.append(_snapshot(state, number, replicas, settings, temperature_K))
        if progress is not None:
            progress((number + 1) / rounds)
    snapshots = join(taken)
    wanted = snapshots.number < count
    return Snapshots(**{name: values[wanted] for name, values in vars(snapshots).items()})


def langevin(
    system: System,
    ideal: Float[np.ndarray, "atom 3"],
    potential: Potential,
    temperature_K: float,
    settings: Thermalise,
    streams: Streams,
) -> Iterator[State]:
    """The same State again and again: after `equilibrate_fs`, then every `decorrelate_fs`.

    One replica for each stream, from the given positions with momenta of twice the temperature,
    half of which soon is potential energy.
    """
    kT, dt = temperature_K * K, settings.timestep_fs * fs
    state, evaluator = _begin(system, ideal, potential, 2 * kT, streams)
    steps = round(settings.equilibrate_fs / settings.timestep_fs)
    every = max(1, round(settings.decorrelate_fs / settings.timestep_fs))
    while True:
        for noise in noises(streams, system, steps):
            baoab(state, evaluator, dt, settings.friction_per_fs / fs, kT, noise)
        state.time += steps * dt
        yield state
        steps = every


def evolved(
    system: System,
    potential: Potential,
    positions: Float[np.ndarray, "slot atom 3"],
    momenta: Float[np.ndarray, "slot atom 3"],
    temperature_K: float,
    settings: Thermalise,
    streams: Streams,
    time_fs: float,
) -> Slabs:
    """Slabs after some Langevin dynamics: positions and momenta.

    Args:
        system: the slab.
        potential: must take and answer NumPy arrays.
        positions: Å, of each slab.
        momenta: amu Å / time unit.
        temperature_K: K.
        settings: its time step and friction are taken.
        streams: of random numbers, one for each slab.
        time_fs: for how long; at least one step.
    """
    kT, dt = temperature_K * K, settings.timestep_fs * fs
    state, evaluator = _bound(system, potential, positions, momenta)
    steps = max(1, round(time_fs / settings.timestep_fs))
    for noise in noises(streams, system, steps):
        baoab(state, evaluator, dt, settings.friction_per_fs / fs, kT, noise)
    return state.positions, state.momenta


def stirred(
    system: System,
    potential: Potential,
    positions: Float[np.ndarray, "slot atom 3"],
    momenta: Float[np.ndarray, "slot atom 3"],
    temperature_K: float,
    settings: Thermalise,
    streams: Streams,
    step: float,
    within_fs: float,
) -> Slabs:
    """Slabs whose momenta were other ones some time ago: positions and momenta now.

    Each slab goes back by a time t, uniform in (0, within_fs), at constant energy; there
    p -> √(1 - s²) p + s √(m kT) ξ; and it comes forward again by t. With Φ the dynamics and R what
    is done to the momenta, which is reversible with respect to the canonical law ρ, so is
    Φ R Φ⁻¹, since Φ keeps ρ; up to the error of the time step, as with snapshots. At a small s the
    slab moves a little in all its momenta and positions.

    Args:
        system: the slab.
        potential: must take and answer NumPy arrays.
        positions: Å, of each slab.
        momenta: amu Å / time unit.
        temperature_K: K.
        settings: its time step is the longest that is taken.
        streams: of random numbers, one for each slab.
        step: s, in (0, 1].
        within_fs: the longest time back.
    """
    kT, steps = temperature_K * K, ceil(within_fs / settings.timestep_fs)
    dt = np.array([rng.random() for rng in streams])[:, None, None] * (within_fs * fs / steps)
    state, evaluator = _bound(system, potential, positions, -momenta)
    for _ in range(steps):
        velocity_verlet(state, evaluator, dt)
    fresh = np.sqrt(kT * state.masses) * next(noises(streams, system, 1))
    state.momenta = step * fresh - sqrt(1 - step * step) * state.momenta
    for _ in range(steps):
        velocity_verlet(state, evaluator, dt)
    return state.positions, state.momenta


def _bound(
    system: System,
    potential: Potential,
    positions: Float[np.ndarray, "slot atom 3"],
    momenta: Float[np.ndarray, "slot atom 3"],
) -> tuple[State, Evaluator]:
    """Slabs in the state of a batch, at time 0, and what evaluates them."""
    slots = len(positions)
    evaluator = potential.bind(system, slots)
    energies, forces = evaluator.begin(np.arange(slots), positions)
    masses = np.repeat(slab_masses(system)[None, :, None], slots, axis=0)
    state = State(
        positions=positions.copy(),
        momenta=momenta.copy(),
        forces=forces,
        energies=energies,
        masses=masses,
        time=np.zeros(slots),
        trajectory=np.arange(slots),
    )
    return state, evaluator


def _begin(
    system: System,
    ideal: Float[np.ndarray, "atom 3"],
    potential: Potential,
    kT: float,
    streams: Streams,
) -> tuple[State, Evaluator]:
    masses = slab_masses(system)[:, None]
    positions = np.repeat(ideal[None], len(streams), axis=0)
    momenta = np.sqrt(kT * masses) * next(noises(streams, system, 1))
    return _bound(system, potential, positions, momenta)


def noises(
    streams: Streams, system: System, steps: int
) -> Iterator[Float[np.ndarray, "slot atom 3"]]:
    """Standard normal numbers for each step; zero on frozen atoms, which draw none."""
    moving = int(system.moving.sum())
    for first in range(0, steps, CHUNK):
        size = min(CHUNK, steps - first)
        noise = np.zeros((size, len(streams), len(system), 3))
        for slot, stream in enumerate(streams):
            noise[:, slot, system.moving] = stream.standard_normal((size, moving, 3))
        yield from noise


def _snapshot(
    state: State, number: int, replicas: Sequence[int], settings: Thermalise, temperature_K: float
) -> Snapshots:
    lost = [r for r, energy in zip(replicas, state.energies, strict=True) if not isfinite(energy)]
    if lost:
        raise UserError(
            f"[surface.thermalise]: at {temperature_K:g} K the slab of replica {lost[0]} flew "
            f"apart within {state.time[0] / fs:.0f} fs; take a smaller timestep_fs than "
            f"{settings.timestep_fs:g}, or check that this slab is stable on the potential"
        )
    return Snapshots(
        number=np.array([number * settings.replicas + replica for replica in replicas]),
        replica=np.array(replicas),
        time=state.time.copy(),
        positions=state.positions.copy(),
        momenta=state.momenta.copy(),
        energies=np.array(state.energies),
    )
