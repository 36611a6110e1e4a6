"""How far a converted model is from its source, on random structures."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from ase.data import covalent_radii

from scatter.potentials.base import Potential
from scatter.state import System

STRUCTURES = 8
ATOMS = 12


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


def agreements(
    original: Potential, converted: Mapping[str, Potential], numbers: np.ndarray, cutoff: float
) -> list[Agreement]:
    """Compare models, by their precision, with their source in double precision.

    Args:
        original: the source.
        converted: by precision.
        numbers: atomic numbers of the species.
        cutoff: Å.
    """
    systems = random_structures(numbers, cutoff, np.random.default_rng(1))
    expected = [_answer(original, *structure) for structure in systems]
    rms = float(np.sqrt(np.mean([(forces**2).mean() for _, forces in expected])))
    agreeing = []
    for precision, potential in converted.items():
        ours = [_answer(potential, *structure) for structure in systems]
        pairs = list(zip(ours, expected, strict=True))
        energy = max(float(abs(mine[0] - theirs[0]).max()) for mine, theirs in pairs)
        force = max(float(abs(mine[1] - theirs[1]).max()) for mine, theirs in pairs)
        agreeing.append(Agreement(precision, energy, force, rms))
    return agreeing


def _answer(
    potential: Potential, system: System, positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Energy (eV, shape (1,)) and forces (eV/Å, shape (1, atom, 3)) of one structure."""
    return potential.bind(system, 1).begin(np.zeros(1, np.int64), positions[None])


def random_structures(
    numbers: np.ndarray, cutoff: float, rng: np.random.Generator
) -> list[tuple[System, np.ndarray]]:
    """Dense random structures of these elements, no two atoms nearer than 0.9 of a bond."""
    structures = []
    for _ in range(STRUCTURES):
        kinds = rng.choice(numbers, ATOMS)
        kinds[: len(numbers)] = numbers[:ATOMS]
        side = max(0.8 * cutoff, 2.2 * float(covalent_radii[kinds].max()) * ATOMS ** (1 / 3))
        cell = side * (np.eye(3) + rng.normal(0, 0.08, (3, 3)))
        system = System(kinds, cell, (True, True, True), np.ones(ATOMS, bool))
        structures.append((system, _placed(kinds, cell, rng)))
    return structures


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
