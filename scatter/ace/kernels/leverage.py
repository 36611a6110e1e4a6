"""How far the surroundings of an atom are from those that a linear ACE was fitted to.

The leverage of an atom is |M b|², where b are the values of all functions of its species and M is a
root of the inverse of what the fit's rows add up to.
"""

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from scatter.ace.kernels.rows import harmonics
from scatter.kernels.distances import apart
from scatter.kernels.splines import DEGREE, spline_pieces

PIECES = np.array([piece.coef for piece in spline_pieces(DEGREE)])  # of a spline, by powers of u


class Functions(NamedTuple):
    """What makes the values b of one centre species.

    Attributes:
        table: coefficients of splines of the radial functions, then of those of one neighbour,
            shape (neighbour species, knot, column).
        radial: how many of the columns are radial functions.
        square: squared cutoff by neighbour species, Å².
        per_step: knots per Å.
        spec: n and l² + l + m of each A.
        ranges: where the A of each species begin, and the end.
        norms: of the harmonics, at l² + l + m.
        products: rows of `spec`, shape (product, 4); of fewer factors, the rest is -1.
        functions: of each coupling, its place in b.
        entries: of each coupling, its product.
        values: the couplings.
        root: M transposed, of the values that the species has: shape (value, row).
        kept: where these are in b.
    """

    table: NDArray
    radial: int
    square: NDArray
    per_step: float
    spec: NDArray
    ranges: NDArray
    norms: NDArray
    products: NDArray
    functions: NDArray
    entries: NDArray
    values: NDArray
    root: NDArray
    kept: NDArray


@njit(cache=True, nogil=True)
def _read(table, place, values):
    """All splines of a table at a place, which counts knots."""
    knot = int(place)
    u = place - knot
    values[:] = 0
    for j in range(len(PIECES)):
        weight = 0.0
        for k in range(len(PIECES) - 1, -1, -1):
            weight = weight * u + PIECES[j, k]
        for column in range(len(values)):
            values[column] += weight * table[knot + j, column]


@njit(cache=True, nogil=True)
def _add(x, y, z, other, functions, work, a, b):
    """Add a neighbour of species `other` to A and to the functions of one neighbour."""
    radial, unit, harmonic, gradients = work
    r = np.sqrt(x * x + y * y + z * z)
    unit[0], unit[1], unit[2] = x / r, y / r, z / r
    harmonics(unit, functions.norms, harmonic, gradients)
    _read(functions.table[other], r * functions.per_step, radial)
    for row in range(functions.ranges[other], functions.ranges[other + 1]):
        a[row] += radial[functions.spec[row, 0]] * harmonic[functions.spec[row, 1]]
    singles = len(radial) - functions.radial
    for t in range(singles):
        b[other * singles + t] += radial[functions.radial + t]


@njit(cache=True, nogil=True)
def _multiply(functions, a, b):
    """Add the functions of more than one neighbour."""
    products = np.ones(len(functions.products))
    for p in range(len(products)):
        for k in functions.products[p]:
            if k >= 0:
                products[p] *= a[k]
    for n in range(len(functions.values)):
        b[functions.functions[n]] += functions.values[n] * products[functions.entries[n]]


@njit(cache=True, nogil=True)
def _norm(functions, b):
    """|M b|²."""
    image = np.zeros(functions.root.shape[1])
    for k in range(len(functions.kept)):
        value, column = b[functions.kept[k]], functions.root[k]
        for row in range(len(image)):
            image[row] += value * column[row]
    total = 0.0
    for row in range(len(image)):
        total += image[row] * image[row]
    return total


@njit(cache=True, nogil=True)
def _of_atom(atom, positions, species, neighbours, functions, size):
    first, second, shift = neighbours
    columns = functions.table.shape[2]
    work = (
        np.zeros(columns),
        np.zeros(3),
        np.zeros(len(functions.norms)),
        np.zeros((len(functions.norms), 3)),
    )
    a, b = np.zeros(len(functions.spec)), np.zeros(size)
    for pair in range(len(first)):
        i, j = first[pair], second[pair]
        if i != atom and j != atom:
            continue
        x, y, z = apart(positions, i, j, shift[pair])
        square = x * x + y * y + z * z
        if i == atom and square < functions.square[species[j]]:
            _add(x, y, z, species[j], functions, work, a, b)
        if j == atom and square < functions.square[species[i]]:
            _add(-x, -y, -z, species[i], functions, work, a, b)
    _multiply(functions, a, b)
    return _norm(functions, b)


@njit(cache=True, parallel=True)
def leverages(atom, positions, species, lists, counts, functions, size):
    """The leverage of one atom in every replica, shape (slot,).

    Args:
        atom: its index.
        positions: Å, shape (slot, atom, 3).
        species: of each atom, shape (atom,).
        lists: half pair lists of every slot: first and second atoms, and shifts.
        counts: pairs of each slot, shape (slot,).
        functions: `Functions` of the atom's species.
        size: length of b.
    """
    gamma = np.empty(len(positions))
    first, second, shift = lists
    for slot in prange(len(positions)):
        n = counts[slot]
        neighbours = first[slot, :n], second[slot, :n], shift[slot, :n]
        gamma[slot] = _of_atom(atom, positions[slot], species, neighbours, functions, size)
    return gamma
