"""What electronic friction changes: pairs of trajectories with and without it, as a table.

    python benchmarks/friction_pairs.py [--formula H2 D2] [--pairs 5000] [--step 200]
                                        [--folder runs/friction_pairs]

H2 and D2 (v = 1, J = 1) on Cu(111) and Cu(100) at 300 K, four energies: `inputs/friction_off.toml`
and `inputs/friction_on.toml`. As many pairs as a step are added to every point at a time, so that a
run that is stopped has whole points; the same command goes on, and `mpirun` shares the work. About
four pairs a second and core: the 40,000 of H2 took 75 minutes of two cores, and those of D2 117 of
two that had other work, too. Prints the table of docs/friction.md, with paired intervals of 95 %;
the figure is in the folder.
"""

import argparse
import json
import os
import re
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import pandas as pd  # numba reads the variable when it is loaded

import scatter

INPUTS = Path(__file__).parents[1] / "inputs"
SHOWN = {  # columns of the table behind both S0: observables, and among which pairs
    "difference of S0": ("dissociated", "all"),
    "kept v = 1": ("state_kept", "all"),
    "lost quanta": ("quanta_lost", "all"),
    "translation (eV)": ("final_translational_eV", "both scattered"),
    "to electrons (eV)": ("electrons_eV", "all"),
}


def written(name: str, formulas: list[str], pairs: int, folder: Path) -> Path:
    """An input of so many pairs at every point of these molecules."""
    text = (INPUTS / f"{name}.toml").read_text()
    text = re.sub("(?m)^formula = .*$", f"formula = {json.dumps(formulas)}", text)
    path = folder / f"{name}.toml"
    path.write_text(re.sub("(?m)^trajectories = .*$", f"trajectories = {pairs}", text))
    return path


def table(observables: pd.DataFrame) -> str:
    """The table in Markdown; differences are with friction less without."""
    lines = ["| | E (eV) | pairs | S0 without | S0 with | " + " | ".join(SHOWN) + " |"]
    lines.append("|---" * (5 + len(SHOWN)) + "|")
    for _, point in observables.groupby("point"):
        rows = point.set_index(["name", "among"])
        S0 = rows.loc[SHOWN["difference of S0"]]
        cells = [f"{S0.molecule} on ({S0.facet})", f"{S0.energy_eV:g}", f"{S0.n}"]
        cells += [f"{S0['first']:.3f}", f"{S0['second']:.3f}"]
        for row in (rows.loc[place] for place in SHOWN.values()):
            cells.append(f"{row.difference:+.3f} ({row.low:+.3f} to {row.high:+.3f})")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Add pairs step by step, and print the table of each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--formula", nargs="+", default=["H2", "D2"])
    parser.add_argument("--pairs", type=int, default=5000)
    parser.add_argument("--step", type=int, default=200)
    parser.add_argument("--folder", type=Path, default=Path("runs/friction_pairs"))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for pairs in [*range(given.step, given.pairs, given.step), given.pairs]:
        paths = [
            written(f"friction_{name}", given.formula, pairs, given.folder)
            for name in ("off", "on")
        ]
        found = scatter.compare(*paths, given.folder / "both")
        print(table(found.observables), flush=True)


if __name__ == "__main__":
    main()
