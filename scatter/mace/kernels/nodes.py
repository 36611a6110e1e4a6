"""What atoms do in a folded MACE: invariants, the mixing of channels, the readout, and back."""

from collections.abc import Iterator

from scatter.kernels.intrinsics import written
from scatter.kernels.vectors import Integer, Memory, Vector, Writer
from scatter.mace.kernels.harmonics import DEGREES, NORMS, ROWS, TRIPLES, monomials, rows

CUBIC = [monomials(triple) for triple in TRIPLES]
FIRST_CUBIC = 1 + len(DEGREES)


def _square(w: Writer, a: list[Vector], degree: int) -> Vector:
    """I_ll = Σ_m c_lm² a_lm²."""
    value = w.vector(0.0)
    for row in rows(degree):
        value = w.fma(float(NORMS[row] ** 2), a[row] * a[row], value)
    return value


def invariants(w: Writer, a: Memory, cubic: bool) -> Iterator[Vector]:
    """I_t(a) of one block, in the order of the weights β_t."""
    a_lm = _of_rows(w, a)
    yield a_lm[0]
    for degree in DEGREES:
        yield _square(w, a_lm, degree)
    for polynomial in CUBIC if cubic else []:
        value = w.vector(0.0)
        for (i, j, k), factor in polynomial.items():
            value = w.fma(a_lm[i] * a_lm[j] * factor, a_lm[k], value)
        yield value


def _of_rows(w: Writer, a: Memory) -> list[Vector]:
    return [a[row] for row in range(ROWS)]


def _product(
    w: Writer, out: Memory, a: Memory, beta: Memory, channels: Integer, cubic: bool
) -> None:
    value = w.vector(0.0)
    for place, invariant in enumerate(invariants(w, a, cubic)):
        value = w.fma(beta.at(channels * place)[0], invariant, value)
    out[0] = value


def _product_back(
    w: Writer, a: Memory, beta: Memory, channels: Integer, bar: Memory, cubic: bool
) -> None:
    a_lm, by = _of_rows(w, a), bar[0]
    slopes = [by * beta[0], *(w.vector(0.0) for _ in range(ROWS - 1))]
    for degree in DEGREES:
        weight = by * beta.at(channels * (1 + degree))[0]
        for row in rows(degree):
            slopes[row] = w.fma(weight * float(2 * NORMS[row] ** 2), a_lm[row], slopes[row])
    for place, polynomial in enumerate(CUBIC if cubic else [], FIRST_CUBIC):
        weight = by * beta.at(channels * place)[0]
        for row, slope in _gradient(w, a_lm, polynomial).items():
            slopes[row] = w.fma(weight, slope, slopes[row])
    for row, slope in enumerate(slopes):
        a[row] = slope


def _gradient(
    w: Writer, a: list[Vector], polynomial: dict[tuple[int, int, int], float]
) -> dict[int, Vector]:
    slopes: dict[int, Vector] = {}
    for (i, j, k), factor in polynomial.items():
        for row, one, other in ((i, j, k), (j, i, k), (k, i, j)):
            term = a[one] * factor
            slopes[row] = w.fma(term, a[other], slopes[row]) if row in slopes else term * a[other]
    return slopes


@written
def product_2(w: Writer, out: Memory, a: Memory, beta: Memory, channels: Integer) -> None:
    """B = Σ β I(a) of one block, with invariants of one and two features.

    Args:
        w: writes the instructions.
        out: B; written.
        a: the 16 rows.
        beta: weights of this block; one invariant's are `channels` after another's.
        channels: their number.
    """
    _product(w, out, a, beta, channels, cubic=False)


@written
def product_3(w: Writer, out: Memory, a: Memory, beta: Memory, channels: Integer) -> None:
    """The same as `product_2`, with invariants of three features too."""
    _product(w, out, a, beta, channels, cubic=True)


@written
def product_2_back(w: Writer, a: Memory, beta: Memory, channels: Integer, bar: Memory) -> None:
    """ā = B̄ ∂B/∂a, written over a; see `product_2`."""
    _product_back(w, a, beta, channels, bar, cubic=False)


@written
def product_3_back(w: Writer, a: Memory, beta: Memory, channels: Integer, bar: Memory) -> None:
    """ā = B̄ ∂B/∂a, written over a; see `product_3`."""
    _product_back(w, a, beta, channels, bar, cubic=True)


@written
def add_product(
    w: Writer, out: Memory, x: Memory, matrix: Memory, count: Integer, width: Integer
) -> None:
    """out_c += Σ_k x_k M_kc for one block of c, over `count` k (a multiple of 4).

    Four sums run side by side, for an addition waits four cycles for the one before it.
    """
    sums = [w.local(w.vector(0.0)) for _ in range(4)]
    with w.loop(count * 0, count, step=4) as k:
        for n, local in enumerate(sums):
            row = matrix.at((k + n) * width)
            local.value = w.fma(x.at(k).each(n), row[0], local.value)
    a, b, c, d = (local.value for local in sums)
    out[0] = out[0] + ((a + b) + (c + d))


@written
def mix(
    w: Writer,
    out: Memory,
    a: Memory,
    matrix: Memory,
    blocks: Integer,
    stride: Integer,
    width: Integer,
) -> None:
    """out_lmc = Σ_k a_lmk M_lkc for one block of c.

    Args:
        w: writes the instructions.
        out: the 16 rows of the block; written.
        a: of one atom; one block's rows are `stride` after another's.
        matrix: M from this block of c on, shape (4, width, width).
        blocks: number of blocks of k.
        stride: see `a`.
        width: number of channels.
    """
    sums = [w.local(w.vector(0.0)) for _ in range(ROWS)]
    with w.loop(blocks * 0, blocks) as block, w.loop(blocks * 0, blocks * 0 + w.lanes) as lane:
        column = a.at(block * stride + lane)
        line = (block * w.lanes + lane) * width
        for degree in DEGREES:
            weight = matrix.at(line + width * width * degree)[0]
            for row in rows(degree):
                local = sums[row]
                local.value = w.fma(weight, column.each(row * w.lanes), local.value)
    for row, local in enumerate(sums):
        out[row] = local.value


@written
def readout(w: Writer, x: Memory, weight: Memory, blocks: Integer, energy: Memory) -> None:
    """Add Σ_h w_h silu(x_h) to the lanes of `energy`, and write w_h silu'(x_h) over x.

    silu(x) = x s with s = 1 / (1 + e^-x), so silu'(x) = s (1 + x (1 - s)).
    """
    unity = w.vector(1.0)
    with w.loop(blocks * 0, blocks) as block:
        here = x.at(block * w.lanes)
        value, factor = here[0], weight.at(block * w.lanes)[0]
        s = unity / (unity + w.exp(-value))
        energy[0] = w.fma(factor * value, s, energy[0])
        here[0] = factor * s * w.fma(value, unity - s, unity)


@written
def add_energy(w: Writer, x: Memory, weight: Memory, blocks: Integer, energy: Memory) -> None:
    """Add Σ_c w_c x_c to the lanes of `energy`."""
    total = w.local(w.vector(0.0))
    with w.loop(blocks * 0, blocks) as block:
        place = block * w.lanes
        total.value = w.fma(x.at(place)[0], weight.at(place)[0], total.value)
    energy[0] = energy[0] + total.value
