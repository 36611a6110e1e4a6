"""How it happened: bounces, time near the surface, closest approach, orientation at it."""

from dataclasses import dataclass
from math import inf

import numpy as np

from scatter.analysis.means import mean_of
from scatter.analysis.per_point import PerPoint, by_outcome, by_point
from scatter.analysis.probability import wilson
from scatter.units import degree

MECHANISM = np.dtype(
    [
        *(("point", "u4"), ("number", "u4"), ("outcome", "u1")),
        *(("bounces", "u4"), ("residence_fs", "f8"), ("trapped", "?")),
        *(("closest_A", "f8"), ("bond_A", "f8"), ("cos2_theta", "f8")),
    ]
)


@dataclass(frozen=True)
class Pathway(PerPoint):
    """The trajectories of one point that ended alike and went the same way.

    Attributes:
        outcome: "dissociated", "scattered", "undecided" or "failed".
        pathway: "direct" or "trapped", by the rule of `mechanisms`.
        n: all trajectories of the point.
        count: those of this outcome and pathway.
        P: count / n; sums to one over the rows of a point.
        low: lower end of its 95 % interval (Wilson).
        high: upper end.
        mean_bounces: mean number of bounces.
        mean_residence_fs: mean time near the surface of those that came near it, fs.
        residence_error_fs: its standard error, fs.
        mean_closest_A: mean height of the centre of mass at the lowest point, Å.
        closest_error_A: its standard error, Å.
        mean_bond_A: mean bond length at the lowest point, Å.
        bond_error_A: its standard error, Å.
    """

    outcome: str
    pathway: str
    n: int
    count: int
    P: float
    low: float
    high: float
    mean_bounces: float
    mean_residence_fs: float
    residence_error_fs: float
    mean_closest_A: float
    closest_error_A: float
    mean_bond_A: float
    bond_error_A: float


@dataclass(frozen=True)
class Bounces(PerPoint):
    """How many of those that ended alike bounced so often.

    Attributes:
        outcome: as of `Pathway`.
        bounces: how often the centre of mass turned from falling to rising.
        n: trajectories of this point and outcome.
        count: those with so many bounces.
        P: count / n.
        low: lower end of its 95 % interval (Wilson).
        high: upper end.
    """

    outcome: str
    bounces: int
    n: int
    count: int
    P: float
    low: float
    high: float


@dataclass(frozen=True)
class Orientation(PerPoint):
    """How the bond lay at the lowest point, over the trajectories that ended alike.

    Attributes:
        outcome: as of `Pathway`.
        n: trajectories with a finite angle.
        mean_cos2: mean of cos²ϑ, ϑ between bond and surface normal: 1/3 where isotropic, 0 flat,
            1 upright.
        deviation: standard deviation of one trajectory.
        error: standard error of the mean.
        low: lower end of the 95 % interval of the mean (Student's t, within 0 and 1).
        high: upper end.
    """

    outcome: str
    n: int
    mean_cos2: float
    deviation: float
    error: float
    low: float
    high: float


@dataclass(frozen=True)
class OrientationBin(PerPoint):
    """One bin of the distribution of |cos ϑ| at the lowest point; flat where isotropic.

    Attributes:
        outcome: as of `Pathway`.
        from_cos: lower edge; it belongs to the bin.
        to_cos: upper edge; 1 belongs to the last bin.
        n: trajectories with a finite angle.
        count: those in this bin.
        P: count / n.
        low: lower end of its 95 % interval (Wilson).
        high: upper end.
        density: P over the bin's width; 1 where isotropic.
    """

    outcome: str
    from_cos: float
    to_cos: float
    n: int
    count: int
    P: float
    low: float
    high: float
    density: float


