"""Sticking probabilities as a table for a terminal, and points in words."""

from collections.abc import Sequence

from scatter.analysis import Sticking
from scatter.analysis.rounds import NO_AIM, Aim
from scatter.analysis.words import conditions_of, phrases, unsaid
from scatter.conditions import ADSORBED, CONDITIONS, Conditions, kind_of
from scatter.initial.formulas import kind_of as atoms_kind
from scatter.outcomes import OwnEnding
from scatter.report.listing import Listing
from scatter.report.targets import compared
from scatter.rows import KINDS


def sticking_table(rows: Sequence[Sticking], aim: Aim = NO_AIM) -> Listing:
    """S0 of each point with its 95 % interval, and what undecided and failed ones leave open.

    Of what begins adsorbed it is the share that stays.

    Conditions that all points share stand above the table. Where S0 is not known, that is said in
    its place, and the interval is that of the bounds. With a target, the error of each point (half
    of its interval, or that divided by S0) stands beside it.
    """
    phrased = worded(rows)
    names = _differing(phrased)
    unclear = any(row.undecided + row.failed for row in rows)
    last = ["bounds"] * unclear + ["error"] * aim.given
    own = _occurring(rows)
    kind = kind_of(rows[0]) if rows else "diatomic"
    gone, stay = ("des", "stay") if kind == ADSORBED else ("scat", "S0")
    stay = "κ" if kind == "desorption" else stay
    whole = may_dissociate(rows)
    header = [*["diss"] * whole, gone, "undec", "fail", *(e.name for e in own), stay, "95 %"]
    header = ("n", *header, *last)
    lines = [
        ([words[name] for name in names], _numbers(row, own, whole, unclear, aim))
        for row, words in zip(rows, phrased, strict=True)
    ]
    return Listing(names, header, lines, common_words(rows))


def may_dissociate(rows: Sequence[Sticking]) -> bool:
    """Whether "dissociated" says anything of these points: of atoms only where it has occurred.

    What is shot from a dividing surface has endings of its own in place of it.
    """
    if not rows or any(row.dissociated for row in rows):
        return True
    return kind_of(rows[0]) != "desorption" and atoms_kind(rows[0].molecule) != "atom"


def _occurring(rows: Sequence[Sticking]) -> list[OwnEnding]:
    """Endings beyond the usual four: the user's own, and those of the projectile that occur."""
    known = KINDS[kind_of(rows[0])].endings if rows else ()
    there = [ending for ending, _ in rows[0].others] if rows else []
    counts = {ending: sum(dict(row.others)[ending] for row in rows) for ending in there}
    return [ending for ending, count in counts.items() if count or ending not in known]


def _numbers(
    row: Sticking, own: Sequence[OwnEnding], whole: bool, unclear: bool, aim: Aim
) -> list[str]:
    """The columns of a point that are not conditions."""
    others = [dict(row.others)[ending] for ending in own]
    numbers = [row.n, *[row.dissociated] * whole, row.scattered, row.undecided, row.failed]
    counts = [str(number) for number in (*numbers, *others)]
    if not row.sampled:
        return [*counts, *[""] * (2 + unclear + aim.given)]
    bounds = f"{row.lowest:.3f}-{row.highest:.3f}"
    error = compared(row, aim) if aim.given else ""
    last = [bounds] * unclear + [error] * aim.given
    return [*counts, S0_of(row), interval_of(row), *last]


def S0_of(row: Sticking) -> str:
    """S0 to four digits, where it is known; of replicates to three that count."""
    if row.known and row.repeated is not None:
        return f"{row.S0:.2e}"
    return f"{row.S0:.4f}" if row.known else "not known"


def interval_of(row: Sticking) -> str:
    """Both ends of the interval of S0, or that there is none."""
    if row.repeated is None:
        return f"{row.low:.3f}-{row.high:.3f}"
    return "refused" if row.repeated.doubt else f"{row.low:.1e} to {row.high:.1e}"


def _differing(phrased: Sequence[dict[str, str]]) -> list[str]:
    """The conditions in which points differ."""
    return [name for name in phrased[0] if len({words.get(name) for words in phrased}) > 1]


def common_words(rows: Sequence[Sticking]) -> str:
    """The conditions that all points share, as the title of a table."""
    phrased = worded(rows)
    names = _differing(phrased)
    return ", ".join(text for name, text in phrased[0].items() if name not in names and text)


def point_names(rows: Sequence[Sticking]) -> list[str]:
    """A name for each point: the conditions in which it differs from others."""
    phrased = worded(rows)
    alone = next(name for name in ("energy", "state", "T") if name in phrased[0])
    names = _differing(phrased) or [alone]
    return [", ".join(words[name] for name in names if words[name]) for words in phrased]


def worded(rows: Sequence[Sticking]) -> list[dict[str, str]]:
    """The conditions of points in words, by heading; empty for those that go without saying."""
    phrased = phrases([conditions_of(row) for row in rows])
    return [
        {_heading(name): "" if unsaid(name, words) else text for name, text in words.items()}
        | {_heading("molecule"): projectile_of(row)}
        for row, words in zip(rows, phrased, strict=True)
    ]


def projectile_of(row: Conditions) -> str:
    """Formula and internal state, as "H2(v=0, J=1)", "CH4(ν1=1)" or "H"."""
    state = row.state if row.v is None else f"v={row.v}, J={row.J}"
    return f"{row.molecule}({state})" if state else row.molecule


def _heading(term: str) -> str:
    """Of the column of a condition; the projectile and its state share one."""
    return CONDITIONS["facet" if term == "surface" else term].heading
