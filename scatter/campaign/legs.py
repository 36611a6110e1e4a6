"""Which trajectories can share a batch."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from scatter.campaign.prepare import Prepared
from scatter.campaign.ranks import SharedTally, Tally
from scatter.campaign.samplers import Requests
from scatter.campaign.thermal import ThermalSlab
from scatter.config import Point
from scatter.potentials.base import Potential
from scatter.state import Key


@dataclass(frozen=True)
class Leg:
    """Trajectories that can share a batch: the same slab and atomic numbers."""

    slab: ThermalSlab
    numbers: tuple[int, ...]
    work: Requests

    def key(self, item: int) -> Key:
        """Which trajectory a piece of work is."""
        return Key(*(int(self.work[name][item]) for name in Key._fields))


def legs_of(points: Sequence[Point], prepared: Prepared, wanted: Requests) -> list[Leg]:
    """The trajectories that are wanted, in their order, by what can share a batch.

    Args:
        points: of the campaign.
        prepared: slabs and projectiles.
        wanted: those that have not ended.
    """
    fired = prepared.projectiles
    kinds = [(p.facet, p.T_K, fired[p.molecule].numbers) for p in points]
    legs = []
    for slab in prepared.slabs:
        for numbers in dict.fromkeys(projectile.numbers for projectile in fired.values()):
            mine = np.array([kind == (slab.facet, slab.T_K, numbers) for kind in kinds])
            legs.append(Leg(slab, numbers, wanted[mine[wanted["point"]]]))
    return legs


STEP_S = 0.05  # a step of the whole batch should take no longer
SMALLEST = 4  # slots of a rank, unless its share is smaller
TURNS = 5  # of each slot at least, where ranks are to end together


def slots_worthwhile(pieces: int, ranks: int, most: int) -> int:
    """How many trajectories a rank propagates at once, so that all ranks end at about one time.

    A rank alone may begin all at once. Where there are more, each slot is to be filled several
    times: a rank that holds its whole share from the start can leave nothing to one that is done.

    Args:
        pieces: trajectories of the leg.
        ranks: that share them.
        most: slots of a rank that one step of the batch has time for.
    """
    share = -(-pieces // ranks)
    return max(1, min(most, share if ranks == 1 else max(SMALLEST, share // TURNS)))


def slots_of(
    asked: int | str, potential: Potential, prepared: Prepared, leg: Leg, pieces: int, ranks: int
) -> int:
    """Slots of a rank: as written, or as many as one step of the batch has time for.

    Args:
        asked: `[run] slots`.
        potential: that the trajectories run on.
        prepared: what they start from.
        leg: what they have in common.
        pieces: how many there are.
        ranks: that share them.
    """
    if not isinstance(asked, str):
        return asked
    place = potential.place
    if not place.exact:  # a step of many takes hardly longer than of one
        return min(place.most_slots, -(-pieces // ranks))
    above = 6.0 + 0.8 * np.arange(len(leg.numbers))  # Å
    projectile = leg.slab.ideal[-1] + above[:, None] * [0, 0, 1]
    positions = np.concatenate([leg.slab.ideal, projectile])
    evaluator = prepared.potential.bind(leg.slab.system.with_projectile(*leg.numbers), 1)
    evaluator.begin(np.arange(1), positions[None])  # compiles, and is not timed
    began = time.perf_counter()
    evaluator.begin(np.arange(1), positions[None])
    most = min(place.most_slots, int(STEP_S / (time.perf_counter() - began)))
    return slots_worthwhile(pieces, ranks, most)


def chunk(pieces: int, given: int, ranks: int, slots: int) -> int:
    """How many trajectories a rank claims at once: fewer towards the end, so that all end together.

    Args:
        pieces: trajectories of the leg.
        given: of them that had been given out when the rank last looked.
        ranks: that share them.
        slots: of this rank.
    """
    return min(slots, max(1, (pieces - given) // (4 * ranks)))


def shared(
    claims: Tally | SharedTally, counter: int, pieces: int, ranks: int, slots: int
) -> Iterator[range]:
    """Pieces of work for this rank, claimed in chunks that shrink towards their end.

    Args:
        claims: shared counters.
        counter: the one of these pieces.
        pieces: how many there are.
        ranks: that share them.
        slots: of this rank.
    """
    seen = 0
    while True:
        wanted = chunk(pieces, seen, ranks, slots)
        seen = claims.claim(counter, wanted)
        if seen >= pieces:
            return
        yield range(seen, min(seen + wanted, pieces))
