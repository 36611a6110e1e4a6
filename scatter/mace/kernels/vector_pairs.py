"""What pairs of atoms do in a folded MACE that sends vectors: messages of layer 2, and back.

An atom sends four registers of a block: a scalar g and the components of a vector G. Its messages
are 40, the components of all paths of `couplings`, one after another.
"""

from scatter.kernels.intrinsics import written
from scatter.kernels.kinds import has, of_kind
from scatter.kernels.vectors import Integer, Local, Memory, Vector, Writer
from scatter.mace.kernels import pairs
from scatter.mace.kernels.couplings import MESSAGE_ROWS, PATHS, STARTS, Triple
from scatter.mace.kernels.harmonics import ROWS, rows
from scatter.mace.kernels.message_formulas import SENT, Way, along, message
from scatter.mace.kernels.tiles import Pair
from scatter.mace.kernels.vector_formulas import dot

COUNT = len(PATHS)


class Sent:
    """What an atom sends, or its derivative, in one block."""

    def __init__(self, memory: Memory, channels: Integer, atom: Integer, count: int = SENT):
        start = atom * count
        self.places = [memory.at((start + n) * channels) for n in range(count)]

    def values(self) -> list[Vector]:
        """Its four registers."""
        return [place[0] for place in self.places]

    def add(self, path: Triple, factor: Vector, values: list[Vector]) -> None:
        """Add to the registers that are sent along a path."""
        for place, value in zip(self.of(path), values, strict=True):
            place[0] = value.writer.fma(factor, value, place[0])

    def of(self, path: Triple) -> list[Memory]:
        """Where what is sent along a path stands."""
        return self.places[1:] if path[0] else self.places[:1]


def signed(path: Triple, vector: Vector) -> Vector:
    """The other direction: p_lm(-n) = (-1)^l p_lm(n)."""
    return -vector if path[1] % 2 else vector


@written
def vector_messages_2(
    w: Writer,
    m: Memory,
    g: Memory,
    channels: Integer,
    atom: Integer,
    tiles: Memory,
    second: Memory,
    table: Memory,
    into_both: Memory,
    start: Integer,
    stop: Integer,
) -> None:
    """m_i += Σ R_path(r) [x_j p] over the pairs of an atom i, and the same for j.

    Args:
        w: writes the instructions.
        m: of one block.
        g: what the atoms send, from this block on; registers of an atom are `channels` apart.
        channels: their number.
        atom: i.
        tiles: geometry.
        second: j of each pair.
        table: R of one block.
        into_both: where in it R begins at the pair's knot.
        start: first pair.
        stop: pair after the last.
    """
    size = MESSAGE_ROWS * w.lanes
    own = [w.local(w.vector(0.0)) for _ in range(MESSAGE_ROWS)]
    from_i = Sent(g, channels, atom).values()
    with w.loop(start, stop) as index:
        pair, j = Pair(w, tiles, index), second.integer(index)
        y, here, there = pair.harmonics(), table.at(into_both.integer(index)), m.at(j * size)
        from_j = Sent(g, channels, j).values()
        for place, path in enumerate(PATHS):
            radial = pair.value(here, place, COUNT)
            to_i = [radial * value for value in along(path, from_j)]
            other = signed(path, radial)
            to_j = [other * value for value in along(path, from_i)]
            _deliver(w, place, message(w, path, to_i, y), message(w, path, to_j, y), own, there)
    mine = m.at(atom * size)
    for row, local in enumerate(own):
        mine[row] = mine[row] + local.value


def _deliver(
    w: Writer, place: int, to_i: list[Vector], to_j: list[Vector], own: list[Local], there: Memory
) -> None:
    for row, one, other in zip(range(STARTS[place], STARTS[place + 1]), to_i, to_j, strict=True):
        own[row].value = own[row].value + one
        there[row] = there[row] + other


def _bars(place: int, bars: Memory) -> list[Vector]:
    return [bars[row] for row in range(STARTS[place], STARTS[place + 1])]


def _back(
    w: Writer,
    g_bars: Memory,
    g: Memory,
    channels: Integer,
    bars: Memory,
    atom: Integer,
    tiles: Memory,
    second: Memory,
    table: Memory,
    slope_table: Memory,
    into_both: Memory,
    push: Memory | None,
    start: Integer,
    stop: Integer,
) -> None:
    size = MESSAGE_ROWS * w.lanes
    mine, from_i, bars_i = (
        bars.at(atom * size),
        Sent(g, channels, atom),
        Sent(g_bars, channels, atom),
    )
    sent_i = from_i.values()
    with w.loop(start, stop) as index:
        pair, j = Pair(w, tiles, index), second.integer(index)
        y, theirs, knot = pair.harmonics(), bars.at(j * size), into_both.integer(index)
        sent_j, bars_j = Sent(g, channels, j).values(), Sent(g_bars, channels, j)
        by_row, by_r = [w.vector(0.0) for _ in range(ROWS)], w.vector(0.0)
        for place, path in enumerate(PATHS):
            radial = pair.value(table.at(knot), place, COUNT)
            both = (
                (Way(w, path, y, _bars(place, mine)), radial, sent_j, bars_j),
                (Way(w, path, y, _bars(place, theirs)), signed(path, radial), sent_i, bars_i),
            )
            for way, weight, _, its in both:
                its.add(path, weight, way.answers())
            if push is None:
                continue
            slope = pair.slope(slope_table.at(knot), place, COUNT)
            falls = (slope, signed(path, slope))
            for (way, weight, sent, _), fall in zip(both, falls, strict=True):
                these = along(path, sent)
                by_r = w.fma(fall, dot(w, these, way.answers()), by_r)
                found = way.by_harmonics([weight * value for value in these])
                for row, value in zip(rows(path[1]), found, strict=True):
                    by_row[row] = by_row[row] + value
        if push is not None:
            pairs.pull(w, y, by_row, by_r, push.at(index * 4))


