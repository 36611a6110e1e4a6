"""`input.toml` -> frozen settings, the points they define, and a sentence for every mistake."""

from scatter.config.identity import difference, identity
from scatter.config.points import POINT, Point, points, points_table, stream
from scatter.config.reading import Source, parse, read, toml
from scatter.config.tables import Frames, Input, Run, Sampling, tables

__all__ = [
    "POINT",
    "Frames",
    "Input",
    "Point",
    "Run",
    "Sampling",
    "Source",
    "difference",
    "identity",
    "parse",
    "points",
    "points_table",
    "read",
    "stream",
    "tables",
    "toml",
]
