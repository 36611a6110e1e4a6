"""What every table of trajectories begins with: the conditions of their point."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from scatter.analysis.probability import outcome_counts
from scatter.conditions import CONDITIONS
from scatter.outcomes import Outcome, ending_names


@dataclass(frozen=True)
class PerPoint:
    """The first columns of every row that describes trajectories of one point.

    Attributes:
        point: its number, row of /points.
        facet: as in the input.
        T_K: surface temperature, K.
        molecule: formula.
        v: initial vibrational quantum number.
        J: initial rotational quantum number.
        mJ: projection of J on the surface normal; None when isotropic.
        energy_eV: incidence energy, eV.
        polar_deg: polar angle of incidence, degrees.
        azimuth_deg: azimuth of incidence, degrees; None when random.
    """

    point: int
    facet: str
    T_K: float
    molecule: str
    v: int
    J: int
    mJ: float | None
    energy_eV: float
    polar_deg: float
    azimuth_deg: float | None


def by_point(
    points: np.ndarray, trajectories: np.ndarray
) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """The conditions of each point, as `PerPoint` takes them, and its trajectories (or none).

    Args:
        points: structured, with the fields `point` and `CONDITIONS`; NaN: not chosen.
        trajectories: structured, with the fields `point`, `number` and `outcome`.

    Raises:
        ValueError: as of `outcome_counts`.
    """
    own = max(0, int(trajectories["outcome"].max(initial=0)) + 1 - len(Outcome))
    outcome_counts(points, trajectories, own)  # for what it refuses
    ordered = trajectories[np.argsort(trajectories["point"], kind="stable")]
    names = ("point", *CONDITIONS)
    for values in zip(*(points[name].tolist() for name in names), strict=True):
        chosen = [None if value != value else value for value in values]
        first, last = np.searchsorted(ordered["point"], [values[0], values[0] + 1])
        yield dict(zip(names, chosen, strict=True)), ordered[first:last]


def by_outcome(trajectories: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The endings that occur among trajectories, as "scattered", and those that ended so."""
    names = ending_names()
    for code in np.unique(trajectories["outcome"]).tolist():
        ended = trajectories[trajectories["outcome"] == code]
        yield names.get(code, f"ending {code}"), ended
