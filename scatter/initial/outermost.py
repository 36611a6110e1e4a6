"""Which atoms of a slab are substrate and which adsorbates, and which lie outermost.

A ball is rolled over the substrate from above, its centre never nearer to an atom than
S = 0.92 d. The atoms that carry it over more than a twentieth of the area √3/2 d² of a close-packed
atom are the outermost ones. So on flat facets they are the uppermost layer, on stepped ones all
rows of a terrace from edge to foot; what lies below a terrace or within (110)'s furrows is not
touched, and no gap in z is looked for, so it does not matter how rough the slab is or how high a
step. Lengths in Å; d is the distance of nearest neighbours as if atoms were close-packed: the mean
of an inner atom's twelve nearest.

Source of the idea: Lee & Richards, J. Mol. Biol. 55, 379 (1971).
"""

import numpy as np
from ase.data import chemical_symbols
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree

REACH = 0.92  # S / d: a ball that enters the foot of a step, but not the furrows of (110)
LEAST = 0.05  # of √3/2 d²: (110)'s second layer has up to 0.02 of it, the foot of (211) 0.19
GRID = 0.15  # Å, between the places where the ball is let down
NEIGHBOURS, FAR = 12, 8.0  # the twelve nearest neighbours of an atom lie within 8 Å
# Elements that lie on metals without being part of them, unless a slab's inside is made of them.
VOLATILE = frozenset("H He C N O F Ne P S Cl Ar Se Br Kr I Xe At Rn Li Na K Rb Cs Fr".split())
RARE = 0.1  # the part of the inside that makes such an element one of the substrate


def substrate_atoms(
    numbers: Int[np.ndarray, " atom"],
    positions: Float[np.ndarray, "atom 3"],
    elements: list[str] | None = None,
) -> Bool[np.ndarray, " atom"]:
    """Which atoms make up the slab; the others are adsorbates.

    Metals and semiconductors belong to it wherever they are. A nonmetal or an alkali metal does
    if its element makes up a tenth of the slab's inside, the middle half of its height (of one
    or two layers, the lower half), as in an oxide, in ice or in graphene.

    Args:
        numbers: atomic numbers.
        positions: Å.
        elements: symbols of the substrate where the user names them.
    """
    symbols = np.array(chemical_symbols)[numbers]
    if elements is not None:
        return np.isin(symbols, elements)
    z = positions[:, 2]
    depth = (z - z.min()) / max(float(np.ptp(z)), 1e-9)
    inside = (depth >= 0.25) & (depth <= 0.75)
    inner = symbols[inside if inside.any() else depth <= 0.5]
    common = {symbol for symbol in set(inner.tolist()) if (inner == symbol).mean() >= RARE}
    belonging = np.array([symbol in common or symbol not in VOLATILE for symbol in symbols])
    return belonging if belonging.any() else np.ones(len(numbers), bool)


def outermost(
    positions: Float[np.ndarray, "atom 3"], cell: Float[np.ndarray, "3 3"]
) -> Int[np.ndarray, " top"]:
    """Indices of the atoms that carry a ball let down from above, in increasing order.

    Args:
        positions: of the substrate's atoms, Å.
        cell: lattice vectors as rows; periodic along the first two, which lie in the xy plane.
    """
    d = close_packed_distance(positions, cell)
    carried = _carried(positions, cell, REACH * d)
    return np.flatnonzero(carried > LEAST * np.sqrt(3) / 2 * d * d)


def lowest_layers(
    positions: Float[np.ndarray, "atom 3"], cell: Float[np.ndarray, "3 3"], count: int
) -> list[Int[np.ndarray, " layer"]]:
    """Indices of the atoms of the lowest layers, from the bottom up; fewer where there are none.

    A layer is what is outermost seen from below once the layers below it are taken away. On (211)
    that is a stack of three rows.

    Args:
        positions: of the substrate's atoms, Å.
        cell: as of `outermost`.
        count: layers that are asked for.
    """
    left, lowest = np.arange(len(positions)), []
    while len(left) and len(lowest) < count:
        layer = outermost(positions[left] * [1, 1, -1], cell)
        lowest.append(left[layer])
        left = np.delete(left, layer)
    return lowest


def widths(cell: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "2"]:
    """How far apart the cell's faces are along the first and the second lattice vector, Å."""
    lateral = cell[:2, :2]
    return np.abs(np.linalg.det(lateral)) / np.linalg.norm(lateral, axis=1)[::-1]


def images(
    positions: Float[np.ndarray, "atom 3"], cell: Float[np.ndarray, "3 3"], reach: float
) -> Float[np.ndarray, "image 3"]:
    """All atoms within `reach` (Å) of a cell's own and more, image after image.

    Image k of atom i is row k · atoms + i; the positions must lie within the cell, sideways.
    """
    turns = [np.arange(-n, n + 1) for n in np.ceil(reach / widths(cell)).astype(int)]
    shifts = np.stack(np.meshgrid(*turns, indexing="ij"), axis=-1).reshape(-1, 2) @ cell[:2]
    return (positions[None] + shifts[:, None]).reshape(-1, 3)


def inside(
    positions: Float[np.ndarray, "atom 3"], cell: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "atom 3"]:
    """The positions moved into the cell, sideways."""
    turns = np.floor(positions[:, :2] @ np.linalg.inv(cell[:2, :2]))
    return positions - turns @ cell[:2]


def close_packed_distance(
    positions: Float[np.ndarray, "atom 3"], cell: Float[np.ndarray, "3 3"]
) -> float:
    """Mean distance (Å) of the twelve nearest neighbours of an inner atom.

    That of the atom at the lowest quarter of all: atoms at the surface have fewer near ones.
    """
    places = inside(positions, cell)
    distances, _ = KDTree(images(places, cell, FAR)).query(places, NEIGHBOURS + 1)
    return float(np.quantile(distances[:, 1:].mean(axis=1), 0.25, method="lower"))


def _carried(
    positions: Float[np.ndarray, "atom 3"], cell: Float[np.ndarray, "3 3"], reach: float
) -> Float[np.ndarray, " atom"]:
    """The area (Å²) over which each atom carries the ball.

    Let down at (x, y) the ball's centre comes to rest at the largest z_i + sqrt(S² - ρ_i²), ρ_i the
    lateral distance of atom i; the largest is found on a grid of the cell.
    """
    lateral = cell[:2, :2]
    sizes = np.maximum(1, np.ceil(np.linalg.norm(lateral, axis=1) / GRID)).astype(int)
    around = [np.arange(-n, n + 1) for n in np.ceil(reach / widths(cell) * sizes).astype(int) + 1]
    steps = np.stack(np.meshgrid(*around, indexing="ij"), axis=-1).reshape(-1, 2)
    rest, carrier = np.full(sizes, -np.inf), np.full(sizes, -1)
    for atom, place in enumerate(positions):
        at = place[:2] @ np.linalg.inv(lateral) * sizes
        nodes = steps + np.round(at).astype(int)
        squares = (((nodes - at) / sizes @ lateral) ** 2).sum(axis=1)
        near = squares < reach**2
        centre = place[2] + np.sqrt(reach**2 - squares[near])
        i, j = (nodes[near] % sizes).T
        order = np.argsort(centre)  # of a node met twice, through images, the higher is kept
        i, j, centre = i[order], j[order], centre[order]
        higher = centre > rest[i, j]
        rest[i[higher], j[higher]] = centre[higher]
        carrier[i[higher], j[higher]] = atom
    node = abs(np.linalg.det(lateral)) / sizes.prod()
    return node * np.bincount(carrier[carrier >= 0], minlength=len(positions)).astype(float)
