"""Means of what trajectories have in common, and how well they are known."""

from math import nan, sqrt

import numpy as np
from jaxtyping import Float

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


def spread(values: Float[np.ndarray, " trajectory"]) -> tuple[float, float, float]:
    """Mean, standard deviation, and standard error of the mean; NaN where too few to tell."""
    n = len(values)
    mean = float(values.mean()) if n else nan
    deviation = float(values.std(ddof=1)) if n > 1 else nan
    return mean, deviation, deviation / sqrt(n) if n else nan