def mechanisms(
    trajectories: np.ndarray, direct_bounces: int = 1, direct_fs: float = inf
) -> np.ndarray:
    """What every trajectory did at the surface: records of `MECHANISM`.

    A molecule comes falling, so its centre of mass has bounced, turned from falling to rising,
    (turning points + 1) // 2 times. Its residence lasts from the first to the last time below
    [stop] near_A; NaN, and not trapped, where it never was. It was trapped if it bounced more than
    `direct_bounces` times or stayed longer than `direct_fs`, and was direct otherwise, whatever
    its ending. The orientation is told by cos²ϑ of the bond at the lowest point.

    Args:
        trajectories: /trajectories of `results.h5`; of an unfinished campaign those `in_turn`.
        direct_bounces: most bounces of what is direct.
        direct_fs: longest residence of what is direct, fs.
    """
    found = np.zeros(len(trajectories), MECHANISM)
    for name in ("point", "number", "outcome"):
        found[name] = trajectories[name]
    found["bounces"] = (trajectories["turning_points"] + 1) // 2
    found["residence_fs"] = trajectories["last_below_fs"] - trajectories["first_below_fs"]
    found["trapped"] = (found["bounces"] > direct_bounces) | (found["residence_fs"] > direct_fs)
    found["closest_A"] = trajectories["lowest_Z_A"]
    found["bond_A"] = trajectories["lowest_r_A"]
    found["cos2_theta"] = np.cos(trajectories["lowest_theta_deg"] * degree) ** 2
    return found


def pathways(points: np.ndarray, mechanisms: np.ndarray) -> list[Pathway]:
    """Direct and trapped trajectories of every point by outcome; outcomes that occur have both.

    Args:
        points: /points of `results.h5`.
        mechanisms: from `mechanisms`.
    """
    return [
        _pathway(conditions | {"outcome": outcome, "n": len(mine)}, name, ended[way])
        for conditions, mine in by_point(points, mechanisms)
        for outcome, ended in by_outcome(mine)
        for name, way in (("direct", ~ended["trapped"]), ("trapped", ended["trapped"]))
    ]


def _pathway(columns: dict, name: str, mine: np.ndarray) -> Pathway:
    P, low, high = wilson(len(mine), columns["n"])
    residence, closest = mean_of(mine["residence_fs"]), mean_of(mine["closest_A"])
    bond = mean_of(mine["bond_A"])
    return Pathway(
        **columns, pathway=name, count=len(mine), P=P, low=low, high=high,
        mean_bounces=mean_of(mine["bounces"].astype(np.float64)).mean,
        mean_residence_fs=residence.mean, residence_error_fs=residence.error,
        mean_closest_A=closest.mean, closest_error_A=closest.error,
        mean_bond_A=bond.mean, bond_error_A=bond.error,
    )  # fmt: skip


def bounces(points: np.ndarray, mechanisms: np.ndarray) -> list[Bounces]:
    """Distribution of the number of bounces by point and outcome; arguments as of `pathways`."""
    return [
        Bounces(**conditions, outcome=outcome, bounces=many, n=len(ended), count=count,
                P=P, low=low, high=high)
        for conditions, mine in by_point(points, mechanisms)
        for outcome, ended in by_outcome(mine)
        for many, count in enumerate(np.bincount(ended["bounces"]).tolist())
        for P, low, high in (wilson(count, len(ended)),)
    ]  # fmt: skip


def orientations(points: np.ndarray, mechanisms: np.ndarray) -> list[Orientation]:
    """Mean cos²ϑ at the lowest point by point and outcome; arguments as of `pathways`."""
    return [
        Orientation(**conditions, outcome=outcome, n=mean.n, mean_cos2=mean.mean,
                    deviation=mean.deviation, error=mean.error, low=mean.low, high=mean.high)
        for conditions, mine in by_point(points, mechanisms)
        for outcome, ended in by_outcome(mine)
        for mean in (mean_of(ended["cos2_theta"], least=0.0, most=1.0),)
    ]  # fmt: skip


def orientation_distribution(
    points: np.ndarray, mechanisms: np.ndarray, bins: int = 10
) -> list[OrientationBin]:
    """Distribution of |cos ϑ| at the lowest point by point and outcome.

    Args:
        points: /points of `results.h5`.
        mechanisms: from `mechanisms`.
        bins: how many, of equal width.
    """
    found = []
    for conditions, mine in by_point(points, mechanisms):
        for outcome, ended in by_outcome(mine):
            cosine = np.sqrt(ended["cos2_theta"][np.isfinite(ended["cos2_theta"])])
            place = np.minimum((cosine * bins).astype(np.int64), bins - 1)
            for bin, count in enumerate(np.bincount(place, minlength=bins).tolist()):
                P, low, high = wilson(count, len(cosine))
                found.append(
                    OrientationBin(
                        **conditions, outcome=outcome, from_cos=bin / bins,
                        to_cos=(bin + 1) / bins, n=len(cosine), count=count, P=P, low=low,
                        high=high, density=P * bins,
                    )
                )  # fmt: skip
    return found
