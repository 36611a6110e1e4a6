"""How much of the bare kernel's speed the whole engine keeps.

    python benchmarks/engine.py
    mpirun -n 2 python benchmarks/engine.py

Trajectory-steps a second of a campaign (claims, dynamics, endings, rows, blocks), over calls of the
force kernel by itself for as many replicas; of all ranks together. What a campaign needs once
(slabs, compilation) is left out: two campaigns of different length are run, and their difference
counts. Both are timed in turn, and the median of the ratios is told.
"""

import argparse
import os
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # numba reads the variable when it is loaded

import scatter
from scatter.campaign.ranks import Ranks
from scatter.initial.slab import build
from scatter.initial.surface import Surface
from scatter.kernels import kernel
from scatter.potentials.table import PotentialTable, open_potential

SLOTS, KERNEL_S = 64, 3.0


def settings(trajectories: int) -> dict:
    """H2 on 3x3x6 Cu(111) at 925 K, the shipped potential."""
    return {
        "run": {"slots": SLOTS, "threads": 1},
        "molecule": {"formula": "H2", "v": 0, "j": 1},
        "surface": {
            "temperature_K": 925,
            "lattice_constant_A": 3.71,
            "thermalise": {"equilibrate_fs": 500, "replicas": 8, "snapshots": 32},
        },
        "incidence": {"energy_eV": 0.7},
        "dynamics": {"timestep_fs": 0.5},
        "sampling": {"trajectories": trajectories},
    }


def campaign(trajectories: int, ranks: Ranks) -> tuple[int, float]:
    """Steps made and time taken."""
    with TemporaryDirectory() as own:
        folder = Path(ranks.share(lambda: own)) / "out"
        ranks.wait()
        began = time.perf_counter()
        found = scatter.run(settings(trajectories), folder=folder)
        ranks.wait()
        taken = time.perf_counter() - began
        steps = int(found.trajectories["steps"].sum())
        ranks.wait()
    return steps, taken


def bare(ranks: Ranks) -> float:
    """Calls of the kernel a second, for one replica each, of all ranks together."""
    slab, ideal = build(Surface(temperature_K=[925.0]), "111", 3.71)
    system = slab.with_projectile(1, 1)
    ideal = np.concatenate([ideal, ideal[-1] + [[0.6, 0.1, 2.0], [0.1, 0.6, 2.2]]])
    noise = np.random.default_rng(0).normal(0, 0.1, (SLOTS, *ideal.shape))
    positions = ideal + noise * system.moving[:, None]
    evaluator = open_potential(PotentialTable()).bind(system, SLOTS)
    evaluator.begin(np.arange(SLOTS), positions)
    ranks.wait()
    calls, began = 0, time.perf_counter()
    while time.perf_counter() - began < KERNEL_S:
        evaluator(positions)
        calls += SLOTS
    rate = calls / (time.perf_counter() - began)
    return sum(ranks.gather(rate))


def main() -> None:
    """Time both in turn, and tell."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--turns", type=int, default=5)
    reader.add_argument("--trajectories", type=int, default=1200, help="of the longer campaign")
    given = reader.parse_args()
    ranks = Ranks()
    campaign(2 * SLOTS, ranks)  # makes the slabs and compiles
    ratios = []
    for turn in range(given.turns):
        kernels = bare(ranks)
        few, short = campaign(given.trajectories // 3, ranks)
        many, long = campaign(given.trajectories, ranks)
        engine = (many - few) / (long - short)
        ratios.append(engine / kernels)
        if ranks.first:
            print(
                f"turn {turn}: engine {engine:,.0f} trajectory-steps/s, kernel {kernels:,.0f} "
                f"calls/s, ratio {ratios[-1]:.3f}",
                flush=True,
            )
    if ranks.first:
        print(f"{ranks.size} rank(s), {kernel()}: median ratio {median(ratios):.3f}")


if __name__ == "__main__":
    main()
