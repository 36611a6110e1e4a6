"""What the engine adds to a force call, for an atom, a diatomic and a molecule of five atoms.

    python benchmarks/projectiles.py

The slab is 3x3x6 copper atoms on springs, the projectile's atoms are joined by springs, and a wall
keeps it above the slab: forces that cost next to nothing, whose time is taken and subtracted. What
is left are processor seconds of the engine for each step of a trajectory (motion, observers,
endings, rows), beside those of a force call of the shipped potential for 56 atoms. Slabs, phase
points and compilation are left out: campaigns of two lengths are run, and their difference counts.
"""

import argparse
import os
import time
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # numba reads the variable when it is loaded

import scatter
from scatter.initial.formulas import atoms_of
from scatter.initial.lone_molecule import from_formula
from scatter.initial.slab import build
from scatter.initial.surface import Surface
from scatter.kernels import kernel
from scatter.potentials.table import PotentialTable, open_potential

SLOTS, KERNEL_S, FLIGHT_FS = 16, 2.0, 1500.0
SITES = build(Surface(temperature_K=[300.0]), "111", 3.66)[1]
STATES = {"H": {}, "H2": {"v": 0, "j": 0}, "CH4": {"phase_points": 64}}


class Springs(scatter.Potential):
    """A slab and a projectile of springs, and a wall between both."""

    description, cutoff = "springs and a wall", 6.0
    elements = frozenset({1, 6, 29})
    seconds = 0.0  # of the processor, in all calls

    def __init__(self, formula: str):
        """Springs of the lengths that this molecule has at first."""
        self.identity = f"springs {formula}"
        x = from_formula(formula).positions
        self.lengths = np.linalg.norm(x[:, None] - x, axis=2)
        self.pairs = [(i, j) for j in range(len(x)) for i in range(j)]

    def energies_and_forces(self, system: scatter.System, positions: np.ndarray):
        """Of every replica, and the time that takes."""
        began = time.process_time()
        slab = len(SITES) if len(system) >= len(SITES) else 0
        energies, forces = np.zeros(len(positions)), np.zeros_like(positions)
        if slab:
            away = positions[:, :slab] - SITES
            forces[:, :slab] = -4.0 * away
            energies += 2.0 * (away * away).sum(axis=(1, 2))
        for i, j in self.pairs if len(system) > slab else ():
            apart = positions[:, slab + j] - positions[:, slab + i]
            r = np.sqrt((apart * apart).sum(axis=1))
            pull = 15.0 * (r - self.lengths[i, j])
            energies += 0.5 * pull * (r - self.lengths[i, j])
            forces[:, slab + i] += (pull / r)[:, None] * apart
            forces[:, slab + j] -= (pull / r)[:, None] * apart
        if slab:
            top = SITES[:, 2].max()
            into = np.maximum(0.0, top + 2.0 - positions[:, slab:, 2])
            energies += 3.0 * (into * into).sum(axis=1)
            forces[:, slab:, 2] += 6.0 * into
        Springs.seconds += time.process_time() - began
        return energies, forces


def settings(formula: str, trajectories: int) -> dict:
    """A campaign in which all trajectories fly about as long."""
    return {
        "run": {"slots": SLOTS, "threads": 1},
        "molecule": {"formula": formula, **STATES[formula]},
        "surface": {
            "temperature_K": 300,
            "lattice_constant_A": 3.66,
            "thermalise": {"equilibrate_fs": 50, "replicas": 8, "snapshots": 32},
        },
        "incidence": {"energy_eV": 0.3},
        "dynamics": {"timestep_fs": 0.25, "max_time_fs": FLIGHT_FS, "energy_tolerance_eV": 1.0},
        "guards": {"most_unsettled": 1.0, "coupling_eV": 1.0},
        "sampling": {"trajectories": trajectories},
    }


def campaign(formula: str, trajectories: int) -> tuple[int, float]:
    """Steps made, and processor seconds that were not the potential's."""
    Springs.seconds, began = 0.0, time.process_time()
    found = scatter.run(settings(formula, trajectories), potential=Springs(formula))
    taken = time.process_time() - began - Springs.seconds
    return int(found.trajectories["steps"].sum()), taken


def engine_us(formula: str, trajectories: int) -> float:
    """Processor microseconds of the engine for each step of a trajectory."""
    few, short = campaign(formula, trajectories)
    many, long = campaign(formula, 4 * trajectories)
    return 1e6 * (long - short) / (many - few)


def kernel_us() -> float:
    """Processor microseconds of a force call of the shipped potential, H2 on the same slab."""
    system = build(Surface(temperature_K=[300.0]), "111", 3.66)[0].with_projectile(1, 1)
    ideal = np.concatenate([SITES, SITES[-1] + [[0.6, 0.1, 2.0], [0.1, 0.6, 2.2]]])
    noise = np.random.default_rng(0).normal(0, 0.1, (SLOTS, *ideal.shape))
    positions = ideal + noise * system.moving[:, None]
    evaluator = open_potential(PotentialTable()).bind(system, SLOTS)
    evaluator.begin(np.arange(SLOTS), positions)
    calls, began = 0, time.process_time()
    while time.process_time() - began < KERNEL_S:
        evaluator(positions)
        calls += SLOTS
    return 1e6 * (time.process_time() - began) / calls


def main() -> None:
    """Time each in turn, and tell."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--turns", type=int, default=3)
    reader.add_argument("--trajectories", type=int, default=SLOTS)
    given = reader.parse_args()
    for formula in STATES:
        campaign(formula, SLOTS)  # makes the slabs, phase points and compiles
    call = median(kernel_us() for _ in range(given.turns))
    turns = [
        {formula: engine_us(formula, given.trajectories) for formula in STATES}
        for _ in range(given.turns)
    ]
    print(f"a force call of 56 atoms: {call:.1f} µs of one processor, {kernel()}")
    for formula in STATES:
        cost = median(turn[formula] for turn in turns)
        print(
            f"{formula:4}{len(atoms_of(formula, {}))} atoms: engine {cost:.1f} µs a "
            f"trajectory-step, of which force calls would be {call / (call + cost):.3f}"
        )


if __name__ == "__main__":
    main()
