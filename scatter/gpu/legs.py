"""What the trajectories of one batch that run elsewhere start from, and the limits of all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from scatter.dynamics.baths import Edge, in_bath
from scatter.dynamics.bounds import Bounds
from scatter.dynamics.motions import Motion, Verlet
from scatter.dynamics.multistep import BondForce, MultiStep
from scatter.friction.motion import ElectronicFriction
from scatter.gpu.checks import MOST, demand, is_a_cell
from scatter.gpu.electrons import PreparedElectrons
from scatter.saved import Misfit, Saved
from scatter.shapes import Bool, Float, Int
from scatter.state import Start, System


@dataclass(frozen=True)
class Limits(Saved):
    """The numbers of `[dynamics]` and `[stop]`."""

    noun = "table of limits"

    timestep_fs: float
    max_time_fs: float
    energy_tolerance_eV: float
    dissociated_A: float
    scattered_A: float | Literal["auto"]
    near_A: float

    @property
    def step_fs(self) -> float:
        """The time step, fs."""
        return self.timestep_fs

    def refuse(self, sizes: Mapping[str, int]) -> None:
        """Raise Misfit unless these are positive numbers, or one that is automatic."""
        for name, value in vars(self).items():
            if value != "auto" and not 0 < value < MOST:
                raise Misfit(f"its limit '{name}' is not a positive number")


@dataclass(frozen=True)
class PreparedLeg(Saved):
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
        stream: of each trajectory's random numbers; see `Start`. Shape (trajectory, 3).
        closest: of each atom of the molecule to each of the slab; see `Bounds`, as the next two.
        shortest_bond: of the molecule.
        lowest: height.
        above_top: of the top plane above the mean of `top`.
        inner_steps: of the molecule's bond in each time step; 0 for velocity Verlet.
        bond_force: see `BondForce`, as the next.
        bond_shortest: Å.
        bath_atoms: in a bath; see `Edge`, as the next two.
        bath_per_fs: 1/fs, shape (bath atom,).
        bath_T_K: K.
        electrons: that the molecule feels; of one, or none.
    """

    noun, unbounded = "prepared leg", frozenset({"lowest"})

    numbers: Int[np.ndarray, " atom"]
    cell: Float[np.ndarray, "3 3"]
    pbc: Bool[np.ndarray, " 3"]
    moving: Bool[np.ndarray, " atom"]
    top: Int[np.ndarray, " top"]
    slab_positions: Float[np.ndarray, "snapshot slab 3"]
    slab_momenta: Float[np.ndarray, "snapshot slab 3"]
    slab_masses: Float[np.ndarray, " slab"]
    point: Int[np.ndarray, " trajectory"]
    number: Int[np.ndarray, " trajectory"]
    snapshot: Int[np.ndarray, " trajectory"]
    positions: Float[np.ndarray, "trajectory own 3"]
    momenta: Float[np.ndarray, "trajectory own 3"]
    masses: Float[np.ndarray, "trajectory own"]
    stream: Int[np.ndarray, "trajectory 3"]
    closest: Float[np.ndarray, "own slab"]
    shortest_bond: float
    lowest: float
    above_top: float = 0.0
    inner_steps: int = 0
    bond_force: Float[np.ndarray, " force"] = field(default_factory=lambda: np.zeros(2))
    bond_shortest: float = 1.0
    bath_atoms: Int[np.ndarray, " bath"] = field(default_factory=lambda: np.zeros(0, np.int64))
    bath_per_fs: Float[np.ndarray, " bath"] = field(default_factory=lambda: np.zeros(0))
    bath_T_K: float = 0.0
    electrons: list[PreparedElectrons] = field(default_factory=list)

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
            self.above_top,
            projectile=self.masses.shape[1],
        )

    @property
    def bounds(self) -> Bounds | None:
        """What no trajectory must leave."""
        bounds = Bounds(self.shortest_bond, self.closest, self.lowest, self.cell, self.system.pbc)
        return None if bounds.none else bounds

    @property
    def motion(self) -> Motion:
        """The integrator, with friction where there is any."""
        return self.felt or self.alone

    @property
    def alone(self) -> Motion:
        """The integrator without friction."""
        if not self.inner_steps:
            return in_bath(Verlet(), self.edge)
        bond = BondForce(self.bond_force, self.bond_shortest, np.inf)
        return in_bath(MultiStep(bond, self.inner_steps), self.edge)

    @cached_property
    def felt(self) -> ElectronicFriction | None:
        """The integrator with the friction of electrons; None where there are none."""
        return self.electrons[0].felt(self.alone, self.system) if self.electrons else None

    @property
    def edge(self) -> Edge | None:
        """The atoms in a bath; None where there is none."""
        if not len(self.bath_atoms):
            return None
        return Edge(self.bath_atoms, self.bath_per_fs, self.bath_T_K)

    def start(self, item: int) -> Start:
        """The start of one trajectory, the same bits as in the campaign."""
        snapshot = self.snapshot[item]
        return Start(
            trajectory=item,
            positions=np.concatenate([self.slab_positions[snapshot], self.positions[item]]),
            momenta=np.concatenate([self.slab_momenta[snapshot], self.momenta[item]]),
            masses=np.concatenate([self.slab_masses, self.masses[item]]),
            stream=self.stream[item],
        )

    def refuse(self, sizes: Mapping[str, int]) -> None:
        """Raise Misfit unless trajectories can start from these arrays."""
        if sizes["atom"] != sizes["slab"] + sizes["own"]:
            raise Misfit("its slab and its molecule are not all atoms")
        if not (sizes["top"] and is_a_cell(self.cell)):
            raise Misfit("its cell has no thickness, or no top")
        for name, most in (
            ("numbers", 119),
            ("top", sizes["slab"]),
            ("snapshot", sizes["snapshot"]),
            ("point", MOST),
            ("number", MOST),
            ("stream", 2**32),
            ("bath_atoms", sizes["slab"]),
            ("bath_per_fs", MOST),
        ):
            demand(name, vars(self)[name] >= 0, vars(self)[name] < most)
        held = self.bath_atoms
        demand("bath_atoms", self.moving[held], len(np.unique(held)) == len(held))
        demand("bath_T_K", 0 <= self.bath_T_K < MOST)
        demand("slab_masses", self.slab_masses > 0)
        demand("masses", self.masses > 0)
        demand("closest", self.closest >= 0)
        demand("lowest", self.lowest < np.inf)
        bonded = sizes["own"] == 2 and sizes["force"] > 1
        demand("inner_steps", self.inner_steps == 0 or bonded and 0 < self.inner_steps <= 1000)
        demand("bond_shortest", self.bond_shortest > 0)
        demand("electrons", len(self.electrons) < 2)
        for each in self.electrons:
            demand("electrons.species", len(each.species) == sizes["slab"])
            demand("electrons.knots", len(each.knots) == sizes["own"])
