"""Points whose S0 is not known: what is drawn in place of a marker."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from scatter.analysis import Sticking

PerPoint = Float[np.ndarray, " point"]
UNKNOWN = "$S_0$ not known: bounds"


def brackets(
    axes: Axes, x: PerPoint, lowest: PerPoint, highest: PerPoint, colour: Any, zorder: float = 3
) -> None:
    """Brackets that reach from the least to the largest that S0 can be; no marker, no line.

    Args:
        axes: to draw in.
        x: where.
        lowest: S0 had no undecided or failed trajectory dissociated.
        highest: S0 had all of them dissociated.
        colour: of the curve that they belong to.
        zorder: of that curve.
    """
    if len(x):
        middle, half = 0.5 * (lowest + highest), 0.5 * (highest - lowest)
        axes.errorbar(
            x, middle, half, fmt="none", ecolor=colour, capsize=5, elinewidth=0.7, zorder=zorder
        )


def bracket_handle() -> tuple[Any, str]:
    """What stands for brackets in a legend, and its text."""
    handle = Line2D([], [], color="0.3", linestyle="none", marker="$\\mathrm{I}$", markersize=7)
    return handle, UNKNOWN


def brackets_of(axes: Axes, x: PerPoint, rows: Sequence[Sticking], colour: Any) -> None:
    """The brackets of those rows whose S0 is not known.

    Args:
        axes: to draw in.
        x: where each row is.
        rows: points.
        colour: of their curve.
    """
    gap = np.array([not row.known for row in rows], bool)
    lowest, highest = (
        np.array([getattr(row, name) for row in rows], float) for name in ("lowest", "highest")
    )
    brackets(axes, x[gap], lowest[gap], highest[gap], colour)
