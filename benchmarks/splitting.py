"""Splitting held against what is known: a closed form, and crude trajectories.

Usage: python benchmarks/splitting.py closed [RUNS]
       python benchmarks/splitting.py crude [ENERGY_eV ...]

`closed`: 20 normal numbers x, and the event Σx/√20 > L, of probability Φ(-L). Mean of replicates,
spread of one beside that of perfect mixing, and how often the interval of ten covers the truth.

`crude`: S0 of H2 on the analytic surface by many crude trajectories and by splitting, each with its
interval; they agree where ln S0 of both differ by less than the joint error.
"""

import sys
import tempfile
import warnings
from math import log, sqrt

import numpy as np
from scipy.special import ndtri

import scatter
from scatter.analysis.explorers import Functions
from scatter.analysis.pilots import ladder_of
from scatter.analysis.repeated import Repeated
from scatter.analysis.splitting import begin, production, products

AXES, TEN = 20, 10
CASES = [(1e-4, 300, 4), (1e-4, 1000, 4), (1e-4, 1000, 9), (1e-8, 1000, 4), (1e-8, 3000, 4)]
ANALYTIC = {
    "molecule": {"formula": "H2", "v": 0, "j": 1},
    "surface": {
        "size": [2, 2, 4],
        "temperature_K": 600,
        "lattice_constant_A": 3.68,
        "thermalise": {"replicas": 16, "snapshots": 256},
    },
    "potential": {"kind": "analytic"},
    "dynamics": {"timestep_fs": 0.5},
    "stop": {"scattered_A": "auto"},
}


def normal(p: float) -> Functions:
    """The problem of probability p."""
    limit = -ndtri(p)

    def score(x: np.ndarray) -> np.ndarray:
        along = x.sum(axis=1) / sqrt(AXES)
        return np.where(along > limit, np.inf, along)

    def kernel(rng: np.random.Generator, x: np.ndarray, b: float) -> np.ndarray:
        return sqrt(1 - b * b) * x + b * rng.standard_normal(x.shape)

    return Functions(lambda rng, n: rng.standard_normal((n, AXES)), kernel, score)


def closed(runs: int) -> None:
    """Print a row for each case."""
    print("| p | levels | N, M | mean/p | spread (ideal) | coverage of 95 % |")
    print("|---|---|---|---|---|---|")
    for p, N, moves in CASES:
        problem = normal(p)
        ladder = ladder_of(problem, 1000)
        first = begin(problem, range(1, runs + 1), N, float(ladder.levels[0]))
        *_, last = production(first, problem, ladder, N, moves)
        P, told = products(last.told), last.told
        passing = [
            told["survivors"][told["level"] == k].sum() / told["starts"][told["level"] == k].sum()
            for k in np.unique(told["level"])
        ]
        ideal = sqrt(sum((1 - q) / q for q in passing) / N)
        every = Repeated.of(P)
        tens = [Repeated.of(some) for some in P[: runs // TEN * TEN].reshape(-1, TEN)]
        given = [ten for ten in tens if not ten.doubt]
        held = np.mean([ten.low <= p <= ten.high for ten in given]) if given else np.nan
        print(
            f"| {p:.0e} | {len(ladder.levels)} | {N}, {moves} | {every.mean / p:.3f} ± "
            f"{every.error:.3f} | {every.spread:.2f} ({ideal:.2f}) | {held:.2f} of {len(given)}, "
            f"{len(tens) - len(given)} refused |",
            flush=True,
        )


def crude(energies: list[float]) -> None:
    """Print both answers at each energy."""
    warnings.simplefilter("ignore")
    for energy in energies:
        incidence = {"energy_eV": energy, "height_A": "auto"}
        with tempfile.TemporaryDirectory() as folder:
            many = {"trajectories": 10_000}
            counted = run(incidence, many, f"{folder}/crude")
            few = {"method": "splitting", "trajectories": 600, "replicates": 12}
            split = run(incidence, few, f"{folder}/split")
        (a,), (b,) = counted.sticking().itertuples(), split.sticking().itertuples()
        (cost,) = split.splitting().itertuples()
        P, errors = cost.P, (log(a.high / a.low) / 3.92, cost.spread / sqrt(cost.replicates))
        apart = log(b.S0 / a.S0) / sqrt(sum(error**2 for error in errors))
        print(
            f"{energy:g} eV: crude {a.S0:.3g} ({a.low:.2g} to {a.high:.2g}) of {a.n}; splitting "
            f"{P:.3g} ({b.low:.2g} to {b.high:.2g}) of {cost.trajectories}, gain {cost.gain:.2g}; "
            f"apart by {apart:.1f} joint errors",
            flush=True,
        )


def run(incidence: dict, sampling: dict, folder: str) -> scatter.Results:
    """A campaign of one point."""
    return scatter.run(ANALYTIC | {"incidence": incidence, "sampling": sampling}, folder=folder)


if __name__ == "__main__":
    what, *given = sys.argv[1:] or ["closed"]
    if what == "closed":
        closed(int(given[0]) if given else 600)
    else:
        crude([float(energy) for energy in given] or [0.5, 0.46, 0.44])
