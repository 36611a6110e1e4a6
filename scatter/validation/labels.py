"""Energies and forces of structures: the labels in a file, or those a potential computes."""

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
    """Energies and forces of structures, in order."""

    energies: Float[np.ndarray, " frame"]  # eV; NaN where a structure has none
    # eV/Å, one array (atom, 3) per structure; NaN on atoms that have none
    forces: tuple[Float[np.ndarray, "atom 3"], ...]


def labels_of(
    frames: Sequence[Atoms],
    path: Path,
    keys: Keys = STANDARD,
    needed: Collection[str] | None = None,
) -> Labels:
    """The labels that a file gives its frames, by the rule of `scatter.labels`.

    Errors name `path`. What is `needed` follows `labelled`; by default any label will do.

    Raises:
        UserError: the labels are ambiguous, missing or unusable.
    """
    names = [f"{path}, frame {n}" for n in range(len(frames))]
    return as_labels(labelled(frames, names, keys, needed, weights=None))


def as_labels(frames: Sequence[Atoms]) -> Labels:
    """The labels of frames that `scatter.labels.labelled` has read."""
    results = [(results_of(frame), (len(frame), 3)) for frame in frames]
    return Labels(
        np.array([result.get("energy", np.nan) for result, _ in results]),
        tuple(result.get("forces", np.full(shape, np.nan)) for result, shape in results),
    )


def labels_by(potential: Potential, frames: Sequence[Atoms], path: Path) -> Labels:
    """Energies and forces of a file's frames on a potential; forces on all atoms, held ones too.

    Raises:
        UserError: an element is unknown to it, or an energy is not finite.
    """
    energies, forces = answers(potential, frames, path)
    return Labels(energies, tuple(forces))
