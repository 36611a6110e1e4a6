"""One self-contained HTML page of sections, with each figure as PNG and PDF and its numbers as CSV.

The page holds all that it shows: it opens without a network, and prints on A4.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scatter.files import write_table, write_whole
from scatter.plots.conditions import head
from scatter.plots.style import save

SHOWN_ROWS = 60  # of a table on the page; the CSV file holds all
STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #111; background: #fff;
  max-width: 62rem; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; margin-bottom: .2rem; } h2 { margin-top: 2.5rem; font-size: 1.25rem;
  border-bottom: 1px solid #999; } .lead { font-size: 1.05rem; } nav a { margin-right: 1rem; }
figure { margin: 1.2rem 0; break-inside: avoid; } figure img { max-width: 100%; display: block; }
figcaption { color: #333; max-width: 48rem; } table { border-collapse: collapse; font-size: 13px;
  font-variant-numeric: tabular-nums; margin: .6rem 0; } .wide { overflow-x: auto; }
th, td { padding: .15rem .6rem; border-bottom: 1px solid #ccc; text-align: right; }
th:first-child, td:first-child { text-align: left; white-space: nowrap; }
th { border-bottom: 1.5px solid #111; }
.files { font-size: 12px; color: #333; } details { margin: .3rem 0; } a { color: #0072B2; }
@media print { body { font-size: 10pt; margin: 0; max-width: none; } nav, details, .files
  { display: none; } table { font-size: 6.5pt; } th, td { padding: .1rem .25rem; }
  .wide { overflow: visible; } tr { break-inside: avoid; } h2 { break-after: avoid; }
  a { color: inherit; text-decoration: none; } }
@page { size: A4; margin: 18mm; }
"""


@dataclass(frozen=True)
class Exhibit:
    """A figure, its numbers, or both.

    Attributes:
        stem: name of its files.
        caption: a sentence or two, with the units and what the error bars are.
        figure: of `scatter.plots`, if there is one.
        rows: the numbers: a table, or mappings with the same keys.
        columns: of the rows, those that the page shows as a table at once; all are in the CSV.
        title: conditions that all of the figure shares, written above it.
    """

    stem: str
    caption: str
    figure: Any = None
    rows: pd.DataFrame | Sequence[Mapping[str, Any]] = ()
    columns: Sequence[str] = ()
    title: str = ""


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


def write_document(path: Path, title: str, lead: str, sections: Sequence[Section]) -> None:
    """Write the page, and beside it a folder of its stem with the files of every exhibit.

    Args:
        path: of the HTML file.
        title: heading.
        lead: one paragraph: what was asked.
        sections: those without anything to say are left out.
    """
    shown = [one for one in sections if one.sentences or one.exhibits]
    folder = path.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    body = [f"<h1>{escape(title)}</h1>", f'<p class="lead">{escape(lead)}</p>', "<nav>"]
    body += [f'<a href="#{_anchor(one)}">{escape(one.title)}</a>' for one in shown]
    body.append("</nav>")
    for section in shown:
        body.append(f'<h2 id="{_anchor(section)}">{escape(section.title)}</h2>')
        body += [f"<p>{escape(sentence)}</p>" for sentence in section.sentences]
        for exhibit in section.exhibits:
            body += _exhibit(exhibit, folder)
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )
    write_whole(path, page.encode())


def _anchor(section: Section) -> str:
    return section.title.lower().replace(" ", "-")


def _exhibit(one: Exhibit, folder: Path) -> Iterator[str]:
    """The figure and its numbers, written to the folder and onto the page."""
    yield "<figure>"
    endings = []
    if one.figure is not None:
        if one.title:
            head(one.figure, one.title)
        save(one.figure, folder / one.stem)
        picture = base64.b64encode((folder / f"{one.stem}.png").read_bytes()).decode()
        width = round(96 * one.figure.get_figwidth() * 1.25)
        source = f"data:image/png;base64,{picture}"
        yield f'<img src="{source}" width="{width}" alt="{escape(one.caption)}">'
        endings += ["png", "pdf"]
    yield f"<figcaption>{escape(one.caption)}</figcaption>"
    if len(one.rows):
        write_rows(folder / f"{one.stem}.csv", one.rows)
        endings.append("csv")
        if one.columns:
            yield from _table(one.rows, one.columns)
        else:
            yield f"<details><summary>Numbers ({len(one.rows)} rows)</summary>"
            yield from _table(one.rows)
            yield "</details>"
    places = (f"{folder.name}/{one.stem}.{ending}" for ending in endings)
    links = " · ".join(f'<a href="{escape(place)}">{escape(place)}</a>' for place in places)
    yield f'<div class="files">{links}</div></figure>'


def records(rows: pd.DataFrame | Sequence[Mapping[str, Any]]) -> Sequence[Mapping[Any, Any]]:
    """Rows as mappings of Python's own values; what is missing is None or NaN."""
    if not isinstance(rows, pd.DataFrame):
        return rows
    return rows.astype(object).where(rows.notna(), None).to_dict("records")


def write_rows(path: Path, rows: pd.DataFrame | Sequence[Mapping[str, Any]]) -> None:
    """Write rows, at least one, as CSV, whole or not at all; None and NaN are empty."""
    plain = records(rows)
    write_table(path, plain[0], (row.values() for row in plain))


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float | np.floating) and bool(np.isnan(value)))


def _table(
    rows: pd.DataFrame | Sequence[Mapping[str, Any]], columns: Sequence[str] = ()
) -> Iterator[str]:
    plain = records(rows)
    names = columns or [*plain[0]]
    yield '<div class="wide"><table><thead><tr>'
    yield "".join(f"<th>{escape(name)}</th>" for name in names) + "</tr></thead><tbody>"
    for row in plain[:SHOWN_ROWS]:
        cells = "".join(f"<td>{escape(_text(row[name]))}</td>" for name in names)
        yield f"<tr>{cells}</tr>"
    yield "</tbody></table></div>"
    if len(plain) > SHOWN_ROWS:
        yield f"<p>{len(plain) - SHOWN_ROWS} more rows are in the CSV file.</p>"


def _text(value: Any) -> str:
    if _missing(value):
        return "–"
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)
