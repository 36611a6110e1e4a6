"""`scatter watch`: a campaign as it runs, seen from another terminal by what it has written."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from scatter import store
from scatter.analysis import Sticking, in_turn, sticking
from scatter.analysis.rounds import Aim, enough, expected, plan
from scatter.config import Input, parse, points_in, points_table
from scatter.outcomes import sticking_codes
from scatter.phrases import counted
from scatter.report.listing import Listing
from scatter.report.table import S0_of, common_words, point_names
from scatter.report.targets import aim_of, compared
from scatter.report.terminal import clock, say
from scatter.results.folder import by_conditions
from scatter.results.surfaces import surface_names
from scatter.store import Description

PERIOD_S = 2.0
WINDOW_S = 60.0  # that a rate is taken over
READ = ("point", "number", "outcome", "reason", "steps")
NAMED = 3  # points that a sentence names
GRAPH = (12, 40)  # columns of a graph: least and most
BESIDE = 48  # columns that stand beside it
AROUND = 6  # lines around the table


@dataclass(frozen=True)
class Block:
    """What is looked at of a block.

    Attributes:
        rows: a few columns of its trajectories.
        at: when it was written, s.
        rank: that wrote it.
    """

    rows: np.ndarray
    at: float
    rank: int


class Watched:
    """A campaign's folder, of which only what is new is read."""

    def __init__(self, folder: Path):
        """Look at nothing yet."""
        self.folder = folder
        self.blocks: dict[Path, Block] = {}

    def look(self) -> "View | None":
        """How the campaign stands now; None while it is being prepared.

        Raises:
            UserError: no campaign was run there, or a block is damaged.
        """
        holder = store.writer(self.folder)  # first: what it wrote last is then seen too
        if holder and not (self.folder / store.MANIFEST).exists():
            return None
        description = store.read_manifest(self.folder)
        row = store.row_of(self.folder)
        for path in store.block_files(self.folder):
            if path not in self.blocks:
                rank = int(path.stem.split("-")[1])
                rows = store.endings([path], row, READ)
                self.blocks[path] = Block(rows, path.stat().st_mtime, rank)
        input = parse(description.path, description["input"]).input
        return View(description, input, [*self.blocks.values()], holder)


