"""What pairs of atoms do in a folded MACE on a GPU: messages, and the way back to forces.

One program computes one receiver and a block of its channels; `NEAR` neighbours at a time lie along
the first axis of its registers, `WIDE` channels along the second. The arrays `unit` and `index` are
those of `geometry.place_pairs`.
"""

import triton
import triton.language as tl

from scatter.kernels.gpu.forces import push_of, shape_of, store_push
from scatter.mace.kernels.gpu.densities import through_density
from scatter.mace.kernels.gpu.products import (
    added,
    answers,
    dotted,
    product_2,
    product_3,
    radials_4,
    radials_and_slopes_4,
    rows_of,
    scaled,
    scaled_sum,
    sixteen,
    slopes_2,
    slopes_3,
    sums_of,
    weights_2,
    weights_3,
)
from scatter.mace.kernels.gpu.vectors import product_v_back


@triton.jit
def harmonics(x, y, z):
    """p_1 to p_15, and q; see `scatter.mace.kernels.harmonics`."""
    xx, yy, half = x * x, y * y, z * z * 0.5
    d, q = (xx - yy) * 0.5, half - 0.1
    return (
        x, y, z,
        x * y, y * z, x * z, half - 0.16666666666666666, d,
        y * (xx * 0.5 - yy * 0.16666666666666666), x * y * z, y * q,
        z * (half * 0.3333333333333333 - 0.1), x * q,
        z * d, x * (xx * 0.16666666666666666 - yy * 0.5),
        q,
    )  # fmt: skip


@triton.jit
def product(a, beta, stride, CUBIC: tl.constexpr):
    """B = Σ_t β_t I_t(a)."""
    if CUBIC:
        b = weights_3(beta, stride)
        return product_2(a, b) + product_3(a, b)
    return product_2(a, weights_2(beta, stride))


@triton.jit
def product_back(a, beta, stride, by, CUBIC: tl.constexpr):
    """ā = B̄ ∂B/∂a."""
    if CUBIC:
        b = weights_3(beta, stride)
        return scaled_sum(slopes_2(a, b), slopes_3(a, b), by)
    return scaled(slopes_2(a, weights_2(beta, stride)), by)


@triton.jit
def features_1(
    unit, index, pairs, shares, table, species, beta, a, b, atoms, capacity, stride,
    C: tl.constexpr, NEAR: tl.constexpr, WIDE: tl.constexpr, DENSE: tl.constexpr,
    SENT: tl.constexpr, CUBIC: tl.constexpr,
):  # fmt: skip
    """a_i = w_i Σ_j T_l(r) p_lm and B_i = Σ β I(a_i). Programs: row, block of channels.

    Where vectors are sent, B is left to `nodes.products_of_1`.
    """
    row = tl.program_id(0).to(tl.int64)
    c = tl.program_id(1) * WIDE + tl.arange(0, WIDE)
    total = tl.load(pairs + row)
    sums = sixteen(tl.zeros([NEAR, WIDE], a.dtype.element_ty))
    for start in range(0, total, NEAR):
        pair = start + tl.arange(0, NEAR)
        inside = pair < total
        at = row * capacity + pair
        x, y, z, _, u = shape_of(unit, at, inside, stride)
        where = tl.load(index + at, mask=inside, other=0)[:, None] * (24 * C) + c[None, :]
        sums = added(sums, radials_4(table + where, u, inside[:, None], C), harmonics(x, y, z))
    features = sums_of(sums)
    features = scaled(features, tl.load(shares + 2 * row)) if DENSE else features
    for lm in tl.static_range(16):
        tl.store(a + (row * 16 + lm) * C + c, features[lm])
    if SENT == 1:
        weights = beta + tl.load(species + row % atoms) * (13 * C) + c
        tl.store(b + row * C + c, product(features, weights, C, CUBIC))


