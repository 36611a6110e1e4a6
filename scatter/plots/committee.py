"""Sticking with a band that holds sampling and the disagreement of a committee."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from scatter.analysis.committee import CommitteeSticking
from scatter.analysis.curve import scanned
from scatter.analysis.words import conditions_of
from scatter.conditions import grouped
from scatter.plots.bounds import bracket_handle, brackets_of
from scatter.plots.conditions import title_and_labels
from scatter.plots.sticking import HEIGHT_mm, LINE_mm, frame
from scatter.plots.style import LINES, MARKERS, PALETTE, bars, canvas


def committee_figure(rows: Sequence[CommitteeSticking]) -> Figure:
    """S0 along the scanned condition: bars for sampling, a band for sampling and model together.

    Thin lines are the members. Each set of the other conditions has its colour. Brackets stand for
    the bounds of points whose S0 is not known.

    Args:
        rows: of `scatter.analysis.committee.committee_sticking`.
    """
    axis = scanned([row.own for row in rows])
    along = sorted(rows, key=lambda row: getattr(row.own, axis))
    groups = grouped(along, axis, of=lambda row: row.own)
    title, texts = title_and_labels([conditions_of(group[0].own) for group in groups], axis)
    with canvas(1, HEIGHT_mm + LINE_mm * (3 + title.count("\n") + len(groups))) as figure:
        axes = figure.add_subplot()
        for index, group in enumerate(groups):
            colour, x = PALETTE[index % len(PALETTE)], [getattr(row.own, axis) for row in group]
            S0 = [row.own.S0 for row in group]
            for member in zip(*(row.members for row in group), strict=True):
                axes.plot(x, [row.S0 for row in member], color=colour, linewidth=0.4, marker="")
            ends = [row.own.low for row in group], [row.own.high for row in group]
            bars(
                axes,
                x,
                S0,
                *ends,
                color=colour,
                marker=MARKERS[index % len(MARKERS)],
                linestyle=LINES[index % len(LINES)],
                linewidth=1.0,
                label=texts[index] or "this potential",
            )
            brackets_of(axes, np.array(x, float), [row.own for row in group], colour)
            low, high = [row.low for row in group], [row.high for row in group]
            axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
        frame(axes, axis, np.array([getattr(row.own, axis) for row in rows]))
        axes.set_title(
            f"{title}\n{len(rows[0].members)} potentials, the same starts\n"
            "bars: sampling, band: sampling and model (95 %), thin lines: members"
        )
        handles, texts = axes.get_legend_handles_labels()
        if not all(row.own.known for row in rows):
            handles, texts = [*handles, bracket_handle()[0]], [*texts, bracket_handle()[1]]
        figure.legend(handles, texts, loc="outside lower center", frameon=False)
    return figure
