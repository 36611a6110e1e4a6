"""Stresses of frames, for those who ask: σ = (1/V) ∂E/∂ε, eV/Å³, positive under tension."""

import numpy as np
from ase import Atoms
from ase.stress import voigt_6_to_full_3x3_stress

from scatter.labels.names import STANDARD, Keys, values_of
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
