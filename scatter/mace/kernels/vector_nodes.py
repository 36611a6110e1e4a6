"""What atoms do in a folded MACE that sends vectors: scalars and vectors of features, mixing."""

from scatter.kernels.intrinsics import written
from scatter.kernels.vectors import Integer, Memory, Vector, Writer
from scatter.mace.kernels.couplings import PATHS, STARTS
from scatter.mace.kernels.harmonics import ROWS, rows
from scatter.mace.kernels.vector_formulas import Back, Features

GROUPS = (range(0, 7), range(7, 10))  # paths whose messages fit in registers together


class Weights:
    """The weights of one block, loaded where they are used."""

    def __init__(self, memory: Memory, channels: Integer):
        self.memory, self.channels = memory, channels

    def __getitem__(self, place: int) -> Vector:
        return self.memory.at(self.channels * place)[0]


def _features(w: Writer, a: Memory, beta: Memory, gamma: Memory, channels: Integer) -> Features:
    return Features(w, a, Weights(beta, channels), Weights(gamma, channels))


@written
def product_v(
    w: Writer, out: Memory, a: Memory, beta: Memory, gamma: Memory, channels: Integer
) -> None:
    """B and V of one block.

    Args:
        w: writes the instructions.
        out: B, and V's components each `channels` after what is before it; written.
        a: the 16 rows.
        beta: weights of B of this block; one invariant's are `channels` after another's.
        gamma: weights of V, likewise.
        channels: their number.
    """
    features = _features(w, a, beta, gamma, channels)
    for place, value in enumerate([features.scalar(), *features.vector()]):
        out.at(channels * place)[0] = value


@written
def product_v_back(
    w: Writer, a: Memory, beta: Memory, gamma: Memory, channels: Integer, bar: Memory
) -> None:
    """ā = B̄ ∂B/∂a + V̄ ∂V/∂a, written over a; see `product_v`, whose `out` is as `bar`."""
    back = Back(_features(w, a, beta, gamma, channels))
    by, *by_vector = (bar.at(channels * place)[0] for place in range(4))
    back.through_scalar(by)
    back.through_vector(by_vector)
    for row, value in enumerate(back.features()):
        a[row] = value


@written
def mix_paths(
    w: Writer,
    out: Memory,
    m: Memory,
    matrix: Memory,
    blocks: Integer,
    stride: Integer,
    width: Integer,
) -> None:
    """out_lc = Σ_paths Σ_k m_path,k M_path,kc for one block of c.

    Args:
        w: writes the instructions.
        out: the 16 rows of the block; written.
        m: the 40 rows of messages of one atom; one block's are `stride` after another's.
        matrix: M from this block of c on, shape (path, width, width).
        blocks: number of blocks of k.
        stride: see `m`.
        width: number of channels.
    """
    sums = [w.local(w.vector(0.0)) for _ in range(ROWS)]
    with w.loop(blocks * 0, blocks) as block, w.loop(blocks * 0, blocks * 0 + w.lanes) as lane:
        column = m.at(block * stride + lane)
        line = (block * w.lanes + lane) * width
        for path, (_, _, degree) in enumerate(PATHS):
            weight = matrix.at(line + width * width * path)[0]
            for component, row in enumerate(rows(degree)):
                value = column.each((STARTS[path] + component) * w.lanes)
                sums[row].value = w.fma(weight, value, sums[row].value)
    for row, local in enumerate(sums):
        out[row] = local.value


@written
def mix_paths_back(
    w: Writer,
    out: Memory,
    a: Memory,
    matrix: Memory,
    blocks: Integer,
    stride: Integer,
    width: Integer,
) -> None:
    """out_path,c = Σ_k a_lk M_path,kc for one block of c, M being transposed; see `mix_paths`."""
    for group in GROUPS:
        begin = STARTS[group[0]]
        sums = [w.local(w.vector(0.0)) for _ in range(begin, STARTS[group[-1] + 1])]
        with w.loop(blocks * 0, blocks) as block, w.loop(blocks * 0, blocks * 0 + w.lanes) as lane:
            column = a.at(block * stride + lane)
            line = (block * w.lanes + lane) * width
            for path in group:
                weight = matrix.at(line + width * width * path)[0]
                for component, row in enumerate(rows(PATHS[path][2])):
                    local = sums[STARTS[path] + component - begin]
                    local.value = w.fma(weight, column.each(row * w.lanes), local.value)
        for place, local in enumerate(sums, begin):
            out[place] = local.value
