"""From a teacher's labels to a compact MACE student, trained by the kernel's own gradients.

The loss of a structure of N atoms, with residuals e of its energy and r of its forces, is

    w_E (e / N)² + 100 Σ ω r² / 3N,    ω = 3 (molecule) or 1 (metal), over 1 + (|F*| / 5 eV/Å)²:

the molecule's few atoms decide what happens, and frames on the repulsive wall shall not rule. A
force that is not a label has no residual. w_E is 1 for three fifths of the epochs and then grows to
3·10⁵, geometrically: the energy of a cell then weighs about as much as all its forces. The
optimiser is Adam (Kingma & Ba, ICLR 2015), its rate falling as a cosine to a thousandth. At last
the energies of species are set by least squares.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numba
import numpy as np

from scatter import foreign
from scatter.files import write_arrays
from scatter.fitting.progress import Epoch
from scatter.fitting.sets import LabelledSet, read_set
from scatter.kernels.memory import aligned
from scatter.labels import STANDARD, Keys
from scatter.mace.cpu import scratch
from scatter.mace.file import FoldedMace
from scatter.mace.kernels.loss import Structures, loss
from scatter.mace.training.domain import domain_of
from scatter.mace.training.structures import structures_of
from scatter.mace.training.student import (
    Kernel,
    Parameters,
    Student,
    beginning,
    composition,
    scales,
)
from scatter.mace.training.train import claim
from scatter.potentials.sharing import Sharing
from scatter.settings import UserError
from scatter.store import only_writer

FORCES, ENERGY, ENERGY_AT_END, RISE = 100.0, 1.0, 3e5, 0.6
DECAYS = 0.9, 0.999  # Adam's
CLIPPED, WARM = 10.0, 200  # the largest gradient; most steps until full rate
SAVED_S = 30.0


@dataclass(frozen=True)
class Lessons:
    """How a student is trained.

    Attributes:
        epochs: passes over the structures.
        batch: structures in one step.
        learning_rate: the largest, relative to parameters of unit size.
        threads: that share a batch; the bits of the result depend on it.
        seed: of the first parameters and of the order of structures.
    """

    epochs: int = 300
    batch: int = 8
    learning_rate: float = 0.01
    threads: int = 1
    seed: int = 1


class Training:
    """A student in training: its parameters, Adam's two moments, and the epoch."""

    def __init__(self, student: Student, lessons: Lessons, labelled: LabelledSet):
        """Begin with random parameters.

        Raises:
            UserError: a part validates with elements that are not trained on.
        """
        parts, frames = labelled.files, labelled.frames
        kinds = {
            part: {int(z) for frame in members for z in frame.numbers}
            for part, members in frames.items()
        }
        if not kinds["valid"] <= kinds["train"]:
            raise UserError(f"{parts['valid']}: holds elements that {parts['train']} does not")
        numbers = np.array(sorted(kinds["train"]))
        self.lessons, self.kernel = lessons, Kernel(student, numbers)
        self.structures, self.valid = (
            structures_of(frames[part], numbers, student.cutoff_A, str(parts[part]))
            for part in ("train", "valid")
        )
        self.scales = scales(student, self.structures, len(numbers))
        rng = np.random.default_rng(lessons.seed)
        self.factors = beginning(student, self.structures, len(numbers), rng)
        self.means = {name: np.zeros_like(each) for name, each in self.factors.items()}
        self.squares = {name: np.zeros_like(each) for name, each in self.factors.items()}
        self.epoch, self.learning, self.judging = 0, Sharing(), Sharing()
        self._reserve(self.structures, self.valid)

    def _reserve(self, *all_structures: Structures) -> None:
        """Working memory for the largest structure, and a gradient for each worker."""
        weights, workers = self.kernel.weights(self.parameters()), self.lessons.threads
        atoms = int(max(np.diff(each.at).max() for each in all_structures))
        pairs = int(max(np.diff(each.pairs_at).max() for each in all_structures))
        self.scratch = scratch(weights, atoms, pairs, workers)
        channels = len(weights.energy_1)
        self.room = np.zeros((workers, 2, atoms, 3)), np.zeros((workers, atoms * channels))
        learnt = [*self.factors.keys() - {"radial_1", "radial_2"}, "table_1", "table_2"]
        self.gradients = {
            name: aligned(np.zeros((workers, *getattr(weights, name).shape))) for name in learnt
        }

    def parameters(self) -> Parameters:
        """What the factors stand for."""
        return {name: factor * self.scales[name] for name, factor in self.factors.items()}

    def run_epoch(self) -> None:
        """Go through all structures once, in an order that the epoch decides."""
        batch, count = self.lessons.batch, len(self.structures.energies)
        rng = np.random.default_rng([self.lessons.seed, self.epoch])
        steps = count // batch
        done = self.epoch / self.lessons.epochs
        rise = max(0.0, (done - RISE) / (1 - RISE))
        by_energy = ENERGY * (ENERGY_AT_END / ENERGY) ** rise
        for n, chosen in enumerate(rng.permutation(count)[: steps * batch].reshape(steps, batch)):
            self._step(self._gradient(chosen, by_energy), self.epoch * steps + n + 1, steps)
        self.epoch += 1
        if self.epoch == self.lessons.epochs:
            self._settle()

    def _settle(self) -> None:
        """Give species the energies that least squares find: no force pulls at them."""
        errors, _ = self._residuals(self.structures)
        counts = composition(self.structures, self.kernel.species)
        self.factors["constant"] -= np.linalg.lstsq(counts, errors, rcond=None)[0]

    def _gradient(self, chosen: np.ndarray, by_energy: float) -> Parameters:
        for array in self.gradients.values():
            array[...] = 0
        weights = self.kernel.weights(self.parameters())
        gradient = weights._replace(**self.gradients)
        shares = by_energy / len(chosen), FORCES / len(chosen)
        given = chosen, self.structures, *shares, True, weights, self.scratch, self.room, gradient
        self.learning(len(chosen), lambda: loss(*given))
        slopes = self.kernel.gradient(gradient)
        return {name: each * self.scales[name] for name, each in slopes.items()}

    def _step(self, gradient: Parameters, step: int, steps_of_epoch: int) -> None:
        """One step of Adam, with the gradient's norm clipped."""
        norm = np.sqrt(sum((each**2).sum() for each in gradient.values()))
        clip = min(1.0, CLIPPED / norm)
        steps = steps_of_epoch * self.lessons.epochs
        done = step / steps
        rate = self.lessons.learning_rate * min(1.0, step / min(WARM, 0.1 * steps))
        rate *= 0.001 + 0.999 * 0.5 * (1 + np.cos(np.pi * done))
        first, second = DECAYS
        for name, each in gradient.items():
            mean, square = self.means[name], self.squares[name]
            mean += (1 - first) * (clip * each - mean)
            square += (1 - second) * ((clip * each) ** 2 - square)
            root = np.sqrt(square / (1 - second**step)) + 1e-8
            self.factors[name] -= rate * mean / (1 - first**step) / root

    def errors(self) -> tuple[float, float]:
        """RMSE of energies (eV) and of forces (eV/Å) on the validation part."""
        errors, squares = self._residuals(self.valid)
        forces = np.sqrt(squares.sum() / max(1, np.isfinite(self.valid.forces).sum()))
        return float(np.sqrt(np.mean(errors**2))), float(forces)

    def _residuals(self, structures: Structures) -> tuple[np.ndarray, np.ndarray]:
        """Of energies, eV, and the squares of those of forces on atoms, eV²/Å²."""
        weights = self.kernel.weights(self.parameters())
        everything = np.arange(len(structures.energies))
        gradient = weights._replace(**self.gradients)
        given = everything, structures, 0.0, 0.0, False, weights, self.scratch, self.room, gradient
        return self.judging(len(everything), lambda: loss(*given))

    def folded(self, provenance: str, source: str) -> FoldedMace:
        """The student as it is written to a file, with the distances it was shown."""
        model = self.kernel.folded(self.parameters(), provenance, source)
        domain = domain_of(self.structures, self.kernel.numbers)
        return replace(model, closest=domain.closest, longest=domain.longest)

    def save(self, path: Path) -> None:
        """Write all that the rest of the training depends on."""
        arrays = {
            f"{kind}.{name}": each
            for kind in ("factors", "means", "squares")
            for name, each in getattr(self, kind).items()
        }
        write_arrays(path, {"epoch": self.epoch, **arrays})

    def load(self, path: Path) -> None:
        """Go on from what `save` wrote.

        Raises:
            UserError: it was not `save`, or of another training.
        """
        held = foreign.arrays(path)
        due = {
            f"{kind}.{name}": each
            for kind in ("factors", "means", "squares")
            for name, each in getattr(self, kind).items()
        }
        shapes = {"epoch": (), **{name: each.shape for name, each in due.items()}}
        if {name: each.shape for name, each in held.items() if each.dtype.kind in "if"} != shapes:
            raise UserError(f"{path}: is not a state of this training; delete it to begin anew")
        self.epoch = int(held["epoch"])
        for name, each in due.items():
            each[...] = held[name]


