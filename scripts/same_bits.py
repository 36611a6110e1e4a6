"""Run a fixed set of small campaigns at two commits and compare every row and table; see same_bits.

Each commit runs in a work tree of its own, with a cache of its own, so nothing that one has made
is read by the other. What is told of the machine, the commit and the time is left out.
"""

import argparse
import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".same_bits"
# Columns that have another name now: what NOW calls them -> what BASE calls them.
RENAMED: dict[str, str] = {}
# What is no result: attributes of results.h5, and what stands beside the frames of a structure.
TOLD = {
    "version",
    "commit",
    "machine",
    "kernel",
    "ranks",
    "started",
    "schema",
    "top_plane",
    "endings",
    "columns",
    "parts",
}

SLAB = """
[surface]
element = "Cu"
size = {size}
frozen_layers = 2
images = true
lattice_constant_A = 3.68
{surface}
[surface.thermalise]
equilibrate_fs = 300
decorrelate_fs = 50
replicas = 4
snapshots = 8
"""
CAMPAIGN = """
[run]
seed = 7
threads = 1
slots = {slots}
output = "out"
[molecule]
{molecule}
[incidence]
{incidence}
[potential]
{potential}
[dynamics]
timestep_fs = {timestep}
max_time_fs = {time}
[sampling]
{sampling}
[guards]
most_failed = 1.0
most_unsettled = 1.0
{guards}
{frames}
"""
USUAL = {
    "slots": "8",
    "molecule": 'formula = "H2"\nv = 0\nj = 1',
    "incidence": "energy_eV = [0.9, 1.2]",
    "potential": 'kind = "analytic"',
    "timestep": "0.5",
    "time": "1500",
    "sampling": "trajectories = 12",
    "guards": "",
    "frames": "[frames]\ntrajectories = 1\nevery = 20",
    "size": "[2, 2, 4]",
    "surface": 'facet = "111"\ntemperature_K = 600',
}
CAMPAIGNS: dict[str, dict[str, str]] = {
    "analytic": {
        "molecule": 'formula = ["H2", "HD"]\nstates = [[0, 1], [1, 2]]',
        "incidence": "energy_eV = [0.6, 0.9]\npolar_deg = [0.0, 30.0]",
        "size": "[3, 2, 4]",
        "surface": 'facet = ["111", "211"]\ntemperature_K = [300, 600]',
        "sampling": "trajectories = 3",
    },
    "turned": {
        "molecule": 'formula = "D2"\nv = 0\nj = 2\nmj = [0, 2]',
        "incidence": "energy_eV = [0.4, 0.7, 1.0]\npolar_deg = 20.0\nazimuth_deg = 15.0",
        "surface": 'facet = "100"\ntemperature_K = 300',
    },
    "target": {"sampling": "trajectories = 10\ntarget_error = 0.12\nmax_trajectories = 60"},
    "shipped": {
        "potential": 'kind = "default"',
        "incidence": "energy_eV = 0.8",
        "sampling": "trajectories = 6",
    },
    "file": {
        "surface": 'file = "POSCAR"\ntemperature_K = 300',
        "molecule": 'formula = "HT"\nv = 1\nj = 0\nmasses_amu = {T = 3.016}',
    },
    "guarded": {
        "potential": 'kind = "ace"\nfile = "../made/one.npz"\n'
        'committee = ["../made/two.npz", "../made/three.npz"]',
        "incidence": "energy_eV = [0.9, 1.2]\nheight_A = 2.5",
        "guards": "every = 5\ndisagreement_eV_per_A = 1e-6\nleverage = 1e-9\ncoupling_eV = 100.0",
        "sampling": "trajectories = 3",
        "time": "100",
    },
    "elsewhere": {
        "potential": 'kind = "ace"\nfile = "../made/one.npz"',
        "incidence": "energy_eV = 1.0\nheight_A = 2.5",
        "guards": "leverage = 1e-9\ncoupling_eV = 100.0",
        "sampling": "trajectories = 3",
        "time": "100",
        "frames": "",
    },
    "sample": {
        "incidence": "energy_eV = [0.5, 1.0]",
        "sampling": "trajectories = 4",
        "frames": "",
    },
    "ranks": {"sampling": "trajectories = 20"},
}
POSCAR = "Cu\n1.0\n5.2 0 0\n0 5.2 0\n0 0 30\nCu\n16\nSelective dynamics\nDirect\n" + "".join(
    f"{(i + 0.5 * (k % 2)) / 2} {(j + 0.5 * (k % 2)) / 2} {(4 + 1.84 * k) / 30} {flags}\n"
    for k, flags in enumerate(("F F F", "F F F", "T T T", "T T T"))
    for i in range(2)
    for j in range(2)
)
# Morse potentials with small random products, and random leverages: the work tree's own tests make
# them, so that each has the layout that it reads.
MODELS = """
import numpy as np
from dataclasses import replace
from pathlib import Path
from ace_models import binding_ace
for name, small in (('one', 0.02), ('two', 0.03), ('three', 0.01)):
    model = binding_ace(small=small)
    size = 2 * model.two_body.shape[3] + model.weights.shape[1]
    root = np.triu(np.random.default_rng(5).normal(size=(2, size, size)))
    replace(model, leverage=root).write(Path(name + '.npz'))
"""
STEPS = [  # folder, and what is called there; "|" before other arguments of Python
    ("sample", "sample in.toml --every-fs 5 --paths 4 --bulk 4 --molecule 60"),
    ("made", "select ../sample/out --number 150 --output set"),
    ("made", "fit ace set fitted.npz --degrees 8,5 --cutoff 4.5 --seed 1"),
    ("made", "|-c " + MODELS),
    ("analytic", "run in.toml"),
    ("analytic", "analyse out"),
    ("analytic", "export out --format csv"),
    ("turned", "run in.toml"),
    ("turned", "export out --format extxyz"),
    ("target", "run in.toml"),
    ("target", "average out --beam 3000,300,1200 --nearest-j"),
    ("target", "report out"),
    ("shipped", "run in.toml"),
    ("file", "run in.toml"),
    ("guarded", "run in.toml"),
    ("guarded", "committee in.toml"),
    ("elsewhere", "prepare in.toml prepared.npz"),
    ("elsewhere", "|-m scatter.gpu prepared.npz came.npz --potential ../made/one.npz --device cpu"),
    ("elsewhere", "collect in.toml came.npz"),
    ("ranks", "run in.toml"),
]


