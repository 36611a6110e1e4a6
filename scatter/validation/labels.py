"""Structures with their energies and forces: labels of a file, or answers of a potential."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from jaxtyping import Float

from scatter.potentials.base import Potential, refuse_unknown_elements
from scatter.potentials.calculator import system_of
from scatter.potentials.evaluate import energies_and_forces, groups
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
    systems = [system_of(frame, f"{path}, frame {n}") for n, frame in enumerate(frames)]
    for n, system in enumerate(systems):
        try:
            refuse_unknown_elements(potential, system)
        except UserError as error:
            raise UserError(f"{path}, frame {n}: {error}") from error
    energies = np.zeros(len(frames))
    forces = [np.zeros((len(frame), 3)) for frame in frames]
    for indices in groups(systems):
        positions = np.array([frames[n].positions for n in indices])
        found = energies_and_forces(potential, systems[indices[0]], positions)
        for n, energy, force in zip(indices, *found, strict=True):
            if not (np.isfinite(energy) and np.isfinite(force).all()):
                raise UserError(
                    f"{path}, frame {n}: {potential.description} gives no finite energy"
                )
            energies[n], forces[n] = energy, force
    return Labels(energies, tuple(forces))
