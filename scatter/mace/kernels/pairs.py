"""What pairs of atoms do in a folded MACE: messages, and the way back to forces.

A register holds as many channels of one pair as fit, a block; a_i and its like are 16 registers
per atom and block, one for each row of `harmonics`. Every sum over the pairs of
an atom is kept in registers and added to memory once, the other atoms' sums in memory, so a pair
of an atom with its own image is counted right.
"""

from collections.abc import Callable
from typing import Any

from scatter.kernels.intrinsics import written
from scatter.kernels.vectors import Integer, Local, Memory, Vector, Writer
from scatter.mace.kernels.harmonics import DEGREES, ROWS, SLOPES, rows
from scatter.mace.kernels.tiles import Pair
from scatter.mace.kernels.vector_formulas import dot


def _directed(
    w: Writer,
    spline: Callable[[Memory], list[Vector]],
    table: Memory,
    own: Integer,
    other: Integer,
) -> tuple[list[Any], list[Any]]:
    """T_l, or T_l', into the first atom of a pair and into the second; the same for like atoms."""
    into_own = spline(table.at(own))
    into_other = [w.local(value) for value in into_own]
    with w.unless_equal(own, other):
        for local, value in zip(into_other, spline(table.at(other)), strict=True):
            local.value = value
    return into_own, [_odd(degree, local.value) for degree, local in enumerate(into_other)]


def _odd(degree: int, vector: Vector) -> Vector:
    """The opposite direction: p_lm(-n) = (-1)^l p_lm(n)."""
    return -vector if degree % 2 else vector


def _deliver(
    w: Writer, y: list[Vector], into_own: list[Vector], into_other: list[Vector],
    own: list[Local], there: Memory,
) -> None:  # fmt: skip
    for degree in DEGREES:
        for row in rows(degree):
            own[row].value = w.fma(into_own[degree], y[row], own[row].value)
            there[row] = w.fma(into_other[degree], y[row], there[row])


def _zeros(w: Writer, count: int) -> list[Local]:
    return [w.local(w.vector(0.0)) for _ in range(count)]


def _add(target: Memory, sums: list[Local]) -> None:
    for row, local in enumerate(sums):
        target[row] = target[row] + local.value


@written
def messages_1(
    w: Writer, a: Memory, atom: Integer, tiles: Memory, second: Memory,
    table: Memory, into_own: Memory, into_other: Memory, start: Integer, stop: Integer,
) -> None:  # fmt: skip
    """a_i += Σ T_l(r) p_lm over the pairs `start` to `stop` of an atom i, and the same for j.

    Args:
        w: writes the instructions.
        a: of one block.
        atom: i.
        tiles: geometry.
        second: j of each pair.
        table: T of one block.
        into_own: where in it T for i begins at the pair's knot.
        into_other: the same for j.
        start: first pair.
        stop: pair after the last.
    """
    size = ROWS * w.lanes
    own = _zeros(w, ROWS)
    with w.loop(start, stop) as index:
        pair = Pair(w, tiles, index)
        both = into_own.integer(index), into_other.integer(index)
        here, there = _directed(w, pair.radial, table, *both)
        _deliver(w, pair.harmonics(), here, there, own, a.at(second.integer(index) * size))
    _add(a.at(atom * size), own)


@written
def messages_2(
    w: Writer, m: Memory, g: Memory, channels: Integer, atom: Integer, tiles: Memory,
    second: Memory, table: Memory, into_both: Memory, start: Integer, stop: Integer,
) -> None:  # fmt: skip
    """m_i += Σ R_l(r) g_j p_lm over the pairs of an atom i, and the same for j.

    Args:
        w: writes the instructions.
        m: of one block.
        g: what the atoms send, from this block on; one atom's are `channels` after another's.
        channels: their number.
        atom: i.
        tiles: geometry.
        second: j of each pair.
        table: R of one block.
        into_both: where in it R begins at the pair's knot.
        start: first pair.
        stop: pair after the last.
    """
    size = ROWS * w.lanes
    own = _zeros(w, ROWS)
    g_i = g.at(atom * channels)[0]
    with w.loop(start, stop) as index:
        pair, j = Pair(w, tiles, index), second.integer(index)
        radial = pair.radial(table.at(into_both.integer(index)))
        g_j = g.at(j * channels)[0]
        here = [value * g_j for value in radial]
        there = [_odd(degree, value * g_i) for degree, value in enumerate(radial)]
        _deliver(w, pair.harmonics(), here, there, own, m.at(j * size))
    _add(m.at(atom * size), own)


def answers(w: Writer, y: list[Vector], bars: Memory) -> list[Vector]:
    """s_l = Σ_m p_lm ā_lm."""
    sums = [bars[0]]
    for degree in DEGREES[1:]:
        first, *others = rows(degree)
        value = y[first] * bars[first]
        for row in others:
            value = w.fma(y[row], bars[row], value)
        sums.append(value)
    return sums


def pull(w: Writer, y: list[Vector], by_row: list[Vector], by_r: Vector, push: Memory) -> None:
    """Add dE/dr and dE/dn of a pair, summed over channels, to its four numbers in `push`.

    Args:
        w: writes the instructions.
        y: the p_lm, and q.
        by_row: dE/dp_lm of every channel.
        by_r: dE/dr of every channel.
        push: written.
    """
    by_n = [w.vector(0.0) for _ in range(3)]
    for row, axis, slope, sign in SLOPES:
        by_n[axis] = w.fma(by_row[row] if sign > 0 else -by_row[row], y[slope], by_n[axis])
    push.add(0, w.sums(by_r, *by_n))


