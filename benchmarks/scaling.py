"""How far claiming and writing would let a campaign grow: measured costs, and a model of the rest.

    mpirun -n 4 python benchmarks/scaling.py --folder SCRATCH

A rank takes trajectories from one counter on rank 0 (`Fetch_and_op`), which answers one claim after
another, and writes its finished ones as blocks, files that a shared file system makes one after
another. Both costs are measured here, by ranks that do nothing else. Then 10 to 10,000 ranks are
simulated, event by event, each running trajectories of random length: how busy they are, how long
they wait, and from how many ranks on the counter or the file system is what a campaign waits for.
"""

import argparse
import heapq
import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scatter.campaign.ranks import Ranks
from scatter.rows import ROW
from scatter.store.blocks import MOST_A_SECOND, BlockWriter

RANKS = (10, 100, 1000, 3000, 10_000)
ROUNDS = 10  # trajectories of a slot


@dataclass(frozen=True)
class Costs:
    """Seconds: of a claim alone and under contention, of a block, and what of it is serial."""

    claim: float
    contended: float
    block: float


def claims(ranks: Ranks, number: int, alone: bool) -> float:
    """Seconds from one answered claim to the next, of one rank alone or of all at once."""
    tally = ranks.tally(1)
    ranks.wait()
    began = time.perf_counter()
    if not alone or ranks.rank == ranks.size - 1:
        for _ in range(number):
            tally.claim(0, 1)
    ranks.wait()
    span = time.perf_counter() - began
    total = int(tally.read()[0])
    ranks.wait()
    tally.close()
    return span / total


def blocks(folder: Path, number: int, rows: int) -> float:
    """Seconds to write one block of so many rows, until it is on the disk."""
    writer = BlockWriter(folder, 0, lambda rows: None)
    began = time.perf_counter()
    for _ in range(number):
        writer.rows = list(np.zeros(rows, ROW))
        writer.flush()
    return (time.perf_counter() - began) / number


def measure(ranks: Ranks, folder: Path) -> Costs:
    """All costs on this machine; every rank must call this."""
    claim, contended = claims(ranks, 2000, alone=True), claims(ranks, 2000, alone=False)
    block = ranks.share(lambda: blocks(folder, 50, 100))
    return Costs(claim, contended, block)


class Campaign:
    """Ranks that claim, run and write, event by event; times in s."""

    def __init__(self, ranks: int, costs: Costs, slots: int, files: float):
        """Begin with nothing claimed.

        Args:
            ranks: how many.
            costs: measured; all 0 for what would be without them.
            slots: of a rank.
            files: that the file system makes in a second, of all ranks together.
        """
        self.ranks, self.costs, self.slots, self.files = ranks, costs, slots, files
        self.total, self.given = ROUNDS * slots * ranks, 0
        self.counter = self.disk = 0.0  # when they are free again
        self.period = max(BlockWriter.PERIOD_S, ranks / MOST_A_SECOND)
        self.claimed = np.zeros(ranks, int)  # by each rank, and not yet begun
        self.written = -self.period * np.random.default_rng(2).random(ranks)
        self.stalled = np.zeros(ranks)  # how long each rank has stood still, all its slots with it
        self.waits: list[float] = []  # for claims

    def run(self, rng: np.random.Generator, length: float) -> float:
        """When the last trajectory has ended; each takes 0.5 to 1.5 of a length."""
        ready = [(0.0, rank) for rank in range(self.ranks) for _ in range(self.slots)]
        end = 0.0
        while ready:
            moved, rank = heapq.heappop(ready)  # the time that its rank did not stand still
            now = moved + self.stalled[rank]
            then = self._write(rank, self._claim(rank, now))
            self.stalled[rank] += then - now
            end = max(end, then)
            if self.claimed[rank]:
                self.claimed[rank] -= 1
                heapq.heappush(ready, (moved + length * rng.uniform(0.5, 1.5), rank))
        return end

    def _claim(self, rank: int, now: float) -> float:
        """Claim more if nothing is left, as `campaign.engine` does; when that is answered."""
        if self.claimed[rank] or self.given >= self.total:
            return now
        left = self.total - self.given
        chunk = min(self.slots, max(1, left // (4 * self.ranks)), left)
        self.given += chunk
        self.claimed[rank] += chunk
        self.counter = max(now, self.counter) + self.costs.contended
        self.waits.append(self.counter - now)
        return self.counter

    def _write(self, rank: int, now: float) -> float:
        """Write a block if it is time; when it is on the disk."""
        if not self.costs.block or now - self.written[rank] < self.period:
            return now
        self.disk = max(now, self.disk) + 1 / self.files
        self.written[rank] = max(self.disk, now + self.costs.block)
        return self.written[rank]


def main() -> None:
    """Measure on all ranks, simulate on rank 0, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="on the file system to be measured")
    parser.add_argument("--slots", type=int, default=16)
    parser.add_argument("--length-s", type=float, default=10.0, help="of a trajectory in its batch")
    parser.add_argument("--files", type=float, default=1000.0, help="a second, of a shared disk")
    chosen = parser.parse_args()
    ranks = Ranks()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        costs = measure(ranks, Path(ranks.share(lambda: name)))
    if ranks.first:
        print(
            f"{ranks.size} ranks on {len(os.sched_getaffinity(0))} cores: a claim takes "
            f"{costs.claim * 1e6:.1f} µs alone, {costs.contended * 1e6:.1f} µs when all claim at "
            f"once; a block of 100 rows {costs.block * 1e3:.2f} ms"
        )
        tell(costs, chosen.slots, chosen.length_s, chosen.files)


def tell(costs: Costs, slots: int, length: float, files: float) -> None:
    """Simulate and print."""
    print(
        "  ranks   time without any cost   with them   efficiency   median, worst wait for a claim"
    )
    rows = {}
    for size in RANKS:
        free = Campaign(size, Costs(0, 0, 0), slots, files).run(np.random.default_rng(1), length)
        campaign = Campaign(size, costs, slots, files)
        end = campaign.run(np.random.default_rng(1), length)
        median, worst = np.median(campaign.waits), max(campaign.waits)
        rows[size] = {"efficiency": free / end, "claim_wait_s": median, "worst_s": worst}
        print(
            f"{size:7,d}  {free:20.2f} s  {end:9.2f} s  {free / end:10.1%}  "
            f"{median * 1e3:12.3f} ms, {worst * 1e3:.1f} ms"
        )
    most = length / costs.contended / slots
    print(
        f"single claims saturate the counter at {most:,.0f} ranks of {slots} slots whose "
        f"trajectories take {length:g} s; blocks, {MOST_A_SECOND} a second by design, a disk of "
        "fewer files a second than that"
    )
    told = {"claim_s": costs.claim, "contended_s": costs.contended, "block_s": costs.block}
    print(json.dumps({**told, "ranks": rows}))


if __name__ == "__main__":
    main()
