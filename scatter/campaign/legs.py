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
