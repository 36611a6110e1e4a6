"""Sticking with a band that holds sampling and the disagreement of a committee."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from scatter.analysis.committee import CommitteeSticking
from scatter.analysis.curve import Curve, curves, scanned
from scatter.analysis.fits import Fit
from scatter.analysis.words import conditions_of
from scatter.conditions import grouped
from scatter.plots.bounds import bracket_handle, brackets_of
from scatter.plots.conditions import title_and_labels
from scatter.plots.fitted import Answer, draw_line, fits_of
from scatter.plots.sticking import HEIGHT_mm, LINE_mm, frame
from scatter.plots.style import bars, canvas, look

WIDE_pt = 6  # of the bars for sampling and model together
THIN_pt = 0.4  # of the members' lines
KEY = [
    (Patch(color="0.8", linewidth=0), "95 %, sampling and model"),
    (Line2D([], [], color="0.3", linewidth=THIN_pt), "members"),
]


def committee_figure(rows: Sequence[CommitteeSticking]) -> Figure:
    """S0 along the scanned condition: bars for sampling, wide ones for sampling and model together.

    Lines are fits of one form to all, the members' thin; a member without a fit has small points
    instead. Each set of the other conditions has its colour. Brackets stand for
    the bounds of points whose S0 is not known.

    Args:
        rows: of `scatter.analysis.committee.committee_sticking`.
    """
    axis = scanned([row.own for row in rows])
    along = sorted(rows, key=lambda row: getattr(row.own, axis))
    groups = grouped(along, axis, of=lambda row: row.own)
    title, texts = title_and_labels([conditions_of(group[0].own) for group in groups], axis)
    points = [
        [*chain.from_iterable(curves(member, axis) for member in zip(*members, strict=True))]
        for members in ([row.members for row in group] for group in groups)
    ]
    with canvas(1, HEIGHT_mm + LINE_mm * (4 + title.count("\n") + len(groups))) as figure:
        axes = figure.add_subplot()
        fits = fits_of([curve for members in points for curve in members])
        for index, group in enumerate(groups):
            text = texts[index] or "this potential"
            _draw_bars(axes, group, [getattr(row.own, axis) for row in group], index, text)
            style = look(index)
            for member, curve in enumerate(points[index]):
                _draw_member(axes, curve, fits.pop(0), member, style["color"], style["linestyle"])
        frame(axes, axis, np.array([getattr(row.own, axis) for row in rows]))
        axes.set_title(f"{title}\n{len(rows[0].members)} potentials, the same starts")
        handles = [*zip(*axes.get_legend_handles_labels(), strict=True), *KEY]
        if not all(row.own.known for row in rows):
            handles.append(bracket_handle())
        figure.legend(*zip(*handles, strict=True), loc="outside lower center", frameon=False)
    return figure


def _draw_bars(
    axes: Axes, group: Sequence[CommitteeSticking], along: Sequence[float], index: int, text: str
) -> None:
    """The potential's own points with their bars, and the wide bars behind them."""
    style, x = look(index, linestyle="none"), np.array(along, float)
    ends = [row.own.low for row in group], [row.own.high for row in group]
    bars(axes, x, [row.own.S0 for row in group], *ends, label=text, **style)
    brackets_of(axes, x, [row.own for row in group], style["color"])
    low, high = [row.low for row in group], [row.high for row in group]
    axes.vlines(x, low, high, color=style["color"], alpha=0.2, linewidth=WIDE_pt, zorder=1)


def _draw_member(
    axes: Axes, curve: Curve, fitted: Answer, member: int, colour: Any, line: Any
) -> None:
    """The fit to one member, or its points; the potential itself comes first."""
    if isinstance(fitted, Fit):
        width = THIN_pt if member else 1.0
        draw_line(axes, curve, fitted, color=colour, linestyle=line, linewidth=width)
    elif member:
        axes.plot(curve.x, curve.S0, color=colour, linestyle="none", marker=".", markersize=3)
