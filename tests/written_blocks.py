"""Blocks of trajectories that never ran."""

import numpy as np

from scatter import store
from scatter.outcomes import Outcome
from scatter.rows import ROW


def row(number, **columns):
    found = np.zeros((), ROW)
    found["number"], found["outcome"] = number, Outcome.SCATTERED
    for name, value in columns.items():
        found[name] = value
    return found


def keep(rows):
    """What completes a block's rows: nothing."""


def block(folder, numbers, rank=0):
    """One block with these trajectories; the file."""
    before = set((folder / "blocks").glob("*")) if (folder / "blocks").exists() else set()
    writer = store.BlockWriter(folder, rank, keep)
    for number in numbers:
        writer.add(row(number))
    writer.flush()
    (path,) = set((folder / "blocks").glob("*")) - before
    return path
