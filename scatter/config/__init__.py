"""`input.toml` -> frozen settings, the points they define, and a sentence for every mistake."""

from scatter.config.growth import added, may_differ, order_told, points_in, points_of
from scatter.config.identity import difference, identity
from scatter.config.points import (
    POINT,
    POINTS,
    Point,
    points,
    points_table,
    stream,
    stream_of_splitting,
    words_on_the_way,
)
from scatter.config.reading import Source, parse, read, toml
from scatter.config.tables import Frames, Input, Run, Sampling, tables

__all__ = [
    "POINT",
    "POINTS",
    "Frames",
    "Input",
    "Point",
    "Run",
    "Sampling",
    "Source",
    "added",
    "difference",
    "identity",
    "may_differ",
    "order_told",
    "parse",
    "points",
    "points_in",
    "points_of",
    "points_table",
    "read",
    "stream",
    "stream_of_splitting",
    "tables",
    "toml",
    "words_on_the_way",
]
