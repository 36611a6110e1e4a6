"""Starts of a point that is split: drawn, moved, and their trajectories run, by all ranks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scatter.analysis.explorers import PerStart, Scored, Starts, Steps, Turn
from scatter.campaign.latents import Latents
from scatter.campaign.legs import Leg, shared, slots_of
from scatter.campaign.prepare import Prepared
from scatter.campaign.ranks import Ranks
from scatter.campaign.reacting import score_of
from scatter.campaign.watch import Watch
from scatter.config import Input, stream_of_splitting
from scatter.dynamics.batch import propagate
from scatter.dynamics.conditions import Conditions, Finished
from scatter.outcomes import Outcome, sticking_codes
from scatter.potentials.base import Potential
from scatter.state import Start, State

GROUP = "group"  # the column of what a move has changed, beside those of starts


@dataclass(frozen=True)
class Climbers:
    """The `Explorer` of a point: every round is shared by all ranks, which meet at its end.

    Attributes:
        input: of the campaign.
        prepared: what trajectories start from.
        potential: that they run on.
        leg: the slab and the atomic numbers.
        latents: that starts are made of.
        ranks: all of them must call `draw` and `move` alike.
        watch: called at every step.
    """

    input: Input
    prepared: Prepared
    potential: Potential
    leg: Leg
    latents: Latents
    ranks: Ranks
    watch: Watch

    def draw(self, turn: Turn, threshold: float) -> Scored:
        """Fresh starts, and how their trajectories ended."""

        def drawn(some: range) -> tuple[Starts, PerStart]:
            return self.latents.fresh(self._rngs(turn, some)), np.zeros(len(some), np.int64)

        return self._run(turn, threshold, drawn)

    @property
    def groups(self) -> int:
        """Of numbers, of which a move changes one."""
        return self.latents.groups

    def move(self, starts: Starts, steps: Steps, turn: Turn, threshold: float) -> Scored:
        """Proposals, and how their trajectories ended."""

        def proposed(some: range) -> tuple[Starts, PerStart]:
            mine = {name: rows[some.start : some.stop] for name, rows in starts.items()}
            return self.latents.moved(mine, steps, self._rngs(turn, some))

        return self._run(turn, threshold, proposed)

    def uniform(self, replicate: int, level: int) -> float:
        """A number in [0, 1) for the copying of survivors."""
        seed, key = self.input.run.seed, self.latents.conditions.key
        return float(stream_of_splitting(seed, key, replicate, level, 0, 0).random())

    def _rngs(self, turn: Turn, some: range) -> Sequence[np.random.Generator]:
        seed, key = self.input.run.seed, self.latents.conditions.key
        return [
            stream_of_splitting(
                *(seed, key, int(turn.replicate[n]), turn.level, turn.move, int(turn.slot[n]))
            )
            for n in some
        ]

    def _run(
        self, turn: Turn, threshold: float, make: Callable[[range], tuple[Starts, PerStart]]
    ) -> Scored:
        """Make starts, and run them, a share on each rank; the answer is the same on all."""
        size, ranks, on = len(turn.slot), self.ranks, self.potential
        claims = ranks.tally(1)
        slots = slots_of(self.input.run.slots, on, self.prepared, self.leg, size, ranks.size)
        conditions = self._conditions(threshold, slots)
        mine: list[tuple[range, Starts]] = []
        ends: dict[int, tuple[float, int, bool]] = {}

        def starts() -> Iterator[Start]:
            for some in shared(claims, 0, size, ranks.size, slots):
                rows, group = make(some)
                mine.append((some, {**rows, GROUP: group}))
                for place, number in enumerate(some):
                    yield self.latents.start(rows, place, number)

        def after_step(state: State) -> None:
            self.watch.breathe(len(state))

        for finished in propagate(starts(), on, conditions, after_step, self.watch.stepped_back):
            ends[finished.trajectory] = self._judged(finished, conditions)
            self.watch.ended(1)
        self.watch.meet()
        parts = ranks.gather((mine, ends))
        claims.close()
        return _joined(size, parts)

    def _conditions(self, threshold: float, slots: int) -> Conditions:
        """As of crude trajectories, but scored, and watched by nothing else."""
        leg, place = self.leg, self.potential.place
        usual = self.prepared.conditions(self.input, leg.slab, leg.numbers, slots, place)
        score = score_of(self.input, self.latents.projectile, usual.endings, threshold)
        return replace(usual, observers=(), endings=(*usual.endings, score))

    def _judged(self, finished: Finished, conditions: Conditions) -> tuple[float, int, bool]:
        """Score and steps of a trajectory, and whether it was undecided or failed."""
        outcome, unsettled = finished.outcome, (Outcome.UNDECIDED, Outcome.FAILED)
        if outcome == Outcome.FAILED:
            return -np.inf, finished.steps, True
        if self._happened(finished, conditions):
            return np.inf, finished.steps, False
        return float(finished.memories["score"]["best"]), finished.steps, outcome in unsettled

    def _happened(self, finished: Finished, conditions: Conditions) -> bool:
        """Whether it stuck; or became the product that is wanted."""
        product = self.input.sampling.target_product
        if product is None:
            return finished.outcome in sticking_codes(self.prepared.parts.own)
        if finished.outcome == Outcome.UNDECIDED:
            return False
        masses = self.latents.projectile.masses
        rows = (part.row(finished.memories[part.name], masses) for part in conditions.endings)
        return any(row.get("products") == product.encode() for row in rows)


def _joined(
    size: int, parts: Sequence[tuple[list[tuple[range, Starts]], dict[int, tuple]]]
) -> Scored:
    """What all ranks did, in the order that was asked for."""
    score, steps, unsettled = np.zeros(size), np.zeros(size, np.int64), np.zeros(size, bool)
    starts: Starts = {}
    for mine, ends in parts:
        for some, rows in mine:
            for name, values in rows.items():
                whole = starts.setdefault(name, np.zeros((size, *values.shape[1:]), values.dtype))
                whole[some.start : some.stop] = values
        for number, (reached, taken, lost) in ends.items():
            score[number], steps[number], unsettled[number] = reached, taken, lost
    group = starts.pop(GROUP)
    return Scored(starts, score, steps, unsettled, group)
