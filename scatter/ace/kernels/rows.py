"""Values and slopes of all functions of a linear ACE: the rows of its least squares.

For one structure, column by column of the fit: the energy's row, one for each component of the
force on each atom that is asked for, and perhaps the six of the virial,

    W_ab = ∂E/∂ε_ab = Σ_i Σ_j d_a ∂E_i/∂d_b    over the pairs of each atom, d from i to j.

Sums are made in the order of the pairs, so the bits depend on
the structure alone.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class Neighbours(NamedTuple):
    """All pairs of a structure in both directions, in the order of their centres.

    Attributes:
        centre: atom i.
        other: atom j.
        of_centre: species of i.
        of_other: species of j.
        unit: unit vectors from i to j, shape (pair, 3).
        r: distances, Å.
        place: of each atom, where its force goes; one beyond the last for those not asked for.
        places: how many, with that one.
    """

    centre: NDArray
    other: NDArray
    of_centre: NDArray
    of_other: NDArray
    unit: NDArray
    r: NDArray
    place: NDArray
    places: int


class Tables(NamedTuple):
    """Radial functions of every pair.

    Attributes:
        radial: R_n of products, shape (pair, n).
        radial_slope: their derivatives by r.
        two_body: T_t of single neighbours, shape (pair, t).
        two_body_slope: their derivatives by r.
    """

    radial: NDArray
    radial_slope: NDArray
    two_body: NDArray
    two_body_slope: NDArray


class Functions(NamedTuple):
    """The functions, and their columns.

    Attributes:
        two_body: column of T_t by centre and neighbour species, shape (species, species, t).
        many_body: column of B_f by centre species, shape (species, function); -1 where it has none.
        spec: species, n, l, m of each A, in order of species.
        ranges: where the rows of `spec` of each species begin, and the end.
        norms: of the harmonics, at l² + l + m.
        products: rows of `spec`, shape (product, 4); of fewer factors, the rest is -1.
        orders: how many factors.
        entries: function and product of each coupling.
        values: the couplings.
    """

    two_body: NDArray
    many_body: NDArray
    spec: NDArray
    ranges: NDArray
    norms: NDArray
    products: NDArray
    orders: NDArray
    entries: NDArray
    values: NDArray


@njit(cache=True, nogil=True, error_model="numpy")
def harmonics(unit, norms, values, gradients):
    """Y_lm of one unit vector, at l² + l + m, and |r| ∇Y_lm.

    With n = (x, y, z) and u = Re or Im (x + iy)^|m|, Y_lm = N_lm Q(z) u, where Q is the |m|-th
    derivative of Legendre's polynomial, (l - m) Q_l = (2l - 1) z Q_(l-1) - (l + m - 1) Q_(l-2).

    Args:
        unit: n, shape (3,).
        norms: N_lm, for as many l as are wanted.
        values: written.
        gradients: written, shape ((l + 1)², 3).
    """
    x, y, z = unit
    highest = int(np.sqrt(len(norms) - 0.5))
    cosine, sine, before_cosine, before_sine, start = 1.0, 0.0, 0.0, 0.0, 1.0
    for m in range(highest + 1):
        q, q_before, slope, slope_before = start, 0.0, 0.0, 0.0
        for degree in range(m, highest + 1):
            if degree > m:
                a, b = (2 * degree - 1) / (degree - m), (degree + m - 1) / (degree - m)
                slope, slope_before = a * (q + z * slope) - b * slope_before, slope
                q, q_before = a * z * q - b * q_before, q
            row = degree * degree + degree + m
            size, by_z = norms[row] * q, norms[row] * slope
            by_x, by_y = m * size * before_cosine, -m * size * before_sine
            _put(row, unit, size * cosine, by_x, by_y, by_z * cosine, values, gradients)
            if m:
                by_x, by_y = m * size * before_sine, m * size * before_cosine
                _put(row - 2 * m, unit, size * sine, by_x, by_y, by_z * sine, values, gradients)
        before_cosine, before_sine = cosine, sine
        cosine, sine = x * cosine - y * sine, x * sine + y * cosine
        start *= 2 * m + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _put(row, unit, value, by_x, by_y, by_z, values, gradients):
    """Write one harmonic, and what of its polynomial's gradient is across the direction."""
    along = by_x * unit[0] + by_y * unit[1] + by_z * unit[2]
    values[row] = value
    gradients[row, 0] = by_x - along * unit[0]
    gradients[row, 1] = by_y - along * unit[1]
    gradients[row, 2] = by_z - along * unit[2]