def _by_row(
    w: Writer, here: list[Vector], mine: Memory, there: list[Vector], theirs: Memory
) -> list[Vector]:
    """dE/dp_lm of a pair, from both of its atoms."""
    return [
        w.fma(here[degree], mine[row], there[degree] * theirs[row])
        for degree in DEGREES
        for row in rows(degree)
    ]


def signed(vectors: list[Vector]) -> list[Vector]:
    """Vectors for each l, as the other atom of the pair has them."""
    return [_odd(degree, vector) for degree, vector in enumerate(vectors)]


@written
def forces_1(
    w: Writer, bars: Memory, atom: Integer, tiles: Memory, second: Memory, table: Memory,
    slope_table: Memory, into_own: Memory, into_other: Memory, push: Memory,
    start: Integer, stop: Integer,
) -> None:  # fmt: skip
    """The way back through `messages_1`: dE/dr and dE/dn of the pairs of an atom.

    dE/dr = Σ_l T_l' (s_l of i) + (the same of j),  dE/dp_lm = T_l ā_ilm + (the same of j)

    Args:
        w: writes the instructions.
        bars: ā = dE/da of one block.
        atom: i.
        tiles: geometry.
        second: j of each pair.
        table: T of one block.
        slope_table: T' of one block.
        into_own: see `messages_1`.
        into_other: see `messages_1`.
        push: dE/dr and dE/dn, four numbers a pair; added to.
        start: first pair.
        stop: pair after the last.
    """
    size = ROWS * w.lanes
    mine = bars.at(atom * size)
    with w.loop(start, stop) as index:
        pair = Pair(w, tiles, index)
        y, theirs = pair.harmonics(), bars.at(second.integer(index) * size)
        both = into_own.integer(index), into_other.integer(index)
        here, there = _directed(w, pair.radial, table, *both)
        here_slope, there_slope = _directed(w, pair.slopes, slope_table, *both)
        by_r = dot(w, here_slope, answers(w, y, mine))
        by_r = dot(w, there_slope, answers(w, y, theirs), by_r)
        by_row = _by_row(w, here, mine, there, theirs)
        pull(w, y, by_row, by_r, push.at(index * 4))


def _back_through_messages_2(
    w: Writer, g_bars: Memory, g: Memory, channels: Integer, bars: Memory, atom: Integer,
    tiles: Memory, second: Memory, table: Memory, slope_table: Memory, into_both: Memory,
    push: Memory | None, start: Integer, stop: Integer,
) -> None:  # fmt: skip
    size = ROWS * w.lanes
    mine, g_i = bars.at(atom * size), g.at(atom * channels)[0]
    g_bar_i = w.local(w.vector(0.0))
    with w.loop(start, stop) as index:
        pair, j = Pair(w, tiles, index), second.integer(index)
        y, theirs, where = pair.harmonics(), bars.at(j * size), into_both.integer(index)
        radial = pair.radial(table.at(where))
        to_i, to_j = answers(w, y, mine), signed(answers(w, y, theirs))
        g_bar_j = g_bars.at(j * channels)
        g_bar_j[0] = dot(w, radial, to_i, g_bar_j[0])
        g_bar_i.value = dot(w, radial, to_j, g_bar_i.value)
        if push is not None:
            g_j = g.at(j * channels)[0]
            slopes = pair.slopes(slope_table.at(where))
            both = [w.fma(g_j, a, g_i * b) for a, b in zip(to_i, to_j, strict=True)]
            here = [value * g_j for value in radial]
            there = signed([value * g_i for value in radial])
            by_row = _by_row(w, here, mine, there, theirs)
            pull(w, y, by_row, dot(w, slopes, both), push.at(index * 4))
    g_bar = g_bars.at(atom * channels)
    g_bar[0] = g_bar[0] + g_bar_i.value


@written
def forces_2(
    w: Writer, g_bars: Memory, g: Memory, channels: Integer, bars: Memory, atom: Integer,
    tiles: Memory, second: Memory, table: Memory, slope_table: Memory, into_both: Memory,
    push: Memory, start: Integer, stop: Integer,
) -> None:  # fmt: skip
    """The way back through `messages_2`: dE/dg of the atoms, dE/dr and dE/dn of the pairs.

    With s_l = Σ_m p_lm m̄_lm of the receiver:  ḡ_j += Σ_l R_l s_l,  dE/dr = Σ_l R_l' g_j s_l,
    dE/dp_lm = R_l g_j m̄_lm, and the same the other way.

    Args:
        w: writes the instructions.
        g_bars: ḡ, from this block on; added to.
        g: see `messages_2`.
        channels: see `messages_2`.
        bars: m̄ = dE/dm of one block.
        atom: i.
        tiles: geometry.
        second: j of each pair.
        table: R of one block.
        slope_table: R' of one block.
        into_both: see `messages_2`.
        push: dE/dr and dE/dn, four numbers a pair; added to.
        start: first pair.
        stop: pair after the last.
    """
    _back_through_messages_2(
        w, g_bars, g, channels, bars, atom, tiles, second, table, slope_table, into_both, push,
        start, stop,
    )  # fmt: skip


@written
def returns_2(
    w: Writer, g_bars: Memory, g: Memory, channels: Integer, bars: Memory, atom: Integer,
    tiles: Memory, second: Memory, table: Memory, into_both: Memory,
    start: Integer, stop: Integer,
) -> None:  # fmt: skip
    """What `forces_2` does for pairs of frozen atoms, which need no forces."""
    _back_through_messages_2(
        w, g_bars, g, channels, bars, atom, tiles, second, table, table, into_both, None,
        start, stop,
    )  # fmt: skip
