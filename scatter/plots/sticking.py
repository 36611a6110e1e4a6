"""Sticking curves, from statistics to a figure for a paper's column."""

from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import Patch
from matplotlib.ticker import AutoLocator, MultipleLocator

from scatter.analysis.curve import Curve, curves, scanned
from scatter.analysis.fits import Fit
from scatter.analysis.likelihood import Form
from scatter.analysis.probability import Sticking
from scatter.conditions import ADSORBED, CONDITIONS, Axis, kind_of
from scatter.plots.bounds import bracket_handle, brackets
from scatter.plots.conditions import plain, title_and_labels
from scatter.plots.fitted import Answer, draw_fit, fit_handles, fits_of, parameters
from scatter.plots.rare import (
    arrows,
    decades,
    refused,
    refused_handle,
    ring_handle,
    rings,
    visible,
    was_split,
)
from scatter.plots.style import canvas, look
from scatter.settings import UserError

HEIGHT_mm = 62  # with one line above the axes
LINE_mm = 4  # height of one line of text
WIDE = 52  # letters in a line of the whole width
HATCH = "////"
VISIBLE = 0.02  # a band narrower than this hides behind its own line


def sticking_figure(
    rows: Sequence[Sticking],
    overlays: Sequence[Curve] = (),
    title: str | None = None,
    note: str | None = None,
    logarithmic: bool = False,
    form: Form | None = None,
    amplitude: float | None = None,
    axis: str = "",
    fits: Sequence[Answer] | None = None,
) -> Figure:
    """S0 along the condition that was scanned, one series of points for each set of the others.

    Error bars are 95 % Wilson intervals. A line is a fit, with its 95 % band, and reaches from the
    first to the last point that it was fitted to; points that allow none stand without a line. A
    hatched band reaches up to the S0 that undecided and failed trajectories could have made of it.
    Where these are too many for S0 to be known, a bracket from its lower to its upper bound stands
    in place of a marker. What differs between the series, overlays included, stands in the legend
    with the parameters of the fits (± half of their 95 % intervals); what they share above the
    axes.

    Args:
        rows: of `scatter.analysis.sticking`.
        overlays: of `scatter.analysis.read_curve`, along the same axis; drawn with open markers.
        title: a first line above the conditions.
        note: a line below the figure, such as how far the potential is to be trusted.
        logarithmic: S0 on a logarithmic axis; where nothing stuck, an arrow points down from the
            upper end of the interval.
        form: of the fits; by default the one that describes the points best.
        amplitude: A of the fits, if it is not to be fitted.
        axis: along which; by default the condition that was scanned.
        fits: of `fits_of`, of each curve and overlay, where they are at hand.

    Raises:
        ValueError: an overlay runs along another axis.
        UserError: two rows have the same conditions, or two curves the same name.
    """
    axis = axis or scanned(rows)
    if any(overlay.axis != axis for overlay in overlays):
        raise ValueError(f"an overlay does not run along {axis}; read it with that axis")
    own = curves(rows, axis)
    heading, texts = _words(own, overlays, title)
    footnote = _footnote(rows, note)
    height_mm = HEIGHT_mm + LINE_mm * (heading.count("\n") + len(footnote.splitlines()))
    with canvas(1, height_mm) as figure:
        axes = figure.add_subplot()
        drawn = (*own, *overlays)
        fits = fits_of(drawn, form, amplitude) if fits is None else fits
        for index, (curve, text, fitted) in enumerate(zip(drawn, texts, fits, strict=True)):
            _series(axes, curve, text, fitted, index, index < len(own), logarithmic)
        frame(axes, axis, np.concatenate([curve.x for curve in drawn]))
        if logarithmic:
            decades(axes, drawn)
        _name_what_stays(axes, rows)
        axes.set_title(heading)
        _below(axes, footnote)
        _legend(figure, axes, [*fit_handles(fits), *_marks(axes, own, overlays)])
    return figure


