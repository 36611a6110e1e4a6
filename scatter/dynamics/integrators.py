"""Integrators: one step for every replica of a batch, in place.

Contract: `evaluate(positions)` answers energies and forces, with forces exactly zero on frozen
atoms; `dt` is a number or an array that broadcasts over (slot, atom, 3), where 0 holds a replica
still to the bit. Arrays are NumPy or torch; slots are the first axis and nothing mixes them.
"""

from collections.abc import Callable
from math import exp

from scatter.arrays import array_namespace
from scatter.shapes import Float
from scatter.state import Array, State

Evaluate = Callable[[Array], tuple[Array, Array]]


def velocity_verlet(state: State, evaluate: Evaluate, dt: Array | float) -> None:
    """Advance every replica by one step of velocity Verlet, in place.

        p(t+dt/2) = p + F dt/2,   x(t+dt) = x + p(t+dt/2) dt/m,   p(t+dt) = p(t+dt/2) + F(t+dt) dt/2

    Second order in `dt`, symplectic, time-reversible; one force evaluation.

    Args:
        state: positions, momenta, forces and energies are advanced; `time` is the caller's.
        evaluate: positions -> energies, forces.
        dt: time step, Å sqrt(amu/eV).
    Source: Swope et al., J. Chem. Phys. 76, 637 (1982).
    """
    state.momenta += 0.5 * dt * state.forces
    state.positions += dt * state.momenta / state.masses
    state.energies, state.forces = evaluate(state.positions)
    state.momenta += 0.5 * dt * state.forces


def baoab(
    state: State, evaluate: Evaluate, dt: float, friction: float, kT: float, noise: Array
) -> None:
    """Advance every replica by one step of Langevin dynamics (BAOAB), in place.

        dx = p/m dt,   dp = F dt - γ p dt + sqrt(2 γ m kT) dW

    split into half a kick (B), half a drift (A), the exact Ornstein-Uhlenbeck step (O)

        p -> c p + sqrt((1 - c²) m kT) ξ,   c = exp(-γ dt),

    half a drift and half a kick; one force evaluation. Positions are sampled to fourth order in
    `dt` at high friction, and exactly in a harmonic well; momenta of a mode of angular frequency
    ω are too cold by the fraction (ω dt)²/4.

    Args:
        state: positions, momenta, forces and energies are advanced; `time` is the caller's.
        evaluate: positions -> energies, forces.
        dt: time step, Å sqrt(amu/eV).
        friction: γ, inverse time unit.
        kT: temperature, eV.
        noise: ξ, standard normal numbers of the momenta's shape; zero on frozen atoms.
    Source: Leimkuhler & Matthews, J. Chem. Phys. 138, 174102 (2013).
    """
    c = exp(-friction * dt)
    state.momenta += 0.5 * dt * state.forces
    state.positions += 0.5 * dt * state.momenta / state.masses
    state.momenta *= c
    state.momenta += ((1 - c * c) * kT * state.masses) ** 0.5 * noise
    state.positions += 0.5 * dt * state.momenta / state.masses
    state.energies, state.forces = evaluate(state.positions)
    state.momenta += 0.5 * dt * state.forces


def damped(
    momenta: Float[Array, "slot atom 3"],
    masses: Float[Array, "slot atom 1"],
    friction: Float[Array, "atom 1"],
    kT: Array | float,
    dt: Array,
    noise: Float[Array, "slot atom 3"],
) -> Float[Array, "slot atom 3"]:
    """The momenta after friction and noise alone have acted for a time dt.

        dp = -γ p dt + sqrt(2 γ m kT) dW,   p(dt) = c p + sqrt((1 - c²) m kT) ξ,   c = exp(-γ dt)

    Exact for any dt (Ornstein-Uhlenbeck), and without friction the momenta to the bit.

    Args:
        momenta: p, amu Å / time unit.
        masses: m, amu.
        friction: γ of each atom, inverse time unit.
        kT: temperature of the bath, eV; of each slot, shape (slot, 1, 1), or of all.
        dt: of each slot, Å sqrt(amu/eV), shape (slot, 1, 1); 0 holds its momenta.
        noise: ξ, standard normal numbers.
    Source: Uhlenbeck & Ornstein, Phys. Rev. 36, 823 (1930).
    """
    xp = array_namespace(momenta)
    c = xp.exp(-friction * dt)
    return c * momenta + xp.sqrt((1 - c * c) * kT * masses) * noise