@written
def vector_forces_2(
    w: Writer,
    g_bars: Memory,
    g: Memory,
    channels: Integer,
    bars: Memory,
    atom: Integer,
    tiles: Memory,
    second: Memory,
    table: Memory,
    slope_table: Memory,
    into_both: Memory,
    push: Memory,
    start: Integer,
    stop: Integer,
) -> None:
    """The way back through `vector_messages_2`: dE/dx of the atoms, dE/dr and dE/dn of the pairs.

    With s_i = Σ_jk C_ijk p_j m̄_k of the receiver:  x̄_i += R s_i,  dE/dr = R' Σ_i x_i s_i,
    dE/dp_j = R Σ_ik C_ijk x_i m̄_k, and the same the other way; summed over paths.

    Args:
        w: writes the instructions.
        g_bars: the derivatives by what is sent, from this block on; added to.
        g: see `vector_messages_2`.
        channels: see `vector_messages_2`.
        bars: m̄ = dE/dm of one block.
        atom: i.
        tiles: geometry.
        second: j of each pair.
        table: R of one block.
        slope_table: R' of one block.
        into_both: see `vector_messages_2`.
        push: dE/dr and dE/dn, four numbers a pair; added to.
        start: first pair.
        stop: pair after the last.
    """
    _back(
        w,
        g_bars,
        g,
        channels,
        bars,
        atom,
        tiles,
        second,
        table,
        slope_table,
        into_both,
        push,
        start,
        stop,
    )


@written
def vector_returns_2(
    w: Writer,
    g_bars: Memory,
    g: Memory,
    channels: Integer,
    bars: Memory,
    atom: Integer,
    tiles: Memory,
    second: Memory,
    table: Memory,
    into_both: Memory,
    start: Integer,
    stop: Integer,
) -> None:
    """What `vector_forces_2` does for pairs of frozen atoms, which need no forces."""
    _back(
        w,
        g_bars,
        g,
        channels,
        bars,
        atom,
        tiles,
        second,
        table,
        table,
        into_both,
        None,
        start,
        stop,
    )


def _scalar_messages(m, g, i, table, start, stop, weights, s):
    pairs.messages_2(
        m, g, len(weights.energy_1), i, s.tiles, s.second, table, s.into_both, start, stop
    )


def _vector_messages(m, g, i, table, start, stop, weights, s):
    vector_messages_2(
        m, g, len(weights.energy_1), i, s.tiles, s.second, table, s.into_both, start, stop
    )


def _scalar_forces(g_bar, g, m, i, table, slopes, start, stop, weights, s):
    channels, into = len(weights.energy_1), s.into_both
    pairs.forces_2(
        g_bar, g, channels, m, i, s.tiles, s.second, table, slopes, into, s.push, start, stop
    )


def _vector_forces(g_bar, g, m, i, table, slopes, start, stop, weights, s):
    channels, into = len(weights.energy_1), s.into_both
    vector_forces_2(
        g_bar, g, channels, m, i, s.tiles, s.second, table, slopes, into, s.push, start, stop
    )


def _scalar_returns(g_bar, g, m, i, table, start, stop, weights, s):
    channels, into = len(weights.energy_1), s.into_both
    pairs.returns_2(g_bar, g, channels, m, i, s.tiles, s.second, table, into, start, stop)


def _vector_returns(g_bar, g, m, i, table, start, stop, weights, s):
    channels, into = len(weights.energy_1), s.into_both
    vector_returns_2(g_bar, g, channels, m, i, s.tiles, s.second, table, into, start, stop)


@of_kind
def messages(m, g, i, table, start, stop, weights, s):
    """Messages of layer 2 of one block and the pairs of an atom; see `vector_messages_2`."""
    return _vector_messages if has(weights, "product_v") else _scalar_messages


@of_kind
def forces(g_bar, g, m, i, table, slopes, start, stop, weights, s):
    """The way back through them, with forces; see `vector_forces_2`."""
    return _vector_forces if has(weights, "product_v") else _scalar_forces


@of_kind
def returns(g_bar, g, m, i, table, start, stop, weights, s):
    """The way back through them, without; see `vector_returns_2`."""
    return _vector_returns if has(weights, "product_v") else _scalar_returns
