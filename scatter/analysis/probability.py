"""Outcomes of trajectories -> sticking probabilities, each with its uncertainty.

Nothing is dropped: undecided and failed trajectories count as not dissociated in S0, and the two
bounds `lowest` and `highest` say what S0 could be had they ended otherwise. Where they are too many
(`settled`), S0 is not known, and only its bounds are given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot, nan, sqrt
from typing import Any

import numpy as np
from jaxtyping import Int

from scatter.analysis.repeated import Repeated
from scatter.analysis.shared_snapshots import design_of
from scatter.columns import BRANCH, WEIGHT
from scatter.conditions import ABSENT, CONDITIONS, Conditions
from scatter.outcomes import MOST_UNSETTLED, Outcome, OwnEnding, sticking_codes

COUNTS = ("dissociated", "scattered", "undecided", "failed")


def wilson(
    k: float, n: float, z: float = 1.959964, design: float = 1.0
) -> tuple[float, float, float]:
    """Estimate of a probability from k successes in n trials, and its Wilson score interval.

    With p = k/n, the ends of the interval solve (x - p)² = z² x (1 - x) / n:

        low = p² / (p + z²/2n + z sqrt(p (1 - p)/n + z²/4n²)),    high(k) = 1 - low(n - k),

    forms without cancellation: low is exactly 0 at k = 0, high exactly 1 at k = n.

    Args:
        k: successes; real-valued where weighted trials stand for an effective number of them.
        n: trials.
        z: half-width in standard deviations of a normal law; 1.959964 covers 95 %.
        design: the interval is that of n/design trials (`shared_snapshots.design_effect`).

    Returns:
        p, low, high; NaN, 0, 1 when n = 0.

    Raises:
        ValueError: not 0 <= k <= n.
    Source: Wilson, J. Am. Stat. Assoc. 22, 209 (1927).
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} successes in {n} trials; a count must be between 0 and the trials")
    if n == 0:
        return nan, 0.0, 1.0
    worth = n / design

    def low(p: float) -> float:
        spread = hypot(sqrt(p * (1 - p) / worth), z / (2 * worth))
        return p**2 / (p + z**2 / (2 * worth) + z * spread)

    return k / n, low(k / n), 1 - low((n - k) / n)


def settled(unsettled: int, n: int, most: float = MOST_UNSETTLED) -> bool:
    """Whether so few trajectories are undecided or failed that N_diss / N is S0.

    Args:
        unsettled: undecided and failed trajectories.
        n: all that have ended.
        most: largest fraction of them that may be unsettled, `[guards] most_unsettled`.
    """
    return unsettled <= most * n


@dataclass(frozen=True)
class Sticking(Conditions):
    """How the trajectories of one point ended; a row of `sticking.csv`.

    Attributes:
        dissociated: trajectories that ended so; the next three alike.
        known: whether N_diss / N is the sticking probability, by `settled`; otherwise the bounds
            `lowest` and `highest` are all that is known of it.
        surface: what it is called, such as "Cu(111)"; empty where only the facet is known.
        others: custom endings, each with its trajectories.
        repeated: what replicates say of S0, where the point was split; S0 and its interval are then
            theirs, and the counts those of trajectories drawn at random beside.
        design: how many times as large the variance of S0 is as that of independent trajectories,
            of those that share snapshots of the slab (`shared_snapshots.design_effect`). Intervals
            are those of so many times fewer trajectories.
    """

    dissociated: int
    scattered: int
    undecided: int
    failed: int
    surface: str = ""
    known: bool = True
    others: tuple[tuple[OwnEnding, int], ...] = ()
    repeated: Repeated | None = None
    design: float = 1.0

    @property
    def n(self) -> int:
        """Trajectories that have ended."""
        known = self.dissociated + self.scattered + self.undecided + self.failed
        return known + sum(count for _, count in self.others)

    @property
    def stuck(self) -> int:
        """Trajectories that S0 counts: the dissociated, and custom endings that stick."""
        return self.dissociated + sum(count for ending, count in self.others if ending.sticks)

    @property
    def left(self) -> int:
        """Trajectories that ended otherwise for certain: scattered, and the like."""
        return self.scattered + sum(count for ending, count in self.others if not ending.sticks)

    @property
    def sampled(self) -> bool:
        """Whether anything has been run that says something of S0."""
        return self.repeated is not None or self.n > 0

    @property
    def S0(self) -> float:
        """Sticking probability; NaN where it is not known, or nothing has ended yet."""
        return self.lowest if self.known else nan

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval of S0, or of `lowest` where that is not known.

        It is Wilson's for counts, and log-normal for replicates (`Repeated`): there NaN where they
        differ too much for an interval.
        """
        if self.repeated is not None:
            return self.repeated.low
        return self._share(self.stuck)[1]

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval of S0; where that is not known, of `highest`."""
        if self.repeated is not None:
            return self.repeated.high if self.known else self.highest
        return self._share(self.stuck if self.known else self.n - self.left)[2]

    @property
    def lowest(self) -> float:
        """S0 had no undecided or failed trajectory stuck: N_stuck / N, or that of replicates."""
        if self.repeated is not None:
            return self.repeated.mean
        return self._share(self.stuck)[0]

    @property
    def highest(self) -> float:
        """S0 had all of them stuck: (N_stuck + N_undecided + N_failed) / N.

        Replicates give no such bound: where they are not too many it is S0 itself, else 1.
        """
        if self.repeated is not None:
            return self.repeated.mean if self.known else 1.0
        return self._share(self.n - self.left)[0]

    @property
    def counts(self) -> tuple[int, int]:
        """Events and trajectories, for methods that need counts.

        Equivalent ones of replicates; and of trajectories that share snapshots, of as many as would
        know S0 as well if they were independent.
        """
        if self.repeated is not None:
            return self.repeated.counts
        k = max(min(self.stuck, 1), round(self.stuck / self.design))
        return k, round(self.n * k / self.stuck) if k else self.n

    def _share(self, count: int) -> tuple[float, float, float]:
        """A share of the trajectories and its interval."""
        return wilson(count, self.n, design=self.design)


