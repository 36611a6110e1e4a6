"""The figure of a learning curve: errors against the number of structures trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator, StrMethodFormatter

from scatter.plots.style import LINES, MARKERS, PALETTE, canvas

HEIGHT_mm = 75
PANELS = {
    "energy": ("energy", "RMSE (meV)"),
    "forces": ("forces", "RMSE (meV/Å)"),
    "molecule": ("forces on the molecule", "RMSE (meV/Å)"),
}


@dataclass(frozen=True)
class Learned:
    """Errors of one model: RMSE and its standard error.

    Attributes:
        method: how it was trained.
        structures: with how many; 0 for the foundation as it is.
        energy: of whole cells, meV.
        forces: meV/Å.
        molecule: forces on the molecule's atoms, meV/Å.
    """

    method: str
    structures: int
    energy: tuple[float, float]
    forces: tuple[float, float]
    molecule: tuple[float, float]


def learning_figure(rows: Sequence[Learned]) -> Figure:
    """Three panels, one for each error, both axes logarithmic; one line for each method.

    The errors of the foundation as it is are a horizontal line.
    """
    curves: dict[str, list[Learned]] = {}
    for row in sorted(rows, key=lambda row: row.structures):
        curves.setdefault(row.method, []).append(row)
    trained = [method for method, curve in curves.items() if curve[0].structures]
    with canvas(2, HEIGHT_mm) as figure:
        panels = figure.subplots(1, len(PANELS))
        for axes, quantity in zip(panels, PANELS, strict=True):
            for index, method in enumerate(trained):
                x = [row.structures for row in curves[method]]
                y, error = zip(*(getattr(row, quantity) for row in curves[method]), strict=True)
                axes.errorbar(
                    x,
                    y,
                    error,
                    color=PALETTE[index],
                    marker=MARKERS[index],
                    ls=LINES[index % len(LINES)],
                    label=method,
                )
            for method in set(curves) - set(trained):
                height = getattr(curves[method][0], quantity)[0]
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
