"""Least squares of more rows than memory holds: QR, block after block.

Of the rows [A | y] only the triangle R of A = QR is kept, with Q^T y beside it and the norm of what
no column explains below: for every x, |A x - y| = |R [x, -1]|. New rows B are taken in by the QR of
R on top of B (a triangle on a rectangle, LAPACK's tpqrt). The condition of A is never squared.

Source: Demmel, Grigori, Hoemmen & Langou, SIAM J. Sci. Comput. 34, A206 (2012).
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.linalg import get_lapack_funcs

PANEL = 64  # columns that LAPACK treats at once
(TPQRT,) = get_lapack_funcs(("tpqrt",), dtype=np.float64)


class Triangle:
    """R of all rows so far.

    Attributes:
        r: upper triangle, shape (column + 1, column + 1); the last column belongs to y.
        rows: how many it stands for.
    """

    def __init__(self, columns: int, block: int = 4096):
        """No rows yet.

        Args:
            columns: of A.
            block: rows that are gathered before they are taken in.
        """
        self.r = np.zeros((columns + 1, columns + 1), order="F")
        self.rows = 0
        self.block = block
        self._waiting: list[Float[np.ndarray, "row column"]] = []

    def add(self, rows: Float[np.ndarray, "row column"]) -> None:
        """Take in rows of [A | y]."""
        self._waiting.append(rows)
        self.rows += len(rows)
        if sum(map(len, self._waiting)) >= self.block:
            self.finished()

    def join(self, weight: float, other: "Triangle") -> None:
        """Take in all rows of another triangle, multiplied by a weight.

        Below the diagonal there is nothing to eliminate: a third of the work of as many rows.
        """
        rows = np.asfortranarray(weight * other.finished().r)
        self.finished()._eliminate(rows, len(rows))
        self.rows += other.rows

    def finished(self) -> "Triangle":
        """This triangle, with all rows taken in."""
        if self._waiting:
            rows = np.empty((sum(map(len, self._waiting)), len(self.r)), order="F")
            np.concatenate(self._waiting, out=rows)
            self._waiting = []
            self._eliminate(rows, 0)
        return self

    def _eliminate(self, rows: Float[np.ndarray, "row column"], trapezoid: int) -> None:
        """Take in rows, of which the last `trapezoid` have zeros below the diagonal."""
        self.r, _, _, wrong = TPQRT(
            trapezoid, min(PANEL, len(self.r)), self.r, rows, overwrite_a=True, overwrite_b=True
        )
        assert wrong == 0

    def squares(self, x: Float[np.ndarray, "column choice"]) -> Float[np.ndarray, " choice"]:
        """|A x - y|² for every x, a column each."""
        return ((self.r[:, :-1] @ x - self.r[:, -1:]) ** 2).sum(axis=0)


def joined(parts: Sequence[tuple[float, Triangle]]) -> Triangle:
    """The triangle of all rows of several, those of each multiplied by a weight."""
    whole = Triangle(len(parts[0][1].r) - 1)
    for weight, part in parts:
        whole.join(weight, part)
    return whole
