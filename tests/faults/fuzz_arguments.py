"""Command lines that nobody meant: any words in any order, on files that are none or are odd.

The law: exit code 0 or 2, no traceback; a refusal of ours is one line that begins with `scatter:`.
"""

import io
import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from random import Random

from scatter import cli

OPTIONS = {
    "run": ["--trust-pickle"],
    "status": [],
    "analyse": [],
    "plot": ["--overlay", "--scale", "--output"],
    "report": ["--gaussian", "--parity", "--no-parity"],
    "average": ["--beam", "--cooling", "--gas", "--desorption", "--nearest-j"],
    "export": ["--format", "--output"],
    "levels": ["--potential", "-p", "--v", "--j", "--langer", "--json"],
    "slab": ["--output"],
    "bench": ["--potential", "--trajectories", "--timestep-fs"],
    "evaluate": ["--output", "--trust-pickle"],
    "convert": ["--elements", "--trust-pickle"],
    "distil": ["--channels", "--l-max", "--epochs", "--batch", "--threads", "--seed", "--members"],
    "finetune": ["--foundation", "--freeze", "--e0s", "--epochs", "--batch", "--precision"],
    "sample": ["--every-fs", "--paths", "--bulk"],
    "select": ["--output", "--number", "--all", "--max-force", "--seed"],
    "validate": ["--against", "--structures", "--sticking", "--quick", "--molecule", "--output"],
}
WORDS = [
    "", "-", "--", "-1", "0", "1e999", "nan", "inf", "9" * 400, "x" * 5000, "é", "a b", "..", ".",
    "/", "/dev/null", "/dev/zero", "/proc/self/mem", "none", "none.toml", "none.npz", "none.model",
    "folder", "pipe", "loop", "blank", "noise", "noise.npz", "noise.model", "noise.extxyz",
    "noise.toml", "noise.csv", "ase:", "ase:none", "ase:os", "ase:../x", "H2", "XY", "h", "H",
    "1,2,3", "1,2", "nan,nan,nan", "f4", "embedding", "csv", "parquet", "--help",
    "\n", "\x1b[2J", "\udcff", "{}", "[bold]", "%s", "$HOME", "*", "@noise", "noise@:",
]  # fmt: skip


def furnish(folder: Path) -> None:
    """Put odd files into a folder."""
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    (folder / "blank").touch()
    noise = bytes(range(256)) * 8
    for name in ("noise", "noise.npz", "noise.model", "noise.extxyz", "noise.toml", "noise.csv"):
        (folder / name).write_bytes(noise)
    for name in ("campaign.json", "results.h5", "train.extxyz", "valid.extxyz"):
        (folder / "folder" / name).write_bytes(noise)


def arguments(rng: Random) -> list[str]:
    """A verb, mostly, and words; no campaign and no training that begins can be among them."""
    verb = rng.choice([*OPTIONS, *OPTIONS, "rn", "--version", ""])
    known = OPTIONS.get(verb, ["--output"])
    found = [verb]
    for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 5])):
        if known and rng.random() < 0.4:
            found.append(rng.choice(known))
        found.append(rng.choice(WORDS))
    if verb == "bench":  # whatever else is said, it is refused before it begins
        found += ["--potential", "none"]
    return found


def broken(words: list[str], folder: Path) -> str:
    """How a command line breaks the law; empty if it does not."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.argv
    sys.argv = ["scatter", *words]
    try:
        with chdir(folder), redirect_stdout(out), redirect_stderr(err):
            cli.main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException as error:
        return f"{type(error).__name__} went past the command line: {str(error)[:200]}"
    finally:
        sys.argv = before
    told = err.getvalue()
    if "Traceback" in told or code not in (0, 2):
        return f"exit code {code}: {told[-2000:]}"
    ours = [line for line in told.splitlines() if line.startswith("scatter: ")]
    if code == 2 and "Usage:" not in told and (len(ours), len(told.splitlines())) != (1, 1):
        return f"no sentence of one line: {told[:500]!r}"
    return ""