@njit(cache=True, nogil=True, error_model="numpy")
def add_rows(pairs, tables, functions, rows, sites):
    """Add the rows of one structure.

    Args:
        pairs: `Neighbours`.
        tables: `Tables`.
        functions: `Functions`.
        rows: shape (column, 1 + 3 places): the energy, then minus its derivatives, and after the
            places perhaps minus xx, yy, zz, yz, xz and xy of the virial; written.
        sites: values of all functions of each atom, shape (atom, species t + function): those of
            one neighbour by its species, then all B_f; written.
    """
    _add_two_body(pairs, tables, functions.two_body, rows, sites)
    a = np.zeros(len(functions.spec))
    slopes = np.zeros((len(a), rows.shape[1] - 1))
    y, gradient = np.zeros(len(functions.norms)), np.zeros((len(functions.norms), 3))
    start, total = 0, len(pairs.centre)
    while start < total:
        a[:] = 0
        slopes[:] = 0
        pair = start
        while pair < total and pairs.centre[pair] == pairs.centre[start]:
            harmonics(pairs.unit[pair], functions.norms, y, gradient)
            _gather(pair, pairs, tables, functions, y, gradient, a, slopes)
            pair += 1
        columns, site = functions.many_body[pairs.of_centre[start]], sites[pairs.centre[start]]
        _multiply(columns, a, slopes, functions, rows, site[-len(columns) :])
        start = pair


@njit(cache=True, nogil=True, error_model="numpy")
def _add_virial(start, d, slope, row):
    """Subtract d_a dE/dd_b of a pair from the six numbers at `start`, if the row has them."""
    if start + 6 == len(row):
        for n, (a, b) in enumerate(((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))):
            row[start + n] -= d[a] * slope[b]


@njit(cache=True, nogil=True, error_model="numpy")
def _add_two_body(pairs, tables, columns, rows, sites):
    after, slope = 1 + 3 * pairs.places, np.zeros(3)
    for pair in range(len(pairs.centre)):
        d = pairs.r[pair] * pairs.unit[pair]
        i = 1 + 3 * pairs.place[pairs.centre[pair]]
        j = 1 + 3 * pairs.place[pairs.other[pair]]
        mine = columns[pairs.of_centre[pair], pairs.of_other[pair]]
        for t in range(len(mine)):
            rows[mine[t], 0] += tables.two_body[pair, t]
            sites[pairs.centre[pair], pairs.of_other[pair] * len(mine) + t] += tables.two_body[
                pair, t
            ]
            for k in range(3):
                slope[k] = tables.two_body_slope[pair, t] * pairs.unit[pair, k]
                rows[mine[t], i + k] += slope[k]
                rows[mine[t], j + k] -= slope[k]
            _add_virial(after, d, slope, rows[mine[t]])


@njit(cache=True, nogil=True, error_model="numpy")
def _gather(pair, pairs, tables, functions, y, gradient, a, slopes):
    """Add one neighbour to A and to its derivatives by all atoms."""
    radial, by_r = tables.radial[pair], tables.radial_slope[pair]
    unit, r = pairs.unit[pair], pairs.r[pair]
    i, j = 3 * pairs.place[pairs.centre[pair]], 3 * pairs.place[pairs.other[pair]]
    species, each, d = pairs.of_other[pair], np.zeros(3), r * unit
    for row in range(functions.ranges[species], functions.ranges[species + 1]):
        n, degree, m = functions.spec[row, 1], functions.spec[row, 2], functions.spec[row, 3]
        at = degree * degree + degree + m
        a[row] += radial[n] * y[at]
        for k in range(3):
            each[k] = by_r[n] * y[at] * unit[k] + radial[n] * gradient[at, k] / r
            slopes[row, i + k] -= each[k]
            slopes[row, j + k] += each[k]
        _add_virial(3 * pairs.places, -d, each, slopes[row])


@njit(cache=True, nogil=True, error_model="numpy")
def _multiply(columns, a, slopes, functions, rows, site):
    """Add the functions of one centre, given its A and their derivatives."""
    width = slopes.shape[1]
    for entry in range(len(functions.values)):
        column = columns[functions.entries[entry, 0]]
        if column < 0:
            continue
        at = functions.entries[entry, 1]
        product, order, into = functions.products[at], functions.orders[at], rows[column]
        for k in range(order):
            others = functions.values[entry]
            for other in range(order):
                if other != k:
                    others *= a[product[other]]
            if k == 0:
                into[0] += others * a[product[0]]
                site[functions.entries[entry, 0]] += others * a[product[0]]
            slope = slopes[product[k]]
            for x in range(width):
                into[1 + x] -= others * slope[x]
