"""What the pairs and atoms of a structure add to the gradient by the weights; see `gradient`."""

from itertools import accumulate
from typing import Any

from scatter.kernels.intrinsics import written
from scatter.kernels.vectors import Integer, Memory, Vector, Writer
from scatter.mace.kernels import nodes, pairs
from scatter.mace.kernels.couplings import PATHS, SCALAR_PATHS, Triple
from scatter.mace.kernels.harmonics import ROWS, rows
from scatter.mace.kernels.message_formulas import SENT, Way, along
from scatter.mace.kernels.tiles import Pair
from scatter.mace.kernels.vector_formulas import Features, dot
from scatter.mace.kernels.vector_pairs import Sent, signed


@written
def tables_1(
    w: Writer,
    bars: Memory,
    atom: Integer,
    tiles: Memory,
    second: Memory,
    gradient: Memory,
    into_own: Memory,
    into_other: Memory,
    start: Integer,
    stop: Integer,
) -> None:
    """T̄_l += s_l of atom i, and the same for j; see `mace_pairs.forces_1`."""
    size = ROWS * w.lanes
    mine = bars.at(atom * size)
    with w.loop(start, stop) as index:
        pair = Pair(w, tiles, index)
        y, theirs = pair.harmonics(), bars.at(second.integer(index) * size)
        pair.spread(gradient.at(into_own.integer(index)), pairs.answers(w, y, mine))
        theirs_to = pairs.signed(pairs.answers(w, y, theirs))
        pair.spread(gradient.at(into_other.integer(index)), theirs_to)


def _tables_2_of(paths: tuple[Triple, ...]) -> Any:
    """Where messages take these paths."""
    starts = _starts(paths)
    count = 1 + max(path[0] for path in paths) * 3

    def answers_to(w: Writer, place: int, y: list[Vector], bars: Memory) -> list[Vector]:
        own = [bars[row] for row in range(starts[place], starts[place + 1])]
        return Way(w, paths[place], y, own).answers()

    @written
    def tables_2(
        w: Writer, g: Memory, channels: Integer, bars: Memory, atom: Integer, tiles: Memory,
        second: Memory, gradient: Memory, into_both: Memory, start: Integer, stop: Integer,
    ) -> None:  # fmt: skip
        """R̄ += x_j s(i) + x_i s(j) of each path; see `vector_pairs.vector_forces_2`."""
        size = starts[-1] * w.lanes
        mine, from_i = bars.at(atom * size), Sent(g, channels, atom, count).values()
        with w.loop(start, stop) as index:
            pair, j, bars_of = Pair(w, tiles, index), second.integer(index), []
            y, theirs, from_j = pair.harmonics(), bars.at(j * size), Sent(g, channels, j, count)
            for place, path in enumerate(paths):
                to_j = [signed(path, each) for each in answers_to(w, place, y, theirs)]
                there = dot(w, along(path, from_i), to_j)
                to_i = answers_to(w, place, y, mine)
                bars_of.append(dot(w, along(path, from_j.values()), to_i, there))
            pair.spread(gradient.at(into_both.integer(index)), bars_of)

    return tables_2


def _mix_weights_of(paths: tuple[Triple, ...]) -> Any:
    """Where messages take these paths."""
    starts = _starts(paths)

    @written
    def mix_weights(
        w: Writer, gradient: Memory, m: Memory, bar: Memory, blocks: Integer, stride: Integer,
        width: Integer,
    ) -> None:  # fmt: skip
        """M̄_path,kc += Σ_m m_path,mk bar_lmc for one block of c; see `vector_nodes.mix_paths`."""
        with w.loop(blocks * 0, blocks) as block, w.loop(blocks * 0, blocks * 0 + w.lanes) as lane:
            column = m.at(block * stride + lane)
            line = (block * w.lanes + lane) * width
            for place, (_, _, degree) in enumerate(paths):
                target = gradient.at(line + width * width * place)
                value = target[0]
                for row, own in zip(
                    rows(degree), range(starts[place], starts[place + 1]), strict=True
                ):
                    value = w.fma(bar[row], column.each(own * w.lanes), value)
                target[0] = value

    return mix_weights


def _starts(paths: tuple[Triple, ...]) -> list[int]:
    """Where the rows of each path's messages begin; one more at the end."""
    return [0, *accumulate(2 * degree + 1 for _, _, degree in paths)]


scalar_tables_2, vector_tables_2 = _tables_2_of(SCALAR_PATHS), _tables_2_of(PATHS)
scalar_mix_weights, vector_mix_weights = _mix_weights_of(SCALAR_PATHS), _mix_weights_of(PATHS)


def _add_invariants(
    w: Writer, gradient: Memory, a: Memory, bar: Memory, channels: Integer, cubic: bool
) -> None:
    by: Vector = bar[0]
    for place, invariant in enumerate(nodes.invariants(w, a, cubic)):
        target = gradient.at(channels * place)
        target[0] = w.fma(by, invariant, target[0])


@written
def product_2_weights(
    w: Writer, gradient: Memory, a: Memory, bar: Memory, channels: Integer
) -> None:
    """β̄_t += B̄ I_t(a) of one block; see `mace_nodes.product_2`."""
    _add_invariants(w, gradient, a, bar, channels, cubic=False)


@written
def product_3_weights(
    w: Writer, gradient: Memory, a: Memory, bar: Memory, channels: Integer
) -> None:
    """β̄_t += B̄ I_t(a) of one block; see `mace_nodes.product_3`."""
    _add_invariants(w, gradient, a, bar, channels, cubic=True)


@written
def product_v_weights(
    w: Writer, gradient: Memory, a: Memory, bar: Memory, channels: Integer
) -> None:
    """γ̄_t += V̄ · V_t(a) of one block; see `vector_nodes.product_v`, whose `out` is as `bar`."""
    by = [bar.at(channels * place)[0] for place in range(1, SENT)]
    for place, covariant in enumerate(Features(w, a, None, None).covariants()):
        target = gradient.at(channels * place)
        target[0] = dot(w, by, covariant, target[0])