@triton.jit
def features_2(
    unit, index, pairs, shares, table, g, m, capacity, stride, C: tl.constexpr,
    NEAR: tl.constexpr, WIDE: tl.constexpr, DENSE: tl.constexpr,
):  # fmt: skip
    """m_i = w_i Σ_j R_l(r) g_j p_lm. Programs: row, block of channels."""
    row = tl.program_id(0).to(tl.int64)
    c = tl.program_id(1) * WIDE + tl.arange(0, WIDE)
    total = tl.load(pairs + row)
    sums = sixteen(tl.zeros([NEAR, WIDE], m.dtype.element_ty))
    for start in range(0, total, NEAR):
        pair = start + tl.arange(0, NEAR)
        inside = pair < total
        at = row * capacity + pair
        x, y, z, _, u = shape_of(unit, at, inside, stride)
        where = tl.load(index + at + stride, mask=inside, other=0)[:, None] * (24 * C) + c[None, :]
        r = radials_4(table + where, u, inside[:, None], C)
        j = tl.load(index + at + 2 * stride, mask=inside, other=0).to(tl.int64)
        sent = tl.load(g + j[:, None] * C + c[None, :], mask=inside[:, None], other=0.0)
        r = r[0] * sent, r[1] * sent, r[2] * sent, r[3] * sent
        sums = added(sums, r, harmonics(x, y, z))
    features = sums_of(sums)
    features = scaled(features, tl.load(shares + 2 * row + 1)) if DENSE else features
    for lm in tl.static_range(16):
        tl.store(m + (row * 16 + lm) * C + c, features[lm])


@triton.jit
def gradients(p, bar, r):
    """Σ_l r_l ∂s_l/∂n, from the table of slopes in `scatter.mace.kernels.harmonics`."""
    x, y, z, xy, yz, xz, d, q = p[0], p[1], p[2], p[3], p[4], p[5], p[7], p[15]
    by_x = (
        r[1] * bar[1]
        + r[2] * (y * bar[4] + z * bar[6] + x * bar[8])
        + r[3] * (xy * bar[9] + yz * bar[10] + q * bar[13] + xz * bar[14] + d * bar[15])
    )
    by_y = (
        r[1] * bar[2]
        + r[2] * (x * bar[4] + z * bar[5] - y * bar[8])
        + r[3] * (d * bar[9] + xz * bar[10] + q * bar[11] - yz * bar[14] - xy * bar[15])
    )
    by_z = (
        r[1] * bar[3]
        + r[2] * (y * bar[5] + x * bar[6] + z * bar[7])
        + r[3] * (xy * bar[10] + yz * bar[11] + q * bar[12] + xz * bar[13] + d * bar[14])
    )
    return by_x, by_y, by_z


@triton.jit
def _dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]


@triton.jit
def back_2(
    unit, index, pairs, active, densities, by_density, table, g, m, q, push, capacity, stride,
    C: tl.constexpr, NEAR: tl.constexpr, WIDE: tl.constexpr, DENSE: tl.constexpr,
    PER_STEP: tl.constexpr,
):  # fmt: skip
    """The way back through `features_2`; here m is m̄. Programs: row, block of channels.

    Of each pair, at the place where it is listed: `q`, what it gives to the sender's ḡ, and, where
    an atom moves, `push`, ∂E/∂d of this block, three numbers.
    """
    row = tl.program_id(0).to(tl.int64)
    c = tl.program_id(1) * WIDE + tl.arange(0, WIDE)
    total, moves = tl.load(pairs + row), tl.load(active + row)
    bar = rows_of(m + row * (16 * C) + c[None, :], C)
    by_share = tl.load(by_density + row * C + c[None, :]) if DENSE else 0.0
    push += tl.program_id(1).to(tl.int64) * (3 * stride)
    for start in range(0, total, NEAR):
        pair = start + tl.arange(0, NEAR)
        inside = pair < total
        at = row * capacity + pair
        x, y, z, inverse, u = shape_of(unit, at, inside, stride)
        knot = tl.load(index + at + stride, mask=inside, other=0)[:, None]
        where = knot * (24 * C) + c[None, :]
        r, slope = radials_and_slopes_4(table + where, u, inside[:, None], C, PER_STEP)
        j = tl.load(index + at + 2 * stride, mask=inside, other=0).to(tl.int64)
        own = tl.load(index + at + 3 * stride, mask=inside, other=0).to(tl.int64)[:, None]
        sent = tl.load(g + j[:, None] * C + c[None, :], mask=inside[:, None], other=0.0)
        p = harmonics(x, y, z)
        s = answers(p, bar)
        tl.store(q + own * C + c[None, :], _dot(r, s), mask=inside[:, None])
        r = r[0] * sent, r[1] * sent, r[2] * sent, r[3] * sent
        by_r = _dot(slope, s) * sent
        by_r = through_density(by_r, by_share, densities + 1, knot, u, inside, DENSE, PER_STEP)
        f = push_of(p, inverse, by_r, gradients(p, bar, r))
        store_push(push + own * 3, f, (pair < moves)[:, None])


