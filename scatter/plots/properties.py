"""Properties of a potential beside those of its reference, as figures for a paper's column."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from scatter.plots.style import canvas, look

PANEL_mm, SINGLE_mm, LEGEND_mm = 36, 62, 10  # heights
meV = 1e3  # from eV
REACH_eV = 2.0  # how far up the molecule's curve is shown and compared
HEADROOM = 0.18  # of the axes, for a name or a legend

Values = Float[np.ndarray, " point"]


@dataclass(frozen=True)
class Series:
    """One potential's points of a figure, in the units of its axes.

    Attributes:
        label: in the legend.
        x: of each point.
        y: of each point; NaN is left out.
        error: standard error of each y.
        line: a fit, as a function of x.
    """

    label: str
    x: Values
    y: Values
    error: Values | None = None
    line: Callable[[Values], Values] | None = None


def paths_figure(panels: Mapping[str, Sequence[Series]]) -> Figure:
    """Energy along minimum-energy paths, a panel for each facet and site.

    A potential that lacks a path is left out of its panel, and has one look in all of them.

    Args:
        panels: by the name of the path; x is its length from the saddle in Å, y its energy in eV.
    """
    rows = -(-len(panels) // 2)
    labels = [*dict.fromkeys(points.label for series in panels.values() for points in series)]
    with canvas(1, PANEL_mm * rows + LEGEND_mm) as figure:
        grid = figure.subplots(rows, 2, sharex=True, sharey=True, squeeze=False)
        handles = {}
        for axes, (name, series) in zip(grid.flat, panels.items(), strict=False):
            for points in series:
                handles[points.label] = _points(axes, points, labels.index(points.label))
            axes.axhline(0, color="0.7", linewidth=0.5, zorder=0)
            axes.set_title(name, loc="left", x=0.05, y=1.0, pad=-10)
            _barriers(axes, series, labels)
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        _raise_top(grid[0, 0])
        grid[0, 0].xaxis.set_major_locator(MaxNLocator(5, integer=True))
        figure.supxlabel("Path length from the saddle (Å)", fontsize=9)
        figure.supylabel("Energy (eV)", fontsize=9)
        shown = [handles[label] for label in labels]
        figure.legend(shown, labels, loc="outside upper center", ncols=2, frameon=False)
    return figure


def equation_of_state_figure(series: Sequence[Series], element: str) -> Figure:
    """Energy of an atom above its least, by lattice constant, with the fits.

    Args:
        series: x is the lattice constant in Å, y and line the energy in eV, on any scale.
        element: chemical symbol.
    """
    with canvas(1, SINGLE_mm) as figure:
        axes = figure.add_subplot()
        for index, points in enumerate(series):
            least = np.nanmin(points.y)
            if points.line is not None:
                x = np.linspace(points.x.min(), points.x.max(), 200)
                fitted = points.line(x)
                least = fitted.min()
                axes.plot(x, meV * (fitted - least), **look(index, marker=""))
            raised = Series(points.label, points.x, meV * (points.y - least))
            _points(axes, raised, index, joined=points.line is None)
        axes.set_xlabel(f"Lattice constant of {element} (Å)")
        axes.set_ylabel("Energy above the least\n(meV per atom)")
        _raise_top(axes, rows=-(-len(series) // 2))
        axes.legend(frameon=False, loc="upper center", ncols=2)
    return figure


def expansion_figure(series: Sequence[Series], element: str) -> Figure:
    """Lattice constant by temperature, with error bars of one standard error.

    Args:
        series: x is the temperature in K, y the lattice constant in Å.
        element: chemical symbol.
    """
    with canvas(1, SINGLE_mm) as figure:
        axes = figure.add_subplot()
        for index, points in enumerate(series):
            _points(axes, points, index)
        axes.set_xlim(left=0)
        axes.set_xlabel("Temperature (K)")
        axes.set_ylabel(f"Lattice constant of {element} (Å)")
        axes.legend(frameon=False, loc="upper left")
    return figure


def molecule_figure(series: Sequence[Series], formula: str) -> Figure:
    """V(r) of the lone molecule above its minimum, and how far each is from the last series.

    Args:
        series: at the same r (Å), with V in eV on any scale; the last is the reference.
        formula: such as "H2".

    Raises:
        ValueError: the series have different r.
    """
    if any(not np.array_equal(points.x, series[-1].x) for points in series):
        raise ValueError("the curves are not given at the same bond lengths")
    raised = [points.y - np.nanmin(points.y) for points in series]
    shown = raised[-1] < REACH_eV
    r = series[-1].x
    with canvas(1, SINGLE_mm + 18) as figure:
        curve, below = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1))
        for index, points in enumerate(series):
            style = look(index, marker="")
            curve.plot(r[shown], raised[index][shown], label=points.label, **style)
            if index < len(series) - 1:
                below.plot(r[shown], meV * (raised[index] - raised[-1])[shown], **style)
        below.axhline(0, color="0.7", linewidth=0.5, zorder=0)
        below.yaxis.set_major_locator(MaxNLocator(4))
        curve.set_ylabel("$V$ (eV)")
        below.set_ylabel(r"$\Delta V$ (meV)")
        below.set_xlabel(f"Bond length of {_subscripted(formula)} (Å)")
        curve.legend(frameon=False, loc="upper center")
        figure.align_ylabels()
    return figure


def _raise_top(axes: Axes, rows: int = 1) -> None:
    """Room for a legend of so many rows, or for a name."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + HEADROOM * (1 + (rows - 1) / 2) * (high - low))


def _points(axes: Axes, points: Series, index: int, joined: bool = True) -> ErrorbarContainer:
    """One series, told from others by colour, marker and line alike; only the first is filled.

    Returns:
        What stands for it in a legend.
    """
    style = look(index, markersize=3, elinewidth=0.7)
    style |= {"markerfacecolor": "white"} if index else {}
    style |= {} if joined else {"linestyle": "none"}
    label, order = points.label, 3 - 0.1 * index
    return axes.errorbar(points.x, points.y, points.error, label=label, zorder=order, **style)


def _barriers(axes: Axes, series: Sequence[Series], labels: Sequence[str]) -> None:
    """The highest energy of each path, in its colour."""
    apart = min(0.12, 0.4 / len(labels))
    for points in series:
        index = labels.index(points.label)
        axes.annotate(
            f"{np.nanmax(points.y):.3f} eV",
            xy=(0.05, 0.8 - apart * index),  # the entrance of the path is low
            xycoords="axes fraction",
            ha="left",
            va="top",
            fontsize=7,
            color=look(index)["color"],
        )


def _subscripted(formula: str) -> str:
    return formula.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
