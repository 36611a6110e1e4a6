"""The sticking of one campaign on every member of a committee: a table, a figure, a CSV file."""

from collections.abc import Sequence
from math import isnan
from pathlib import Path

from rich.console import Console

from scatter.analysis.committee import CommitteeSticking, committee_sticking
from scatter.conditions import applying
from scatter.plots.committee import committee_figure
from scatter.plots.style import save
from scatter.report.document import write_rows
from scatter.report.listing import Listing
from scatter.report.table import S0_of, common_words, point_names
from scatter.report.terminal import say
from scatter.results.folder import COUNTED, ResultsFile

OF_S0 = ("n", "S0", "low", "high", "lowest", "highest")


def report_committee(folders: Sequence[Path], console: Console) -> None:
    """Write `committee.csv` and `committee.png` into the first folder, and print the table.

    Args:
        folders: of the campaigns, that on the potential itself first.
        console: where to print.
    """
    first, *others = (ResultsFile.of(folder, COUNTED) for folder in folders)
    alike = [first, *(results.numbered_as(first) for results in others)]
    rows = committee_sticking([results.rows for results in alike])
    table, figure = (folders[0] / f"committee.{ending}" for ending in ("csv", "png"))
    write_rows(table, [_columns(row) for row in rows])
    save(committee_figure(rows), figure.with_suffix(""))
    console.print(committee_table(rows))
    say(console, f"table:  {table}\nfigure: {figure}")


def _columns(row: CommitteeSticking) -> dict[str, str | float | None]:
    """One point as plain values, by column."""
    return {
        **{name: getattr(row.own, name) for name in (*applying(row.own), *OF_S0)},
        **{f"S0_{n}": member.S0 for n, member in enumerate(row.members[1:], 1)},
        "spread": row.spread,
        "total_low": row.low,
        "total_high": row.high,
    }


def committee_table(rows: Sequence[CommitteeSticking]) -> Listing:
    """S0 on each member, their spread, and the interval that holds the model's doubt too."""
    others = [f"S0, {n}" for n in range(1, len(rows[0].members))]
    header = ("S0", "95 % sampling", *others, "spread", "95 % with model")
    own = [row.own for row in rows]
    names = point_names(own)
    lines = [([name], _numbers(row)) for name, row in zip(names, rows, strict=True)]
    return Listing(["point"], header, lines, common_words(own))


def _numbers(row: CommitteeSticking) -> list[str]:
    return [
        S0_of(row.own),
        f"{row.own.low:.3f}-{row.own.high:.3f}",
        *map(S0_of, row.members[1:]),
        "not known" if isnan(row.spread) else f"{row.spread:.4f}",
        f"{row.low:.3f}-{row.high:.3f}",
    ]
