"""Structures with their energies and forces: labels of a file, or answers of a potential."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from jaxtyping import Float

from scatter.labels import STANDARD, Keys, labelled, results_of
from scatter.potentials.base import Potential
from scatter.potentials.evaluate import answers


@dataclass(frozen=True)
class Labels:
    """Energies and forces of structures, in their order.

    Attributes:
        energies: eV; NaN where a structure has none.
        forces: eV/Å, one array of shape (atom, 3) for each; NaN on atoms that have none.
    """

    energies: Float[np.ndarray, " frame"]
    forces: tuple[Float[np.ndarray, "atom 3"], ...]


def labels_of(
    frames: Sequence[Atoms],
    path: Path,
    keys: Keys = STANDARD,
    needed: Collection[str] | None = None,
) -> Labels:
    """The labels that a file gave its frames, by the one rule for all (`scatter.labels`).

    Args:
        frames: as `read_frames` read them from `path`.
        path: named in errors.
        keys: that the user named.
        needed: as `scatter.labels.labelled` takes it; by default any label will do.

    Raises:
        UserError: it is not clear what the labels are, or one is missing or cannot be used.
    """
    names = [f"{path}, frame {n}" for n in range(len(frames))]
    return as_labels(labelled(frames, names, keys, needed, weights=None))


def as_labels(frames: Sequence[Atoms]) -> Labels:
    """The labels of frames that were read by that rule."""
    told = [results_of(frame) for frame in frames]
    energies = np.array([one.get("energy", np.nan) for one in told])
    forces = [
        one.get("forces", np.full((len(frame), 3), np.nan))
        for one, frame in zip(told, frames, strict=True)
    ]
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
