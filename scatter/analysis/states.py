"""State-to-state probabilities of scattering: P(v', J' | v, J), and the fate of the vibration.

The real-valued final v and J of a results row are binned here, so any other binning needs no new
trajectory. Every probability comes twice: of all trajectories, and of the scattered ones.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool

from scatter.analysis.binning import (
    HISTOGRAM,
    NO_CLASS,
    Binned,
    Binning,
    effective_count,
    weighted_proportion,
)
from scatter.analysis.per_point import PerPoint, by_point
from scatter.outcomes import Outcome

CHANNELS = ("survival", "elastic", "excitation", "deexcitation", "unassigned")


@dataclass(frozen=True)
class _Probability(PerPoint):
    """What the rows of both tables have in common.

    Attributes:
        binning: how final quantum numbers became whole ones.
        n: all trajectories of the point.
        scattered: those that scattered.
        effective: number of scattered trajectories with equal weights that would say as much.
        count: scattered trajectories in this class, whatever their weight.
        P: probability that a trajectory scatters into this class.
        low: lower end of its 95 % interval (`weighted_proportion`).
        high: upper end.
        P_scattered: probability of this class among the scattered.
        low_scattered: lower end of its 95 % interval.
        high_scattered: upper end.
    """

    binning: str
    n: int
    scattered: int
    effective: float
    count: int
    P: float
    low: float
    high: float
    P_scattered: float
    low_scattered: float
    high_scattered: float


@dataclass(frozen=True)
class Transition(_Probability):
    """P(v', J' | v, J) of one point and one final state.

    Attributes:
        v_final: v'; None, with J_final, for the scattered that are not bound in the inner well.
        J_final: J'.
    """

    v_final: int | None
    J_final: int | None


@dataclass(frozen=True)
class Channel(_Probability):
    """What became of the vibration at one point.

    Attributes:
        channel: of `CHANNELS`: "survival": v' = v and J' = J; "elastic": v' = v with any J';
            "excitation": v' > v; "deexcitation": v' < v; "unassigned": no final v and J. The last
            four share out the scattered.
    """

    channel: str


class _Scattered:
    """The scattered trajectories of one point in their classes."""

    def __init__(self, conditions: dict[str, Any], trajectories: np.ndarray, binning: Binning):
        rows = trajectories[trajectories["outcome"] == Outcome.SCATTERED]
        self.conditions, self.binning = conditions, binning
        self.n, self.scattered = len(trajectories), len(rows)
        self.binned: Binned = binning.classes(
            rows["final_v"], rows["final_J"], conditions["J"], conditions["molecule"]
        )
        self.weight = self.binned.weight[self.binned.classed]

    def columns(self, member: Bool[np.ndarray, " trajectory"]) -> dict[str, Any]:
        """The columns of `_Probability` for a class that these scattered trajectories make up."""
        classed = self.binned.classed
        # What has no class is counted, each as one; its weight would be arbitrary.
        within = (
            (member, np.ones(len(member)))
            if (member & ~classed).any()
            else (member[classed], self.weight)
        )
        P, low, high = weighted_proportion(*within, self.n)
        of_scattered = weighted_proportion(*within, self.scattered)
        return {
            **self.conditions, "binning": self.binning.name, "n": self.n,
            "scattered": self.scattered, "effective": effective_count(self.weight),
            "count": int(member.sum()), "P": P, "low": low, "high": high,
            "P_scattered": of_scattered[0], "low_scattered": of_scattered[1],
            "high_scattered": of_scattered[2],
        }  # fmt: skip


def transitions(
    points: np.ndarray, trajectories: np.ndarray, binning: Binning = HISTOGRAM
) -> list[Transition]:
    """P(v', J' | v, J) of every point, by v' and J'; states that nothing reached are left out.

    The initial state always has a row, and so have scattered trajectories without a final v and
    J, if there are any: the P_scattered of a point sum to one. With Gaussian weights that is the
    normalisation of Bonnet & Rayez, P(v', J') = Σ_class w / Σ_all w among the scattered; what
    scatters at all is counted, so P sums to the fraction of trajectories that scattered.

    Args:
        points: /points of `results.h5`.
        trajectories: /trajectories; of an unfinished campaign those that are `in_turn`.
        binning: how final quantum numbers are read.
    """
    return [
        Transition(**one.columns(member), v_final=v, J_final=J)
        for one in (_Scattered(*found, binning) for found in by_point(points, trajectories))
        for v, J, member in _final_states(one)
    ]


def _final_states(one: _Scattered) -> list[tuple[int | None, int | None, np.ndarray]]:
    binned, classed = one.binned, one.binned.classed
    reached = set(zip(binned.v[classed].tolist(), binned.J[classed].tolist(), strict=True))
    initial = (one.conditions["v"], one.conditions["J"])
    found: list[tuple[int | None, int | None, np.ndarray]] = [
        (v, J, (binned.v == v) & (binned.J == J)) for v, J in sorted(reached | {initial})
    ]
    return found if classed.all() else [*found, (None, None, ~classed)]


def channels(
    points: np.ndarray, trajectories: np.ndarray, binning: Binning = HISTOGRAM
) -> list[Channel]:
    """Survival, vibrationally elastic scattering, excitation and de-excitation of every point.

    Set against energy_eV, the rows of one channel are its excitation function. Arguments as of
    `transitions`.
    """
    return [
        Channel(**one.columns(member), channel=name)
        for one in (_Scattered(*found, binning) for found in by_point(points, trajectories))
        for name, member in _fates(one).items()
    ]


def _fates(one: _Scattered) -> dict[str, np.ndarray]:
    v, J, initial = one.binned.v, one.binned.J, one.conditions
    members = (
        (v == initial["v"]) & (J == initial["J"]),
        v == initial["v"],
        v > initial["v"],
        (v < initial["v"]) & (v != NO_CLASS),
        v == NO_CLASS,
    )
    return dict(zip(CHANNELS, members, strict=True))
