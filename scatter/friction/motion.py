"""Electronic friction: electrons of a metal that take energy from a projectile, and give it back.

A motion with friction wraps another one, and its memory holds that motion's names beside its own.
"""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from scatter.arrays import Kept, array_namespace
from scatter.columns import ELECTRONS, ELECTRONS_OF_A_BOND
from scatter.dynamics.integrators import Evaluate
from scatter.dynamics.motions import Motion, Temperature
from scatter.dynamics.noise import Purpose
from scatter.dynamics.observers import Memory, Observer, Row
from scatter.dynamics.sight import Sight
from scatter.errors import UserError
from scatter.friction.tensor import damp_by_array_code, damp_by_tensor
from scatter.shapes import Float, Int
from scatter.slots import Tree
from scatter.state import Array, State, System

STEPS, FRICTION, CLIPPED = "friction_steps", "friction", "friction_clipped"
GIVEN = "electrons_given"  # names in the memory of a motion
ENERGIES = ("given", "dissipated", "centre", "bond")  # columns of GIVEN


class Friction(NamedTuple):
    """Λ of some replicas.

    Attributes:
        values: of each atom of the projectile, shape (slot, own), where it is the same along all
            axes and no two atoms share any; else shape (slot, 3 own, 3 own), symmetric, in the
            order x, y, z of the first atom, and so on. amu / time unit.
        clipped: how many densities below zero were taken as zero, shape (slot,).
    """

    values: Float[Array, "slot own"] | Float[Array, "slot n n"]
    clipped: Int[Array, " slot"]


@runtime_checkable
class Provider(Protocol):
    """What says how strong friction is, bound to a system and a number of slots."""

    @property
    def identity(self) -> str:
        """All that determines what it answers, in words that a results file keeps."""
        ...

    def __call__(self, positions: Float[Array, "slot atom 3"]) -> Friction:
        """Λ of replicas at these positions, of each from its own alone.

        How many there are may change from call to call.
        """
        ...


