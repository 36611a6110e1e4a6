"""What pairs of atoms do in a linear ACE on a GPU: from distances to A, and from dE/dA to forces.

An environment is what an atom sees of one species. The pairs of an atom are sorted into segments:
those with an atom that moves by the species of the neighbour, then those of two frozen atoms. One
program computes an atom and a block of radial functions; `NEAR` neighbours at a time lie along the
first axis of its registers, `WIDE` functions along the second. A value of all atoms is a line of
`total` numbers, in which all replicas of an atom lie side by side (`column`).
"""

import triton
import triton.language as tl

from scatter.ace.kernels.gpu.harmonics import polynomials, pull
from scatter.kernels.gpu.forces import push_of, shape_of, store_push, store_shape
from scatter.kernels.gpu.pairs import listed, somewhere, within


@triton.jit
def _sorted(starts, inside, free, kind, begin, SPECIES: tl.constexpr):
    """Places without gaps from `begin` on, segment after segment; and the species that are there.

    The numbers of pairs before each segment are written to `starts`.
    """
    place, before, seen = tl.zeros_like(kind), 0, 0
    for segment in tl.static_range(2 * SPECIES):
        mine = inside & (kind == segment % SPECIES) & (free == (segment < SPECIES))
        ones = mine.to(tl.int32)
        place = tl.where(mine, before + tl.cumsum(ones, axis=0) - 1, place)
        count = tl.sum(ones, axis=0)
        tl.store(starts + segment, before)
        seen |= (count > 0).to(tl.int32) << (segment % SPECIES)
        before += count
    tl.store(starts + 2 * SPECIES, before)
    return begin + place, seen


@triton.jit
def _store_places(index, line, own, back, mask, stride):
    """Row of the table, and where the pair and its opposite are listed."""
    tl.store(index, line, mask=mask)
    tl.store(index + stride, own.to(tl.int32), mask=mask)
    tl.store(index + 2 * stride, back.to(tl.int32), mask=mask)


@triton.jit
def place_pairs(
    positions, species, moving, sender, translation, count, reverse, vectors, square, unit, index,
    starts, active, seen, known, atoms, capacity, stride, lanes, knots, SPECIES: tl.constexpr,
    PLACES: tl.constexpr, PER_STEP: tl.constexpr,
):  # fmt: skip
    """Geometry of each atom's pairs within the cutoffs, without gaps. One program a row.

    Writes `starts`, where the segments begin; `active`, how many pairs have an atom that moves;
    `seen`, a bit for each species around; `known`, zero, or NaN where atoms touch, are nowhere, or
    a list overflows. `index` holds the row of the table, and where the pair and its opposite are
    listed.
    """
    row, first, i, j, own, there, x, y, z, fits = listed(
        positions, sender, translation, count, vectors, atoms, capacity, PLACES
    )
    column = i * lanes + first // atoms
    kind = tl.load(species + j)
    kinds = tl.load(species + i) * SPECIES + kind
    inside, r, fine = within(x, y, z, there, tl.load(square + kinds))
    free = (tl.load(moving + i) | tl.load(moving + j)) != 0
    starts += row * (2 * SPECIES + 1)
    at, around = _sorted(starts, inside, free, kind, row * capacity, SPECIES)
    tl.store(active + row, tl.sum((inside & free).to(tl.int32), axis=0))
    tl.store(seen + column, around)
    knot = tl.floor(r * PER_STEP)
    store_shape(unit, at, x, y, z, 1.0 / r, r * PER_STEP - knot, inside, stride)
    back = (first + j) * capacity + tl.load(reverse + own, mask=there, other=0)
    _store_places(index + at, kinds * knots + knot.to(tl.int32), own, back, inside, stride)
    fine = fine & fits & somewhere(positions + row * 3)
    tl.store(known + column, tl.where(fine, 0.0, float("nan")))


@triton.jit
def _atom(atoms, slots, lanes):
    """Atom, row and column of this program; all replicas of an atom come one after another."""
    number = tl.program_id(0)
    atom = number // slots
    slot = number - atom * slots
    return (slot * atoms + atom).to(tl.int64), atom * lanes + slot


@triton.jit
def _radial(table, u, inside, C):
    """Radial functions of each pair."""
    r = tl.load(table + 5 * C)
    for down in tl.static_range(5):
        r = r * u + tl.load(table + (4 - down) * C)
    return tl.where(inside, r, 0.0)


@triton.jit
def _radial_and_slope(table, u, inside, C, PER_STEP: tl.constexpr):
    """Radial functions and their slopes, by Horner's rule for both."""
    r = tl.load(table + 5 * C)
    slope = tl.zeros_like(r)
    for down in tl.static_range(5):
        slope = slope * u + r
        r = r * u + tl.load(table + (4 - down) * C)
    return tl.where(inside, r, 0.0), tl.where(inside, slope * PER_STEP, 0.0)


@triton.jit
def _zeros(NEAR: tl.constexpr, WIDE: tl.constexpr, KIND: tl.constexpr, ROWS: tl.constexpr):
    zeros = (tl.zeros([NEAR, WIDE], KIND),)
    for _ in tl.static_range(1, ROWS):
        zeros = zeros + (tl.zeros([NEAR, WIDE], KIND),)
    return zeros


@triton.jit
def _added(a, r, p, ROWS: tl.constexpr):
    """A_lm + R p_lm."""
    sums = (a[0] + r,)
    for lm in tl.static_range(1, ROWS):
        sums = sums + (a[lm] + r * p[lm],)
    return sums


