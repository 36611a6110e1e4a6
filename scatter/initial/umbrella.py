"""Umbrella sampling of what desorbs: slow molecules of one state leave as often as fast ones.

A start x of a shot that desorbs has the canonical weight π(x), and under the umbrella π(x) W, with
W of how the molecule leaves:

    W = g(s) exp[E/kT - u(E_n) - a(E_n)·(s - s₀)] / (2J + 1),   s = (v, J, E_∥), s₀ = (v₀, J₀, 0),
    ln g = -(v - v₀)²/2σ_v² - (J - J₀)²/2σ_J² - E_∥/λ.

By detailed balance what desorbs has the density S0 (2J + 1) exp(-E/kT). So under the umbrella it is
S0 g exp[-u - a·(s - s₀)]: even in the normal energy E_n where u is ln S0 of the state, and like g
around the state where a is the slope of ln S0, lest what leaves slowly have more of v, J and E_∥.
Beyond the ends of energies ln W falls by the square of what is beyond, over 20 meV. Whatever u and
a are, S0 follows from where molecules leave, since W is known.

Source: Torrie & Valleau, J. Comput. Phys. 23, 187 (1977); Berg & Neuhaus, Phys. Rev. Lett. 68, 9
(1992), for finding u from one round to the next.
"""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from jaxtyping import Float, Int
from pydantic import Field, model_validator

from scatter.saved import Saved
from scatter.settings import NonNegativeInt, PositiveFloat, Table
from scatter.units import K

SIGMA_V, SIGMA_J, LATERAL_eV, EDGE_eV = 0.15, 2.0, 0.03, 0.02  # σ_v, σ_J, λ
PLACES, QUADRATURE = 41, 401  # of u; nodes
SEEN, DEGREE, STEEPEST = 5, 3, 80.0  # fewest in a place, of the polynomial of u, per eV
MOST = np.array([40.0, 4.0, 100.0])  # size of a

Leaving = Float[np.ndarray, "molecule 5"]  # E_n, v, J, E_∥, E in all; eV
PerMolecule = Float[np.ndarray, " molecule"]
Points = Float[np.ndarray, "point 4"]  # E_n, v, J, E_∥


