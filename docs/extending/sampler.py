"""A sampler of one's own: a number of trajectories, shared out to where S0 is known least."""

import numpy as np

import scatter


class Budget(scatter.Sampler):
    """A pilot at every point; then the rest where the binomial error of S0 is largest."""

    def __init__(self, pilot, total):
        self.pilot, self.total = pilot, total

    def next(self, ended):
        points = np.arange(len(ended.points))
        if not ended.n.any():
            return scatter.requests(np.repeat(points, self.pilot), counting(ended.n + self.pilot))
        left = int(self.total - ended.n.sum())
        S0 = (ended.stuck + 1) / (ended.n + 2)
        share = np.sqrt(S0 * (1 - S0))  # Neyman's allocation
        more = (left * share / share.sum()).astype(int)
        point = np.repeat(points, more)
        return scatter.requests(point, ended.n[point] + counting(more))


def counting(lengths):
    """0, 1, 2, ... up to each of some lengths, one behind the other."""
    return np.concatenate([np.arange(length) for length in lengths])
