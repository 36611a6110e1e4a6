"""What draws, moves and scores the starts of a rare event: an `Explorer`, or three `Functions`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

Starts = dict[str, np.ndarray]  # named arrays with a row for each start
PerStart = Int[np.ndarray, " start"]
Scores = Float[np.ndarray, " start"]
Steps = Float[np.ndarray, " group"]


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
        group: which group of its numbers a move has changed; 0 of fresh starts.
    """

    starts: Starts
    score: Scores
    steps: PerStart
    unsettled: Bool[np.ndarray, " start"]
    group: PerStart


@runtime_checkable
class Explorer(Protocol):
    """What draws, moves and scores starts; each from its place in the `Turn` alone."""

    @property
    def groups(self) -> int:
        """Of numbers that a start is made of: a move changes one of them, by a step of its own."""
        ...

    def draw(self, turn: Turn, threshold: float) -> Scored:
        """Fresh starts from ρ, scored; below the threshold a score may be anything below it."""
        ...

    def move(self, starts: Starts, steps: Steps, turn: Turn, threshold: float) -> Scored:
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

    @property
    def groups(self) -> int:
        """All numbers are one."""
        return 1

    def draw(self, turn: Turn, threshold: float) -> Scored:
        """Fresh starts, replicate by replicate."""
        parts = [self.sample(self._rng(r, 0, 0), n) for r, n in _runs(turn)]
        return self._scored(np.concatenate(parts))

    def move(self, starts: Starts, steps: Steps, turn: Turn, threshold: float) -> Scored:
        """Proposals, replicate by replicate."""
        ends = np.cumsum([n for _, n in _runs(turn)])[:-1]
        parts = [
            self.kernel(self._rng(r, turn.level, turn.move), part, float(steps[0]))
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
        none = np.zeros(len(x), np.int64)
        return Scored({"x": x}, score, none, none > 0, none)


def _runs(turn: Turn) -> list[tuple[int, int]]:
    """Replicates in order of coming, each with its number of starts."""
    numbers, first, counts = np.unique(turn.replicate, return_index=True, return_counts=True)
    order = np.argsort(first)
    return [*zip(numbers[order].tolist(), counts[order].tolist(), strict=True)]
