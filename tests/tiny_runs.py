"""A tiny campaign to test with: writing its input, and running it in this process."""

import json
import re
from copy import deepcopy

from ase.build import fcc111
from ase.io import write
from numba_threads import threads_as_before

# Fast hydrogen on a small slab: both outcomes at each energy, in a second on one core.
TINY = {
    "run": {"seed": 7, "threads": 1, "slots": 8},
    "molecule": {"formula": "H2", "v": 0, "j": 1},
    "incidence": {"energy_eV": [0.9, 1.2]},
    "surface": {
        "size": [2, 2, 4], "frozen_layers": 2, "temperature_K": 600, "lattice_constant_A": 3.68,
    },
    "surface.thermalise": {
        "equilibrate_fs": 600, "decorrelate_fs": 100, "replicas": 4, "snapshots": 8,
    },
    "potential": {"kind": "analytic"},
    "dynamics": {"timestep_fs": 0.5},
    "sampling": {"trajectories": 12},
    "frames": {"trajectories": 1, "every": 20},
}  # fmt: skip

# What makes its point one that is split, in two or three levels.
RARE = {
    "incidence__energy_eV": [0.52],
    "incidence__height_A": "auto",
    "stop__scattered_A": "auto",
    "sampling__method": "splitting",
    "sampling__trajectories": 24,
    "sampling__replicates": 3,
    "sampling__moves": 2,
    "frames__trajectories": 0,
}


def toml(value):
    """A value as TOML writes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value)


def write_tiny_input(folder, **changes):
    """Write the input of a tiny campaign, some keys changed (table__key=value); return its path."""
    tables = deepcopy(TINY)
    for key, value in changes.items():
        table, name = key.split("__")
        tables.setdefault(table.replace("thermalise", "surface.thermalise"), {})[name] = value
    tables["run"].setdefault("output", str(folder / "out"))
    lines = []
    for table, keys in tables.items():
        lines += [f"[{table}]", *(f"{name} = {toml(v)}" for name, v in keys.items())]
    path = folder / "in.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def slab_from_a_file(path, file):
    """Have the slab of an input read from a file, which is written; its name says the format."""
    slab = fcc111("Cu", (2, 2, 4), a=3.68, vacuum=10.0, periodic=True)
    slab.info = {}
    write(file, slab, format="extxyz" if file.suffix == ".xyz" else "vasp")
    text = re.sub(r"(size|lattice_constant_A) = .*\n", "", path.read_text())
    path.write_text(text.replace("[surface]\n", f"[surface]\nfile = {json.dumps(str(file))}\n"))


def run_in(folder):
    """Run the campaign whose input was written into a folder; numba's threads stay as they were."""
    from scatter.campaign.run import run  # not before the hook of `conftest` checks it

    with threads_as_before():
        return run(folder / "in.toml")
