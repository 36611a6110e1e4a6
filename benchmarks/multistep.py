"""Whether the multistep scheme has the sticking probability of velocity Verlet at 0.1 fs.

    python benchmarks/multistep.py [--pairs 1000] [--timestep 1.0] [--only CONDITION ...]
    python benchmarks/multistep.py --analytic --pairs 20000

Twelve conditions: Cu(111) and (211), H2 and D2, v = 0 and 1, 0.3 to 0.9 eV. Trajectories begin
alike in both, so that few end otherwise; the difference of S0 has Tango's interval of 95 %.
Campaigns are kept in --folder, and the same command goes on with them.
"""

import argparse
import os
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np  # numba reads the variable when it is loaded
import pandas as pd

import scatter
from scatter.analysis.paired import score_interval

# Facet, slab temperature (K), molecule, v, J, energy (eV).
CONDITIONS = {
    "a": ("111", 925, "H2", 1, 1, 0.5),
    "b": ("111", 925, "H2", 0, 1, 0.7),
    "c": ("211", 925, "H2", 0, 1, 0.6),
    "d": ("211", 925, "D2", 1, 1, 0.5),
    "e": ("111", 925, "D2", 0, 1, 0.8),
    "f": ("111", 300, "H2", 0, 1, 0.6),
    "g": ("111", 925, "H2", 1, 1, 0.3),
    "h": ("211", 925, "H2", 1, 1, 0.4),
    "i": ("111", 925, "D2", 1, 1, 0.4),
    "j": ("211", 925, "D2", 0, 1, 0.7),
    "k": ("111", 925, "H2", 0, 1, 0.9),
    "l": ("211", 925, "H2", 0, 1, 0.9),
}
LATTICE = {300: 3.665, 925: 3.714}
SIZE = {"111": [3, 3, 6], "211": [3, 4, 6]}


def settings(condition: tuple, pairs: int, potential: str, dynamics: dict) -> dict:
    """The input of a campaign."""
    facet, T_K, formula, v, J, energy = condition
    return {
        "run": {"seed": 1},
        "molecule": {"formula": formula, "v": v, "j": J},
        "incidence": {"energy_eV": energy, "height_A": "auto"},
        "surface": {
            "facet": facet,
            "temperature_K": T_K,
            "lattice_constant_A": LATTICE[T_K],
            "size": SIZE[facet],
            "images": facet == "211",  # one terrace, as published, which a stretched bond spans
        },
        "potential": {"kind": potential},
        "dynamics": {"energy_tolerance_eV": 0.5, **dynamics},
        "stop": {"scattered_A": "auto"},
        "sampling": {"trajectories": pairs},
    }


def outcomes(folder: Path, *given: Any) -> pd.DataFrame:
    """The trajectories of a campaign, by number."""
    rows = scatter.run(settings(*given), folder=folder).trajectories
    return rows.sort_values("number", ignore_index=True)


def line(name: str, lost: int, gained: int, n: int, S0: float, rest: str = "") -> str:
    """A line of the table; S0 is that of velocity Verlet."""
    low, high = (-end for end in score_interval(lost, gained, n)[::-1])
    difference = (gained - lost) / n
    return (
        f"{name:34s}{n:7d}{S0:8.4f}{gained:5d}{lost:5d}{difference:+9.4f}  "
        f"[{low:+.4f}, {high:+.4f}]{rest}"
    )


def compared(name: str, pairs: int, potential: str, timestep: float, folder: Path) -> np.ndarray:
    """Run the pairs of a condition and print its line: pairs lost and gained, all, and stuck."""
    condition = CONDITIONS[name]
    given = condition, pairs, potential
    fine = outcomes(folder / "verlet", *given, {"timestep_fs": 0.1})
    step = {"scheme": "multistep", "timestep_fs": timestep}
    split = outcomes(folder / f"multistep_{timestep:g}", *given, step)
    ones, others = (rows["ended"].to_numpy() == "dissociated" for rows in (fine, split))
    lost, gained = int((ones & ~others).sum()), int((~ones & others).sum())
    facet, T_K, formula, v, J, energy = condition
    title = f"{name} Cu({facet}) {T_K} K {formula}({v},{J}) {energy:g} eV"
    rest = f"{1e3 * split['energy_error_eV'].max():7.0f} meV"
    rest += f"{fine['steps'].mean():7.0f}{split['steps'].mean():5.0f} calls"
    print(line(title, lost, gained, len(ones), ones.mean(), rest), flush=True)
    return np.array([lost, gained, len(ones), ones.sum()])


def main() -> None:
    """Run the pairs, and tell."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--pairs", type=int, default=1000)
    reader.add_argument("--timestep", type=float, default=1.0, help="of the multistep scheme, fs")
    reader.add_argument("--only", nargs="*", default=[*CONDITIONS], choices=[*CONDITIONS])
    reader.add_argument("--analytic", action="store_true", help="in place of the shipped potential")
    reader.add_argument("--folder", type=Path, default=Path("runs/multistep"))
    given = reader.parse_args()
    potential = "analytic" if given.analytic else "default"
    print(f"{'':34s}{'pairs':>7s}{'S0':>8s}{'more':>5s}{'less':>5s}{'difference, 95 %':>28s}")
    each = [
        compared(name, given.pairs, potential, given.timestep, given.folder / potential / name)
        for name in given.only
    ]
    lost, gained, n, stuck = (int(value) for value in np.sum(each, axis=0))
    print(line("all together", lost, gained, n, stuck / n))


if __name__ == "__main__":
    main()
