"""The densities of neighbours on a GPU, by which some models divide the messages of an atom.

A_i = w_i Σ_j messages with w = 1 / (1 + D) and D_i = Σ_j d(r_ij), each layer with its own d; see
`scatter.mace.kernels.density`. On the way back ā = w Ā, and -w A·Ā is ∂E/∂D, kept for each channel:
whoever adds up channels adds it up. A row of the table is 12 numbers, two of each power.
"""

import triton
import triton.language as tl

from scatter.kernels.gpu.forces import shape_of


@triton.jit
def _density(table, u, inside):
    """D of one layer of each pair, by Horner's rule; `table` points at its row."""
    value = tl.load(table + 10)
    for down in tl.static_range(5):
        value = value * u + tl.load(table + 8 - 2 * down)
    return tl.where(inside, value, 0.0)


@triton.jit
def _slope(table, u, inside, PER_STEP: tl.constexpr):
    """D' of one layer of each pair; see `_density`."""
    value = tl.load(table + 10)
    slope = tl.zeros_like(value)
    for down in tl.static_range(5):
        slope = slope * u + value
        value = value * u + tl.load(table + 8 - 2 * down)
    return tl.where(inside[:, None], slope * PER_STEP, 0.0)


@triton.jit
def through_density(
    by_r, by_share, table, knot, u, inside, DENSE: tl.constexpr, PER_STEP: tl.constexpr
):
    """What is given, and ∂E/∂D d', for each pair and channel: ∂E/∂r."""
    if DENSE:
        return by_r + by_share * _slope(table + 12 * knot, u, inside, PER_STEP)
    return by_r


@triton.jit
def shares_of(unit, index, pairs, densities, shares, capacity, stride, NEAR: tl.constexpr):
    """Writes w_i of both layers. Programs: row."""
    row = tl.program_id(0).to(tl.int64)
    total = tl.load(pairs + row)
    one = tl.zeros([NEAR, 1], shares.dtype.element_ty)
    other = tl.zeros([NEAR, 1], shares.dtype.element_ty)
    for start in range(0, total, NEAR):
        pair = start + tl.arange(0, NEAR)
        inside = pair < total
        at = row * capacity + pair
        _, _, _, _, u = shape_of(unit, at, inside, stride)
        table = densities + 12 * tl.load(index + at + stride, mask=inside, other=0)[:, None]
        one += _density(table, u, inside[:, None])
        other += _density(table + 1, u, inside[:, None])
    tl.store(shares + 2 * row, 1.0 / (1.0 + tl.sum(tl.sum(one, 1), 0)))
    tl.store(shares + 2 * row + 1, 1.0 / (1.0 + tl.sum(tl.sum(other, 1), 0)))
