"""What a linear ACE has for each pair of atoms: radial functions, their slopes, and harmonics.

A tile is as many pairs of one environment as a register has lanes, one pair in each lane.
"""

from scatter.ace.kernels.harmonics import polynomials
from scatter.ace.kernels.layout import Layout
from scatter.kernels.intrinsics import written
from scatter.kernels.splines import DEGREE, spline_pieces
from scatter.kernels.vectors import Integer, Memory, Vector, Writer

WEIGHTS = DEGREE + 1  # coefficients that a spline has at any place


def _dot(w: Writer, one: list[Vector], other: list[Vector]) -> Vector:
    value = one[0] * other[0]
    for a, b in zip(one[1:], other[1:], strict=True):
        value = w.fma(a, b, value)
    return value


def _directions(
    w: Writer,
    target: Memory,
    apart: Memory,
    knots: Memory,
    weights: Memory,
    grid: Memory,
    layout: Layout,
) -> None:
    """n, 1/r and p_lm of a tile; its knots, and the weights of values and of slopes there."""
    x, y, z = apart[0], apart[1], apart[2]
    square = w.fma(x, x, w.fma(y, y, z * z))
    inverse = w.vector(1.0) / w.sqrt(square)
    place = w.least(square * inverse * grid.each(0), grid.each(1))
    integers, below = w.whole_part(place)
    u = place - below
    knots[0] = integers
    for j, piece in enumerate(spline_pieces(DEGREE)):
        weights[j] = w.polynomial(u, piece.coef.tolist())
        if layout.slopes:
            weights[WEIGHTS + j] = w.polynomial(u, piece.deriv().coef.tolist()) * grid.each(0)
    x, y, z = x * inverse, y * inverse, z * inverse
    numbers = [*polynomials(x, y, z, layout.degree)[1:], x, y, z, inverse]
    for row, value in enumerate(numbers, layout.harmonics + 1):
        target[row] = value


def _columns(
    w: Writer,
    target: Memory,
    knots: Memory,
    weights: Memory,
    table: Memory,
    start: Integer,
    layout: Layout,
) -> None:
    """The columns of a tile and their slopes: a pair at a time, then a column at a time."""
    blocks = -(-layout.columns // w.lanes)
    for block in range(blocks):
        columns: list[list[Vector]] = [[], []] if layout.slopes else [[]]
        for lane in range(w.lanes):
            knot = knots.integer(start * 0 + lane)
            here = table.at(knot * (blocks * w.lanes) + start).at(block * w.lanes)
            coefficients = [here[j * blocks] for j in range(WEIGHTS)]
            for k, vectors in enumerate(columns):
                first = (k * WEIGHTS) * w.lanes + lane
                each = [weights.each(first + j * w.lanes) for j in range(WEIGHTS)]
                vectors.append(_dot(w, coefficients, each))
        for k, vectors in enumerate(columns):
            kept = layout.columns - block * w.lanes
            for column, value in enumerate(w.transposed(vectors)[:kept], block * w.lanes):
                target[k * layout.columns + column] = value


@written
def describe(
    w: Writer,
    tiles: Memory,
    apart: Memory,
    knots: Memory,
    weights: Memory,
    table: Memory,
    grid: Memory,
    shapes: dict[str, tuple[int, ...]],
    pair: Integer,
    start: Integer,
    stop: Integer,
    ahead: Integer,
) -> None:
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
