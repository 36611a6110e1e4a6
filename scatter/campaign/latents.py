"""Starts of a point as the random numbers that they are made of, which splitting moves.

Each number has a law of its own and a kernel that is reversible with respect to it, with a step s
in (0, 1] of its group; ξ are standard normal:

    labels       uniform              drawn anew with probability s
    angles       uniform on a circle  u + 0.25 s ξ mod 1
    normals      standard normal      √(1 - s²) u + s ξ
    impact       uniform in the cell  + 0.25 s ξ mod 1, along both vectors
    azimuth      uniform              + 0.25 s ξ mod 1
    slab         canonical            √(1 - s²) p + s √(m kT) ξ, at a moment within 80 fs before
    on the way   words of a counter   drawn anew with probability s

Beside the words, a move changes one of three groups alone, drawn at random: the projectile's own
numbers, its approach, or the slab (of two, where that is at rest). A mixture of reversible kernels
is reversible, and a step that only one group must survive can be longer than one that all must.
Each group has a step of its own.
"""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from scatter.analysis.explorers import PerStart, Starts, Steps
from scatter.campaign.work import Trajectories
from scatter.initial.thermalise import Slabs, Streams, evolved, stirred
from scatter.state import Key, Start

ANGLE, IMPACT, AZIMUTH = 0.25, 0.25, 0.25  # at a step of 1
BEFORE_fs = 80.0  # half a period of what moves atoms of a surface most
CLEAR_A = 0.5  # above the highest atom of all snapshots: what one that is evolved may rise
NUMBERS, SLAB = ("labels", "angles", "normals", "approach", "words"), ("positions", "momenta")

OWN, APPROACH, OF_SLAB = range(3)  # groups of numbers, of which a move changes one