@triton.jit
def gather_sent(
    index, pairs, q, g_bar, capacity, stride, C: tl.constexpr, NEAR: tl.constexpr,
    WIDE: tl.constexpr,
):  # fmt: skip
    """ḡ_i = Σ q over the pairs in which i sends. Programs: row, block of channels."""
    row = tl.program_id(0).to(tl.int64)
    c = tl.program_id(1) * WIDE + tl.arange(0, WIDE)
    total = tl.load(pairs + row)
    sums = tl.zeros([NEAR, WIDE], q.dtype.element_ty)
    for start in range(0, total, NEAR):
        pair = start + tl.arange(0, NEAR)
        inside = pair < total
        back = tl.load(index + row * capacity + pair + 4 * stride, mask=inside, other=0)
        where = back.to(tl.int64)[:, None] * C + c[None, :]
        sums += tl.load(q + where, mask=inside[:, None], other=0.0)
    tl.store(g_bar + row * C + c, tl.sum(sums, axis=0))


@triton.jit
def _with_repulsion(by_r, slope, inside, WIDE: tl.constexpr, ZBL: tl.constexpr):
    """The slope of ZBL, which the channels of the first block share."""
    if ZBL:
        alone = tl.where(tl.program_id(1) == 0, 1.0 / WIDE, 0.0).to(by_r.dtype)
        return by_r + alone * tl.load(slope, mask=inside, other=0.0)[:, None]
    return by_r


@triton.jit
def _bar_1(a, weights, bars, C: tl.constexpr, SENT: tl.constexpr, CUBIC: tl.constexpr):
    """∂E/∂A of layer 1, from B̄ and V̄ in memory."""
    if SENT == 1:
        return product_back(a, weights[0], C, tl.load(bars), CUBIC)
    by = tl.load(bars), tl.load(bars + C), tl.load(bars + 2 * C), tl.load(bars + 3 * C)
    return product_v_back(a, weights[0], weights[1], C, by)


@triton.jit
def back_1(
    unit, index, active, shares, densities, table, species, beta, gamma, a, b_bar, slope, push,
    atoms, capacity, stride, C: tl.constexpr, NEAR: tl.constexpr, WIDE: tl.constexpr,
    DENSE: tl.constexpr, SENT: tl.constexpr, PER_STEP: tl.constexpr, CUBIC: tl.constexpr,
    ZBL: tl.constexpr,
):  # fmt: skip
    """The way back through `features_1`: ∂E/∂d of this block. Programs: row, block of channels."""
    row = tl.program_id(0).to(tl.int64)
    c = tl.program_id(1) * WIDE + tl.arange(0, WIDE)
    total = tl.load(active + row)
    kind, share = tl.load(species + row % atoms), tl.load(shares + 2 * row) if DENSE else 1.0
    features = rows_of(a + row * (16 * C) + c[None, :], C)
    weights = beta + kind * (13 * C) + c[None, :], gamma + kind * (16 * C) + c[None, :]
    bar = _bar_1(features, weights, b_bar + row * (SENT * C) + c[None, :], C, SENT, CUBIC)
    bar = scaled(bar, share) if DENSE else bar
    by_share = -dotted(features, bar) if DENSE else 0.0
    push += tl.program_id(1).to(tl.int64) * (3 * stride)
    for start in range(0, total, NEAR):
        pair = start + tl.arange(0, NEAR)
        inside = pair < total
        at = row * capacity + pair
        x, y, z, inverse, u = shape_of(unit, at, inside, stride)
        where = tl.load(index + at, mask=inside, other=0)[:, None] * (24 * C) + c[None, :]
        r, slopes = radials_and_slopes_4(table + where, u, inside[:, None], C, PER_STEP)
        own = tl.load(index + at + 3 * stride, mask=inside, other=0).to(tl.int64)[:, None]
        p = harmonics(x, y, z)
        by_r = _dot(slopes, answers(p, bar))
        knot = tl.load(index + at + stride, mask=inside, other=0)[:, None]
        by_r = through_density(by_r, by_share, densities, knot, u, inside, DENSE, PER_STEP)
        by_r = _with_repulsion(by_r, slope + at, inside, WIDE, ZBL)
        f = push_of(p, inverse, by_r, gradients(p, bar, r))
        store_push(push + own * 3, f, inside[:, None])
