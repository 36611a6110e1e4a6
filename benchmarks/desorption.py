"""Desorption of H2 from Cu(111) by shots from a dividing surface, and what it is to be set beside.

    python benchmarks/desorption.py FOLDER [--shots 2000] [--beams 500] [--temperatures 500 700 ...]

Shots at every temperature, and beams of H2(v=0, J=1) at 925 K. Prints a JSON line for each
temperature (mean energies, thermal sticking, and the closed form 1.57 exp(-62.9 kJ/mol/RT) that
Abbott & Harrison, J. Phys. Chem. A 111, 9871 (2007), give for 300-1000 K), one with the Arrhenius
energy, and one for each beam (S0 crude, and by regression from what desorbs). The same command goes
on where it was stopped.
"""

import argparse
import json
from math import exp
from pathlib import Path

from rich.console import Console

import scatter
from scatter.analysis.desorbed import arrhenius
from scatter.report.desorbed import points_of
from scatter.settings import UserError
from scatter.units import K

LATTICE = {"500": 3.675, "700": 3.69, "925": 3.71, "1000": 3.72, "1200": 3.74}  # Å, by K
FACTOR, BARRIER_eV = 1.57, 62.9 / 96.485
BEAMS = [0.4, 0.5, 0.6, 0.7]


def settings(kelvin: list[float], count: int, **tables: dict) -> dict:
    """Settings of a campaign on Cu(111) at these temperatures."""
    return {
        "run": {"seed": 1},
        "surface": {"temperature_K": kelvin, "lattice_constant_A": LATTICE},
        "dynamics": {"scheme": "multistep", "timestep_fs": 0.5},
        "stop": {"scattered_A": "auto"},
        "sampling": {"trajectories": count},
        **tables,
    }


def shots(folder: Path, kelvin: list[float], count: int) -> scatter.Results:
    """The desorption campaign, run or continued."""
    tables = {"molecule": {"formula": "H2"}, "incidence": {"kind": "desorption"}}
    return scatter.run(settings(kelvin, count, **tables), folder=folder, console=Console())


def beams(folder: Path, count: int) -> scatter.Results:
    """Crude beams at 925 K, run or continued."""
    tables = {
        "molecule": {"formula": "H2", "v": 0, "j": 1},
        "incidence": {"energy_eV": BEAMS, "height_A": "auto"},
    }
    return scatter.run(settings([925.0], count, **tables), folder=folder, console=Console())


def closed_form(kelvin: float) -> float:
    """The published thermal sticking of H2 on Cu(111)."""
    return FACTOR * exp(-BARRIER_eV / (K * kelvin))


def main() -> None:
    """Run, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shots", type=int, default=2000, help="at each temperature")
    parser.add_argument("--beams", type=int, default=500, help="trajectories of each energy")
    parser.add_argument("--temperatures", type=float, nargs="+", default=[500, 700, 925, 1200])
    options = parser.parse_args()
    kelvin = [float(each) for each in options.temperatures]
    desorbed = shots(options.folder / "shots", kelvin, options.shots)
    for row in desorbed.desorption().to_dict("records"):
        print(json.dumps({**row, "closed_form": closed_form(row["T_K"])}))
    rates = [(point.row.T_K, point.desorbed.rate) for point in points_of(desorbed.read)]
    if energy := arrhenius(rates):
        print(json.dumps({"arrhenius_eV": energy.value, "error_eV": energy.error}))
    if 925.0 not in kelvin:
        return
    try:
        law = desorbed.resolved(kelvin.index(925.0))
    except UserError as error:
        print(json.dumps({"regression": str(error)}))
        return
    for row in beams(options.folder / "beams", options.beams).sticking().itertuples():
        found = law.S0(row.energy_eV, 0, 1)
        print(json.dumps({
            "energy_eV": row.energy_eV, "crude": [row.S0, row.low, row.high],
            "regression": [found.value, found.low, found.high],
            "shots_near": law.near(row.energy_eV, 0, 1),
        }))  # fmt: skip


if __name__ == "__main__":
    main()
