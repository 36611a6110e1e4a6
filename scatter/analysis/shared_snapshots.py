"""How much trajectories that begin on the same snapshot of the slab have in common.

Clusters are groups of values that may be alike: trajectories of one snapshot, shots of one chain.
"""

from dataclasses import dataclass
from math import inf, nan, sqrt

import numpy as np

from scatter.outcomes import Outcome
from scatter.shapes import Bool, Float, Int


def cluster_error(values: Float[np.ndarray, " value"], cluster: Int[np.ndarray, " value"]) -> float:
    """Standard error of a mean of values of which those of a cluster may be alike.

    With m = Σx/n, S_c = Σ (x - m) of the values of cluster c, and C clusters,

        s.e.² = C/(C - 1) Σ_c S_c² / n²,

    which is that of a ratio of sums over independent clusters. Infinite for a single cluster.

    Source: Cochran, Sampling Techniques (Wiley, 1977), section 6.4.
    """
    _, group = np.unique(cluster, return_inverse=True)
    sums = np.bincount(group, values - values.mean())
    count = len(sums)
    return sqrt(count / (count - 1) * float((sums**2).sum())) / len(values) if count > 1 else inf


def design_effect(hits: Bool[np.ndarray, " value"], cluster: Int[np.ndarray, " value"]) -> float:
    """How many times as large the variance of a share is as that of independent values.

        D = (n - 1) s.e.² / (p (1 - p)), at least 1

    A share of n values in clusters is known as well as that of n/D independent ones. 1 where all
    values are the same, and where there is one cluster, of which nothing can be known.

    Source: Kish, Survey Sampling (Wiley, 1965), section 5.4.
    """
    n, k = len(hits), int(hits.sum())
    if k in (0, n):
        return 1.0
    error, simple = cluster_error(hits.astype(float), cluster), k / n * (1 - k / n) / (n - 1)
    return max(1.0, error**2 / simple) if error < inf and len(np.unique(cluster)) < n else 1.0


def design_of(hits: Bool[np.ndarray, " trajectory"], trajectories: np.ndarray) -> float:
    """The design effect of a share of the trajectories of a point, where they have snapshots."""
    if "snapshot" not in (trajectories.dtype.names or ()):
        return 1.0
    return design_effect(hits, trajectories["snapshot"].astype(np.int64))


@dataclass(frozen=True)
class SharedSnapshots:
    """What trajectories of the same points that share a snapshot have in common.

    Attributes:
        snapshots: on which they began.
        sharers: trajectories of a point on the snapshot of a trajectory, itself among them: the
            mean over trajectories.
        correlation: intraclass, of dissociating.
        error: standard error of that.
    """

    snapshots: int
    sharers: float
    correlation: float
    error: float

    def widening(self, correlation: float) -> float:
        """By what fraction intervals would be wider that count this correlation.

        The variance of a mean over groups of m grows by 1 + (m - 1) ρ. Source: Kish, Survey
        Sampling (Wiley, 1965), section 5.4.
        """
        return sqrt(max(0.0, 1 + (self.sharers - 1) * correlation)) - 1


def shared_snapshots(trajectories: np.ndarray) -> SharedSnapshots:
    """The intraclass correlation of dissociating among the snapshots of each point, all together.

    Args:
        trajectories: structured, with the fields `point`, `snapshot` and `outcome`, of points on
            the same slab.
    """
    rho, weights, sharers = [], [], []
    for point in np.unique(trajectories["point"]):
        mine = trajectories[trajectories["point"] == point]
        _, group = np.unique(mine["snapshot"], return_inverse=True)
        sizes = np.bincount(group)
        sharers.append((float((sizes**2).sum()), len(mine)))
        estimate, error = intraclass(group, (mine["outcome"] == Outcome.DISSOCIATED).astype(float))
        if error < inf:
            rho.append(estimate)
            weights.append(error**-2)
    squares, total = np.sum(sharers, axis=0) if sharers else (nan, 1)
    return SharedSnapshots(
        snapshots=len(np.unique(trajectories["snapshot"])),
        sharers=float(squares / total),
        correlation=float(np.average(rho, weights=weights)) if rho else nan,
        error=float(np.sum(weights) ** -0.5) if rho else inf,
    )


def intraclass(
    group: Int[np.ndarray, " value"], values: Float[np.ndarray, " value"]
) -> tuple[float, float]:
    """The intraclass correlation of values in groups, and its standard error where it is small.

        ρ = (B - W) / (B + (m - 1) W),   σ = √(2 / (K - 1) + 2 / (N - K)) / m

    with B and W the mean squares between the K groups and within them, N values, and
    m = (N - Σ n²/N) / (K - 1) for groups of n. Infinite error where the values are all the same,
    or no group has two.

    Args:
        group: of each value, from 0 on without a gap.
        values: 0 and 1, or any.
    Source: Donner, Int. Stat. Rev. 54, 67 (1986).
    """
    sizes = np.bincount(group)
    N, K = len(values), len(sizes)
    if K < 2 or K == N or np.ptp(values) == 0:
        return nan, inf
    means = np.bincount(group, values) / sizes
    between = (sizes * (means - values.mean()) ** 2).sum() / (K - 1)
    within = ((values - means[group]) ** 2).sum() / (N - K)
    m = (N - (sizes**2).sum() / N) / (K - 1)
    rho = (between - within) / (between + (m - 1) * within)
    return float(rho), sqrt(2 / (K - 1) + 2 / (N - K)) / m
