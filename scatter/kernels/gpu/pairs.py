"""Neighbour lists on a GPU, renewed replica by replica, and the geometry of what is within reach.

A row is one atom of one replica, `slot · atoms + atom`; place p of its list is a directed pair, in
which the row receives and its neighbour sends. A translation (a, b, c) is packed in one integer.
"""

import triton
import triton.language as tl

A, B, C = 1 << 20, 1 << 10, 1  # what one lattice vector adds to a packed translation
ORIGIN = 512 * (A + B + C)  # the packed translation of nothing
MOST = 500  # lattice vectors
LOST = 1 << 24  # count of an atom that is further away than that from one of its neighbours
TOUCHING = 1e-6  # Å², squared distance of two atoms that have no direction from one another

VECTOR = tl.constexpr(A)
VECTOR_B = tl.constexpr(B)
NOWHERE = tl.constexpr(ORIGIN)
FARTHEST = tl.constexpr(MOST)
TOO_FAR = tl.constexpr(LOST)
TOUCH = tl.constexpr(TOUCHING)


@triton.jit
def find_moved(
    positions, reference, moved, atoms, ATOMS: tl.constexpr, LIMIT: tl.constexpr
):  # fmt: skip
    """Say of each replica whether an atom is further than `LIMIT` (Å², squared) from `reference`.

    Where one is, or is nowhere, the reference becomes the positions. One program a replica.
    """
    slot = tl.program_id(0).to(tl.int64)
    atom = tl.arange(0, ATOMS)
    there = atom < atoms
    at = (slot * atoms + atom) * 3
    x, y, z = _vector(positions, at, there)
    x_0, y_0, z_0 = _vector(reference, at, there)
    square = (x - x_0) * (x - x_0) + (y - y_0) * (y - y_0) + (z - z_0) * (z - z_0)
    stayed = there & (square <= LIMIT)  # of NaN false
    leaves = tl.sum(stayed.to(tl.int32), axis=0) < atoms
    tl.store(moved + slot, leaves.to(tl.int32))
    tl.debug_barrier()  # all threads have read what is written over
    tl.store(reference + at, x, mask=there & leaves)
    tl.store(reference + at + 1, y, mask=there & leaves)
    tl.store(reference + at + 2, z, mask=there & leaves)


@triton.jit
def _vector(base, at, mask):
    return (
        tl.load(base + at, mask=mask, other=0.0),
        tl.load(base + at + 1, mask=mask, other=0.0),
        tl.load(base + at + 2, mask=mask, other=0.0),
    )


@triton.jit
def _along(vectors, a, b, c):
    """The translation by a, b and c lattice vectors; of their negatives, exactly its negative."""
    return (
        a * tl.load(vectors) + b * tl.load(vectors + 3) + c * tl.load(vectors + 6),
        a * tl.load(vectors + 1) + b * tl.load(vectors + 4) + c * tl.load(vectors + 7),
        a * tl.load(vectors + 2) + b * tl.load(vectors + 5) + c * tl.load(vectors + 8),
    )


@triton.jit
def _nearest(x, y, z, inverse, periodic, AXIS: tl.constexpr):
    """Lattice vectors along one axis that bring a vector nearest to the origin."""
    fraction = x * tl.load(inverse + AXIS) + y * tl.load(inverse + 3 + AXIS)
    fraction += z * tl.load(inverse + 6 + AXIS)
    return -tl.floor(fraction + 0.5) * tl.load(periodic + AXIS)


