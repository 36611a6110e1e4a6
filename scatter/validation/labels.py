"""Energies and forces of structures: the labels in a file, or those a potential computes."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ase import Atoms
from jaxtyping import Float

from scatter.labels import STANDARD, Keys, labelled, results_of
from scatter.labels.stress import stress_of, virial_of
from scatter.potentials.base import Potential
from scatter.potentials.calculator import system_of
from scatter.potentials.evaluate import answers


@dataclass(frozen=True)
class Labels:
    """Energies and forces of structures, in order."""

    energies: Float[np.ndarray, " frame"]  # eV; NaN where a structure has none
    # eV/Å, one array (atom, 3) per structure; NaN on atoms that have none
    forces: tuple[Float[np.ndarray, "atom 3"], ...]
    # eV/Å³; NaN where a structure has none
    stresses: Float[np.ndarray, "frame 3 3"] | None = None

    @property
    def strained(self) -> list[int]:
        """The structures that have a stress."""
        if self.stresses is None:
            return []
        return np.flatnonzero(np.isfinite(self.stresses[:, 0, 0])).tolist()


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
    labels = as_labels(labelled(frames, names, keys, needed, weights=None))
    stresses = [stress_of(frame, name, keys) for frame, name in zip(frames, names, strict=True)]
    none = np.full((3, 3), np.nan)
    return replace(labels, stresses=np.array([none if s is None else s for s in stresses]))


def as_labels(frames: Sequence[Atoms]) -> Labels:
    """The labels of frames that `scatter.labels.labelled` has read."""
    results = [(results_of(frame), (len(frame), 3)) for frame in frames]
    return Labels(
        np.array([result.get("energy", np.nan) for result, _ in results]),
        tuple(result.get("forces", np.full(shape, np.nan)) for result, shape in results),
        np.array([virial_of(frame) / (frame.cell.volume or 1.0) for frame in frames]),
    )


def labels_by(
    potential: Potential,
    frames: Sequence[Atoms],
    path: Path,
    strained: Iterable[int] = (),
) -> Labels:
    """Energies and forces of a file's frames on a potential; forces on all atoms, held ones too.

    Args:
        potential: any.
        frames: of the file.
        path: of the file, named in errors.
        strained: which frames' stress is wanted, if the potential gives any.

    Raises:
        UserError: an element is unknown to it, or an energy is not finite.
    """
    energies, forces = answers(potential, frames, path)
    stresses = np.full((len(frames), 3, 3), np.nan)
    for n in strained:
        frame = frames[n]
        virial = potential.virial(system_of(frame, f"{path}, frame {n}"), frame.positions)
        if virial is not None:
            stresses[n] = virial / frame.get_volume()
    return Labels(energies, tuple(forces), stresses)
