"""The shared nouns of the engine: what a batch consists of, and where its trajectories are.

Shapes: slot = replicas held at once, atom = atoms of one replica. The slab's atoms come first and
the projectile's last. Arrays are NumPy on a CPU and torch on a GPU. Units: Å, eV, amu.
"""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from scatter.arrays import array_namespace
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
        projectile: how many atoms at the end are the projectile's; 0 for a slab alone.
    """

    numbers: Int[np.ndarray, " atom"]
    cell: Float[np.ndarray, "3 3"]
    pbc: tuple[bool, bool, bool]
    moving: Bool[np.ndarray, " atom"]
    top: Int[np.ndarray, " top"] = field(default_factory=lambda: np.zeros(0, np.int64))
    above_top: float = 0.0
    adsorbates: Int[np.ndarray, " adsorbate"] = field(default_factory=lambda: np.zeros(0, np.int64))
    slab_masses: Float[np.ndarray, " slab"] | None = None
    projectile: int = 0

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def slab(self) -> "System":
        """The same system without the projectile."""
        atoms = len(self) - self.projectile
        return replace(self, numbers=self.numbers[:atoms], moving=self.moving[:atoms], projectile=0)

    @property
    def alone(self) -> "System":
        """The projectile alone, in no cell."""
        return lone(*self.numbers[len(self) - self.projectile :].tolist())

    def with_projectile(self, *numbers: int) -> "System":
        """The slab with a projectile's atoms (atomic numbers) at the end."""
        free = np.ones(len(numbers), bool)
        return replace(
            self,
            numbers=np.append(self.numbers, numbers),
            moving=np.append(self.moving, free),
            projectile=len(numbers),
        )

    def top_plane(self, positions: Float[np.ndarray, "atom 3"]) -> float:
        """Height z of the top plane at these positions, Å."""
        return float(positions[self.top, 2].mean()) + self.above_top


def lone(*numbers: int) -> System:
    """Atoms of a projectile (atomic numbers) that move freely in no cell."""
    moving, none = np.ones(len(numbers), bool), (False, False, False)
    return System(np.array(numbers), np.eye(3), none, moving, projectile=len(numbers))


class Key(NamedTuple):
    """Which trajectory of a campaign: its point (row of /points), number and branch there."""

    point: int
    number: int
    branch: int = 0


def trajectory_name(key: Key) -> str:
    """What the frames of a trajectory are called; no other of the campaign has this name."""
    return f"point{key.point:03d}-{key.number:06d}" + (f"-{key.branch}" if key.branch else "")


@dataclass(frozen=True)
class Start:
    """Where one trajectory begins; the bits of everything that follows depend on nothing else.

    Attributes:
        trajectory: the trajectory's index in the campaign's list of work.
        positions: Å.
        momenta: amu Å / time unit, zero for frozen atoms.
        masses: amu.
        key: of the trajectory in its campaign.
        stream: three words of 32 bits that tell the random numbers which the trajectory draws on
            its way from those of all others.
    """

    trajectory: int
    positions: Float[np.ndarray, "atom 3"]
    momenta: Float[np.ndarray, "atom 3"]
    masses: Float[np.ndarray, " atom"]
    key: Key = Key(0, 0)
    stream: Int[np.ndarray, "3"] = field(default_factory=lambda: np.zeros(3, np.int64))


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
        stream: of each trajectory's start, shape (slot, 3); zero where nothing is drawn.
    """

    positions: Array
    momenta: Array
    forces: Array
    energies: Array
    masses: Array
    time: Array
    trajectory: Array
    stream: Array = None

    def __post_init__(self) -> None:
        if self.stream is None:
            xp = array_namespace(self.trajectory)
            self.stream = xp.stack((xp.zeros_like(self.trajectory),) * 3, 1)

    def __len__(self) -> int:
        return len(self.time)
