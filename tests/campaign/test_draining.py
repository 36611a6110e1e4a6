"""The end of a campaign, where slots run empty: ranks are to end together."""

import heapq

import numpy as np
import pytest

from scatter.campaign.legs import chunk, slots_worthwhile

MOST = 250  # slots that a step of the batch has time for


class Rank:
    """One of the simulated ranks: how long each of its trajectories still takes, in steps."""

    def __init__(self, lengths, ranks, counter):
        self.lengths, self.ranks, self.counter = lengths, ranks, counter
        self.slots = slots_worthwhile(len(lengths), ranks, MOST)
        self.running, self.claimed, self.seen = [], [], 0

    def fill(self):
        while len(self.running) < self.slots:
            if not self.claimed:
                wanted = chunk(len(self.lengths), self.seen, self.ranks, self.slots)
                self.seen, self.counter[0] = self.counter[0], self.counter[0] + wanted
                self.claimed = list(self.lengths[self.seen : self.seen + wanted])
                if not self.claimed:
                    return
            self.running.append(self.claimed.pop(0))

    def next(self):
        """Time until the next trajectory ends: a step costs as much as it has trajectories."""
        return min(self.running) * len(self.running)

    def end(self):
        least = min(self.running)
        self.running = [length - least for length in self.running if length > least]


def busy(lengths, ranks):
    """The fraction of the time of all ranks, until the last has ended, in which they work."""
    counter, ends, waiting = [0], [], []
    every = [Rank(lengths, ranks, counter) for _ in range(ranks)]
    for number, rank in enumerate(every):
        rank.fill()
        if rank.running:
            heapq.heappush(waiting, (rank.next(), number))
    while waiting:
        time, number = heapq.heappop(waiting)
        rank = every[number]
        rank.end()
        rank.fill()
        if rank.running:
            heapq.heappush(waiting, (time + rank.next(), number))
        else:
            ends.append(time)
    return sum(ends) / (ranks * max(ends))


@pytest.mark.parametrize(("ranks", "trajectories"), [(2, 1000), (2, 10_000), (64, 10_000)])
def test_at_least_95_of_100_slot_steps_do_work(ranks, trajectories):
    """Of trajectories whose lengths vary as those of H2 on Cu(111) do, some of them long."""
    rng = np.random.default_rng(0)
    lengths = 80 + rng.gamma(2.0, 25.0, trajectories).astype(int)
    lengths[rng.random(trajectories) < 0.01] *= 4
    assert busy(lengths, ranks) > 0.95


def test_a_rank_alone_begins_all_that_a_step_has_time_for():
    assert slots_worthwhile(1000, 1, MOST) == MOST
    assert slots_worthwhile(100, 1, MOST) == 100
    assert slots_worthwhile(3, 2, MOST) == 4
    assert slots_worthwhile(10, 2, 1) == 1


def test_a_chunk_shrinks_to_one():
    sizes = [chunk(1000, given, 8, 20) for given in range(0, 1000, 50)]
    assert sizes[0] == 20
    assert sizes == sorted(sizes, reverse=True)
    assert chunk(1000, 999, 8, 20) == chunk(1000, 1000, 8, 20) == 1