@dataclass(frozen=True)
class View:
    """How a campaign stands.

    Attributes:
        description: what its folder says of it.
        input: of it.
        blocks: that have been written, in order of coming.
        holder: who writes there; None where nobody does.
    """

    description: Description
    input: Input
    blocks: list[Block]
    holder: str | None

    @cached_property
    def points(self) -> np.ndarray:
        """The table /points, sorted by conditions where the campaign has grown."""
        table = points_table(points_in(self.input, self.description))
        return by_conditions(table) if store.GROWN in self.description else table

    @cached_property
    def ended(self) -> np.ndarray:
        """Trajectories that have ended, each once."""
        if not self.blocks:
            return np.zeros(0, [(name, "u4") for name in READ])
        return store.each_once(np.concatenate([block.rows for block in self.blocks]))

    @cached_property
    def rows(self) -> list[Sticking]:
        """How those ended that count, at each point."""
        names = surface_names(self.description, self.points["facet"].tolist())
        own, most = self.description.own_endings, self.input.guards.most_unsettled
        return sticking(self.points, in_turn(self.ended), most, names, own)

    @cached_property
    def aim(self) -> Aim:
        """How many trajectories are wanted."""
        return aim_of(self.input.sampling)

    @cached_property
    def missing(self) -> np.ndarray:
        """How many trajectories of each point are still to end; with a target, probably."""
        point, codes = self.ended["point"], sticking_codes(self.description.own_endings)
        stuck = np.isin(self.ended["outcome"], codes)
        n, k = (
            np.bincount(point[chosen], minlength=len(self.points)).astype(float)
            for chosen in (np.ones(len(point), bool), stuck)
        )
        if not self.aim.given:
            due = np.full(len(n), float(self.aim.first))
        else:
            upper = np.maximum(plan(k, n, self.aim), self.aim.first)
            done = enough(k, n, self.aim) & (n >= self.aim.first)
            due = np.where(done, n, expected(k, n, upper, self.aim))
        return np.maximum(due - n, 0)[self.points["point"]].astype(int)

    @property
    def recent(self) -> list[Block]:
        """Blocks of the last minute of writing; the first of them only says when it began."""
        last = max((block.at for block in self.blocks), default=0.0)
        recent = [block for block in self.blocks if block.at > last - WINDOW_S]
        return sorted(recent, key=lambda block: block.at)

    def rate(self, what: Callable[[Block], int], rank: int | None = None) -> float:
        """How much of something blocks bring in a second; NaN until there are two of them.

        It counts from the first block on, so that compilation is left out.
        """
        blocks = [block for block in self.recent if rank is None or block.rank == rank]
        if len(blocks) < 2 or blocks[-1].at <= blocks[0].at:
            return float("nan")
        first, *others = blocks
        return sum(map(what, others)) / (others[-1].at - first.at)

    def progress(self) -> str:
        """How far it is, how fast, and how long it will take."""
        about = "about " if self.aim.given else ""
        missing, done = int(self.missing.sum()), len(self.ended)
        words = [f"{done:,} of {about}{done + missing:,} trajectories"]
        steps, ends = self.rate(_steps), self.rate(lambda block: len(block.rows))
        if self.holder and np.isfinite(steps):
            words.append(f"{steps:,.0f} trajectory-steps/s")
            if missing and ends > 0:
                words.append(f"{about}{clock(missing / ends)} left")
        return ", ".join(words)

    def ranks(self) -> str:
        """The rate of each rank; nothing where one is alone."""
        ranks = sorted({block.rank for block in self.recent})
        if not self.holder or len(ranks) < 2:
            return ""
        rates = [self.rate(_steps, rank) for rank in ranks]
        return "steps/s by rank: " + ", ".join(
            f"{rank}: {rate:,.0f}" if np.isfinite(rate) else f"{rank}: ?"
            for rank, rate in zip(ranks, rates, strict=True)
        )

    def because(self) -> str:
        """Why it goes on, or has ended."""
        missing = int(self.missing.sum())
        if self.holder is None:
            again = f"stopped with {missing:,} trajectories missing; the same command continues"
            return again if missing else "finished"
        if not missing:
            return f"continues because {self.holder} is writing tables and figures"
        if self.aim.given and len(self.ended):
            short = [f"{name} ({compared(row, self.aim.of_S0)})" for name, row, _ in self._short()]
            return f"continues because the target error is not met at {_some(short)}"
        short = [f"{name} ({count:,})" for name, _, count in self._short()]
        waiting = len(self.ended) - sum(row.n for row in self.rows)
        more = f"; {waiting:,} have ended early, and count once slower ones have" * bool(waiting)
        return f"continues because trajectories are missing at {_some(short)}{more}"

    def _short(self) -> Iterator[tuple[str, Sticking, int]]:
        """Name, row and missing trajectories of the points that are not done."""
        for each in zip(point_names(self.rows), self.rows, self.missing.tolist(), strict=True):
            if each[2]:
                yield each

    def _bare(self) -> str:
        """What is known of trajectories that do not count alike, before all of them have ended."""
        what = "shots" if self.input.kind == "desorption" else "trajectories"
        steps = self.rate(_steps)
        rate = f", {steps:,.0f} steps/s" if self.holder and np.isfinite(steps) else ""
        state = f"{self.holder} is running it" if self.holder else "no process is writing to it"
        return f"{len(self.ended):,} {what} have ended{rate}; {state}; scatter status shows more"

    def table(self, width: int, height: int | None = None) -> Listing:
        """S0 of the points, as many as there is room for, each with a graph from 0 to 1."""
        names, aim = point_names(self.rows), self.aim.of_S0
        columns = min(max(width - BESIDE - max(map(len, names)), GRAPH[0]), GRAPH[1])
        axis = f"0{' ' * (columns - 2)}1"
        header = ("n", "S0", "95 %", *["error"] * aim.given, axis)
        named = zip(names, self.rows, strict=True)
        lines = [([name], _numbers(row, aim, columns)) for name, row in named]
        title = common_words(self.rows)
        table = Listing(["point"], header, lines, title)
        while height and len(lines) > 1 and len(table.lines(width)) > height - AROUND:
            lines = lines[:-1]
            table = Listing(["point"], header, lines, title)
        return table

    def shown(self, width: int, height: int | None = None) -> Group:
        """All of it."""
        bare = self.input.sampling.splits or self.input.kind == "desorption"
        if bare or self.description.weighted:
            return Group(Text(self._bare()))
        lines = [self.progress(), self.ranks(), self.because()]
        table = self.table(width, height)
        left = len(self.rows) - len(table.rows)
        lines.insert(0, counted(left, "more point") if left else "")
        return Group(table, *(Text(line) for line in lines if line))


def _steps(block: Block) -> int:
    return int(block.rows["steps"].sum())


def _numbers(row: Sticking, aim: Aim, columns: int) -> list[str]:
    error = [compared(row, aim) if row.n else ""] * aim.given
    if not row.n:
        return ["0", "", "", *error, ""]
    return [str(row.n), S0_of(row), f"{row.low:.3f}-{row.high:.3f}", *error, graph(row, columns)]


def graph(row: Sticking, columns: int) -> str:
    """S0 as a point on its interval, on an axis from 0 to 1; a bare interval if it is not known."""
    low, high = (round(end * (columns - 1)) for end in (row.low, row.high))
    cells = [" "] * low + ["─"] * (high - low + 1) + [" "] * (columns - 1 - high)
    if row.known:
        cells[round(row.S0 * (columns - 1))] = "●"
    return "".join(cells)


def _some(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {counted(more, 'more point')}" if more > 0 else "")


def watch(
    folder: Path,
    console: Console,
    period_s: float = PERIOD_S,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Show a campaign until nobody writes there any more; without a terminal, once.

    Args:
        folder: of the campaign.
        console: where to show it.
        period_s: from one look to the next.
        pause: waits so long.

    Raises:
        UserError: no campaign was run there, or a block is damaged.
    """
    watched = Watched(folder)
    if not console.is_terminal:
        console.print(_now(watched, console, whole=True)[0])
        return
    with suppress(KeyboardInterrupt), Live(console=console, auto_refresh=False) as live:
        while True:
            shown, over = _now(watched, console)
            live.update(shown, refresh=True)
            if over:
                break
            pause(period_s)
    say(console, f"whole table and figure: scatter analyse {folder}; scatter plot {folder}")


def _now(watched: Watched, console: Console, whole: bool = False) -> tuple[Group, bool]:
    """What is to be shown now, and whether that is the last."""
    view = watched.look()
    if view is None:
        return Group(Text(f"{watched.folder}: the campaign is being prepared")), False
    width, height = console.size
    return view.shown(width, None if whole else height), view.holder is None
