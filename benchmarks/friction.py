"""What electronic friction adds to a time step.

    python benchmarks/friction.py [--density h2cu_ace.json] [--slots 128] [--rounds 40]

H2 on Cu(111), 56 atoms, with the shipped potential, on one thread. Each round makes a few steps
from the same state by velocity Verlet, then with friction of superposed atoms, then with that of a
model of the density, and takes the processor time of the process for each; the least of all rounds
counts, since other work on the machine can only add to it. Once all molecules are within reach of
the surface's electrons, and once they are spread from 1.2 to 7.5 Å above it.
"""

import argparse
import os
from pathlib import Path
from time import process_time

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np  # numba reads the variable when it is loaded
from force_evaluation import hydrogen_on_copper

from scatter.dynamics.motions import Motion, Verlet
from scatter.friction.course import Constant
from scatter.friction.electron_gas import ldfa
from scatter.friction.free_atoms import FreeAtoms
from scatter.friction.model import ModelDensities
from scatter.friction.motion import ElectronicFriction
from scatter.potentials.table import potential_from_name
from scatter.slots import copies, restore
from scatter.state import State
from scatter.units import fs

STEPS, TIMESTEP_fs = 5, 0.25
HEIGHTS = {"within reach": (1.0, 3.0), "spread": (1.2, 7.5)}  # Å above the top layer


def state_of(slots: int, evaluator, x: np.ndarray, masses: np.ndarray) -> State:
    """Replicas at these positions with thermal momenta."""
    energies, forces = evaluator.begin(np.arange(slots), x)
    rng = np.random.default_rng(1)
    momenta = rng.normal(0, 0.16, x.shape) * np.sqrt(masses) * (forces != 0)
    trajectory, stream = np.arange(slots), rng.integers(0, 2**32, (slots, 3))
    return State(x.copy(), momenta, forces, energies, masses, np.zeros(slots), trajectory, stream)


def seconds(motion: Motion, state: State, evaluator) -> float:
    """Processor time of a few steps, from the same state each time."""
    kept = copies(state)
    memory, dt = motion.begin(state), np.full(len(state), TIMESTEP_fs * fs)
    began = process_time()
    for _ in range(STEPS):
        motion.step(state, memory, evaluator, dt)
    taken = process_time() - began
    restore(state, kept)
    return taken


def compared(name: str, heights: tuple[float, float], slots: int, rounds: int, file: Path | None):
    """Print microseconds a replica and step, and what friction adds to them."""
    system, x = hydrogen_on_copper(slots, 0.0)
    x[:, -2:, 2] += np.random.default_rng(2).uniform(*heights, slots)[:, None]
    masses = np.where(system.numbers == 1, 1.008, 63.546)[None, :, None].repeat(slots, 0)
    evaluator = potential_from_name("default").bind(system, slots)
    state = state_of(slots, evaluator, x, masses)
    densities = {"atoms": FreeAtoms({})} | ({"model": ModelDensities.read(file)} if file else {})
    motions: dict[str, Motion] = {"none": Verlet()}
    for kind, each in densities.items():
        friction = ldfa(each.bind(system, slots), (1, 1))
        motions[kind] = ElectronicFriction(Verlet(), system, friction, Constant(300.0))
    times = [[seconds(each, state, evaluator) for each in motions.values()] for _ in range(rounds)]
    least = np.min(times, axis=0)
    for kind, taken in zip(motions, least, strict=True):
        more = 100 * (taken / least[0] - 1)
        print(f"{name:14s}{kind:8s}{1e6 * taken / STEPS / slots:8.1f} us{more:+7.1f} %", flush=True)


def main() -> None:
    """Compare at both kinds of heights."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--density", type=Path, help="a linear ACE of the density")
    parser.add_argument("--slots", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=40)
    given = parser.parse_args()
    for name, heights in HEIGHTS.items():
        compared(name, heights, given.slots, given.rounds, given.density)


if __name__ == "__main__":
    main()
