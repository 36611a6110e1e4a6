"""The pilot of a splitting: it fixes the levels and the steps, and is not part of the estimate."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from scatter.analysis.explorers import Explorer, Scores, Steps
from scatter.analysis.splitting import PILOT, Climb, Ladder, begin, moved, passed
from scatter.saved import Saved

PASSING = 0.2  # of the starts, those that pass a level of the pilot
PILOT_MOVES, MOST_LEVELS = 8, 20  # down to 1e-14
MOST_STARTS = 1000  # of a campaign's pilot: levels need no better, whatever the N of its replicates
SHARE = 4  # of so many starts of a pilot, one goes on as a chain
FIRST_STEP, LEAST_STEP = 0.5, 1e-3
ACCEPTED = 0.3  # of the moves, what the pilot adapts steps to
EAGER = 1.5  # change of ln(step) for a whole unit of acceptance


@dataclass(frozen=True)
class Pilot(Saved):
    """A pilot on its way up.

    Attributes:
        climb: its starts.
        levels: that it has fixed.
        steps: that it has fixed.
        step: that its next move takes, one for each group of numbers.
        tried: steps of the moves since the last level.
        over: 1 once it has come to its end, else 0.
    """

    unbounded = frozenset({"levels"})

    climb: Climb
    levels: Float[np.ndarray, " level"]
    steps: Float[np.ndarray, "step group"]
    step: Steps
    tried: Float[np.ndarray, "tried group"]
    over: int

    @property
    def chains(self) -> int:
        """How many go on from here: of fresh starts a share, later all."""
        now = self.climb.chains
        return now if self.climb.level else max(2, now // SHARE)

    @property
    def ladder(self) -> Ladder:
        """What it has fixed."""
        return Ladder(self.levels, self.steps)

    @property
    def reached(self) -> bool:
        """Whether enough of its starts came to the event."""
        return bool(self.over) and bool(np.isinf(self.levels[-1:]).any())


def piloting(pilot: Pilot, explorer: Explorer, moves: int = PILOT_MOVES) -> Iterator[Pilot]:
    """A pilot from where it is to its end, after each round.

    The next level is the one that a fifth of the starts pass; the step is adapted to an acceptance
    of 30 %; it ends when a fifth of the starts came to the event, or where no score rises any more.
    """
    while not pilot.over:
        if pilot.climb.level == 0 or pilot.climb.move == moves:
            pilot = _next_level(pilot, explorer)
        if not pilot.over:
            pilot = _adapted(pilot, explorer)
        yield pilot


def begin_pilot(explorer: Explorer, N: int) -> Pilot:
    """N fresh starts of a pilot."""
    climb = begin(explorer, range(PILOT, PILOT + 1), N, -np.inf)
    none = np.zeros((0, explorer.groups))
    return Pilot(climb, np.zeros(0), none, np.full(explorer.groups, FIRST_STEP), none, 0)


def _next_level(pilot: Pilot, explorer: Explorer) -> Pilot:
    """After its next level; over where that is the last, or there is none."""
    steps = pilot.steps
    if len(pilot.tried):
        late = pilot.tried[len(pilot.tried) // 2 :]
        steps = np.vstack([steps, np.exp(np.log(late).mean(axis=0))])
    level = next_level(pilot.climb.score, float(pilot.levels[-1]) if len(pilot.levels) else -np.inf)
    if level is None or len(pilot.levels) == MOST_LEVELS:
        return replace(pilot, steps=steps, over=1)
    return replace(
        pilot,
        climb=passed(pilot.climb, explorer, level, pilot.chains),
        levels=np.append(pilot.levels, level),
        steps=steps,
        tried=pilot.tried[:0],
        over=int(np.isinf(level)),
    )


def next_level(score: Scores, last: float) -> float | None:
    """The level that a fifth of the scores pass, infinite where they are; None where none rises."""
    if np.isposinf(score).mean() >= PASSING:
        return np.inf
    level = float(np.sort(score)[int((1 - PASSING) * len(score))])
    above = score[np.isfinite(score) & (score > last)]
    if level > last:
        return level
    return float(above.min()) if len(above) else None


def _adapted(pilot: Pilot, explorer: Explorer) -> Pilot:
    """After one more move, with the steps that the acceptance of each group calls for."""
    climb, (tried, kept) = moved(pilot.climb, explorer, pilot.step, float(pilot.levels[-1]))
    excess = kept / np.maximum(tried, 1) - np.where(tried, ACCEPTED, 0)
    step = np.clip(pilot.step * np.exp(EAGER * excess), LEAST_STEP, 1.0)
    return replace(pilot, climb=climb, step=step, tried=np.vstack([pilot.tried, pilot.step]))


def ladder_of(explorer: Explorer, N: int, moves: int = PILOT_MOVES) -> Ladder:
    """The levels and steps that a pilot fixes.

    Raises:
        ValueError: its scores stop rising before enough of its starts come to the event.
    """
    *_, pilot = piloting(begin_pilot(explorer, N), explorer, moves)
    if not pilot.reached:
        raise ValueError(
            f"no score rises above {pilot.levels[-1:]}, and the event does not happen; take more "
            "starts, another score, or another kernel"
        )
    return pilot.ladder
