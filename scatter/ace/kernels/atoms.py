"""From pairs to the A of an environment, and back from dE/dA to forces."""

from scatter.ace.kernels.harmonics import pull
from scatter.ace.kernels.layout import Layout
from scatter.kernels import vector_bits
from scatter.kernels.intrinsics import written
from scatter.kernels.vectors import Integer, Local, Memory, Vector, Writer


def most_sums() -> int:
    """How many sums leave room for their summands in the registers of this machine."""
    return 26 if vector_bits() == 512 else 10


@written
def gather(
    w: Writer,
    a: Memory,
    tiles: Memory,
    shapes: dict[str, tuple[int, ...]],
    start: Integer,
    stop: Integer,
) -> None:
    """A_nlm += Σ R_n p_lm over the pairs of an environment.

    Args:
        w: writes the instructions.
        a: of the environment; added to.
        tiles: its pairs.
        shapes: see `Layout`.
        start: first tile.
        stop: tile after the last.
    """
    layout, waiting, at = Layout(shapes), [], 0
    for degree, ns in layout.parts(most_sums()):
        sums = [[w.local(w.vector(0.0)) for _ in range(2 * degree + 1)] for _ in ns]
        with w.loop(start, stop) as index:
            _add_products(w, tiles.at(index * (layout.rows * w.lanes)), layout, degree, ns, sums)
        waiting += [local.value for of_n in sums for local in of_n]
        while len(waiting) >= w.lanes:
            a[at] = a[at] + w.totals(waiting[: w.lanes])
            waiting, at = waiting[w.lanes :], at + 1
    if waiting:
        rest = [w.vector(0.0)] * (w.lanes - len(waiting))
        a[at] = a[at] + w.totals(waiting + rest)


def _add_products(
    w: Writer, tile: Memory, layout: Layout, degree: int, ns: range, sums: list[list[Local]]
) -> None:
    y = layout.harmonic(tile, degree) if degree else []
    for n, of_n in zip(ns, sums, strict=True):
        radial = tile[layout.column(degree, n)]
        if degree == 0:
            of_n[0].value = of_n[0].value + radial
        for local, y_lm in zip(of_n, y, strict=False):
            local.value = w.fma(radial, y_lm, local.value)


def _back(
    w: Writer, bars: Memory, tile: Memory, layout: Layout
) -> tuple[list[Vector], list[Vector]]:
    """dE/d of the columns and of the p_lm of a tile, which is all zero for l = 0."""
    by_column = [w.vector(0.0)] * layout.columns
    by_y, at = [w.vector(0.0)], 0
    for degree, count in enumerate(layout.counts):
        y = layout.harmonic(tile, degree) if degree else [w.vector(1.0)]
        of_y = [w.vector(0.0)] * len(y)
        for n in range(count):
            column = layout.column(degree, n)
            radial = tile[column]
            for m, y_lm in enumerate(y):
                bar = bars.each(at)
                by_column[column] = w.fma(bar, y_lm, by_column[column])
                of_y[m] = w.fma(bar, radial, of_y[m])
                at += 1
        by_y += of_y if degree else []
    return by_column, by_y


@written
def give_back(
    w: Writer,
    bars: Memory,
    tiles: Memory,
    own: Memory,
    shapes: dict[str, tuple[int, ...]],
    start: Integer,
    stop: Integer,
) -> None:
    """The way back through `gather`: dE/dd = (dE/dr - n · dE/dn / r) n + (dE/dn) / r of each pair.

    Args:
        w: writes the instructions.
        bars: dE/dA of the environment.
        tiles: its pairs; dE/dd is written over their n.
        own: the sum of all dE/dd, four numbers; added to.
        shapes: see `Layout`.
        start: first tile.
        stop: tile after the last.
    """
    layout = Layout(shapes)
    sums = [w.local(w.vector(0.0)) for _ in range(3)]
    with w.loop(start, stop) as index:
        tile = tiles.at(index * (layout.rows * w.lanes))
        by_column, by_y = _back(w, bars, tile, layout)
        by_r = by_column[0] * tile[layout.columns]
        for column in range(1, layout.columns):
            by_r = w.fma(by_column[column], tile[layout.columns + column], by_r)
        x, y, z, inverse = (tile[layout.direction + k] for k in range(4))
        n = x, y, z
        by_n = pull(x, y, z, by_y) if layout.degree else [w.vector(0.0)] * 3
        along = by_n[0] * n[0]
        for axis in (1, 2):
            along = w.fma(by_n[axis], n[axis], along)
        along = by_r - along * inverse
        for axis, local in enumerate(sums):
            force = w.fma(along, n[axis], inverse * by_n[axis])
            tile[layout.direction + axis] = force
            local.value = local.value + force
    x, y, z = (local.value for local in sums)
    own.add(0, w.sums(x, y, z, z))
