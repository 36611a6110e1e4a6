"""How it happened: sites of impact in the surface unit cell, and orientations."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scatter.analysis.sites import sites_of, surface_cell
from scatter.outcomes import Outcome
from scatter.plots.style import PALETTE, canvas, steps_by_energy

DRAWN = 2000  # sites of one ending; more would hide one another
KINDS = {Outcome.DISSOCIATED: ("s", PALETTE[1]), Outcome.SCATTERED: (".", PALETTE[0])}


def site_figure(impacts: np.ndarray, facet: str, lattice_constant_A: float) -> Figure:
    """Impacts in the surface unit cell, dissociated and scattered side by side.

    Args:
        impacts: records of `scatter.analysis.sites.IMPACT`.
        facet: of the surface.
        lattice_constant_A: of the slab.
    """
    cell = surface_cell(facet, lattice_constant_A)
    with canvas(2, 68) as figure:
        panels = figure.subplots(1, 2, sharex=True, sharey=True)
        for axes, (outcome, (marker, color)) in zip(panels, KINDS.items(), strict=True):
            mine = impacts[impacts["outcome"] == outcome]
            axes.plot(
                mine["x_A"][:DRAWN],
                mine["y_A"][:DRAWN],
                marker,
                color=color,
                ms=1.8,
                mew=0,
                rasterized=True,
            )
            first = f", the first {DRAWN} drawn" if len(mine) > DRAWN else ""
            axes.set_title(f"{outcome.name.lower()}: {len(mine)}{first}")
            _draw_cell(axes, cell, facet)
        figure.supxlabel("x (Å)", fontsize=9)
        figure.supylabel("y (Å)", fontsize=9)
    return figure


def _draw_cell(axes: Axes, cell: np.ndarray, facet: str) -> None:
    """The outline of the unit cell, and the names of its sites."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) @ cell
    axes.plot(*corners.T, color="black", linewidth=0.8)
    for name, places in sites_of(facet).items():
        for place in places:
            x, y = np.array(place) @ cell
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
            axes.text(x, y, name, ha="center", va="center", fontsize=6, bbox=box)
    axes.set_aspect("equal")
    axes.margins(0.12)


def orientation_figure(bins: pd.DataFrame) -> Figure:
    """Density over |cos ϑ| of the bond at the lowest point, by ending and incidence energy.

    Args:
        bins: of `orientation_distribution`, for points that differ in their energy alone.
    """
    with canvas(2, 62) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, outcome in zip(panels, KINDS, strict=True):
            name = outcome.name.lower()
            steps_by_energy(axes, bins, name, "cos", "density", "{energy:g} eV: {n}")
            axes.axhline(1, color=PALETTE[1], linestyle="--", linewidth=0.7)
            axes.set_title(name)
            axes.set_xlabel("|cos ϑ| at the lowest point")
            axes.set_xlim(0, 1)
            if axes.get_legend_handles_labels()[0]:
                axes.legend(frameon=False)
        panels[0].set_ylabel("Density")
    return figure
