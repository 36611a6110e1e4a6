"""Umbrella sampling of what desorbs: slow molecules of one state leave as often as fast ones.

A start x of a shot that desorbs has the canonical weight π(x), and under the umbrella π(x) W, with
W of how the molecule leaves:

    W = g(v, J, E_∥) exp[E/kT - u(E_n) - a(E_n) (v - v₀) - b(E_n) E_∥] / (2J + 1),
    ln g = -(v - v₀)²/2σ_v² - (J - J₀)²/2σ_J² - E_∥/λ.

By detailed balance what desorbs has the density S0 (2J + 1) exp(-E/kT). So under the umbrella it is
S0 g exp(-u - a (v - v₀) - b E_∥): even in the normal energy E_n where u is ln S0 of the state, and
like g around the state where a and b are the slopes of ln S0, lest what leaves slowly have more of
v and E_∥. Beyond the ends of energies ln W falls by the square of what is beyond, over 20 meV.
Whatever u, a and b are, S0 follows from where molecules leave, since W is known.

Source: Torrie & Valleau, J. Comput. Phys. 23, 187 (1977); Berg & Neuhaus, Phys. Rev. Lett. 68, 9
(1992), for finding u from one round to the next.
"""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from jaxtyping import Float, Int
from pydantic import Field, model_validator

from scatter.saved import Saved
from scatter.settings import NonNegativeInt, PositiveFloat, PositiveInt, Table
from scatter.units import K

SIGMA_V, SIGMA_J, LATERAL_eV, EDGE_eV = 0.15, 2.0, 0.03, 0.02  # σ_v, σ_J, λ
PLACES = 41  # of u
SEEN, DEGREE, STEEPEST = 5, 3, 80.0  # fewest in a place, of the polynomial of u, per eV
CURVES = ("u", "a", "b")
MOST = 40.0, 100.0  # of a, and of b per eV

Leaving = Float[np.ndarray, "molecule 5"]  # E_n, v, J, E_∥, E in all; eV
PerMolecule = Float[np.ndarray, " molecule"]
Points = Float[np.ndarray, "point 4"]  # E_n, v, J, E_∥


class UmbrellaTable(Table):
    """Table `[incidence.umbrella]`: shots of one state, with normal energies that are rare."""

    energy_eV: Annotated[list[PositiveFloat], Field(min_length=2, max_length=2)] = Field(
        description="Lowest and highest normal energy, eV, between which molecules are made to "
        "leave equally often; the highest where S0 is known well from other shots.",
    )
    v: NonNegativeInt = Field(default=0, description="Vibrational state whose S0 is wanted.")
    j: NonNegativeInt = Field(default=0, description="Rotational state whose S0 is wanted.")
    trajectories: PositiveInt = Field(
        default=100_000,
        le=10**9,
        description="Moves of starts, each with a trajectory; may be increased when a campaign is "
        "continued. About 12,000 more find the weights first.",
    )

    @model_validator(mode="after")
    def _rises(self) -> "UmbrellaTable":
        low, high = self.energy_eV
        if not low + 2 * EDGE_eV <= high:
            raise ValueError(
                f"energy_eV = [{low:g}, {high:g}] must rise by {2 * EDGE_eV:g} eV or more; give "
                "the lowest energy first"
            )
        return self