@triton.jit
def gather(
    unit, index, starts, table, places, values, atoms, slots, lanes, capacity, stride, factors,
    SPECIES: tl.constexpr, C: tl.constexpr, NEAR: tl.constexpr, WIDE: tl.constexpr,
    DEGREE: tl.constexpr,
):  # fmt: skip
    """A_znlm = Σ_j R_n p_lm. Programs: atom of a replica, block of radial functions.

    `places` says where among the values of an environment A of (lm, n) is; -1 if nowhere.
    """
    row, column = _atom(atoms, slots, lanes)
    total = atoms * lanes
    c = tl.program_id(1) * WIDE + tl.arange(0, WIDE)
    starts += row * (2 * SPECIES + 1)
    for kind in range(0, SPECIES):
        sums = _zeros(NEAR, WIDE, unit.dtype.element_ty, (DEGREE + 1) * (DEGREE + 1))
        for held in range(0, 2):
            segment = starts + held * SPECIES + kind
            stop = tl.load(segment + 1)
            for start in range(tl.load(segment), stop, NEAR):
                pair = start + tl.arange(0, NEAR)
                inside = pair < stop
                at = row * capacity + pair
                x, y, z, _, u = shape_of(unit, at, inside, stride)
                line = tl.load(index + at, mask=inside, other=0)[:, None] * (6 * C) + c[None, :]
                r = _radial(table + line, u, inside[:, None], C)
                p = polynomials(x, y, z, DEGREE)
                sums = _added(sums, r, p, (DEGREE + 1) * (DEGREE + 1))
        for lm in tl.static_range((DEGREE + 1) * (DEGREE + 1)):
            place = tl.load(places + lm * C + c)
            at = (kind * factors + place) * total + column
            a_sum = tl.sum(sums[lm], axis=0).to(values.dtype.element_ty)
            tl.store(values + at, a_sum, mask=place >= 0)


@triton.jit
def _bars(bars, places, kind, factors, total, column, c, C, ROWS: tl.constexpr):
    """∂E/∂A_lm of an environment for one block of radial functions; zero where there is no A."""
    place = tl.load(places + c)
    at = (kind * factors + place) * total + column
    rows = (tl.load(bars + at, mask=place >= 0, other=0.0)[None, :],)
    for lm in tl.static_range(1, ROWS):
        place = tl.load(places + lm * C + c)
        at = (kind * factors + place) * total + column
        rows = rows + (tl.load(bars + at, mask=place >= 0, other=0.0)[None, :],)
    return rows


@triton.jit
def _times(r, bars, ROWS: tl.constexpr):
    """R_n ∂E/∂A_nlm, and zero for l = 0, whose harmonic is constant."""
    products = (tl.zeros_like(r),)
    for lm in tl.static_range(1, ROWS):
        products = products + (r * bars[lm],)
    return products


@triton.jit
def _answer(p, bars, ROWS: tl.constexpr):
    """∂E/∂R_n = Σ_lm p_lm ∂E/∂A_nlm."""
    total = bars[0] + tl.zeros_like(p[0])
    for lm in tl.static_range(1, ROWS):
        total += p[lm] * bars[lm]
    return total


@triton.jit
def _rounded(shape, array):
    """The same in the numbers of an array."""
    kind = array.dtype.element_ty
    return (
        shape[0].to(kind),
        shape[1].to(kind),
        shape[2].to(kind),
        shape[3].to(kind),
        shape[4].to(kind),
    )


@triton.jit
def give_back(
    unit, index, starts, table, places, bars, push, atoms, slots, lanes, capacity, stride, factors,
    SPECIES: tl.constexpr, C: tl.constexpr, NEAR: tl.constexpr, WIDE: tl.constexpr,
    DEGREE: tl.constexpr, PER_STEP: tl.constexpr,
):  # fmt: skip
    """The way back through `gather`: ∂E/∂d of this block. Programs: as there."""
    row, column = _atom(atoms, slots, lanes)
    total = atoms * lanes
    c = tl.program_id(1) * WIDE + tl.arange(0, WIDE)
    starts += row * (2 * SPECIES + 1)
    push += tl.program_id(1).to(tl.int64) * (3 * stride)
    for kind in range(0, SPECIES):
        begin, stop = tl.load(starts + kind), tl.load(starts + kind + 1)
        if begin < stop:
            bar = _bars(
                bars, places, kind, factors, total, column, c, C, (DEGREE + 1) * (DEGREE + 1)
            )
            for start in range(begin, stop, NEAR):
                pair = start + tl.arange(0, NEAR)
                inside = pair < stop
                at = row * capacity + pair
                x, y, z, inverse, u = _rounded(shape_of(unit, at, inside, stride), push)
                line = tl.load(index + at, mask=inside, other=0)[:, None] * (6 * C) + c[None, :]
                r, slope = _radial_and_slope(table + line, u, inside[:, None], C, PER_STEP)
                own = tl.load(index + at + stride, mask=inside, other=0).to(tl.int64)[:, None]
                p = polynomials(x, y, z, DEGREE)
                by_r = slope * _answer(p, bar, (DEGREE + 1) * (DEGREE + 1))
                by_p = _times(r, bar, (DEGREE + 1) * (DEGREE + 1))
                f = push_of((x, y, z), inverse, by_r, pull(x, y, z, by_p, DEGREE))
                store_push(push + own * 3, f, inside[:, None])