@triton.jit
def _candidates(
    base, i, atoms, x, y, z, around, vectors, a, b, c, ATOMS: tl.constexpr, SQUARE: tl.constexpr
):
    """Which atoms are within reach, displaced by one translation more, and the packed translation.

    The last answer is how many of them are too many lattice vectors away to be packed.
    """
    a += tl.load(around).to(tl.float64)
    b += tl.load(around + 1).to(tl.float64)
    c += tl.load(around + 2).to(tl.float64)
    along_x, along_y, along_z = _along(vectors, a, b, c)
    x, y, z = x + along_x, y + along_y, z + along_z
    j = tl.arange(0, ATOMS)
    itself = (j == i) & (a == 0.0) & (b == 0.0) & (c == 0.0)
    near = (j < atoms) & (x * x + y * y + z * z < SQUARE) & (itself == 0)
    fits = tl.maximum(tl.maximum(tl.abs(a), tl.abs(b)), tl.abs(c)) < FARTHEST
    lost = tl.sum((near & (fits == 0)).to(tl.int32), axis=0)
    near = near & fits
    a, b, c = tl.where(near, a, 0.0), tl.where(near, b, 0.0), tl.where(near, c, 0.0)
    packed = NOWHERE + a.to(tl.int32) * VECTOR + b.to(tl.int32) * VECTOR_B + c.to(tl.int32)
    return near, packed, lost


@triton.jit
def list_neighbours(
    positions, moved, vectors, inverse, periodic, around, sender, translation, count,
    atoms, translations, capacity, ATOMS: tl.constexpr, SQUARE: tl.constexpr,
):  # fmt: skip
    """Write the list of each atom of the replicas that moved. One program a row.

    `count` may exceed the capacity; the list then lacks neighbours.
    """
    row = tl.program_id(0).to(tl.int64)
    slot = row // atoms
    if tl.load(moved + slot) != 0:
        i = row - slot * atoms
        base = positions + slot * atoms * 3
        j = tl.arange(0, ATOMS)
        x_i, y_i, z_i = tl.load(base + 3 * i), tl.load(base + 3 * i + 1), tl.load(base + 3 * i + 2)
        x, y, z = _vector(base, 3 * j, j < atoms)
        x, y, z = x - x_i, y - y_i, z - z_i
        a = _nearest(x, y, z, inverse, periodic, 0)
        b = _nearest(x, y, z, inverse, periodic, 1)
        c = _nearest(x, y, z, inverse, periodic, 2)
        found, away = tl.zeros([], tl.int32), tl.zeros([], tl.int32)
        for number in range(0, translations):
            near, packed, lost = _candidates(
                base, i, atoms, x, y, z, around + 3 * number, vectors, a, b, c, ATOMS, SQUARE
            )
            ones = near.to(tl.int32)
            place = found + tl.cumsum(ones, axis=0) - 1
            fits = near & (place < capacity)
            tl.store(sender + row * capacity + place, j, mask=fits)
            tl.store(translation + row * capacity + place, packed, mask=fits)
            found += tl.sum(ones, axis=0)
            away += lost
        tl.store(count + row, tl.where(away > 0, TOO_FAR, found))


@triton.jit
def find_reverse(moved, sender, translation, count, reverse, atoms, capacity, PLACES: tl.constexpr):
    """Write of each pair the place that the opposite pair has in the sender's list.

    One program a row, of the replicas that moved.
    """
    row = tl.program_id(0).to(tl.int64)
    slot = row // atoms
    if tl.load(moved + slot) != 0:
        i = (row - slot * atoms).to(tl.int32)
        place = tl.arange(0, PLACES)
        there = place < tl.minimum(tl.load(count + row), capacity)
        own = row * capacity + place
        other = slot * atoms + tl.load(sender + own, mask=there, other=0)
        wanted = 2 * NOWHERE - tl.load(translation + own, mask=there, other=0)
        room = tl.minimum(tl.load(count + other, mask=there, other=0), capacity)
        found = tl.zeros([PLACES], tl.int32)
        for p in range(0, tl.max(room, axis=0)):
            inside = there & (p < room)
            mine = tl.load(sender + other * capacity + p, mask=inside, other=-1) == i
            way = tl.load(translation + other * capacity + p, mask=mine, other=-1)
            found = tl.where(way == wanted, p, found)
        tl.store(reverse + own, found, mask=there)


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
    """ZBL of each pair and its slope, eV and eV/Å; see `scatter.kernels.mace_geometry`."""
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
def _apart(base, i, j, packed, vectors, there):
    """The vectors from an atom to its neighbours, in double precision."""
    a = packed // VECTOR
    b = packed // VECTOR_B - a * VECTOR_B
    c = packed - a * VECTOR - b * VECTOR_B
    a, b, c = (a - 512).to(tl.float64), (b - 512).to(tl.float64), (c - 512).to(tl.float64)
    along_x, along_y, along_z = _along(vectors, a, b, c)
    x, y, z = _vector(base, 3 * j, there)
    x = x - tl.load(base + 3 * i) + along_x
    y = y - tl.load(base + 3 * i + 1) + along_y
    return x, y, z - tl.load(base + 3 * i + 2) + along_z