def _series(
    axes: Axes,
    curve: Curve,
    text: str,
    fitted: Answer,
    index: int,
    filled: bool,
    logarithmic: bool,
) -> None:
    """Points, fit, rings and arrows of one series."""
    shown, entry = visible(curve) if logarithmic else curve, _entry(text, fitted)
    _draw(axes, shown, entry, index, filled, isinstance(fitted, Fit))
    colour = look(index)["color"]
    if isinstance(fitted, Fit):
        draw_fit(axes, curve, fitted, colour, look(index)["linestyle"])
    rings(axes, curve, colour)
    if logarithmic:
        arrows(axes, curve, colour)


def _marks(
    axes: Axes, own: Sequence[Curve], overlays: Sequence[Curve]
) -> Iterator[tuple[Any, str]]:
    """What stands in the legend for brackets, rings and bands, where there are any."""
    drawn = [*own, *overlays]
    if any(curve.open.any() for curve in drawn):
        yield bracket_handle()
    if any(map(was_split, drawn)):
        yield ring_handle()
    if any(refused(curve).any() for curve in drawn):
        yield refused_handle(axes)
    if any(map(_banded, own)):
        yield _open_handle()


def _entry(text: str, fitted: Answer) -> str:
    """What a series is called in the legend: how it differs, and the parameters of its fit."""
    lines = fill(text, WIDE - 8).splitlines()
    return "\n".join([*lines, *([parameters(fitted)] if isinstance(fitted, Fit) else [])])


def _open_handle() -> tuple[Any, str]:
    """What stands for bands of undecided and failed trajectories in a legend, and its text."""
    return Patch(facecolor="none", edgecolor="0.5", hatch=HATCH, linewidth=0), "undecided or failed"


def _name_what_stays(axes: Axes, rows: Sequence[Sticking]) -> None:
    """Of what begins on the surface there is no S0."""
    if rows and kind_of(rows[0]) == ADSORBED:
        axes.set_ylabel("Share that stays")


def _words(
    own: Sequence[Curve], overlays: Sequence[Curve], title: str | None
) -> tuple[str, list[str]]:
    """The text above the axes, and the legend of each curve: its label and how it differs.

    Raises:
        UserError: two curves would have the same legend.
    """
    drawn, named = [*own, *overlays], any(curve.label for curve in overlays)
    common, labels = title_and_labels([curve.conditions for curve in drawn])
    texts = []
    for n, (curve, label) in enumerate(zip(drawn, labels, strict=True)):
        name = plain(curve.label) or ("this work" if named and n == 0 and len(own) == 1 else "")
        texts.append(", ".join(text for text in (name, label) if text))
    for text in texts:
        if texts.count(text) > 1:
            raise UserError(
                f"two curves of the figure would both be called '{text}': give each overlay a "
                "file, or a label in it, of another name"
            )
    lines = [fill(plain(title), WIDE)] if title else []
    return "\n".join([*lines, *([common] if common else [])]), texts


def _banded(curve: Curve) -> bool:
    """Whether undecided and failed trajectories leave S0 visibly open."""
    return bool((curve.highest - curve.S0 > VISIBLE).any())


def _draw(axes: Axes, curve: Curve, text: str, index: int, filled: bool, fitted: bool) -> None:
    """One series with its error bars, told from others by colour, marker and line alike."""
    drawn = np.isfinite(curve.S0) | curve.open
    x, S0, highest = curve.x[drawn], curve.S0[drawn], curve.highest[drawn]
    style = look(index, linestyle="none")
    colour = style["color"]
    face = colour if filled else "white"
    ends = np.stack([S0 - curve.low[drawn], curve.high[drawn] - S0])
    axes.errorbar(
        x,
        S0,
        yerr=ends if np.isfinite(ends).any() else None,
        markerfacecolor=face,
        elinewidth=0.7,
        zorder=3 if filled else 2,
        **style,
    )
    if text:  # with the line of the fit, which the points themselves have not
        line = look(index)["linestyle"] if fitted else "none"
        axes.plot([], [], **look(index, linestyle=line, markerfacecolor=face), label=text)
    gap = curve.open
    brackets(axes, curve.x[gap], curve.lowest[gap], curve.highest[gap], colour)
    if _banded(curve):
        if len(x) > 1:
            how = {"facecolor": "none", "edgecolor": colour, "hatch": HATCH}
            axes.fill_between(x, S0, highest, linewidth=0, zorder=1, **how)
        else:
            axes.vlines(x, S0, highest, color=colour, alpha=0.2, linewidth=6, zorder=1)


