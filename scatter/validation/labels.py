"""Structures with their energies and forces: labels of a file, or answers of a potential."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from jaxtyping import Float

from scatter.potentials.base import Potential
from scatter.potentials.evaluate import answers
from scatter.settings import UserError


@dataclass(frozen=True)
class Labels:
    """Energies and forces of structures, in their order.

    Attributes:
        energies: eV; NaN where a structure has none.
        forces: eV/Å, one array of shape (atom, 3) for each; NaN on atoms that have none.
    """

    energies: Float[np.ndarray, " frame"]
    forces: tuple[Float[np.ndarray, "atom 3"], ...]


def labels_of(frames: Sequence[Atoms], path: Path) -> Labels:
    """The labels that a file gave its frames.

    A force of exactly zero along x, y and z is none: an atom that the writer held still.

    Args:
        frames: as `read_frames` read them from `path`.
        path: named in errors.

    Raises:
        UserError: a frame has neither energy nor forces.
    """
    energies = np.full(len(frames), np.nan)
    forces = []
    for n, frame in enumerate(frames):
        told = frame.calc.results if frame.calc else {}
        if "energy" not in told and "forces" not in told:
            raise UserError(
                f"{path}, frame {n}: has no label; errors need `energy` (eV) and `forces` (eV/Å) "
                "of every frame, as `scatter evaluate` writes them, or a potential after --against"
            )
        energies[n] = told.get("energy", np.nan)
        force = np.array(told.get("forces", np.full((len(frame), 3), np.nan)), float)
        forces.append(np.where(force.any(axis=1, keepdims=True), force, np.nan))
    return Labels(energies, tuple(forces))


def labels_by(potential: Potential, frames: Sequence[Atoms], path: Path) -> Labels:
    """What a potential makes of the frames of a file; forces on all atoms, held ones too.

    Args:
        potential: evaluated.
        frames: as `read_frames` read them from `path`.
        path: named in errors.

    Raises:
        UserError: it does not know an element of a frame, or gives no finite energy.
    """
    energies, forces = answers(potential, frames, path)
    return Labels(energies, tuple(forces))
