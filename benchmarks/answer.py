"""What a sticking probability costs: seconds of one core for S0 within ± 0.01.

    python benchmarks/answer.py [--model MODEL.model] [--ace ACE.npz] [--output FILE.json]

H2 (v = 1, J = 1) of 0.5 eV on Cu(111) at 925 K, 3x3x6 atoms, on the shipped potential, on one core:
velocity Verlet of 0.1 and 0.25 fs from 7 to 7.1 Å, and the multistep scheme of 0.5 and 1 fs between
the heights at which the potential is first felt. What a campaign needs once is left out: two
campaigns of different length are run in turn, and their difference counts.

With a model of mace-torch of the same shape, whose code is run: the same trajectories as the field
runs them, one after the other with ASE's VelocityVerlet and MACECalculator at 0.1 fs. A step is
timed, and the steps of a trajectory are those of the time that ours take at 0.25 fs.

`benchmarks/answer_figure.py` draws what is written to FILE.json.
"""

import argparse
import json
import os
import time
from pathlib import Path
from statistics import median

os.environ["OMP_NUM_THREADS"] = "1"

from ase import Atoms, units  # numba reads the variable when it is loaded
from ase.md.verlet import VelocityVerlet
from force_evaluation import calculator, hydrogen_on_copper

import scatter
from scatter.kernels import kernel

HALF_WIDTH, FEW, STEPS, FIELD_FS = 0.01, 32, 20, 0.1
TODAY = "velocity Verlet, 0.25 fs, from 7 to 7.1 Å"  # what others are compared with


def verlet(timestep_fs: float) -> dict:
    """What differs in the input of velocity Verlet."""
    return {"dynamics": {"timestep_fs": timestep_fs}}


def multistep(timestep_fs: float) -> dict:
    """What differs in the input of the multistep scheme."""
    return {
        "dynamics": {"scheme": "multistep", "timestep_fs": timestep_fs},
        "incidence": {"height_A": "auto"},
        "stop": {"scattered_A": "auto"},
    }


def settings(trajectories: int, potential: dict, changes: dict) -> dict:
    """The input of a campaign."""
    tables = {
        "run": {"slots": 64, "threads": 1},
        "molecule": {"formula": "H2", "v": 1, "j": 1},
        "surface": {"temperature_K": 925, "lattice_constant_A": 3.71},
        "incidence": {"energy_eV": 0.5},
        "potential": potential,
        "sampling": {"trajectories": trajectories},
    }
    return {
        name: {**tables.get(name, {}), **changes.get(name, {})} for name in {**tables, **changes}
    }


def timed(trajectories: int, potential: dict, changes: dict) -> tuple[scatter.Results, float]:
    """A campaign, and the seconds that it took."""
    began = time.perf_counter()
    results = scatter.run(settings(trajectories, potential, changes))
    return results, time.perf_counter() - began


def cost(trajectories: int, potential: dict, changes: dict) -> tuple[float, float, float, float]:
    """Seconds, force calls and femtoseconds of a trajectory, and S0."""
    _, short = timed(FEW, potential, changes)
    results, long = timed(FEW + trajectories, potential, changes)
    rows = results.trajectories
    taken = (long - short) / trajectories
    S0 = float((rows["ended"] == "dissociated").mean())
    return taken, float(rows["steps"].mean()), float(rows["time_fs"].mean()), S0


def field(model: Path) -> float:
    """Seconds of a step of ASE's velocity Verlet on a model of mace-torch."""
    system, positions = hydrogen_on_copper(1)
    atoms = Atoms(system.numbers, positions[0], cell=system.cell, pbc=system.pbc)
    atoms.calc = calculator(model, "float32")
    motion = VelocityVerlet(atoms, timestep=FIELD_FS * units.fs)
    motion.run(3)
    began = time.perf_counter()
    motion.run(STEPS)
    return (time.perf_counter() - began) / STEPS


def row(way: str, seconds: float, calls: float, S0: float) -> dict[str, str | float]:
    """Seconds and force calls of a trajectory, S0, and the seconds that S0 ± 0.01 takes."""
    wanted = S0 * (1 - S0) * (1.96 / HALF_WIDTH) ** 2
    cost = {"seconds": seconds, "calls": calls, "S0": S0, "answer_s": seconds * wanted}
    return {"way": way, **cost}


def line(row: dict, against: float) -> str:
    """A line of the table."""
    seconds = row["seconds"]
    numbers = f"{row['calls']:9.0f}{60 / seconds:13.1f}{row['answer_s']:15.0f}"
    return f"{row['way']:44s}{numbers}{against / seconds:9.2f}"


def ways_of(ace: str | None) -> dict[str, tuple[dict, dict]]:
    """What is compared: the potential, and what differs in the input."""
    ways = {
        "velocity Verlet, 0.1 fs, from 7 to 7.1 Å": ({"kind": "default"}, verlet(FIELD_FS)),
        TODAY: ({"kind": "default"}, verlet(0.25)),
        "multistep, 0.5 fs, automatic heights": ({"kind": "default"}, multistep(0.5)),
        "multistep, 1 fs, automatic heights": ({"kind": "default"}, multistep(1.0)),
    }
    if ace:
        own = {"kind": "ace", "file": str(Path(ace).absolute())}
        ways["the same on a linear ACE"] = own, multistep(1.0)
    return ways


def rows_of(costs: dict[str, list[float]], step: float | None) -> list[dict]:
    """The rows of the table; `step` is that of the field, s."""
    _, _, time_fs, S0 = costs[TODAY]
    calls = time_fs / FIELD_FS
    known = [row(name, seconds, calls, own) for name, (seconds, calls, _, own) in costs.items()]
    if step is None:
        return known
    return [row("ASE VelocityVerlet, MACECalculator, 0.1 fs", step * calls, calls, S0), *known]


def told(rows: list[dict], field: bool) -> None:
    """Print the table; its first row is the field's, if that was timed."""
    today = next(row["seconds"] for row in rows if row["way"] == TODAY)
    print(f"{'':44s}{'calls':>9s}{'a minute':>13s}{'s for ±0.01':>15s}{'times':>9s}")
    for row in rows:
        print(line(row, today))
        if field and row is not rows[0]:
            print(f"{'':44s}{rows[0]['seconds'] / row['seconds']:9,.0f} times ASE's")


def main() -> None:
    """Time all in turn, and tell."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--model", type=Path, help="a .model of mace-torch, whose code is run")
    reader.add_argument("--ace", help="a linear ACE: a row of its own")
    reader.add_argument("--output", type=Path, help="a .json, for the figure")
    reader.add_argument("--turns", type=int, default=3)
    reader.add_argument("--trajectories", type=int, default=200)
    given = reader.parse_args()
    ways = ways_of(given.ace)
    for potential, changes in ways.values():
        timed(1, potential, changes)  # makes the slabs and compiles
    costs, steps = {name: [] for name in ways}, []
    for _ in range(given.turns):
        for name, way in ways.items():
            costs[name].append(cost(given.trajectories, *way))
        if given.model:
            steps.append(field(given.model))
    print(f"{kernel()}, one core; {given.turns} turns of {given.trajectories} trajectories")
    medians = {name: [*map(median, zip(*each, strict=True))] for name, each in costs.items()}
    rows = rows_of(medians, median(steps) if steps else None)
    told(rows, bool(steps))
    if given.output:
        given.output.write_text(json.dumps({"kernel": kernel(), "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
