"""What the user sees while a campaign runs, and the table at its end."""

import time
from collections.abc import Mapping, Sequence

import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from scatter.analysis import Sticking, sticking_of_counts
from scatter.analysis.rounds import NO_AIM, Aim, expected
from scatter.analysis.words import NORMAL, conditions_of, phrases
from scatter.campaign.listing import Listing
from scatter.campaign.samplers import Round
from scatter.campaign.targets import announced, compared
from scatter.campaign.terminal import say
from scatter.outcomes import OwnEnding, sticking_codes

LEANING = "so far; S0 leans high while many are running, since dissociation ends sooner"
SHOWN = 24  # points in the live table; more would not fit a terminal
AROUND = 6  # lines of a terminal that what stands around that table may take


class Progress:
    """A live view on a terminal; on others only what a campaign with a target says of its rounds.

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
            own: endings of one's own.
            alike: whether all trajectories count alike, so that S0 can be shown.
        """
        self.alike = alike
        self.own, self.sticks = own, sticking_codes(own)
        self.points, self.aim, self.surfaces, self.most = points, aim, surfaces, most
        self.upper = np.zeros(len(points), np.int64)
        self.before = self.round = 0
        self.start = self.last = time.monotonic()
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
        """Show steps made and outcomes so far (shape (point, code)), at most once a period."""
        now = time.monotonic()
        if not self.shown or now - self.last < period_s:
            return
        self.last = now
        line = Text(self.line(steps, counts))
        if not self.alike:
            self.live.update(line, refresh=True)
            return
        rows = self._rows(counts)
        table, more = self._fitting(rows[:SHOWN]), Text(LEANING)
        if left := len(rows) - len(table.rows):
            more = Text(f"{left} more points\n{LEANING}")
        self.live.update(Group(line, table, more), refresh=True)

    def _rows(self, counts: np.ndarray) -> list[Sticking]:
        return sticking_of_counts(self.points, counts, self.most, self.surfaces, self.own)

    def _fitting(self, rows: Sequence[Sticking]) -> Listing:
        """The table of as many points, the first ones, as there is room for."""
        width, height = self.live.console.size
        table = sticking_table(rows, self.aim)
        while len(rows) > 1 and len(table.lines(width)) > height - AROUND:
            rows = rows[:-1]
            table = sticking_table(rows, self.aim)
        return table

    def line(self, steps: int, counts: np.ndarray) -> str:
        """Trajectories done of all, rate and time left; with a target, of about how many."""
        elapsed = max(time.monotonic() - self.start, 1e-9)
        done = int(counts.sum())
        k, n = counts[:, self.sticks].sum(axis=1).astype(float), counts.sum(axis=1).astype(float)
        upper = self.upper.astype(float)
        total = int((expected(k, n, upper, self.aim) if self.aim.given else upper).sum())
        here = done - self.before
        left = (total - done) * elapsed / here if here else float("nan")
        about = "about " if self.aim.given else ""
        return (
            (f"round {self.round}: " if self.aim.given else "")
            + f"{done} of {about}{total} trajectories, {steps / elapsed:,.0f} trajectory-steps/s, "
            + (f"{about}{clock(left)} left" if here else "time left unknown")
        )

    def sum_up(self, steps: int) -> None:
        """Say what this run did and how long it took, once it is closed."""
        elapsed = time.monotonic() - self.start
        say(
            self.live.console,
            f"{int(self.upper.sum()) - self.before} trajectories of {steps:,} steps in all in "
            f"{clock(elapsed)}: {steps / max(elapsed, 1e-9):,.0f} trajectory-steps/s",
        )

    def close(self) -> None:
        """Clear the live view."""
        if self.shown:
            self.live.stop()


def clock(seconds: float) -> str:
    """A time span for people: 42 s, 3 min 20 s, 2 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def sticking_table(rows: Sequence[Sticking], aim: Aim = NO_AIM) -> Listing:
    """S0 of each point with its 95 % interval, and what undecided and failed ones leave open.

    Conditions that all points share stand above the table. Where S0 is not known, that is said in
    its place, and the interval is that of the bounds. With a target, the error of each point (half
    of its interval, or that divided by S0) stands beside it.
    """
    told = said(rows)
    names = _differing(told)
    common = common_words(rows)
    unclear = any(row.undecided + row.failed for row in rows)
    last = ["bounds"] * unclear + ["error"] * aim.given
    own = [one.name for one, _ in rows[0].others] if rows else []
    header = ("n", "diss", "scat", "undec", "fail", *own, "S0", "95 %", *last)
    lines = [
        ([one[name] for name in names], _results(row, unclear, aim))
        for row, one in zip(rows, told, strict=True)
    ]
    return Listing(names, header, lines, common)


def _results(row: Sticking, unclear: bool, aim: Aim) -> list[str]:
    """The columns of a point that are no conditions."""
    numbers = (row.n, row.dissociated, row.scattered, row.undecided, row.failed)
    counts = [str(number) for number in (*numbers, *(count for _, count in row.others))]
    if not row.n:
        return [*counts, *[""] * (2 + unclear + aim.given)]
    bounds = f"{row.lowest:.3f}-{row.highest:.3f}"
    error = compared(row, aim) if aim.given else ""
    last = [bounds] * unclear + [error] * aim.given
    return [*counts, S0_of(row), f"{row.low:.3f}-{row.high:.3f}", *last]


def S0_of(row: Sticking) -> str:
    """S0 to four digits, where it is known."""
    return f"{row.S0:.4f}" if row.known else "not known"


def _differing(told: Sequence[dict[str, str]]) -> list[str]:
    """The conditions in which points differ."""
    return [name for name in told[0] if len({one.get(name) for one in told}) > 1]


def common_words(rows: Sequence[Sticking]) -> str:
    """The conditions that all points share, as the title of a table."""
    told = said(rows)
    names = _differing(told)
    return ", ".join(text for name, text in told[0].items() if name not in names and text)


def point_names(rows: Sequence[Sticking]) -> list[str]:
    """A name for each point: the conditions in which it differs from others."""
    told = said(rows)
    names = _differing(told) or ["energy"]
    return [", ".join(one[name] for name in names if one[name]) for one in told]


def said(rows: Sequence[Sticking]) -> list[dict[str, str]]:
    """The conditions of points in words; empty for those that go without saying."""
    return [
        {
            "surface": one["surface"],
            "T": one["T_K"],
            "state": f"{row.molecule}(v={row.v}, J={row.J})",
            "mJ": "" if row.mJ is None else one["mJ"],
            "energy": one["energy_eV"],
            "polar": one["polar_deg"],
            "azimuth": ""
            if one["polar_deg"] == NORMAL and row.azimuth_deg is None
            else one["azimuth_deg"],
        }
        for row, one in zip(rows, phrases([conditions_of(row) for row in rows]), strict=True)
    ]
