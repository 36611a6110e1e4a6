"""The shared nouns of the engine: what a batch consists of, and where its trajectories are.

Shapes: slot = replicas held at once, atom = atoms of one replica. The slab's atoms come first and
the molecule's two atoms last. Arrays are NumPy on a CPU and torch on a GPU. Units: Å, eV, amu.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from scatter.shapes import Bool, Float, Int

Array = Any  # NumPy on a CPU, torch on a GPU


@dataclass(frozen=True)
class System:
    """What all replicas of a batch have in common: species, cell, and which atoms move.

    Attributes:
        numbers: atomic numbers.
        cell: lattice vectors as rows, Å.
        pbc: periodicity along each lattice vector.
        moving: False for a frozen atom, which is never displaced and feels no force.
        top: indices of the outermost atoms, whose mean z is that of the top plane.
        above_top: of the top plane above that mean, Å, where the user has said where it is.
        adsorbates: indices of the slab's atoms that lie on it without being part of it.
        slab_masses: of the slab's atoms, amu; None where they are the standard atomic weights.
    """

    numbers: Int[np.ndarray, " atom"]
    cell: Float[np.ndarray, "3 3"]
    pbc: tuple[bool, bool, bool]
    moving: Bool[np.ndarray, " atom"]
    top: Int[np.ndarray, " top"] = field(default_factory=lambda: np.zeros(0, np.int64))
    above_top: float = 0.0
    adsorbates: Int[np.ndarray, " adsorbate"] = field(default_factory=lambda: np.zeros(0, np.int64))
    slab_masses: Float[np.ndarray, " slab"] | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def slab(self) -> "System":
        """The same system without the molecule (the last two atoms)."""
        return replace(self, numbers=self.numbers[:-2], moving=self.moving[:-2])

    @property
    def molecule(self) -> "System":
        """The molecule alone, in no cell."""
        return diatomic(int(self.numbers[-2]), int(self.numbers[-1]))

    def with_molecule(self, first: int, second: int) -> "System":
        """The slab with the two atoms of a molecule (atomic numbers) added at the end."""
        numbers = np.append(self.numbers, [first, second])
        moving = np.append(self.moving, [True, True])
        return replace(self, numbers=numbers, moving=moving)

    def top_plane(self, positions: Float[np.ndarray, "atom 3"]) -> float:
        """Height z of the top plane at these positions, Å."""
        return float(positions[self.top, 2].mean()) + self.above_top


def diatomic(first: int, second: int) -> System:
    """Two free atoms (atomic numbers) in no cell."""
    numbers, moving = np.array([first, second]), np.ones(2, bool)
    return System(numbers, np.eye(3), (False, False, False), moving)


@dataclass(frozen=True)
class Start:
    """Where one trajectory begins; the bits of everything that follows depend on nothing else.

    Attributes:
        trajectory: the trajectory's index in the campaign's list of work.
        positions: Å.
        momenta: amu Å / time unit, zero for frozen atoms.
        masses: amu.
    """

    trajectory: int
    positions: Float[np.ndarray, "atom 3"]
    momenta: Float[np.ndarray, "atom 3"]
    masses: Float[np.ndarray, " atom"]


@dataclass
class State:
    """The trajectories that are moving now, one per slot.

    Attributes:
        positions: Å, shape (slot, atom, 3); never wrapped.
        momenta: amu Å / time unit, shape (slot, atom, 3).
        forces: eV/Å, shape (slot, atom, 3); exactly zero on frozen atoms.
        energies: potential energy, eV, shape (slot,).
        masses: amu, shape (slot, atom, 1).
        time: since the start of each trajectory, shape (slot,).
        trajectory: which trajectory moves in each slot, shape (slot,).
    """

    positions: Array
    momenta: Array
    forces: Array
    energies: Array
    masses: Array
    time: Array
    trajectory: Array

    def __len__(self) -> int:
        return len(self.time)
