"""One self-contained HTML page of sections, with each figure as PNG and PDF and its numbers as CSV.

The page holds all that it shows: it opens without a network, and prints on A4.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scatter.files import write_table, write_whole
from scatter.plots.conditions import head
from scatter.plots.style import Figure, save
from scatter.results.folder import ResultsFile, Rows

Row = Mapping[Any, Any]
MOST = 8  # initial states that get figures of their own
SHOWN_ROWS = 60  # of a table on the page; the CSV file holds all
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    trim_blocks=True,
    keep_trailing_newline=True,
    undefined=StrictUndefined,
    finalize=lambda value: escape(str(value)),  # whatever is shown is text
)


@dataclass(frozen=True)
class Exhibit:
    """A figure, its numbers, or both.

    Attributes:
        stem: name of its files.
        caption: a sentence or two, with the units and what the error bars are.
        figure: of `scatter.plots`, if there is one.
        rows: the numbers, by column.
        columns: of the rows, those that the page shows as a table at once; all are in the CSV.
        title: conditions that all of the figure shares, written above it.
    """

    stem: str
    caption: str
    figure: Figure | None = None
    rows: Sequence[Row] = ()
    columns: Sequence[str] = ()
    title: str = ""

    @classmethod
    def of_scan(
        cls, kind: str, words: str, caption: str, figure: Figure, table: pd.DataFrame | None = None
    ) -> "Exhibit":
        """A figure of points that differ in energy alone, named after what they share."""
        rows = () if table is None else records(table)
        return cls(f"{kind}_{stem_of(words)}", f"{words}: {caption}", figure, rows, title=words)

    @property
    def files(self) -> list[str]:
        """Names of its files."""
        endings = ["png", "pdf"] * (self.figure is not None) + ["csv"] * bool(self.rows)
        return [f"{self.stem}.{ending}" for ending in endings]

    @property
    def header(self) -> Sequence[str]:
        """The columns that the page shows, at once or when asked."""
        return self.columns or list(self.rows[0])

    @property
    def width(self) -> int:
        """Of the picture on the page, pixels."""
        return round(96 * self.figure.get_figwidth() * 1.25) if self.figure else 0

    def cells(self, row: Row) -> list[str]:
        """A row as the page shows it."""
        return [_text(row[name]) for name in self.header]

    def picture(self, folder: Path) -> str:
        """The PNG in a folder, as base64."""
        return base64.b64encode((folder / f"{self.stem}.png").read_bytes()).decode()

    def write(self, folder: Path) -> None:
        """Write its files."""
        if self.figure is not None:
            if self.title:
                head(self.figure, self.title)
            save(self.figure, folder / self.stem)
        if self.rows:
            write_rows(folder / f"{self.stem}.csv", self.rows)


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        title: its heading.
        sentences: paragraphs.
        exhibits: what is shown.
    """

    title: str
    sentences: Sequence[str] = ()
    exhibits: Sequence[Exhibit] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        """What links to it are called."""
        return self.title.lower().replace(" ", "-")


def write_document(path: Path, title: str, lead: str, sections: Sequence[Section]) -> None:
    """Write the page, and beside it a folder of its stem with the files of every exhibit.

    Args:
        path: of the HTML file.
        title: heading.
        lead: one paragraph: what was asked.
        sections: those without anything to say are left out.
    """
    folder = path.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    shown = [section for section in sections if section.sentences or section.exhibits]
    for section in shown:
        for exhibit in section.exhibits:
            exhibit.write(folder)
    page = TEMPLATES.get_template("page.html").render(
        title=title, lead=lead, sections=shown, folder=folder, most=SHOWN_ROWS
    )
    write_whole(path, page.encode())


def shown(
    results: ResultsFile, rows: Rows, sentences: list[str] | None = None
) -> list[tuple[str, Rows]]:
    """The first scans of rows, with their words; to the sentences is added how many more exist."""
    scans = results.scans(rows)
    if len(scans) > MOST and sentences is not None:
        sentences.append(f"{len(scans) - MOST} of {len(scans)} initial states are not drawn.")
    return scans[:MOST]


def stem_of(words: str) -> str:
    """A name for files from words; other words give another name."""
    kept = "".join(letter if letter.isalnum() or letter in "-." else " " for letter in words)
    return "_".join(kept.split())


def records(table: pd.DataFrame) -> list[dict[Any, Any]]:
    """The rows of a table, with values of Python's own; what is missing is None."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write rows, at least one, as CSV, whole or not at all; None and NaN are empty."""
    write_table(path, rows[0], (row.values() for row in rows))


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float | np.floating) and bool(np.isnan(value)))


def _text(value: object) -> str:
    if _missing(value):
        return "–"
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)