class UmbrellaTable(Table):
    """Table `[incidence.umbrella]`: shots of one state, with normal energies that are rare."""

    range_eV: Annotated[list[PositiveFloat], Field(min_length=2, max_length=2)] | None = Field(
        default=None,
        description="Lowest and highest normal energy, eV, between which molecules are made to "
        "leave equally often; the highest where S0 is known well from other shots. Without it "
        "there is no umbrella.",
    )
    state: Annotated[list[NonNegativeInt], Field(min_length=2, max_length=2)] = Field(
        default=[0, 0], description="v and J of the state whose S0 is wanted."
    )
    shots: Annotated[int, Field(gt=0, le=10**9)] = Field(
        default=100_000,
        description="Moves of starts, each with a shot; may be increased when a campaign is "
        "continued. Some 37,000 more find the weights first.",
    )

    @model_validator(mode="after")
    def _rises(self) -> "UmbrellaTable":
        low, high = self.range_eV or (0.0, 1.0)
        if not low + 2 * EDGE_eV <= high:
            raise ValueError(
                f"range_eV = [{low:g}, {high:g}] must rise by {2 * EDGE_eV:g} eV or more; give "
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
        a: of v, J and E_∥, there.
    """

    T_K: float
    v: float
    J: float
    low_eV: float
    high_eV: float
    u: Float[np.ndarray, " place"]
    a: Float[np.ndarray, "slope place"]

    @classmethod
    def flat(cls, table: UmbrellaTable, T_K: float) -> "Umbrella":
        """Of u and a that are 0."""
        assert table.range_eV is not None
        low, high = table.range_eV
        v, J = map(float, table.state)
        return cls(T_K, v, J, low, high, np.zeros(PLACES), np.zeros((3, PLACES)))

    @property
    def wanted(self) -> dict[str, list[float]]:
        """What a table says of it, by key."""
        return {"range_eV": [self.low_eV, self.high_eV], "state": [self.v, self.J]}

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
        """Ln g - u - a·(s - s₀), and what is beyond the ends: of what leaves, by S0."""
        E = points[:, 0]
        beyond = np.maximum(self.low_eV - E, 0) + np.maximum(E - self.high_eV, 0)
        target = self._log_g(points[:, 1:]) - (beyond / EDGE_eV) ** 2
        target = target - np.interp(E, self.places, self.u)
        for slope, away in zip(self.a, (points[:, 1:] - self._state).T, strict=True):
            target = target - np.interp(E, self.places, slope) * away
        return target

    @property
    def _state(self) -> Float[np.ndarray, "3"]:
        """S₀."""
        return np.array([self.v, self.J, 0.0])

    def _log_g(self, states: Float[np.ndarray, "point 3"]) -> Float[np.ndarray, " point"]:
        v, J, lateral = states.T
        away = ((v - self.v) / SIGMA_V) ** 2 + ((J - self.J) / SIGMA_J) ** 2
        return -away / 2 - lateral / LATERAL_eV

    def _moments(self) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3"]]:
        """Mean and variance of v, J and E_∥ of the law g."""
        ends = (-0.5, self.v + 1.0), (0.0, self.J + 5 * SIGMA_J), (0.0, 12 * LATERAL_eV)
        moments = []
        for n, (low, high) in enumerate(ends):
            states = np.tile(self._state, (QUADRATURE, 1))
            states[:, n] = x = np.linspace(low, high, QUADRATURE)
            g = np.exp(self._log_g(states))
            mean = g @ x / g.sum()
            moments.append((mean, g @ (x - mean) ** 2 / g.sum()))
        mean, variance = np.transpose(moments)
        return mean, variance

    def evened(self, points: Points) -> "Umbrella":
        """With u and a so that molecules which left like these leave evenly, and like g.

        Of h molecules at a place, whose v, J and E_∥ are by δ above the means of g on average, and
        with the variances σ² of g,

            a + δ/σ²,   u + ln h - Σ δ (m - s₀) / σ² - Σ δ²/2σ²,

        m the means of g, which holds where ln S0 is linear in s and g is normal; as polynomials of
        E_n, of degree 1 for a; u straight on where few came, and never falling.
        """
        places, half = self.places, (self.high_eV - self.low_eV) / (len(self.u) - 1) / 2
        at = np.digitize(points[:, 0], np.append(places - half, places[-1] + half)) - 1
        inside = (at >= 0) & (at < len(places))
        points, at = points[inside], at[inside]
        h = np.bincount(at, minlength=len(places))
        seen = np.flatnonzero(h >= SEEN)
        if len(seen) < 2:
            return self
        h, x = h[seen], np.linspace(-1, 1, len(places))

        def smooth(values: np.ndarray, degree: int) -> np.polynomial.Polynomial:
            fit = np.polynomial.polynomial.polyfit(x[seen], values, degree, w=np.sqrt(h))
            return np.polynomial.Polynomial(fit)

        means, variances = self._moments()
        u, a = self.u[seen] + np.log(h), self.a.copy()
        for n, (mean, variance) in enumerate(zip(means, variances, strict=True)):
            here = np.bincount(at, points[:, n + 1], len(places))[seen] / h
            more = smooth((here - mean) / variance, 1)(x)
            a[n] = np.clip(self.a[n] + more, -MOST[n], MOST[n])
            taken = (a[n] - self.a[n])[seen]
            u = u - taken * (mean - self._state[n]) - taken**2 * variance / 2
        law = smooth(u, min(DEGREE, len(seen) - 1))
        return replace(self, u=self._onwards(law, x, seen), a=a)

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
