"""Pieces of a Markdown document: numbers with their errors, tables, figures."""

from collections.abc import Iterator, Sequence
from math import floor, log10

from scatter.validation.pieces import Piece

Rows = list[list[str]]
ERROR_OF = "standard error of the "  # how a row is called that holds another's standard error


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


def property_header(validation: Piece) -> list[str]:
    """The header of a table of `property_rows`."""
    own, its = validation["potential"]["name"], validation["reference"]["name"]
    return ["quantity", "unit", own, its, "difference"]


def property_rows(given: Sequence[Piece]) -> Rows:
    """Rows for people: a standard error stands beside what it is of."""
    rows = {row["quantity"]: row for row in given}
    return [
        _property_row(row, rows.get(ERROR_OF + quantity))
        for quantity, row in rows.items()
        if not quantity.startswith(ERROR_OF)
    ]


def _property_row(row: Piece, error: Piece | None) -> list[str]:
    own, its = (error["potential"], error["reference"]) if error else (None, None)
    both = (own**2 + its**2) ** 0.5 if own and its else None
    return [
        row["quantity"],
        row["unit"],
        _digits(row["potential"], own),
        _digits(row["reference"], its),
        _digits(row["difference"], both),
    ]


def _digits(value: float | None, error: float | None) -> str:
    """Four decimals where no error says how many."""
    return number(value, error) if error or value is None else f"{value:.4f}"
