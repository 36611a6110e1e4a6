"""What atoms do in a folded MACE on a GPU: mixing of channels, and readout.

One program computes `TALL` rows, whatever replicas they belong to, each from its own numbers.
"""

import triton
import triton.language as tl

from scatter.mace.kernels.gpu.edges import product, product_back
from scatter.mace.kernels.gpu.products import dotted, rows_of, scaled
from scatter.mace.kernels.gpu.vectors import product_v

STORE, BIAS, ADD = 0, 1, 2  # what `transform` does with its answer
WITH_BIAS = tl.constexpr(BIAS)
ADDING = tl.constexpr(ADD)


@triton.jit
def _added(
    sums, x, matrix, row, there, c, IN: tl.constexpr, feature, which, C: tl.constexpr,
    DEEP: tl.constexpr,
):  # fmt: skip
    """Sums + x of one feature times one matrix."""
    for first in range(0, C, DEEP):
        k = first + tl.arange(0, DEEP)
        part = tl.load(x + (row[:, None] * IN + feature) * C + k[None, :], mask=there, other=0.0)
        block = tl.load(matrix + (which * C + k[:, None]) * C + c[None, :])
        sums += tl.dot(part, block, input_precision="ieee")
    return sums


@triton.jit
def transform(
    x, matrix, out, bias, species, routes, rows, atoms, IN: tl.constexpr, OUT: tl.constexpr,
    TERMS: tl.constexpr, C: tl.constexpr, TALL: tl.constexpr, WIDE: tl.constexpr,
    DEEP: tl.constexpr, HOW: tl.constexpr,
):  # fmt: skip
    """out_k = Σ x_lm M for each row. Programs: tile of rows, feature k, block of channels.

    `routes` says, for each k, of `TERMS` terms the feature lm and which matrix, none if negative.
    With `BIAS` a vector of each row's species is added to the first feature; with `ADD`, what
    `bias` holds for the row.
    """
    row = tl.program_id(0).to(tl.int64) * TALL + tl.arange(0, TALL)
    k = tl.program_id(1)
    c = tl.program_id(2) * WIDE + tl.arange(0, WIDE)
    there = (row < rows)[:, None]
    line = (row[:, None] * OUT + k) * C
    sums = tl.zeros([TALL, WIDE], x.dtype.element_ty)
    for term in tl.static_range(TERMS):
        feature = tl.load(routes + (k * TERMS + term) * 2)
        which = tl.load(routes + (k * TERMS + term) * 2 + 1)
        if TERMS == 1:
            sums = _added(sums, x, matrix, row, there, c, IN, feature, which, C, DEEP)
        elif which >= 0:
            sums = _added(sums, x, matrix, row, there, c, IN, feature, which, C, DEEP)
    if HOW == WITH_BIAS:
        kind = tl.load(species + row % atoms)[:, None]
        sums += tl.load(bias + kind * C + c[None, :], mask=there & (k == 0), other=0.0)
    if HOW == ADDING:
        sums += tl.load(bias + line + c[None, :], mask=there & (k == 0), other=0.0)
    tl.store(out + line + c[None, :], sums, mask=there)


@triton.jit
def products_of_1(a, beta, gamma, species, b, atoms, C: tl.constexpr, WIDE: tl.constexpr):
    """B and V of layer 1, one after another. Programs: row, block of channels.

    Each number is in one thread here, and would be in several at the end of `features_1`.
    """
    row = tl.program_id(0).to(tl.int64)
    c = tl.program_id(1) * WIDE + tl.arange(0, WIDE)
    kind = tl.load(species + row % atoms)
    features = rows_of(a + row * (16 * C) + c, C)
    made = product_v(features, beta + kind * (13 * C) + c, gamma + kind * (16 * C) + c, C)
    for part in tl.static_range(4):
        tl.store(b + (row * 4 + part) * C + c, made[part])


@triton.jit
def product_of_2(
    a, beta, species, b, atoms, C: tl.constexpr, WIDE: tl.constexpr, CUBIC: tl.constexpr
):
    """B² = Σ β I(a²). Programs: row, block of channels."""
    row = tl.program_id(0).to(tl.int64)
    c = tl.program_id(1) * WIDE + tl.arange(0, WIDE)
    weights = beta + tl.load(species + row % atoms) * (13 * C) + c
    tl.store(b + row * C + c, product(rows_of(a + row * (16 * C) + c, C), weights, C, CUBIC))


@triton.jit
def product_of_2_back(
    a, beta, species, shares, b_bar, a_bar, by_density, atoms, C: tl.constexpr, WIDE: tl.constexpr,
    DENSE: tl.constexpr, CUBIC: tl.constexpr,
):  # fmt: skip
    """ā² = w B̄² ∂B²/∂a², and ∂E/∂D by channels. Programs: row, block of channels."""
    row = tl.program_id(0).to(tl.int64)
    c = tl.program_id(1) * WIDE + tl.arange(0, WIDE)
    weights = beta + tl.load(species + row % atoms) * (13 * C) + c
    by = tl.load(b_bar + row * C + c)
    features = rows_of(a + row * (16 * C) + c, C)
    slopes = product_back(features, weights, C, by, CUBIC)
    if DENSE:
        slopes = scaled(slopes, tl.load(shares + 2 * row + 1))
        tl.store(by_density + row * C + c, -dotted(features, slopes))
    for lm in tl.static_range(16):
        tl.store(a_bar + (row * 16 + lm) * C + c, slopes[lm])


