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
def find_moved(positions, reference, moved, atoms, ATOMS: tl.constexpr, LIMIT: tl.constexpr):
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
        listed, away = tl.zeros([], tl.int32), tl.zeros([], tl.int32)
        for number in range(0, translations):
            near, packed, lost = _candidates(
                base, i, atoms, x, y, z, around + 3 * number, vectors, a, b, c, ATOMS, SQUARE
            )
            ones = near.to(tl.int32)
            place = listed + tl.cumsum(ones, axis=0) - 1
            fits = near & (place < capacity)
            tl.store(sender + row * capacity + place, j, mask=fits)
            tl.store(translation + row * capacity + place, packed, mask=fits)
            listed += tl.sum(ones, axis=0)
            away += lost
        tl.store(count + row, tl.where(away > 0, TOO_FAR, listed))


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
        opposite = tl.zeros([PLACES], tl.int32)
        for p in range(0, tl.max(room, axis=0)):
            inside = there & (p < room)
            mine = tl.load(sender + other * capacity + p, mask=inside, other=-1) == i
            way = tl.load(translation + other * capacity + p, mask=mine, other=-1)
            opposite = tl.where(way == wanted, p, opposite)
        tl.store(reverse + own, opposite, mask=there)


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
def listed(positions, sender, translation, count, vectors, atoms, capacity, PLACES: tl.constexpr):
    """This program's atom and its list.

    Returns its row, that of its replica's first atom, its number; of each place in the list the
    neighbour's number, where it is listed, and whether there is one; the vector to it; and whether
    the list had room for all.
    """
    row = tl.program_id(0).to(tl.int64)
    first = row // atoms * atoms
    listed_there, own = tl.load(count + row), row * capacity + tl.arange(0, PLACES)
    there = tl.arange(0, PLACES) < tl.minimum(listed_there, capacity)
    j = tl.load(sender + own, mask=there, other=0)
    packed = tl.load(translation + own, mask=there, other=NOWHERE)
    x, y, z = _apart(positions + first * 3, row - first, j, packed, vectors, there)
    return row, first, row - first, j, own, there, x, y, z, listed_there <= capacity


@triton.jit
def within(x, y, z, there, square):
    """Which pairs are within the cutoff, their distances (Å), and whether no two atoms touch."""
    distance = x * x + y * y + z * z
    inside = there & (distance < square)
    touching = tl.sum((inside & (distance < TOUCH)).to(tl.int32), axis=0)
    return inside, tl.sqrt(tl.where(inside, tl.maximum(distance, TOUCH), 1.0)), touching == 0


@triton.jit
def somewhere(atom):
    """Whether the atom's coordinates are numbers."""
    return tl.abs(tl.load(atom) + tl.load(atom + 1) + tl.load(atom + 2)) < 1e15
