"""From a model of mace-torch to a file of plain arrays, checked against the model on the way."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers, covalent_radii

from scatter import __version__
from scatter.fitting.family import refuse_strangers, wanted_species
from scatter.fitting.fold import fold
from scatter.potentials.base import Potential
from scatter.potentials.folded import FoldedMace
from scatter.potentials.mace import MaceTorch
from scatter.potentials.mace_fused import MaceFused
from scatter.settings import UserError
from scatter.state import System

STRUCTURES = 8
ATOMS = 12
LARGEST = {"float64": 1e-6, "float32": 1e-3}  # of the RMS force; beyond it, the fold is wrong


@dataclass(frozen=True)
class Agreement:
    """How far a converted model is from its source, at worst, on random structures.

    Attributes:
        precision: of the converted model; the source is in double precision.
        energy: largest difference, eV.
        force: largest difference of a component, eV/Å.
        rms_force: of the source, eV/Å.
    """

    precision: str
    energy: float
    force: float
    rms_force: float

    def __str__(self) -> str:
        return (
            f"{self.precision}: largest difference {self.energy:.1e} eV, {self.force:.1e} eV/Å "
            f"(RMS force {self.rms_force:.2g} eV/Å)"
        )


def convert(source: Path, target: Path, elements: list[str], trust_pickle: bool) -> list[Agreement]:
    """Fold a `.model` of mace-torch and write it, if it then agrees with the model.

    Args:
        source: the model; reading it runs the code in it.
        target: the `.npz` to write.
        elements: symbols of the elements to keep; empty for all.
        trust_pickle: the user trusts where the source came from.

    Raises:
        UserError: the source cannot be read, is not trusted or not of the family, or does not
            know an element; the target is no `.npz`.
    """
    unknown = [symbol for symbol in elements if symbol not in atomic_numbers]
    if unknown:
        raise UserError(f"--elements: {', '.join(unknown)} is no chemical symbol")
    if target.suffix != ".npz":
        raise UserError(f"OUT = '{target}': the name must end in .npz")
    if not source.is_file():
        raise UserError(f"MODEL = '{source}': there is no such file")
    original = MaceTorch(source, "cpu", "float64", trust_pickle)
    refuse_strangers(original.model, str(source))
    folded = fold(
        original.model,
        wanted_species(original.model, [atomic_numbers[symbol] for symbol in elements]),
        provenance=f"{source.name}, converted by scatter {__version__}",
        source_sha256=hashlib.sha256(source.read_bytes()).hexdigest(),
    )
    found = agreement(original, folded, target)
    wrong = [each for each in found if not each.force <= LARGEST[each.precision] * each.rms_force]
    if wrong:
        raise UserError(f"{source}: the folded model is not the same: {wrong[0]}; nothing written")
    folded.write(target)
    return found


def agreement(original: Potential, folded: FoldedMace, target: Path) -> list[Agreement]:
    """Compare a folded model with its source, in both precisions."""
    systems = random_structures(folded.numbers, folded.cutoff, np.random.default_rng(1))
    expected = [answer(original, system, positions) for system, positions in systems]
    rms = float(np.sqrt(np.mean([(forces**2).mean() for _, forces in expected])))
    found = []
    for precision in ("float64", "float32"):
        fused = MaceFused(folded, precision, target.name)
        pairs = [
            (answer(fused, system, positions), theirs)
            for (system, positions), theirs in zip(systems, expected, strict=True)
        ]
        energy = max(float(abs(ours[0] - theirs[0]).max()) for ours, theirs in pairs)
        force = max(float(abs(ours[1] - theirs[1]).max()) for ours, theirs in pairs)
        found.append(Agreement(precision, energy, force, rms))
    return found


def answer(
    potential: Potential, system: System, positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Energy (eV, shape (1,)) and forces (eV/Å, shape (1, atom, 3)) of one structure."""
    return potential.bind(system, 1).begin(np.zeros(1, np.int64), positions[None])


def random_structures(
    numbers: np.ndarray, cutoff: float, rng: np.random.Generator
) -> list[tuple[System, np.ndarray]]:
    """Dense random structures of these elements, no two atoms nearer than 0.9 of a bond."""
    found = []
    for _ in range(STRUCTURES):
        kinds = rng.choice(numbers, ATOMS)
        kinds[: len(numbers)] = numbers[:ATOMS]
        side = max(0.8 * cutoff, 2.2 * float(covalent_radii[kinds].max()) * ATOMS ** (1 / 3))
        cell = side * (np.eye(3) + rng.normal(0, 0.08, (3, 3)))
        system = System(kinds, cell, (True, True, True), np.ones(ATOMS, bool))
        found.append((system, _placed(kinds, cell, rng)))
    return found


def _placed(kinds: np.ndarray, cell: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Positions drawn one after another, each again until it is far enough from the others."""
    positions, nearest = [], 0.9
    images = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3), axis=-1).reshape(-1, 3) @ cell
    while len(positions) < len(kinds):
        place = rng.uniform(0, 1, 3) @ cell
        bonds = covalent_radii[kinds[: len(positions)]] + covalent_radii[kinds[len(positions)]]
        apart = np.array([place - other for other in positions]).reshape(-1, 1, 3) - images
        if (np.linalg.norm(apart, axis=2) > nearest * bonds[:, None]).all():
            positions.append(place)
        nearest *= 0.9995  # so that it ends
    return np.array(positions)
