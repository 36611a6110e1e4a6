"""From quantum numbers to energies: the rovibrational levels of a diatomic."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import root_scalar

from scatter.ebk.curve import Curve, PerMolecule, Unbound, Wells
from scatter.ebk.numbers import WEIGHT, action_number, radial_motion, turning_points
from scatter.units import fs, hbar


@dataclass(frozen=True)
class Level:
    """A bound rovibrational level.

    Attributes:
        v: vibrational quantum number.
        J: rotational quantum number.
        langer: L² is (J+1/2)² ħ² instead of J(J+1) ħ².
        energy: on the scale of the curve, eV.
        inner: inner turning point, Å.
        outer: outer turning point, Å.
        mean: bond length averaged over time, Å.
        period: of the vibration, time units.
    """

    v: float
    J: float
    langer: bool
    energy: float
    inner: float
    outer: float
    mean: float
    period: float


def angular_momentum(J: float, langer: bool = False) -> float:
    """|L|, eV · time unit."""
    return hbar * (J + 0.5 if langer else float(np.sqrt(J * (J + 1))))


def reduced_mass(first: float, second: float) -> float:
    """μ of two masses, amu."""
    return first * second / (first + second)


def level(v: float, J: float, curve: Curve, mu: float, langer: bool = False) -> Level:
    """The level (v, J): the energy at which ∮ p dr = 2πħ (v + 1/2), by Brent's method.

    The error is below 1e-9 eV for every level of a Morse H2.

    The reduced mass mu is in amu; with `langer`, L² is (J+1/2)² ħ² instead of J(J+1) ħ².

    Raises:
        Unbound: the level is not bound in the inner well.
    """
    rotation = np.array([angular_momentum(J, langer) ** 2 / (2 * mu)])
    well = curve.wells(rotation)
    _refuse_unbound(v, J, curve, mu, rotation, well)

    def excess(energy: float) -> float:
        return float(action_number(np.array([energy]), rotation, curve, mu, well)[0]) - v

    bracket = (float(well.bottom[0]), float(well.rim[0]))
    energy = np.array([root_scalar(excess, method="brentq", bracket=bracket, xtol=1e-14).root])
    inner, outer = turning_points(energy, rotation, curve, well)
    r, p = radial_motion(energy, rotation, curve, mu, inner, outer)
    time = 0.5 * (outer - inner) * mu * WEIGHT / p[0]
    return Level(
        v=v,
        J=J,
        langer=langer,
        energy=float(energy[0]),
        inner=float(inner[0]),
        outer=float(outer[0]),
        mean=float((time * r[0]).sum() / time.sum()),
        period=float(2 * time.sum()),
    )


def levels(v_max: int, J_max: int, curve: Curve, mu: float, langer: bool = False) -> list[Level]:
    """Every bound level up to v_max and J_max, v by v; arguments as for `level`."""
    bound = []
    for v in range(v_max + 1):
        for J in range(J_max + 1):
            try:
                bound.append(level(v, J, curve, mu, langer))
            except Unbound:
                break  # the well only gets shallower with J
    return bound


def level_rows(
    v_max: int, J_max: int, curve: Curve, mu: float, langer: bool = False
) -> list[dict[str, float]]:
    """The levels as rows of a table: eV above the curve's minimum and above (0, 0), Å, fs.

    Raises:
        Unbound: not even (0, 0) is bound.
    """
    ground = level(0, 0, curve, mu, langer)
    return [
        {
            "v": bound.v,
            "J": bound.J,
            "energy_eV": bound.energy - curve.minimum,
            "spacing_eV": bound.energy - ground.energy,
            "inner_A": bound.inner,
            "outer_A": bound.outer,
            "mean_A": bound.mean,
            "period_fs": bound.period / fs,
        }
        for bound in levels(v_max, J_max, curve, mu, langer)
    ]


def _refuse_unbound(
    v: float, J: float, curve: Curve, mu: float, rotation: PerMolecule, well: Wells
) -> None:
    """Raise Unbound, with the numbers, unless the well supports the level."""
    name = f"v = {v:g}, J = {J:g} is not bound"
    if np.isnan(well.r_min[0]):
        raise Unbound(f"{name}: V(r) + L²/2μr² has no minimum up to {curve.longest:.3f} Å")
    highest = action_number(well.rim, rotation, curve, mu, well)[0]
    if not v <= highest:
        end, depth = well.end[0], well.rim[0] - well.bottom[0]
        where = "its barrier stands" if end < curve.longest else "the curve ends"
        raise Unbound(
            f"{name}: the well is {depth:.4f} eV deep ({where} at {end:.3f} Å) and holds v up to "
            f"{highest:.3f}"
        )
