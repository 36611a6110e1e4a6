"""Rare events by multilevel splitting over starts: the estimator, of any starts, moves and scores.

A start x is all that is random about a trajectory, ρ its density, S(x) a score that is infinite
where the event happened. Between levels L₁ < ... < L_K = ∞ that a pilot has fixed, each replicate

    draws N starts from ρ;   P = 1
    for k = 1 ... K:  n = #{S >= L_k},  P ← P n/N
        copies its survivors to N starts again, and moves each M times by a kernel that is
        reversible with respect to ρ; a move is kept if its score is still at least L_k

and E[P] = P(S = ∞) exactly, for every N, M, kernel and score: see docs/rare_events.md. What draws,
moves and scores is an `Explorer`; that of a notebook is `Functions`.

Source: Cérou, Del Moral, Furon & Guyader, Stat. Comput. 22, 795 (2012).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

from scatter.saved import Saved

PILOT = 0  # the number of the pilot; replicates are counted from 1 on

Starts = dict[str, np.ndarray]  # named arrays with a row for each start
PerStart = Int[np.ndarray, " start"]
Scores = Float[np.ndarray, " start"]


class Turn(NamedTuple):
    """Which draws or moves are due: all that their random numbers may depend on.

    Attributes:
        replicate: of each start.
        slot: of each start within its replicate.
        level: how many levels they have passed; 0 for fresh draws.
        move: which move after it, from 1 on; 0 for fresh draws.
    """

    replicate: PerStart
    slot: PerStart
    level: int
    move: int


class Scored(NamedTuple):
    """Starts and what became of them.

    Attributes:
        starts: their rows, in the order that was asked for.
        score: S; -inf where a trajectory failed.
        steps: that each trajectory took.
        unsettled: whether it was undecided, or failed.
    """

    starts: Starts
    score: Scores
    steps: PerStart
    unsettled: Bool[np.ndarray, " start"]


@runtime_checkable
class Explorer(Protocol):
    """What draws, moves and scores starts; each from its place in the `Turn` alone."""

    def draw(self, turn: Turn, threshold: float) -> Scored:
        """Fresh starts from ρ, scored; below the threshold a score may be anything below it."""
        ...

    def move(self, starts: Starts, step: float, turn: Turn, threshold: float) -> Scored:
        """Proposals from starts, scored; the kernel is reversible with respect to ρ."""
        ...

    def uniform(self, replicate: int, level: int) -> float:
        """A number in [0, 1) for the copying of survivors."""
        ...


@dataclass(frozen=True)
class Functions:
    """An explorer made of three functions, with the rows of an array as starts.

    Attributes:
        sample: (rng, n) -> n starts drawn from ρ, shape (n, ...).
        kernel: (rng, starts, step) -> proposals, reversible with respect to ρ.
        score: starts -> S of each.
        seed: of all random numbers.
    """

    sample: Callable[[np.random.Generator, int], np.ndarray]
    kernel: Callable[[np.random.Generator, np.ndarray, float], np.ndarray]
    score: Callable[[np.ndarray], np.ndarray]
    seed: int = 0

    def draw(self, turn: Turn, threshold: float) -> Scored:
        """Fresh starts, replicate by replicate."""
        parts = [self.sample(self._rng(r, 0, 0), n) for r, n in _runs(turn)]
        return self._scored(np.concatenate(parts))

    def move(self, starts: Starts, step: float, turn: Turn, threshold: float) -> Scored:
        """Proposals, replicate by replicate."""
        ends = np.cumsum([n for _, n in _runs(turn)])[:-1]
        parts = [
            self.kernel(self._rng(r, turn.level, turn.move), part, step)
            for (r, _), part in zip(_runs(turn), np.split(starts["x"], ends), strict=True)
        ]
        return self._scored(np.concatenate(parts))

    def uniform(self, replicate: int, level: int) -> float:
        """A number in [0, 1), for the copying of survivors."""
        return float(self._rng(replicate, level, 0, 1).random())

    def _rng(self, *key: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def _scored(self, x: np.ndarray) -> Scored:
        score = np.asarray(self.score(x), float)
        return Scored({"x": x}, score, np.zeros(len(x), np.int64), np.zeros(len(x), bool))


def _runs(turn: Turn) -> list[tuple[int, int]]:
    """Replicates in order of coming, each with its number of starts."""
    numbers, first, counts = np.unique(turn.replicate, return_index=True, return_counts=True)
    order = np.argsort(first)
    return [*zip(numbers[order].tolist(), counts[order].tolist(), strict=True)]


@dataclass(frozen=True)
class Ladder:
    """What the pilot has fixed.

    Attributes:
        levels: L₁ < ... < L_K, of which the last is infinite.
        steps: of the kernel after each level but the last.
    """

    levels: Float[np.ndarray, " level"]
    steps: Float[np.ndarray, " step"]


# What is told of each replicate at each level.
TOLD = ("replicate", "level", "threshold", "step", "starts", "survivors", "ancestors")
SPENT = ("trajectories", "accepted", "steps", "unsettled")


@dataclass(frozen=True)
class Climb(Saved):
    """Replicates on their way up, between two rounds of moves.

    Attributes:
        level: levels that they have passed.
        move: moves made since.
        replicate: of each start.
        slot: of each start in its replicate.
        ancestor: the slot of the fresh start that each descends from.
        score: of each.
        starts: their rows.
        spent: since the last level, for each start: `SPENT`.
        step: of those moves; NaN for fresh draws.
        told: of levels that have been reached, a row for each replicate: `TOLD` and `SPENT`.
    """

    unbounded = frozenset({"score", "step"})

    level: int
    move: int
    replicate: PerStart
    slot: PerStart
    ancestor: PerStart
    score: Scores
    starts: dict[str, np.ndarray]
    spent: dict[str, np.ndarray]
    step: float
    told: dict[str, np.ndarray]

    @property
    def turn(self) -> Turn:
        """The moves that are due."""
        return Turn(self.replicate, self.slot, self.level, self.move + 1)


def begin(explorer: Explorer, replicates: range, N: int, threshold: float) -> Climb:
    """Fresh starts of some replicates, N of each."""
    number = np.repeat(np.array(replicates, np.int64), N)
    slot = np.tile(np.arange(N), len(replicates))
    drawn = explorer.draw(Turn(number, slot, 0, 0), threshold)
    spent = _spent(drawn, np.ones(len(number), bool))
    told = {name: np.zeros(0) for name in (*TOLD, *SPENT)}
    return Climb(0, 0, number, slot, slot, drawn.score, drawn.starts, spent, np.nan, told)


def _spent(scored: Scored, accepted: Bool[np.ndarray, " start"]) -> dict[str, np.ndarray]:
    each = np.ones(len(accepted)), accepted, scored.steps, scored.unsettled
    return dict(zip(SPENT, (np.asarray(value, float) for value in each), strict=True))


def moved(climb: Climb, explorer: Explorer, step: float, threshold: float) -> Climb:
    """After one more move of every start: kept where the score stays at the level or above."""
    proposed = explorer.move(climb.starts, step, climb.turn, threshold)
    kept = proposed.score >= threshold
    starts = {
        name: np.where(kept.reshape(-1, *[1] * (old.ndim - 1)), proposed.starts[name], old)
        for name, old in climb.starts.items()
    }
    more = _spent(proposed, kept)
    return replace(
        climb,
        move=climb.move + 1,
        score=np.where(kept, proposed.score, climb.score),
        starts=starts,
        spent={name: climb.spent[name] + more[name] for name in SPENT},
        step=step,
    )


def passed(climb: Climb, explorer: Explorer, threshold: float) -> Climb:
    """After the next level: what reached it is told, and survivors are copied to N again.

    Replicates without a survivor are not there any more.
    """
    survives, told, chosen = climb.score >= threshold, [], [np.zeros(0, np.int64)]
    for number in dict.fromkeys(climb.replicate.tolist()):
        mine = np.flatnonzero(climb.replicate == number)
        left = mine[survives[mine]]
        told.append(_told(climb, mine, left, threshold))
        if len(left):
            u = explorer.uniform(number, climb.level + 1)
            chosen.append(systematic(left, len(mine), u))
    picked = np.concatenate(chosen)
    table = {
        name: np.concatenate([old, [row[name] for row in told]]) for name, old in climb.told.items()
    }
    return Climb(
        level=climb.level + 1,
        move=0,
        replicate=climb.replicate[picked],
        slot=np.concatenate([np.arange(len(part)) for part in chosen]),
        ancestor=climb.ancestor[picked],
        score=climb.score[picked],
        starts={name: rows[picked] for name, rows in climb.starts.items()},
        spent={name: np.zeros(len(picked)) for name in SPENT},
        step=np.nan,
        told=table,
    )


def _told(climb: Climb, mine: np.ndarray, left: np.ndarray, threshold: float) -> dict[str, float]:
    """What is told of a replicate at a level."""
    number, ancestors = int(climb.replicate[mine[0]]), len(np.unique(climb.ancestor[left]))
    values = (number, climb.level + 1, threshold, climb.step, len(mine), len(left), ancestors)
    spent = {name: float(climb.spent[name][mine].sum()) for name in SPENT}
    return {**dict(zip(TOLD, map(float, values), strict=True)), **spent}


def systematic(survivors: Int[np.ndarray, " survivor"], N: int, u: float) -> PerStart:
    """N copies of survivors, each N/n times on average and never off that by a whole one.

    Args:
        survivors: n of them.
        N: how many there are to be.
        u: uniform in [0, 1).
    Source: Kitagawa, J. Comput. Graph. Stat. 5, 1 (1996).
    """
    places = ((np.arange(N) + u) * len(survivors) / N).astype(np.int64)
    return survivors[np.minimum(places, len(survivors) - 1)]


def production(climb: Climb, explorer: Explorer, ladder: Ladder, moves: int) -> Iterator[Climb]:
    """Replicates from where they are up to the last level, after each round.

    The last one has passed every level, or nothing is left of it; its `told` is the result.
    """
    while climb.level < len(ladder.levels):
        if climb.level == 0 or climb.move == moves:
            climb = passed(climb, explorer, float(ladder.levels[climb.level]))
            if climb.level == len(ladder.levels) or not len(climb.score):
                break
        before = climb.level - 1
        climb = moved(climb, explorer, float(ladder.steps[before]), float(ladder.levels[before]))
        yield climb
    yield climb


def replicates(
    explorer: Explorer, ladder: Ladder, N: int = 1000, moves: int = 3, count: int = 8
) -> Float[np.ndarray, " replicate"]:
    """P of independent replicates; their mean is an unbiased estimate of the probability."""
    first = begin(explorer, range(1, count + 1), N, float(ladder.levels[0]))
    *_, last = production(first, explorer, ladder, moves)
    return products(last.told)


def products(told: dict[str, np.ndarray]) -> Float[np.ndarray, " replicate"]:
    """P of each replicate: the product of the fractions that passed its levels."""
    numbers = np.unique(told["replicate"])
    ratios = told["survivors"] / told["starts"]
    return np.array([ratios[told["replicate"] == number].prod() for number in numbers], float)
