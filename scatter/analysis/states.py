"""State-to-state probabilities of scattering: P(v', J' | v, J), and the fate of the vibration.

The real-valued final v and J of a results row are binned here, so any other binning needs no new
trajectory. Every probability comes twice: of all trajectories, and of the scattered ones.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from jaxtyping import Bool

from scatter.analysis.binning import (
    HISTOGRAM,
    NO_CLASS,
    Binning,
    effective_count,
    weighted_proportion,
)
from scatter.analysis.per_point import Columns, by_point, long_table
from scatter.outcomes import Outcome

CHANNELS = ("survival", "elastic", "excitation", "deexcitation", "unassigned")


class _Scattered:
    """The scattered trajectories of one point in their classes."""

    def __init__(self, conditions: Columns, trajectories: np.ndarray, binning: Binning):
        rows = trajectories[trajectories["outcome"] == Outcome.SCATTERED]
        self.initial, self.n = conditions, len(trajectories)
        self.binned = binning.classes(
            rows["final_v"], rows["final_J"], conditions["J"], conditions["molecule"]
        )
        self.classed, self.weight = self.binned.classed, self.binned.weight[self.binned.classed]
        self.columns = {
            **conditions,
            "binning": binning.name(conditions["molecule"]),
            "n": len(trajectories),
            "scattered": len(rows),
            "effective": effective_count(self.weight),
        }

    def row(self, member: Bool[np.ndarray, " trajectory"], **names: object) -> Columns:
        """The row of the class that these scattered trajectories make up."""
        # What has no class is counted, each as one; its weight would be arbitrary.
        within = (
            (member, np.ones(len(member)))
            if (member & ~self.classed).any()
            else (member[self.classed], self.weight)
        )
        P, low, high = weighted_proportion(*within, self.n)
        among, least, most = weighted_proportion(*within, len(member))
        return {
            **self.columns,
            **{"count": int(member.sum()), "P": P, "low": low, "high": high},
            **{"P_scattered": among, "low_scattered": least, "high_scattered": most},
            **names,
        }

    def final_states(self) -> Iterator[Columns]:
        """The row of each final state that was reached, and of the initial one."""
        v, J = self.binned.v, self.binned.J
        reached = set(zip(v[self.classed].tolist(), J[self.classed].tolist(), strict=True))
        for n, m in sorted(reached | {(self.initial["v"], self.initial["J"])}):
            yield self.row((v == n) & (J == m), v_final=n, J_final=m)
        if not self.classed.all():
            yield self.row(~self.classed, v_final=None, J_final=None)

    def fates(self) -> Iterator[Columns]:
        """The row of each of `CHANNELS`."""
        v, initial = self.binned.v, self.initial["v"]
        members = (
            (v == initial) & (self.binned.J == self.initial["J"]),
            v == initial,
            v > initial,
            (v < initial) & (v != NO_CLASS),
            v == NO_CLASS,
        )
        for name, member in zip(CHANNELS, members, strict=True):
            yield self.row(member, channel=name)


def transitions(
    points: np.ndarray, trajectories: np.ndarray, binning: Binning = HISTOGRAM
) -> pd.DataFrame:
    """P(v', J' | v, J) of every point, by v' and J'; states that nothing reached are left out.

    The initial state always has a row, and so have scattered trajectories without a final v and
    J, if there are any: the P_scattered of a point sum to one. With Gaussian weights that is the
    normalisation of Bonnet & Rayez, P(v', J') = Σ_class w / Σ_all w among the scattered; what
    scatters at all is counted, so P sums to the fraction of trajectories that scattered.

    Args:
        points: /points of `results.h5`.
        trajectories: /trajectories; of an unfinished campaign those that are `in_turn`.
        binning: how final quantum numbers are read.

    Returns:
        Behind the columns of the point: `binning`; `n` trajectories, of which `scattered`;
        `effective`, the number of scattered with equal weights that would say as much; `count` of
        this class, whatever their weight; P among all, P_scattered among the scattered, each with
        the ends of its interval (`weighted_proportion`); v_final, J_final, missing for the
        scattered that are not bound in the inner well.
    """
    table = long_table(
        row
        for point in by_point(points, trajectories)
        for row in _Scattered(*point, binning).final_states()
    )
    return table.astype({"v_final": "Int64", "J_final": "Int64"})


def channels(
    points: np.ndarray, trajectories: np.ndarray, binning: Binning = HISTOGRAM
) -> pd.DataFrame:
    """Survival, vibrationally elastic scattering, excitation and de-excitation of every point.

    Set against energy_eV, the rows of one channel are its excitation function. Arguments and
    columns are those of `transitions`, but for the last: `channel`, of `CHANNELS`: "survival":
    v' = v and J' = J; "elastic": v' = v with any J'; "excitation": v' > v; "deexcitation": v' < v;
    "unassigned": no final v and J. The last four share out the scattered.
    """
    return long_table(
        row
        for point in by_point(points, trajectories)
        for row in _Scattered(*point, binning).fates()
    )
