"""What projectiles have become: probabilities of products, and how they branch."""

from pathlib import Path

import pandas as pd
from rich.console import Console

from scatter.analysis.products import branching, products
from scatter.report.chart import chart_of
from scatter.report.document import Exhibit, Section, records, write_rows
from scatter.report.listing import Listing
from scatter.report.table import common_words, point_names
from scatter.report.terminal import say
from scatter.results.folder import COUNTED, ResultsFile

SHOWN = ("products", "P", "low", "high", "low_all", "high_all", "count", "n")


def product_table(results: ResultsFile) -> pd.DataFrame:
    """Probabilities of all products of a campaign (`scatter.analysis.products`)."""
    names = results.description.ending_names
    return products(results.points, results.trajectories, names)


def product_section(results: ResultsFile) -> Section:
    """Probabilities of products, and branching ratios."""
    table = product_table(results)
    if not len(table):
        return Section("Products")
    exhibits = [
        Exhibit(
            "products",
            "Probability of what there was at the end: * on the surface, (g) in the gas, (sub) "
            "below the top plane, (t) beyond the slab. low and high are the 95 % interval of one "
            "product (Wilson), low_all and high_all those of all together (Goodman).",
            rows=records(table),
            columns=results.columns("molecule", "energy_eV", *SHOWN),
            chart=chart_of(results, "Probability", "P", by=["products"]),
        )
    ]
    ratios = branching(table)
    if len(ratios):
        exhibits.append(
            Exhibit(
                "branching",
                "Ratios of the probabilities of two products, with 95 % intervals.",
                rows=records(ratios),
                columns=results.columns(
                    *("molecule", "energy_eV", "products", "other", "ratio", "low", "high")
                ),
            )
        )
    return Section("Products", [], exhibits)


def report_products(folder: Path, console: Console) -> None:
    """Write `products.csv` and `branching.csv` of a campaign, and print the first.

    Where no point has two products, there are no ratios and no `branching.csv`.

    Raises:
        UserError: there are no results.
    """
    results = ResultsFile.of(folder, COUNTED)
    if results.kind != "diatomic":  # of those the outcome says all
        results = ResultsFile.of(folder, (*COUNTED, "products"))
    table = product_table(results)
    tables = {"products.csv": records(table), "branching.csv": records(branching(table))}
    for file, its in tables.items():
        if its:
            write_rows(folder / file, its)
        else:
            (folder / file).unlink(missing_ok=True)
    rows = results.rows
    names = dict(zip(results.points["point"].tolist(), point_names(rows), strict=True))
    lines = [
        ([names[row["point"]], row["products"]], _numbers(row))
        for row in records(table)
        if row["n"]
    ]
    header = ("n", "count", "P", "95 %", "95 % of all")
    console.print(Listing(["point", "products"], header, lines, common_words(rows)))
    say(console, "tables: " + ", ".join(str(folder / file) for file in tables if tables[file]))


def _numbers(row: dict) -> list[str]:
    return [
        str(row["n"]),
        str(row["count"]),
        f"{row['P']:.4f}",
        f"{row['low']:.3f}-{row['high']:.3f}",
        f"{row['low_all']:.3f}-{row['high_all']:.3f}",
    ]
