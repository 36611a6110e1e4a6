"""A crystal on a potential and on its reference: phonons, their density, energy by volume."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scatter.plots.style import canvas, look

HEIGHT_mm = 105


@dataclass(frozen=True)
class Drawn:
    """One potential's curves.

    Attributes:
        label: in the legend.
        volumes: of an atom, Å³.
        energies: of an atom above the least, eV.
        distances: of the q-points of every stretch of the path, 1/Å.
        frequencies: of its branches, THz, shape (q-point, branch).
        labels: of the ends of each stretch.
        grid: frequencies at which the density is given, THz.
        density: states of an atom, 1/THz.
    """

    label: str
    volumes: Float[np.ndarray, " volume"]
    energies: Float[np.ndarray, " volume"]
    distances: Sequence[Float[np.ndarray, " q"]]
    frequencies: Sequence[Float[np.ndarray, "q branch"]]
    labels: Sequence[tuple[str, str]]
    grid: Float[np.ndarray, " point"]
    density: Float[np.ndarray, " point"]


def material_figure(drawn: Sequence[Drawn], name: str) -> Figure:
    """Phonons along the path with their density beside, and energies by volume below.

    Args:
        drawn: the potential, and perhaps its reference, whose path is stretched to the same length.
        name: of the crystal.
    """
    with canvas(1, HEIGHT_mm) as figure:
        grid = figure.add_gridspec(2, 2, width_ratios=(3, 1), height_ratios=(1.2, 1))
        path = figure.add_subplot(grid[0, 0])
        density = figure.add_subplot(grid[0, 1], sharey=path)
        below = figure.add_subplot(grid[1, :])
        ends = np.cumsum([0, *(np.ptp(each) for each in drawn[0].distances)])
        for n, each in enumerate(drawn):
            _path(path, each, ends, n)
            density.plot(each.density, each.grid, **look(n, marker="none"))
            below.plot(each.volumes, 1e3 * each.energies, label=each.label, **look(n, markersize=3))
        _name(path, ends, drawn[0].labels)
        path.set_ylabel("Frequency (THz)")
        path.set_title(name, loc="left")
        density.set_xlabel("DOS\n(1/THz)")
        density.set_xlim(left=0)
        density.tick_params(labelleft=False)
        below.set(xlabel="Volume of an atom (Å³)", ylabel="Energy of an atom (meV)")
        below.legend(frameon=False)
    return figure


def _path(axes: Axes, each: Drawn, ends: Float[np.ndarray, " end"], n: int) -> None:
    """The branches on each stretch, stretched to its ends."""
    stretches = zip(each.distances, each.frequencies, ends[:-1], ends[1:], strict=True)
    for distances, frequencies, begin, end in stretches:
        along = np.interp(distances, [distances[0], distances[-1]], [begin, end])
        axes.plot(along, frequencies, lw=0.8, **look(n, marker="none"))


def _name(axes: Axes, ends: Float[np.ndarray, " end"], labels: Sequence[tuple[str, str]]) -> None:
    """Names at the ends of stretches; two where the path goes on elsewhere."""
    ticks = [labels[0][0]]
    for (_, end), following in zip(labels, [*labels[1:], None], strict=True):
        ticks.append(end if following is None or following[0] == end else f"{end}|{following[0]}")
    axes.set_xticks(ends, ticks)
    if any("|" in tick for tick in ticks):
        axes.tick_params(axis="x", labelsize=6)
    axes.set_xlim(ends[0], ends[-1])
    for place in ends[1:-1]:
        axes.axvline(place, color="0.8", linewidth=0.5, zorder=0)
    axes.axhline(0, color="0.7", linewidth=0.5, zorder=0)
