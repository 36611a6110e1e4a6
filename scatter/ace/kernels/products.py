"""The products of a linear ACE, for as many atoms at once as a register has lanes.

The values of an atom are its A, then nodes, each the product of two A. A program writes the energy
as Σ_v value_v (c_v + Σ_k c_vk value_k): products of four are two nodes, those of three a node and
an A, those of two two A or a node alone. Indices count numbers, so they are multiples of the lanes.
"""

from scatter.ace.kernels.layout import Layout
from scatter.kernels.intrinsics import written
from scatter.kernels.vectors import Integer, Memory, Writer

UNROLLED = 4  # terms; so many sums run side by side, for each waits for the one before it


@written
def transpose(
    w: Writer, target: Memory, source: Memory, first: Integer, last: Integer, stride: Integer
) -> None:
    """Write the values `first` to `last` of as many atoms as there are lanes value by value.

    Args:
        w: writes the instructions.
        target: all atoms' first value, then all atoms' second, ...
        source: an atom after another.
        first: a multiple of the lanes, as `last` is.
        last: the value after the last.
        stride: numbers of one atom.
    """
    with w.loop(first, last, step=w.lanes) as value:
        rows = [source.at(stride * lane + value)[0] for lane in range(w.lanes)]
        place = target.at(value * w.lanes)
        for k, vector in enumerate(w.transposed(rows)):
            place[k] = vector


@written
def transpose_back(
    w: Writer, target: Memory, source: Memory, first: Integer, last: Integer, stride: Integer
) -> None:
    """The same the other way."""
    with w.loop(first, last, step=w.lanes) as value:
        place = source.at(value * w.lanes)
        rows = w.transposed([place[k] for k in range(w.lanes)])
        for lane, vector in enumerate(rows):
            target.at(stride * lane + value)[0] = vector


@written
def multiply(
    w: Writer,
    values: Memory,
    one: Memory,
    other: Memory,
    start: Integer,
    stop: Integer,
    ahead: Integer,
) -> None:
    """Compute the nodes `start` to `stop`.

    Args:
        w: writes the instructions.
        values: of the atoms; read and written.
        one: a value of each node.
        other: the other.
        start: first node.
        stop: node after the last.
        ahead: the place of a node among the values, less its number.
    """
    with w.loop(start, stop) as node:
        product = values.at(one.integer(node))[0] * values.at(other.integer(node))[0]
        values.at((node + ahead) * w.lanes)[0] = product


@written
def multiply_back(
    w: Writer,
    bars: Memory,
    values: Memory,
    one: Memory,
    other: Memory,
    start: Integer,
    stop: Integer,
    ahead: Integer,
) -> None:
    """The way back through `multiply`: from dE/d of the nodes to that of their factors, added."""
    with w.loop(start, stop) as node:
        bar = bars.at((node + ahead) * w.lanes)[0]
        here, there = one.integer(node), other.integer(node)
        for target, factor in ((here, there), (there, here)):
            place = bars.at(target)
            place[0] = w.fma(bar, values.at(factor)[0], place[0])


@written
def evaluate(
    w: Writer,
    energy: Memory,
    bars: Memory,
    values: Memory,
    value: Memory,
    constant: Memory,
    term_start: Memory,
    term: Memory,
    coefficient: Memory,
    shapes: dict[str, tuple[int, ...]],
    start: Integer,
    stop: Integer,
) -> None:
    """Add the energies of atoms, and where forces are wanted their slopes by the values.

    Args:
        w: writes the instructions.
        energy: of each atom; added to.
        bars: dE/d of the values; added to.
        values: of the atoms.
        value: the value that each row multiplies.
        constant: c_v of each row.
        term_start: where the terms of a row begin; there are a multiple of `UNROLLED`.
        term: the value k of each term.
        coefficient: c_vk of each term.
        shapes: see `Layout`.
        start: first row.
        stop: row after the last.
    """
    total, slopes = w.local(energy[0]), Layout(shapes).slopes
    with w.loop(start, stop) as row:
        place = value.integer(row)
        factor = values.at(place)[0]
        sums = [w.local(w.vector(0.0)) for _ in range(UNROLLED)]
        with w.loop(term_start.integer(row), term_start.integer(row + 1), UNROLLED) as first:
            for k, local in enumerate(sums):
                index, c = term.integer(first + k), coefficient.at(first).each(k)
                local.value = w.fma(c, values.at(index)[0], local.value)
                if slopes:
                    bars.at(index)[0] = w.fma(c, factor, bars.at(index)[0])
        a, b, c, d = (local.value for local in sums)
        slope = (a + b) + (c + d) + constant.at(row).each(0)
        total.value = w.fma(factor, slope, total.value)
        if slopes:
            bars.at(place)[0] = bars.at(place)[0] + slope
    energy[0] = total.value


@written
def add_scaled(
    w: Writer, bars: Memory, others: Memory, slope: Memory, start: Integer, stop: Integer
) -> None:
    """Add dE/dρ dρ/d of the values `start` to `stop`."""
    factor = slope[0]
    with w.loop(start, stop) as value:
        here = bars.at(value * w.lanes)
        here[0] = w.fma(factor, others.at(value * w.lanes)[0], here[0])
