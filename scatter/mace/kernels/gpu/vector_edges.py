"""What pairs of atoms do in layer 2 of a folded MACE on a GPU whose atoms send vectors.

As `edges`, with ten paths of messages in 40 rows, and four numbers for each channel that an atom
sends. Such models always have densities.
"""

import triton
import triton.language as tl

from scatter.kernels.gpu.forces import push_of, shape_of, store_push
from scatter.mace.kernels.gpu.densities import through_density
from scatter.mace.kernels.gpu.edges import gradients, harmonics
from scatter.mace.kernels.gpu.vectors import (
    forty,
    forty_rows,
    messages_added,
    messages_back,
    radials_10,
    radials_and_slopes_10,
    sums_of_forty,
)


@triton.jit
def _sent(g, j, inside, C: tl.constexpr):
    """The four numbers that each neighbour sends, of some channels."""
    here, inside = g + j * (4 * C), inside[:, None]
    return (
        tl.load(here, mask=inside, other=0.0),
        tl.load(here + C, mask=inside, other=0.0),
        tl.load(here + 2 * C, mask=inside, other=0.0),
        tl.load(here + 3 * C, mask=inside, other=0.0),
    )


@triton.jit
def vector_features_2(
    unit, index, pairs, shares, table, g, m, capacity, stride, C: tl.constexpr,
    NEAR: tl.constexpr, WIDE: tl.constexpr, DENSE: tl.constexpr,
):  # fmt: skip
    """m_i = w_i Σ_j R_path(r) [x_j p] of each path. Programs: row, block of channels."""
    row = tl.program_id(0).to(tl.int64)
    c = tl.program_id(1) * WIDE + tl.arange(0, WIDE)
    total = tl.load(pairs + row)
    sums = forty(tl.zeros([NEAR, WIDE], m.dtype.element_ty))
    for start in range(0, total, NEAR):
        pair = start + tl.arange(0, NEAR)
        inside = pair < total
        at = row * capacity + pair
        x, y, z, _, u = shape_of(unit, at, inside, stride)
        where = tl.load(index + at + stride, mask=inside, other=0)[:, None] * (60 * C) + c[None, :]
        r = radials_10(table + where, u, inside[:, None], C)
        j = tl.load(index + at + 2 * stride, mask=inside, other=0).to(tl.int64)[:, None]
        sums = messages_added(sums, r, _sent(g + c[None, :], j, inside, C), harmonics(x, y, z))
    messages = sums_of_forty(sums)
    share = tl.load(shares + 2 * row + 1)
    for k in tl.static_range(40):
        tl.store(m + (row * 40 + k) * C + c, share * messages[k])


@triton.jit
def vector_back_2(
    unit, index, pairs, active, densities, by_density, table, g, m, q, push, capacity, stride,
    C: tl.constexpr, NEAR: tl.constexpr, WIDE: tl.constexpr, DENSE: tl.constexpr,
    PER_STEP: tl.constexpr,
):  # fmt: skip
    """The way back through `vector_features_2`; see `edges.back_2`."""
    row = tl.program_id(0).to(tl.int64)
    c = tl.program_id(1) * WIDE + tl.arange(0, WIDE)
    total, moves = tl.load(pairs + row), tl.load(active + row)
    bar = forty_rows(m + row * (40 * C) + c[None, :], C)
    by_share = tl.load(by_density + row * C + c[None, :])
    push += tl.program_id(1).to(tl.int64) * (3 * stride)
    for start in range(0, total, NEAR):
        pair = start + tl.arange(0, NEAR)
        inside = pair < total
        at = row * capacity + pair
        x, y, z, inverse, u = shape_of(unit, at, inside, stride)
        knot = tl.load(index + at + stride, mask=inside, other=0)[:, None]
        where = table + knot * (60 * C) + c[None, :]
        r, slopes = radials_and_slopes_10(where, u, inside[:, None], C, PER_STEP)
        j = tl.load(index + at + 2 * stride, mask=inside, other=0).to(tl.int64)[:, None]
        own = tl.load(index + at + 3 * stride, mask=inside, other=0).to(tl.int64)[:, None]
        p = harmonics(x, y, z)
        by_sent, by_r, by_p = messages_back(bar, r, slopes, _sent(g + c[None, :], j, inside, C), p)
        for part in tl.static_range(4):
            here = q + own * (4 * C) + part * C + c[None, :]
            tl.store(here, by_sent[part], mask=inside[:, None])
        by_r = through_density(by_r, by_share, densities + 1, knot, u, inside, DENSE, PER_STEP)
        f = push_of(p, inverse, by_r, gradients(p, by_p, (1.0, 1.0, 1.0, 1.0)))
        store_push(push + own * 3, f, (pair < moves)[:, None])
