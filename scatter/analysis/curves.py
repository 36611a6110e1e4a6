"""Sticking probabilities set along the condition that was scanned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from scatter.analysis.probability import CONDITIONS, Condition, Sticking
from scatter.settings import UserError

AXES = ("energy_eV", "polar_deg", "T_K")  # what a curve may run along, the likeliest first


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
    """

    label: str
    conditions: dict[str, Condition]
    axis: str
    x: Float[np.ndarray, " point"]
    S0: Float[np.ndarray, " point"]
    low: Float[np.ndarray, " point"]
    high: Float[np.ndarray, " point"]
    highest: Float[np.ndarray, " point"]
    lowest: Float[np.ndarray, " point"]

    @property
    def open(self) -> Bool[np.ndarray, " point"]:
        """Where S0 is not known, but lies between `lowest` and `highest`."""
        return np.isnan(self.S0) & np.isfinite(self.highest)


def _grouped(rows: Iterable[Sticking], axis: str) -> list[list[Sticking]]:
    """Rows that agree in all conditions but `axis`, in the order of their first row."""
    groups: dict[tuple[Condition, ...], list[Sticking]] = {}
    for row in rows:
        fixed = tuple(getattr(row, name) for name in CONDITIONS if name != axis)
        groups.setdefault(fixed, []).append(row)
    return list(groups.values())


def scanned(rows: Sequence[Sticking]) -> str:
    """The condition that curves run along: the first of `AXES` that varies, all else fixed."""
    for axis in AXES:
        for group in _grouped(rows, axis):
            if len({getattr(row, axis) for row in group}) > 1:
                return axis
    return AXES[0]


def curves(rows: Sequence[Sticking], axis: str, label: str = "") -> list[Curve]:
    """One curve along `axis` for each set of the other conditions.

    Raises:
        UserError: two rows have the same conditions.
    """
    return [_curve(group, axis, label) for group in _grouped(rows, axis)]


def _curve(group: list[Sticking], axis: str, label: str) -> Curve:
    group = sorted(group, key=lambda row: getattr(row, axis))
    x = [getattr(row, axis) for row in group]
    if len(set(x)) < len(x):
        twice = next(a for a, b in zip(x, x[1:], strict=False) if a == b)
        raise UserError(
            f"{label or 'the results to plot'}: two rows have the same conditions "
            f"({axis} = {twice:g}); show one of them as an overlay"
        )
    fixed = {name: getattr(group[0], name) for name in ("surface", *CONDITIONS) if name != axis}
    columns = ("S0", "low", "high", "highest", "lowest")
    values = [np.array([float(getattr(row, name)) for row in group]) for name in columns]
    return Curve(label, fixed, axis, np.array(x, dtype=float), *values)