def frame(axes: Axes, axis: str, x: np.ndarray) -> None:
    """Axes with names and units; a single point stands in the middle of a sensible range."""
    axes.set_xlabel(along(axis).label)
    axes.set_ylabel("Sticking probability $S_0$")
    axes.set_ylim(-0.03, 1.03)
    axes.yaxis.set_major_locator(MultipleLocator(0.2))
    wide_angles = axis == "polar_deg" and np.ptp(x) > 30
    axes.xaxis.set_major_locator(MultipleLocator(15) if wide_angles else AutoLocator())
    shown_alone(axes, axis, x)


def along(name: str) -> Axis:
    """How a condition is drawn along x.

    Raises:
        ValueError: curves do not run along it.
    """
    axis = CONDITIONS[name].axis
    if axis is None:
        raise ValueError(f"curves do not run along {name}")
    return axis


def shown_alone(axes: Axes, axis: str, x: Sequence[float] | np.ndarray) -> None:
    """Let a single point stand in the middle of a sensible range."""
    if len(set(x)) == 1:
        axes.set_xlim(x[0] - along(axis).about, x[0] + along(axis).about)


def _legend(figure: Figure, axes: Axes, extra: Sequence[tuple[Any, str]]) -> None:
    """A legend where there is something to tell apart: in the axes if it hides nothing there."""
    handles, texts = axes.get_legend_handles_labels()
    for handle, text in extra:
        handles.append(handle)
        texts.append(text)
    if not texts:
        return
    longest = max(len(text.replace("$", "")) for text in texts)
    if len(texts) <= 5 and longest <= 24:
        inside = axes.legend(handles, texts, loc="best", frameon=False)
        figure.draw_without_rendering()
        if not _covers(inside, axes):
            return
        inside.remove()
    columns = 2 if longest <= 28 else 1
    rows = -(-len(texts) // columns) + sum(text.count("\n") for text in texts)
    figure.set_figheight(figure.get_figheight() + LINE_mm * rows / 25.4)
    figure.legend(handles, texts, loc="outside lower center", ncols=columns, frameon=False)


def _covers(legend: Legend, axes: Axes) -> bool:
    """Whether a legend lies on any curve, error bar or band."""
    box = legend.get_window_extent().padded(legend.figure.dpi * 0.02)
    paths = [(line, line.get_path()) for line in axes.lines]
    paths += [(drawn, path) for drawn in axes.collections for path in drawn.get_paths()]
    return any(
        path.transformed(drawn.get_transform()).intersects_bbox(box, filled=False)
        for drawn, path in paths
    )


def _footnote(rows: Sequence[Sticking], note: str | None) -> str:
    """What must be said below the figure."""
    empty = sum(not row.sampled for row in rows)
    lines = [plain(note)] if note else []
    lines += [f"{empty} of {len(rows)} points without trajectories"] if empty else []
    return "\n".join(fill(line, WIDE + 6) for line in lines)


def _below(axes: Axes, footnote: str) -> None:
    """Small text under the name of the x axis."""
    axes.annotate(
        footnote,
        xy=(0.5, 0),
        xycoords=axes.xaxis.label,
        xytext=(0, -3),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=6.5,
        style="italic",
    )
