"""Sticking on two potentials from paired trajectories, and the difference of the two."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scatter.analysis.curve import Curve, curves, scanned
from scatter.analysis.fits import Fit
from scatter.analysis.paired import Paired, PairedSticking
from scatter.analysis.probability import Sticking
from scatter.analysis.words import conditions_of
from scatter.conditions import grouped
from scatter.plots.bounds import brackets_of
from scatter.plots.conditions import plain, title_and_labels
from scatter.plots.fitted import Answer, draw_fit, fit_handles, fits_of
from scatter.plots.sticking import LINE_mm, along, shown_alone
from scatter.plots.style import bars, canvas, look

HEIGHT_mm = 84  # without the legend
APART = 0.012  # of the scanned range
LINES = "-", "--"  # of fits: to the reference's points, and to the potential's

Group = list[PairedSticking]


def paired_figure(
    rows: Sequence[PairedSticking], potential: str = "potential", reference: str = "reference"
) -> Figure:
    """S0 on both potentials along the scanned condition, and below it their paired difference.

    Bars are 95 % intervals: Wilson's of each S0, Tango's of the difference. Lines are fits of one
    form, with their bands, wherever it describes the points. Each set of the other
    conditions has its colour; filled symbols are the reference's, open ones the potential's. What
    belongs to one condition stands a little apart along x, for bars not to hide one another. Where
    S0 is not known, a bracket stands for its bounds, and there is no difference.

    Args:
        rows: of `scatter.analysis.paired.paired_sticking`.
        potential: name of the potential in the legend.
        reference: name of the reference there.

    Raises:
        ValueError: there are no rows with pairs.
    """
    counted = [row for row in rows if row.difference.n]
    if not counted:
        raise ValueError("no point has a pair of trajectories")
    axis = scanned([row.reference for row in counted])
    groups = grouped(counted, axis, of=lambda row: row.reference)
    groups = [sorted(group, key=lambda row: _of(row, axis)) for group in groups]
    title, texts = title_and_labels([conditions_of(g[0].reference) for g in groups], axis)
    values = [float(_of(row, axis)) for row in counted]
    apart = APART * (max(values) - min(values) or 2 * along(axis).about)
    fits = _fits(groups, axis)
    lines = 2 + title.count("\n") + (len(groups) + 1) // 2 * (len(groups) > 1)
    with canvas(1, HEIGHT_mm + LINE_mm * lines) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1.7, 1))
        for index, group in enumerate(groups):
            shift = (index - (len(groups) - 1) / 2) * apart
            x = np.array([float(_of(row, axis)) for row in group]) + shift
            _draw(upper, lower, group, x, apart / 4, index)
            for each, line in zip(fits, LINES, strict=True):
                points, fitted = each[index]
                if isinstance(fitted, Fit):
                    draw_fit(upper, points, fitted, look(index)["color"], line)
        _frame(upper, lower, axis, values)
        upper.set_title(title)
        answers = [fitted for each in fits for _, fitted in each]
        _legend(figure, texts if len(groups) > 1 else [], potential, reference, answers)
    return figure


def _fits(groups: Sequence[Group], axis: str) -> list[list[tuple[Curve, Answer]]]:
    """Points and fit of each group on the reference and on the potential, of one form for all."""
    points = [
        [curve for group in groups for curve in curves([getattr(r, of) for r in group], axis)]
        for of in ("reference", "potential")
    ]
    fits = iter(fits_of([curve for each in points for curve in each]))
    return [[(curve, next(fits)) for curve in each] for each in points]


def _of(row: PairedSticking, name: str) -> Any:
    return getattr(row.reference, name)


def _draw(
    upper: Axes, lower: Axes, group: Group, x: Float[np.ndarray, " point"], apart: float, index: int
) -> None:
    style = look(index, elinewidth=0.7)
    colour = style["color"]
    own, its = [row.potential for row in group], [row.reference for row in group]
    style |= {"linestyle": "none"}
    _bars(upper, x - apart, its, **style)
    _bars(upper, x + apart, own, **(style | {"markerfacecolor": "white"}))
    brackets_of(upper, x - apart, its, colour)
    brackets_of(upper, x + apart, own, colour)
    known = [row.known for row in group]
    apart_by = [row.difference for row in group if row.known]
    _bars(lower, x[known], apart_by, **style)


def _bars(
    axes: Axes, x: Float[np.ndarray, " point"], rows: Sequence[Sticking | Paired], **style: Any
) -> None:
    middle = [row.S0 if isinstance(row, Sticking) else row.difference for row in rows]
    bars(axes, x, middle, [row.low for row in rows], [row.high for row in rows], **style)


def _frame(upper: Axes, lower: Axes, axis: str, x: Sequence[float]) -> None:
    upper.set_ylabel("Sticking probability $S_0$")
    upper.set_ylim(-0.03, 1.03)
    lower.set_ylabel(r"$\Delta S_0$, paired")
    lower.set_xlabel(along(axis).label)
    lower.axhline(0, color="0.4", linewidth=0.7, linestyle="--", zorder=1)
    end = 1.1 * max(abs(end) for end in lower.dataLim.intervaly)
    if 0 < end < np.inf:  # not where no difference is known
        lower.set_ylim(-end, end)
    shown_alone(lower, axis, x)


def _legend(
    figure: Figure, texts: Sequence[str], potential: str, reference: str, fits: Sequence[Answer]
) -> None:
    grey: dict[str, Any] = {"color": "0.3", "marker": "o"}
    full, dashed = LINES if any(isinstance(fitted, Fit) for fitted in fits) else ("none", "none")
    handles: list[Artist] = [
        Line2D([], [], linestyle=full, label=plain(reference), **grey),
        Line2D([], [], linestyle=dashed, mfc="white", label=plain(potential), **grey),
    ]
    for index, text in enumerate(texts):
        handles.append(Line2D([], [], label=text, **look(index, linestyle="none")))
    for handle, text in fit_handles(fits):
        handle.set_label(text)
        handles.append(handle)
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
