"""Drawing molecules from a rovibrational state: phase of the vibration, orientation, rotation."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from scatter import ebk
from scatter.units import hbar

Vector = Float[np.ndarray, "3"]


@dataclass(frozen=True)
class Drawn:
    """A molecule drawn from a state, about its centre of mass.

    Attributes:
        positions: from the centre of mass, Å.
        momenta: in the frame of the centre of mass, amu Å / time unit.
        bond: bond length, Å.
        theta: angle of the bond, from first to second atom, to the surface normal z, rad.
        phi: azimuth of the bond from x, rad.
        m_J: L_z / ħ, real-valued.
    """

    positions: Float[np.ndarray, "2 3"]
    momenta: Float[np.ndarray, "2 3"]
    bond: float
    theta: float
    phi: float
    m_J: float


class RovibrationalState:
    """A state (v, J) or (v, J, m_J) that molecules are drawn from.

    The phase of the vibration is uniform in time. Without m_J the orientation is isotropic: the
    bond is uniform on the sphere, and L uniform around it. With m_J, L_z = m_J ħ, L is uniform
    around z, and the bond uniform in the plane normal to L.
    """

    def __init__(
        self, v: int, J: int, m_J: int | None, masses: tuple[float, float], curve: ebk.Curve
    ):
        """Solve for the level and its motion.

        Args:
            v: vibrational quantum number.
            J: rotational quantum number.
            m_J: projection of J on z; None for an isotropic orientation.
            masses: of both atoms, amu.
            curve: V(r).

        Raises:
            ebk.Unbound: the well holds no such level.
        """
        mu = ebk.reduced_mass(*masses)
        self.level = ebk.level(v, J, curve, mu)
        self.m_J, self.masses = m_J, masses
        self._L = ebk.angular_momentum(J)
        self._vibration = ebk.Vibration(self.level, curve, mu)

    def sample(self, rng: np.random.Generator) -> Drawn:
        """Draw a molecule, with four numbers of `rng`."""
        return self.made(rng.random(4))

    def made(self, uniform: Float[np.ndarray, "4"]) -> Drawn:
        """The molecule of four numbers in [0, 1): phase, height of the bond, and two angles."""
        phase, *angles = uniform
        r, p = self._vibration.at(phase)
        bond, L = self._directions(*angles)
        L = self._L * L
        first, second = self.masses
        momentum = p * bond + np.cross(L, bond) / r
        return Drawn(
            positions=np.outer([-second, first], bond) * (r / (first + second)),
            momenta=np.outer([-1.0, 1.0], momentum),
            bond=r,
            theta=float(np.arccos(np.clip(bond[2], -1, 1))),
            phi=float(np.arctan2(bond[1], bond[0])),
            m_J=float(L[2] / hbar),
        )

    def _directions(self, height: float, turn: float, around: float) -> tuple[Vector, Vector]:
        """Unit vectors along the bond and along L from three numbers uniform in [0, 1)."""
        azimuth, angle = 2 * np.pi * turn, 2 * np.pi * around
        if self.m_J is None or self._L == 0:
            bond, first, second = _frame(2 * height - 1, azimuth)
            return bond, np.cos(angle) * first + np.sin(angle) * second
        L, first, second = _frame(self.m_J * hbar / self._L, azimuth)
        return np.cos(angle) * first + np.sin(angle) * second, L


def _frame(z: float, azimuth: float) -> tuple[Vector, Vector, Vector]:
    """The unit vector of height z and azimuth (rad), and two normal to it and to each other."""
    s, cos, sin = np.sqrt(1 - z * z), np.cos(azimuth), np.sin(azimuth)
    return (
        np.array([s * cos, s * sin, z]),
        np.array([z * cos, z * sin, -s]),
        np.array([-sin, cos, 0.0]),
    )
