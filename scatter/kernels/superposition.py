"""Sums of a function of distance over the atoms of a slab and their images, in compiled loops."""

from math import floor

from numba import njit


@njit(cache=True)
def _nearest(d, k, lattice):
    """The separation d by that multiple of lattice vector k which makes it shortest along it."""
    cell, inverse, pbc = lattice[0], lattice[1], lattice[2]
    if not pbc[k]:
        return d
    turns = floor(d[0] * inverse[0, k] + d[1] * inverse[1, k] + d[2] * inverse[2, k] + 0.5)
    return d[0] - turns * cell[k, 0], d[1] - turns * cell[k, 1], d[2] - turns * cell[k, 2]


@njit(cache=True)
def _within(d, shifts, square, near):
    """Write the squares of distances to those images that are near; answer how many."""
    count = 0
    for shift in range(len(shifts)):
        x, y, z = d[0] + shifts[shift, 0], d[1] + shifts[shift, 1], d[2] + shifts[shift, 2]
        near[count] = x * x + y * y + z * z
        count += near[count] < square
    return count


@njit(cache=True)
def _at(x, positions, slab, lattice, cutoff, step, tables, species, near):
    """The sum at one place; see `superposed`."""
    total, shifts, reach = 0.0, lattice[3], lattice[4]
    for j in range(slab):
        d = positions[j, 0] - x[0], positions[j, 1] - x[1], positions[j, 2] - x[2]
        if not abs(d[0]) + abs(d[1]) + abs(d[2]) < 1e9:  # nowhere
            return d[0] + d[1] + d[2] - d[0] - d[1] - d[2]
        d = _nearest(d, 2, lattice)
        if abs(d[2]) < reach:
            d = _nearest(_nearest(d, 0, lattice), 1, lattice)
            for k in range(_within(d, shifts, cutoff * cutoff, near)):
                place = near[k] ** 0.5 / step
                point = int(place)
                t, c = place - point, tables[species[j], point]
                total += ((c[0] * t + c[1]) * t + c[2]) * t + c[3]
    return total


@njit(cache=True)
def superposed(positions, own, lattice, cutoff, step, tables, species, sums, near):
    """Σ_j f_j(|R_j - x|) over the slab's atoms j and their images, at each of the last atoms.

    Args:
        positions: Å, shape (slot, atom, 3), the projectile's last.
        own: how many atoms the projectile has.
        lattice: vectors as rows, Å; the inverse of them; periodicity; those of its vectors that may
            lead from the nearest image to one within the cutoff, shape (shift, 3); and how far
            along z an atom may be that has an image within the cutoff, once it is nearest along
            the third vector, Å.
        cutoff: Å, beyond which f is zero.
        step: distance of two knots of the tables, Å.
        tables: coefficients of cubics between knots, highest power first, shape (f, knot, 4).
        species: which f each atom of the slab has, shape (slab,).
        sums: written, shape (slot, own); NaN where positions are not finite.
        near: room for one number more than there are shifts.
    """
    slab = positions.shape[1] - own
    for slot in range(len(positions)):
        for a in range(own):
            x = positions[slot, slab + a]
            sums[slot, a] = _at(
                x, positions[slot], slab, lattice, cutoff, step, tables, species, near
            )
