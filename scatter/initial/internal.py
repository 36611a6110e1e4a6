"""The internal energies of free molecules: rotation, vibration, and the latter by normal modes.

    E_rot = ½ L·I⁻¹L at the instantaneous geometry, averaged over some time of free flight
    E_vib = the rest of the energy in the frame of the centre of mass, above the minimum of V
    E_k   = ½ (P_k² + ω_k² Q_k²), averaged likewise: harmonic, and so approximate

Q and P are those of the Eckart frame, in which Σ m x⁰ × x = 0; a molecule that has turned inside
out (ammonia) is compared with its mirror image. Of a linear molecule E_rot is ½ L·μ·L of the two
axes across it, I⁻¹ of a line being infinite, and how a bend is shared by the two modes of its pair
is arbitrary. What is answered for a molecule depends on itself alone.

Source: Eckart, Phys. Rev. 47, 552 (1935); Kudin & Dymarsky, J. Chem. Phys. 122, 224105 (2005), that
the frame is the one of the least mass-weighted distance.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from scatter.dynamics.integrators import velocity_verlet
from scatter.initial.normal_modes import AT_ONCE, NormalModes, inertia
from scatter.initial.watson import Watson
from scatter.potentials.base import Potential
from scatter.state import State, lone
from scatter.units import fs, hbar

STEPS, EVERY = 60, 5  # of velocity Verlet in the shortest period; from one look to the next

PerRow = Float[np.ndarray, " row"]
Vectors = Float[np.ndarray, "row atom 3"]


@dataclass(frozen=True)
class Energies:
    """Of many molecules, eV.

    Attributes:
        rotational: E_rot.
        vibrational: E_vib.
        modes: E_k.
        J: real-valued, of L² = J(J+1) ħ².
    """

    rotational: PerRow
    vibrational: PerRow
    modes: Float[np.ndarray, "row mode"]
    J: PerRow

    @property
    def columns(self) -> dict[str, PerRow]:
        """By the names that rows have for them."""
        return {
            "final_J": self.J,
            "final_rotational_eV": self.rotational,
            "final_vibrational_eV": self.vibrational,
            **{f"final_mode{k + 1}_eV": mode for k, mode in enumerate(self.modes.T)},
        }


def internal_energies(
    modes: NormalModes,
    potential: Potential,
    positions: Vectors,
    momenta: Vectors,
    average_fs: float,
) -> Energies:
    """Rotation and vibration of molecules that fly freely.

    Args:
        modes: of the molecule on this potential.
        potential: that it goes on moving on.
        positions: Å.
        momenta: in any frame, amu Å / time unit.
        average_fs: time over which energies are averaged; 0 for those of the moment.
    """
    parts = [
        _energies(modes, potential.host, *centred(some, p, modes.masses), average_fs * fs)
        for some, p in (
            (positions[first : first + AT_ONCE], momenta[first : first + AT_ONCE])
            for first in range(0, len(positions), AT_ONCE)
        )
    ]
    if not parts:
        none = np.zeros(0)
        return Energies(none, none, np.zeros((0, len(modes))), none)
    return Energies(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("rotational", "vibrational", "modes", "J")
        }
    )


def centred(
    positions: Vectors, momenta: Vectors, masses: Float[np.ndarray, " atom"]
) -> tuple[Vectors, Vectors]:
    """Positions from the centres of mass, and momenta in their frames."""
    shares = (masses / masses.sum())[:, None]
    centre = (shares * positions).sum(axis=1, keepdims=True)
    return positions - centre, momenta - shares * momenta.sum(axis=1, keepdims=True)


def number_of(L: Float[np.ndarray, "row 3"]) -> PerRow:
    """J, real-valued, of angular momenta: L² = J(J+1) ħ²."""
    return np.sqrt((L * L).sum(axis=1) / (hbar * hbar) + 0.25) - 0.5


def modal(
    modes: NormalModes, x: Vectors, p: Vectors
) -> tuple[PerRow, Float[np.ndarray, "row mode"]]:
    """E_rot and E_k of molecules about their centres of mass, at the moment."""
    watson, masses = Watson(modes), modes.masses
    axes = _eckart(modes, x)
    body = (x[:, :, :, None] * axes[:, None]).sum(axis=2)
    moving = (p[:, :, :, None] * axes[:, None]).sum(axis=2)
    L = np.cross(body, moving).sum(axis=1)
    Q = -watson.forces((modes.positions - body) * masses[:, None])
    if modes.top == "linear":
        rotational = watson.rotational(Q, L[:, :2])
    else:
        omega = np.linalg.solve(inertia(body, masses), L[..., None])[..., 0]
        rotational = 0.5 * (L * omega).sum(axis=1)
        moving = moving - masses[:, None] * np.cross(omega[:, None], body)
    P = watson.forces(moving)
    return rotational, 0.5 * (P * P + (modes.omega * Q) ** 2)


def _eckart(modes: NormalModes, x: Vectors) -> Float[np.ndarray, "row 3 3"]:
    """Axes of the Eckart frame as columns, left-handed for a molecule that is a mirror image."""
    reference = modes.masses[:, None] * modes.positions
    overlap = (x[:, :, :, None] * reference[None, :, None, :]).sum(axis=1)
    finite = np.isfinite(overlap).all(axis=(1, 2), keepdims=True)
    left, _, right = np.linalg.svd(np.where(finite, overlap, np.eye(3)))
    return (left[:, :, :, None] * right[:, None]).sum(axis=2)


def _energies(
    modes: NormalModes, potential: Potential, x: Vectors, p: Vectors, time: float
) -> Energies:
    slots = len(x)
    evaluator = potential.bind(lone(*modes.numbers), slots)
    energies, forces = evaluator.begin(np.arange(slots), x)
    masses = np.repeat(modes.masses[None, :, None], slots, axis=0)
    total = (p * p / (2 * masses)).sum(axis=(1, 2)) + np.asarray(energies) - modes.energy
    state = State(
        *(x.copy(), p.copy(), forces, energies, masses), np.zeros(slots), np.arange(slots)
    )
    J = number_of(np.cross(x, p).sum(axis=1))
    period = 2 * np.pi / modes.omega[-1]
    steps = EVERY * round(time / period * STEPS / EVERY)
    rotational, each = modal(modes, x, p)
    for step in range(steps):
        velocity_verlet(state, evaluator, time / steps)
        if (step + 1) % EVERY == 0:
            more = modal(modes, state.positions, state.momenta)
            rotational, each = rotational + more[0], each + more[1]
    looks = 1 + steps // EVERY
    return Energies(rotational / looks, total - rotational / looks, each / looks, J)
