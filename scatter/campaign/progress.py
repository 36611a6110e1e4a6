"""What the user sees while a campaign runs."""

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from scatter.analysis import Sticking, sticking_of_counts
from scatter.analysis.rounds import Aim, expected, out_of_reach
from scatter.campaign.course import Round
from scatter.outcomes import OwnEnding, sticking_codes
from scatter.phrases import counted
from scatter.report.listing import Listing
from scatter.report.table import point_names, sticking_table
from scatter.report.terminal import clock, say
from scatter.results.folder import by_conditions

LEANING = "so far; S0 is biased high while many are running, since dissociation ends sooner"
SHOWN = 24  # points in the live table; more would not fit a terminal
AROUND = 6  # lines of a terminal that what stands around that table may take
LOGGED_s = (60.0, 1800.0)  # least and greatest time between two views in a file or a pipe


class Mark(NamedTuple):
    """What had been done at an instant.

    Attributes:
        at: on the monotonic clock, s.
        steps: of all trajectories of this run.
        done: trajectories, those of earlier runs included.
    """

    at: float
    steps: int
    done: int


class Progress:
    """A live view on a terminal; elsewhere the same view after 1, 2, 4, ... minutes, one by one.

    Attributes:
        upper: the number to which each point is run in this round.
        before: trajectories below that were finished by earlier runs.
    """

    def __init__(
        self,
        console: Console,
        points: np.ndarray,
        aim: Aim,
        surfaces: Mapping[str, str],
        most: float,
        own: Sequence[OwnEnding] = (),
        alike: bool = True,
    ):
        """Begin to count.

        Args:
            console: where to speak.
            points: structured, as /points.
            aim: the target.
            surfaces: what surfaces are called, by facet.
            most: the campaign's `[guards] most_unsettled`.
            own: custom endings.
            alike: whether all trajectories count alike, so that S0 can be shown.
        """
        self.alike = alike
        self.own, self.sticks = own, sticking_codes(own)
        self.points, self.surfaces, self.most = points, surfaces, most
        self.order = by_conditions(points)["point"]
        self.aim = aim.of_S0
        self.upper = np.zeros(len(points), np.int64)
        self.before = self.round = 0
        self.start = self.last = time.monotonic()
        self.first: Mark | None = None
        self.live = Live(console=console, auto_refresh=False, transient=True)
        self.shown = console.is_terminal
        if self.shown:
            self.live.start()

    def open_round(self, following: Round, before: int) -> None:
        """Count on through a round; from the second on say why there is one.

        Args:
            following: the round.
            before: trajectories of it that were finished by earlier runs.
        """
        self.round, self.upper = following.number, following.upper
        self.before += before
        rows = self._rows(following.complete)
        text = announced(following, point_names(rows), rows, self.aim)
        if text:
            say(self.live.console, text)

    def show(self, steps: int, counts: np.ndarray, period_s: float = 0.5) -> None:
        """Show steps made and outcomes so far (shape (point, code)), at most once a period.

        Where there is no terminal, the period is as long as the run so far, within `LOGGED_s`.
        """
        now = time.monotonic()
        if self.first is None and steps:
            self.first = Mark(now, steps, int(counts.sum()))
        if not self.shown:
            least, most = LOGGED_s
            period_s = min(max(self.last - self.start, least), most)
        if now - self.last < period_s:
            return
        self.last = now
        view = self._view(steps, counts)
        if self.shown:
            self.live.update(view, refresh=True)
        else:
            self.live.console.print(view, soft_wrap=True)

    def _view(self, steps: int, counts: np.ndarray) -> Group:
        """What is done, and the table so far where all trajectories count alike."""
        line = Text(self.line(steps, counts))
        if not self.alike:
            return Group(line)
        rows = self._rows(counts)
        rows = [rows[number] for number in self.order]
        table, more = self._fitting(rows[:SHOWN]), Text(LEANING)
        if left := len(rows) - len(table.rows):
            more = Text(f"{counted(left, 'more point')}\n{LEANING}")
        return Group(line, table, more)

    def _rows(self, counts: np.ndarray) -> list[Sticking]:
        return sticking_of_counts(self.points, counts, self.most, self.surfaces, self.own)

    def _fitting(self, rows: Sequence[Sticking]) -> Listing:
        """The table of as many points, the first ones, as there is room for."""
        width, height = self.live.console.size
        table = sticking_table(rows, self.aim)
        while self.shown and len(rows) > 1 and len(table.lines(width)) > height - AROUND:
            rows = rows[:-1]
            table = sticking_table(rows, self.aim)
        return table

    def line(self, steps: int, counts: np.ndarray) -> str:
        """Trajectories done of all, rate and time left; with a target, of about how many."""
        first = self.first or Mark(self.start, 0, self.before)
        elapsed = max(time.monotonic() - first.at, 1e-9)
        done = int(counts.sum())
        k, n = counts[:, self.sticks].sum(axis=1).astype(float), counts.sum(axis=1).astype(float)
        upper = self.upper.astype(float)
        total = int((expected(k, n, upper, self.aim) if self.aim.given else upper).sum())
        here = done - first.done
        left = (total - done) * elapsed / here if here else float("nan")
        about = "about " if self.aim.given else ""
        rate = f"{self._rate(steps):,.0f} trajectory-steps/s"
        return (
            (f"round {self.round}: " if self.aim.given else "")
            + f"{done} of {about}{total} trajectories, {rate}, "
            + (f"{about}{clock(left)} left" if here else "time left unknown")
        )

    def _rate(self, steps: int) -> float:
        """Steps per second since the first were made: what comes before them is compilation.

        Of a run that has made no more than its first, the time of all it did.
        """
        first = self.first or Mark(self.start, 0, 0)
        if steps <= first.steps:
            first = Mark(self.start, 0, 0)
        return (steps - first.steps) / max(time.monotonic() - first.at, 1e-9)

    def sum_up(self, steps: int) -> None:
        """Say what this run did and how long it took, once it is closed."""
        if not self.upper.any():
            return
        elapsed = time.monotonic() - self.start
        here = int(self.upper.sum()) - self.before
        if not here:
            say(
                self.live.console,
                f"all {self.before:,} trajectories have already ended, so nothing is left to run; "
                "to extend the campaign, raise their number ([sampling]) or add conditions",
            )
            return
        say(
            self.live.console,
            f"{here:,} trajectories, {steps:,} time steps in {clock(elapsed)}: "
            f"{self._rate(steps):,.0f} trajectory-steps/s",
        )

    def close(self) -> None:
        """Clear the live view."""
        if self.shown:
            self.live.stop()


def announced(
    following: Round, names: Sequence[str], rows: Sequence[Sticking], aim: Aim
) -> str | None:
    """What a round from the second on is for; None where nothing is to be said.

    Args:
        following: the round.
        names: of the points.
        rows: their results from the complete rounds.
        aim: the target.
    """
    going = following.upper > following.complete.sum(axis=1)
    if following.number == 1 or not going.any():
        return None
    text = (
        f"round {following.number}: {going.sum()} of {len(names)} points go on, to "
        f"{following.upper.sum()} trajectories in all"
    )
    k, n = (np.array([getattr(row, key) for row in rows], float) for key in ("stuck", "n"))
    far = [
        name for name, is_far in zip(names, going & out_of_reach(k, n, aim), strict=True) if is_far
    ]
    if far:
        text += f"; cannot be reached with max_trajectories = {aim.most}: {'; '.join(far)}"
    return text
