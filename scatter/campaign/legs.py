"""Which trajectories are still to be run, by what can share a batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scatter import store
from scatter.campaign.prepare import Prepared, ThermalSlab
from scatter.config import Point
from scatter.outcomes import Outcome


@dataclass(frozen=True)
class Leg:
    """Trajectories that can share a batch: the same slab and atomic numbers.

    `work` holds (point, number) of those still to be run in this round; the points take turns in
    it, so that all curves grow together.
    """

    slab: ThermalSlab
    numbers: tuple[int, ...]
    work: np.ndarray


def ended_in(folder: Path, points: Sequence[Point]) -> np.ndarray:
    """How every trajectory that is in a campaign's folder ended, shape (point, number)."""
    rows = store.endings(store.block_files(folder))
    ended = np.zeros((len(points), int(rows["number"].max(initial=0)) + 1), np.uint8)
    ended[rows["point"], rows["number"]] = rows["outcome"]
    return ended


def legs_of(
    points: Sequence[Point], prepared: Prepared, ended: np.ndarray, upper: np.ndarray
) -> list[Leg]:
    """The trajectories with numbers below `upper` that have not ended, by what can share a batch.

    Args:
        points: of the campaign.
        prepared: slabs and projectiles.
        ended: see `ended_in`.
        upper: of each point.
    """
    fired = prepared.projectiles
    kinds = [(p.facet, p.T_K, fired[p.molecule].numbers) for p in points]
    wanted = (ended.T == Outcome.RUNNING) & (np.arange(ended.shape[1])[:, None] < upper)
    found = []
    for slab in prepared.slabs:
        for numbers in dict.fromkeys(one.numbers for one in fired.values()):
            mine = np.array([kind == (slab.facet, slab.T_K, numbers) for kind in kinds])
            number, point = np.nonzero(wanted & mine)
            found.append(Leg(slab, numbers, np.stack([point, number], axis=1)))
    return found
