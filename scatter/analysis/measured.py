"""Measured curves and times of flight, and other people's curves, from CSV files."""

from dataclasses import replace
from math import nan
from pathlib import Path

import numpy as np
from jaxtyping import Float

from scatter.analysis.curve import Curve, curves
from scatter.analysis.tables import Line, is_sticking, read_lines
from scatter.foreign import shown
from scatter.settings import UserError


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
    header, lines = read_lines(path)
    # Every campaign calls its table sticking.csv; the directory's name tells them apart.
    name = path.resolve().parent.name if path.stem == "sticking" else path.stem
    if is_sticking(header):
        read = curves([line.sticking() for line in lines], axis, name)
    else:
        _refuse_columns(path, header, axis)
        read = _simple(lines, axis, name)
    return [_scaled(curve, scale, path) for curve in read] if scale != 1 else read


def read_flight(path: Path) -> tuple[Float[np.ndarray, " bin"], Float[np.ndarray, " bin"]]:
    """Centres of bins (µs) and counts of a time of flight, from columns time_us and counts.

    Args:
        path: CSV file, separated by commas; lines that begin with # are comments.

    Raises:
        UserError: naming file, row, column, value and fix; or bins are not equally wide.
    """
    header, lines = read_lines(path)
    for column in ("time_us", "counts"):
        if header.count(column) != 1:
            raise UserError(
                f"{path}, row 1: needs one column '{column}'; a time of flight has time_us and "
                "counts"
            )
    time, counts = (
        np.array([line.number(name) for line in lines]) for name in ("time_us", "counts")
    )
    width = np.diff(time)
    if len(time) < 2 or (width <= 0).any() or np.ptp(width) > 1e-3 * width.mean():
        raise UserError(
            f"{path}: time_us must rise in equal steps, since all bins must be equally wide"
        )
    if (counts < 0).any() or (counts != np.round(counts)).any():
        raise UserError(f"{path}: counts must be whole numbers, as they were counted")
    return time, counts


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


def _simple(lines: list[Line], axis: str, name: str) -> list[Curve]:
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
    return replace(curve, label=f"{curve.label} × {scale:.4g}", rows=(), **values)