class Latents:
    """The starts of one point: drawn, moved, and made of their numbers."""

    def __init__(self, trajectories: Trajectories, point: int):
        """Take what makes the trajectories of its slab, and the point's number."""
        self.trajectories, self.point = trajectories, point
        self.conditions = trajectories.points[point]
        self.projectile, self.slab = trajectories.projectile(point), trajectories.slab
        surface = trajectories.input.surface
        self.thermalise = surface.thermalise
        self.pool = surface.pool(0, self.conditions.T_K)
        self.still = surface.at_rest(self.conditions.T_K)

    def fresh(self, streams: Streams) -> Starts:
        """Starts drawn from their law, each of its own stream.

        Slabs are snapshots after as long a time as lies between two of them.
        """
        draws, snapshots = self.projectile.draws, self.slab.snapshots
        rows = [
            (
                rng.random(draws.labels),
                rng.random(draws.angles),
                rng.standard_normal(draws.normals),
                rng.random(3),
                _words(rng),
            )
            for rng in streams
        ]
        numbers = _columns(rows)
        at = [int(rng.integers(self.pool.start, self.pool.stop)) for rng in streams]
        slabs = {"positions": snapshots.positions[at], "momenta": snapshots.momenta[at]}
        return {**numbers, **self._slabs(evolved, slabs, streams, self.thermalise.decorrelate_fs)}

    @property
    def groups(self) -> int:
        """How many there are: the slab is none where it is at rest."""
        return OF_SLAB if self.still else OF_SLAB + 1

    def moved(self, starts: Starts, steps: Steps, streams: Streams) -> tuple[Starts, PerStart]:
        """Proposals from starts, each of its own stream, and the group that each has changed."""
        group = np.array([rng.integers(self.groups) for rng in streams], np.int64)
        rows = [
            self._proposed({name: starts[name][n] for name in NUMBERS}, int(group[n]), steps, rng)
            for n, rng in enumerate(streams)
        ]
        numbers, slabs = _columns(rows), {name: starts[name].copy() for name in SLAB}
        own = np.flatnonzero(group == OF_SLAB)
        if len(own):
            some = {name: slabs[name][own] for name in SLAB}
            mine = [streams[n] for n in own.tolist()]
            stirs = self._slabs(stirred, some, mine, float(steps[OF_SLAB]), BEFORE_fs)
            for name, values in stirs.items():
                slabs[name][own] = values
        return {**numbers, **slabs}, group

    def _proposed(
        self, at: Starts, group: int, steps: Steps, rng: np.random.Generator
    ) -> tuple[np.ndarray, ...]:
        """The numbers of one proposal."""
        step = float(steps[group])
        labels, angles, normals, approach, words = (at[name] for name in NUMBERS)
        if group == OWN:
            drawn, anew = rng.random(labels.shape), rng.random(labels.shape) < step
            labels = np.where(anew, drawn, labels)
            angles = wrapped(angles + ANGLE * step * rng.standard_normal(angles.shape))
            noise = rng.standard_normal(normals.shape)
            normals = np.sqrt(1 - step * step) * normals + step * noise
        elif group == APPROACH:
            shift = step * np.array([IMPACT, IMPACT, AZIMUTH]) * rng.standard_normal(3)
            approach = wrapped(approach + shift)
        if rng.random() < step:
            words = _words(rng)
        return labels, angles, normals, approach, words

    def start(self, starts: Starts, row: int, trajectory: int) -> Start:
        """The start that one row of numbers stands for."""
        return self._made(starts, row, trajectory)[0]

    def kept(self, starts: Starts, row: int, number: int) -> Start:
        """The same, with its row of results begun."""
        start, columns = self._made(starts, row, number)
        self.trajectories.keep(start, columns, 1.0)
        return start

    def _made(self, starts: Starts, row: int, trajectory: int) -> tuple[Start, dict[str, object]]:
        """The start, and what its row says of how it was drawn."""
        make, slab = self.trajectories, (starts["positions"][row], starts["momenta"][row])
        uniform = np.concatenate([starts["labels"][row], starts["angles"][row]])
        drawn = self.projectile.made(self.conditions, uniform, starts["normals"][row])
        path = make.path(self.point, starts["approach"][row], self._height(slab[0]))
        key = Key(self.point, trajectory)
        start = make.start(trajectory, key, drawn, path, slab, starts["words"][row])
        x, y = path.impact
        return start, {**drawn.columns, "impact_x_A": x, "impact_y_A": y}

    def _height(self, slab: Float[np.ndarray, "atom 3"]) -> float:
        """Of the centre of mass above the top plane, Å; an automatic one is at one z for all."""
        make, top = self.trajectories, self.slab.system.top_plane(slab)
        extent = self.projectile.extent(self.conditions)
        height = make.prepared.start_height(make.input, self.slab, self.pool, top, extent)
        return height + CLEAR_A if make.input.incidence.height_A == "auto" else height

    def _slabs(
        self, change: Callable[..., Slabs], starts: Starts, streams: Streams, *how: float
    ) -> Starts:
        """Slabs of starts after a change; as they are where they are at rest."""
        before = starts["positions"], starts["momenta"]
        if self.still:
            return dict(zip(SLAB, before, strict=True))
        own = self.slab.system, self.trajectories.prepared.potential
        after = change(*own, *before, self.conditions.T_K, self.thermalise, streams, *how)
        return dict(zip(SLAB, after, strict=True))


def wrapped(u: Float[np.ndarray, " any"]) -> Float[np.ndarray, " any"]:
    """U mod 1, in [0, 1); the remainder of a tiny negative number rounds to 1."""
    rest = u % 1.0
    return np.where(rest < 1.0, rest, 0.0)


def _columns(rows: Sequence[tuple[np.ndarray, ...]]) -> Starts:
    """Rows of `NUMBERS` as named columns."""
    columns = (np.array(column).reshape(len(rows), -1) for column in zip(*rows, strict=True))
    return dict(zip(NUMBERS, columns, strict=True))


def _words(rng: np.random.Generator) -> np.ndarray:
    """Three words of 32 bits that name the random numbers of a trajectory on its way."""
    return rng.integers(0, 2**32, 3)
