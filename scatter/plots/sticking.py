"""Sticking curves, from statistics to a figure for a paper's column."""

from collections.abc import Callable, Sequence
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import Patch
from matplotlib.ticker import AutoLocator, MultipleLocator

from scatter.plots.bounds import bracket_handle, brackets
from scatter.plots.style import LINES, MARKERS, PALETTE, COLUMN_mm, paper_style
from scatter.statistics import CONDITIONS, Condition, Curve, Sticking, curves, scanned

HEIGHT_mm = 62  # with one line above the axes
LINE_mm = 4  # height of one line of text
WIDE = 52  # letters in a line of the whole width
VISIBLE = 0.02  # a band narrower than this hides behind its own line
AXIS_LABELS = {
    "energy_eV": "Incidence energy (eV)",
    "polar_deg": "Polar angle of incidence (°)",
    "T_K": "Surface temperature (K)",
}
ALONE = {"energy_eV": 0.25, "polar_deg": 15.0, "T_K": 150.0}  # about a single point
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SAY: dict[str, Callable[[Any], str]] = {
    "facet": lambda facet: f"({facet})" if facet.isdecimal() else _plain(facet),
    "T_K": lambda T: f"{T:g} K",
    "molecule": lambda formula: _plain(formula.translate(SUBSCRIPTS)),
    "v": lambda v: f"$v$ = {v}",
    "J": lambda J: f"$J$ = {J}",
    "mJ": lambda mJ: "isotropic" if mJ is None else f"$m_J$ = {mJ:g}",
    "energy_eV": lambda energy: f"{energy:g} eV",
    "polar_deg": lambda polar: rf"$\theta$ = {polar:g}°",
    "azimuth_deg": lambda phi: "random azimuth" if phi is None else rf"$\phi$ = {phi:g}°",
}


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
    differs between the curves stands in the legend, what they share above the axes.

    Args:
        rows: of `scatter.statistics.sticking`.
        overlays: of `scatter.statistics.read_curve`, along the same axis; drawn with open markers.
        title: a first line above the conditions.
        note: a line below the figure, such as how far the potential is to be trusted.

    Raises:
        ValueError: an overlay runs along another axis.
        UserError: two rows have the same conditions.
    """
    axis = scanned(rows)
    if any(overlay.axis != axis for overlay in overlays):
        raise ValueError(f"an overlay does not run along {axis}; read it with that axis")
    own = curves(rows, axis)
    texts = legends_of(own) if len(own) > 1 else ["this work" if overlays else ""]
    heading, footnote = _heading(own, title), _footnote(rows, note)
    height_mm = HEIGHT_mm + LINE_mm * (heading.count("\n") + len(footnote.splitlines()))
    with paper_style():
        figure = Figure(figsize=(COLUMN_mm / 25.4, height_mm / 25.4), layout="constrained")
        axes = figure.add_subplot()
        drawn = zip((*own, *overlays), (*texts, *legends_of(overlays)), strict=True)
        for index, (curve, text) in enumerate(drawn):
            _draw(axes, curve, text, index, filled=index < len(own))
        frame(axes, axis, np.concatenate([curve.x for curve in (*own, *overlays)]))
        axes.set_title(heading)
        _below(axes, footnote)
        drawn = (*own, *overlays)
        _legend(figure, axes, any(map(_banded, own)), any(curve.open.any() for curve in drawn))
    return figure


def _plain(text: str) -> str:
    """Text that is shown as it is, dollar signs included."""
    return text.replace("$", r"\$")


def _differing(group: Sequence[Curve]) -> list[str]:
    """Conditions in which the curves of a group are not all alike."""
    known = [name for name in CONDITIONS if all(name in curve.conditions for curve in group)]
    return [name for name in known if len({curve.conditions[name] for curve in group}) > 1]


def legends_of(group: Sequence[Curve]) -> list[str]:
    """Legend of each curve: its label, and how it differs from others with the same label."""
    texts = []
    for curve in group:
        names = _differing([other for other in group if other.label == curve.label])
        said = [SAY[name](curve.conditions[name]) for name in names]
        texts.append(", ".join([*([_plain(curve.label)] if curve.label else []), *said]))
    return texts


def _heading(own: Sequence[Curve], title: str | None) -> str:
    """The title, and the conditions that all curves share."""
    conditions = own[0].conditions
    shared = [name for name in conditions if name not in _differing(own)]
    said = [_said_of_all(name, conditions) for name in shared]
    lines = [fill(_plain(title), WIDE)] if title else []
    # Spaces that do not break: a line ends between two conditions, never within one.
    whole = [text.replace(" ", "\N{NO-BREAK SPACE}") for text in said if text]
    return "\n".join([*lines, fill(", ".join(whole), WIDE + 4)])


def _said_of_all(name: str, conditions: dict[str, Condition]) -> str:
    """A shared condition in words; nothing for those that go without saying."""
    normal = conditions.get("polar_deg") == 0
    if name == "polar_deg" and normal:
        return "normal incidence"
    if name == "azimuth_deg" and normal or name == "mJ" and conditions["mJ"] is None:
        return ""
    return SAY[name](conditions[name])


def _banded(curve: Curve) -> bool:
    """Whether undecided and failed trajectories leave S0 visibly open."""
    return bool((curve.highest - curve.S0 > VISIBLE).any())


def _draw(axes: Axes, curve: Curve, text: str, index: int, filled: bool) -> None:
    """One curve with its error bars, told from others by colour, marker and line alike."""
    drawn = np.isfinite(curve.S0) | curve.open
    x, S0, highest = curve.x[drawn], curve.S0[drawn], curve.highest[drawn]
    colour = PALETTE[index % len(PALETTE)]
    ends = np.stack([S0 - curve.low[drawn], curve.high[drawn] - S0])
    axes.errorbar(
        x,
        S0,
        yerr=ends if np.isfinite(ends).any() else None,
        label=fill(text, WIDE - 8) or "_nolegend_",
        color=colour,
        marker=MARKERS[index % len(MARKERS)],
        markerfacecolor=colour if filled else "white",
        linestyle=LINES[index % len(LINES)],
        linewidth=1.0 if filled else 0.7,
        elinewidth=0.7,
        zorder=3 if filled else 2,
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
    axes.set_xlabel(AXIS_LABELS[axis])
    axes.set_ylabel("Sticking probability $S_0$")
    axes.set_ylim(-0.03, 1.03)
    axes.yaxis.set_major_locator(MultipleLocator(0.2))
    wide_angles = axis == "polar_deg" and np.ptp(x) > 30
    axes.xaxis.set_major_locator(MultipleLocator(15) if wide_angles else AutoLocator())
    if len(set(x)) == 1:
        axes.set_xlim(x[0] - ALONE[axis], x[0] + ALONE[axis])


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
    lines = [_plain(note)] if note else []
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
