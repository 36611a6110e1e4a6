"""Outcomes -> probabilities with their uncertainty, and the tables that hold them."""

from scatter.statistics.curves import AXES, Curve, curves, scanned
from scatter.statistics.probability import (
    CONDITIONS,
    Condition,
    Quality,
    Sticking,
    in_turn,
    outcome_counts,
    quality,
    sticking,
    sticking_of_counts,
    wilson,
)
from scatter.statistics.tables import HEADER, read_csv, read_curve, write_csv

__all__ = [
    "AXES",
    "CONDITIONS",
    "HEADER",
    "Condition",
    "Curve",
    "Quality",
    "Sticking",
    "curves",
    "in_turn",
    "outcome_counts",
    "quality",
    "read_csv",
    "read_curve",
    "scanned",
    "sticking",
    "sticking_of_counts",
    "wilson",
    "write_csv",
]