def main() -> int:
    """Compare; the exit code is 1 where something differs."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("base", help="a commit")
    reader.add_argument("now", nargs="?", help="another; by default the working tree")
    given = reader.parse_args()
    began = time.monotonic()
    base = of_commit(given.base)
    now = of_commit(given.now) if given.now else of_tree(ROOT, KEPT / "now")
    differing = [*differences(base, now)]
    for line in differing:
        print(line)
    files = sum(1 for _ in results(now))
    print(f"{files} files, {len(differing)} differences, {time.monotonic() - began:.0f} s")
    return bool(differing)


def of_commit(name: str) -> Path:
    """What a commit computes: the folder of its results."""
    sha = git("rev-parse", "--verify", f"{name}^{{commit}}").strip()
    what = repr((SLAB, CAMPAIGN, USUAL, CAMPAIGNS, POSCAR, STEPS))
    folder = KEPT / f"{sha[:12]}-{hashlib.sha256(what.encode()).hexdigest()[:8]}"
    if not (folder / "done").exists():
        tree = KEPT / f"tree-{sha[:12]}"
        if not tree.exists():
            git("worktree", "prune")
            git("worktree", "add", "--detach", str(tree), sha)
        of_tree(tree, folder)
        git("worktree", "remove", "--force", str(tree))
        (folder / "done").touch()
    return folder


def of_tree(tree: Path, folder: Path) -> Path:
    """Run all steps on the code of a work tree; answers the folder of the results."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, changes in CAMPAIGNS.items():
        write_input(folder / name, {**USUAL, **changes})
    (folder / "made").mkdir()
    for name, words in STEPS:
        began = time.monotonic()
        call(tree, folder, name, words)
        print(f"{folder.name}: {name}: {words} ({time.monotonic() - began:.0f} s)", flush=True)
    return folder


def write_input(folder: Path, words: dict[str, str]) -> None:
    """Write the input of one campaign, and the slab that one of them reads."""
    folder.mkdir(parents=True)
    slab = SLAB.format(**words)
    if "file =" in words["surface"]:
        (folder / "POSCAR").write_text(POSCAR)
        left_out = ("element", "size", "frozen_layers", "lattice_constant_A")
        slab = "\n".join(line for line in slab.splitlines() if not line.startswith(left_out))
    (folder / "in.toml").write_text(CAMPAIGN.format(**words) + slab)


