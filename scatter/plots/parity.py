"""Parity plots: the same numbers by two potentials, with the distribution of their differences."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scatter.plots.style import PALETTE, COLUMN_mm, paper_style

HEIGHT_mm = 62
GUTTER_mm = 6
BINS = 60  # of the inset, at most
TAIL = 0.5  # per cent of the differences beyond either end of the inset
MILLI = 1000
MOST = 200_000  # points in one panel; more hide one another


@dataclass(frozen=True)
class Panel:
    """One quantity.

    Attributes:
        name: above the axes, such as "Forces".
        symbol: on the axes, such as "$F$".
        unit: of both arrays, "eV" or "eV/Å"; differences are given in thousandths of it.
        reference: along x.
        potential: along y.
    """

    name: str
    symbol: str
    unit: str
    reference: Float[np.ndarray, " n"]
    potential: Float[np.ndarray, " n"]


def parity_figure(
    panels: Sequence[Panel], potential: str = "potential", reference: str = "reference"
) -> Figure:
    """One panel for each quantity that has any numbers, side by side.

    Each states its RMSE and how many numbers it holds, all of which enter RMSE and inset;
    of more than MOST, evenly spaced ones are drawn. The inset is a histogram of potential -
    reference over all but the outermost half per cent at either end.

    Args:
        panels: what to draw.
        potential: name of the potential, on the y axes.
        reference: name of the reference, on the x axes.

    Raises:
        ValueError: no panel holds a number.
    """
    shown = [panel for panel in panels if len(panel.reference)]
    if not shown:
        raise ValueError("there is nothing to compare in any panel")
    width = len(shown) * (COLUMN_mm * 0.69 + GUTTER_mm) / 25.4
    with paper_style():
        figure = Figure(figsize=(width, HEIGHT_mm / 25.4), layout="constrained")
        for axes, panel in zip(
            figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True
        ):
            _draw(axes, panel, potential, reference)
    return figure


def _draw(axes: Axes, panel: Panel, potential: str, reference: str) -> None:
    x, y = panel.reference, panel.potential
    some = slice(None, None, -(-len(x) // MOST))
    size = 3 if len(x) < 2000 else 1
    axes.plot(
        x[some],
        y[some],
        ".",
        color=PALETTE[0],
        markersize=size,
        markeredgewidth=0,
        rasterized=True,
        zorder=2,
    )
    ends = _ends(x, y)
    axes.plot(ends, ends, color="0.4", linewidth=0.7, linestyle="--", zorder=1)
    axes.set(xlim=ends, ylim=ends, aspect="equal", title=panel.name)
    axes.set_xlabel(f"{panel.symbol}, {reference} ({panel.unit})")
    axes.set_ylabel(f"{panel.symbol}, {potential} ({panel.unit})")
    axes.locator_params(nbins=5)
    apart = MILLI * (y - x)
    rmse = sqrt(np.mean(apart**2))
    axes.text(
        0.04,
        0.96,
        f"RMSE {_short(rmse)} m{panel.unit}\n$n$ = {len(x)}",
        transform=axes.transAxes,
        va="top",
        fontsize=7,
    )
    _inset(axes, apart, f"m{panel.unit}")


def _ends(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> tuple[float, float]:
    """Both axes from a little below the least number to a little above the largest."""
    low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
    margin = 0.05 * (high - low) or 0.1
    return low - margin, high + margin


def _short(value: float) -> str:
    """Three significant digits, and no exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _inset(axes: Axes, apart: Float[np.ndarray, " n"], unit: str) -> None:
    """Histogram of the differences, in the corner below the diagonal."""
    inner = axes.inset_axes((0.58, 0.17, 0.38, 0.27))
    end = max(abs(np.percentile(apart, TAIL)), abs(np.percentile(apart, 100 - TAIL))) or 1.0
    edges = np.linspace(-end, end, 2 + int(min(BINS, 2 * sqrt(len(apart)))))
    inner.hist(apart, bins=edges.tolist(), color=PALETTE[1])
    inner.axvline(0, color="0.4", linewidth=0.5)
    inner.set_yticks([])
    inner.set_xlim(-end, end)
    inner.locator_params(axis="x", nbins=3)
    inner.tick_params(labelsize=5.5, length=2, pad=1.5)
    inner.set_xlabel(f"difference ({unit})", fontsize=5.5, labelpad=1)
    inner.patch.set_alpha(0.8)
