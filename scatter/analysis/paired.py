"""Trajectories that begin alike on two potentials -> how alike they end.

Paired binary data: of n pairs, n10 dissociate on the first potential alone and n01 on the second
alone. What both share, by their common start, is free of sampling error, so the difference of two
sticking probabilities is known much better than either of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from jaxtyping import Int
from scipy.optimize import root_scalar

from scatter.analysis.probability import Sticking, in_turn, sticking
from scatter.outcomes import MOST_UNSETTLED, Outcome, OwnEnding, sticking_codes

ENDINGS = tuple(code for code in Outcome if code is not Outcome.RUNNING)


@dataclass(frozen=True)
class Paired:
    """A difference of two proportions of the same n pairs.

    Attributes:
        n: pairs.
        first: pairs in which only the first has the property (n10).
        second: pairs in which only the second has it (n01).
    """

    n: int
    first: int
    second: int

    @property
    def difference(self) -> float:
        """First proportion minus second, (n10 - n01) / n; NaN without pairs."""
        return (self.first - self.second) / self.n if self.n else nan

    @property
    def standard_error(self) -> float:
        """Standard error of the difference, sqrt(n10 + n01 - (n10 - n01)²/n) / n."""
        if not self.n:
            return nan
        apart = self.first + self.second - (self.first - self.second) ** 2 / self.n
        return sqrt(max(apart, 0.0)) / self.n

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval of the difference (`score_interval`)."""
        return score_interval(self.first, self.second, self.n)[0]

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval of the difference."""
        return score_interval(self.first, self.second, self.n)[1]

    @property
    def bound(self) -> float:
        """What the difference is, with 95 % confidence, smaller than in size."""
        return max(abs(self.low), abs(self.high))


def score_interval(n10: int, n01: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Tango's score interval of a difference of paired proportions.

    Its ends d solve

        (n10 - n01 - n d)² = z² n (2 q + d (1 - d)),

    where q is the likeliest probability of a pair of the second kind if the difference is d, the
    larger root of  2n q² + [(2n - n10 + n01) d - n10 - n01] q - n01 d (1 - d) = 0.  It is not
    empty at n10 = n01 = 0, as the interval of the normal law is: there its ends are ±z²/(n + z²).

    Args:
        n10: pairs in which only the first has the property.
        n01: pairs in which only the second has it.
        n: all pairs.
        z: half-width in standard deviations of a normal law; 1.959964 covers 95 %.

    Returns:
        low and high; -1 and 1 when n = 0.

    Raises:
        ValueError: the counts are negative, or larger than n together.
    Source: Tango, Stat. Med. 17, 891 (1998).
    """
    if min(n10, n01) < 0 or n10 + n01 > n:
        raise ValueError(f"{n10} and {n01} unequal pairs of {n}; a count must be between 0 and n")
    if n == 0:
        return -1.0, 1.0
    return _low(n10, n01, n, z), -_low(n01, n10, n, z)


def _low(n10: int, n01: int, n: int, z: float) -> float:
    if n01 == n:
        return -1.0

    def score(d: float) -> float:
        B = (2 * n - n10 + n01) * d - n10 - n01
        q = (sqrt(max(B**2 + 8 * n * n01 * d * (1 - d), 0.0)) - B) / (4 * n)
        return n10 - n01 - n * d - z * sqrt(n * max(2 * q + d * (1 - d), 0.0))

    # Not at the difference itself: the variance is zero there if all pairs are alike.
    bracket = (-1.0, (n10 - n01) / n - 1e-9)
    return root_scalar(score, method="brentq", bracket=bracket, xtol=1e-14).root


def pairs(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The trajectories that two campaigns share by point and number, in the same order.

    Args:
        first: structured, with the fields `point` and `number`, each pair of them once.
        second: alike, of a campaign with the same points.
    """
    keys = [rows["point"].astype(np.int64) << 32 | rows["number"] for rows in (first, second)]
    _, mine, its = np.intersect1d(*keys, assume_unique=True, return_indices=True)
    return first[mine], second[its]


def agreement(
    first: np.ndarray, second: np.ndarray, own: Sequence[OwnEnding] = ()
) -> Int[np.ndarray, "ending ending"]:
    """How many pairs ended so on the first (row) and so on the second (column).

    By `ENDINGS`, and then by custom endings.

    Args:
        first: trajectories with the field `outcome`.
        second: those that they are paired with, in the same order.
        own: custom endings.

    Raises:
        ValueError: they are not as many, or some have not ended.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} trajectories cannot be paired with {len(second)}")
    counts = np.zeros((len(Outcome) + len(own),) * 2, np.int64)
    np.add.at(counts, (first["outcome"], second["outcome"]), 1)
    if counts[Outcome.RUNNING].any() or counts[:, Outcome.RUNNING].any():
        raise ValueError("a trajectory has not ended")
    return counts[1:, 1:]


def paired(counts: Int[np.ndarray, "ending ending"], own: Sequence[OwnEnding] = ()) -> Paired:
    """The difference in sticking of the pairs that `agreement` has counted."""
    stuck = np.isin(1 + np.arange(len(counts)), sticking_codes(own))
    return Paired(
        n=int(counts.sum()),
        first=int(counts[stuck][:, ~stuck].sum()),
        second=int(counts[~stuck][:, stuck].sum()),
    )


@dataclass(frozen=True)
class PairedSticking:
    """The sticking of one point on two potentials, counted over the pairs of trajectories.

    Attributes:
        potential: on the potential that is tried.
        reference: on its reference.
        counts: how many pairs ended so on the potential (row) and so on the reference (column);
            see `agreement`.
    """

    potential: Sticking
    reference: Sticking
    counts: Int[np.ndarray, "ending ending"]

    @property
    def known(self) -> bool:
        """Whether S0 is known on both, and so their difference."""
        return self.potential.known and self.reference.known

    @property
    def difference(self) -> Paired:
        """S0 on the potential minus S0 on the reference, where both are known."""
        return paired(self.counts, [ending for ending, _ in self.reference.others])


def paired_sticking(
    points: np.ndarray,
    potential: np.ndarray,
    reference: np.ndarray,
    most: float = MOST_UNSETTLED,
    surfaces: Mapping[str, str] | None = None,
    own: Sequence[OwnEnding] = (),
) -> list[PairedSticking]:
    """One row per point, from the trajectories of two campaigns that began alike.

    Of an unfinished campaign those count that `in_turn` lets count.

    Args:
        points: structured, as both campaigns have them.
        potential: trajectories on the potential that is tried, with `point`, `number`, `outcome`.
        reference: those on its reference.
        most: of `scatter.analysis.probability.settled`.
        surfaces: what surfaces are called, by facet.
        own: custom endings.
    """
    tried, its = pairs(in_turn(potential), in_turn(reference))
    both = (sticking(points, ended, most, surfaces, own) for ended in (tried, its))
    return [
        PairedSticking(mine, other, agreement(tried[here], its[here], own))
        for point, mine, other in zip(points["point"], *both, strict=True)
        for here in (tried["point"] == point,)
    ]
