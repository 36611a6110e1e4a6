"""Sticking curves, from statistics to a figure for a paper's column."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import Patch
from matplotlib.ticker import AutoLocator, MultipleLocator

from scatter.analysis.curve import Curve, curves, scanned
from scatter.analysis.probability import Sticking
from scatter.conditions import CONDITIONS, Axis
from scatter.plots.bounds import bracket_handle, brackets
from scatter.plots.conditions import plain, title_and_labels
from scatter.plots.style import canvas, look
from scatter.settings import UserError

HEIGHT_mm = 62  # with one line above the axes
LINE_mm = 4  # height of one line of text
WIDE = 52  # letters in a line of the whole width
VISIBLE = 0.02  # a band narrower than this hides behind its own line


def sticking_figure(
    rows: Sequence[Sticking],
    overlays: Sequence[Curve] = (),
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """S0 along the condition that was scanned, one curve for each set of the others.

    Error bars are 95 % Wilson intervals; a light band reaches up to the S0 that undecided and
    failed trajectories could have made of it. Where these are too many for S0 to be known, a
    bracket from its lower to its upper bound stands in place of a marker, and no line passes. What
    differs between the curves, overlays included, stands in the legend; what they share above the
    axes.

    Args:
        rows: of `scatter.analysis.sticking`.
        overlays: of `scatter.analysis.read_curve`, along the same axis; drawn with open markers.
        title: a first line above the conditions.
        note: a line below the figure, such as how far the potential is to be trusted.

    Raises:
        ValueError: an overlay runs along another axis.
        UserError: two rows have the same conditions, or two curves the same name.
    """
    axis = scanned(rows)
    if any(overlay.axis != axis for overlay in overlays):
        raise ValueError(f"an overlay does not run along {axis}; read it with that axis")
    own = curves(rows, axis)
    heading, texts = _words(own, overlays, title)
    footnote = _footnote(rows, note)
    height_mm = HEIGHT_mm + LINE_mm * (heading.count("\n") + len(footnote.splitlines()))
    with canvas(1, height_mm) as figure:
        axes = figure.add_subplot()
        drawn = zip((*own, *overlays), texts, strict=True)
        for index, (curve, text) in enumerate(drawn):
            _draw(axes, curve, text, index, filled=index < len(own))
        frame(axes, axis, np.concatenate([curve.x for curve in (*own, *overlays)]))
        axes.set_title(heading)
        _below(axes, footnote)
        drawn = (*own, *overlays)
        _legend(figure, axes, any(map(_banded, own)), any(curve.open.any() for curve in drawn))
    return figure


def _words(
    own: Sequence[Curve], overlays: Sequence[Curve], title: str | None
) -> tuple[str, list[str]]:
    """The text above the axes, and the legend of each curve: its label and how it differs.

    Raises:
        UserError: two curves would have the same legend.
    """
    drawn = [*own, *overlays]
    common, labels = title_and_labels([curve.conditions for curve in drawn])
    texts = []
    for curve, label in zip(drawn, labels, strict=True):
        name = plain(curve.label) or ("this work" if overlays and len(own) == 1 else "")
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


def _draw(axes: Axes, curve: Curve, text: str, index: int, filled: bool) -> None:
    """One curve with its error bars, told from others by colour, marker and line alike."""
    drawn = np.isfinite(curve.S0) | curve.open
    x, S0, highest = curve.x[drawn], curve.S0[drawn], curve.highest[drawn]
    style = look(index)
    colour = style["color"]
    ends = np.stack([S0 - curve.low[drawn], curve.high[drawn] - S0])
    axes.errorbar(
        x,
        S0,
        yerr=ends if np.isfinite(ends).any() else None,
        label=fill(text, WIDE - 8) or "_nolegend_",
        markerfacecolor=colour if filled else "white",
        linewidth=1.0 if filled else 0.7,
        elinewidth=0.7,
        zorder=3 if filled else 2,
        **style,
    )
    gap = curve.open
    brackets(axes, curve.x[gap], curve.lowest[gap], curve.highest[gap], colour)
    if _banded(curve):
        if len(x) > 1:
            axes.fill_between(x, S0, highest, color=colour, alpha=0.2, linewidth=0, zorder=1)
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


def _legend(figure: Figure, axes: Axes, banded: bool, bracketed: bool) -> None:
    """A legend where there is something to tell apart: in the axes if it hides nothing there."""
    handles, texts = axes.get_legend_handles_labels()
    if banded:
        handles.append(Patch(color="0.8", linewidth=0))
        texts.append("undecided or failed")
    if bracketed:
        handle, text = bracket_handle()
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
    empty = sum(row.n == 0 for row in rows)
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
