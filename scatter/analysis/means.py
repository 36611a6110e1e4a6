"""Means of what trajectories have in common, and how well they are known."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nan, sqrt

import numpy as np
from jaxtyping import Float
from scipy.optimize import root_scalar
from scipy.special import stdtrit

RESAMPLES = 500


def mean_interval(
    values: Float[np.ndarray, " trajectory"],
    weight: Float[np.ndarray, " trajectory"],
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Ends of the 95 % interval of a weighted mean, by a studentised bootstrap.

    With m = Σwx/Σw and its standard error s = √(Σw²(x - m)²)/Σw, the law of (m - truth)/s is taken
    to be that of (m* - m)/s* over `RESAMPLES` bootstrap samples of the trajectories.

    Args:
        values: x, not all alike.
        weight: w, not all 0.
        rng: random numbers.
    Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 12.
    """
    n, mean = len(values), float((weight * values).sum() / weight.sum())
    excess = values - mean
    error = sqrt(((weight * excess) ** 2).sum()) / float(weight.sum())
    t = np.zeros(RESAMPLES)
    at_once = max(1, 1_000_000 // n)  # samples: a few MB
    for first in range(0, RESAMPLES, at_once):
        some = slice(first, first + at_once)
        drawn = rng.integers(n, size=(len(t[some]), n))
        w, e = weight[drawn], excess[drawn]
        total = w.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):  # values of a sample may be alike
            shift = (w * e).sum(axis=1) / total
            t[some] = shift * total / np.sqrt(((w * (e - shift[:, None])) ** 2).sum(axis=1))
    low, high = np.quantile(t[~np.isnan(t)], [0.025, 0.975], method="nearest")
    return mean - float(high) * error, mean - float(low) * error


@dataclass(frozen=True)
class Mean:
    """A mean of independent values; NaN where there are too few to tell.

    Attributes:
        n: how many finite values.
        left_out: how many that are not finite, and do not count.
        mean: Σx/n.
        deviation: standard deviation of one value.
        error: standard error of the mean.
        low: lower end of the 95 % interval of the mean (Student's t), within the values' limits.
        high: upper end.
    """

    n: int
    left_out: int
    mean: float
    deviation: float
    error: float
    low: float
    high: float


def mean_of(
    values: Float[np.ndarray, " trajectory"], least: float = -inf, most: float = inf
) -> Mean:
    """The mean of those values that are finite, and how well it is known.

    The interval m ± t s/√n is cut off at the limits of the values, within which their mean lies
    too: what is cut away never holds it, so the rest covers it just as often.

    Args:
        values: of independent trajectories.
        least: what no value can be below, such as 0 for a kinetic energy.
        most: what none can be above.
    """
    finite = values[np.isfinite(values)]
    n = len(finite)
    mean = float(finite.mean()) if n else nan
    deviation = float(finite.std(ddof=1)) if n > 1 else nan
    error = deviation / sqrt(n) if n else nan
    half = float(stdtrit(n - 1, 0.975)) * error if n > 1 else nan
    low, high = mean - half, mean + half
    if n > 1:  # the limits themselves may be a rounding beyond the mean
        low, high = min(max(low, least), mean), max(min(high, most), mean)
    return Mean(n, len(values) - n, mean, deviation, error, low, high)


def crossing(end: Callable[[float], float], edge: float, A: float) -> float:
    """The trial between A and the edge of what is possible at which an end of the interval is 0."""
    if end(edge) * end(A) >= 0:  # at the edge itself, or beside it by rounding
        return edge
    return float(root_scalar(end, bracket=(edge, A), method="brentq", xtol=1e-12).root)
