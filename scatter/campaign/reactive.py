"""Starts that came to the event in the end: run once more as crude ones are, and kept as rows.

At the last level of a replicate each of its N starts carries P/N. Copies of one start are one row,
with the probability of all of them; so the rows of a replicate add up to its P.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from scatter import store
from scatter.analysis.explorers import Starts
from scatter.analysis.splitting import Climb, products
from scatter.campaign.climbers import Climbers
from scatter.campaign.legs import slots_of
from scatter.campaign.rows import complete
from scatter.campaign.work import Trajectories
from scatter.dynamics.batch import propagate
from scatter.saved import Whole
from scatter.state import Start, State


@dataclass(frozen=True)
class KeptReactive(Whole):
    """The numbers of a point's reactive starts, in the order of their rows."""

    noun: ClassVar[str] = "reactive starts"
    maker: ClassVar[str] = "scatter run"

    version: int
    starts: dict[str, np.ndarray]

    @classmethod
    def of(cls, folder: Path, point: int) -> "KeptReactive":
        """Those that are kept of a point.

        Raises:
            UserError: there are none, or their file is damaged.
        """
        return cls.read(starts_file(folder, point))


class Moved(Trajectories):
    """Trajectories on slabs that have been moved, and so are not snapshots any more."""

    def _slab_energy(self, row: np.ndarray, start: Start) -> float:
        """Potential energy of the slab alone at the start, eV."""
        return self._slab_alone(start.positions[: len(self.masses)])


def starts_file(folder: Path, point: int) -> Path:
    """Where the reactive starts of a point are kept."""
    return store.splitting_file(folder, point, "reactive.npz")


def reactive_rows(folder: Path, point: int) -> np.ndarray:
    """Rows of the reactive starts that are kept of a point.

    Raises:
        UserError: their file is damaged.
    """
    kind = store.reactive_type(store.read_manifest(folder).columns)
    return store.reactive_of(folder, point, kind)


def keep_reactive(explorer: Climbers, folder: Path, climb: Climb) -> None:
    """Run the starts that came through the last level, and keep them with their rows.

    Every rank must call this. It may be called again with the same replicates.

    Args:
        explorer: of their point.
        folder: of the campaign.
        climb: replicates that have passed every level.
    """
    if not len(climb.score):
        return
    ranks, point = explorer.ranks, explorer.latents.point
    before = ranks.share(lambda: reactive_rows(folder, point))
    before = before[~np.isin(before["replicate"], climb.replicate)]
    first, copies = distinct(climb)
    starts = {name: rows[first] for name, rows in climb.starts.items()}
    rows = _run(explorer, starts, len(before))
    kept = np.zeros(len(rows), before.dtype)
    for name in {*(kept.dtype.names or ())} & {*(rows.dtype.names or ())}:
        kept[name] = rows[name]
    kept["replicate"] = climb.replicate[first]
    kept["probability"] = copies * _share(climb)[first]
    ranks.share(lambda: _write(folder, point, starts, np.concatenate([before, kept])))


def distinct(climb: Climb) -> tuple[Int[np.ndarray, " kept"], Int[np.ndarray, " kept"]]:
    """The first row of each start of a replicate, and how often it occurs there."""
    counts: dict[bytes, int] = {}
    first = []
    for row, number in enumerate(climb.replicate.tolist()):
        key = b"".join([b"%d" % number, *(rows[row].tobytes() for rows in climb.starts.values())])
        if key not in counts:
            first.append(row)
        counts[key] = counts.get(key, 0) + 1
    return np.array(first, np.int64), np.array([*counts.values()], np.int64)


def _share(climb: Climb) -> Float[np.ndarray, " start"]:
    """What each start carries of the P of its replicate, copies counted as starts of their own."""
    replicates, counts = np.unique(climb.replicate, return_counts=True)
    P = dict(zip(np.unique(climb.told["replicate"]), products(climb.told), strict=True))
    each = {number: P[number] / count for number, count in zip(replicates, counts, strict=True)}
    return np.array([each[number] for number in climb.replicate])


def _run(explorer: Climbers, starts: Starts, before: int) -> np.ndarray:
    """Rows of starts, a share of them run on each rank; numbered after those that were before."""
    ranks, leg, on, prepared = explorer.ranks, explorer.leg, explorer.potential, explorer.prepared
    latents, size = explorer.latents, len(starts["approach"])
    slots = slots_of(explorer.input.run.slots, on, prepared, leg, size, ranks.size)
    conditions = prepared.conditions(explorer.input, leg.slab, leg.numbers, slots, on.place)

    def begun() -> Iterator[Start]:
        for row in range(ranks.rank, size, ranks.size):
            yield latents.kept(starts, row, before + row)

    def after_step(state: State) -> None:
        explorer.watch.breathe(len(state))

    explorer.watch.open("starts that came to the event", size)
    finished = propagate(begun(), on, conditions, after_step, explorer.watch.stepped_back)
    mine = [latents.trajectories.end(each, conditions.parts) for each in finished]
    explorer.watch.meet()
    rows = np.concatenate(ranks.gather(np.array(mine, latents.trajectories.blank.dtype)))
    complete(rows, latents.trajectories.points, prepared.projectiles)
    return np.sort(rows, order="number")


def _write(folder: Path, point: int, starts: Starts, rows: np.ndarray) -> None:
    """Add starts to those that are kept, and write all rows."""
    path, known = starts_file(folder, point), len(rows) - len(starts["approach"])
    if known:
        before = KeptReactive.read(path).starts
        starts = {name: np.concatenate([before[name][:known], starts[name]]) for name in starts}
    path.parent.mkdir(parents=True, exist_ok=True)
    KeptReactive(1, starts).write(path)
    store.write_reactive(folder, point, rows)
