"""What a linear ACE has for each pair of atoms: radial functions, their slopes, and harmonics.

A tile is as many pairs of one environment as a register has lanes, one pair in each lane.
"""

from collections.abc import Iterator

from scatter.kernels.ace_harmonics import polynomials
from scatter.kernels.intrinsics import written
from scatter.kernels.mace_tiles import DEGREE, spline_pieces
from scatter.kernels.vectors import Integer, Memory, Vector, Writer

WEIGHTS = DEGREE + 1  # coefficients that a spline has at any place


class Layout:
    """Which functions there are, known while the kernel is compiled.

    The values of an environment are R_n p_lm summed over its pairs: by l, n and m. The last of
    l = 0 are the φ, whose columns come after those of the R_n. A record says so: for each l it has
    a field "l from n" with the numbers of n and of m as its shape, and a field "pairs".

    Attributes:
        pairs: how many φ there are: that of the energy, and one of the density if there is any.
        counts: how many n (and φ) there are for each l.
        firsts: the first n of each l.
        degree: the largest l.
        columns: the radial functions and the φ.
        values: of one environment.
        rows: of one tile: columns, their slopes, p_lm from l = 1 on, n, 1/r.
    """

    def __init__(self, shapes: dict[str, tuple[int, ...]]):
        (self.pairs,) = shapes["pairs"]
        fields = sorted(
            (*map(int, name.split(" from ")), shape[0])
            for name, shape in shapes.items()
            if name != "pairs"
        )
        self.counts = [count for *_, count in fields]
        self.firsts = [first for _, first, _ in fields]
        self.degree = len(fields) - 1
        self.columns = self.pairs + max(first + count for _, first, count in fields)
        self.counts[0] += self.pairs
        self.values = sum(count * (2 * n + 1) for n, count in enumerate(self.counts))
        self.harmonics = 2 * self.columns - 1  # where the row of p_00 would be
        self.direction = self.harmonics + (self.degree + 1) ** 2
        self.rows = self.direction + 4

    def column(self, degree: int, n: int) -> int:
        """The column of the n-th function of degree l, from 0."""
        left = self.counts[0] - n if degree == 0 else self.pairs + 1
        return self.columns - left if left <= self.pairs else self.firsts[degree] + n

    def harmonic(self, tile: Memory, degree: int) -> list[Vector]:
        """p_lm of one l ≥ 1, for all m."""
        return [tile[self.harmonics + degree**2 + m] for m in range(2 * degree + 1)]

    def parts(self, most: int) -> Iterator[tuple[int, range]]:
        """Degrees, and ranges of n that have no more than `most` values together."""
        for degree, count in enumerate(self.counts):
            step = max(1, most // (2 * degree + 1))
            for first in range(0, count, step):
                yield degree, range(first, min(first + step, count))


def _dot(w: Writer, one: list[Vector], other: list[Vector]) -> Vector:
    value = one[0] * other[0]
    for a, b in zip(one[1:], other[1:], strict=True):
        value = w.fma(a, b, value)
    return value


def _directions(
    w: Writer, target: Memory, apart: Memory, knots: Memory, weights: Memory, grid: Memory,
    layout: Layout,
) -> None:  # fmt: skip
    """n, 1/r and p_lm of a tile; its knots, and the weights of values and slopes there."""
    x, y, z = apart[0], apart[1], apart[2]
    square = w.fma(x, x, w.fma(y, y, z * z))
    inverse = w.vector(1.0) / w.sqrt(square)
    place = w.least(square * inverse * grid.each(0), grid.each(1))
    integers, below = w.whole_part(place)
    u = place - below
    knots[0] = integers
    for j, piece in enumerate(spline_pieces(DEGREE)):
        weights[j] = w.polynomial(u, piece.coef.tolist())
        weights[WEIGHTS + j] = w.polynomial(u, piece.deriv().coef.tolist()) * grid.each(0)
    x, y, z = x * inverse, y * inverse, z * inverse
    found = [*polynomials(x, y, z, layout.degree)[1:], x, y, z, inverse]
    for row, value in enumerate(found, layout.harmonics + 1):
        target[row] = value


def _columns(
    w: Writer, target: Memory, knots: Memory, weights: Memory, table: Memory, start: Integer,
    layout: Layout,
) -> None:  # fmt: skip
    """The columns of a tile and their slopes: a pair at a time, then a column at a time."""
    blocks = -(-layout.columns // w.lanes)
    for block in range(blocks):
        found: tuple[list[Vector], list[Vector]] = [], []
        for lane in range(w.lanes):
            knot = knots.integer(start * 0 + lane)
            here = table.at(knot * (blocks * w.lanes) + start).at(block * w.lanes)
            coefficients = [here[j * blocks] for j in range(WEIGHTS)]
            for k, vectors in enumerate(found):
                first = (k * WEIGHTS) * w.lanes + lane
                each = [weights.each(first + j * w.lanes) for j in range(WEIGHTS)]
                vectors.append(_dot(w, coefficients, each))
        for k, vectors in enumerate(found):
            kept = layout.columns - block * w.lanes
            for column, value in enumerate(w.transposed(vectors)[:kept], block * w.lanes):
                target[k * layout.columns + column] = value


@written
def describe(
    w: Writer, tiles: Memory, apart: Memory, knots: Memory, weights: Memory, table: Memory,
    grid: Memory, shapes: dict[str, tuple[int, ...]], pair: Integer, start: Integer,
    stop: Integer, ahead: Integer,
) -> None:  # fmt: skip
    """Fill tiles of an environment from the vectors of its pairs.

    Args:
        w: writes the instructions.
        tiles: written.
        apart: x, y and z (Å) of every pair, tile by tile.
        knots: of one tile, 32-bit integers; written.
        weights: of one tile; written.
        table: coefficients of splines.
        grid: knots per Å, and the first of the knots beyond all values.
        shapes: see `Layout`.
        pair: where the environment's pair of species begins in the table.
        start: first tile in `apart`.
        stop: tile after the last.
        ahead: how much farther on they are in `tiles`.
    """
    layout = Layout(shapes)
    with w.loop(start, stop) as tile:
        target = tiles.at((tile + ahead) * (layout.rows * w.lanes))
        _directions(w, target, apart.at(tile * (3 * w.lanes)), knots, weights, grid, layout)
        _columns(w, target, knots, weights, table, pair, layout)
