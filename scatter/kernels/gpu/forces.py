"""From the geometry of pairs on a GPU, as it is kept in memory, to forces and energies."""

import triton
import triton.language as tl


@triton.jit
def store_shape(unit, at, x, y, z, inverse, u, mask, stride):
    """n, 1/r and u of each pair, in five arrays one after another."""
    kind = unit.dtype.element_ty
    tl.store(unit + at, (x * inverse).to(kind), mask=mask)
    tl.store(unit + at + stride, (y * inverse).to(kind), mask=mask)
    tl.store(unit + at + 2 * stride, (z * inverse).to(kind), mask=mask)
    tl.store(unit + at + 3 * stride, inverse.to(kind), mask=mask)
    tl.store(unit + at + 4 * stride, u.to(kind), mask=mask)


@triton.jit
def shape_of(unit, at, inside, stride):
    """n, 1/r and u of some pairs, as columns."""
    return (
        tl.load(unit + at, mask=inside, other=0.0)[:, None],
        tl.load(unit + at + stride, mask=inside, other=0.0)[:, None],
        tl.load(unit + at + 2 * stride, mask=inside, other=0.0)[:, None],
        tl.load(unit + at + 3 * stride, mask=inside, other=0.0)[:, None],
        tl.load(unit + at + 4 * stride, mask=inside, other=0.0)[:, None],
    )


@triton.jit
def push_of(p, inverse, by_r, gradients):
    """dE/dd = (dE/dr - n · dE/dn / r) n + (dE/dn) / r of each pair, summed over the channels."""
    by_r = tl.sum(by_r, axis=1)[:, None]
    x = tl.sum(gradients[0], axis=1)[:, None]
    y = tl.sum(gradients[1], axis=1)[:, None]
    z = tl.sum(gradients[2], axis=1)[:, None]
    along = by_r - (p[0] * x + p[1] * y + p[2] * z) * inverse
    return along * p[0] + inverse * x, along * p[1] + inverse * y, along * p[2] + inverse * z


@triton.jit
def store_push(target, f, mask):
    """Write three components of each pair."""
    tl.store(target, f[0], mask=mask)
    tl.store(target + 1, f[1], mask=mask)
    tl.store(target + 2, f[2], mask=mask)


@triton.jit
def forces_of(
    owns, backs, active, push, moving, forces, atoms, capacity, stride, BLOCKS: tl.constexpr,
    NEAR: tl.constexpr,
):  # fmt: skip
    """F_i = Σ ∂E/∂d over the pairs in which i receives, less those in which it sends.

    `owns` and `backs` say where a pair and its opposite are listed; `push` holds `BLOCKS` parts of
    ∂E/∂d, which are added here. Zero for atoms that are frozen. One program a row.
    """
    row = tl.program_id(0).to(tl.int64)
    total = tl.load(active + row) * tl.load(moving + row % atoms)
    axis = tl.arange(0, 4)[None, :]
    sums = tl.zeros([NEAR, 4], push.dtype.element_ty)
    for start in range(0, total, NEAR):
        pair = start + tl.arange(0, NEAR)
        inside = pair < total
        at = row * capacity + pair
        own = tl.load(owns + at, mask=inside, other=0).to(tl.int64)[:, None] * 3 + axis
        back = tl.load(backs + at, mask=inside, other=0).to(tl.int64)[:, None] * 3 + axis
        mask = inside[:, None] & (axis < 3)
        for block in tl.static_range(BLOCKS):
            here = push + block * 3 * stride
            sums += tl.load(here + own, mask=mask, other=0.0)
            sums -= tl.load(here + back, mask=mask, other=0.0)
    force = tl.sum(sums, axis=0).to(tl.float64)
    k = tl.arange(0, 4)
    tl.store(forces + row * 3 + k, force, mask=k < 3)


@triton.jit
def energies_of(energy, total, atoms, ATOMS: tl.constexpr):
    """The energies of each replica's atoms, added in double precision. One program a replica."""
    slot = tl.program_id(0).to(tl.int64)
    atom = tl.arange(0, ATOMS)
    each = tl.load(energy + slot * atoms + atom, mask=atom < atoms, other=0.0)
    tl.store(total + slot, tl.sum(each, axis=0))
