"""From motion to quantum numbers: real-valued v and J, for many molecules at once.

The result for a molecule does not depend on the others in the array, to the bit: no BLAS, no powers
whose vectorised form rounds differently from the scalar one, and roots that converge one by one.
"""

import numpy as np
from jaxtyping import Float

from scatter.ebk.curve import Curve, PerMolecule, Wells, root
from scatter.units import hbar

_POINTS = 128
_ANGLES = (np.arange(_POINTS) + 0.5) * np.pi / _POINTS
COS, WEIGHT = np.cos(_ANGLES), np.sin(_ANGLES) * np.pi / _POINTS
_AT_ONCE = 1024  # molecules; their arrays then take a few MB


def vibrational_number(
    energy: PerMolecule, J: PerMolecule, curve: Curve, mu: float, langer: bool = False
) -> PerMolecule:
    """Real-valued v of molecules with a given energy and J; NaN where not bound.

    Energies (eV) are on the scale of the curve, J is real-valued, the reduced mass mu in amu.
    """
    squared = (J + 0.5) * (J + 0.5) if langer else J * (J + 1)
    rotation = squared * (hbar * hbar / (2 * mu))
    return action_number(energy, rotation, curve, mu, curve.wells(rotation))


def rovibrational(
    positions: Float[np.ndarray, "molecule 2 3"],
    momenta: Float[np.ndarray, "molecule 2 3"],
    masses: Float[np.ndarray, "2"],
    curve: Curve,
    langer: bool = False,
) -> tuple[PerMolecule, PerMolecule]:
    """Real-valued (v, J) of moving diatomics; NaN for those not bound in the inner well.

    J follows from L = r × p in the molecule's frame, v from E = p²/2μ + V(r) at this J.

    Positions (Å), momenta (amu Å / time unit, in any frame) and masses (amu) of both atoms.
    """
    v, J = np.empty(len(positions)), np.empty(len(positions))
    mu = float(masses[0] * masses[1] / (masses[0] + masses[1]))
    for first in range(0, len(positions), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        bond = positions[part, 1] - positions[part, 0]
        p = mu * (momenta[part, 1] / masses[1] - momenta[part, 0] / masses[0])
        v[part], J[part] = _rovibrational(bond, p, curve, mu, langer)
    return v, J


def _rovibrational(
    bond: Float[np.ndarray, "molecule 3"],
    p: Float[np.ndarray, "molecule 3"],
    curve: Curve,
    mu: float,
    langer: bool,
) -> tuple[PerMolecule, PerMolecule]:
    L = np.cross(bond, p)
    squared = (L * L).sum(axis=1)
    rotation = squared / (2 * mu)
    well = curve.wells(rotation)
    r = np.sqrt((bond * bond).sum(axis=1))
    energy = (p * p).sum(axis=1) / (2 * mu) + curve(r)
    # Rounding may put a molecule at rest in the minimum below it.
    energy = np.where((r >= well.wall) & (r <= well.end), np.maximum(energy, well.bottom), np.nan)
    v = action_number(energy, rotation, curve, mu, well)
    squared = squared / (hbar * hbar)
    J = np.sqrt(squared if langer else squared + 0.25) - 0.5
    return v, np.where(np.isnan(v), np.nan, J)


def action_number(
    energy: PerMolecule, rotation: PerMolecule, curve: Curve, mu: float, well: Wells
) -> PerMolecule:
    """The action as v = ∮ p dr / 2πħ - 1/2, by Gauss-Chebyshev quadrature of the second kind.

    Energies (eV) are on the scale of the curve, rotation = L²/2μ is in eV Å², mu in amu.
    """
    inner, outer = turning_points(energy, rotation, curve, well)
    _, p = radial_motion(energy, rotation, curve, mu, inner, outer)
    return 0.5 * (outer - inner) * (p * WEIGHT).sum(axis=1) / (np.pi * hbar) - 0.5


def turning_points(
    energy: PerMolecule, rotation: PerMolecule, curve: Curve, well: Wells
) -> tuple[PerMolecule, PerMolecule]:
    """Inner and outer turning points (Å); NaN where E is not between bottom and rim."""

    def excess(r: np.ndarray) -> np.ndarray:
        return curve(r, rotation) - energy

    def slope(r: np.ndarray) -> np.ndarray:
        return curve.slope(r, rotation)

    r_min = np.where((energy >= well.bottom) & (energy <= well.rim), well.r_min, np.nan)
    return root(excess, slope, r_min, well.wall), root(excess, slope, r_min, well.end)


def radial_motion(
    energy: PerMolecule,
    rotation: PerMolecule,
    curve: Curve,
    mu: float,
    inner: PerMolecule,
    outer: PerMolecule,
) -> tuple[Float[np.ndarray, "molecule angle"], Float[np.ndarray, "molecule angle"]]:
    """Bonds r = (inner + outer)/2 - (outer - inner)/2 cos θ, and the radial momenta there."""
    r = 0.5 * (inner + outer)[:, None] - 0.5 * (outer - inner)[:, None] * COS
    kinetic = energy[:, None] - curve(r, rotation[:, None])
    return r, np.sqrt(2 * mu * np.maximum(kinetic, 0))
