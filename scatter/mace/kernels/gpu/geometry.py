"""The pairs of a folded MACE on a GPU, those within the cutoff without gaps, and their ZBL."""

import triton
import triton.language as tl

from scatter.kernels.gpu.forces import store_shape
from scatter.kernels.gpu.pairs import listed, somewhere, within


@triton.jit
def _screening(x):
    """ZBL's screening function and its slope."""
    a, b = 0.1818 * tl.exp(-3.2 * x), 0.5099 * tl.exp(-0.9423 * x)
    c, d = 0.2802 * tl.exp(-0.4028 * x), 0.02817 * tl.exp(-0.2016 * x)
    return a + b + c + d, -(3.2 * a + 0.9423 * b + 0.4028 * c + 0.2016 * d)


@triton.jit
def _power(x, p: tl.constexpr):
    return tl.exp(p * tl.log(x))


@triton.jit
def _repulsion(
    r, charge, charge_2, reach, scale: tl.constexpr, prefactor: tl.constexpr,
    exponent: tl.constexpr, p: tl.constexpr,
):  # fmt: skip
    """ZBL of each pair and its slope, eV and eV/Å; see `scatter.mace.kernels.geometry`."""
    per_length = (_power(charge, exponent) + _power(charge_2, exponent)) / (prefactor * 0.529)
    phi, slope = _screening(r * per_length)
    x = r / reach
    x_p = _power(x, p)
    one, two, three = (p + 1.0) * (p + 2.0) / 2.0, p * (p + 2.0), p * (p + 1.0) / 2.0
    envelope = 1.0 - x_p * (one - x * (two - x * three))
    falling = -x_p / r * (one * p - x * (two * (p + 1.0) - x * three * (p + 2.0)))
    front = scale * 14.3996 * charge * charge_2 / r
    value = front * phi * envelope
    return value, front * (slope * per_length * envelope + phi * falling) - value / r


@triton.jit
def _repelled(
    r, inside, own, other, charges_radii, scale: tl.constexpr, prefactor: tl.constexpr,
    exponent: tl.constexpr, p: tl.constexpr,
):  # fmt: skip
    """Half of ZBL and of its slope for each pair, zero beyond the radii."""
    charge = tl.load(charges_radii + 2 * own)
    charge_2 = tl.load(charges_radii + 2 * other)
    reach = tl.load(charges_radii + 2 * own + 1) + tl.load(charges_radii + 2 * other + 1)
    value, slope = _repulsion(r, charge, charge_2, reach, scale, prefactor, exponent, p)
    inside = inside & (r < reach)
    return tl.where(inside, 0.5 * value, 0.0), tl.where(inside, 0.5 * slope, 0.0)


@triton.jit
def _first_those_that_move(inside, free, start):
    """Places without gaps from `start` on, for pairs with an atom that moves first; their numbers.

    What frozen atoms do to one another gives no force.
    """
    active = inside & free
    held = inside & (free == 0)
    before = tl.sum(active.to(tl.int32), axis=0)
    place = tl.where(
        active,
        tl.cumsum(active.to(tl.int32), axis=0),
        before + tl.cumsum(held.to(tl.int32), axis=0),
    )
    return start + place - 1, before, before + tl.sum(held.to(tl.int32), axis=0)


@triton.jit
def _store_indices(index, at, row_1, row_2, knot, sender, own, back, mask, stride):
    """Rows of both tables, sender's row, and where the pair and its opposite are listed."""
    tl.store(index + at, row_1 + knot, mask=mask)
    tl.store(index + at + stride, row_2 + knot, mask=mask)
    tl.store(index + at + 2 * stride, sender, mask=mask)
    tl.store(index + at + 3 * stride, own, mask=mask)
    tl.store(index + at + 4 * stride, back, mask=mask)


@triton.jit
def _repelling(
    slope, at, r, inside, own, other, charges_radii, ZBL: tl.constexpr, PREFACTOR: tl.constexpr,
    EXPONENT: tl.constexpr, P: tl.constexpr,
):  # fmt: skip
    """Half of an atom's ZBL (eV), of whose slopes half are stored; zero where the scale is."""
    total = 0.0 * tl.sum(r, axis=0)
    if ZBL != 0.0:
        half, by_r = _repelled(r, inside, own, other, charges_radii, ZBL, PREFACTOR, EXPONENT, P)
        tl.store(slope + at, by_r.to(slope.dtype.element_ty), mask=inside)
        total = tl.sum(half, axis=0)
    return total


@triton.jit
def place_pairs(
    positions, species, moving, sender, translation, count, reverse, vectors, pair_2,
    charges_radii, unit, index, slope, pairs, active, energy, atoms, capacity, stride, knots,
    SPECIES: tl.constexpr, PLACES: tl.constexpr, PER_STEP: tl.constexpr, SQUARE: tl.constexpr,
    ZBL: tl.constexpr, PREFACTOR: tl.constexpr, EXPONENT: tl.constexpr, P: tl.constexpr,
):  # fmt: skip
    """Geometry of each atom's pairs within the cutoff, without gaps. One program a row.

    Writes `pairs`, how many; `active`, how many of them have an atom that moves; `energy`, half of
    ZBL (eV), or NaN where atoms touch, are nowhere, or a list overflows; `slope`, half of ZBL's.
    """
    row, first, i, j, own, there, x, y, z, fits = listed(
        positions, sender, translation, count, vectors, atoms, capacity, PLACES
    )
    inside, r, known = within(x, y, z, there, SQUARE)
    z_i, z_j = tl.load(species + i), tl.load(species + j)
    free = (tl.load(moving + i) | tl.load(moving + j)) != 0
    at, before, total = _first_those_that_move(inside, free, row * capacity)
    tl.store(pairs + row, total)
    tl.store(active + row, before)
    knot = tl.floor(r * PER_STEP)
    store_shape(unit, at, x, y, z, 1.0 / r, r * PER_STEP - knot, inside, stride)
    back = (first + j) * capacity + tl.load(reverse + own, mask=there, other=0)
    kinds = tl.where(i <= j, z_i * SPECIES + z_j, z_j * SPECIES + z_i)  # the first atom's first
    row_1, row_2 = (z_i * SPECIES + z_j) * knots, tl.load(pair_2 + kinds) * knots
    _store_indices(index, at, row_1, row_2, knot.to(tl.int32), first + j, own, back, inside, stride)
    half = _repelling(slope, at, r, inside, z_i, z_j, charges_radii, ZBL, PREFACTOR, EXPONENT, P)
    known = known & fits & somewhere(positions + row * 3)
    tl.store(energy + row, tl.where(known, half, float("nan")))
