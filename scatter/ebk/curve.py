"""V(r) of a diatomic, and the inner well of V(r) + L²/2μr²."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PPoly, make_interp_spline

Radial = Callable[[np.ndarray], np.ndarray]
PerMolecule = Float[np.ndarray, " molecule"]


class Unbound(ValueError):
    """There is no bound motion of this kind in the inner well."""


class Curve:
    """V(r) of an isolated diatomic: a quintic spline through points, on their scale of energy.

    A machine-learned V may fall again at very short bonds: `shortest` is then the top of the
    repulsive wall. Where that hole is deeper than the molecule, let the points start beyond it.

    Attributes:
        r_e: equilibrium bond, Å: the deepest minimum.
        minimum: V(r_e), eV.
        shortest: bond from which V is used, Å; V is NaN below the first point.
        longest: bond up to which V is known, Å; V is NaN beyond.
        r: bond lengths of the points, Å.
        V: their energies, eV.
    """

    def __init__(self, r: Float[np.ndarray, " point"], V: Float[np.ndarray, " point"]):
        """Interpolate the points.

        r are at least six bond lengths, increasing, Å; V energies, eV.

        Raises:
            Unbound: V has no minimum between the first and the last point.
        """
        self.r, self.V = r, V
        self._V = PPoly.from_spline(make_interp_spline(r, V, k=5), extrapolate=False)
        self._slope, self._curvature = self._V.derivative(1), self._V.derivative(2)
        slopes = self._slope(r)
        minima = np.flatnonzero((slopes[:-1] < 0) & (slopes[1:] >= 0))
        if len(minima) == 0:
            raise Unbound(f"V(r) has no minimum between {r[0]:.3f} and {r[-1]:.3f} Å")
        e = minima[np.argmin(V[minima])]
        lowest = root(self._slope, self._curvature, r[e : e + 1], r[e + 1 : e + 2])
        self.r_e, self.minimum = float(lowest[0]), float(self._V(lowest)[0])
        holes = np.flatnonzero(slopes[:e] >= 0)
        self.shortest = float(r[holes[-1] + 1] if len(holes) else r[0])
        self.longest = float(r[-1])
        # From r_e outwards, V_eff rises where the pull reaches L²/2μ; never at r_e itself.
        outer = r[e + 1 :]
        self._nodes = np.append(self.r_e, outer)
        self._pull = np.append(-np.inf, 0.5 * slopes[e + 1 :] * outer * outer * outer)

    @classmethod
    def of(cls, V: Radial, shortest: float, longest: float, spacing: float = 0.005) -> "Curve":
        """The curve of a function, sampled every `spacing` (Å) from `shortest` to `longest`."""
        r = np.linspace(shortest, longest, round((longest - shortest) / spacing) + 1)
        return cls(r, V(r))

    def __call__(self, r: np.ndarray, rotation: np.ndarray | float = 0.0) -> np.ndarray:
        """V + rotation / r² (eV) at r (Å), with rotation = L²/2μ (eV Å²)."""
        return self._V(r) + rotation / (r * r)

    def slope(self, r: np.ndarray, rotation: np.ndarray | float = 0.0) -> np.ndarray:
        """First derivative of V + rotation / r², eV/Å."""
        return self._slope(r) - 2 * rotation / (r * r * r)

    def curvature(self, r: np.ndarray, rotation: np.ndarray | float = 0.0) -> np.ndarray:
        """Second derivative of V + rotation / r², eV/Å²."""
        return self._curvature(r) + 6 * rotation / (r * r * r * r)

    def wells(self, rotation: PerMolecule) -> "Wells":
        """The inner well of V + rotation / r² for each rotation = L²/2μ (eV Å²)."""
        rising = self._pull >= rotation[:, None]
        low = np.argmax(rising, axis=1)
        falling = ~rising & (np.arange(len(self._pull)) > low[:, None])
        top = np.argmax(falling, axis=1)

        def slope(r: np.ndarray) -> np.ndarray:
            return self.slope(r, rotation)

        def curvature(r: np.ndarray) -> np.ndarray:
            return self.curvature(r, rotation)

        nodes = self._nodes
        r_min = root(slope, curvature, np.where(low > 0, nodes[low - 1], np.nan), nodes[low])
        crest = root(slope, curvature, np.where(top > 0, nodes[top], np.nan), nodes[top - 1])
        end = np.where(top > 0, crest, self.longest)
        wall = np.full_like(end, self.shortest)
        rim = np.minimum(self(wall, rotation), self(end, rotation))
        return Wells(wall, r_min, end, self(r_min, rotation), rim)


@dataclass(frozen=True)
class Wells:
    """The inner well of V_eff for each angular momentum.

    Attributes:
        wall: inner end, Å.
        r_min: where V_eff is lowest, Å; NaN where there is no well.
        end: outer end, Å.
        bottom: V_eff at r_min, eV.
        rim: the lower of V_eff at the two ends, eV.
    """

    wall: PerMolecule
    r_min: PerMolecule
    end: PerMolecule
    bottom: PerMolecule
    rim: PerMolecule


def root(value: Radial, slope: Radial, below: np.ndarray, above: np.ndarray) -> np.ndarray:
    """The zero of `value` between `below`, where it is ≤ 0, and `above`, where it is ≥ 0.

    Newton's method, with bisection where it would leave the bracket. An element is fixed once it
    has converged, so that it depends on no other. NaN where an end of the bracket is NaN.
    """
    x = 0.5 * (below + above)
    converged = np.isnan(x)
    for _ in range(60):
        f = value(x)
        below, above = np.where(f <= 0, x, below), np.where(f >= 0, x, above)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = x - f / slope(x)
        inside = (newton - below) * (newton - above) <= 0
        closer = np.where(inside, newton, 0.5 * (below + above))
        step = np.abs(closer - x)
        x = np.where(converged, x, closer)
        converged = converged | (step <= 1e-12 * x)  # Newton squares the error: x is at rounding
        if converged.all():
            break
    return x
