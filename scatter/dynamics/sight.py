"""What observers and endings look at: every trajectory at one instant; array code, slots first."""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

import numpy as np

from scatter.arrays import array_namespace
from scatter.shapes import Float
from scatter.slots import Tree
from scatter.state import Array, State, System
from scatter.units import degree


@dataclass
class Sight:
    """All slots at one instant. Units: Å, eV, amu and the time that they imply.

    What is seldom asked for is computed when it is. Each slot is seen on its own, whatever the
    batch: sums over atoms are written out, since the order of a reduction, and so its bits, could
    change with the number of slots.

    Attributes:
        system: the atoms, the projectile's last.
        state: positions, momenta, masses, potential energies and time of all slots; not to be
            changed.
        energy: total energy, eV, shape (slot,).
        conserved: what the motion conserves, eV, shape (slot,); at constant energy, `energy`.
        motion: memory of the motion, such as the energy that a bath was given; not to be changed.
    """

    system: System
    state: State
    energy: Array
    conserved: Array
    motion: Tree = field(default_factory=dict)

    @property
    def time(self) -> Array:
        """Since the start of each trajectory, shape (slot,)."""
        return self.state.time

    @property
    def atoms(self) -> Array:
        """Positions of the projectile's atoms, Å, shape (slot, atom, 3)."""
        return self.state.positions[:, -self.system.projectile :, :]

    @property
    def momenta(self) -> Array:
        """Momenta of the projectile's atoms, shape (slot, atom, 3)."""
        return self.state.momenta[:, -self.system.projectile :, :]

    @property
    def masses(self) -> Array:
        """Masses of the projectile's atoms, amu, shape (slot, atom)."""
        return self.state.masses[:, -self.system.projectile :, 0]

    @cached_property
    def top(self) -> Array:
        """Height z of the top plane, Å, shape (slot,)."""
        heights = (self.state.positions[:, int(i), 2] for i in self.system.top)
        top = sum(heights) / len(self.system.top)
        return top + self.system.above_top if self.system.above_top else top

    @cached_property
    def highest(self) -> Array:
        """Height z of the highest atom of the slab, Å, shape (slot,)."""
        heights = self.state.positions[:, : -self.system.projectile, 2]
        return array_namespace(heights).max(heights, axis=1)

    @cached_property
    def deepest(self) -> Array:
        """Height z of the lowest atom of the slab, Å, shape (slot,)."""
        heights = self.state.positions[:, : -self.system.projectile, 2]
        return array_namespace(heights).min(heights, axis=1)

    @cached_property
    def Z(self) -> Array:
        """Height of the projectile's centre of mass above the top plane, Å, shape (slot,)."""
        weighted, mass = self.masses[:, 0] * self.atoms[:, 0, 2], self.masses[:, 0]
        for atom in range(1, self.system.projectile):
            weighted = weighted + self.masses[:, atom] * self.atoms[:, atom, 2]
            mass = mass + self.masses[:, atom]
        return weighted / mass - self.top

    @cached_property
    def height(self) -> Array:
        """Height of the projectile's lowest atom above the top plane, Å, shape (slot,)."""
        return self.lowest - self.top

    @cached_property
    def lowest(self) -> Array:
        """Height z of the projectile's lowest atom, Å, shape (slot,)."""
        lowest = self.atoms[:, 0, 2]
        for atom in range(1, self.system.projectile):
            lowest = array_namespace(lowest).minimum(lowest, self.atoms[:, atom, 2])
        return lowest

    @cached_property
    def uppermost(self) -> Array:
        """Height z of the projectile's highest atom, Å, shape (slot,)."""
        highest = self.atoms[:, 0, 2]
        for atom in range(1, self.system.projectile):
            highest = array_namespace(highest).maximum(highest, self.atoms[:, atom, 2])
        return highest

    @cached_property
    def rising(self) -> Array:
        """Vertical momentum of the projectile's centre of mass, shape (slot,)."""
        momentum = self.momenta[:, 0, 2]
        for atom in range(1, self.system.projectile):
            momentum = momentum + self.momenta[:, atom, 2]
        return momentum

    @cached_property
    def bond(self) -> Array:
        """Distance of the projectile's first two atoms, Å, shape (slot,)."""
        return self._distance(0, 1)

    @cached_property
    def closest(self) -> Array:
        """Distance of the projectile's nearest two atoms, Å, shape (slot,)."""
        pairs = [*combinations(range(self.system.projectile), 2)]
        shortest = self.bond
        for first, second in pairs[1:]:
            distance = self._distance(first, second)
            shortest = array_namespace(distance).minimum(shortest, distance)
        return shortest

    def _distance(self, first: int, second: int) -> Array:
        along = self.atoms[:, second, :] - self.atoms[:, first, :]
        xp = array_namespace(along)
        return xp.sqrt(xp.sum(along * along, axis=1))


def kinetic_energy(
    momenta: Float[Array, "slot atom 3"], masses: Float[Array, "slot atom 1"]
) -> Float[Array, " slot"]:
    """Σ p²/2m of each replica, eV."""
    xp = array_namespace(momenta)
    squares = momenta * momenta
    per_atom = (squares[:, :, 0] + squares[:, :, 1] + squares[:, :, 2]) / masses[:, :, 0]
    return 0.5 * xp.sum(per_atom, axis=1)


def orientation(bond: Float[np.ndarray, "3"]) -> tuple[float, float]:
    """Angle to the surface normal (+z) and azimuth from x of a vector, degrees."""
    theta = np.arctan2(np.hypot(bond[0], bond[1]), bond[2])
    return float(theta / degree), float(np.arctan2(bond[1], bond[0]) / degree)