class ElectronicFriction:
    """Langevin dynamics of the projectile around any motion at constant energy (OBABO).

        dp = F dt - Λ v dt + √(2 kT_e) B dW,   B Bᵀ = Λ(x)

    With O the exact step of friction and noise alone (`kernels.friction.damp`,
    `tensor.damp_by_tensor`), one time step is

        O(Δt/2)   the motion's own step of Δt   O(Δt/2)

    with Λ where each O acts: what it is at the end of a step it is at the beginning of the next, so
    that it is asked for once a step. Noise acts on momenta and Λ depends on positions alone, so
    there is no drift term. The scheme is palindromic and second order in Δt; without friction every
    atom moves as the motion says, to the bit. The energy given to the electrons,

        -Q = Σ K before O - K after O,

    is exact, so that E - Q errs as the energy of the motion alone does. Its part

        Σ ½ uᵀ (1 - e^(-2GΔt/2)) u,   u = m^½ v,   G = m^-½ Λ m^-½

    is dissipated; the rest is noise. The same form of the velocity of the centre of mass, and of
    those of two atoms along their bond, are their shares; what is left is that of rotation, and of
    what they have in common. Array code, but for Λ that is a matrix: NumPy alone.

    Source: Bussi & Parrinello, Phys. Rev. E 75, 056707 (2007), for the scheme; Head-Gordon & Tully,
        J. Chem. Phys. 103, 10137 (1995), for the friction.
    """

    def __init__(self, motion: Motion, system: System, friction: Provider, electrons: Temperature):
        """Take the motion, the system that it moves, Λ, and the temperature of the electrons."""
        self.motion, self.friction, self.electrons = motion, friction, electrons
        self.own, self.first = system.projectile, len(system) - system.projectile
        self.atoms, self.xi = Kept(np.arange(self.first, len(system))), np.empty(3)
        self.identity = (
            f"{motion.identity}, with friction {friction.identity} at {electrons.identity}"
        )

    def begin(self, state: State) -> Tree:
        """The memory of the motion, steps made, Λ, and the energies given so far, eV.

        Raises:
            UserError: Λ is a matrix, and not of NumPy.
        """
        xp = array_namespace(state.time)
        values, clipped = self.friction(state.positions)
        if values.ndim == 3 and not isinstance(state.time, np.ndarray):
            raise UserError(
                f"friction {self.friction.identity} is a matrix, which acts on a CPU alone; take "
                '[potential] device = "cpu", or friction of each atom'
            )
        self.atoms(state.time)  # now, since a step that a GPU records must not fetch them
        return {
            **self.motion.begin(state),
            STEPS: xp.zeros_like(state.trajectory),
            FRICTION: values,
            CLIPPED: clipped,
            GIVEN: xp.stack([xp.zeros_like(state.time) for _ in ENERGIES], 1),
        }

    def step(
        self, state: State, memory: Tree, evaluate: Evaluate, dt: Float[Array, " slot"]
    ) -> None:
        """Advance every trajectory by one time step, in place."""
        half, steps = 0.5 * dt, memory[STEPS]
        self._damp(state, memory, half, self.electrons.kT(state.time), 2 * steps)
        self.motion.step(state, memory, evaluate, dt)
        memory[FRICTION], clipped = self.friction(state.positions)
        memory[CLIPPED] = memory[CLIPPED] + (dt > 0) * clipped
        self._damp(state, memory, half, self.electrons.kT(state.time + dt), 2 * steps + 1)
        memory[STEPS] = steps + array_namespace(dt).astype(dt > 0, steps.dtype)

    def conserved(
        self, state: State, memory: Tree, energy: Float[Array, " slot"]
    ) -> Float[Array, " slot"]:
        """What the motion conserves, and the energy given to the electrons."""
        return self.motion.conserved(state, memory, energy) + memory[GIVEN][:, 0]

    def _damp(
        self,
        state: State,
        memory: Tree,
        dt: Float[Array, " slot"],
        kT: Float[Array, " slot"],
        draws: Int[Array, " slot"],
    ) -> None:
        own = slice(self.first, None)
        acted_on = (
            state.momenta[:, own],
            state.positions[:, own],
            state.masses[:, own, 0],
            memory[FRICTION],
            kT,
            dt,
            state.stream,
            draws,
        )
        if not isinstance(state.time, np.ndarray):
            (atoms,) = self.atoms(state.time)
            return damp_by_array_code(*acted_on, atoms, memory[GIVEN])
        from scatter.kernels.friction import damp

        damped = damp if memory[FRICTION].ndim == 2 else damp_by_tensor
        damped(*acted_on, self.first, int(Purpose.FRICTION), self.xi, memory[GIVEN])


class ElectronEnergy(Observer):
    """The energy that each trajectory has given to the electrons, and what it is made of."""

    name = "electrons"

    def __init__(self, bond: bool):
        """Write what projectiles have, with the share of a bond where all of them have one."""
        self.columns = (*ELECTRONS, *(ELECTRONS_OF_A_BOND if bond else ()))

    def begin(self, sight: Sight) -> Tree:
        """None yet."""
        return {name: sight.motion[name] + 0 for name in (GIVEN, CLIPPED)}

    def see(self, memory: Tree, sight: Sight) -> Tree:
        """All so far."""
        return self.begin(sight)

    def row(self, memory: Memory, masses: Float[np.ndarray, " atom"]) -> Row:
        """It, in parts."""
        given, dissipated, centre, bond = memory[GIVEN].tolist()
        row = {
            "electrons_eV": given,
            "electrons_dissipated_eV": dissipated,
            "electrons_noise_eV": given - dissipated,
            "electrons_centre_eV": centre,
            "electrons_bond_eV": bond,
            "densities_clipped": memory[CLIPPED],
        }
        return {column.name: row[column.name] for column in self.columns}


def of_electrons(felt: ElectronicFriction | None, bond: bool) -> tuple[Observer, ...]:
    """What is observed of electrons, where they are felt."""
    return () if felt is None else (ElectronEnergy(bond),)
