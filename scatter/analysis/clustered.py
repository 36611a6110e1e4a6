"""Means and shares of shots that come from chains: those of one chain may be alike.

An interval counts chains, not shots: by `shared_snapshots.cluster_error`.
"""

from dataclasses import dataclass
from math import exp, inf, isfinite, log, nan, sqrt

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import stdtrit

from scatter.analysis.probability import wilson
from scatter.analysis.shared_snapshots import cluster_error, design_effect

Values = Float[np.ndarray, " shot"]
Chains = Int[np.ndarray, " shot"]
Z = 1.959964


@dataclass(frozen=True)
class Known:
    """A number with its standard error and its 95 % interval.

    Attributes:
        value: NaN where nothing is known.
        error: standard error.
        low: lower end of the interval.
        high: upper end.
    """

    value: float
    error: float
    low: float
    high: float

    def times(self, factor: float) -> "Known":
        """The same, multiplied; a negative factor turns the interval over."""
        ends = sorted((self.low * factor, self.high * factor))
        return Known(self.value * factor, self.error * abs(factor), *ends)

    def named(self, name: str, unit: str = "") -> dict[str, float]:
        """As columns of a table: value and ends of the interval."""
        after = f"_{unit}" if unit else ""
        return {
            f"{name}{after}": self.value,
            f"{name}_low{after}": self.low,
            f"{name}_high{after}": self.high,
        }


def mean_of_chains(values: Values, chains: Chains) -> Known:
    """The mean of values that come from chains, with Student's t of the number of chains."""
    if len(values) == 0:
        return Known(nan, nan, nan, nan)
    mean, error = float(values.mean()), cluster_error(values, chains)
    half = float(stdtrit(len(np.unique(chains)) - 1, 0.975)) * error if isfinite(error) else inf
    return Known(mean, error, mean - half, mean + half)


def share_of_chains(hits: Bool[np.ndarray, " shot"], chains: Chains) -> Known:
    """The share of hits among shots that come from chains.

    Wilson's interval of as many independent shots as would have the same standard error, and of no
    more than there are.
    """
    n, k = len(hits), int(hits.sum())
    if n == 0:
        return Known(nan, nan, 0.0, 1.0)
    design = design_effect(hits, chains)
    p, low, high = wilson(k, n, design=design)
    return Known(p, sqrt(p * (1 - p) * design / n), low, high)


def product_of(factors: list[tuple[float, float]]) -> Known:
    """A product of independent positive factors, each with its standard error; a log-normal law.

    With relative errors δ, exp(ln x ± 1.96 √Σδ²).
    """
    value = float(np.prod([factor for factor, _ in factors]))
    if not value > 0:
        return Known(value, nan, 0.0 if value == 0 else nan, nan)
    spread = sqrt(sum((error / factor) ** 2 for factor, error in factors))
    if not isfinite(spread):
        return Known(value, inf, 0.0, inf)
    ends = exp(log(value) - Z * spread), exp(log(value) + Z * spread)
    return Known(value, value * spread, *ends)
