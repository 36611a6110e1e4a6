"""How classical trajectories treat the zero-point energy: what ends with less than it, or reacts.

A classical molecule may leave with less vibration than the ground state has, or cross a barrier
that no quantum molecule of its energy would, since the motion across the path at the saddle has a
zero-point energy too (tunnelling aside). Both are reported, and neither is corrected.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from scatter.analysis.motion import Species
from scatter.analysis.per_point import Columns, by_point, long_table, proportion, share_of
from scatter.analysis.probability import wilson
from scatter.ebk import level, reduced_mass
from scatter.outcomes import Outcome

SOFT = -0.1  # v': an action v' + 1/2 of 80 % of the zero point's

Thresholds = Mapping[tuple[str, str], float]  # by facet and formula; eV above the molecule at rest


def zero_point(
    points: np.ndarray,
    trajectories: np.ndarray,
    molecules: Mapping[str, Species],
    thresholds: Thresholds | None = None,
) -> pd.DataFrame:
    """A row for each point.

        soft:   the scattered diatomics with v' < -0.1, whose vibrational action is below 80 % of
                that of the ground state,
        below:  the dissociated with E_i + E_vJ < V_b + ZPE_TS, the threshold.

    Args:
        points: /points of `results.h5`.
        trajectories: /trajectories, those that count.
        molecules: masses and bond curves of diatomics, by formula.
        thresholds: V_b + ZPE_TS by facet and formula, where they are known, eV above the minimum
            of the molecule far away.

    Returns:
        Behind the columns of the point: `n`; of diatomics `scattered`, `soft` and `soft_share` with
        `soft_low` and `soft_high`; with a threshold, `threshold_eV`, the mean `total_eV` =
        E_i + E_vJ, `below`, and `S0_above` with `S0_above_low` and `S0_above_high`, which is S0 had
        none of those below stuck. Intervals are 95 % (Wilson).
    """
    known = thresholds or {}
    return long_table(
        {**conditions, "n": len(mine), **_soft(mine), **_below(conditions, mine, molecules, known)}
        for conditions, mine in by_point(points, trajectories)
    )


def _soft(mine: np.ndarray) -> Columns:
    """Of diatomics: how many of the scattered vibrate less than the ground state may."""
    if "final_v" not in (mine.dtype.names or ()):
        return {}
    v = mine["final_v"][mine["outcome"] == Outcome.SCATTERED]
    v = v[np.isfinite(v)]
    share = proportion(int((v < SOFT).sum()), len(v), of="scattered")
    names = {"count": "soft", "P": "soft_share", "low": "soft_low", "high": "soft_high"}
    return {names.get(name, name): value for name, value in share.items()}


def _below(
    conditions: Columns, mine: np.ndarray, molecules: Mapping[str, Species], known: Thresholds
) -> Columns:
    """Which of the dissociated had less than the threshold, and S0 without them."""
    threshold = known.get((conditions["facet"], conditions["molecule"]))
    if threshold is None:
        return {}
    total = conditions["energy_eV"] + _internal(conditions, mine, molecules)
    reacted = mine["outcome"] == Outcome.DISSOCIATED
    below = int((reacted & (total < threshold)).sum())
    S0, low, high = share_of(reacted & ~(total < threshold), mine)
    return {
        "threshold_eV": threshold,
        "total_eV": float(total.mean()) if len(mine) else np.nan,
        "below": below,
        "S0_above": S0,
        "S0_above_low": low,
        "S0_above_high": high,
    }


def _internal(
    conditions: Columns, mine: np.ndarray, molecules: Mapping[str, Species]
) -> np.ndarray:
    """Internal energy of each molecule at the start, above its minimum, eV."""
    if "vibrational_eV" in (mine.dtype.names or ()):
        return mine["vibrational_eV"] + mine["rotational_eV"]
    species = molecules[conditions["molecule"]]
    bound = level(conditions["v"], conditions["J"], species.curve, reduced_mass(*species.masses))
    return np.full(len(mine), bound.energy - species.curve.minimum)


def sentences(table: pd.DataFrame) -> Iterator[str]:
    """What a table of `zero_point` says, for the page of a report."""
    rows = table.to_dict("records")
    if "soft" in table:
        n, soft = (sum(int(row[name]) for row in rows) for name in ("scattered", "soft"))
        if n:
            share, low, high = wilson(soft, n)
            yield (
                f"Zero point: {soft} of {n} scattered molecules ({share:.1%}, 95 % interval "
                f"{low:.1%} to {high:.1%}) leave with v' < {SOFT:g}, a vibrational action below "
                "80 % of that of the ground state, which only classical molecules can have."
            )
    if "below" in table:
        below = [int(row["below"]) for row in rows if row["below"] > 0]
        yield (
            f"Quantum threshold: {sum(below)} dissociated with E_i + E_vJ below V_b + ZPE of the "
            f"saddle, at {len(below)} of {len(rows)} points; S0_above in the table is S0 had none "
            "of them stuck."
        )
