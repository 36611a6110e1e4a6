"""`sticking.csv`, written and read back.

An error says where: file, row (the header is row 1, as in a spreadsheet), column, value, fix.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from io import StringIO
from math import isclose, isfinite, nan
from pathlib import Path

from scatter.analysis.probability import COUNTS, Sticking, settled
from scatter.analysis.repeated import Repeated
from scatter.conditions import ABSENT, CONDITIONS, OF_KIND, Value, kind_of
from scatter.files import write_table
from scatter.foreign import reason, shown, text
from scatter.outcomes import OwnEnding
from scatter.settings import UserError

EARLIER_END = ("n", *COUNTS, "S0", "low", "high")  # without bounds, where all was known
END = (*EARLIER_END, "lowest", "highest")
HEADERS = {kind: (*names, *END) for kind, names in OF_KIND.items()}  # by kind of projectile
HEADER = HEADERS["diatomic"]
EARLIER = (*OF_KIND["diatomic"], *EARLIER_END)
DESIGN = "design"  # where trajectories shared snapshots of the slab
REPEATED = ("replicates", "replicates_mean", "replicates_spread")  # where a point was split
STUCK, LEFT = "stuck_", "left_"  # before the name of a custom ending


def _text(name: str, value: Value) -> str:
    """Shortest form that reads back as the same value."""
    if value is None:
        return CONDITIONS[name].written
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def write_csv(path: Path, rows: Iterable[Sticking]) -> None:
    """Write `sticking.csv`, whole or not at all; S0 is `nan` where it is not known."""
    rows = list(rows)
    own = [_own_name(ending) for ending, _ in rows[0].others] if rows else []
    header = HEADERS[kind_of(rows[0])] if rows else HEADER
    header += (DESIGN,) if any(row.design > 1 for row in rows) else ()
    split = REPEATED if any(row.repeated for row in rows) else ()
    cells = (
        [
            *(_text(name, getattr(row, name)) for name in header),
            *(n for _, n in row.others),
            *(_repeated(row) if split else ()),
        ]
        for row in rows
    )
    write_table(path, [*header, *own, *split], cells)


def _repeated(row: Sticking) -> tuple[str, str, str]:
    """The columns of a point that was split, or might have been."""
    P = row.repeated or Repeated(0, nan, nan)
    return str(P.count), _text("", P.mean), _text("", P.spread)


def _own_name(ending: OwnEnding) -> str:
    """What the column of a custom ending is called."""
    return f"{STUCK if ending.sticks else LEFT}{ending.name}"


@dataclass(frozen=True)
class Line:
    """One line of a CSV file and how to complain about it."""

    where: str
    cells: dict[str, str]

    def refuse(self, column: str, rule: str) -> UserError:
        """The complaint about a cell: where it is, and the rule that it breaks."""
        return UserError(
            f"{self.where}, column '{shown(column)}': {shown(self.cells[column])!r} {rule}"
        )

    def number(self, column: str) -> float:
        """A finite number."""
        try:
            value = float(self.cells[column])
        except ValueError:
            raise self.refuse(column, "is not a number; write it like 0.25") from None
        if not isfinite(value):
            raise self.refuse(column, "is not a finite number; leave the row out")
        return value

    def count(self, column: str) -> int:
        """A whole number that is not negative."""
        if not re.fullmatch(r"[0-9]{1,9}", self.cells[column]):
            raise self.refuse(column, "is not a whole number >= 0; write it like 12")
        return int(self.cells[column])

    def condition(self, name: str) -> Value:
        """A condition, as `_text` has written it."""
        condition = CONDITIONS[name]
        if condition.unchosen and self.cells[name] == condition.written:
            return None
        if condition.kind == "str":
            return self.cells[name]
        return self.number(name) if condition.kind == "f8" else self.count(name)

    def probability(self, column: str) -> float:
        """A number from 0 to 1."""
        value = self.number(column)
        if not 0 <= value <= 1:
            raise self.refuse(column, "is not between 0 and 1; divide by 100 if it is in percent")
        return value

    def sticking(self) -> Sticking:
        """The row of a `sticking.csv`; what follows from the counts must agree with them."""
        values = dict(ABSENT)
        values |= {name: self.condition(name) for name in CONDITIONS if name in self.cells}
        values |= {name: self.count(name) for name in COUNTS}
        split = self.repeated()
        row = Sticking(
            **values,
            repeated=split,
            design=self.design(),
            known=self.cells["S0"] != _text("S0", nan) or not (split or self.count("n")),
            others=tuple(
                (OwnEnding(name.removeprefix(prefix), prefix == STUCK), self.count(name))
                for name in self.cells
                for prefix in (STUCK, LEFT)
                if name.startswith(prefix)
            ),
        )
        for name in ("n", *END[END.index("S0") :]):
            if name in self.cells:
                self._compare(name, getattr(row, name))
        return row if "highest" in self.cells else _judged(row)

    def repeated(self) -> Repeated | None:
        """What replicates said, where the point was split."""
        if REPEATED[0] not in self.cells or not self.count(REPEATED[0]):
            return None
        spread = REPEATED[2]
        unknown = self.cells[spread] == _text("", nan)
        return Repeated(
            self.count(REPEATED[0]),
            self.probability(REPEATED[1]),
            nan if unknown else self.number(spread),
        )

    def design(self) -> float:
        """The design effect; 1 in a file without."""
        design = self.number(DESIGN) if DESIGN in self.cells else 1.0
        if design < 1:
            raise self.refuse(DESIGN, "is below 1; leave the column out")
        return design

    def _compare(self, name: str, value: float) -> None:
        """Raise unless a cell holds what follows from the counts."""
        due = _text(name, value)
        if self.cells[name] != due and not isclose(self.number(name), value, rel_tol=1e-6):
            rule = f"does not follow from the counts, which give {due}"
            raise self.refuse(name, f"{rule}; write the file anew with `scatter analyse`")

    def interval(self, bounded: bool) -> tuple[float, float, float]:
        """S0, low, high of a row of a simple file; the last two NaN where it has none."""
        S0 = self.probability("S0")
        if not bounded:
            return S0, nan, nan
        low, high = self.number("low"), self.number("high")
        if not low <= S0:
            raise self.refuse("low", f"is above S0 = {S0:g}; give the ends of the interval")
        if not S0 <= high:
            raise self.refuse("high", f"is below S0 = {S0:g}; give the ends of the interval")
        return S0, low, high


def _judged(row: Sticking) -> Sticking:
    """A row of a file that does not say where S0 is known: by what is allowed by default."""
    return replace(row, known=settled(row.undecided + row.failed, row.n))


def read_lines(path: Path) -> tuple[list[str], list[Line]]:
    """Header and rows of a CSV file; empty lines and those that begin with # are left out."""
    try:
        reader = csv.reader(StringIO(text(path), newline=""), skipinitialspace=True)
        cells = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise UserError(f"{path}: is not a CSV file in UTF-8 ({reason(error)})") from None
    filled = [(line, row) for line, row in cells if any(row) and not row[0].startswith("#")]
    if len(filled) < 2:
        raise UserError(f"{path}: holds no data; it needs a header and at least one row")
    header = filled[0][1]
    for line, row in filled[1:]:
        if len(row) != len(header):
            raise UserError(
                f"{path}, row {line}: {len(row)} values under a header of {len(header)} columns; "
                "write decimals with a point, and text that holds a comma in quotes"
            )
    return header, [
        Line(f"{path}, row {line}", dict(zip(header, row, strict=True))) for line, row in filled[1:]
    ]


def is_sticking(header: list[str]) -> bool:
    """Whether this is the header of a `sticking.csv`."""
    if tuple(header[-len(REPEATED) :]) == REPEATED:
        header = header[: -len(REPEATED)]
    usual = [name for name in header if not name.startswith((STUCK, LEFT))]
    own, known = header[len(usual) :], usual[:-1] if usual[-1:] == [DESIGN] else usual
    return (tuple(known) in HEADERS.values() and header == [*usual, *own]) or (
        tuple(header) == EARLIER
    )


def read_csv(path: Path) -> list[Sticking]:
    """The rows of a `sticking.csv`.

    Raises:
        UserError: the file is not one, or its numbers contradict one another.
    """
    header, lines = read_lines(path)
    if not is_sticking(header):
        raise UserError(
            f"{path}, row 1: the header is not that of sticking.csv: {','.join(HEADER)}"
        )
    return [line.sticking() for line in lines]
