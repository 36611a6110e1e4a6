"""Curves over many decades: logarithmic axes, points that were split, and those without events."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Bool
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import ArrayLike

from scatter.analysis.curve import Curve

SPLIT, REFUSED = "by splitting", "interval refused"
ARROW = 0.6  # length, of the height from which it points down
RING = {"marker": "o", "linestyle": "none", "fillstyle": "none", "markersize": 7.5}


def visible(curve: Curve) -> Curve:
    """The part of a curve that a logarithmic axis can show: where S0 is above 0, or not known."""
    shown = ~(curve.S0 <= 0)
    names = ("x", "S0", "low", "high", "highest", "lowest", "split")
    values = {name: getattr(curve, name) for name in names}
    parts = {name: None if each is None else each[shown] for name, each in values.items()}
    return replace(curve, **parts)


def rings(axes: Axes, curve: Curve, colour: Any) -> None:
    """Rings around the points that were split, dotted where their interval is refused."""
    if was_split(curve):
        whole = curve.split & ~refused(curve)
        axes.plot(curve.x[whole], curve.S0[whole], color=colour, zorder=4, **RING)
        _dotted(axes, curve.x[refused(curve)], curve.S0[refused(curve)], colour)


def refused(curve: Curve) -> Bool[np.ndarray, " point"]:
    """The points whose replicates differ too widely for an interval of their mean."""
    none = np.zeros(len(curve.x), bool)
    return (
        none if curve.split is None else curve.split & np.isfinite(curve.S0) & np.isnan(curve.low)
    )


def _dotted(axes: Axes, x: ArrayLike, y: ArrayLike, colour: Any) -> PathCollection:
    size = float(RING["markersize"]) ** 2
    return axes.scatter(
        x, y, size, facecolors="none", edgecolors=colour, linestyles=":", linewidths=1, zorder=4
    )


def was_split(curve: Curve) -> bool:
    """Whether any point of a curve was."""
    return curve.split is not None and bool(curve.split.any())


def ring_handle() -> tuple[Any, str]:
    """What stands for rings in a legend, and its text."""
    return Line2D([], [], color="0.3", **RING), SPLIT


def refused_handle(axes: Axes) -> tuple[Any, str]:
    """What stands for dotted rings in a legend, and its text."""
    return _dotted(axes, [], [], "0.3"), REFUSED


def arrows(axes: Axes, curve: Curve, colour: Any) -> None:
    """Where nothing stuck, arrows down from the upper end of the interval of S0."""
    none = (curve.S0 <= 0) & (curve.high > 0)
    x, high = curve.x[none], curve.high[none]
    axes.errorbar(
        x,
        high,
        yerr=ARROW * high,
        uplims=True,
        fmt="none",
        ecolor=colour,
        elinewidth=0.7,
        capsize=2,
    )


def decades(axes: Axes, drawn: Sequence[Curve]) -> None:
    """A logarithmic axis of whole decades, with as many names as there is room for."""
    ends = [end for curve in drawn for end in (visible(curve).S0, visible(curve).low)]
    heads = [(1 - ARROW) * curve.high[curve.S0 <= 0] for curve in drawn]
    known = np.concatenate([*ends, *heads, np.full(1, 0.1)])
    bottom = 10 ** np.floor(np.log10(known[known > 0].min()))
    axes.set_yscale("log")
    axes.set_ylim(bottom, 1.5)
    axes.yaxis.set_major_locator(LogLocator(numticks=10))
    axes.yaxis.set_minor_locator(LogLocator(subs=np.arange(2, 10).tolist(), numticks=100))
    axes.yaxis.set_minor_formatter(NullFormatter())
