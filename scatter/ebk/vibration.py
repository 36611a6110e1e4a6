"""The radial motion of a level as a function of time."""

import numpy as np
from scipy.interpolate import CubicHermiteSpline, CubicSpline

from scatter.ebk.curve import Curve
from scatter.ebk.energies import Level, angular_momentum

_POINTS = 512


class Vibration:
    """Bond length and radial momentum at a phase that is uniform in time, from the inverse of t(θ).

    With r = (inner + outer)/2 - (outer - inner)/2 cos θ, dt/dθ is smooth even at the turning
    points, so its integral is tabulated once and inverted; no draw is rejected.
    """

    def __init__(self, level: Level, curve: Curve, mu: float):
        """Tabulate the motion of a level of the curve, for a reduced mass (amu)."""
        self._rotation = angular_momentum(level.J, level.langer) ** 2 / (2 * mu)
        self._energy, self._curve, self._mu = level.energy, curve, mu
        self._inner, self._half = level.inner, 0.5 * (level.outer - level.inner)
        theta = np.linspace(0, np.pi, _POINTS + 1)
        r = self._bond(theta)
        rate = np.empty_like(theta)  # dt/dθ = μ dr/dθ / p; at the ends from the force there
        force = np.abs(curve.slope(r[[0, -1]], self._rotation))
        rate[[0, -1]] = np.sqrt(mu * self._half / force)
        rate[1:-1] = mu * self._half * np.sin(theta[1:-1]) / self._momentum(r[1:-1])
        time = CubicSpline(theta, rate, bc_type="clamped").antiderivative()(theta)
        self._theta = CubicHermiteSpline(time / time[-1], theta, time[-1] / rate)

    def at(self, phase: float) -> tuple[float, float]:
        """Bond (Å) and radial momentum (amu Å / time unit) at a phase from 0 to 1.

        It moves outwards from the inner turning point at 0, and back from the outer one at 1/2.
        The momentum follows from the energy, which is that of the level to within rounding.
        """
        r = self._bond(self._theta(np.array([2 * min(phase, 1 - phase)])))
        p = float(self._momentum(r)[0])
        return float(r[0]), p if phase < 0.5 else -p

    def _bond(self, theta: np.ndarray) -> np.ndarray:
        return self._inner + self._half * (1 - np.cos(theta))

    def _momentum(self, r: np.ndarray) -> np.ndarray:
        kinetic = self._energy - self._curve(r, self._rotation)
        return np.sqrt(2 * self._mu * np.maximum(kinetic, 0))
