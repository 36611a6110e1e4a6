"""What a frame looks like to its molecule, as a vector: frames that look alike are near.

The molecule is the frame's last atoms, one or more, and all others are the slab. With

    g_k(R) = exp(-(R - R_k)² / 2w²) ½ (1 + cos(π R / R_c)),   R < R_c = 5 Å,
    R_k = 1.0, 1.5, ... 4.5 Å,   w = 0.35 Å,

each of the molecule's atoms sees the slab's atoms j, images included, at distance R_j in direction
u_j as

    s_k = Σ_j g_k(R_j),   p_k = |Σ_j g_k(R_j) u_j|,   d_k = ‖Σ_j g_k(R_j) (u_j u_jᵀ - 1/3)‖:

how many there are, how much to one side, how flat or drawn out: the power spectrum of the slab's
density for l = 0, 1, 2. A frame's descriptor has three blocks:

    bonds           distances within the molecule: those of each pair of elements, increasing,
    surroundings    of each element of the molecule, mean of s_k, p_k, d_k over its atoms, and
                    largest less smallest where there are several,
    slab            Σ_ij exp(-(R_ij - R_m)² / 2w_m²) per slab atom, R_m = 2.3, 2.5, 2.7, 2.9 Å,
                    w_m = 0.1 Å: nearest neighbours of the metal, for its temperature and strain.

It is the same for frames that are translated, turned or mirrored, in which atoms of the slab change
places, or equal ones of the molecule. A molecule out of reach of the surface differs from others by
its own shape alone. (That of four or more atoms, of which the distances are sorted, is told apart
but for rare coincidences, and from its mirror image not at all.)

Source: Behler & Parrinello, Phys. Rev. Lett. 98, 146401 (2007), for g; Bartók, Kondor & Csányi,
Phys. Rev. B 87, 184115 (2013), for the power spectrum.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import product

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array

CUTOFF, WIDTH = 5.0, 0.35  # Å
CENTRES = np.arange(1.0, 4.6, 0.5)  # Å
METAL, METAL_WIDTH, METAL_CUTOFF = np.arange(2.3, 3.0, 0.2), 0.1, 3.3  # Å
# How much each block weighs: its variance over a pool of frames.
WEIGHTS = {"bonds": 1.0, "surroundings": 2.0, "slab": 0.5}
HYDROGEN = (1, 1)  # atomic numbers of H2


def sizes(molecule: Sequence[int] = HYDROGEN) -> dict[str, int]:
    """How many features each block has, for a molecule with these atomic numbers."""
    atoms = len(molecule)
    views = sum(1 + (count > 1) for count in Counter(molecule).values())
    return {
        "bonds": atoms * (atoms - 1) // 2,
        "surroundings": views * 3 * len(CENTRES),
        "slab": len(METAL),
    }


def descriptors(
    positions: Float[np.ndarray, "frame atom 3"],
    cell: Float[np.ndarray, "3 3"],
    periodic: tuple[bool, bool, bool],
    molecule: Sequence[int] = HYDROGEN,
) -> Float[np.ndarray, "frame feature"]:
    """Descriptors of frames of one system, the molecule's atoms last.

    Args:
        positions: Å; need not be wrapped.
        cell: lattice vectors as rows, Å; of no meaning along directions that are not periodic.
        periodic: along each lattice vector.
        molecule: atomic numbers of its atoms, in their order.
    """
    slab, own = positions[:, : -len(molecule)], positions[:, -len(molecule) :]
    seen = _surroundings(slab[:, None] - own[:, :, None], cell, periodic)
    views = []
    for number in sorted({*molecule}):
        mine = seen[:, np.flatnonzero(np.equal(molecule, number))]
        views.append(mine.mean(axis=1))
        if mine.shape[1] > 1:
            views.append(mine.max(axis=1) - mine.min(axis=1))
    return np.column_stack([*_bonds(own, molecule), *views, _neighbours(slab, cell, periodic)])


def longest_gap(own: Float[np.ndarray, "frame atom 3"]) -> Float[np.ndarray, " frame"]:
    """How far a molecule is apart: the longest bond of the shortest tree that joins its atoms, Å.

    The bond length of a diatomic, and of others about that of the bond that breaks; NaN of an atom.
    """
    apart = np.linalg.norm(own[:, :, None] - own[:, None], axis=-1)
    gaps = np.full(len(own), np.nan)
    nearest = apart[:, 0].copy()  # to the atoms that are joined; those themselves are at infinity
    nearest[:, 0] = np.inf
    frames = np.arange(len(own))
    for _ in range(own.shape[1] - 1):
        next_one = nearest.argmin(axis=1)
        gaps = np.fmax(gaps, nearest[frames, next_one])
        joined = np.isinf(nearest)
        joined[frames, next_one] = True
        nearest = np.where(joined, np.inf, np.minimum(nearest, apart[frames, next_one]))
    return gaps


def standardised(
    pool: Float[np.ndarray, "frame feature"], molecule: Sequence[int] = HYDROGEN
) -> Float[np.ndarray, "frame feature"]:
    """Descriptors of a pool such that each block's variance over the pool is its weight.

    Each feature is centred and divided by its standard deviation (0.001 at least, lest rounding
    count), and each of a block's n features multiplied by sqrt(weight / n). Distances between them
    have no unit.
    """
    spread = np.maximum(pool.std(axis=0, dtype=np.float64), 1e-3)
    factors = [
        np.full(size, np.sqrt(WEIGHTS[block] / max(1, size)))
        for block, size in sizes(molecule).items()
    ]
    scaled = (pool - pool.mean(axis=0, dtype=np.float64)) / spread * np.concatenate(factors)
    return scaled.astype(np.float32)


def _bonds(
    own: Float[np.ndarray, "frame atom 3"], molecule: Sequence[int]
) -> list[Float[np.ndarray, "frame pair"]]:
    """Distances within the molecule, increasing, for each pair of elements."""
    first, second = np.triu_indices(len(molecule), 1)
    distances = np.linalg.norm(own[:, second] - own[:, first], axis=-1)
    kinds = np.sort(np.array(molecule)[np.column_stack([first, second])], axis=1)
    return [
        np.sort(distances[:, (kinds == kind).all(axis=1)], axis=1)
        for kind in np.unique(kinds, axis=0)
    ]


def _surroundings(
    apart: Float[np.ndarray, "frame own other 3"],
    cell: Float[np.ndarray, "3 3"],
    periodic: tuple[bool, bool, bool],
) -> Float[np.ndarray, "frame own feature"]:
    """s, p and d of each of the molecule's atoms."""
    vectors = nearest(apart, cell, periodic)[..., None, :] + images(cell, periodic, CUTOFF)
    distances = np.linalg.norm(vectors, axis=-1)
    near = (distances < CUTOFF) & (distances > 0)
    R, u = distances[near], vectors[near] / distances[near][:, None]
    g = np.exp(-((R[:, None] - CENTRES) ** 2) / (2 * WIDTH**2))
    g *= 0.5 * (1 + np.cos(np.pi * R[:, None] / CUTOFF))
    flat = u[:, :, None] * u[:, None, :] - np.eye(3) / 3
    angular = np.column_stack([np.ones(len(R)), u, flat.reshape(-1, 9)])
    counts = near.reshape(apart.shape[0] * apart.shape[1], -1).sum(axis=1)
    starts = np.concatenate([[0], np.cumsum(counts)])
    sums = csr_array((np.ones(len(R)), np.arange(len(R)), starts), (len(counts), len(R)))
    weighted = (angular[:, :, None] * g[:, None, :]).reshape(-1, 13 * len(CENTRES))
    moments = (sums @ weighted).reshape(-1, 13, len(CENTRES))
    s = moments[:, 0]
    p, d = (np.linalg.norm(moments[:, part], axis=1) for part in (slice(1, 4), slice(4, 13)))
    return np.column_stack([s, p, d]).reshape(*apart.shape[:2], -1)