@triton.jit
def _hidden(
    b, b_2, hidden_1, hidden_2, x, kind, line, line_2, there, C: tl.constexpr, H: tl.constexpr,
    SPECIES: tl.constexpr, DEEP: tl.constexpr,
):  # fmt: skip
    """X + `hidden_1`(z) B + `hidden_2` B² of each row."""
    h = tl.arange(0, H)
    for first in range(0, C, DEEP):
        k = first + tl.arange(0, DEEP)
        part = tl.load(b + line + k[None, :], mask=there, other=0.0)
        part_2 = tl.load(b_2 + line_2 + k[None, :], mask=there, other=0.0)
        block = tl.load(hidden_2 + k[:, None] * H + h[None, :])
        x += tl.dot(part_2, block, input_precision="ieee")
        for z in tl.static_range(SPECIES):
            block = tl.load(hidden_1 + (z * C + k[:, None]) * H + h[None, :])
            x += tl.where(kind == z, tl.dot(part, block, input_precision="ieee"), 0.0)
    return x


@triton.jit
def _linear(b, energy_1, line, there, TALL: tl.constexpr, C: tl.constexpr, DEEP: tl.constexpr):
    """`energy_1` · B of each row."""
    sums = tl.zeros([TALL, DEEP], b.dtype.element_ty)
    for first in range(0, C, DEEP):
        k = first + tl.arange(0, DEEP)
        part = tl.load(b + line + k[None, :], mask=there, other=0.0)
        sums += part * tl.load(energy_1 + k)[None, :]
    return tl.sum(sums, axis=1)


@triton.jit
def _back(
    x_bar, hidden_1, hidden_2, energy_1, b_bar, b_2_bar, kind, line, line_2, there,
    C: tl.constexpr, H: tl.constexpr, SPECIES: tl.constexpr, TALL: tl.constexpr, DEEP: tl.constexpr,
):  # fmt: skip
    """B̄ = `energy_1` + `hidden_1`ᵀ x̄ and B̄² = `hidden_2`ᵀ x̄."""
    h = tl.arange(0, H)
    for first in range(0, C, DEEP):
        k = first + tl.arange(0, DEEP)
        block = tl.load(hidden_2 + k[None, :] * H + h[:, None])
        tl.store(
            b_2_bar + line_2 + k[None, :], tl.dot(x_bar, block, input_precision="ieee"), mask=there
        )
        bar = tl.zeros([TALL, DEEP], x_bar.dtype) + tl.load(energy_1 + k)[None, :]
        for z in tl.static_range(SPECIES):
            block = tl.load(hidden_1 + (z * C + k[None, :]) * H + h[:, None])
            bar += tl.where(kind == z, tl.dot(x_bar, block, input_precision="ieee"), 0.0)
        tl.store(b_bar + line + k[None, :], bar, mask=there)


@triton.jit
def read_out(
    b, b_2, b_bar, b_2_bar, hidden_1, hidden_2, hidden_0, energy_1, energy_2, constant, species,
    energy, rows, atoms, C: tl.constexpr, SENT: tl.constexpr, H: tl.constexpr,
    SPECIES: tl.constexpr, TALL: tl.constexpr, DEEP: tl.constexpr,
):  # fmt: skip
    """Adds each atom's energy to `energy` (eV), and writes B̄ and B̄²."""
    row = tl.program_id(0).to(tl.int64) * TALL + tl.arange(0, TALL)
    there = (row < rows)[:, None]
    line, line_2 = row[:, None] * (SENT * C), row[:, None] * C
    z = tl.load(species + row % atoms)
    h = tl.arange(0, H)
    x = tl.load(hidden_0 + z[:, None] * H + h[None, :])
    x = _hidden(b, b_2, hidden_1, hidden_2, x, z[:, None], line, line_2, there, C, H, SPECIES, DEEP)
    s = 1.0 / (1.0 + tl.exp(-x))
    weight = tl.load(energy_2 + h)[None, :]
    own = _linear(b, energy_1, line, there, TALL, C, DEEP) + tl.sum(weight * x * s, axis=1)
    total = tl.load(energy + row, mask=row < rows, other=0.0) + tl.load(constant + z)
    tl.debug_barrier()  # all threads have read what is written over
    tl.store(energy + row, total + own.to(tl.float64), mask=row < rows)
    x_bar = weight * s * (1.0 + x * (1.0 - s))
    _back(
        x_bar, hidden_1, hidden_2, energy_1, b_bar, b_2_bar, z[:, None], line, line_2, there, C,
        H, SPECIES, TALL, DEEP,
    )  # fmt: skip
