"""What observers and endings look at: every trajectory at one instant; array code, slots first."""

from dataclasses import dataclass
from functools import cached_property

from scatter.arrays import array_namespace
from scatter.shapes import Float
from scatter.state import Array, State, System


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
    """

    system: System
    state: State
    energy: Array
    conserved: Array

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
    def rising(self) -> Array:
        """Vertical momentum of the projectile's centre of mass, shape (slot,)."""
        momentum = self.momenta[:, 0, 2]
        for atom in range(1, self.system.projectile):
            momentum = momentum + self.momenta[:, atom, 2]
        return momentum

    @cached_property
    def bond(self) -> Array:
        """Distance of the projectile's first two atoms, Å, shape (slot,)."""
        along = self.atoms[:, 1, :] - self.atoms[:, 0, :]
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
