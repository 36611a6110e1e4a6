"""`scatter bench`: how fast a potential is on this machine, and how long a campaign would take."""

import time
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from scatter.campaign.ranks import Ranks
from scatter.campaign.threads import use_threads
from scatter.initial.slab import build
from scatter.initial.surface import Surface
from scatter.kernels import kernel
from scatter.phrases import counted
from scatter.potentials.base import Potential
from scatter.report.terminal import clock, say
from scatter.state import System

BATCHES = (1, 16, 64)
ENOUGH_S = 1.0
TYPICAL_FS = 200.0  # an H2 trajectory from 7 Å and back


@dataclass(frozen=True)
class Timing:
    """Wall time of a force evaluation, by the fastest of several repetitions.

    Attributes:
        slots: replicas evaluated together.
        threads: that shared them.
        seconds: for each replica.
    """

    slots: int
    threads: int
    seconds: float


def bench(
    potential: Potential, trajectories: int, timestep_fs: float, console: Console
) -> list[Timing]:
    """Time H2 above 3x3x6 Cu(111) on a potential, and say what a campaign would cost.

    Args:
        potential: must know H and Cu.
        trajectories: of the campaign.
        timestep_fs: of its dynamics.
        console: where to speak.

    Raises:
        UserError: the potential does not know the atoms.
    """
    system, positions = _hydrogen_on_copper(max(BATCHES))
    say(console, f"{potential.description}\n{kernel()}; {len(system)} atoms, two layers frozen")
    alone = Ranks()
    most = use_threads("auto", alone)
    timings = []
    for threads in sorted({1, most}):
        use_threads(threads, alone)
        for slots in BATCHES:
            timing = time_forces(potential, system, positions[:slots], threads)
            timings.append(timing)
            say(
                console,
                f"{slots:3d} replicas, {counted(threads, 'thread')}: "
                f"{timing.seconds * 1e3:9.4f} ms each, {1 / timing.seconds:12,.0f} replica-steps/s",
            )
    best = min(timing.seconds for timing in timings)
    steps = trajectories * TYPICAL_FS / timestep_fs
    say(
        console,
        f"{counted(trajectories, 'trajectory')} of {TYPICAL_FS:g} fs in steps of "
        f"{timestep_fs:g} fs: about {clock(steps * best)} of forces with {counted(most, 'thread')}",
    )
    return timings


def _hydrogen_on_copper(replicas: int) -> tuple[System, np.ndarray]:
    """Thermally displaced slabs with a molecule 2 Å above each."""
    slab, ideal = build(Surface(temperature_K=[925.0]), "111", 3.71)
    above = ideal[-1] + [[0.6, 0.1, 2.0], [0.1, 0.6, 2.2]]
    system = slab.with_projectile(1, 1)
    noise = np.random.default_rng(0).normal(0, 0.1, (replicas, len(system), 3))
    return system, np.concatenate([ideal, above]) + noise * system.moving[:, None]


def time_forces(
    potential: Potential, system: System, positions: np.ndarray, threads: int
) -> Timing:
    """Time a potential on some positions of a system (Å, shape (slot, atom, 3)).

    `threads` is only reported in the result: set them before.
    """
    slots = len(positions)
    evaluator = potential.bind(system, slots)
    evaluator.begin(np.arange(slots), positions)  # compiles what is to be compiled
    best, until = np.inf, time.perf_counter() + ENOUGH_S
    evaluator(positions)  # makes the lists
    while not np.isfinite(best) or time.perf_counter() < until:
        began = time.perf_counter()
        evaluator(positions)
        best = min(best, time.perf_counter() - began)
    return Timing(slots, threads, best / slots)
