"""Temperatures of electrons and lattice in time."""

import csv
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from io import StringIO
from pathlib import Path

import numpy as np

from scatter.arrays import Kept, array_namespace
from scatter.errors import UserError
from scatter.foreign import shown, text
from scatter.shapes import Float
from scatter.state import Array
from scatter.units import K, fs

HEADER = ["time_fs", "T_K"]


@dataclass(frozen=True)
class Constant:
    """A temperature that stays as it is."""

    T_K: float

    @property
    def identity(self) -> str:
        """It."""
        return f"{self.T_K} K"

    def kT(self, time: Float[Array, " slot"]) -> Float[Array, " slot"]:
        """k_B T, eV."""
        return array_namespace(time).zeros_like(time) + self.T_K * K


@dataclass(frozen=True)
class Course:
    """A temperature that changes: linear between its knots, constant before and after them.

    Attributes:
        time_fs: of the knots, which increase.
        T_K: there.
    """

    time_fs: Float[np.ndarray, " knot"]
    T_K: Float[np.ndarray, " knot"]

    @property
    def identity(self) -> str:
        """A hash of both."""
        whole = self.time_fs.tobytes() + self.T_K.tobytes()
        return f"temperatures {sha256(whole).hexdigest()[:16]}"

    @cached_property
    def knots(self) -> Kept:
        """Times, in units of time, and k_B T there, eV."""
        return Kept(self.time_fs * fs, self.T_K * K)

    def kT(self, time: Float[Array, " slot"]) -> Float[Array, " slot"]:
        """k_B T, eV."""
        xp, (knots, kT) = array_namespace(time), self.knots(time)
        before = xp.clip(xp.searchsorted(knots, time, side="right") - 1, 0, len(knots) - 2)
        share = (time - knots[before]) / (knots[before + 1] - knots[before])
        return kT[before] + xp.clip(share, 0.0, 1.0) * (kT[before + 1] - kT[before])


def read_course(file: Path) -> Course:
    """The temperatures in a CSV file with the columns time_fs and T_K.

    Raises:
        UserError: it cannot be read, or says what cannot be.
    """
    where = f"[friction] electrons_K = '{file}'"
    rows = [row for row in csv.reader(StringIO(text(file, where))) if row]
    if not rows or [name.strip() for name in rows[0]] != HEADER:
        raise UserError(f"{where}: its first line must be {','.join(HEADER)}")
    values = []
    for line, row in enumerate(rows[1:], 2):
        try:
            time, T = map(float, row)
        except ValueError:
            raise UserError(f"{where}, row {line}: {shown(row)} are not two numbers") from None
        values.append((time, T))
    return _checked(where, values)


def _checked(where: str, values: list[tuple[float, float]]) -> Course:
    if len(values) < 2:
        raise UserError(f"{where}: needs two rows at least; a constant temperature is a number")
    time, T = np.array(values).T
    for line, (wrong, rule) in enumerate(
        zip(~(np.isfinite(T) & (T >= 0) & (T <= 1e5)), T, strict=True), 2
    ):
        if wrong:
            raise UserError(f"{where}, row {line}: T_K = {rule:g} is not from 0 to 100,000")
    if not np.isfinite(time).all() or (np.diff(time) <= 0).any():
        raise UserError(f"{where}: its times must be finite and increase from row to row")
    return Course(np.ascontiguousarray(time), np.ascontiguousarray(T))