@triton.jit
def listed(
    positions, sender, translation, count, vectors, atoms, capacity, PLACES: tl.constexpr
):  # fmt: skip
    """This program's atom and its list.

    Returns its row, that of its replica's first atom, its number; of each place in the list the
    neighbour's number, where it is listed, and whether there is one; the vector to it; and whether
    the list had room for all.
    """
    row = tl.program_id(0).to(tl.int64)
    first = row // atoms * atoms
    found, own = tl.load(count + row), row * capacity + tl.arange(0, PLACES)
    there = tl.arange(0, PLACES) < tl.minimum(found, capacity)
    j = tl.load(sender + own, mask=there, other=0)
    packed = tl.load(translation + own, mask=there, other=NOWHERE)
    x, y, z = _apart(positions + first * 3, row - first, j, packed, vectors, there)
    return row, first, row - first, j, own, there, x, y, z, found <= capacity


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
def store_shape(unit, at, x, y, z, inverse, u, mask, stride):
    """n, 1/r and u of each pair, in five arrays one after another."""
    kind = unit.dtype.element_ty
    tl.store(unit + at, (x * inverse).to(kind), mask=mask)
    tl.store(unit + at + stride, (y * inverse).to(kind), mask=mask)
    tl.store(unit + at + 2 * stride, (z * inverse).to(kind), mask=mask)
    tl.store(unit + at + 3 * stride, inverse.to(kind), mask=mask)
    tl.store(unit + at + 4 * stride, u.to(kind), mask=mask)


@triton.jit
def _store_indices(index, at, row_1, row_2, knot, sender, own, back, mask, stride):
    """Rows of both tables, sender's row, and where the pair and its opposite are listed."""
    tl.store(index + at, row_1 + knot, mask=mask)
    tl.store(index + at + stride, row_2 + knot, mask=mask)
    tl.store(index + at + 2 * stride, sender, mask=mask)
    tl.store(index + at + 3 * stride, own, mask=mask)
    tl.store(index + at + 4 * stride, back, mask=mask)


@triton.jit
def within(x, y, z, there, square):
    """Which pairs are within the cutoff, their distances (Å), and whether no two atoms touch."""
    distance = x * x + y * y + z * z
    inside = there & (distance < square)
    touching = tl.sum((inside & (distance < TOUCH)).to(tl.int32), axis=0)
    return inside, tl.sqrt(tl.where(inside, tl.maximum(distance, TOUCH), 1.0)), touching == 0


@triton.jit
def _repelling(
    slope, at, r, inside, own, other, charges_radii, ZBL: tl.constexpr, PREFACTOR: tl.constexpr,
    EXPONENT: tl.constexpr, P: tl.constexpr,
):  # fmt: skip
    """Half of an atom's ZBL (eV), of whose slopes half are stored; zero where the scale is."""
    found = 0.0 * tl.sum(r, axis=0)
    if ZBL != 0.0:
        half, by_r = _repelled(r, inside, own, other, charges_radii, ZBL, PREFACTOR, EXPONENT, P)
        tl.store(slope + at, by_r.to(slope.dtype.element_ty), mask=inside)
        found = tl.sum(half, axis=0)
    return found


@triton.jit
def somewhere(atom):
    """Whether the atom's coordinates are numbers."""
    return tl.abs(tl.load(atom) + tl.load(atom + 1) + tl.load(atom + 2)) < 1e15


@triton.jit
def collect(
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
