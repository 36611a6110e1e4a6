"""A slab cleaved along any lattice plane of a crystal, by `ase.build.surface`.

What is cut is the primitive cell, so that the surface cell is the smallest there is. A crystal of
two atoms in the primitive cell (hcp, diamond) is cut where its planes are farthest apart, which
breaks the fewest bonds: Si(111) between two bilayers, Ru(10-10) below its closer pair of planes.
Lengths in Å.
"""

from math import floor, gcd, sqrt

import numpy as np
from ase import Atoms
from ase.build import bulk, surface
from jaxtyping import Float

from scatter.facets import Indices
from scatter.initial.crystals import IDEAL

# The spacing of the densest planes, in a; so thick is one layer.
DENSEST = {"fcc": 1 / sqrt(3), "bcc": 1 / sqrt(2), "hcp": IDEAL / 2, "diamond": 1 / sqrt(3)}
ALIKE = 1e-6  # gaps, and heights of a plane's atoms, that differ by less are equal


def cleave(
    element: str,
    crystal: str,
    indices: Indices,
    size: tuple[int, int, int],
    constants: tuple[float, float],
) -> Atoms:
    """A slab of n1 n2 surface cells and so many layers, atoms numbered from the bottom up.

    Args:
        element: chemical symbol.
        crystal: "fcc", "bcc", "hcp" or "diamond".
        indices: h, k, l of the plane; those of a cubic crystal refer to its cubic cell.
        size: n1, n2, layers of `planes_in_layer`.
        constants: a and c, Å; c of an hcp crystal only.

    Returns:
        The slab in a cell of no height, its first lattice vector along x.
    """
    whole, own = _primitive(element, crystal, *constants), _in_primitive(crystal, indices)
    along = _along(whole, own)
    whole.positions -= _lowest(whole, along) * along / (along @ along)
    n1, n2, deep = size
    planes = planes_in_layer(crystal, indices) * deep
    slab = _compact(surface(whole, own, planes, periodic=True)).repeat((n1, n2, 1))
    x, y, z = slab.positions.T
    slab = slab[np.lexsort((x, y, np.round(z / ALIKE)))]
    slab.cell[2] = 0.0
    return slab


def planes_in_layer(crystal: str, indices: Indices) -> int:
    """How many lattice planes come closest to the spacing of the densest: one layer.

    On fcc(310) four, 0.16 a apart; on (211) three. Of an hcp crystal as if c/a were ideal, so that
    no measured constant decides how many atoms a slab has.
    """
    whole = _primitive("Cu", crystal, 1.0, IDEAL)
    d = 1 / float(np.linalg.norm(_along(whole, _in_primitive(crystal, indices))))
    return max(1, floor(DENSEST[crystal] / d + 0.5))


def atoms_in_layer(crystal: str, indices: Indices) -> int:
    """How many atoms one surface cell has in one layer."""
    return planes_in_layer(crystal, indices) * len(_primitive("Cu", crystal, 1.0, IDEAL))


def _along(whole: Atoms, own: Indices) -> Float[np.ndarray, "3"]:
    """The normal of a plane of the primitive cell, 1/d long; d is the spacing of such planes."""
    return np.array(own) @ whole.cell.reciprocal().array


def _primitive(element: str, crystal: str, a: float, c: float) -> Atoms:
    return bulk(element, crystal, a=a, c=c) if crystal == "hcp" else bulk(element, crystal, a=a)


def _in_primitive(crystal: str, indices: Indices) -> Indices:
    """The indices of the same plane in the primitive cell."""
    if crystal == "hcp":
        return indices
    vectors = bulk("Cu", crystal, a=2.0).cell.array  # whole numbers
    first, second, third = (round(x) for x in (vectors @ np.array(indices)).tolist())
    common = gcd(first, second, third)
    return first // common, second // common, third // common


def _lowest(whole: Atoms, along: Float[np.ndarray, "3"]) -> float:
    """Where, in plane spacings, the lowest atom above the widest gap of a crystal is."""
    places = np.sort((whole.positions @ along) % 1.0 % 1.0)
    gaps = places - np.roll(places, 1)
    gaps[0] += 1.0
    return float(places[np.argmax(gaps > gaps.max() - ALIKE)])


def _compact(slab: Atoms) -> Atoms:
    """The slab with the shortest lateral vectors of its lattice, the first along x.

    Source: Lagrange's reduction of a lattice of two dimensions.
    """
    first, second = slab.cell.array[:2]
    while True:
        second = second - np.round(first @ second / (first @ first)) * first
        if first @ first <= second @ second + ALIKE:
            break
        first, second = second, -first  # keeps the vectors right-handed
    slab.set_cell([first, second, slab.cell.array[2]])
    turn = float(np.degrees(np.arctan2(first[1], first[0])))
    slab.rotate(-turn, "z", rotate_cell=True)
    slab.cell.array[0, 1] = 0.0
    slab.wrap(pbc=(True, True, False))
    return slab
