"""How the page shows a table: headings with units, an interval in one cell, what all rows share."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any

import numpy as np

from scatter.analysis.words import FATES
from scatter.conditions import CONDITIONS

Row = Mapping[Any, Any]
UNITS = {  # how names of columns end
    "_A_per_fs": "Å/fs",
    "_m_s": "m/s",
    "_meV": "meV",
    "_eV": "eV",
    "_deg": "°",
    "_per_cm": "cm⁻¹",
    "_fs": "fs",
    "_K": "K",
    "_A": "Å",
}
QUANTA = ("v_final", "J_final")
HEADINGS = {
    "p_value": "p",
    "low": "95 %",
    "low_all": "95 % of all",
    "lowest": "bounds",
    "A0_2": "A0(2)",
    "kappa": "κ",
    "S_thermal": "S_th",
    "polar_deg": "polar angle (°)",
    "azimuth_deg": "azimuth (°)",
    "mJ": "m_J",
}


@dataclass(frozen=True)
class Column:
    """A column of the page: one of the rows, or the two that are the ends of an interval.

    Attributes:
        names: of the columns of the rows.
        heading: above it.
        form: of all its numbers, so that they can be compared; "": each, or each interval, its own.
        words: whether it holds text.
    """

    names: tuple[str, ...]
    heading: str
    form: str
    words: bool

    def text(self, row: Row) -> str:
        """What a row's cell shows."""
        values = [row[name] for name in self.names]
        if len(values) == 1:
            return _unchosen(self.names[0], values[0]) or self._number(values[0])
        if any(map(missing, values)):
            return "–"
        form = self.form or _form_of_width(*values)
        low, high = (self._number(value, form) for value in values)
        return f"{low} to {high}" if {*(low + high)} & {"-", "e"} else f"{low}–{high}"

    def _number(self, value: object, form: str = "") -> str:
        form = form or self.form
        return f"{value:{form}}" if form and _broken(value) else plain(value)


def columns_of(names: Sequence[str], rows: Sequence[Row]) -> list[Column]:
    """The columns of the page; the ends of an interval, which stand side by side, are one."""
    made, left = [], [*names]
    while left:
        name = left.pop(0)
        high = name.replace("low", "high", 1)
        ends = (name, high) if high != name and left[:1] == [high] else (name,)
        left = left[len(ends) - 1 :]
        title = _interval_heading(name, made) if len(ends) > 1 else heading(name)
        values = [row[end] for row in rows for end in ends]
        words = any(isinstance(value, str) for value in values)
        form = _form(values, len(ends)) if name not in CONDITIONS else ""
        made.append(Column(ends, title, form, words))
    return made


def _form(values: Sequence[object], ends: int) -> str:
    """Powers of ten; or as many decimals as the number with the most of them shows.

    Intervals that need no powers of ten have a form each.
    """
    texts = [plain(value) for value in values if _broken(value)]
    if any("e" in text for text in texts):
        return ".2e"
    places = max((len(text.partition(".")[2]) for text in texts), default=0)
    return f".{places}f" if texts and ends == 1 else ""


def _form_of_width(low: Any, high: Any) -> str:
    """As many decimals as give the width of an interval two digits."""
    width = high - low if _broken(low) and _broken(high) else 0.0
    return f".{max(0, 1 - floor(log10(width)))}f" if width > 0 else ""


def _broken(value: object) -> bool:
    """Whether a value is a finite number that may have decimals."""
    return isinstance(value, float | np.floating) and bool(np.isfinite(value))


def _interval_heading(name: str, before: Sequence[Column]) -> str:
    """That of the estimate stands before it, as a rule; what it is of is said where it does not."""
    if name in HEADINGS:
        return HEADINGS[name]
    estimate = name.replace("_low", "", 1).replace("low_", "", 1)
    last = before[-1].names[0] if before else ""
    known = last.startswith(estimate) or last.endswith(estimate)
    return "95 %" if known else f"95 % of {heading(estimate)}"


def heading(name: str) -> str:
    """A column's name in words, with its unit."""
    if name in HEADINGS:
        return HEADINGS[name]
    for ending, unit in UNITS.items():
        if str(name).endswith(ending):
            return f"{heading(str(name).removesuffix(ending))} ({unit})"
    whole = str(name)
    if whole in ("v_final", "J_final"):
        return f"{whole[0]}′"
    return whole.replace("_", " ")


def alike(names: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Of columns those whose values are the same in all rows."""
    return [name for name in names if len({plain(row[name]) for row in rows}) == 1]


def worded(name: str, value: Any) -> str:
    """A value with its name, as "v = 0" or "600 K"."""
    condition = CONDITIONS.get(name)
    if name == "surface":
        return plain(value)
    if name == "channel":
        return FATES[value]
    if condition is None:
        return f"{heading(name)}{' = ' if name in QUANTA else ' '}{plain(value)}"
    if name == "facet":
        return f"facet ({value})"
    if missing(value):
        return condition.unchosen
    text = _unchosen(name, value)
    return condition.zero if condition.zero and not value else condition.words.format(text)


def tell(row: Row, names: Sequence[str]) -> str:
    """Values of a row with their names, without those that go without saying."""
    return ", ".join(text for name in names if (text := worded(name, row[name])))


def missing(value: object) -> bool:
    """Whether a value is none, or not a number."""
    return value is None or (isinstance(value, float | np.floating) and bool(np.isnan(value)))


def plain(value: object) -> str:
    """A value in a cell: numbers with three digits, or all that stand before the point."""
    if missing(value):
        return "–"
    if not isinstance(value, float | np.floating):
        return str(value)
    return f"{value:.0f}" if 100 <= abs(value) < 1e6 else f"{value:.3g}"


def _unchosen(name: str, value: object) -> str:
    """A condition as it was chosen, in all its digits; "" for what is none."""
    if name not in CONDITIONS:
        return ""
    if missing(value):
        return CONDITIONS[name].unchosen.removesuffix(" azimuth")
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)


def numbers_of(row: Row, **named: str) -> Iterator[tuple[str, str]]:
    """Values of a row by other names, each as it is read back; empty where it is none."""
    for other, name in named.items():
        yield other, "" if missing(row[name]) else repr(float(row[name]))
