"""Rows of /points and /trajectories written by hand, to test statistics with."""

import numpy as np

from scatter.conditions import condition_columns
from scatter.outcomes import Outcome
from scatter.rows import ROW

POINT = np.dtype(
    [
        ("point", "u4"),
        *((name, "U8" if kind == "str" else kind) for name, kind, *_ in condition_columns()),
    ]
)


def some_points(count=1, **conditions):
    points = np.zeros(count, POINT)
    points["point"] = np.arange(count)
    points["facet"], points["T_K"], points["molecule"] = "111", 925, "H2"
    points["mJ"] = points["azimuth_deg"] = np.nan
    for name, value in conditions.items():
        points[name] = value
    return points


def some_rows(count, outcome=Outcome.SCATTERED, points=1, **columns):
    """As many trajectories for each of so many points, all alike but for the columns given."""
    rows = np.zeros(count * points, ROW)
    rows["point"], rows["number"] = np.divmod(np.arange(len(rows)), count)
    rows["outcome"] = outcome
    for name, value in columns.items():
        rows[name] = value
    return rows


def rows_of(table):
    """The rows of a long table, columns as attributes."""
    return [*table.itertuples(index=False)]


def scattered(final_v, final_J):
    """Scattered trajectories of point 0 with these real-valued quantum numbers."""
    return some_rows(len(final_v), final_v=final_v, final_J=final_J)
