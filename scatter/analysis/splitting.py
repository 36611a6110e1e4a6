"""Rare events by multilevel splitting over starts: the estimator, of any starts, moves and scores.

A start x is all that is random about a trajectory, ρ its density, S(x) a score that is infinite
where the event happened. Between levels L₁ < ... < L_K = ∞ that a pilot has fixed, each replicate

    draws N starts from ρ;   P = 1
    for k = 1 ... K:  n = #{S >= L_k} of the N,  P ← P n/N
        takes N/(M + 1) of the survivors, and moves each M times by a kernel that is reversible
        with respect to ρ; a move is kept if its score is still at least L_k. All N that these
        chains have been at, their first ones among them, are the N of the next level

and E[P] = P(S = ∞) exactly, for every N, M, kernel and score: see docs/rare_events.md. What draws,
moves and scores is an `Explorer`; that of a notebook is `Functions`.

Sources: Cérou, Del Moral, Furon & Guyader, Stat. Comput. 22, 795 (2012); of chains that are counted
whole Dau & Chopin, J. R. Stat. Soc. B 84, 114 (2022).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from scatter.analysis.explorers import Explorer, PerStart, Scored, Scores, Steps, Turn
from scatter.saved import Saved

PILOT = 0  # the number of the pilot; replicates are counted from 1 on


@dataclass(frozen=True)
class Ladder:
    """What the pilot has fixed.

    Attributes:
        levels: L₁ < ... < L_K, of which the last is infinite.
        steps: of the kernel after each level but the last, one for each group of numbers.
    """

    levels: Float[np.ndarray, " level"]
    steps: Float[np.ndarray, "step group"]


# What is told of each replicate at each level.
TOLD = ("replicate", "level", "threshold", "step", "starts", "survivors", "ancestors")
SPENT = ("trajectories", "accepted", "steps", "unsettled")


@dataclass(frozen=True)
class Climb(Saved):
    """Replicates on their way up, between two rounds of moves.

    Rows are starts that chains have been at since the last level, round by round: the chains' first
    ones, then where each was after every move. The last `chains` rows are where they are now.

    Attributes:
        level: levels that they have passed.
        move: moves made since.
        chains: of all replicates.
        replicate: of each row.
        slot: of the chain in its replicate; of fresh starts their number there.
        ancestor: the slot of the fresh start that each descends from.
        score: of each.
        starts: their numbers.
        spent: `SPENT` on each row.
        step: of these moves, the geometric mean of all groups; NaN for fresh draws.
        told: of levels that have been reached, a row for each replicate: `TOLD` and `SPENT`.
    """

    unbounded = frozenset({"score", "step"})

    level: int
    move: int
    chains: int
    replicate: PerStart
    slot: PerStart
    ancestor: PerStart
    score: Scores
    starts: dict[str, np.ndarray]
    spent: dict[str, np.ndarray]
    step: float
    told: dict[str, np.ndarray]

    @property
    def replicates(self) -> int:
        """How many are left."""
        return len(np.unique(self.replicate))

    @property
    def turn(self) -> Turn:
        """The moves that are due."""
        now = slice(-self.chains, None)
        return Turn(self.replicate[now], self.slot[now], self.level, self.move + 1)


def begin(explorer: Explorer, replicates: range, N: int, threshold: float) -> Climb:
    """Fresh starts of some replicates, N of each."""
    number = np.repeat(np.array(replicates, np.int64), N)
    slot = np.tile(np.arange(N), len(replicates))
    drawn = explorer.draw(Turn(number, slot, 0, 0), threshold)
    spent = _spent(drawn, np.ones(len(number), bool))
    told = {name: np.zeros(0) for name in (*TOLD, *SPENT)}
    rows = number, slot, slot, drawn.score, drawn.starts, spent
    return Climb(0, 0, len(number), *rows, np.nan, told)


def _spent(scored: Scored, accepted: Bool[np.ndarray, " start"]) -> dict[str, np.ndarray]:
    each = np.ones(len(accepted)), accepted, scored.steps, scored.unsettled
    return dict(zip(SPENT, (np.asarray(value, float) for value in each), strict=True))


def moved(
    climb: Climb, explorer: Explorer, steps: Steps, threshold: float
) -> tuple[Climb, Int[np.ndarray, "2 group"]]:
    """After one more move of every chain: kept where the score stays at the level or above.

    Returns:
        where they are then, and of each group how many moves were made, and how many kept.
    """
    turn, now = climb.turn, slice(-climb.chains, None)
    before = {name: rows[now] for name, rows in climb.starts.items()}
    proposed = explorer.move(before, steps, turn, threshold)
    kept = proposed.score >= threshold
    after = {
        name: np.where(kept.reshape(-1, *[1] * (old.ndim - 1)), proposed.starts[name], old)
        for name, old in before.items()
    }
    more = _spent(proposed, kept)
    tried = [np.bincount(g, minlength=len(steps)) for g in (proposed.group, proposed.group[kept])]
    return replace(
        climb,
        move=climb.move + 1,
        replicate=np.concatenate([climb.replicate, turn.replicate]),
        slot=np.concatenate([climb.slot, turn.slot]),
        ancestor=np.concatenate([climb.ancestor, climb.ancestor[now]]),
        score=np.concatenate([climb.score, np.where(kept, proposed.score, climb.score[now])]),
        starts={name: np.concatenate([climb.starts[name], after[name]]) for name in after},
        spent={name: np.concatenate([climb.spent[name], more[name]]) for name in SPENT},
        step=float(np.exp(np.log(steps).mean())),
    ), np.array(tried)


def passed(climb: Climb, explorer: Explorer, threshold: float, chains: int) -> Climb:
    """After the next level: what reached it is told, and chains begin at some of the survivors.

    Replicates without a survivor are not there any more.

    Args:
        climb: where they are.
        explorer: of their point.
        threshold: of the level.
        chains: how many begin in each replicate.
    """
    survives, told, chosen = climb.score >= threshold, [], [np.zeros(0, np.int64)]
    for number in dict.fromkeys(climb.replicate.tolist()):
        mine = np.flatnonzero(climb.replicate == number)
        left = mine[survives[mine]]
        told.append(_told(climb, mine, left, threshold))
        if len(left):
            u = explorer.uniform(number, climb.level + 1)
            chosen.append(systematic(left, chains, u))
    picked = np.concatenate(chosen)
    table = {
        name: np.concatenate([old, [row[name] for row in told]]) for name, old in climb.told.items()
    }
    return Climb(
        level=climb.level + 1,
        move=0,
        chains=len(picked),
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


def production(
    climb: Climb, explorer: Explorer, ladder: Ladder, N: int, moves: int
) -> Iterator[Climb]:
    """Replicates from where they are up to the last level, after each round.

    The last one has passed every level, or nothing is left of it; its `told` is the result, and it
    has N of the survivors of the last level.
    """
    last = len(ladder.levels)
    while climb.level < last:
        if climb.level == 0 or climb.move == moves:
            chains = N if climb.level + 1 == last else chains_of(N, moves)
            climb = passed(climb, explorer, float(ladder.levels[climb.level]), chains)
            if climb.level == last or not len(climb.score):
                break
        before = climb.level - 1
        climb, _ = moved(climb, explorer, ladder.steps[before], float(ladder.levels[before]))
        yield climb
    yield climb


def chains_of(N: int, moves: int) -> int:
    """How many chains of so many moves are N starts, their first ones among them."""
    return max(1, round(N / (moves + 1)))


def replicates(
    explorer: Explorer, ladder: Ladder, N: int = 1000, moves: int = 4, count: int = 8
) -> Float[np.ndarray, " replicate"]:
    """P of independent replicates; their mean is an unbiased estimate of the probability."""
    first = begin(explorer, range(1, count + 1), N, float(ladder.levels[0]))
    *_, last = production(first, explorer, ladder, N, moves)
    return products(last.told)


def products(told: dict[str, np.ndarray]) -> Float[np.ndarray, " replicate"]:
    """P of each replicate: the product of the fractions that passed its levels."""
    numbers = np.unique(told["replicate"])
    ratios = told["survivors"] / told["starts"]
    return np.array([ratios[told["replicate"] == number].prod() for number in numbers], float)
