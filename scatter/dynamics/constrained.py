"""Langevin dynamics on a dividing surface: the bond of a diatomic is held, all else moves.

The surface is |s| = r_S with s = x₂ - x₁, and the height of the centre of mass between two walls.
Its mass metric is constant, |∇r|² = 1/μ, so the constrained canonical law needs no further weight
(Fixman's term) to be that of phase space on the surface. Array code, slots first; the last two
atoms are the molecule.

Source: Leimkuhler & Matthews, Proc. R. Soc. A 472, 20160138 (2016), g-BAOAB.
"""

from dataclasses import dataclass
from math import exp

import numpy as np
from jaxtyping import Float

from scatter.dynamics.integrators import Evaluate
from scatter.state import State

PerSlot = Float[np.ndarray, " slot"]
Vectors = Float[np.ndarray, "slot 3"]


@dataclass(frozen=True)
class DividingSurface:
    """Where trajectories of a diatomic are counted: its bond, at any height between two walls.

    Attributes:
        bond: r_S, Å.
        floor: least height z of the centre of mass, Å, in the coordinates of the slab.
        ceiling: largest, Å.
    """

    bond: float
    floor: float
    ceiling: float


def constrained_baoab(
    state: State,
    evaluate: Evaluate,
    dt: float,
    friction: float,
    kT: float,
    noise: Float[np.ndarray, "slot atom 3"],
    surface: DividingSurface,
) -> None:
    """Advance every replica by one step of Langevin dynamics on the surface (g-BAOAB), in place.

    As `integrators.baoab`, with momenta projected onto the surface after each kick and after the
    noise, and with each drift the exact free motion on it (`drift`). One force evaluation; the
    bond is kept to rounding. Without friction it is symplectic and reversible in time.

    Args:
        state: positions on the surface, momenta along it; advanced, but for `time`.
        evaluate: positions -> energies, forces.
        dt: time step, Å sqrt(amu/eV).
        friction: γ, inverse time unit.
        kT: temperature, eV.
        noise: standard normal numbers; zero on frozen atoms.
        surface: that they stay on.
    """
    c = exp(-friction * dt)
    state.momenta += 0.5 * dt * state.forces
    project(state)
    drift(state, 0.5 * dt, surface)
    state.momenta *= c
    state.momenta += ((1 - c * c) * kT * state.masses) ** 0.5 * noise
    project(state)
    drift(state, 0.5 * dt, surface)
    state.energies, state.forces = evaluate(state.positions)
    state.momenta += 0.5 * dt * state.forces
    project(state)


def project(state: State) -> None:
    """Take from the momenta what would stretch the bond, in place: p_r = 0."""
    along = _unit(state.positions[:, -1] - state.positions[:, -2])
    relative = relative_momenta(state.momenta, state.masses)
    stretching = dotted(relative, along)[:, None] * along
    state.momenta[:, -2] += stretching
    state.momenta[:, -1] -= stretching


def relative_momenta(
    momenta: Float[np.ndarray, "slot atom 3"], masses: Float[np.ndarray, "slot atom 1"]
) -> Vectors:
    """P = μ (v₂ - v₁) of the molecules, whose bond is x₂ - x₁."""
    first, second = masses[:, -2], masses[:, -1]
    return (first * momenta[:, -1] - second * momenta[:, -2]) / (first + second)


def drift(state: State, dt: float, surface: DividingSurface) -> None:
    """Free motion on the surface for a time dt, exactly, in place.

    Atoms of the slab and the centre of mass move straight; the bond turns in its plane,

        s(t) = r_S (ŝ cos ωt + û sin ωt),   ω = |p|/μ r_S,   û = p/|p|,

    and the centre of mass is reflected at the walls.
    """
    first, second = state.masses[:, -2], state.masses[:, -1]
    mass, mu = first + second, first * second / (first + second)
    before, p = state.positions[:, -2:].copy(), relative_momenta(state.momenta, state.masses)
    momentum = state.momenta[:, -2] + state.momenta[:, -1]
    centre = (first * before[:, 0] + second * before[:, 1]) / mass + dt * momentum / mass
    centre[:, 2], momentum[:, 2] = _reflected(centre[:, 2], momentum[:, 2], surface)
    state.positions[:, :-2] += dt * state.momenta[:, :-2] / state.masses[:, :-2]
    s, p = _turned(_unit(before[:, 1] - before[:, 0]), p, dt / (mu * surface.bond))
    state.positions[:, -2] = centre - second / mass * surface.bond * s
    state.positions[:, -1] = centre + first / mass * surface.bond * s
    state.momenta[:, -2] = first / mass * momentum - p
    state.momenta[:, -1] = second / mass * momentum + p


def _turned(s: Vectors, p: Vectors, turn: Float[np.ndarray, "slot 1"]) -> tuple[Vectors, Vectors]:
    """Unit vector and momentum of a free rotor, turned by |p| times `turn`."""
    size = np.sqrt(dotted(p, p))[:, None]
    still = size == 0
    along = p / np.where(still, 1.0, size)
    cos, sin = np.cos(size * turn), np.sin(size * turn)
    return _unit(s * cos + along * sin), size * (along * cos - s * sin)


def _reflected(z: PerSlot, momentum: PerSlot, surface: DividingSurface) -> tuple[PerSlot, PerSlot]:
    """Height and vertical momentum of what may have passed a wall, once."""
    above, below = z > surface.ceiling, z < surface.floor
    z = np.where(above, 2 * surface.ceiling - z, np.where(below, 2 * surface.floor - z, z))
    return z, np.where(above | below, -momentum, momentum)


def _unit(vectors: Vectors) -> Vectors:
    return vectors / np.sqrt(dotted(vectors, vectors))[:, None]


def dotted(left: Vectors, right: Vectors) -> PerSlot:
    """Scalar products, each of its own slot."""
    return left[:, 0] * right[:, 0] + left[:, 1] * right[:, 1] + left[:, 2] * right[:, 2]
