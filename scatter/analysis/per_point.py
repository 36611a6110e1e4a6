"""Records of single trajectories, and long tables with a row for each point, outcome, class or bin.

Every table begins with the conditions of the point: `point` (row of /points) and those that apply
to its projectile, NaN where none was chosen. Behind them stand its own columns, the unit in the
name; P is count / n, and `low` and `high` are the ends of its 95 % interval (Wilson).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool

from scatter.analysis.probability import outcome_counts, parted, wilson
from scatter.analysis.shared_snapshots import design_of
from scatter.conditions import CONDITIONS
from scatter.outcomes import Outcome, ending_names

KEYS = ("point", "number", "outcome")
Columns = dict[str, Any]


def record_type(*names: str) -> np.dtype:
    """The type of records of trajectories: their keys, and real numbers of these names."""
    return np.dtype(
        [("point", "u4"), ("number", "u4"), ("outcome", "u1"), *((name, "f8") for name in names)]
    )


def records(kind: np.dtype, trajectories: np.ndarray, columns: Mapping[str, object]) -> np.ndarray:
    """A record of each trajectory: its keys, and these columns."""
    made = np.zeros(len(trajectories), kind)
    for name in KEYS:
        made[name] = trajectories[name]
    for name, values in columns.items():
        made[name] = values
    return made


def by_point(points: np.ndarray, trajectories: np.ndarray) -> Iterator[tuple[Columns, np.ndarray]]:
    """The first columns of each point, and its trajectories (or none).

    Args:
        points: structured, with the field `point` and the conditions that apply.
        trajectories: structured, with the fields `point`, `number` and `outcome`.

    Raises:
        ValueError: as of `outcome_counts`.
    """
    own = max(0, int(trajectories["outcome"].max(initial=0)) + 1 - len(Outcome))
    outcome_counts(points, trajectories, own)  # for what it refuses
    names = [name for name in ("point", *CONDITIONS) if name in (points.dtype.names or ())]
    every = zip(*(points[name].tolist() for name in names), strict=True)
    for values, mine in zip(every, parted(points["point"], trajectories), strict=True):
        yield dict(zip(names, values, strict=True)), mine


def by_outcome(
    points: np.ndarray, trajectories: np.ndarray
) -> Iterator[tuple[Columns, np.ndarray]]:
    """The same for each ending that occurs at a point, `outcome` ("scattered", ...) among them."""
    names = ending_names()
    for columns, mine in by_point(points, trajectories):
        for code in np.unique(mine["outcome"]).tolist():
            ending = names.get(code, f"ending {code}")
            yield {**columns, "outcome": ending}, mine[mine["outcome"] == code]


def proportion(count: int, n: int, of: str = "n", design: float = 1.0) -> Columns:
    """The columns n (or what it is called), count, P, low and high; see `wilson`."""
    P, low, high = wilson(count, n, design=design)
    return {of: n, "count": count, "P": P, "low": low, "high": high}


def share_of(hits: Bool[np.ndarray, " trajectory"], mine: np.ndarray) -> tuple[float, float, float]:
    """A share of the trajectories of a point with its 95 % interval."""
    return wilson(int(hits.sum()), len(mine), design=design_of(hits, mine))


def long_table(rows: Iterable[Columns]) -> pd.DataFrame:
    """A table of rows with the same columns; without any row, it has no columns either."""
    return pd.DataFrame([*rows])
