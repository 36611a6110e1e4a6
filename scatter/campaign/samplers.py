"""Samplers: which starts of a campaign are wanted next, given what has ended.

A campaign goes through rounds. A round is what a sampler asks for, given how all trajectories of
the rounds before it have ended, and it is over when all of it has ended. So what is run depends
on outcomes alone, and not on the order in which they come, on ranks, or on kills: a campaign that
is taken up again goes through its rounds from the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from scatter import store
from scatter.analysis.rounds import NO_AIM, Aim, plan
from scatter.config import Point, Sampling
from scatter.outcomes import BRANCH, WEIGHT, Column, Outcome, OwnEnding, sticking_codes
from scatter.settings import UserError

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
        self, first: int, most: int, error: float | None = None, relative: float | None = None
    ):
        """Take the target.

        Args:
            first: trajectories of each point in the first round.
            most: no point gets more.
            error: half-width of the 95 % interval of S0.
            relative: the same divided by S0; of two targets either is enough.
        """
        self.aim = Aim(first, most, error, relative)

    def next(self, ended: Ended) -> Requests:
        """The first round; then as many as the points need that are not known well enough yet."""
        further = plan(ended.stuck.astype(float), ended.n.astype(float), self.aim).astype(int)
        return up_to(ended.n, np.where(ended.n == 0, self.aim.first, further))


def sampler_of(sampling: Sampling) -> Sampler:
    """The sampler that the table [sampling] means."""
    if not sampling.targeted:
        return Plain(sampling.trajectories)
    error, relative = sampling.target_error, sampling.target_relative_error
    return Rounds(sampling.trajectories, sampling.most, error, relative)


def up_to(first: PerPoint, last: PerPoint) -> Requests:
    """The numbers of each point from `first` on to below `last`.

    The points take turns, so that all curves grow together.
    """
    every = np.arange(int(last.max(initial=0)))[:, None]
    number, point = np.nonzero((every >= first) & (every < last))
    return requests(point, number)


@dataclass(frozen=True)
class Round:
    """A round that is not over yet; or the last, of which nothing is missing.

    Attributes:
        number: from 1 on.
        complete: endings of the rounds before, by code.
        known: endings of this round's trajectories that have ended.
        missing: those that are to be run.
    """

    number: int
    complete: Int[np.ndarray, "point code"]
    known: Int[np.ndarray, "point code"]
    missing: Requests

    @property
    def upper(self) -> Int[np.ndarray, " point"]:
        """How many trajectories of each point there are once it is over."""
        missing = np.bincount(self.missing["point"], minlength=len(self.known))
        return (self.complete + self.known).sum(axis=1) + missing


class Course:
    """The way of a campaign through the rounds of a sampler."""

    def __init__(
        self,
        sampler: Sampler,
        points: Sequence[Point],
        rows: np.ndarray,
        own: Sequence[OwnEnding] = (),
    ):
        """Begin with the first round.

        Args:
            sampler: that is followed.
            points: of the campaign.
            rows: of all that has ended already, of whatever round, as `Ended` holds them.
            own: endings of one's own.
        """
        self.sampler, self.points, self.number = sampler, points, 1
        self.rows, self.complete = rows, rows[:0]
        self.sticks, self.codes = sticking_codes(own), len(Outcome) + len(own)

    def add(self, rows: Sequence[np.ndarray]) -> None:
        """Take trajectories that have ended since."""
        self.rows = store.each_once(np.concatenate([self.rows, *rows]))

    def round(self) -> Round:
        """The first round that is not over, or the last.

        Raises:
            ValueError: the sampler asks for what cannot be.
        """
        while True:
            wanted = self.sampler.next(Ended(self.points, self.complete, self.sticks))
            names, ended, complete = store.keys(wanted, self.rows, self.complete)
            self._refuse_odd(wanted, names, complete)
            known = np.isin(ended, names, assume_unique=True)
            missing = wanted[~np.isin(names, ended, assume_unique=True)]
            if len(missing) or not len(wanted):
                complete, part = self._counts(self.complete), self._counts(self.rows[known])
                return Round(self.number, complete, part, missing)
            self.complete = store.each_once(np.concatenate([self.complete, self.rows[known]]))
            self.number += 1

    def _counts(self, rows: np.ndarray) -> Int[np.ndarray, "point code"]:
        flat = rows["point"].astype(np.int64) * self.codes + rows["outcome"]
        counts = np.bincount(flat, minlength=len(self.points) * self.codes)
        return counts.reshape(len(self.points), self.codes)

    def _refuse_odd(self, wanted: Requests, names: np.ndarray, complete: np.ndarray) -> None:
        """Raise ValueError if these cannot be asked for, or not by this sampler."""
        columns, weight = self.sampler.columns, wanted["weight"]
        first = np.unique(names, return_index=True)[1]
        wrong = {
            "a point that the campaign does not have": wanted["point"] >= len(self.points),
            "a trajectory twice": ~np.isin(np.arange(len(names)), first, assume_unique=True),
            "what has ended": np.isin(names, complete, assume_unique=True),
            "a weight that is not a positive number": ~((weight > 0) & np.isfinite(weight)),
            "weights, and its `columns` lack WEIGHT": (weight != 1) & (WEIGHT not in columns),
            "branches, and its `columns` lack BRANCH": (wanted["branch"] > 0)
            & (BRANCH not in columns),
        }
        for what, rows in wrong.items():
            if rows.any():
                name = type(self.sampler).__name__
                raise ValueError(f"{name}.next asks for {what}: {wanted[rows][0]}")


def ended_in(folder: Path, sampler: Sampler, row: np.dtype) -> np.ndarray:
    """What has ended in a campaign's folder, as the sampler is told of it (`Ended.rows`).

    Args:
        folder: the campaign's.
        sampler: that is followed.
        row: the type of its rows.

    Raises:
        UserError: a block is damaged, or the sampler reads a column that no part writes.
    """
    own = [column.name for column in sampler.columns]
    names = list(dict.fromkeys(["point", "number", "outcome", *own, *sampler.reads]))
    if unknown := [name for name in names if name not in (row.names or ())]:
        raise UserError(
            f"sampler: {type(sampler).__name__} reads {', '.join(unknown)}, which no part of the "
            "campaign writes"
        )
    return store.each_once(store.endings(store.block_files(folder), row, names))
