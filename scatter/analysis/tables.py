"""`sticking.csv`, written and read back, and other people's curves from CSV files.

An error says where: file, row (the header is row 1, as in a spreadsheet), column, value, fix.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from io import StringIO
from math import isclose, isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np

from scatter.analysis.curve import Curve, curves
from scatter.analysis.probability import Sticking, settled
from scatter.conditions import CONDITIONS, Value
from scatter.files import write_table
from scatter.foreign import reason, shown, text
from scatter.outcomes import OwnEnding
from scatter.settings import UserError

COUNTS = ("dissociated", "scattered", "undecided", "failed")
EARLIER = (*CONDITIONS, "n", *COUNTS, "S0", "low", "high")  # without bounds, where all was known
HEADER = (*EARLIER, "lowest", "highest")
STUCK, LEFT = "stuck_", "left_"  # before the name of an ending of one's own


def _text(name: str, value: Value) -> str:
    """Shortest form that reads back as the same value."""
    if value is None:
        return CONDITIONS[name].written
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def write_csv(path: Path, rows: Iterable[Sticking]) -> None:
    """Write `sticking.csv`, whole or not at all; S0 is `nan` where it is not known."""
    rows = list(rows)
    own = [_own_name(ending) for ending, _ in rows[0].others] if rows else []
    cells = (
        [*(_text(name, getattr(row, name)) for name in HEADER), *(n for _, n in row.others)]
        for row in rows
    )
    write_table(path, [*HEADER, *own], cells)


def _own_name(ending: OwnEnding) -> str:
    """What the column of an ending of one's own is called."""
    return f"{STUCK if ending.sticks else LEFT}{ending.name}"


@dataclass(frozen=True)
class _Line:
    """One line of a CSV file and how to complain about it."""

    where: str
    cells: dict[str, str]

    def refuse(self, column: str, rule: str) -> UserError:
        return UserError(
            f"{self.where}, column '{shown(column)}': {shown(self.cells[column])!r} {rule}"
        )

    def number(self, column: str) -> float:
        try:
            value = float(self.cells[column])
        except ValueError:
            raise self.refuse(column, "is not a number; write it like 0.25") from None
        if not isfinite(value):
            raise self.refuse(column, "is not a finite number; leave the row out")
        return value

    def count(self, column: str) -> int:
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
        value = self.number(column)
        if not 0 <= value <= 1:
            raise self.refuse(column, "is not between 0 and 1; divide by 100 if it is in percent")
        return value

    def sticking(self) -> Sticking:
        """The row of a `sticking.csv`; what follows from the counts must agree with them."""
        values: dict[str, Any] = {name: self.condition(name) for name in CONDITIONS}
        values |= {name: self.count(name) for name in COUNTS}
        row = Sticking(
            **values,
            known=self.cells["S0"] != _text("S0", nan) or not self.count("n"),
            others=tuple(
                (OwnEnding(name.removeprefix(prefix), prefix == STUCK), self.count(name))
                for name in self.cells
                for prefix in (STUCK, LEFT)
                if name.startswith(prefix)
            ),
        )
        for name in ("n", *HEADER[HEADER.index("S0") :]):
            if name in self.cells:
                self._compare(name, getattr(row, name))
        return row if "highest" in self.cells else _judged(row)

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


def _read(path: Path) -> tuple[list[str], list[_Line]]:
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
        _Line(f"{path}, row {line}", dict(zip(header, row, strict=True)))
        for line, row in filled[1:]
    ]


def _is_sticking(header: list[str]) -> bool:
    """Whether this is the header of a `sticking.csv`."""
    own = header[len(HEADER) :]
    whole = tuple(header) == (*HEADER, *own) and all(n.startswith((STUCK, LEFT)) for n in own)
    return whole or tuple(header) == EARLIER


def read_csv(path: Path) -> list[Sticking]:
    """The rows of a `sticking.csv`.

    Raises:
        UserError: the file is not one, or its numbers contradict one another.
    """
    header, lines = _read(path)
    if not _is_sticking(header):
        raise UserError(
            f"{path}, row 1: the header is not that of sticking.csv: {','.join(HEADER)}"
        )
    return [line.sticking() for line in lines]


def read_curve(path: Path, axis: str = "energy_eV", scale: float = 1.0) -> list[Curve]:
    """Curves to set beside one's own: from a `sticking.csv`, or from a simple CSV file.

    A simple file has the columns S0 and `axis`, and may have low and high (ends of the error bar)
    and label (one curve for each; otherwise the file's name). Other columns are left alone.

    Args:
        path: CSV file, separated by commas; lines that begin with # are comments.
        axis: one of `AXES`: the condition that the figure runs along.
        scale: multiplies S0, low and high.

    Raises:
        UserError: naming file, row, column, value and fix.
    """
    header, lines = _read(path)
    # Every campaign calls its table sticking.csv; the directory's name tells them apart.
    name = path.resolve().parent.name if path.stem == "sticking" else path.stem
    if _is_sticking(header):
        read = curves([line.sticking() for line in lines], axis, name)
    else:
        _refuse_columns(path, header, axis)
        read = _simple(lines, axis, name)
    return [_scaled(curve, scale, path) for curve in read] if scale != 1 else read


def _refuse_columns(path: Path, header: list[str], axis: str) -> None:
    """Raise unless a simple file has the columns it needs, each once and rightly spelt."""
    known = (axis, "S0", "low", "high", "label")
    for column in header:
        if header.count(column) > 1:
            raise UserError(
                f"{path}, row 1: column '{shown(column)}' occurs twice; rename one of them"
            )
        for meant in known:
            if column.casefold() == meant.casefold() and column != meant:
                raise UserError(f"{path}, row 1: unknown column '{column}'; write '{meant}'")
    missing = [column for column in known[:2] if column not in header]
    missing += [column for column in ("low", "high") if ("low" in header) != ("high" in header)]
    missing = [column for column in missing if column not in header]
    if missing:
        columns = shown(", ".join(map(repr, header)), 200)
        raise UserError(
            f"{path}, row 1: no column '{missing[0]}' among {columns}; "
            f"an overlay needs {axis} and S0, and may have low and high (both), and label"
        )


def _simple(lines: list[_Line], axis: str, name: str) -> list[Curve]:
    """The curves of a simple file, one per label, each sorted along the axis."""
    groups: dict[str, list[tuple[float, ...]]] = {}
    for line in lines:
        values = (line.number(axis), *line.interval("low" in line.cells))
        groups.setdefault(line.cells.get("label") or name, []).append(values)
    return [
        Curve(label, {}, axis, x, S0, low, high, np.full(len(x), nan), np.full(len(x), nan))
        for label, group in groups.items()
        for x, S0, low, high in (np.array(sorted(group)).T,)
    ]


def _scaled(curve: Curve, scale: float, path: Path) -> Curve:
    """The curve with its S0 multiplied, and a label that says so."""
    largest = float(np.nanmax(np.where(curve.open, curve.highest, curve.S0), initial=0))
    if not 0 <= scale * largest <= 1:
        raise UserError(
            f"{path}: scale = {scale:g} takes S0 = {largest:g} out of 0 to 1; "
            "choose a smaller factor"
        )
    names = ("S0", "low", "high", "highest", "lowest")
    values = {name: scale * getattr(curve, name) for name in names}
    return replace(curve, label=f"{curve.label} × {scale:g}", **values)
