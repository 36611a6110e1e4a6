"""The geometry of pairs in a folded MACE, and the splines of their distances.

Geometry is computed for a tile of as many pairs as a register has lanes, and read back one pair
at a time, in all lanes.
"""

from scatter.kernels.intrinsics import written
from scatter.kernels.splines import DEGREE, spline_pieces
from scatter.kernels.vectors import Integer, Memory, Vector, Writer
from scatter.mace.kernels.harmonics import DEGREES, ROWS, polynomials

# The rows of a tile: p_1 to p_15 and q, the weights of the splines, those of their slopes, 1/r.
WEIGHTS = ROWS
SLOPE_WEIGHTS = WEIGHTS + DEGREE + 1
TILE_ROWS = SLOPE_WEIGHTS + DEGREE + 1


@written
def geometry(
    w: Writer,
    tiles: Memory,
    apart: Memory,
    knots: Memory,
    grid: Memory,
    start: Integer,
    stop: Integer,
) -> None:
    """Fill the tiles `start` to `stop` from the vectors of their pairs.

    Args:
        w: writes the instructions.
        tiles: written.
        apart: x, y and z (Å) of every pair, tile by tile, in double precision always: a vector
            that is rounded first would cost the forces a digit.
        knots: the knot below each r, 32-bit integers; written.
        grid: knots per Å, in double precision.
        start: first tile.
        stop: tile after the last.
    """
    wide = w.wide()
    with w.loop(start, stop) as tile:
        d = apart.of(wide).at(tile * (3 * w.lanes))
        x, y, z = d[0], d[1], d[2]
        square = wide.fma(x, x, wide.fma(y, y, z * z))
        inverse = wide.vector(1.0) / wide.sqrt(square)
        place = square * inverse * grid.of(wide).each(0)
        integers, below = wide.whole_part(place)
        u = w.rounded(place - below)
        numbers = [
            *polynomials(*(w.rounded(component * inverse) for component in (x, y, z))),
            *(w.polynomial(u, piece.coef.tolist()) for piece in spline_pieces(DEGREE)),
            *(w.polynomial(u, piece.coef.tolist()) for piece in spline_pieces(DEGREE - 1)),
            w.rounded(inverse),
        ]
        target = tiles.at(tile * (TILE_ROWS * w.lanes))
        for row, value in enumerate(numbers):
            target[row] = value
        knots.at(tile * w.lanes)[0] = integers


class Pair:
    """One pair in its tile."""

    def __init__(self, w: Writer, tiles: Memory, pair: Integer):
        self.w = w
        tile = pair // w.lanes * (TILE_ROWS * w.lanes)
        self.place = tiles.at(tile + pair % w.lanes)

    def row(self, row: int) -> Vector:
        """One row of the pair's tile, in all lanes."""
        return self.place.each(row * self.w.lanes)

    def harmonics(self) -> list[Vector]:
        """p_0 to p_15, and q."""
        return [self.w.vector(1.0), *(self.row(row) for row in range(ROWS))]

    def radial(self, table: Memory) -> list[Vector]:
        """The splines of the table for all l, at this pair's distance."""
        return self._spline(table, WEIGHTS, DEGREE + 1)

    def slopes(self, table: Memory) -> list[Vector]:
        """The slopes of the splines, from the table of their slopes."""
        return self._spline(table, SLOPE_WEIGHTS, DEGREE)

    def value(self, table: Memory, row: int, count: int) -> Vector:
        """One of the `count` splines of a table, at this pair's distance."""
        return self._one(table, self._weights(WEIGHTS, DEGREE + 1), row, count)

    def slope(self, table: Memory, row: int, count: int) -> Vector:
        """Its slope, from the table of the slopes."""
        return self._one(table, self._weights(SLOPE_WEIGHTS, DEGREE), row, count)

    def spread(self, table: Memory, bars: list[Vector]) -> None:
        """Add to a table what `value` would pick up: the way back from the bars of its splines."""
        weights = self._weights(WEIGHTS, DEGREE + 1)
        for row, bar in enumerate(bars):
            for j, weight in enumerate(weights):
                place = len(bars) * j + row
                table[place] = self.w.fma(weight, bar, table[place])

    def _weights(self, first: int, count: int) -> list[Vector]:
        return [self.row(first + j) for j in range(count)]

    def _spline(self, table: Memory, first: int, count: int) -> list[Vector]:
        weights = self._weights(first, count)
        return [self._one(table, weights, degree, len(DEGREES)) for degree in DEGREES]

    def _one(self, table: Memory, weights: list[Vector], row: int, count: int) -> Vector:
        value = weights[0] * table[row]
        for j, weight in enumerate(weights[1:], 1):
            value = self.w.fma(weight, table[count * j + row], value)
        return value
