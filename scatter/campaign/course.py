"""The way of a campaign through the rounds of its sampler."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int

from scatter import store
from scatter.campaign.samplers import Ended, Requests, Sampler
from scatter.columns import BRANCH, WEIGHT
from scatter.config import Point
from scatter.outcomes import Outcome, OwnEnding, sticking_codes
from scatter.settings import UserError


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
            own: custom endings.
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
    """What has ended in a campaign's folder, as the sampler sees it (`Ended.rows`).

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
