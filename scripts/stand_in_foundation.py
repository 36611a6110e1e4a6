"""A foundation model to try the chain with, where no network brings a real one.

Usage: python scripts/stand_in_foundation.py OUT.model

A MACE of the shape of MACE-MP-0 small but for its cutoff and l (128 scalar features, two layers,
products of three; 5 Å, l ≤ 2), trained for a few minutes on ASE's EMT for H, Ni and Cu. Like a real
one it knows more elements than are asked for, and labels of another kind than those it is to learn;
unlike one it knows little. The same command goes on where it was stopped.
"""

import argparse
from pathlib import Path

import numpy as np
from learning_curve import labelled, structures

from scatter.files import write_whole
from scatter.fitting.progress import Teller
from scatter.fitting.select import PARTS
from scatter.mace.training.student import Student
from scatter.mace.training.train import Training, train

SIZE = (3, 2, 4)  # atoms of the slabs: as in inputs/sample_h2_cu_small.toml
VALID = 20  # structures


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--number", type=int, default=200, help="of structures")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--l-max", type=int, default=2)
    parser.add_argument("--correlation", type=int, default=3)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    """Make the structures, label them, and train."""
    options = arguments()
    folder = options.out.with_suffix(".training")
    if not (folder / "valid.extxyz").is_file():
        frames = structures(["Cu", "Ni"], options.number + VALID, np.random.default_rng(0), SIZE)
        labelled(folder, "ase:emt", frames, {"train": options.number, "valid": VALID})
    shape = Student(options.channels, options.l_max, options.correlation).options()
    training = Training(
        options.epochs, options.batch, precision="float32", device=options.device,
        threads=options.threads,
    )  # fmt: skip
    tell = Teller(options.epochs, lambda line: print(line, flush=True))
    parts = {part: folder / f"{part}.extxyz" for part in PARTS if part != "test"}
    made = train(folder, parts, training, shape, lambda epoch: tell(options.out.name, epoch))
    write_whole(options.out, made.read_bytes())
    print(f"foundation: {options.out}")


if __name__ == "__main__":
    main()
