"""Bounds of distances that no trajectory may leave; array code, slots first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from scatter.arrays import array_namespace, chosen
from scatter.dynamics.sight import Sight
from scatter.outcomes import Reason
from scatter.shapes import Float
from scatter.state import Array

CLOSE_LOOK = 4  # time steps of a trajectory from one look at its distances to the next


@dataclass(frozen=True)
class Bounds:
    """What a trajectory of one system must not leave. Lengths in Å.

    Attributes:
        shortest_bond: of any two atoms of the molecule; 0 for none.
        closest: of each atom of the projectile to each of the slab, shape (atom, slab); 0 for none.
        lowest: height of either atom of the molecule above the top plane; -inf for none.
        cell: lattice vectors as rows.
        pbc: periodicity along each.
        known_reach: the largest of `closest`, where finding it would wait for a device.
    """

    shortest_bond: float
    closest: Array
    lowest: float
    cell: Float[np.ndarray, "3 3"]
    pbc: tuple[bool, bool, bool]
    known_reach: float | None = None

    @property
    def reach(self) -> float:
        """The largest of `closest`, Å."""
        if self.known_reach is not None:
            return self.known_reach
        return float(self.closest.max(initial=0.0))

    def on(self, device: Callable[[np.ndarray], Array]) -> "Bounds":
        """The same bounds for arrays on a device."""
        return replace(self, closest=device(self.closest), known_reach=self.reach)

    @property
    def none(self) -> bool:
        """Whether nothing is bounded."""
        return not self.shortest_bond and not self.closest.any() and self.lowest == -np.inf


def margins(bounds: Bounds, positions: Array) -> Array:
    """How far the nearest pair of molecule and slab is outside its bound, Å; shape (slot,).

    The least r - r_min over all pairs, r that of the nearest images.

    Args:
        bounds: with `closest`.
        positions: Å, shape (slot, atom, 3).
    """
    xp = array_namespace(positions)
    if not bounds.closest.shape[1]:
        return xp.zeros_like(positions[:, 0, 0]) + xp.inf
    # by component: contiguous arrays are several times as fast as the last axis of one
    own = bounds.closest.shape[1]  # where the projectile's atoms begin
    apart = [positions[:, own:, None, k] - positions[:, None, :own, k] for k in range(3)]
    x, y, z = to_nearest_images(apart, bounds.cell, bounds.pbc)
    r = xp.sqrt(x * x + y * y + z * z)
    return xp.min(xp.reshape(r - bounds.closest, (len(r), -1)), axis=1)


def to_nearest_images(
    apart: Sequence[Array], cell: Float[np.ndarray, "3 3"], pbc: tuple[bool, bool, bool]
) -> list[Array]:
    """Separations d, by component, to the nearest images: d - Σ_k a_k round(d · b_k).

    The lattice vectors are a_k, their reciprocals b_k. That is exact for distances shorter than
    half the narrowest width of the cell.

    Args:
        apart: x, y and z of the separations, Å.
        cell: lattice vectors as rows, Å.
        pbc: periodicity along each.
    """
    nearest, xp = [*apart], array_namespace(apart[0])
    for vector, across, periodic in zip(cell, reciprocal(cell), pbc, strict=True):
        if periodic:
            turns = xp.round(sum(nearest[k] * float(across[k]) for k in range(3) if across[k]))
            for k in np.flatnonzero(vector):
                nearest[k] = nearest[k] - turns * float(vector[k])
    return nearest


def reciprocal(cell: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 3"]:
    """Reciprocal lattice vectors as rows, a_i · b_k = δ_ik, 1/Å; found once for each cell."""
    return _reciprocal(np.ascontiguousarray(cell, float).tobytes())


@lru_cache(maxsize=64)
def _reciprocal(cell: bytes) -> np.ndarray:
    return np.linalg.inv(np.frombuffer(cell).reshape(3, 3)).T


def outside(bounds: Bounds, positions: Array, sight: Sight, due: Array) -> Array:
    """Which bound each replica breaks: codes of `Reason`, uint8, shape (slot,); 0 for none.

    Bonds and heights cost nothing and are looked at always. Distances are where they are due and
    an atom of the molecule is low enough to be near one of the slab.

    Args:
        bounds: of the system.
        positions: Å, shape (slot, atom, 3).
        sight: of the same instant.
        due: whether distances are to be looked at, shape (slot,).
    """
    xp = array_namespace(positions)
    reason = xp.zeros_like(sight.height, dtype=xp.uint8)
    if bounds.reach:
        lowest = sight.height + sight.top
        reason = chosen(reason, _broken(bounds, positions, lowest, due), Reason.DISTANCE)
    reason = chosen(reason, sight.height < bounds.lowest, Reason.HEIGHT)
    if not bounds.shortest_bond:
        return reason
    return chosen(reason, sight.closest < bounds.shortest_bond, Reason.BOND)


def _broken(bounds: Bounds, positions: Array, lowest: Array, due: Array) -> Array:
    """Whether a distance is too short, where it is due and an atom low enough to be near one."""
    xp, own = array_namespace(positions), bounds.closest.shape[1]
    if not isinstance(positions, np.ndarray):  # to choose some, a GPU would have to count them
        near = lowest - xp.max(positions[:, :own, 2], axis=1) < bounds.reach
        return due & near & (margins(bounds, positions) < 0)
    broken, some = np.zeros(len(positions), bool), np.flatnonzero(due)
    near = lowest[some] - positions[some, :own, 2].max(axis=1) < bounds.reach
    if near.any():
        some = some[near]
        broken[some] = margins(bounds, positions[some]) < 0
    return broken
