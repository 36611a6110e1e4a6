"""The factor between a measured curve and a computed one, where the experiment does not know A.

Experiments that follow desorption determine S0 only up to a factor. With measured y_i ± σ_i at E_i
and the fitted curve S0(E), the factor a of least squares, a y = S0, is that of

    1/a = Σ (y_i S0(E_i) / σ_i²) / Σ (S0(E_i)² / σ_i²).

Its 95 % interval holds both errors: the percentiles of a over the draws of the fit, with y drawn
anew beside each. Where no errors were measured, they are taken as equal, and of the size that the
deviations have.
"""

from dataclasses import dataclass
from math import nan

import numpy as np
from jaxtyping import Float
from scipy.stats import chi2

from scatter.analysis.estimate import ENDS
from scatter.analysis.fits import Fit
from scatter.analysis.likelihood import model

PerPoint = Float[np.ndarray, " point"]


@dataclass(frozen=True)
class Factor:
    """Factor by which to multiply measured S0; 95 % interval from low to high.

    Attributes:
        p_value: of a worse agreement if both curves were equal up to the factor, from the χ²
            distribution of the measured errors alone; NaN without these.
    """

    value: float
    low: float
    high: float
    p_value: float


def factor_to(
    fit: Fit, energy_eV: PerPoint, S0: PerPoint, error: PerPoint | None = None, seed: int = 0
) -> Factor:
    """The factor that brings a measured curve onto a computed one.

    Args:
        fit: of the computed points.
        energy_eV: of the measured ones.
        S0: measured.
        error: standard errors; None where they are not known.
        seed: of the measurements that are drawn.

    Raises:
        ValueError: there are fewer than two points, or the curve is 0 at all of them.
    """
    theory = fit(energy_eV)
    if len(energy_eV) < 2 or not (theory * S0).sum() > 0:
        raise ValueError("a factor needs two points at least, with S0 > 0 at some of them")
    weight = np.ones_like(S0) if error is None else error**-2.0
    inverse = float(_inverse(theory, S0, weight))
    left = S0 - inverse * theory
    deviation = float((left**2 * weight).sum())
    freedom = len(S0) - 1
    sigma = np.full_like(S0, np.sqrt(deviation / freedom)) if error is None else error
    rng = np.random.default_rng(seed)
    drawn = model(fit.form, fit.draws, energy_eV, np.ones_like(energy_eV))[0]
    again = inverse * theory + sigma * rng.standard_normal(drawn.shape)
    low, high = np.percentile(1 / _inverse(drawn, again, weight), ENDS)
    p = nan if error is None else float(chi2.sf(deviation, freedom))
    return Factor(1 / inverse, float(low), float(high), p)


def _inverse(theory: np.ndarray, S0: np.ndarray, weight: PerPoint) -> np.ndarray:
    """1/a of least squares."""
    return np.asarray((S0 * theory * weight).sum(axis=-1) / (theory**2 * weight).sum(axis=-1))
