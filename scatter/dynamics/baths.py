"""Baths: what stands for the solid below a slab, and takes up what would else be reflected there.

A motion in a bath wraps another one, and its memory holds that motion's names beside its own.
"""

from dataclasses import dataclass

import numpy as np

from scatter.arrays import Kept, array_namespace
from scatter.columns import BATH
from scatter.dynamics.integrators import Evaluate, damped
from scatter.dynamics.motions import Motion, Temperature
from scatter.dynamics.noise import Purpose, standard_normal
from scatter.dynamics.observers import Memory, Observer, Row
from scatter.dynamics.sight import Sight, kinetic_energy
from scatter.shapes import Float, Int
from scatter.slots import Tree
from scatter.state import Array, State
from scatter.units import K, fs

STEPS, GIVEN = "bath_steps", "bath_given"  # names in the memory of a motion


@dataclass(frozen=True)
class Edge:
    """The atoms of a slab that are in a bath.

    Attributes:
        atoms: their indices.
        per_fs: friction γ of each, 1/fs.
        T_K: temperature of the bath, K.
        course: its temperature in time, where it does not stay as it is.
    """

    atoms: Int[np.ndarray, " edge"]
    per_fs: Float[np.ndarray, " edge"]
    T_K: float
    course: Temperature | None = None

    def kT(self, time: Float[Array, " slot"]) -> Array | float:
        """k_B T at a time since the start of each trajectory, eV; shape (slot, 1, 1), or one."""
        return self.T_K * K if self.course is None else self.course.kT(time)[:, None, None]

    @property
    def record(self) -> dict[str, object]:
        """As a results file keeps it."""
        return {"atoms": self.atoms.tolist(), "per_fs": self.per_fs.tolist()}


class EdgeBath:
    """Langevin dynamics of some atoms around any motion at constant energy (OBABO).

    With O the exact Ornstein-Uhlenbeck step of the atoms of the edge (`integrators.damped`), one
    time step is

        O(Δt/2)   the motion's own step of Δt   O(Δt/2)

    which for velocity Verlet is the scheme of Bussi & Parrinello. It is palindromic, second order
    in Δt, and needs no force evaluation more. All other atoms move as the motion says; without
    friction so do those of the edge, to the bit. The energy given to the bath is

        Q = Σ K before O - K after O,

    exactly, so that E + Q errs as the energy of the motion alone does.

    Source: Bussi & Parrinello, Phys. Rev. E 75, 056707 (2007).
    """

    def __init__(self, motion: Motion, edge: Edge):
        """Take the motion, and the atoms in the bath."""
        self.motion, self.edge = motion, edge
        temperature = f"{edge.T_K} K" if edge.course is None else edge.course.identity
        self.identity = f"{motion.identity}, with a bath {edge.record} at {temperature}"
        self.kept = Kept(edge.atoms, edge.per_fs[:, None] / fs)

    def begin(self, state: State) -> Tree:
        """The memory of the motion, steps made, and the energy given to the bath, eV."""
        xp = array_namespace(state.time)
        self.kept(state.time)  # now, since a step that a GPU records must not fetch them
        return {
            **self.motion.begin(state),
            STEPS: xp.zeros_like(state.trajectory),
            GIVEN: xp.zeros_like(state.time),
        }

    def step(self, state: State, memory: Tree, evaluate: Evaluate, dt: Array) -> None:
        """Advance every trajectory by one time step, in place."""
        xp, half, steps = array_namespace(dt), 0.5 * dt[:, None, None], memory[STEPS]
        atoms, draws = self.kept(dt)[0], xp.stack((2 * steps, 2 * steps + 1), 1)
        noise = standard_normal(state.stream, draws, atoms, Purpose.BATH)
        self._damp(state, memory, half, self.edge.kT(state.time), noise[:, 0])
        self.motion.step(state, memory, evaluate, dt)
        self._damp(state, memory, half, self.edge.kT(state.time + dt), noise[:, 1])
        memory[STEPS] = steps + xp.astype(dt > 0, xp.int64)

    def conserved(self, state: State, memory: Tree, energy: Array) -> Array:
        """What the motion conserves, and the energy given to the bath."""
        return self.motion.conserved(state, memory, energy) + memory[GIVEN]

    def _damp(self, state: State, memory: Tree, dt: Array, kT: Array | float, noise: Array) -> None:
        atoms, friction = self.kept(state.time)
        momenta, masses = state.momenta[:, atoms], state.masses[:, atoms]
        after = damped(momenta, masses, friction, kT, dt, noise)
        state.momenta[:, atoms] = after
        given = kinetic_energy(momenta, masses) - kinetic_energy(after, masses)
        memory[GIVEN] = memory[GIVEN] + given


class BathEnergy(Observer):
    """The energy that each trajectory has given to the bath."""

    name, columns = "bath", BATH

    def begin(self, sight: Sight) -> Tree:
        """None yet."""
        return {"given": sight.motion[GIVEN] + 0}

    def see(self, memory: Tree, sight: Sight) -> Tree:
        """All so far."""
        return {"given": sight.motion[GIVEN] + 0}

    def row(self, memory: Memory, masses: Float[np.ndarray, " atom"]) -> Row:
        """It."""
        return {"bath_eV": memory["given"]}


def in_bath(motion: Motion, edge: Edge | None) -> Motion:
    """The motion in a bath, where there is one."""
    return motion if edge is None else EdgeBath(motion, edge)


def of_bath(edge: Edge | None) -> tuple[Observer, ...]:
    """What is observed of a bath, where there is one."""
    return () if edge is None else (BathEnergy(),)
