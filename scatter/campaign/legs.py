"""Which trajectories can share a batch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scatter.campaign.prepare import Prepared
from scatter.campaign.samplers import Requests
from scatter.campaign.thermal import ThermalSlab
from scatter.config import Point
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


def chunk(pieces: int, given: int, ranks: int, slots: int) -> int:
    """How many trajectories a rank claims at once: fewer towards the end, so that all end together.

    Args:
        pieces: trajectories of the leg.
        given: of them that had been given out when the rank last looked.
        ranks: that share them.
        slots: of this rank.
    """
    return min(slots, max(1, (pieces - given) // (4 * ranks)))
