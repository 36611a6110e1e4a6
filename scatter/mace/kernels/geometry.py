"""Which pairs of atoms feel each other, their geometry, and what pairs alone give: ZBL."""

from math import exp, sqrt

import numpy as np

from scatter.kernels.distances import TOUCHING, apart
from scatter.kernels.intrinsics import lanes_of
from scatter.kernels.kinds import has, of_kind
from scatter.kernels.memory import inner
from scatter.mace.kernels import tiles
from scatter.mace.kernels.couplings import PATHS
from scatter.mace.kernels.harmonics import DEGREES


@inner
def pairs_within(positions, moving, frozen, neighbours, cutoff, at, s):
    """Write the pairs within the cutoff from place `at` on; answer the place after the last.

    Those of two frozen atoms, or all others; -1 if two atoms touch.
    """
    first, second, shift = neighbours
    width = lanes_of(s.tiles)
    touching = False
    for listed in range(len(first)):
        i, j = first[listed], second[listed]
        if (moving[i] or moving[j]) == frozen:
            continue
        x, y, z = apart(positions, i, j, shift[listed])
        square = x * x + y * y + z * z
        # written in any case and kept by counting: a branch would be foreseen wrongly too often
        place = at // width * (3 * width) + at % width
        s.apart[place] = x
        s.apart[place + width] = y
        s.apart[place + 2 * width] = z
        s.first[at] = i
        s.second[at] = j
        at += square < cutoff * cutoff
        touching |= square < TOUCHING
    return -1 if touching else at


def _row_of_scalars(knot, weights):
    return knot * np.int64(len(DEGREES))


def _row_of_vectors(knot, weights):
    return knot * np.int64(len(PATHS))


@of_kind
def row_2(knot, weights):
    """Where the radial functions of a knot begin in a table of layer 2, counted in registers."""
    return _row_of_vectors if has(weights, "product_v") else _row_of_scalars


@inner
def geometry(species, begin, end, start, weights, s):
    """Tiles and tables of the pairs from `begin` (the first of a tile) to `end`, by atom."""
    width = lanes_of(s.tiles)
    last = -(-end // width)
    for pair in range(end, last * width):  # what fills the last tile must be a vector too
        for axis in range(3):
            s.apart[pair // width * (3 * width) + axis * width + pair % width] = 1.0
    tiles.geometry(s.tiles, s.apart, s.knots, weights.grid, begin // width, last)
    pair = begin
    for atom in range(len(species)):
        start[atom] = pair
        while pair < end and s.first[pair] == atom:
            one, other = species[atom], species[s.second[pair]]
            row = s.knots[pair] * np.int64(4) * width
            s.into_own[pair] = weights.start_1[one, other] + row
            s.into_other[pair] = weights.start_1[other, one] + row
            s.into_both[pair] = weights.start_2[one, other] + row_2(s.knots[pair], weights) * width
            pair += 1
    start[len(species)] = end


@inner
def _zbl(charge, other, r, reach, repulsion):
    """Ziegler, Biersack and Littmark's repulsion with MACE's envelope, and its slope, in eV, Å.

    V = s Z Z' e²/(4πε_0) / r φ(r / a) f(r / reach), as mace-torch writes it.
    """
    scale, prefactor, exponent, p = repulsion
    a = prefactor * 0.529 / (charge**exponent + other**exponent)
    phi = slope = 0.0
    for c, k in ((0.1818, 3.2), (0.5099, 0.9423), (0.2802, 0.4028), (0.02817, 0.2016)):
        part = c * exp(-k * r / a)
        phi += part
        slope -= k / a * part
    x = r / reach
    power = x ** (p - 1.0)
    one, two, three = (p + 1.0) * (p + 2.0) / 2.0, p * (p + 2.0), p * (p + 1.0) / 2.0
    envelope = 1.0 - power * x * (one - x * (two - x * three))
    falling = -power / reach * (one * p - x * (two * (p + 1.0) - x * three * (p + 2.0)))
    front = scale * 14.3996 * charge * other / r
    value = front * phi * envelope
    return value, front * (slope * envelope + phi * falling) - value / r


@inner
def repel(species, begin, end, weights, s):
    """ZBL of the pairs from `begin` to `end`; the slopes are added to `push`."""
    energy, width = 0.0, lanes_of(s.tiles)
    if weights.repulsion[0] == 0.0:
        return energy
    for pair in range(begin, end):
        place = pair // width * (3 * width) + pair % width
        x, y, z = s.apart[place], s.apart[place + width], s.apart[place + 2 * width]
        r = sqrt(np.float64(x) ** 2 + np.float64(y) ** 2 + np.float64(z) ** 2)
        own = weights.charges_radii[species[s.first[pair]]]
        other = weights.charges_radii[species[s.second[pair]]]
        if r < own[1] + other[1]:
            value, slope = _zbl(own[0], other[0], r, own[1] + other[1], weights.repulsion)
            energy += value
            s.push[4 * pair] += slope
    return energy
