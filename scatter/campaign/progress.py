"""What the user sees while a campaign runs, and the table at its end."""

import time
from collections.abc import Sequence

import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from scatter.campaign.terminal import say
from scatter.statistics import Sticking, sticking_of_counts

LEANING = "so far; S0 leans high while many are running, since dissociation ends sooner"
SHOWN = 24  # points in the live table; more would not fit a terminal


class Progress:
    """A live view on a terminal; nothing elsewhere.

    Attributes:
        total: trajectories of the whole campaign.
    """

    def __init__(self, console: Console, points: np.ndarray, total: int, before: int):
        """Begin to count: `before` of the `total` trajectories were finished by earlier runs."""
        self.points, self.total, self.before = points, total, before
        self.start = self.last = time.monotonic()
        self.live = Live(console=console, auto_refresh=False, transient=True)
        self.shown = console.is_terminal
        if self.shown:
            self.live.start()

    def show(self, steps: int, counts: np.ndarray, period_s: float = 0.5) -> None:
        """Show steps made and outcomes so far (shape (point, code)), at most once a period."""
        now = time.monotonic()
        if not self.shown or now - self.last < period_s:
            return
        self.last = now
        rows = sticking_of_counts(self.points, counts)
        line = Text(self.line(steps, int(counts.sum())))
        self.live.update(Group(line, sticking_table(rows[:SHOWN]), Text(LEANING)), refresh=True)

    def line(self, steps: int, done: int) -> str:
        """Trajectories done of all, rate and time left."""
        elapsed = max(time.monotonic() - self.start, 1e-9)
        here = done - self.before
        left = (self.total - done) * elapsed / here if here else float("nan")
        return (
            f"{done} of {self.total} trajectories, {steps / elapsed:,.0f} trajectory-steps/s, "
            + (f"{clock(left)} left" if here else "time left unknown")
        )

    def sum_up(self, steps: int) -> None:
        """Say what this run did and how long it took, once it is closed."""
        elapsed = time.monotonic() - self.start
        say(
            self.live.console,
            f"{self.total - self.before} trajectories of {steps:,} steps in all in "
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


def sticking_table(rows: Sequence[Sticking]) -> Table:
    """S0 of each point with its 95 % interval, and what undecided and failed ones leave open.

    Conditions that all points share stand above the table.
    """
    told = [said(row) for row in rows]
    shared = {name for name in told[0] if len({one.get(name) for one in told}) == 1}
    common = ", ".join(told[0][name] for name in told[0] if name in shared and told[0][name])
    table = Table(box=None, pad_edge=False, title=common, title_justify="left", title_style="bold")
    names = [name for name in told[0] if name not in shared]
    for name in names:
        table.add_column(name, no_wrap=True)
    unclear = any(row.undecided + row.failed for row in rows)
    for name in ("n", "diss", "scat", "undec", "fail", "S0", "95 %"):
        table.add_column(name, justify="right", no_wrap=True)
    if unclear:
        table.add_column("bounds", justify="right", no_wrap=True)
    for row, one in zip(rows, told, strict=True):
        numbers = (row.n, row.dissociated, row.scattered, row.undecided, row.failed)
        results = [f"{row.S0:.4f}", f"{row.low:.3f}-{row.high:.3f}"] if row.n else ["", ""]
        bounds = [f"{row.lowest:.3f}-{row.highest:.3f}"] if unclear and row.n else []
        table.add_row(*(one[name] for name in names), *map(str, numbers), *results, *bounds)
    return table


def said(row: Sticking) -> dict[str, str]:
    """The conditions of a point in words; empty for those that go without saying."""
    oblique = row.polar_deg != 0
    turn = "random azimuth" if row.azimuth_deg is None else f"azimuth {row.azimuth_deg:g}°"
    return {
        "surface": f"({row.facet})",
        "T": f"{row.T_K:g} K",
        "state": f"{row.molecule}(v={row.v}, J={row.J})",
        "mJ": "" if row.mJ is None else f"mJ={row.mJ:g}",
        "energy": f"{row.energy_eV:g} eV",
        "polar": f"{row.polar_deg:g}°" if oblique else "normal incidence",
        "azimuth": turn if oblique else "",
    }