def in_turn(trajectories: np.ndarray) -> np.ndarray:
    """Those trajectories of an unfinished campaign that may be counted, sorted by point and number.

    Dissociation takes less time than scattering, so those that end first lean towards it. All but
    free of that are the ones up to the first of their point that has not ended; of a finished
    campaign, that is all of them.

    Args:
        trajectories: structured, with the fields `point` and `number`; each at most once.

    Raises:
        ValueError: they have weights.
    """
    _refuse_weights(trajectories)
    ordered = trajectories[np.lexsort((trajectories["number"], trajectories["point"]))]
    first = np.searchsorted(ordered["point"], ordered["point"])
    return ordered[ordered["number"] == np.arange(len(ordered)) - first]


def _refuse_weights(trajectories: np.ndarray) -> None:
    """Raise ValueError if trajectories stand for different numbers of others."""
    if not {BRANCH.name, WEIGHT.name}.isdisjoint(trajectories.dtype.names or ()):
        raise ValueError("trajectories with weights cannot be counted as if all were alike")


def outcome_counts(
    points: np.ndarray, trajectories: np.ndarray, own: int = 0
) -> Int[np.ndarray, "point code"]:
    """How many trajectories of each point (row of `points`) ended with each code (column).

    Args:
        points: structured, with the field `point`.
        trajectories: structured, with the fields `point`, `number` and `outcome`.
        own: how many custom endings follow those of `Outcome`.

    Raises:
        ValueError: a trajectory occurs twice, has no known point, has not ended, or has a weight.
    """
    _refuse_weights(trajectories)
    point, outcome = trajectories["point"], trajectories["outcome"]
    key = point.astype(np.uint64) << np.uint64(32) | trajectories["number"]
    codes = len(Outcome) + own
    ended = range(1, codes)
    if len(np.unique(points["point"])) < len(points):
        raise ValueError("a point occurs twice in /points; each must have its own number")
    if len(np.unique(key)) < len(key):
        raise ValueError("a trajectory (point, number) occurs twice; each must be counted once")
    if not np.isin(point, points["point"]).all():
        raise ValueError("a trajectory belongs to a point that is not in /points")
    if not np.isin(outcome, ended).all():
        raise ValueError(f"a trajectory has an outcome other than {[*ended]}")
    order = np.argsort(points["point"])
    row = order[np.searchsorted(points["point"], point, sorter=order)]
    flat = np.bincount(row * codes + outcome, minlength=len(points) * codes)
    return flat.reshape(len(points), codes)


def sticking_of_counts(
    points: np.ndarray,
    counts: Int[np.ndarray, "point code"],
    most: float = MOST_UNSETTLED,
    surfaces: Mapping[str, str] | None = None,
    own: Sequence[OwnEnding] = (),
) -> list[Sticking]:
    """One row per point from its counts by code; trajectories still running do not count.

    Args:
        points: structured, with the conditions as fields; NaN in mJ or azimuth_deg: not chosen.
        counts: as `outcome_counts` gives.
        most: of `settled`.
        surfaces: what surfaces are called, by facet.
        own: custom endings.
    """
    names = [name for name in CONDITIONS if name in (points.dtype.names or ())]
    conditions = points[names].tolist()
    ended = counts[:, Outcome.DISSOCIATED :].tolist()
    return [
        Sticking(
            **{**ABSENT, **dict(zip(names, map(_chosen, row), strict=True))},
            **dict(zip(COUNTS, endings[:4], strict=True)),
            known=settled(sum(endings[2:4]), sum(endings), most),
            surface=(surfaces or {}).get(row[0], ""),
            others=tuple(zip(own, endings[4:], strict=True)),
        )
        for row, endings in zip(conditions, ended, strict=True)
    ]


def _chosen(condition: object) -> Any:
    """The condition, or None where NaN says that it was not chosen."""
    return None if condition != condition else condition


def sticking(
    points: np.ndarray,
    trajectories: np.ndarray,
    most: float = MOST_UNSETTLED,
    surfaces: Mapping[str, str] | None = None,
    own: Sequence[OwnEnding] = (),
) -> list[Sticking]:
    """One row per point from its trajectories, points without any included.

    Args:
        points: as of `outcome_counts`; so are the trajectories, and where they have the field
            `snapshot`, intervals count that those of one may be alike.
        trajectories: those that count.
        most: as of `settled`.
        surfaces: what surfaces are called, by facet.
        own: custom endings.
    """
    counts = outcome_counts(points, trajectories, len(own))
    rows = sticking_of_counts(points, counts, most, surfaces, own)
    codes = sticking_codes(own)
    every = parted(points["point"], trajectories)
    designs = [design_of(np.isin(mine["outcome"], codes), mine) for mine in every]
    return [replace(row, design=design) for row, design in zip(rows, designs, strict=True)]


def parted(numbers: np.ndarray, trajectories: np.ndarray) -> list[np.ndarray]:
    """The trajectories of each point, or none, in their order."""
    ordered = trajectories[np.argsort(trajectories["point"], kind="stable")]
    ends = np.searchsorted(ordered["point"], [numbers, numbers + 1]).T
    return [ordered[first:last] for first, last in ends]
