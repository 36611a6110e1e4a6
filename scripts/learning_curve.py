r"""How the error falls with the number of structures: fine-tuned, from scratch, and by difference.

Usage: python scripts/learning_curve.py OUT --set SET --foundation small|medium|large|FILE

For each number of structures a model is trained by each method, and its errors are measured on the
set's test part (on the validation part, where there is none):

    f0, f4, f5, f6   the foundation fine-tuned, with the study's freezing
    scratch          a model of its own, as `scatter distil` trains it
    delta            such a model of the difference between the labels and the foundation, added
                     to the foundation

The structures of a smaller number are among those of a larger. Everything lies in OUT: a folder for
each training, `curve.json`, and the figure `learning_curve.png`. The same command goes on where it
was stopped.

At full scale, on a GPU:

    python scripts/learning_curve.py runs/learning --set runs/set --foundation small \
        --numbers 85 169 338 845 1690 3376 --device cuda --channels 32 --batch 16

On two cores, on a stand-in that is made first (a foundation trained on ASE's EMT for H, Ni and Cu;
the set labelled by the analytic potential of H2 on copper), each training with as many steps:

    python scripts/learning_curve.py runs/stand_in --stand-in
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import fcc111
from ase.calculators.singlepoint import SinglePointCalculator

from scatter.files import write_whole
from scatter.fitting.progress import Teller
from scatter.mace.mace_torch import MaceTorch
from scatter.mace.training.finetune import NAMED, Foundation, downloaded, finetune
from scatter.mace.training.student import Student
from scatter.mace.training.train import Training, train
from scatter.plots.learning import Learned, learning_figure
from scatter.plots.style import save
from scatter.potentials.evaluate import evaluate
from scatter.potentials.table import potential_from_name
from scatter.structures import extxyz, read_frames
from scatter.validation.errors import Errors, compare, errors, molecule_of
from scatter.validation.labels import Labels, labels_by, labels_of

METHODS = ("f0", "f4", "f5", "f6", "scratch", "delta")
NEAREST = 1.4  # Å, of hydrogen and metal: both potentials rise steeply below


class Curve:
    """The trainings of one learning curve."""

    def __init__(self, options: argparse.Namespace):
        """Take a set apart: `options` are those of the command line."""
        self.folder, self.options = options.out, options
        self.parts = {"train": options.set / "train.extxyz", "valid": options.set / "valid.extxyz"}
        test = options.set / "test.extxyz"
        self.judge = test if test.is_file() else self.parts["valid"]
        self.training = Training(
            options.epochs, options.batch, precision=options.precision, device=options.device,
            threads=options.threads,
        )  # fmt: skip
        self.student = Student(options.channels, options.l_max, cutoff_A=options.cutoff)
        self.frames = read_frames(self.parts["train"])
        self.order = np.random.default_rng(0).permutation(len(self.frames))

    def rows(self) -> Iterator[Learned]:
        """Train what is not trained yet, smallest numbers first."""
        for number in sorted(self.options.numbers):
            for method in self.options.methods:
                kept = self.folder / f"{method}-{number}.json"
                if not kept.is_file():
                    print(f"{method}, {number} structures", flush=True)
                    found = [asdict(row) for row in self.learned(method, number)]
                    write_whole(kept, json.dumps(found).encode())
                yield from (Learned(**row) for row in json.loads(kept.read_text()))

    def learned(self, method: str, number: int) -> Iterator[Learned]:
        """Train by one method; of a fine-tuning also the errors that it began with."""
        data, training = self.subset(number), self.trained(number)
        tell = Teller(training.epochs, lambda line: print(f"  {line}", flush=True))
        if method in ("scratch", "delta"):
            own = self.own(method, number, data, training, tell)
            yield Learned(method, number, *own.learned)
            return
        start = Foundation(self.options.foundation, method, trust_pickle=True)
        out = self.folder / f"{method}-{number}.model"
        found = finetune(data, out, start, training, tell)
        yield Learned(method, number, *found.after.learned)
        if number == max(self.options.numbers) and method == self.options.methods[0]:
            yield Learned("foundation", 0, *found.before.learned)

    def trained(self, number: int) -> Training:
        """How; with --steps, for as many epochs as make that many steps."""
        batch = min(self.training.batch, number)
        steps = self.options.steps
        epochs = max(5, round(steps / (number // batch))) if steps else self.training.epochs
        return replace(self.training, batch=batch, epochs=epochs)

    def subset(self, number: int) -> Path:
        """A set of so many structures, with all of the other parts."""
        folder = self.folder / f"set-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        _copy_frames(self.frames, self.order[:number], folder / "train.extxyz")
        for file in {self.parts["valid"], self.judge}:
            write_whole(folder / file.name, file.read_bytes())
        return folder

    def own(
        self, method: str, number: int, data: Path, training: Training, tell: Callable
    ) -> Errors:
        """Train a model from scratch, on the labels or on what the foundation leaves of them."""
        base = None
        if method == "delta":
            name = self.options.foundation
            base = self.potential(downloaded(name) if name in NAMED else Path(name))
            data = _differences(base, data, self.folder / f"differences-{number}")
        parts = {part: data / f"{part}.extxyz" for part in ("train", "valid")}
        name = f"{method}-{number}"
        model = train(
            self.folder / f"{name}.training", parts, training, self.student.options(),
            lambda epoch: tell(name, epoch),
        )  # fmt: skip
        return self.errors([self.potential(model), *([base] if base else [])])

    def potential(self, model: Path) -> MaceTorch:
        """A model of ours, or the foundation, which the user trusts."""
        return MaceTorch(model, self.training.device, self.training.precision, trust_pickle=True)

    def errors(self, summands: list[MaceTorch]) -> Errors:
        """Errors of a sum of potentials."""
        frames = read_frames(self.judge)
        found = [labels_by(one, frames, self.judge) for one in summands]
        total = Labels(
            np.sum([one.energies for one in found], axis=0),
            tuple(
                np.sum(each, axis=0) for each in zip(*(one.forces for one in found), strict=True)
            ),
        )
        reference = labels_of(frames, self.judge)
        return errors(compare(frames, total, reference, molecule_of(frames)), frames)[0]


def _copy_frames(frames: list[Atoms], which: np.ndarray, path: Path) -> None:
    path.write_bytes(extxyz(frames[index] for index in sorted(which)))


def _differences(base: MaceTorch, data: Path, folder: Path) -> Path:
    """The same set, labelled with what the base leaves of its labels."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "valid"):
        frames = read_frames(data / f"{part}.extxyz")
        labels = labels_of(frames, data)
        found = labels_by(base, frames, data)
        for n, frame in enumerate(frames):
            frame.calc = SinglePointCalculator(
                frame, energy=labels.energies[n] - found.energies[n],
                forces=labels.forces[n] - found.forces[n],
            )  # fmt: skip
        (folder / f"{part}.extxyz").write_bytes(extxyz(frames))
    return folder


