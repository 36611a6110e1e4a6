"""How it happened: bounces, time near the surface, closest approach, orientation at it."""

from math import inf

import numpy as np
import pandas as pd

from scatter.analysis.means import mean_of
from scatter.analysis.per_point import (
    Columns,
    by_outcome,
    long_table,
    proportion,
    record_type,
    records,
)
from scatter.units import degree

MECHANISM = np.dtype(
    [
        *record_type().descr,
        *(("bounces", "u4"), ("residence_fs", "f8"), ("trapped", "?")),
        *(("closest_A", "f8"), ("bond_A", "f8"), ("cos2_theta", "f8")),
    ]
)


def mechanisms(
    trajectories: np.ndarray, direct_bounces: int = 1, direct_fs: float = inf
) -> np.ndarray:
    """What every trajectory did at the surface: records of `MECHANISM`.

    A molecule comes falling, so its centre of mass has bounced, turned from falling to rising,
    (turning points + 1) // 2 times. Its residence lasts from the first to the last time below
    [stop] near_A; NaN, and not trapped, where it never was. It was trapped if it bounced more than
    `direct_bounces` times or stayed longer than `direct_fs`, and was direct otherwise, whatever
    its ending. The orientation is given by cos²ϑ of the bond at the lowest point; of diatomics.

    Args:
        trajectories: /trajectories of `results.h5`; of an unfinished campaign those `in_turn`.
        direct_bounces: most bounces of what is direct.
        direct_fs: longest residence of what is direct, fs.
    """
    bounces = (trajectories["turning_points"] + 1) // 2
    residence = trajectories["last_below_fs"] - trajectories["first_below_fs"]
    columns = {
        "bounces": bounces,
        "residence_fs": residence,
        "trapped": (bounces > direct_bounces) | (residence > direct_fs),
        "closest_A": trajectories["lowest_Z_A"],
        "bond_A": np.nan,
        "cos2_theta": np.nan,
    }
    if "lowest_r_A" in (trajectories.dtype.names or ()):
        columns["bond_A"] = trajectories["lowest_r_A"]
        columns["cos2_theta"] = np.cos(trajectories["lowest_theta_deg"] * degree) ** 2
    return records(MECHANISM, trajectories, columns)


def pathways(points: np.ndarray, mechanisms: np.ndarray) -> pd.DataFrame:
    """Direct and trapped trajectories of every point by outcome; outcomes that occur have both.

    Args:
        points: /points of `results.h5`.
        mechanisms: from `mechanisms`.

    Returns:
        Behind the columns of the point: `outcome`; `pathway`, "direct" or "trapped"; `n`
        trajectories of the point, and `count`, P, low, high of this outcome and pathway, whose P
        sum to one; means with standard errors of the bounces, the residence (fs, of those that came
        near), and height and bond at the lowest point (Å).
    """
    return long_table(
        {
            **columns,
            "pathway": name,
            **proportion(len(mine), int((mechanisms["point"] == columns["point"]).sum())),
            **_means(mine),
        }
        for columns, ended in by_outcome(points, mechanisms)
        for name, mine in (
            ("direct", ended[~ended["trapped"]]),
            ("trapped", ended[ended["trapped"]]),
        )
    )


def _means(mine: np.ndarray) -> Columns:
    columns: Columns = {"mean_bounces": mean_of(mine["bounces"].astype(np.float64)).mean}
    for what, unit in (("residence", "fs"), ("closest", "A"), ("bond", "A")):
        mean = mean_of(mine[f"{what}_{unit}"])
        columns |= {f"mean_{what}_{unit}": mean.mean, f"{what}_error_{unit}": mean.error}
    return columns


def orientation_distribution(
    points: np.ndarray, mechanisms: np.ndarray, bins: int = 10
) -> pd.DataFrame:
    """Distribution of |cos ϑ| at the lowest point by point and outcome.

    Args:
        points: /points of `results.h5`.
        mechanisms: from `mechanisms`.
        bins: how many, of equal width.

    Returns:
        Behind the columns of the point: `outcome`; the edges `from_cos` and `to_cos` of the bin,
        which holds the lower one; of `n` trajectories with a finite angle `count`, P, low, high of
        those in it; `density`, P over its width: 1 where isotropic.
    """
    return long_table(
        {
            **columns,
            **{"from_cos": bin / bins, "to_cos": (bin + 1) / bins},
            **(share := proportion(count, n)),
            "density": share["P"] * bins,
        }
        for columns, ended in by_outcome(points, mechanisms)
        for n, counts in (_binned(ended["cos2_theta"], bins),)
        for bin, count in enumerate(counts)
    )


def _binned(cos2: np.ndarray, bins: int) -> tuple[int, list[int]]:
    """How many are finite, and how many of them lie in each bin of |cos ϑ|."""
    cosine = np.sqrt(cos2[np.isfinite(cos2)])
    place = np.minimum((cosine * bins).astype(np.int64), bins - 1)
    return len(cosine), np.bincount(place, minlength=bins).tolist()
