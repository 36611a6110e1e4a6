"""How many trajectories each point gets: in rounds, until the error of its S0 meets a target.

A point begins with a first round. Whenever all trajectories of its round have ended, their counts
alone say whether it is done, or to which number its next round goes. So what is run depends on the
outcomes, not on the order or the speed in which they come; and since only + - * / and square
roots, which every processor rounds alike, stand between the counts and the answer, it is the same
everywhere.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

Z = 1.959964  # 95 %
# Rounds end on these numbers (Renard's series R20, steps of 12 %) whatever the target, so that a
# target tightened later goes through the rounds that it would have had from the beginning.
CHECKPOINTS = np.unique(np.round(10 ** (np.arange(201) / 20)))
WARY = 4  # imagined endings of either kind: see `enough`

PerPoint = Float[np.ndarray, " point"]


@dataclass(frozen=True)
class Aim:
    """What the trajectories of every point are to reach; one of two targets is enough.

    Attributes:
        first: trajectories of the first round.
        most: no more than these, whatever has been reached.
        error: half-width of the 95 % Wilson interval of S0.
        relative: the same, divided by S0.
        product: whose probability is meant; None for S0.
    """

    first: int
    most: int
    error: float | None = None
    relative: float | None = None
    product: str | None = None

    @property
    def given(self) -> bool:
        """Whether there is a target at all."""
        return self.error is not None or self.relative is not None

    @property
    def of_S0(self) -> "Aim":
        """The same where it is about S0; else none, for tables of S0 have nothing to say of it."""
        return self if self.product is None else Aim(self.first, self.most)


NO_AIM = Aim(0, 0)


def half_width(k: Float[np.ndarray, "..."], n: Float[np.ndarray, "..."]) -> np.ndarray:
    """Half-width of the 95 % Wilson interval of k successes in n trials; 0.5 for n = 0.

    (z / (n + z²)) sqrt(k (n - k)/n + z²/4)
    """
    return Z * np.sqrt(k * (n - k) / np.maximum(n, 1) + Z**2 / 4) / (n + Z**2)


def excess(k: float, n: float, aim: Aim) -> float:
    """The error of S0 as a multiple of its target, of the nearer one of two; at most 1 if met."""
    width = half_width(np.array([float(k)]), np.array([float(n)]))[0]
    multiples = [np.inf] if aim.error is None else [width / aim.error]
    if aim.relative is not None and k:
        multiples.append(width * n / (aim.relative * k))
    return float(min(multiples))


def enough(
    k: Float[np.ndarray, "..."], n: Float[np.ndarray, "..."], aim: Aim
) -> Bool[np.ndarray, "..."]:
    """Whether k dissociated of n trajectories meet the target, warily.

    To stop when the error looks small is to stop when k happens to make it look so. Against that,
    an absolute error is taken as if four more trajectories had ended in either way, a relative one
    as if four fewer had dissociated. The interval then covers the truth as often as with a fixed
    number (tests/test_rounds.py). It costs about 5 % more trajectories, and twice as many, which
    are few, where S0 is far below an absolute error.
    """
    imagined = n * (k + WARY) / (n + 2 * WARY)
    met = np.zeros(np.broadcast(k, n).shape, bool)
    if aim.error is not None:
        met |= half_width(imagined, n) <= aim.error
    if aim.relative is not None:
        met |= half_width(k, n) * n <= aim.relative * (k - WARY)
    return met


def meeting(
    k: PerPoint, n: PerPoint, aim: Aim, chances: Float[np.ndarray, "chance point"]
) -> PerPoint:
    """The first checkpoint after n that meets the target if S0 is one of some values from now on.

    Args:
        k: dissociated.
        n: of so many.
        aim: the target.
        chances: values of S0.

    Returns:
        Infinity where no number up to `aim.most` does.
    """
    ends = np.append(CHECKPOINTS[aim.most > CHECKPOINTS], float(aim.most))
    more = np.maximum(ends - n[:, None], 0)
    met = enough(k[:, None] + chances[:, :, None] * more, n[:, None] + more, aim).any(axis=0)
    met &= more > 0
    return np.where(met.any(axis=1), ends[met.argmax(axis=1)], np.inf)


def interval(k: PerPoint, n: PerPoint) -> Float[np.ndarray, "2 point"]:
    """Both ends of the 95 % Wilson interval."""
    centre = (k + Z**2 / 2) / (n + Z**2)
    return centre + np.array([[-1.0], [1.0]]) * half_width(k, n)


def plan(k: PerPoint, n: PerPoint, aim: Aim) -> PerPoint:
    """To which number each point goes next: n itself where it is done.

    A round goes to the first checkpoint at which the target is met if S0 is either end of its
    interval: as far as it safely can, since slots are idle when a round ends, and not farther.

    Args:
        k: dissociated of all trajectories of the rounds so far.
        n: trajectories of these rounds.
        aim: the target.
    """
    further = np.minimum(meeting(k, n, aim, interval(k, n)), aim.most)
    return np.where(enough(k, n, aim) | (n >= aim.most), n, further)


def out_of_reach(k: PerPoint, n: PerPoint, aim: Aim) -> Bool[np.ndarray, " point"]:
    """Where not even the ends of the interval of S0 let the target be met within `aim.most`."""
    return aim.given & ~enough(k, n, aim) & np.isinf(meeting(k, n, aim, interval(k, n)))


def expected(k: PerPoint, n: PerPoint, upper: PerPoint, aim: Aim) -> PerPoint:
    """How many trajectories each point will probably get, to tell the time left.

    Args:
        k: dissociated so far.
        n: ended so far.
        upper: of the round that is run now.
        aim: the target.
    """
    likely = meeting(k, n, aim, ((k + WARY) / (n + 2 * WARY))[None])
    return np.where(n >= upper, upper, np.clip(likely, upper, aim.most))
