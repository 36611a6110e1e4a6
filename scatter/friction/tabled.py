"""Densities and friction from tables alone, wherever NumPy or torch is: no other library is needed.

What makes the tables is in `free_atoms` and `electron_gas`. Loops for a CPU are imported when they
are needed.
"""

from hashlib import sha256
from itertools import product
from math import ceil, pi

import numpy as np

from scatter.arrays import Kept, array_namespace
from scatter.shapes import Float
from scatter.state import Array, System

CUTOFF, STEP = 6.0, 0.01  # Å; a free atom of copper has less than 1e-6 electrons per Å³ there


class Curve:
    """η of an atom by the density of electrons around it: cubics in r_s = (3 / 4πn)^(1/3).

    Attributes:
        knots: r_s, a₀; η is constant before the first, and 0 from the last on.
        pieces: coefficients between them, highest power first, amu / time unit; shape (4, piece).
        bohr_A: a₀, Å.
    """

    def __init__(
        self, knots: Float[np.ndarray, " knot"], pieces: Float[np.ndarray, "4 piece"], bohr_A: float
    ):
        """Take them."""
        self.knots, self.pieces, self.bohr_A = knots, pieces, bohr_A
        self.kept = Kept(knots, pieces)

    def __call__(self, density: Float[Array, "*any"]) -> Float[Array, "*any"]:
        """η, amu / time unit, of n in 1/Å³; where a cubic is below 0, 0; NaN where n is."""
        if not isinstance(density, np.ndarray):
            return self._by_array_code(density)
        from scatter.kernels.friction import gas_friction

        eta, end = np.empty(density.size), float(self.knots[-1])
        n = np.ascontiguousarray(density).ravel()
        gas_friction(n, self.bohr_A**3, self.knots, self.pieces, end, eta)
        return eta.reshape(density.shape)

    def _by_array_code(self, density: Float[Array, "*any"]) -> Float[Array, "*any"]:
        """The same of torch's tensors."""
        xp, (knots, pieces) = array_namespace(density), self.kept(density)
        first, last = float(self.knots[0]), float(self.knots[-1])
        dense = density > 0
        r_s = (3 / (4 * pi * self.bohr_A**3 * xp.where(dense, density, 1.0))) ** (1 / 3)
        place = xp.clip(r_s, first, last)
        piece = xp.clip(xp.searchsorted(knots, place, side="right") - 1, 0, pieces.shape[1] - 1)
        x, c = place - knots[piece], pieces[:, piece]
        eta = ((c[0] * x + c[1]) * x + c[2]) * x + c[3]
        eta = xp.where(dense & (r_s < last) & (eta > 0), eta, 0.0)
        return xp.where(xp.isnan(density), density, eta)


class Superposition:
    """n at the projectile's atoms, of the free atoms of a slab and their images."""

    def __init__(
        self,
        system: System,
        tables: Float[np.ndarray, "element knot 4"],
        species: np.ndarray,
    ):
        """Take the tables of the elements, and which of them each atom of the slab has."""
        self.system, self.tables, self.species = system, tables, species
        cell, shifts = np.ascontiguousarray(system.cell, float), _shifts(system.cell, system.pbc)
        tilt = abs(shifts[:, 2]).max() + abs(cell[:2, 2]).sum()  # 0 where layers are level
        reach = CUTOFF + float(tilt)
        self.lattice = cell, np.linalg.inv(cell), np.array(system.pbc), shifts, reach
        self.kept = Kept(*self.lattice[:2], shifts, tables, species)
        self.identity = f"free atoms {sha256(tables.tobytes()).hexdigest()[:16]}"

    def __call__(self, positions: Float[Array, "slot atom 3"]) -> Float[Array, "slot own"]:
        """n, 1/Å³; NaN where positions are not finite."""
        if not isinstance(positions, np.ndarray):
            return self._by_array_code(positions)
        from scatter.kernels.superposition import superposed

        n = np.empty((len(positions), self.system.projectile))
        superposed(
            positions, n.shape[1], self.lattice, CUTOFF, STEP, self.tables, self.species, n,
            np.empty(len(self.lattice[3]) + 1),
        )  # fmt: skip
        return n

    def _by_array_code(self, positions: Float[Array, "slot atom 3"]) -> Float[Array, "slot own"]:
        """The same of torch's tensors."""
        xp, own = array_namespace(positions), self.system.projectile
        cell, inverse, shifts, tables, species = self.kept(positions)
        d = positions[:, None, :-own] - positions[:, -own:, None]
        for k in (2, 0, 1):
            if self.system.pbc[k]:
                turns = xp.floor(xp.sum(d * inverse[:, k], axis=3) + 0.5)
                d = d - turns[..., None] * cell[k]
        n = 0.0
        for shift in shifts:
            e = d + shift
            square = xp.sum(e * e, axis=3)
            place = xp.sqrt(xp.where(square < CUTOFF**2, square, CUTOFF**2)) / STEP
            point = xp.astype(place, xp.int64)
            t, c = place - point, tables[species, point]
            here = ((c[..., 0] * t + c[..., 1]) * t + c[..., 2]) * t + c[..., 3]
            n = n + xp.sum(here + 0.0 * square, axis=2)  # what is not a number stays none
        return n


def _shifts(
    cell: Float[np.ndarray, "3 3"], pbc: tuple[bool, bool, bool]
) -> Float[np.ndarray, "shift 3"]:
    """Lattice vectors that may lead from a nearest image to one within the cutoff."""
    heights = 1 / np.sqrt((np.linalg.inv(cell) ** 2).sum(axis=0))
    most = [ceil(CUTOFF / h - 0.5) * on for h, on in zip(heights.tolist(), pbc, strict=True)]
    turns = np.array([*product(*(range(-n, n + 1) for n in most))])
    return np.ascontiguousarray(turns @ cell, float)