def distil(
    data: Path,
    out: Path,
    student: Student,
    lessons: Lessons,
    members: int,
    tell: Callable[[str, Epoch], None],
    keys: Keys = STANDARD,
) -> list[Path]:
    """Train students on a selected set, each to a `.npz`; goes on where it was stopped.

    The work lies beside `out`, in the folder `<stem>.training`, one folder for each member.

    Args:
        data: the set's folder.
        out: the potential to write; a committee's members are numbered.
        student: their shape.
        lessons: how they are trained; the seed is the first member's.
        members: how many, with seeds that follow.
        tell: is told of every epoch of every member.
        keys: of the labels.

    Returns:
        The potentials.

    Raises:
        UserError: the set is not there or its labels cannot be used, `out` is not an `.npz`, or the
            folder of the training holds another.
    """
    if out.suffix != ".npz":
        raise UserError(f"OUT = '{out}': the name must end in .npz")
    if student.channels % 16:
        raise UserError(f"--channels {student.channels}: must be a multiple of 16")
    labelled, potentials = read_set(data, lessons.batch, keys), []
    for member in range(members):
        target = out if members == 1 else out.with_name(f"{out.stem}-{member + 1}.npz")
        own = replace(lessons, seed=lessons.seed + member)
        folder = out.with_name(f"{out.stem}.training") / f"seed-{own.seed}"
        _train(folder, labelled, target, student, own, tell)
        potentials.append(target)
    return potentials


