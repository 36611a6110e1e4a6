"""Stresses of frames, for those who ask: σ = (1/V) ∂E/∂ε, eV/Å³, positive under tension."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from ase.stress import full_3x3_to_voigt_6_stress, voigt_6_to_full_3x3_stress

from scatter.labels.names import STANDARD, Keys, keys_of, results_of, values_of
from scatter.settings import UserError
from scatter.shapes import Float

LARGEST = 1.0  # eV/Å³, which is 160 GPa: beyond it, it is in other units
UNEVEN = 1e-4  # of the largest component: what rounding leaves


def has_stress(frame: Atoms) -> bool:
    """Whether a stress means anything: the cell has a volume, and repeats in two directions."""
    return frame.cell.rank == 3 and int(frame.pbc.sum()) >= 2


def stress_of(frame: Atoms, where: str, keys: Keys = STANDARD) -> Float[np.ndarray, "3 3"] | None:
    """The stress that a frame has as a label, or None.

    Raises:
        UserError: it is not a symmetric tensor of finite numbers, has the size of other units, or
            belongs to a cell that has none.
    """
    value = values_of(frame, "stress").get(keys.stress or "stress")
    if value is None:
        return None
    array = np.asarray(value)
    if array.shape not in ((6,), (9,), (3, 3)) or array.dtype.kind not in "iuf":
        raise UserError(f"{where}: its stress is not six or nine numbers; take it out")
    whole = voigt_6_to_full_3x3_stress(array) if array.shape == (6,) else array.reshape(3, 3)
    if not np.isfinite(whole).all():
        raise UserError(f"{where}: its stress is not finite; take it out of the file")
    largest = np.abs(whole).max()
    if np.abs(whole - whole.T).max() > UNEVEN * largest:
        raise UserError(f"{where}: its stress is not symmetric; take it out of the file")
    if largest > LARGEST:
        raise UserError(
            f"{where}: has a stress of {largest:g}, too much for eV/Å³; if it is in GPa or kbar, "
            "divide it by 160.2 or 1602, and mind the sign: it is positive under tension"
        )
    if not has_stress(frame):
        raise UserError(
            f"{where}: has a stress, but no cell that repeats in two directions; take it out"
        )
    return np.asarray(whole, float)


def keep_stresses(
    frames: Sequence[Atoms], labels: Sequence[Atoms], names: Sequence[str], keys: Keys
) -> None:
    """Put the stresses of frames into the calculators of the same frames as labels.

    Frames without one, and those whose cell has none, have none as labels either.

    Args:
        frames: as they were read.
        labels: with their energies and forces.
        names: what to call each in an error.
        keys: that the user named.

    Raises:
        UserError: it is not clear which stress is meant, or one is unusable; see `stress_of`.
    """
    for frame, label, name in zip(frames, labels, names, strict=True):
        if has_stress(frame) and keys_of(frame, keys, name, ("stress",)):
            stress = stress_of(frame, name, keys)
            results_of(label)["stress"] = full_3x3_to_voigt_6_stress(stress)


def virial_of(frame: Atoms) -> Float[np.ndarray, "3 3"]:
    """W = V σ of a frame that has a stress as a label, eV; NaN of others."""
    stress = results_of(frame).get("stress")
    if stress is None:
        return np.full((3, 3), np.nan)
    return frame.get_volume() * voigt_6_to_full_3x3_stress(stress)


def require_stress(frames: Sequence[Atoms], where: object) -> None:
    """Refuse to learn stresses where there are none.

    Raises:
        UserError: no frame has a stress as a label.
    """
    if not any("stress" in results_of(frame) for frame in frames):
        raise UserError(
            f"--stress: no structure of {where} has a stress, `stress` (eV/Å³), in a cell that "
            "repeats in two directions; label them with `scatter evaluate --stress`, or leave "
            "--stress out"
        )
