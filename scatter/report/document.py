"""One self-contained HTML page of sections, with each figure as PNG and PDF and its numbers as CSV.

The page holds all that it shows: it opens without a network, and prints on A4. Its script draws
rows of tables as points; it is the only one that a browser lets run there, since the page names the
hash of what may, and what comes from a folder is text.
"""

import base64
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from hashlib import sha256
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from scatter.conditions import CONDITIONS
from scatter.files import write_table, write_whole
from scatter.plots.conditions import head
from scatter.plots.style import PALETTE, Figure, save
from scatter.report.cells import Column, Row, alike, columns_of, tell
from scatter.report.chart import Chart
from scatter.results.folder import ResultsFile, Rows

MOST = 8  # initial states that get figures of their own
SHOWN_ROWS = 60  # of a table on the page; the CSV file holds all
SHOWN_POINTS = 600  # of a table that is drawn
MOST_MB = 5  # of a page
COLOURS = 128  # of a picture in it
MARKUP = 2_000  # bytes around a picture, at most
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
        chart: how the page draws the rows.
    """

    stem: str
    caption: str
    figure: Figure | None = None
    rows: Sequence[Row] = ()
    columns: Sequence[str] = ()
    title: str = ""
    chart: Chart | None = None

    @classmethod
    def of_scan(
        cls,
        kind: str,
        words: str,
        caption: str,
        figure: Figure,
        table: pd.DataFrame | None = None,
        chart: Chart | None = None,
    ) -> "Exhibit":
        """A figure of points that differ in energy alone, named after what they share."""
        rows = () if table is None else records(table)
        stem = f"{kind}_{stem_of(words)}"
        return cls(stem, f"{words}: {caption}", figure, rows, title=words, chart=chart)

    @property
    def files(self) -> list[str]:
        """Names of its files."""
        endings = ["png", "pdf"] * (self.figure is not None) + ["csv"] * bool(self.rows)
        return [f"{self.stem}.{ending}" for ending in endings]

    @property
    def shared(self) -> list[str]:
        """Columns that are said once instead of in each row, which they are the same in."""
        conditions = [name for name in self.columns if name in (*CONDITIONS, "surface")]
        if self.columns or len(self.rows) < 2:
            return alike(conditions, self.rows)
        return alike([*self.rows[0]], self.rows)

    @property
    def shown(self) -> list[Column]:
        """The columns that the page shows, at once or when asked."""
        names = self.columns or list(self.rows[0])
        kept = [name for name in names if name not in self.shared]
        return columns_of(kept, self.rows[: self.most])

    @property
    def alike(self) -> str:
        """What all rows share, in words."""
        words = tell(self.rows[0], self.shared) if self.rows else ""
        return f"All rows: {words}" if words and len(self.rows) > 1 else words

    @property
    def most(self) -> int:
        """Rows on the page."""
        return SHOWN_POINTS if self.chart else SHOWN_ROWS

    @property
    def whole(self) -> bool:
        """Whether it fits on a page of paper."""
        return not (self.rows and self.columns)

    @property
    def width(self) -> int:
        """Of the picture on the page, pixels."""
        return round(96 * self.figure.get_figwidth() * 1.25) if self.figure else 0

    def picture(self, folder: Path) -> str:
        """The PNG in a folder in base64, a third as long by its fewer colours."""
        made = BytesIO()
        with Image.open(folder / f"{self.stem}.png") as picture:
            few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            few.save(made, "png", optimize=True)
        return base64.b64encode(made.getvalue()).decode()

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


def write_document(
    path: Path, title: str, lead: str, sections: Sequence[Section], answer: Sequence[str] = ()
) -> None:
    """Write the page, and beside it a folder of its stem with the files of every exhibit.

    Args:
        path: of the HTML file.
        title: heading.
        lead: one paragraph: what was asked.
        sections: those without anything to say are left out.
        answer: sentences: what came out.
    """
    folder = path.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    shown = [section for section in sections if section.sentences or section.exhibits]
    for section in shown:
        for exhibit in section.exhibits:
            exhibit.write(folder)
    render = partial(
        TEMPLATES.get_template("page.html").render,
        title=title,
        lead=lead,
        answer=answer,
        sections=shown,
        folder=folder,
        most_MB=MOST_MB,
        palette=" ".join(PALETTE),
        allowed={name: _hash_of(name) for name in ("page.css", "page.js")},
    )
    left = 1_000_000 * MOST_MB - len(render(pictures=defaultdict(str)).encode())
    write_whole(path, render(pictures=_pictures(shown, folder, left)).encode())


def _pictures(sections: Sequence[Section], folder: Path, left: int) -> dict[str, str]:
    """The pictures of exhibits in base64, by stem; empty where there is no room for all bytes."""
    pictures = {}
    for exhibit in (each for section in sections for each in section.exhibits if each.figure):
        picture = exhibit.picture(folder)
        fits = len(picture) + MARKUP <= left
        pictures[exhibit.stem] = picture if fits else ""
        left -= (len(picture) + MARKUP) * fits
    return pictures


@cache
def _hash_of(name: str) -> str:
    """What the page's policy calls a style or script that stands in it."""
    content = (Path(__file__).parent / name).read_bytes()
    return f"sha256-{base64.b64encode(sha256(content).digest()).decode()}"


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
