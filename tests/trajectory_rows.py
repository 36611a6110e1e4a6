"""Rows of /points and /trajectories written by hand, to test statistics with."""

import numpy as np

from scatter.outcomes import ROW, Outcome

POINT = np.dtype(
    [
        *[("point", "u4"), ("facet", "U8"), ("T_K", "f8"), ("molecule", "U4"), ("v", "u2")],
        *[("J", "u2"), ("mJ", "f8"), ("energy_eV", "f8"), ("polar_deg", "f8")],
        ("azimuth_deg", "f8"),
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


def scattered(final_v, final_J):
    """Scattered trajectories of point 0 with these real-valued quantum numbers."""
    return some_rows(len(final_v), final_v=final_v, final_J=final_J)
