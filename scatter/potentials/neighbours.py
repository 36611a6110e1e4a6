"""Verlet lists of a batch: the memory around the compiled list builder."""

import numpy as np
from jaxtyping import Float, Int

from scatter.kernels.neighbours import update_lists
from scatter.state import System

KEPT = ("first", "second", "shift", "counts", "reference")  # what each slot has of its own


class VerletLists:
    """Half pair lists of every slot, renewed slot by slot when an atom has moved half the skin.

    Attributes:
        first: atom i of each pair, shape (slot, capacity).
        second: atom j of each pair, shape (slot, capacity).
        shift: lattice translation of atom j in Å, shape (slot, capacity, 3).
        counts: pairs of each slot, shape (slot,).
    """

    def __init__(self, system: System, slots: int, cutoff: float, skin: float):
        """Lists for `slots` replicas of `system` that hold every pair within `cutoff` (Å)."""
        self.pbc = np.array(system.pbc)
        self.cell = np.ascontiguousarray(system.cell, float)
        self.inverse = np.ascontiguousarray(np.linalg.inv(self.cell))
        self.radius, self.skin = cutoff + skin, skin
        self.spans = self.radius * np.sqrt((self.inverse**2).sum(axis=0))
        self.reference = np.zeros((slots, len(system), 3))
        self._reserve(slots, 32 * len(system))

    def _reserve(self, slots: int, capacity: int) -> None:
        self.first = np.zeros((slots, capacity), np.int32)
        self.second = np.zeros((slots, capacity), np.int32)
        self.shift = np.zeros((slots, capacity, 3))
        self.counts = np.full(slots, -1, np.int64)

    def update(self, positions: Float[np.ndarray, "slot atom 3"]) -> None:
        """Make every list valid for these positions; room is made when a list overflows."""
        needed = self._renew(positions)
        if needed > self.first.shape[1]:
            self._reserve(len(positions), int(1.25 * needed))
            self._renew(positions)

    def _renew(self, positions: Float[np.ndarray, "slot atom 3"]) -> int:
        return update_lists(
            positions,
            self.cell,
            self.inverse,
            self.spans,
            self.pbc,
            self.radius,
            self.skin,
            self.first,
            self.second,
            self.shift,
            self.counts,
            self.reference,
        )

    def enter(self, slots: Int[np.ndarray, " new"], fresh: "VerletLists") -> None:
        """Take over the lists of replicas that enter these slots, made elsewhere just now."""
        if fresh.first.shape[1] != self.first.shape[1]:
            return self.forget(slots)
        for name in KEPT:
            getattr(self, name)[slots] = getattr(fresh, name)

    def forget(self, slots: Int[np.ndarray, " new"]) -> None:
        """Ask for new lists in these slots."""
        self.counts[slots] = -1

    def keep(self, slots: Int[np.ndarray, " kept"]) -> None:
        """Continue with these slots only."""
        for name in KEPT:
            setattr(self, name, np.ascontiguousarray(getattr(self, name)[slots]))