@dataclass(frozen=True)
class Umbrella(Saved):
    """W.

    Attributes:
        T_K: of the surface.
        v: v₀.
        J: J₀.
        low_eV: least normal energy.
        high_eV: largest.
        u: at places between these, both included.
        a: there.
        b: there, per eV.
    """

    T_K: float
    v: float
    J: float
    low_eV: float
    high_eV: float
    u: Float[np.ndarray, " place"]
    a: Float[np.ndarray, " place"]
    b: Float[np.ndarray, " place"]

    @classmethod
    def flat(cls, table: UmbrellaTable, T_K: float) -> "Umbrella":
        """Of u, a and b that are 0."""
        low, high = table.energy_eV
        none = np.zeros(PLACES)
        return cls(T_K, float(table.v), float(table.j), low, high, none, none, none)

    @property
    def energy_eV(self) -> list[float]:
        """Both ends."""
        return [self.low_eV, self.high_eV]

    @property
    def places(self) -> Float[np.ndarray, " place"]:
        """Normal energies at which u is held, eV."""
        return np.linspace(self.low_eV, self.high_eV, len(self.u))

    def log_weight(self, leaving: Leaving) -> PerMolecule:
        """Ln W; -inf of what does not leave, which is not a number."""
        J, total = leaving[:, 2], leaving[:, 4]
        W = self.log_target(leaving[:, :4]) + total / (K * self.T_K) - np.log(2 * J + 1)
        return np.where(np.isfinite(W), W, -np.inf)

    def log_target(self, points: Points) -> Float[np.ndarray, " point"]:
        """Ln g - u - a (v - v₀) - b E_∥, and what is beyond the ends: of what leaves, by S0."""
        E, v, J, lateral = points.T
        u, a, b = (np.interp(E, self.places, each) for each in (self.u, self.a, self.b))
        away = (v - self.v) / SIGMA_V, (J - self.J) / SIGMA_J
        beyond = np.maximum(self.low_eV - E, 0) + np.maximum(E - self.high_eV, 0)
        g = -sum(each * each for each in away) / 2 - lateral / LATERAL_eV - (beyond / EDGE_eV) ** 2
        return g - u - a * (v - self.v) - b * lateral

    def evened(self, points: Points) -> "Umbrella":
        """With u, a and b so that molecules which left like these leave evenly, and like g.

        Of h molecules at a place, with the means v₀ + δ and m of v and E_∥ there,

            a + δ/σ_v²,   b + 1/λ - 1/m,   u + ln h - δ²/2σ_v² - ln m/λ,

        which is exact where ln S0 is linear in v and E_∥; as polynomials of E_n, of degree 1 for a
        and b; u straight on where few came, and never falling.
        """
        places, half = self.places, (self.high_eV - self.low_eV) / (len(self.u) - 1) / 2
        at = np.digitize(points[:, 0], np.append(places - half, places[-1] + half)) - 1
        points, at = (each[(at >= 0) & (at < len(places))] for each in (points, at))
        h, v, lateral = (
            np.bincount(at, each, len(places)) for each in (None, points[:, 1], points[:, 3])
        )
        seen = np.flatnonzero(h >= SEEN)
        if len(seen) < 2:
            return self
        h, away, mean = h[seen], v[seen] / h[seen] - self.v, lateral[seen] / h[seen]
        x = np.linspace(-1, 1, len(places))

        def smooth(values: np.ndarray, degree: int) -> np.polynomial.Polynomial:
            fit = np.polynomial.polynomial.polyfit(x[seen], values, degree, w=np.sqrt(h))
            return np.polynomial.Polynomial(fit)

        shift, m = smooth(away, 1), np.clip(smooth(mean, 1)(x), 0.2 * LATERAL_eV, None)
        a = np.clip(self.a + shift(x) / SIGMA_V**2, 0, MOST[0])
        b = np.clip(self.b + 1 / LATERAL_eV - 1 / m, 0, MOST[1])
        u = self.u[seen] + np.log(h) - away**2 / (2 * SIGMA_V**2) - np.log(mean / LATERAL_eV)
        law = smooth(u, min(DEGREE, len(seen) - 1))
        return replace(self, u=self._onwards(law, x, seen), a=a, b=b)

    def _onwards(
        self,
        law: np.polynomial.Polynomial,
        x: Float[np.ndarray, " place"],
        seen: Int[np.ndarray, " some"],
    ) -> Float[np.ndarray, " place"]:
        """U of a polynomial; straight on below what was seen, level above, 0 at the upper end."""
        first, last = seen[[0, -1]]
        u, steepest = law(x), STEEPEST * (self.high_eV - self.low_eV) / 2
        slope = float(np.clip(law.deriv()(x[first]), 0, steepest))
        u[:first] = u[first] - slope * (x[first] - x[:first])
        u[last:] = u[last]
        u = np.minimum.accumulate(u[::-1])[::-1]
        return u - u[-1]
