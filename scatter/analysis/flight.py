"""Times of flight of what desorbs, forward to counts in a detector, and fitted to them.

By detailed balance the flux along the surface normal of molecules in one state is

    D(E) = S0(E) E exp(-E/kT),    S0(E) = A g((E - E0)/W),

and a detector counts in a bin of times, at an instant t after the molecules left at t0,

    N(t) = s ∫dℓ h(ℓ) D(E) dE/dt w + b,    E = M ℓ² / 2(t - t0)²,    dE/dt = 2E/(t - t0),

with w = 1 where it counts molecules that arrive and 1/v where it counts those that are there, as an
ionising one does. A, and everything that determines how much was collected, is in s: so such an
experiment determines E0 and W, but not A.

Source: Michelsen & Auerbach, J. Chem. Phys. 94, 7502 (1991); Rettner, Michelsen & Auerbach, J.
Chem. Phys. 102, 4625 (1995).
"""

from dataclasses import dataclass
from math import exp, nan
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy.special import xlogy
from scipy.stats import chi2

from scatter.analysis.beam import m_s
from scatter.analysis.estimate import Doubt, Undetermined
from scatter.analysis.likelihood import Form, rise
from scatter.units import K

MM_US = 1e3  # m/s in a mm/µs
Z = 1.959964  # of a 95 % interval
LOOSEST = 0.5  # standard error of ln W beyond which W is not known
_STEPS, _SETTLED = 200, 1e-9
E0, LN_W, LN_S, BACKGROUND = range(4)  # parameters

PerBin = Float[np.ndarray, " bin"]


@dataclass(frozen=True)
class Detector:
    """How molecules are counted.

    Attributes:
        length_mm: mean length of the flight.
        spread_mm: full width of the lengths, evenly spread: of the region that is looked at.
        gate_us: full width of the times that are counted as one, beside the bin's own.
        delay_us: t0, when the molecules leave.
        counts: "flux" those that arrive, "density" those that are there.
    """

    length_mm: float
    spread_mm: float = 0.0
    gate_us: float = 0.0
    delay_us: float = 0.0
    counts: Literal["flux", "density"] = "flux"


@dataclass(frozen=True)
class Flight:
    """What was counted.

    Attributes:
        time_us: centre of each bin, equally spaced.
        counts: in each.
        mass_amu: of the molecule.
        surface_K: temperature of the surface.
        detector: that counted.
    """

    time_us: PerBin
    counts: PerBin
    mass_amu: float
    surface_K: float
    detector: Detector

    def shape(self, E0_eV: float, W_eV: float, form: Form = "erf") -> PerBin:
        """Counts in each bin up to a factor and the background; 0 before the molecules leave.

        Means over bin, gate and lengths by three-point Gauss rules each.
        """
        node, weight = np.polynomial.legendre.leggauss(3)
        bin_us = float(np.diff(self.time_us).mean())
        its = self.detector
        late = node[:, None] * bin_us / 2 + node * its.gate_us / 2
        length = its.length_mm + node * its.spread_mm / 2
        time = self.time_us[:, None, None, None] + late[:, :, None] - its.delay_us
        v = length / np.where(time > 0, time, np.inf) * MM_US * m_s
        energy = 0.5 * self.mass_amu * v * v
        S0 = rise(form, (energy - E0_eV) / W_eV)[0]
        flux = S0 * energy * np.exp(-energy / (K * self.surface_K))
        seen = flux * 2 * energy / np.where(time > 0, time, np.inf)
        if its.counts == "density":
            seen = np.where(v > 0, seen / np.where(v > 0, v, 1), 0)
        return np.einsum("tbgl,b,g,l->t", seen, weight, weight, weight) / 8


@dataclass(frozen=True)
class FlightFit:
    """E0 and W from a time of flight, with 95 % intervals from the Fisher information.

    Attributes:
        scale: s, for `Flight.shape`.
        background: b, counts in a bin.
        deviance: twice the difference in log-likelihood from the counts themselves.
        degrees_of_freedom: bins less parameters.
        p_value: of a larger deviance if the curve were exact, from the χ² distribution; too small
            where most bins have fewer than five counts.
        expected: counts in each bin by the fit.
    """

    form: Form
    E0_eV: float
    E0_low_eV: float
    E0_high_eV: float
    W_eV: float
    W_low_eV: float
    W_high_eV: float
    scale: float
    background: float
    deviance: float
    degrees_of_freedom: int
    p_value: float
    expected: PerBin


