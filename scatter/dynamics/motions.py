"""Motions: how a batch goes from one time step to the next."""

from typing import Protocol, runtime_checkable

from scatter.dynamics.integrators import Evaluate, velocity_verlet
from scatter.shapes import Float
from scatter.slots import Tree
from scatter.state import Array, State


@runtime_checkable
class Motion(Protocol):
    """An integrator with a memory of its own for each trajectory.

    Array code: NumPy on a CPU and torch on a GPU, slots first, nothing mixes slots. One's own is a
    class with these four names.
    """

    @property
    def identity(self) -> str:
        """All that determines what it does, in words that a results file keeps."""
        ...

    def begin(self, state: State) -> Tree:
        """The memory of trajectories at their start, by name; arrays of shape (slot, ...)."""
        ...

    def step(self, state: State, memory: Tree, evaluate: Evaluate, dt: Array) -> None:
        """Advance every trajectory by one time step, in place; `state.time` is the caller's.

        Args:
            state: positions, momenta, forces and energies are advanced.
            memory: what `begin` gave, changed in place.
            evaluate: positions -> energies, forces.
            dt: time step of each slot, Å sqrt(amu/eV), shape (slot,); 0 holds a trajectory that
                has ended still, to the bit.
        """
        ...

    def conserved(self, state: State, memory: Tree, energy: Array) -> Array:
        """What an exact solution would conserve, eV, shape (slot,).

        The total energy less what friction and baths have given; trajectories in which it strays
        have failed.
        """
        ...


class Verlet:
    """Velocity Verlet at constant energy (NVE); see `integrators.velocity_verlet`."""

    identity = "verlet"

    def begin(self, state: State) -> Tree:
        """It remembers nothing."""
        return {}

    def step(self, state: State, memory: Tree, evaluate: Evaluate, dt: Array) -> None:
        """Advance every trajectory by one time step, in place."""
        velocity_verlet(state, evaluate, dt[:, None, None])

    def conserved(self, state: State, memory: Tree, energy: Array) -> Array:
        """The total energy."""
        return energy


@runtime_checkable
class Temperature(Protocol):
    """A temperature in time: of a bath, or of electrons."""

    @property
    def identity(self) -> str:
        """All that determines it, in words that a results file keeps."""
        ...

    def kT(self, time: Float[Array, " slot"]) -> Float[Array, " slot"]:
        """k_B T at a time since the start of each trajectory, eV."""
        ...
