"""A sampler with branches and weights: low trajectories are followed by two others each.

    python forked_sampler.py FOLDER [BLOCK]

Runs the tiny campaign with it in a folder, whose block of that number is half written when the
process kills itself.
"""

import sys
from pathlib import Path

import numpy as np

import scatter
from scatter.campaign.samplers import Ended, Requests

FIRST, LOW = 5, 1.0  # trajectories of each point; Å


class Forked(scatter.Sampler):
    """Five trajectories of each point; of each that came low, two branches of half its weight."""

    columns = (scatter.BRANCH, scatter.WEIGHT)
    reads = ("lowest_Z_A",)

    def __init__(self, first: int = FIRST):
        """Take how many trajectories there are of each point."""
        self.first = first

    def next(self, ended: Ended) -> Requests:
        """The first ones, then the branches."""
        if not len(ended.rows):
            point, number = np.divmod(np.arange(len(ended.points) * self.first), self.first)
            return scatter.requests(point, number, weight=2.0)
        low = ended.rows[ended.rows["lowest_Z_A"] < LOW]
        if ended.rows["branch"].any():
            low = low[:0]
        branch = np.tile([1, 2], len(low))
        return scatter.requests(
            np.repeat(low["point"], 2), np.repeat(low["number"], 2), branch,
            np.repeat(low["weight"], 2) / 2,
        )  # fmt: skip


if __name__ == "__main__":
    from dying import writes
    from test_extending import settings

    from scatter.store.blocks import BlockWriter

    if len(sys.argv) > 2:
        BlockWriter.PERIOD_S = 0
        writes("blocks", ".block", int(sys.argv[2]))
    scatter.run(settings(run__slots=2), sampler=Forked(), folder=Path(sys.argv[1]))
