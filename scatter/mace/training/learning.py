"""A student in training: the loss of its set by the kernel's own gradients, and Adam.

The loss of a structure of N atoms, with residuals e of its energy, r of its forces and R of its
virial (the stress times the volume, where stresses are learnt and it has one as a label), is

    w_E (e / N)² + 100 Σ ω r² / 3N + w_W Σ (R / N)² / 9,    ω = ω_z / (1 + (|F*| / 5 eV/Å)²):

frames on the repulsive wall must not dominate, and the molecule's few atoms decide what happens:
ω_z is 3 but for the metal, the commonest element, where it is 1. In a set of several elements it
may instead grow as an element is rarer; see `structures.emphasis_of`. A force that is not a label
has no residual. w_E is 1 for three fifths of the epochs and then grows to 3·10⁵, geometrically: the
energy of a cell then weighs about as much as all its forces. The
optimiser is Adam (Kingma & Ba, ICLR 2015), its rate falling as a cosine to a thousandth. At last
the energies of species are set by least squares, and at first where it begins with a model.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ase.data import chemical_symbols

from scatter import foreign
from scatter.files import write_arrays
from scatter.fitting.sets import LabelledSet
from scatter.kernels.memory import aligned
from scatter.mace.cpu import scratch
from scatter.mace.file import FoldedMace
from scatter.mace.kernels.loss import Structures, loss
from scatter.mace.training.arrays import TABLES, Ground, Kernel, bare
from scatter.mace.training.begun import CONSTANT, steps
from scatter.mace.training.domain import domain_of
from scatter.mace.training.structures import emphasis_of, structures_of
from scatter.mace.training.student import Parameters, Student, beginning, composition, scales
from scatter.potentials.sharing import Sharing
from scatter.saved import Saved, built, flat
from scatter.settings import UserError

FORCES, ENERGY, ENERGY_AT_END, RISE = 100.0, 1.0, 3e5, 0.6
DECAYS = 0.9, 0.999  # Adam's
CLIPPED, WARM = 10.0, 200  # the largest gradient; most steps until full rate


@dataclass(frozen=True)
class Lessons:
    """How a student is trained.

    Attributes:
        epochs: passes over the structures.
        batch: structures in one step.
        learning_rate: the largest, relative to parameters of unit size.
        threads: that share a batch; the bits of the result depend on it.
        seed: of the first parameters and of the order of structures.
        balance: α of the emphasis on elements; None: on the molecule.
        stress: w_W; None: stresses are not learnt.
    """

    epochs: int = 300
    batch: int = 8
    learning_rate: float = 0.01
    threads: int = 1
    seed: int = 1
    balance: float | None = None
    stress: float | None = None


@dataclass(frozen=True)
class State(Saved):
    """All that the rest of a training depends on."""

    epoch: int
    factors: dict[str, np.ndarray]
    means: dict[str, np.ndarray]
    squares: dict[str, np.ndarray]


class Training:
    """A student in training: its parameters, Adam's two moments, and the epoch."""

    def __init__(
        self,
        student: Student,
        lessons: Lessons,
        labelled: LabelledSet,
        ground: Ground | None = None,
        frozen: Collection[str] = (),
    ):
        """Begin with random parameters, or with a model.

        Args:
            student: the shape.
            lessons: how it is trained.
            labelled: its set.
            ground: the model that it begins with.
            frozen: names of arrays that stay as they are, to the bit.

        Raises:
            UserError: a part validates with elements that are not trained on.
        """
        numbers, parts = numbers_of(labelled), labelled.files
        self.lessons, self.frozen = lessons, frozenset(frozen)
        self.kernel = Kernel(student, ground or bare(numbers))
        self.structures, self.valid = (
            structures_of(labelled.frames[part], numbers, student.cutoff_A, str(parts[part]))
            for part in ("train", "valid")
        )
        if lessons.balance is not None:
            self.structures.emphasis[:] = emphasis_of(self.structures, lessons.balance)
        if ground:
            self.scales = steps(student, ground)
            self.factors = {name: np.zeros(shape) for name, shape in self.kernel.shapes.items()}
        else:
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
        rooms = np.zeros((workers, 2, atoms, 3)), np.zeros((workers, 2, pairs, 3))
        self.room = rooms[0], np.zeros_like(self.scratch.b), rooms[1]
        learnt = [*self.factors.keys() - {*TABLES}, "table_1", "table_2"]
        self.gradients = {
            name: aligned(np.zeros((workers, *getattr(weights, name).shape))) for name in learnt
        }

    def parameters(self) -> Parameters:
        """What the factors stand for."""
        return {name: factor * self.scales[name] for name, factor in self.factors.items()}

    def run_epoch(self) -> None:
        """Go through all structures once, in an order that the epoch decides."""
        if self.epoch == 0 and self.kernel.ground.arrays:
            self._settle()
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
        if CONSTANT in self.frozen:
            return
        errors = self._residuals(self.structures)[0]
        counts = composition(self.structures, self.kernel.species)
        self.factors[CONSTANT] -= np.linalg.lstsq(counts, errors, rcond=None)[0]

    def _gradient(self, chosen: np.ndarray, by_energy: float) -> Parameters:
        for array in self.gradients.values():
            array[...] = 0
        weights = self.kernel.weights(self.parameters())
        gradient = weights._replace(**self.gradients)
        by = tuple(each / len(chosen) for each in (by_energy, FORCES, self.lessons.stress or 0.0))
        given = chosen, self.structures, by, True, weights, self.scratch, self.room, gradient
        self.learning(len(chosen), lambda: loss(*given))
        slopes = self.kernel.gradient(gradient)
        return {
            name: each * self.scales[name]
            for name, each in slopes.items()
            if name not in self.frozen
        }

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
        errors, squares, _ = self._residuals(self.valid)
        forces = np.sqrt(squares.sum() / max(1, np.isfinite(self.valid.forces).sum()))
        return float(np.sqrt(np.mean(errors**2))), float(forces)

    def by_element(self) -> str:
        """RMSE of forces on each element of the validation part, in words; that of virials."""
        d, (_, squares, of_virials) = self.valid, self._residuals(self.valid)
        atoms = np.arange(squares.shape[1]) < np.diff(d.at)[:, None]
        known, each = np.isfinite(d.forces).sum(axis=1), squares[atoms]
        errors = [
            f"{chemical_symbols[z]} {1e3 * np.sqrt(each[mine].sum() / known[mine].sum()):.1f}"
            for n, z in enumerate(self.kernel.ground.numbers)
            if known[mine := d.species == n].any()
        ]
        labels, squares = np.isfinite(d.virials).sum(), of_virials / np.diff(d.at) ** 2
        rmse = 1e3 * np.sqrt(squares.sum() / max(labels, 1))
        virials = f"; virial {rmse:.1f} meV an atom" if labels else ""
        return f"F by element: {', '.join(errors)} meV/Å{virials}"

    def _residuals(self, structures: Structures) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of energies, eV, and the squares of forces on atoms, eV²/Å², and of virials, eV²."""
        weights = self.kernel.weights(self.parameters())
        everything = np.arange(len(structures.energies))
        gradient = weights._replace(**self.gradients)
        none = 0.0, FORCES, 0.0
        given = everything, structures, none, False, weights, self.scratch, self.room, gradient
        return self.judging(len(everything), lambda: loss(*given))

    def folded(self, provenance: str, source: str) -> FoldedMace:
        """The student as it is written to a file, with the distances it was shown."""
        model = self.kernel.folded(self.parameters(), provenance, source)
        domain = domain_of(self.structures, self.kernel.ground.numbers)
        return replace(model, closest=domain.closest, longest=domain.longest)

    def save(self, path: Path) -> None:
        """Write all that the rest of the training depends on."""
        write_arrays(path, flat(State(self.epoch, self.factors, self.means, self.squares)))

    def load(self, path: Path) -> None:
        """Go on from what `save` wrote.

        Raises:
            UserError: it was not `save`, or of another training.
        """
        own = State(self.epoch, self.factors, self.means, self.squares)
        held, due = foreign.arrays(path), flat(own)
        if _shapes(held) != _shapes(due):
            raise UserError(f"{path}: is not a state of this training; delete it to start again")
        self.epoch = built(State, held).epoch
        for name, each in due.items():
            each[...] = held[name]


def numbers_of(labelled: LabelledSet) -> np.ndarray:
    """Atomic numbers of the species of a set, in order.

    Raises:
        UserError: a part validates with elements that are not trained on.
    """
    parts, kinds = labelled.files, {}
    for part, members in labelled.frames.items():
        kinds[part] = {int(z) for frame in members for z in frame.numbers}
    if not kinds["valid"] <= kinds["train"]:
        raise UserError(f"{parts['valid']}: holds elements that {parts['train']} does not")
    return np.array(sorted(kinds["train"]))


def _shapes(arrays: foreign.Arrays) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    return {name: (each.shape, each.dtype) for name, each in arrays.items()}
