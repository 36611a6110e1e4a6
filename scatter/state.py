"""The shared nouns of the engine: what a batch consists of, and where its trajectories are.

Shapes: slot = replicas held at once, atom = atoms of one replica. The slab's atoms come first and
the molecule's two atoms last. Arrays are NumPy on a CPU and torch on a GPU. Units: Å, eV, amu.
"""

from dataclasses import dataclass, field
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
        top: indices of the outermost layer's atoms, from whose mean z heights count.
    """

    numbers: Int[np.ndarray, " atom"]
    cell: Float[np.ndarray, "3 3"]
    pbc: tuple[bool, bool, bool]
    moving: Bool[np.ndarray, " atom"]
    top: Int[np.ndarray, " top"] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def slab(self) -> "System":
        """The same system without the molecule (the last two atoms)."""
        return System(self.numbers[:-2], self.cell, self.pbc, self.moving[:-2], self.top)

    @property
    def molecule(self) -> "System":
        """The molecule alone, in no cell."""
        return diatomic(int(self.numbers[-2]), int(self.numbers[-1]))

    def with_molecule(self, first: int, second: int) -> "System":
        """The slab with the two atoms of a molecule (atomic numbers) added at the end."""
        numbers = np.append(self.numbers, [first, second])
        moving = np.append(self.moving, [True, True])
        return System(numbers, self.cell, self.pbc, moving, self.top)


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
