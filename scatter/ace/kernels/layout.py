"""Where the numbers of a linear ACE are: what an atom has of its neighbours of one species.

NumPy is not needed, nor numba, so that this serves wherever a model is opened.
"""

from collections.abc import Iterator
from typing import Any

ALONE = "energies alone"


class Layout:
    """Which functions there are, known while the kernel is compiled.

    The values of an environment are R_n p_lm summed over its pairs: by l, n and m. The last of
    l = 0 are the φ, whose columns come after those of the R_n. A record says so: for each l it has
    a field "l from n" with the numbers of n and of m as its shape, and a field "pairs". One called
    "energies alone" says that nothing is differentiated.

    Attributes:
        pairs: how many φ there are: that of the energy, and one of the density if there is any.
        counts: how many n (and φ) there are for each l.
        firsts: the first n of each l.
        degree: the largest l.
        columns: the radial functions and the φ.
        values: of one environment.
        slopes: whether forces are wanted.
        rows: of one tile: columns, their slopes where wanted, p_lm from l = 1 on, n, 1/r.
    """

    def __init__(self, shapes: dict[str, tuple[int, ...]]):
        (self.pairs,), self.slopes = shapes["pairs"], ALONE not in shapes
        fields = sorted(
            (*map(int, name.split(" from ")), shape[0])
            for name, shape in shapes.items()
            if name not in ("pairs", ALONE)
        )
        self.counts = [count for *_, count in fields]
        self.firsts = [first for _, first, _ in fields]
        self.degree = len(fields) - 1
        self.columns = self.pairs + max(first + count for _, first, count in fields)
        self.counts[0] += self.pairs
        self.values = sum(count * (2 * n + 1) for n, count in enumerate(self.counts))
        self.harmonics = (1 + self.slopes) * self.columns - 1  # where the row of p_00 would be
        self.direction = self.harmonics + (self.degree + 1) ** 2
        self.rows = self.direction + 4

    def column(self, degree: int, n: int) -> int:
        """The column of the n-th function of degree l, from 0."""
        left = self.counts[0] - n if degree == 0 else self.pairs + 1
        return self.columns - left if left <= self.pairs else self.firsts[degree] + n

    def harmonic(self, tile: Any, degree: int) -> list[Any]:
        """p_lm of one l ≥ 1, for all m."""
        return [tile[self.harmonics + degree**2 + m] for m in range(2 * degree + 1)]

    def parts(self, most: int) -> Iterator[tuple[int, range]]:
        """Degrees, and ranges of n that have no more than `most` values together."""
        for degree, count in enumerate(self.counts):
            step = max(1, most // (2 * degree + 1))
            for first in range(0, count, step):
                yield degree, range(first, min(first + step, count))