def _neighbours(
    slab: Float[np.ndarray, "frame atom 3"],
    cell: Float[np.ndarray, "3 3"],
    periodic: tuple[bool, bool, bool],
) -> Float[np.ndarray, "frame feature"]:
    """Smooth histogram of the metal's nearest-neighbour distances, per atom."""
    first, second = np.triu_indices(slab.shape[1], 1)
    distances = np.linalg.norm(nearest(slab[:, second] - slab[:, first], cell, periodic), axis=-1)
    features = np.zeros((len(slab), len(METAL)))
    for frame, R in enumerate(distances):
        near = R[R < METAL_CUTOFF][:, None]
        features[frame] = np.exp(-((near - METAL) ** 2) / (2 * METAL_WIDTH**2)).sum(axis=0)
    return 2 * features / slab.shape[1]


def nearest(
    vectors: Float[np.ndarray, "*n 3"],
    cell: Float[np.ndarray, "3 3"],
    periodic: tuple[bool, bool, bool],
) -> Float[np.ndarray, "*n 3"]:
    """The vectors less the whole lattice vectors in them, so that half of each at most is left."""
    fractions = vectors @ np.linalg.inv(cell)
    return (fractions - np.round(fractions) * np.array(periodic)) @ cell


def images(
    cell: Float[np.ndarray, "3 3"], periodic: tuple[bool, bool, bool], cutoff: float
) -> Float[np.ndarray, "image 3"]:
    """Every lattice translation that can bring an atom from `nearest` to within a cutoff (Å)."""
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    reach = [int(cutoff / h + 0.5) if p else 0 for h, p in zip(heights, periodic, strict=True)]
    return np.array([*product(*(range(-n, n + 1) for n in reach))]) @ cell
