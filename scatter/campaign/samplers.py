"""Samplers: which starts of a campaign are wanted next, given what has ended.

A campaign goes through rounds. A round is what a sampler asks for, given how all trajectories of
the rounds before it have ended, and it is over when all of it has ended. So what is run depends
on outcomes alone, and not on the order in which they come, on ranks, or on kills: a campaign that
is taken up again goes through its rounds from the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from scatter.analysis.repeated import RARE
from scatter.analysis.rounds import NO_AIM, Aim, plan
from scatter.columns import Column
from scatter.config import Point, Sampling
from scatter.outcomes import Outcome

# A start that is wanted: row of /points, number there, branch, and what it weighs.
REQUEST = np.dtype([("point", "u4"), ("number", "u4"), ("branch", "u4"), ("weight", "f8")])
Requests = np.ndarray  # of REQUEST, in the order in which trajectories begin

PerPoint = Int[np.ndarray, " point"]


def requests(
    point: Int[np.ndarray, "..."] | int,
    number: Int[np.ndarray, "..."] | int,
    branch: Int[np.ndarray, "..."] | int = 0,
    weight: Float[np.ndarray, "..."] | float = 1.0,
) -> Requests:
    """Starts that are wanted, of arrays of one length; a number stands for all.

    Args:
        point: row of /points.
        number: of the trajectory in its point.
        branch: 0, or which further trajectory of that number; each has random numbers of its own.
        weight: for how many trajectories drawn at random it stands.
    """
    columns = np.broadcast_arrays(*np.atleast_1d(point, number, branch, weight))
    made = np.zeros(columns[0].size, REQUEST)
    for name, column in zip(REQUEST.names or (), columns, strict=True):
        made[name] = column.ravel()
    return made


@dataclass(frozen=True)
class Ended:
    """What has ended of a campaign.

    Attributes:
        points: its conditions.
        rows: structured: point, number and outcome of each trajectory, its branch and weight where
            the sampler has such columns, and what it `reads`; sorted.
        sticks: codes of the outcomes that S0 counts.
    """

    points: Sequence[Point]
    rows: np.ndarray
    sticks: Sequence[int] = (int(Outcome.DISSOCIATED),)

    @cached_property
    def n(self) -> PerPoint:
        """Trajectories of each point."""
        return self._of_each(np.ones(len(self.rows), bool))

    @cached_property
    def stuck(self) -> PerPoint:
        """Those of each point that S0 counts; without weights."""
        return self._of_each(np.isin(self.rows["outcome"], self.sticks))

    def product(self, label: str) -> PerPoint:
        """Those of each point that became this, such as "CHD2* + D*"; without weights."""
        settled = ~np.isin(self.rows["outcome"], (Outcome.UNDECIDED, Outcome.FAILED))
        return self._of_each(settled & (self.rows["products"] == label.encode()))

    def _of_each(self, chosen: Bool[np.ndarray, " row"]) -> PerPoint:
        return np.bincount(self.rows["point"][chosen], minlength=len(self.points))


class Sampler:
    """What says which starts are wanted next; one's own is a subclass of it with `next`.

    Attributes:
        columns: those of `BRANCH` and `WEIGHT` that it makes use of, which rows then have.
        reads: columns of rows that `next` looks at besides.
        aim: the target that it pursues, shown while the campaign runs.
        identity: all that determines what it asks for, in words; empty where rows are the same
            whatever it asks for.
    """

    columns: Sequence[Column] = ()
    reads: Sequence[str] = ()
    aim: Aim = NO_AIM

    @property
    def identity(self) -> str:
        """By default its class, with its attributes that are numbers or texts."""
        plain = {k: v for k, v in vars(self).items() if isinstance(v, int | float | str)}
        return f"{type(self).__name__} {plain}"

    def next(self, ended: Ended) -> Requests:
        """The starts of the next round; none when the campaign is done.

        Args:
            ended: all trajectories of the rounds before, and no others.
        """
        raise NotImplementedError


class Plain(Sampler):
    """A fixed number of trajectories for each point."""

    @property
    def identity(self) -> str:
        """Rows are the same whatever it asks for."""
        return ""

    def __init__(self, trajectories: int):
        """Take the number."""
        self.trajectories = trajectories

    def next(self, ended: Ended) -> Requests:
        """All of them, in one round."""
        return up_to(ended.n, np.maximum(ended.n, self.trajectories))


class Rounds(Sampler):
    """Trajectories until the error of each point's S0 meets a target; see `analysis.rounds`."""

    @property
    def identity(self) -> str:
        """Rows are the same whatever it asks for."""
        return ""

    def __init__(
        self,
        first: int,
        most: int,
        error: float | None = None,
        relative: float | None = None,
        product: str | None = None,
    ):
        """Take the target.

        Args:
            first: trajectories of each point in the first round.
            most: no point gets more.
            error: half-width of the 95 % interval of S0.
            relative: the same divided by S0; of two targets either is enough.
            product: whose probability is meant, in place of S0.
        """
        self.aim = Aim(first, most, error, relative, product)
        self.reads = ("products",) if product else ()

    def next(self, ended: Ended) -> Requests:
        """The first round; then as many as the points need that are not known well enough yet."""
        product = self.aim.product
        wanted = ended.stuck if product is None else ended.product(product)
        further = plan(wanted.astype(float), ended.n.astype(float), self.aim).astype(int)
        return up_to(ended.n, np.where(ended.n == 0, self.aim.first, further))


class Common(Rounds):
    """A first round; then `Rounds` at the points at which events are common enough to be counted.

    The others are split (`campaign.splitting`).
    """

    def next(self, ended: Ended) -> Requests:
        """As of `Rounds`, but for points that had fewer than 10 events in the first round."""
        product, wanted = self.aim.product, super().next(ended)
        events = ended.stuck if product is None else ended.product(product)
        rare = (events < RARE) & (ended.n >= self.aim.first)
        return wanted[~rare[wanted["point"]]]


def sampler_of(sampling: Sampling) -> Sampler:
    """The sampler that the table [sampling] means, of trajectories drawn at random."""
    first, product = sampling.trajectories, sampling.target_product
    if sampling.method == "splitting":
        return Plain(0)
    if not sampling.targeted and product is None:
        return Plain(first)
    error, relative = sampling.target_error, sampling.target_relative_error
    kind = Common if sampling.splits else Rounds
    return kind(first, sampling.most, error, relative, product)


def up_to(first: PerPoint, last: PerPoint) -> Requests:
    """The numbers of each point from `first` on to below `last`.

    The points take turns, so that all curves grow together.
    """
    every = np.arange(int(last.max(initial=0)))[:, None]
    number, point = np.nonzero((every >= first) & (every < last))
    return requests(point, number)