def _train(
    folder: Path,
    labelled: LabelledSet,
    target: Path,
    student: Student,
    lessons: Lessons,
    tell: Callable[[str, Epoch], None],
) -> None:
    """Train one student, or go on, and write it."""
    settings = _settings(labelled, student, lessons)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        numba.set_num_threads(lessons.threads)
    except ValueError as error:
        raise UserError(f"--threads {lessons.threads}: {error}") from error
    with only_writer(folder):
        claim(folder, settings)
        training = Training(student, lessons, labelled)
        state = folder / "state.npz"
        if state.exists():
            training.load(state)
        saved = time.monotonic()
        while training.epoch < lessons.epochs:
            training.run_epoch()
            energy, forces = training.errors()
            tell(target.name, Epoch(training.epoch - 1, 1e3 * energy, 1e3 * forces))
            if time.monotonic() - saved > SAVED_S or training.epoch == lessons.epochs:
                training.save(state)
                saved = time.monotonic()
        source = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        named = f"student of {labelled.files['train'].parent.name}"
        training.folded(named, source).write(target)


def _settings(labelled: LabelledSet, student: Student, lessons: Lessons) -> dict[str, dict]:
    """All that shapes a student."""
    content = {
        part: hashlib.sha256(file.read_bytes()).hexdigest() for part, file in labelled.files.items()
    }
    keys = {"keys": labelled.keys.named} if labelled.keys.named else {}
    return {"student": asdict(student), "lessons": asdict(lessons), "set": content, **keys}
