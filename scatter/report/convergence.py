"""A campaign on slabs of several sizes: `converge.csv`, its figure, and a table for a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console

from scatter.analysis import Sticking
from scatter.analysis.convergence import Campaign, Size, convergence
from scatter.phrases import interval
from scatter.plots.conditions import head
from scatter.plots.convergence import convergence_figure
from scatter.plots.style import save
from scatter.report.document import records, write_rows
from scatter.report.listing import Listing
from scatter.report.table import common_words, point_names
from scatter.report.terminal import say
from scatter.results.folder import ResultsFile
from scatter.settings import UserError

TABLE, FIGURE = "converge.csv", "converge.png"
DRAWN = 8  # points; the table holds all


def report_convergence(
    folder: Path, campaigns: Mapping[Size, Path], product: str | None, console: Console
) -> pd.DataFrame:
    """Write table and figure of campaigns on slabs of several sizes, print and answer the table.

    Args:
        folder: where both are written.
        campaigns: folder of each, by the size of its slab.
        product: whose probability is looked at in place of S0.
        console: where to print.

    Raises:
        UserError: nothing has become that product.
    """
    every = {size: ResultsFile.of(place) for size, place in sorted(campaigns.items())}
    seen = [
        Campaign(size, each.rows, each.trajectories, each.description.ending_names)
        for size, each in every.items()
    ]
    try:
        table = convergence(seen, product)
    except ValueError as error:
        raise UserError(f"--product {error}") from error
    rows, slabs = seen[0].rows, [size.name for size in every]
    points = point_names(rows)
    write_rows(folder / TABLE, records(table))
    drawn = table.iloc[: min(len(points), DRAWN) * len(slabs)]
    figure = convergence_figure(drawn, slabs, points[:DRAWN])
    head(figure, every[seen[0].size].words)
    save(figure, (folder / FIGURE).with_suffix(""))
    console.print(convergence_listing(table, slabs, rows))
    omitted = f"; {len(points) - DRAWN} of {len(points)} points are not drawn" * (
        len(points) > DRAWN
    )
    say(console, f"table:  {folder / TABLE}\nfigure: {folder / FIGURE}{omitted}")
    return table


def convergence_listing(table: pd.DataFrame, slabs: list[str], rows: Sequence[Sticking]) -> Listing:
    """Probability and energy loss on each slab, and how far they are from the largest."""
    quantity = str(table["quantity"].iloc[0])
    apart = "from largest"
    header = (quantity, "95 %", apart, "loss eV", apart)
    names = [[point, slab] for point in point_names(rows) for slab in slabs]
    lines = [(name, _numbers(row)) for name, row in zip(names, records(table), strict=True)]
    return Listing(["point", "slab"], header, lines, common_words(rows))


def _numbers(row: dict) -> list[str]:
    numbers = [_number(row["value"], 4), _interval(row["low"], row["high"])]
    numbers.append(_apart(row, "difference{}", 3))
    return [*numbers, _number(row["loss_eV"], 3), _apart(row, "loss_difference{}_eV", 3)]


def _number(value: float | None, digits: int) -> str:
    return "not known" if value is None else f"{value:.{digits}f}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else interval(low, high, ".3f")


def _apart(row: dict, name: str, digits: int) -> str:
    """A difference ± half of its interval."""
    value, low, high = (row[name.format(end)] for end in ("", "_low", "_high"))
    if value is None or low is None or high is None:
        return ""
    return f"{value:+.{digits}f} ± {(high - low) / 2:.{digits}f}"
