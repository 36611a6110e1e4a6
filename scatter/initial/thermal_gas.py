"""Classical diatomics of a gas in equilibrium that hit a surface: crude runs to anchor others by.

    r by r² exp(-V(r)/kT),   all momenta Maxwellian, but for that along the normal: exp(-E_n/kT)

Where molecules stick above a barrier only, E_n is drawn from a hotter law, f kT in place of kT, and
each has the weight f exp(-(1 - 1/f) E_n/kT) of mean one.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from scatter.ebk import Curve, reduced_mass

POINTS = 4001


@dataclass(frozen=True)
class ThermalGas:
    """Molecules of such a gas.

    Attributes:
        curve: V(r).
        masses: of both atoms, amu.
        kT: eV.
        hotter: f.
    """

    curve: Curve
    masses: Float[np.ndarray, "2"]
    kT: float
    hotter: float = 1.0

    @cached_property
    def _bonds(self) -> tuple[np.ndarray, np.ndarray]:
        """Bonds of the inner well, and the share that is shorter."""
        end = float(self.curve.wells(np.zeros(1)).end[0])
        r = np.linspace(self.curve.shortest, end, POINTS)
        density = r**2 * np.exp(-(self.curve(r) - self.curve.minimum) / self.kT)
        total = np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(r))
        return r, np.append(0.0, total) / total[-1]

    def sample(
        self, rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, "2 3"], Float[np.ndarray, "2 3"], float]:
        """Positions about the centre of mass (Å), momenta downwards, and weight."""
        first, second = self.masses
        mass, mu = first + second, reduced_mass(float(first), float(second))
        axis = rng.standard_normal(3)
        r, shares = self._bonds
        bond = np.interp(rng.random(), shares, r) * axis / np.sqrt((axis * axis).sum())
        relative = np.sqrt(mu * self.kT) * rng.standard_normal(3)
        momentum = np.sqrt(mass * self.kT) * rng.standard_normal(3)
        E = -self.hotter * self.kT * np.log1p(-rng.random())
        momentum[2] = -np.sqrt(2 * mass * E)
        weight = self.hotter * np.exp(-(1 - 1 / self.hotter) * E / self.kT)
        positions = np.stack([-second / mass * bond, first / mass * bond])
        momenta = np.stack(
            [first / mass * momentum - relative, second / mass * momentum + relative]
        )
        return positions, momenta, float(weight)
