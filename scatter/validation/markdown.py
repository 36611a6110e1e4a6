"""Pieces of a Markdown document: numbers with their errors, tables, figures."""

from collections.abc import Iterator, Sequence
from math import floor, log10

from scatter.validation.pieces import Piece

Rows = list[list[str]]


def number(value: float | None, error: float | None = None) -> str:
    """A value to two digits of its standard error, or with four digits; — for none."""
    if value is None:
        return "—"
    if not error:
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:.1f}"
    digits = max(0, 1 - floor(log10(error)))
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def table(header: Sequence[str], rows: Rows) -> Iterator[str]:
    """Lines of a table."""
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def figures(piece: Piece) -> Iterator[str]:
    """Lines that show the figures of a piece."""
    for figure in piece["figures"]:
        yield ""
        yield f"![{figure.removesuffix('.png')}]({figure})"
