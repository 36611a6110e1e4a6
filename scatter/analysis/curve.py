"""Sticking probabilities set along the condition that was scanned."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from scatter.analysis.probability import Sticking
from scatter.conditions import CONDITIONS, Value, applying, grouped
from scatter.settings import UserError

# What a curve may run along, the likeliest first.
ALONG = sorted((c.axis.rank, name) for name, c in CONDITIONS.items() if c.axis)
AXES = tuple(name for _, name in ALONG)


@dataclass(frozen=True)
class Curve:
    """S0 along one condition, all others fixed; arrays of shape (point,), NaN where not known.

    Attributes:
        label: where it comes from; empty for the campaign itself.
        conditions: all conditions but the one that is scanned, and the surface's name; empty where
            not known.
        axis: the scanned condition, one of `AXES`.
        x: its values, increasing.
        S0: sticking probability; NaN where too many trajectories are undecided or failed.
        low: lower end of its interval; where it is not known, of that of `lowest`.
        high: upper end of its interval; where it is not known, of that of `highest`.
        highest: S0 had all undecided and failed trajectories dissociated.
        lowest: S0 had none of them dissociated.
        split: where S0 is that of replicates; None where nothing is known of that.
        rows: the points themselves, whose counts a fit needs; none of other people's curves.
    """

    label: str
    conditions: dict[str, Value]
    axis: str
    x: Float[np.ndarray, " point"]
    S0: Float[np.ndarray, " point"]
    low: Float[np.ndarray, " point"]
    high: Float[np.ndarray, " point"]
    highest: Float[np.ndarray, " point"]
    lowest: Float[np.ndarray, " point"]
    split: Bool[np.ndarray, " point"] | None = None
    rows: tuple[Sticking, ...] = ()

    @property
    def open(self) -> Bool[np.ndarray, " point"]:
        """Where S0 is not known, but lies between `lowest` and `highest`."""
        return np.isnan(self.S0) & np.isfinite(self.highest)


def scanned(rows: Sequence[Sticking]) -> str:
    """The condition that curves run along: the first of `AXES` that varies, all else fixed."""
    for axis in AXES:
        for group in grouped(rows, axis):
            if len({getattr(row, axis) for row in group}) > 1:
                return axis
    return next(axis for axis in AXES if not rows or axis in applying(rows[0]))


def curves(rows: Sequence[Sticking], axis: str, label: str = "") -> list[Curve]:
    """One curve along `axis` for each set of the other conditions.

    Raises:
        UserError: two rows have the same conditions.
    """
    return [_curve(group, axis, label) for group in grouped(rows, axis)]


def _curve(group: list[Sticking], axis: str, label: str) -> Curve:
    group = sorted(group, key=lambda row: getattr(row, axis))
    x = [getattr(row, axis) for row in group]
    if len(set(x)) < len(x):
        twice = next(a for a, b in zip(x, x[1:], strict=False) if a == b)
        raise UserError(
            f"{label or 'the results to plot'}: two rows have the same conditions "
            f"({axis} = {twice:g}); show one of them as an overlay"
        )
    names = [name for name in ("surface", *applying(group[0])) if name != axis]
    fixed = {name: getattr(group[0], name) for name in names}
    columns = ("S0", "low", "high", "highest", "lowest")
    values = [np.array([float(getattr(row, name)) for row in group]) for name in columns]
    split = np.array([row.repeated is not None for row in group])
    x_values = np.array(x, dtype=float)
    return Curve(label, fixed, axis, x_values, *values, split=split, rows=tuple(group))
