"""What independent replicates say of a probability, however small: mean, spread and interval."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, inf, log, log1p, nan, sqrt

import numpy as np
from scipy.special import stdtrit

from scatter.analysis.splitting import PILOT, products

WIDEST = 0.5  # spread of one replicate beyond which an interval would not hold what it promises
FEW_ANCESTORS = 10
RARE = 10  # events of a crude first round, fewer than which a point is split
MOST_MORE = 2.0  # how many times as many replicates may be asked for at once


@dataclass(frozen=True)
class Repeated:
    """The mean of the P of R replicates, and how far it is to be trusted.

    Attributes:
        count: R.
        mean: an unbiased estimate of the probability.
        spread: δ, the standard deviation of one replicate's P divided by the mean; NaN where the
            mean is 0 or R is 1.
    """

    count: int
    mean: float
    spread: float

    @classmethod
    def of(cls, P: Sequence[float] | np.ndarray) -> "Repeated":
        """What these replicates say; not all of none."""
        values = np.asarray(P, float)
        mean = float(values.mean())
        spread = float(values.std(ddof=1)) / mean if len(values) > 1 and mean > 0 else nan
        return cls(len(values), mean, spread)

    @property
    def doubt(self) -> str:
        """Why there is no interval; empty where there is one."""
        if self.mean == 0:
            return "no replicate came to the end"
        if self.count < 2:
            return "one replicate has no spread; take 8"
        if self.spread > WIDEST:
            return f"replicates differ by {self.spread:.0%}; take more trajectories"
        return ""

    @property
    def width(self) -> float:
        """Half the length of the 95 % interval of ln P; NaN where there is no interval.

        t √ln(1 + δ²/R), with t of R - 1 degrees of freedom: that of a log-normal law.
        """
        if self.doubt:
            return nan
        return float(stdtrit(self.count - 1, 0.975)) * sqrt(log1p(self.spread**2 / self.count))

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval; NaN where there is none."""
        return exp(log(self.mean) - self.width) if self.mean else nan

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval, at most 1; NaN where there is none."""
        return min(1.0, exp(log(self.mean) + self.width)) if not self.doubt else nan

    @property
    def error(self) -> float:
        """Relative standard error of the mean, δ/√R."""
        return self.spread / sqrt(self.count)

    @property
    def counts(self) -> tuple[int, int]:
        """Of how many trajectories so many would have had to succeed to know P as well.

        n = (1 - P)/(P ε²) with ε = δ/√R, as of a binomial law; for methods that need counts.
        """
        if not self.mean:
            return 0, 0
        k = max(1, round(min((1 - self.mean) / max(self.error, 1e-6) ** 2, 1e9)))
        return k, max(k, round(k / self.mean))


def further(
    known: Repeated, first: int, most: int, error: float | None, relative: float | None
) -> int:
    """How many replicates there are to be, until an error of P meets a target; `count` when done.

    Args:
        known: from those so far.
        first: replicates without any target.
        most: no more than these.
        error: half-width of the 95 % interval.
        relative: the same divided by P; of two targets either is enough, and each is met where
            twice the standard error is that.
    """
    if known.count < first:
        return first
    targets = [] if relative is None else [relative]
    if error is not None:
        targets.append(error / known.mean if known.mean else inf)
    if not targets or known.count >= most or np.isnan(known.spread):
        return known.count
    wanted = (2 * known.spread / max(targets)) ** 2
    if wanted <= known.count:
        return known.count
    return int(min(most, max(known.count + 1, min(np.ceil(wanted), MOST_MORE * known.count))))


@dataclass(frozen=True)
class Passage:
    """How the replicates of a point came through their levels.

    Attributes:
        probability: what they say of it.
        each: P of each.
        thresholds: L₁ ... L_K.
        steps: of the kernel after each level but the last.
        passing: fraction of all starts that passed each level.
        acceptance: fraction of moves that were kept, of those before each level but the first.
        ancestors: the fewest distinct fresh starts that the last survivors of a replicate descend
            from.
        trajectories: of all replicates and the pilot.
        trajectory_steps: of these.
        unsettled: largest fraction of undecided and failed ones before a level.
        lost: undecided and failed ones of all.
    """

    probability: Repeated
    each: tuple[float, ...]
    thresholds: tuple[float, ...]
    steps: tuple[float, ...]
    passing: tuple[float, ...]
    acceptance: tuple[float, ...]
    ancestors: int
    trajectories: int
    trajectory_steps: int
    unsettled: float
    lost: int = field(default=0)

    @property
    def gain(self) -> float:
        """How many times as many trajectories drawn at random would know P as well.

        (1 - P) / (P n δ²/R), n all trajectories of replicates and pilot; NaN without an interval.
        """
        P, error = self.probability.mean, self.probability.error
        known = error > 0 and not self.probability.doubt
        return (1 - P) / (P * self.trajectories * error**2) if known else nan


def passages(table: np.ndarray) -> dict[int, Passage]:
    """How each point came through its levels, by its number.

    Args:
        table: structured, a row for each replicate at each level, with the columns of
            `scatter.columns.REPLICATES`.
    """
    made = {}
    for point in np.unique(table["point"]).tolist():
        mine = table[table["point"] == point]
        if (mine["replicate"] != PILOT).any():
            made[point] = _passage(mine)
    return made


def _passage(rows: np.ndarray) -> Passage:
    """Of one point's rows."""
    own = rows[rows["replicate"] != PILOT]
    P = products({name: own[name] for name in ("replicate", "survivors", "starts")})
    levels = [own[own["level"] == level] for level in np.unique(own["level"])]
    moved = levels[1:]
    return Passage(
        probability=Repeated.of(P),
        each=tuple(P.tolist()),
        thresholds=tuple(float(level["threshold"][0]) for level in levels),
        steps=tuple(float(level["step"][0]) for level in moved),
        passing=tuple(_share(level, "survivors", "starts") for level in levels),
        acceptance=tuple(_share(level, "accepted", "trajectories") for level in moved),
        ancestors=_fewest(own),
        trajectories=int(rows["trajectories"].sum()),
        trajectory_steps=int(rows["steps"].sum()),
        unsettled=max(_share(level, "unsettled", "trajectories") for level in levels),
        lost=int(own["unsettled"].sum()),
    )


def _share(rows: np.ndarray, part: str, whole: str) -> float:
    return float(rows[part].sum() / rows[whole].sum())


def _fewest(own: np.ndarray) -> int:
    """The fewest ancestors of a replicate's survivors at the last level, if any came there."""
    last = own[np.isinf(own["threshold"]) & (own["survivors"] > 0)]
    return int(last["ancestors"].min()) if len(last) else 0