def fit_flight(
    flight: Flight, form: Form = "erf", start: tuple[float, float] = (0.6, 0.2)
) -> FlightFit | Undetermined:
    """E0 and W of maximum Poisson likelihood; s and b are fitted with them.

    Args:
        flight: what was counted.
        form: of g.
        start: E0 and W (eV) to begin with.
    """
    counts = flight.counts
    if counts.sum() < 20 or len(counts) < 5:
        return Undetermined(
            Doubt.TOO_FEW, f"{counts.sum():g} counts in {len(counts)} bins are too few to fit"
        )
    P = _begun(flight, form, start)
    P, information = _maximised(flight, form, P)
    error = np.sqrt(np.diag(np.linalg.pinv(information)))
    if not np.isfinite(P).all() or error[LN_W] > LOOSEST:
        return Undetermined(
            Doubt.NOT_BOUNDED,
            "the counts do not determine both E0 and W: hardly any of them come from energies at "
            "which S0 bends; count longer, or on a hotter surface",
        )
    mu = _expected(flight, form, P)
    low, high = P - Z * error, P + Z * error
    freedom = len(counts) - 4
    D = _deviance(counts, mu)
    return FlightFit(
        form,
        *(float(P[E0]), float(low[E0]), float(high[E0])),
        *(exp(P[LN_W]), exp(low[LN_W]), exp(high[LN_W])),
        *(exp(P[LN_S]), float(P[BACKGROUND])),
        *(D, freedom, float(chi2.sf(D, freedom)) if freedom > 0 else nan, mu),
    )


def _begun(flight: Flight, form: Form, start: tuple[float, float]) -> Float[np.ndarray, "4"]:
    """The start, with the background of the emptiest tenth and the scale of all counts."""
    background = max(float(np.percentile(flight.counts, 10)), 0.01)
    shape = flight.shape(*start, form)
    above = max(float((flight.counts - background).sum()), 1.0)
    return np.array([start[0], np.log(start[1]), np.log(above / shape.sum()), background])


def _expected(flight: Flight, form: Form, P: Float[np.ndarray, "4"]) -> PerBin:
    shape = flight.shape(P[E0], np.exp(P[LN_W]), form)
    return np.maximum(np.exp(P[LN_S]) * shape + P[BACKGROUND], 1e-12)


def _deviance(counts: PerBin, mu: PerBin) -> float:
    """2 Σ [N ln(N/μ) - (N - μ)]."""
    return float(2 * (xlogy(counts, counts / mu) - (counts - mu)).sum())


def _slopes(flight: Flight, form: Form, P: Float[np.ndarray, "4"]) -> Float[np.ndarray, "bin 4"]:
    """Derivatives of the expected counts by the parameters."""
    steps = np.diag([1e-5, 1e-5, 0.0, 0.0])
    by = [
        (_expected(flight, form, P + step) - _expected(flight, form, P - step)) / 2e-5
        for step in steps[:2]
    ]
    whole = _expected(flight, form, P) - P[BACKGROUND]
    return np.stack([*by, whole, np.ones_like(whole)], axis=1)


def _maximised(
    flight: Flight, form: Form, P: Float[np.ndarray, "4"]
) -> tuple[Float[np.ndarray, "4"], Float[np.ndarray, "4 4"]]:
    """Maximum-likelihood parameters by damped scoring, and the Fisher information there.

    The background stays above zero; where it is pushed against that, it is held there.
    """
    counts, damping = flight.counts, 1e-3
    D = _deviance(counts, _expected(flight, form, P))
    for _ in range(_STEPS):
        trial = _stepped(flight, form, P, damping)
        lower = D - _deviance(counts, _expected(flight, form, trial))
        if lower >= 0:
            P, D, damping = trial, D - lower, max(damping / 5, 1e-9)
        else:
            damping *= 10
        if 0 <= lower < _SETTLED or damping > 1e10:
            break
    by, mu = _slopes(flight, form, P), _expected(flight, form, P)
    return P, by.T @ (by / mu[:, None])


def _stepped(
    flight: Flight, form: Form, P: Float[np.ndarray, "4"], damping: float
) -> Float[np.ndarray, "4"]:
    """One damped step of scoring."""
    mu, by = _expected(flight, form, P), _slopes(flight, form, P)
    gradient = by.T @ (flight.counts / mu - 1)
    information = by.T @ (by / mu[:, None])
    held = np.array([False, False, False, P[BACKGROUND] <= 0 and gradient[BACKGROUND] < 0])
    gradient[held] = 0
    information[held] = information[:, held] = 0
    diagonal = np.where(held, 1.0, np.diag(information) * (1 + damping)) + 1e-12
    np.fill_diagonal(information, diagonal)
    step = np.clip(np.linalg.solve(information, gradient), *_LARGEST)
    trial = P + step
    trial[BACKGROUND] = max(trial[BACKGROUND], 0.0)
    return trial


_LARGEST = np.array([[-0.2, -0.7, -3.0, -np.inf], [0.2, 0.7, 3.0, np.inf]])
