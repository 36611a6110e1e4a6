"""Sticking probabilities as a table for a terminal, and points in words."""

from collections.abc import Sequence

from scatter.analysis import Sticking
from scatter.analysis.rounds import NO_AIM, Aim
from scatter.analysis.words import conditions_of, phrases, unsaid
from scatter.conditions import CONDITIONS
from scatter.report.listing import Listing
from scatter.report.targets import compared


def sticking_table(rows: Sequence[Sticking], aim: Aim = NO_AIM) -> Listing:
    """S0 of each point with its 95 % interval, and what undecided and failed ones leave open.

    Conditions that all points share stand above the table. Where S0 is not known, that is said in
    its place, and the interval is that of the bounds. With a target, the error of each point (half
    of its interval, or that divided by S0) stands beside it.
    """
    phrased = said(rows)
    names = _differing(phrased)
    unclear = any(row.undecided + row.failed for row in rows)
    last = ["bounds"] * unclear + ["error"] * aim.given
    own = [ending.name for ending, _ in rows[0].others] if rows else []
    header = ("n", "diss", "scat", "undec", "fail", *own, "S0", "95 %", *last)
    lines = [
        ([words[name] for name in names], _numbers(row, unclear, aim))
        for row, words in zip(rows, phrased, strict=True)
    ]
    return Listing(names, header, lines, common_words(rows))


def _numbers(row: Sticking, unclear: bool, aim: Aim) -> list[str]:
    """The columns of a point that are not conditions."""
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


def _differing(phrased: Sequence[dict[str, str]]) -> list[str]:
    """The conditions in which points differ."""
    return [name for name in phrased[0] if len({words.get(name) for words in phrased}) > 1]


def common_words(rows: Sequence[Sticking]) -> str:
    """The conditions that all points share, as the title of a table."""
    phrased = said(rows)
    names = _differing(phrased)
    return ", ".join(text for name, text in phrased[0].items() if name not in names and text)


def point_names(rows: Sequence[Sticking]) -> list[str]:
    """A name for each point: the conditions in which it differs from others."""
    phrased = said(rows)
    names = _differing(phrased) or ["energy"]
    return [", ".join(words[name] for name in names if words[name]) for words in phrased]


def said(rows: Sequence[Sticking]) -> list[dict[str, str]]:
    """The conditions of points in words, by heading; empty for those that go without saying."""
    phrased = phrases([conditions_of(row) for row in rows])
    return [
        {_heading(name): "" if unsaid(name, words) else text for name, text in words.items()}
        | {_heading("molecule"): f"{row.molecule}(v={row.v}, J={row.J})"}
        for row, words in zip(rows, phrased, strict=True)
    ]


def _heading(term: str) -> str:
    """Of the column of a condition; the projectile and its state share one."""
    return CONDITIONS["facet" if term == "surface" else term].heading
