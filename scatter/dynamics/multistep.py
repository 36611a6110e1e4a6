"""Two time steps: the molecule's own bond stepped inside, all other forces outside (r-RESPA).

A diatomic's vibration is the fastest motion of a trajectory, and its force is known without asking
the potential: the bond curve V(r) is sampled before a campaign. With the force split into that of
a reference and the rest, the potential is needed only as often as the rest changes.
"""

from math import ceil
from typing import Protocol, runtime_checkable

import numpy as np

from scatter.arrays import Kept, array_namespace
from scatter.dynamics.integrators import Evaluate
from scatter.shapes import Float
from scatter.slots import Tree
from scatter.state import Array, State

SPACING = 0.001  # Å, of a table
STEPS_A_PERIOD = 60  # of the fastest motion of the reference


@runtime_checkable
class Reference(Protocol):
    """Forces within a projectile that cost little, as array code."""

    @property
    def atoms(self) -> int:
        """How many atoms the projectile has: the last of a state."""
        ...

    @property
    def period_fs(self) -> float:
        """Of the fastest motion that the forces cause, fs."""
        ...

    def __call__(self, atoms: Float[Array, "slot atom 3"]) -> Float[Array, "slot atom 3"]:
        """The forces on the projectile's atoms, of their positions alone, eV/Å."""
        ...


class BondForce:
    """The force of a diatomic's bond, which fades where the bond is stretched.

        F(r) = -V'(r) s(x),   s(x) = 1 - 10 x³ + 15 x⁴ - 6 x⁵,   x = (r - r1) / (r2 - r1) in 0..1

    Near a barrier the surface takes over from the bond. V'(r) would still pull there, where the
    whole potential is flat; the rest would push as hard, and as the two act at different times
    they leave an error (Δt²/24) |F_rest|² / m of the energy that trajectories conserve. A
    reference that has faded leaves none.

    The force is a table, linear between its points and constant beyond its ends: in one dimension
    it has a potential all the same.

    Attributes:
        values: F every `SPACING` from `shortest`, eV/Å.
        shortest: bond of the first value, Å.
        period_fs: of small vibrations of the lightest isotopes, so that the steps of a trajectory
            depend on the elements alone.
    """

    atoms = 2

    def __init__(self, values: Float[np.ndarray, " point"], shortest: float, period_fs: float):
        """Take a table."""
        self.values, self.shortest, self.period_fs = values, shortest, period_fs
        self.tables = Kept(values, np.append(np.diff(values), 0.0))

    def __call__(self, atoms: Float[Array, "slot 2 3"]) -> Float[Array, "slot 2 3"]:
        """The forces on both atoms, eV/Å."""
        xp, (values, steps) = array_namespace(atoms), self.tables(atoms)
        along = atoms[:, 1] - atoms[:, 0]
        squares = along * along
        r = xp.sqrt(squares[:, 0] + squares[:, 1] + squares[:, 2])
        place, last = (r - self.shortest) / SPACING, len(self.values) - 1.0
        place = xp.where(place > 0, place, 0.0)  # what is not a number has a place, too
        place = xp.where(place < last, place, last)
        point = xp.astype(place, xp.int64)
        F = values[point] + (place - point) * steps[point]
        pull = (F / r)[:, None] * along
        return xp.stack((-pull, pull), 1)


class MultiStep:
    """The reversible reference system propagator (r-RESPA) at constant energy.

        p += (F - F_ref) Δt/2
        n times, with δ = Δt/n:   p += F_ref δ/2,   x += p δ/m,   p += F_ref δ/2
        p += (F - F_ref) Δt/2

    with F the forces of the potential, and F_ref those of a reference within the projectile.
    Second order in Δt, symplectic, time-reversible; one force evaluation a step. With n = 1, or
    without a reference, it is velocity Verlet. The slab drifts by one step of Δt.

    Source: Tuckerman, Berne & Martyna, J. Chem. Phys. 97, 1990 (1992).
    """

    def __init__(self, reference: Reference, inner: int):
        """Take F_ref and n."""
        self.reference, self.inner = reference, inner
        self.identity = f"multistep with {inner} inner steps"

    @classmethod
    def of(cls, reference: Reference, timestep_fs: float, inner: int | None = None) -> "MultiStep":
        """With n as given, or the least that makes `STEPS_A_PERIOD` of the reference's period."""
        return cls(reference, inner or ceil(STEPS_A_PERIOD * timestep_fs / reference.period_fs))

    def begin(self, state: State) -> Tree:
        """The force of the reference, eV/Å."""
        return {"reference": self.reference(state.positions[:, -self.reference.atoms :])}

    def step(self, state: State, memory: Tree, evaluate: Evaluate, dt: Array) -> None:
        """Advance every trajectory by one time step, in place."""
        dt, n = dt[:, None, None], self.reference.atoms
        half, inner = 0.5 * dt, dt / self.inner
        state.momenta += half * state.forces
        state.positions[:, :-n] += dt * state.momenta[:, :-n] / state.masses[:, :-n]
        atoms, momenta = state.positions[:, -n:], state.momenta[:, -n:]
        inertia, force = inner / state.masses[:, -n:], memory["reference"]
        momenta += (0.5 * inner - half) * force
        for left in reversed(range(self.inner)):
            atoms += inertia * momenta
            force = self.reference(atoms)
            momenta += (inner if left else 0.5 * inner - half) * force
        memory["reference"] = force
        state.energies, state.forces = evaluate(state.positions)
        state.momenta += half * state.forces

    def conserved(self, state: State, memory: Tree, energy: Array) -> Array:
        """The total energy."""
        return energy