def structures(
    metals: list[str],
    number: int,
    rng: np.random.Generator,
    size: tuple[int, int, int] = (2, 2, 2),
) -> list[Atoms]:
    """H2 on and off small rattled slabs, its bond from short to nearly broken."""
    found: list[Atoms] = []
    while len(found) < number:
        metal = metals[len(found) % len(metals)]
        slab = fcc111(metal, size, a=3.66, vacuum=7.0, periodic=True)
        slab.info = {}
        slab.rattle(0.08, rng=rng)
        middle = slab.positions[-1] + [*rng.uniform(0, 2.5, 2), rng.uniform(0.8, 4.0)]
        along = rng.normal(size=3)
        half = rng.uniform(0.3, 0.7) * along / np.linalg.norm(along)
        frame = slab + Atoms("H2", [middle - half, middle + half])
        if frame.get_all_distances(mic=True)[-2:, :-2].min() > NEAREST:
            found.append(frame)
    return found


def labelled(folder: Path, potential: str, frames: list[Atoms], sizes: dict[str, int]) -> Path:
    """A set labelled by a potential, in parts of these sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, size in sizes.items():
        some, frames = frames[:size], frames[size:]
        (folder / "bare.extxyz").write_bytes(extxyz(some))
        file = folder / f"{part}.extxyz"
        evaluate(potential_from_name(potential), folder / "bare.extxyz", file, overwrite=True)
    return folder


def stand_in(options: argparse.Namespace) -> None:
    """Make a set and a foundation, and set the options to what suits them."""
    folder, rng = options.out / "stand_in", np.random.default_rng(0)
    options.epochs, options.batch, options.steps, options.precision = 40, 4, 500, "float32"
    options.channels, options.l_max, options.cutoff = 16, 2, 3.6
    options.numbers = options.numbers or [8, 32, 128]
    largest = max(options.numbers)
    other = structures(["Cu", "Ni"], 128, rng)
    data = labelled(folder / "emt", "ase:emt", other, {"train": 120, "valid": 8})
    parts = {part: data / f"{part}.extxyz" for part in ("train", "valid")}
    shape = Student(options.channels, options.l_max, cutoff_A=options.cutoff).options()
    training = Training(40, 4, precision="float32", device=options.device)
    tell = Teller(training.epochs, lambda line: print(f"  {line}", flush=True))
    options.foundation = str(
        train(folder / "training", parts, training, shape, lambda epoch: tell("foundation", epoch))
    )
    frames = structures(["Cu"], largest + 48, rng)
    sizes = {"train": largest, "valid": 8, "test": 40}
    options.set = labelled(folder / "set", "analytic", frames, sizes)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--set", type=Path, help="folder that `scatter select` wrote")
    parser.add_argument("--foundation", help="small, medium, large, or a .model file you trust")
    parser.add_argument("--stand-in", action="store_true", help="make a small set and foundation")
    parser.add_argument("--numbers", type=int, nargs="+", help="of structures")
    parser.add_argument("--methods", nargs="+", default=[*METHODS], choices=METHODS)
    parser.add_argument("--epochs", type=int, default=1500)
    parser.add_argument("--steps", type=int, help="of the optimiser, in place of --epochs")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--precision", default="float64")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--channels", type=int, default=16, help="from scratch and delta")
    parser.add_argument("--l-max", type=int, default=3, help="from scratch and delta")
    parser.add_argument("--cutoff", type=float, default=5.0, help="Å; from scratch and delta")
    options = parser.parse_args()
    if not options.stand_in and not (options.set and options.foundation and options.numbers):
        parser.error("give --set, --foundation and --numbers, or --stand-in")
    return options


def main() -> None:
    """Train, and draw what there is."""
    options = arguments()
    if options.stand_in:
        stand_in(options)
    rows = []
    for row in Curve(options).rows():
        rows.append(row)
        write_whole(
            options.out / "curve.json", json.dumps([asdict(one) for one in rows], indent=1).encode()
        )
        save(learning_figure(rows), options.out / "learning_curve")
    print(f"figure: {options.out / 'learning_curve.png'}")


if __name__ == "__main__":
    main()
