"""Tables for a terminal of any width, in which no number is cut off or broken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

GAP = "  "  # between columns, and before what stands under a heading
NARROWEST = 20  # columns of a terminal; below, lines are left to it
WHOLE = "\N{NO-BREAK SPACE}"

Row = tuple[Sequence[str], Sequence[str]]


@dataclass(frozen=True)
class Listing:
    """Rows of text: on the left what names a row, on the right its numbers.

    Where a line is too short for all of it, the names that change slowest, which stand first,
    become headings, as many as must; where the numbers alone are too long for a line, each is
    written behind its name, and lines end between two of them.

    Attributes:
        names: headers of the columns that name a row.
        numbers: headers of its numbers.
        rows: for each row the cells of either.
        title: above the table.
        labelled: whether a heading needs the names of its columns to be understood.
    """

    names: Sequence[str]
    numbers: Sequence[str]
    rows: Sequence[Row]
    title: str = ""
    labelled: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table as rich prints it."""
        for line in self._title(options.max_width):
            yield Text(line, style="bold", no_wrap=True)
        for line in self._body(options.max_width):
            yield Text(line, no_wrap=True)

    def lines(self, width: int) -> list[str]:
        """The table in lines of so many columns, without spaces at their ends."""
        return [*self._title(width), *self._body(width)]

    def _title(self, width: int) -> Iterator[str]:
        yield from _broken(self.title.split(", "), max(width, NARROWEST))

    def _body(self, width: int) -> Iterator[str]:
        width = max(width, NARROWEST)
        for above in range(len(self.names) + 1):
            widths = self._widths(above)
            indent = GAP if above else ""
            if len(indent) + sum(widths) + len(GAP) * (len(widths) - 1) <= width:
                yield from self._table(above, widths, indent, width)
                return
        yield from self._records(width)

    def _widths(self, above: int) -> list[int]:
        """Of the columns that are left when the first names stand above them."""
        header = [*self.names[above:], *self.numbers]
        cells = [[*names[above:], *numbers] for names, numbers in self.rows]
        return [max(map(cell_len, column)) for column in zip(header, *cells, strict=True)]

    def _table(self, above: int, widths: Sequence[int], indent: str, width: int) -> Iterator[str]:
        left = len(self.names) - above
        yield indent + _line([*self.names[above:], *self.numbers], widths, left)
        for heading, group in groupby(self.rows, lambda row: list(row[0][:above])):
            yield from _broken(self._heading(heading), width)
            for names, numbers in group:
                yield indent + _line([*names[above:], *numbers], widths, left)

    def _records(self, width: int) -> Iterator[str]:
        for names, numbers in self.rows:
            yield from _broken(self._heading(names), width)
            named = zip(self.numbers, numbers, strict=True)
            counted = [f"{name} {number}" for name, number in named if number]
            yield from _broken(counted, width, GAP)

    def _heading(self, cells: Sequence[str]) -> list[str]:
        """What is said of rows that share these first cells."""
        if not self.labelled:
            return ", ".join(cell for cell in cells if cell).split(", ")  # a cell may hold several
        labelled = zip(self.names[: len(cells)], cells, strict=True)
        return [f"{name} {cell}" for name, cell in labelled if cell]


def _line(cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    """Cells in columns, the first ones flush left and the others flush right."""
    padded = []
    for n, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        space = " " * (width - cell_len(cell))
        padded.append(cell + space if n < left else space + cell)
    return GAP.join(padded).rstrip()


def _broken(items: Sequence[str], width: int, indent: str = "") -> Iterator[str]:
    """Items after one another, in lines that end between two of them where they can."""
    text = ", ".join(item.replace(" ", WHOLE) for item in items)
    for line in wrap(
        text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    ):
        yield line.replace(WHOLE, " ")