def call(tree: Path, folder: Path, name: str, words: str) -> None:
    """Run one command on the code of a work tree, and end the program where it fails."""
    settings = os.environ | {
        "PYTHONPATH": f"{tree}{os.pathsep}{tree / 'tests'}",
        "SCATTER_CACHE": str(folder / "cache"),
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "200",
    }
    python = [sys.executable, "-W", "ignore"]
    program = ["-c", "from scatter.cli import main; main()"]
    command = [*python, *program, *words.split()]
    if words.startswith("|"):
        command = [*python, *words[1:].split(maxsplit=1 if words.startswith("|-c") else -1)]
    if name == "ranks":
        command = [str(Path(sys.executable).with_name("mpirun")), "-n", "2", *command]
    ended = subprocess.run(
        command, cwd=folder / name, env=settings, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        sys.exit(f"{tree}: {name}: {words} ended with {ended.returncode}:\n{ended.stdout[-2000:]}"
                 f"\n{ended.stderr[-3000:]}")  # fmt: skip


def results(folder: Path) -> Iterator[Path]:
    """Every file of results, relative to the folder."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.suffix in READERS and "cache" not in parts and path.name != "provenance.csv":
            yield path.relative_to(folder)


def differences(base: Path, now: Path) -> Iterator[str]:
    """A line for each column or table that is not the same."""
    before, after = set(results(base)), set(results(now))
    for path in sorted(before ^ after):
        yield f"{path}: {'is not there now' if path in before else 'was not there before'}"
    for path in sorted(before & after):
        read = READERS[path.suffix]
        old, new = read(base / path), read(now / path)
        new = {RENAMED.get(name, name): value for name, value in new.items()}
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                yield f"{path}: {name}: {said(old.get(name))} before, {said(new.get(name))} now"


def said(value: object) -> str:
    """What a difference shows of a value."""
    return "nothing" if value is None else f"{value!r:.60}"


def of_hdf5(path: Path) -> dict[str, object]:
    """Columns of /points and /trajectories, all other arrays, and what is told, as bytes."""
    found: dict[str, object] = {}
    with h5py.File(path) as file:
        for name in file:
            table = file[name]
            if isinstance(table, h5py.Dataset) and table.dtype.names:
                rows = table[()]
                found |= {f"{name}/{column}": bits(rows[column]) for column in rows.dtype.names}
        arrays: list[str] = []
        file.visit(arrays.append)
        found |= {
            name: bits(array[()])
            for name in arrays
            if isinstance(array := file[name], h5py.Dataset) and not array.dtype.names
        }
        found |= {f"@{key}": str(value) for key, value in file.attrs.items() if key not in TOLD}
    return found


def bits(values: np.ndarray) -> object:
    """An array so that it is the same only to the bit."""
    if values.dtype == object:
        return [str(value) for value in values]
    return values.dtype.str, values.shape, values.tobytes()


def of_csv(path: Path) -> dict[str, object]:
    """Columns of a table as they are written."""
    with open(path, newline="", encoding="utf-8") as stream:
        lines = [*csv.reader(stream)]
    return {name: list(column) for name, *column in zip(*lines, strict=True)}


def of_npz(path: Path) -> dict[str, object]:
    """Arrays of an archive, by the names before layout 6 of prepared files."""
    found: dict[str, object] = {}
    with np.load(path) as arrays:
        for name in arrays:
            if name not in ("provenance", "version", "words"):
                found[before_6(name)] = bits(arrays[name])
        if "words" in arrays:
            words = json.loads(arrays["words"].item())
            del words["version"]
            limits = {f"limits.{name}": value for name, value in words.pop("limits", {}).items()}
            found |= {name: bits(np.asarray(value)) for name, value in {**words, **limits}.items()}
    return found


def before_6(name: str) -> str:
    """What an array of a prepared file, or of what came of it, was called before layout 6."""
    found = re.fullmatch(r"legs\.(\d+)\.(?:memories\.(\w+)\.)?(\w+)", name)
    if not found:
        return name
    leg, observer, column = found.groups()
    watched = "peak_leverage_" if observer == "leverage" else "watch_" if observer else ""
    return f"{leg}.{watched}{column}"


def of_text(path: Path) -> dict[str, object]:
    """Lines of a file of frames."""
    return dict(enumerate(path.read_text().splitlines()))  # type: ignore[arg-type]


READERS: dict[str, Callable[[Path], dict[str, object]]] = {
    ".h5": of_hdf5, ".csv": of_csv, ".npz": of_npz, ".extxyz": of_text,
}  # fmt: skip


def git(*words: str) -> str:
    """What git answers."""
    return subprocess.run(
        ["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=True
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
