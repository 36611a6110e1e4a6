"""What the trajectories of one batch that run elsewhere start from, and the limits of all."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from scatter.dynamics.bounds import Bounds
from scatter.dynamics.motions import Motion, Verlet
from scatter.dynamics.multistep import BondForce, MultiStep
from scatter.state import Start, System


@dataclass(frozen=True)
class Limits:
    """The numbers of `[dynamics]` and `[stop]`."""

    timestep_fs: float
    max_time_fs: float
    energy_tolerance_eV: float
    dissociated_A: float
    scattered_A: float | Literal["auto"]
    near_A: float


@dataclass(frozen=True)
class PreparedLeg:
    """Trajectories that share a slab and the atomic numbers of the molecule. Units: Å, eV, amu.

    Attributes:
        numbers: atomic numbers, the molecule's last; so in all that follows.
        cell: lattice vectors as rows.
        pbc: periodicity.
        moving: False for frozen atoms.
        top: the outermost atoms.
        slab_positions: of each snapshot, shape (snapshot, atom, 3).
        slab_momenta: of each snapshot.
        slab_masses: shape (atom,).
        point: of each trajectory, as all that follows.
        number: of the trajectory in its point.
        snapshot: that it starts on.
        positions: of the molecule, shape (trajectory, 2, 3).
        momenta: of the molecule.
        masses: of the molecule, shape (trajectory, 2).
        closest: of each atom of the molecule to each of the slab; see `Bounds`, as the next two.
        shortest_bond: of the molecule.
        lowest: height.
        above_top: of the top plane above the mean of `top`.
        inner_steps: of the molecule's bond in each time step; 0 for velocity Verlet.
        bond_force: see `BondForce`, as the next.
        bond_shortest: Å.
    """

    numbers: np.ndarray
    cell: np.ndarray
    pbc: np.ndarray
    moving: np.ndarray
    top: np.ndarray
    slab_positions: np.ndarray
    slab_momenta: np.ndarray
    slab_masses: np.ndarray
    point: np.ndarray
    number: np.ndarray
    snapshot: np.ndarray
    positions: np.ndarray
    momenta: np.ndarray
    masses: np.ndarray
    closest: np.ndarray
    shortest_bond: np.ndarray
    lowest: np.ndarray
    above_top: np.ndarray = field(default_factory=lambda: np.array(0.0))
    inner_steps: np.ndarray = field(default_factory=lambda: np.array(0))
    bond_force: np.ndarray = field(default_factory=lambda: np.zeros(2))
    bond_shortest: np.ndarray = field(default_factory=lambda: np.array(1.0))

    def __len__(self) -> int:
        return len(self.point)

    @property
    def system(self) -> System:
        """The atoms of every replica."""
        pbc = (bool(self.pbc[0]), bool(self.pbc[1]), bool(self.pbc[2]))
        return System(
            self.numbers,
            self.cell,
            pbc,
            self.moving,
            self.top,
            float(self.above_top),
            projectile=self.masses.shape[1],
        )

    @property
    def bounds(self) -> Bounds | None:
        """What no trajectory must leave."""
        pbc, shortest, lowest = self.system.pbc, float(self.shortest_bond), float(self.lowest)
        bounds = Bounds(shortest, self.closest, lowest, self.cell, pbc)
        return None if bounds.none else bounds

    @property
    def motion(self) -> Motion:
        """The integrator."""
        if not self.inner_steps:
            return Verlet()
        bond = BondForce(self.bond_force, float(self.bond_shortest), np.inf)
        return MultiStep(bond, int(self.inner_steps))

    def start(self, item: int) -> Start:
        """The start of one trajectory, the same bits as in the campaign."""
        snapshot = self.snapshot[item]
        return Start(
            trajectory=item,
            positions=np.concatenate([self.slab_positions[snapshot], self.positions[item]]),
            momenta=np.concatenate([self.slab_momenta[snapshot], self.momenta[item]]),
            masses=np.concatenate([self.slab_masses, self.masses[item]]),
        )
