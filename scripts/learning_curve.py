r"""How the error falls with the number of structures: fine-tuned, from scratch, and by difference.

Usage: python scripts/learning_curve.py OUT --set SET --foundation FILE --numbers N [N ...]

For each number of structures a model is trained by each method with the trainer of `scatter
distil`, and its errors are measured on the set's test part (on the validation part, where there is
none):

    f0, f4, GROUPS   begun with the foundation, these groups frozen, as `--freeze` of `distil` has
                     them: analogues of the study's, in a folded model
    scratch          a model of the foundation's shape, begun at random
    delta            such a model of the difference between the labels and the foundation, added
                     to the foundation

    ace              a linear ACE of the degrees --ace-degrees, in which no element is a molecule's

All but the last make as many steps, whatever the number of structures. Several subsets are drawn at
random, in each of which the smaller numbers are among the larger; a figure shows the mean over
them, and bars its standard error (of one subset, that of the test structures). Energies are
compared but for the mean difference of each composition on each facet at each temperature, which no
trajectory feels.
With --crystals, for sets of bulk cells of any composition, stresses are learnt too, and the errors
are those of energies of an atom as they are, of forces, and of stresses.

Everything lies in OUT: a potential and its errors for each training, `curve.json`, `curve.md`, and
the figure `learning_curve.png`. The same command goes on where it was stopped, and draws all that
is there; so two of them, with other `--methods` or `--subsets`, share two cores.

Without a foundation at hand, on a stand-in (the potential that ships; the set, which is made first,
labelled by the analytic potential of H2 on copper), in minutes:

    python scripts/learning_curve.py runs/stand_in --stand-in
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import fcc111
from ase.calculators.singlepoint import SinglePointCalculator

from scatter.ace.fitting.fit import Fitting, fit_ace
from scatter.ace.fitting.labelled import Weights
from scatter.ace.fitting.recipe import Recipe
from scatter.files import write_whole
from scatter.fitting.progress import Teller
from scatter.mace.file import FoldedMace
from scatter.mace.training.begun import ground_of
from scatter.mace.training.distil import Beginning, distil
from scatter.mace.training.learning import FORCES, Lessons
from scatter.mace.training.student import Student
from scatter.plots.learning import PANELS, Learned, learning_figure, mean_over_subsets
from scatter.plots.style import save
from scatter.potentials.evaluate import evaluate
from scatter.potentials.families import SHIPPED
from scatter.potentials.table import potential_from_name
from scatter.structures import extxyz, read_frames
from scatter.validation.errors import Errors, Measured, errors_of
from scatter.validation.labels import Labels, labels_by, labels_of

METHODS = ("f0", "f4", "f5", "f6", "scratch", "delta")
ON_SLABS = ("energy_shifted", "forces", "molecule")
CRYSTALS = ("energy_per_atom", "forces", "stress")
UNCAPPED = 9  # factors of any element in a product of an ACE: more than it has
NEAREST = 1.4  # Å, of hydrogen and metal: both potentials rise steeply below


class Curve:
    """The trainings of one learning curve."""

    def __init__(self, options: argparse.Namespace):
        """Take a set apart: `options` are those of the command line."""
        self.folder, self.options = options.out, options
        self.foundation = Path(options.foundation)
        self.valid = options.set / "valid.extxyz"
        test = options.set / "test.extxyz"
        self.judge = test if test.is_file() else self.valid
        self.frames = read_frames(options.set / "train.extxyz")
        self.judged = read_frames(self.judge)
        numbers = np.unique(np.concatenate([frame.numbers for frame in self.frames]))
        self.student = shape_of(self.foundation, numbers)

    def learn(self) -> None:
        """Train what is not trained yet, smallest numbers first, and draw after each."""
        for number in sorted(self.options.numbers):
            for subset in self.options.subsets:
                for method in self.options.methods:
                    name = f"{method}-{number}-{subset}"
                    kept = self.folder / f"{name}.json"
                    if kept.is_file():
                        continue
                    print(name, flush=True)
                    found = self.learned(method, number, subset, name)
                    row = Learned(method, number, self.shown(found), subset)
                    write_whole(kept, json.dumps(asdict(row)).encode())
                    self.draw()
        self.draw()

    def learned(self, method: str, number: int, subset: int, name: str) -> Errors:
        """Errors of one training."""
        data, out = self.subset(number, subset), self.folder / f"{name}.npz"
        if method == "ace":
            return self.fitted(data, out)
        base = []
        if method == "delta":
            base = [self.foundation]
            data = differences(self.foundation, data)
        own = method in ("scratch", "delta")
        rate = self.options.learning_rate if own else self.options.tuning_rate
        batch = min(self.options.batch, number)
        epochs = max(5, round(self.options.steps / (number // batch)))
        shape = {"balance": 0.0, "stress": FORCES} if self.options.crystals else {}
        lessons = Lessons(epochs, batch, rate, self.options.threads, seed=1 + subset, **shape)
        tell = Teller(epochs, lambda line: print(f"  {line}", flush=True))
        begun = None if own else Beginning(self.foundation, method)
        distil(data, out, self.student, lessons, 1, tell, beginning=begun)
        return self.errors([out, *base])

    def fitted(self, data: Path, out: Path) -> Errors:
        """Errors of a linear ACE."""
        recipe = Recipe(degrees=tuple(self.options.ace_degrees), most=(UNCAPPED, UNCAPPED))
        weights = Weights(stress=Weights.force if self.options.crystals else None)
        fitting = Fitting(weights, threads=self.options.threads, leverage=False)
        fit_ace(data, out, recipe, fitting, lambda line: print(f"  {line}", flush=True))
        return self.errors([out])

    def subset(self, number: int, subset: int) -> Path:
        """A set of so many structures, with the validation part of the whole."""
        folder = self.folder / f"set-{number}-{subset}"
        folder.mkdir(parents=True, exist_ok=True)
        order = np.random.default_rng(subset).permutation(len(self.frames))
        chosen = [self.frames[index] for index in sorted(order[:number])]
        write_whole(folder / "train.extxyz", extxyz(chosen))
        write_whole(folder / "valid.extxyz", self.valid.read_bytes())
        return folder

    def errors(self, summands: Sequence[Path]) -> Errors:
        """Errors of a sum of potentials."""
        found = [self.labels(path) for path in summands]
        energies = np.sum([one.energies for one in found], axis=0)
        stresses = np.sum([np.asarray(one.stresses) for one in found], axis=0)
        forces = tuple(
            np.sum(each, axis=0) for each in zip(*(one.forces for one in found), strict=True)
        )
        return errors_of(self.judged, Labels(energies, forces, stresses), self.judge)

    def labels(self, path: Path) -> Labels:
        """What a potential makes of the structures that judge."""
        every = range(len(self.judged)) if self.options.crystals else ()
        return labels_by(potential_from_name(str(path)), self.judged, self.judge, every)

    def shown(self, found: Errors) -> dict[str, Measured]:
        """RMSE of what the curve is of, and their standard errors."""
        quantities = CRYSTALS if self.options.crystals else ON_SLABS
        return {name: getattr(found, name).measured for name in quantities}

    def draw(self) -> None:
        """Write the table and the figure of all that is trained."""
        rows = [Learned(**json.loads(path.read_text())) for path in self.folder.glob("*-*-*.json")]
        kept = self.folder / "foundation.json"
        if not kept.is_file():
            row = Learned("foundation", 0, self.shown(self.errors([self.foundation])))
            write_whole(kept, json.dumps(asdict(row)).encode())
        rows.append(Learned(**json.loads(kept.read_text())))
        rows.sort(key=lambda row: (row.structures, row.method, row.subset))
        text = json.dumps([asdict(row) for row in rows], indent=1)
        write_whole(self.folder / "curve.json", text.encode())
        means = mean_over_subsets(rows)
        write_whole(self.folder / "curve.md", table(means).encode())
        save(learning_figure(means), self.folder / "learning_curve")


def shape_of(model: Path, numbers: np.ndarray) -> Student:
    """The shape of a converted model, for these elements."""
    return ground_of(FoldedMace.read(model), numbers, model)[0]


def table(rows: Sequence[Learned]) -> str:
    """Errors in Markdown: mean ± standard error."""
    names = [f"{title}, {label}" for title, label in (PANELS[name] for name in rows[0].errors)]
    lines = ["| structures | method | " + " | ".join(names) + " |"]
    lines.append("|---" * (2 + len(names)) + "|")
    for row in rows:
        cells = " | ".join(f"{mean:.1f} ± {error:.1f}" for mean, error in row.errors.values())
        lines.append(f"| {row.structures or ''} | {row.method} | {cells} |")
    return "\n".join(lines) + "\n"


def differences(base: Path, data: Path) -> Path:
    """The same set, labelled with what the base leaves of its labels."""
    folder = data.with_name(f"{data.name}-differences")
    folder.mkdir(parents=True, exist_ok=True)
    potential = potential_from_name(str(base))
    for part in ("train", "valid"):
        frames = read_frames(data / f"{part}.extxyz")
        labels = labels_of(frames, data)
        found = labels_by(potential, frames, data)
        for n, frame in enumerate(frames):
            frame.calc = SinglePointCalculator(
                frame, energy=labels.energies[n] - found.energies[n],
                forces=labels.forces[n] - found.forces[n],
            )  # fmt: skip
        write_whole(folder / f"{part}.extxyz", extxyz(frames))
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
    """Make a set, and set the options to what suits it."""
    folder, rng = options.out / "stand_in", np.random.default_rng(0)
    options.steps, options.batch = options.steps or 500, 4
    options.numbers = options.numbers or [8, 32, 128]
    options.set, options.foundation = folder / "set", SHIPPED
    if not (options.set / "test.extxyz").is_file():
        largest = max(options.numbers)
        sizes = {"train": largest, "valid": 8, "test": 40}
        labelled(options.set, "analytic", structures(["Cu"], largest + 48, rng), sizes)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--set", type=Path, help="folder that `scatter select` wrote")
    parser.add_argument("--foundation", help="a converted model (.npz)")
    parser.add_argument("--stand-in", action="store_true", help="make a small set")
    parser.add_argument("--numbers", type=int, nargs="+", help="of structures")
    parser.add_argument("--methods", nargs="+", default=[*METHODS])
    parser.add_argument("--subsets", type=int, nargs="+", default=[0, 1, 2], help="their seeds")
    parser.add_argument("--steps", type=int, help="of the optimiser, in each training")
    parser.add_argument("--batch", type=int, default=4, help="structures in a step")
    parser.add_argument("--learning-rate", type=float, default=0.01, help="of scratch and delta")
    parser.add_argument("--tuning-rate", type=float, default=0.01, help="from the foundation")
    parser.add_argument("--crystals", action="store_true", help="bulk cells: learn stresses")
    parser.add_argument(
        "--ace-degrees", type=float, nargs="+", default=[16, 10, 8], help="by order"
    )
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    needed = options.set and options.foundation and options.numbers and options.steps
    if not options.stand_in and not needed:
        parser.error("give --set, --foundation, --numbers and --steps, or --stand-in")
    return options


def main() -> None:
    """Train, and draw what there is."""
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.stand_in:
        stand_in(options)
    Curve(options).learn()
    print(f"figure: {options.out / 'learning_curve.png'}")


if __name__ == "__main__":
    main()
