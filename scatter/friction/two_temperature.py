"""Electrons and lattice of a metal that laser pulses heat: the two-temperature model.

    C_e ∂T_e/∂t = ∂/∂z (κ ∂T_e/∂z) - g (T_e - T_l) + S(z, t),   C_l ∂T_l/∂t = g (T_e - T_l),
    C_e = γ T_e,   κ = κ₀ T_e / T_l,   C_l = C_∞ D(θ / T_l)   (D of Debye),
    S = Φ / λ e^(-z/λ) Σ_k e^(-(t - t_k)² / 2σ²) / σ√(2π),   2 √(2 ln 2) σ = FWHM,

with nothing that leaves through either face. In cells of 1 nm what one loses the next one gains, so
that energy is kept as well as the steps in time are exact; the explicit scheme would need steps of
less than Δz² γ T_l / 2κ₀, 0.03 fs in copper, and an implicit one (LSODA) takes its place.

Source: Anisimov, Kapeliovich & Perel'man, Sov. Phys. JETP 39, 375 (1974).
"""

from math import exp, expm1, log, pi, sqrt
from typing import NamedTuple

import numpy as np
from scipy.integrate import quad, solve_ivp

from scatter.friction.table import Laser
from scatter.settings import UserError
from scatter.shapes import Float

CELL_nm, DIGITS = 1.0, 6
COARSE, FINE, WIDE = 400, 81, 4.0  # knots in all; of each pulse, over so many σ around it
HOTTEST = 4.0  # of Debye temperatures, from which on the lattice's heat capacity is constant


class Heated(NamedTuple):
    """The surface of a metal in time.

    Attributes:
        time_fs: since the start of trajectories.
        electrons_K: temperature of the electrons in the first cell.
        lattice_K: of the lattice there.
    """

    time_fs: Float[np.ndarray, " time"]
    electrons_K: Float[np.ndarray, " time"]
    lattice_K: Float[np.ndarray, " time"]


class Metal:
    """The equations in SI units, for T_e and T_l of all cells, one beside the other."""

    def __init__(self, laser: Laser):
        """Take the constants of a metal, and the pulses."""
        assert laser.fluence_mJ_per_cm2 is not None
        self.laser, self.sigma_fs = laser, laser.fwhm_fs / (2 * sqrt(2 * log(2)))
        cells = max(2, round(laser.thickness_nm / CELL_nm))
        edges = np.linspace(0, laser.thickness_nm, cells + 1)
        self.width = (edges[1] - edges[0]) * 1e-9
        left = np.exp(-edges / laser.depth_nm)
        share = (left[:-1] - left[1:]) / (1 - left[-1])
        self.absorbed = 10 * laser.fluence_mJ_per_cm2 * share / self.width  # J/m³ of a pulse
        self.debye = np.linspace(0, HOTTEST * laser.debye_K, 200)
        per_debye = [_debye(T / laser.debye_K) for T in self.debye.tolist()]
        self.heat = laser.lattice_J_per_m3K * np.array(per_debye)

    def lattice_heat(self, T: Float[np.ndarray, " cell"]) -> Float[np.ndarray, " cell"]:
        """C_l, J/(m³ K)."""
        hot = T >= self.debye[-1]
        return np.where(hot, self.laser.lattice_J_per_m3K, np.interp(T, self.debye, self.heat))

    def power(self, time_fs: float) -> Float[np.ndarray, " cell"]:
        """S, W/m³."""
        away = (time_fs - np.array(self.laser.peaks_fs)) / self.sigma_fs
        strength = np.exp(-0.5 * away**2).sum() / (self.sigma_fs * 1e-15 * sqrt(2 * pi))
        return self.absorbed * strength

    def rates(self, time_fs: float, T: Float[np.ndarray, " both"]) -> Float[np.ndarray, " both"]:
        """∂T/∂t of T_e and T_l in turn, K/fs."""
        laser, hot, lattice = self.laser, T[0::2], T[1::2]
        kappa = laser.conductivity_W_per_mK * hot / lattice
        flow = 0.5 * (kappa[1:] + kappa[:-1]) * np.diff(hot) / self.width
        gained = np.diff(flow, prepend=0.0, append=0.0) / self.width
        shared = laser.coupling_W_per_m3K * (hot - lattice)
        rates = np.empty_like(T)
        rates[0::2] = (gained - shared + self.power(time_fs)) / (laser.heat_J_per_m3K2 * hot)
        rates[1::2] = shared / self.lattice_heat(lattice)
        return 1e-15 * rates


def _debye(t: float) -> float:
    """Heat capacity of a Debye solid at T/θ, over that of a hot one."""
    if t == 0:
        return 0.0
    return float(3 * t**3 * quad(_quantum, 0, min(1 / t, 200.0))[0])


def _quantum(x: float) -> float:
    """x⁴ eˣ / (eˣ - 1)²."""
    return x * x if x < 1e-8 else x**4 * exp(x) / expm1(x) ** 2


def times_of(laser: Laser, until_fs: float) -> Float[np.ndarray, " time"]:
    """Knots that a line between them describes well: everywhere, and more in the pulses."""
    sigma = laser.fwhm_fs / (2 * sqrt(2 * log(2)))
    pulses = [peak + sigma * np.linspace(-WIDE, WIDE, FINE) for peak in laser.peaks_fs]
    times = np.concatenate([np.linspace(0, until_fs, COARSE), *pulses]).round(2)
    return np.unique(times[(times >= 0) & (times <= until_fs)])


def profiles(
    laser: Laser, T_K: float, times_fs: Float[np.ndarray, " time"]
) -> Float[np.ndarray, "both time"]:
    """T_e and T_l in turn of all cells at these times, K.

    Raises:
        UserError: the equations could not be solved.
    """
    metal = Metal(laser)
    start, longest = np.full(2 * len(metal.absorbed), T_K), 0.5 * metal.sigma_fs
    solved = solve_ivp(
        metal.rates,
        (0.0, float(times_fs[-1])),
        start,
        "LSODA",
        times_fs,
        rtol=1e-7,
        atol=1e-5,
        max_step=longest,
        lband=2,
        uband=2,
    )
    if not solved.success or not np.isfinite(solved.y).all():
        raise UserError(
            "[friction.laser]: the two-temperature model has no solution for these values "
            f"({solved.message}); are their units those of their names?"
        )
    return solved.y


def heated(laser: Laser, T_K: float, until_fs: float) -> Heated:
    """The surface of a metal that pulses heat, from a temperature on.

    Args:
        laser: pulses and metal.
        T_K: before them.
        until_fs: when trajectories are over.

    Raises:
        UserError: it is at 0 K, or the equations could not be solved.
    """
    if T_K <= 0:
        raise UserError(
            "[friction.laser]: the two-temperature model needs a surface above 0 K; raise "
            "temperature_K"
        )
    times = times_of(laser, until_fs)
    T = profiles(laser, T_K, times)
    return Heated(times, *(np.array([float(f"{v:.{DIGITS}g}") for v in row]) for row in T[:2]))
