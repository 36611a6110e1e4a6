"""The figure of a learning curve: errors against the number of structures trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator, StrMethodFormatter

from scatter.plots.style import LINES, MARKERS, PALETTE, canvas

HEIGHT_mm = 75
PANELS = {  # titles and labels of the errors
    "energy_shifted": ("energy", "RMSE (meV)"),
    "energy_per_atom": ("energy", "RMSE (meV/atom)"),
    "forces": ("forces", "RMSE (meV/Å)"),
    "molecule": ("forces on the molecule", "RMSE (meV/Å)"),
    "stress": ("stress", "RMSE (meV/Å³)"),
}


@dataclass(frozen=True)
class Learned:
    """Errors of one model.

    Attributes:
        method: how it was trained.
        structures: with how many; 0 for the foundation as it is.
        errors: RMSE and its standard error by quantity, of those in `PANELS`.
        subset: which of several with as many structures.
    """

    method: str
    structures: int
    errors: Mapping[str, tuple[float, float]]
    subset: int = 0


def mean_over_subsets(rows: Sequence[Learned]) -> list[Learned]:
    """One row for each method and number: means, and their standard errors by the subsets' spread.

    Of a single subset the row stays as it is.
    """
    groups: dict[tuple[str, int], list[Learned]] = {}
    for row in rows:
        groups.setdefault((row.method, row.structures), []).append(row)
    return [mine[0] if len(mine) == 1 else _mean(mine) for mine in groups.values()]


def _mean(rows: Sequence[Learned]) -> Learned:
    def over_subsets(quantity: str) -> tuple[float, float]:
        values = [row.errors[quantity][0] for row in rows]
        return float(np.mean(values)), float(np.std(values, ddof=1) / len(values) ** 0.5)

    first = rows[0]
    return Learned(
        first.method, first.structures, {name: over_subsets(name) for name in first.errors}
    )


def learning_figure(rows: Sequence[Learned]) -> Figure:
    """A panel for each error, both axes logarithmic; one line for each method.

    The errors of the foundation as it is are a horizontal line.
    """
    curves: dict[str, list[Learned]] = {}
    for row in sorted(rows, key=lambda row: row.structures):
        curves.setdefault(row.method, []).append(row)
    quantities = [name for name in PANELS if name in rows[0].errors]
    trained = [method for method, curve in curves.items() if curve[0].structures]
    with canvas(2, HEIGHT_mm) as figure:
        panels = figure.subplots(1, len(quantities), squeeze=False)[0]
        for axes, quantity in zip(panels, quantities, strict=True):
            for index, method in enumerate(trained):
                x = [row.structures for row in curves[method]]
                y, error = zip(*(row.errors[quantity] for row in curves[method]), strict=True)
                axes.errorbar(
                    x,
                    y,
                    error,
                    color=PALETTE[index % len(PALETTE)],
                    marker=MARKERS[index % len(MARKERS)],
                    ls=LINES[index % len(LINES)],
                    label=method,
                )
            for method in set(curves) - set(trained):
                height = curves[method][0].errors[quantity][0]
                axes.axhline(height, color="0.5", ls=":", label=method)
            _frame(axes, quantity, sorted({row.structures for row in rows if row.structures}))
        handles, texts = panels[0].get_legend_handles_labels()
        figure.legend(handles, texts, loc="outside upper center", ncols=len(texts))
    return figure


def _frame(axes: Axes, quantity: str, numbers: list[int]) -> None:
    title, label = PANELS[quantity]
    axes.set(title=title, xscale="log", yscale="log", xlabel="structures", ylabel=label)
    axes.set_xticks(numbers, [str(number) for number in numbers])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
