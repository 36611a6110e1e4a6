"""Where on the surface: sticking over the unit cell with its atoms, and by the nearest site."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from scatter.analysis.sites import IDENTITY, Operations, sites_of, surface_cell
from scatter.facets import Fractions
from scatter.outcomes import Outcome
from scatter.plots.series import rows_at
from scatter.plots.style import bars, canvas, look

PER_TILE = 150  # impacts that a tile of the cell holds on average, at least
TILES = (3, 12)  # along a lattice vector, at least and at most
FEWEST = 5  # a tile or site with fewer trajectories is left blank
COLOURS = "cividis"  # of shares; reads in black and white, and for the colour-blind
ROWS: Mapping[str, Fractions] = {"top of the row": ((0.0, 0.0),)}  # where no site has a name
HALF_NAME = 0.12  # of the distance of two atoms: nearer to the left and right, names would be cut
MARGIN = 0.35  # of the distance of two atoms, around the cell

Cell = Float[np.ndarray, "2 2"]
Tiles = Int[np.ndarray, "tile tile"]


def site_figure(
    impacts: np.ndarray,
    by_site: pd.DataFrame,
    facet: str,
    crystal: str,
    lattice_constant_A: float,
    operations: Operations = IDENTITY,
) -> Figure:
    """Share of the impacts that dissociated over the unit cell, and S0 by the nearest site.

    The map takes all energies together and repeats with the lattice, whose atoms are circles. S0 on
    each kind of site has 95 % intervals; a facet without named sites has the map alone.

    Args:
        impacts: records of `scatter.analysis.sites.IMPACT`, of points that differ in energy alone.
        by_site: of `site_sticking`, of the same points.
        facet: of the surface.
        crystal: of which it is a facet.
        lattice_constant_A: of the slab.
        operations: the map is averaged over them.
    """
    cell, sites = surface_cell(facet, crystal, lattice_constant_A), sites_of(facet, crystal)
    with canvas(2 if sites else 1, 68) as figure:
        panels = figure.subplots(1, 2 if sites else 1, squeeze=False)[0]
        _map(figure, panels[0], shares(impacts, operations), cell)
        _atoms(panels[0], cell, sites)
        if sites:
            _by_site(panels[1], by_site)
    return figure


def shares(impacts: np.ndarray, operations: Operations = IDENTITY) -> tuple[Tiles, Tiles]:
    """Impacts and dissociated in each tile of the unit cell, by a and b.

    An impact counts once in each tile in which one of its images by the operations is: where all
    of these are symmetries of what is counted, a tile has as many times the impacts.

    Args:
        impacts: records of `scatter.analysis.sites.IMPACT`.
        operations: from `symmetries_of`.
    """
    tiles = int(np.clip(np.sqrt(len(impacts) * len(operations) / PER_TILE), *TILES))
    images = np.stack([impacts["a"], impacts["b"]], axis=-1) @ operations
    a, b = ((images - np.floor(images)) * tiles).astype(int).transpose(2, 0, 1) % tiles
    tile = np.sort(a * tiles + b, axis=0)  # of each impact, the same ones side by side
    first = np.ones(tile.shape, bool)
    first[1:] = tile[1:] != tile[:-1]
    stuck = first & (impacts["outcome"] == Outcome.DISSOCIATED)
    every, dissociated = (
        np.bincount(tile[counted], minlength=tiles**2).reshape(tiles, tiles)
        for counted in (first, stuck)
    )
    return every, dissociated


def _map(figure: Figure, axes: Axes, counted: tuple[Tiles, Tiles], cell: Cell) -> None:
    """Shares as colours, dark where they are low, in the cell and its neighbours."""
    every, dissociated = counted
    share = np.where(every >= FEWEST, dissociated / np.maximum(every, 1), np.nan)
    edges = np.linspace(0, 1, len(share) + 1)
    a, b = np.meshgrid(edges, edges, indexing="ij")
    most = float(np.nanmax(share)) if np.isfinite(share).any() else 1.0
    images = [
        axes.pcolormesh(
            *((a + i) * cell[0, n] + (b + j) * cell[1, n] for n in (0, 1)),
            share,
            cmap=COLOURS,
            vmin=0,
            vmax=most or 1.0,
            rasterized=True,
        )
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
    ]
    label = "Share of impacts that dissociated,\nall incidence energies"
    figure.colorbar(images[4], ax=axes, label=label)


def nearest_A(cell: Cell) -> float:
    """Distance of the two nearest atoms of a plane with one in its unit cell, Å."""
    return float(min(np.hypot(*cell[0]), np.hypot(*cell[1]), np.hypot(*(cell[1] - cell[0]))))


def _atoms(axes: Axes, cell: Cell, sites: Mapping[str, Fractions]) -> None:
    """Top atoms as circles, the outline of the unit cell, and the names of its sites."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) @ cell
    near = nearest_A(cell)
    low, high = corners.min(axis=0) - MARGIN * near, corners.max(axis=0) + MARGIN * near
    edge = HALF_NAME * near
    images = [np.array([i, j]) @ cell for i in range(-2, 4) for j in range(-2, 4)]
    for place in images:
        axes.add_patch(
            Circle(tuple(place), 0.5 * near, fill=False, edgecolor="white", linewidth=0.9)
        )
    axes.plot(*corners.T, color="white", linewidth=1.4, linestyle="--")
    for name, places in (sites or ROWS).items():
        for x, y in (np.array(place) @ cell + image for place in places for image in images):
            if low[0] + edge < x < high[0] - edge and low[1] < y < high[1]:
                box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
                where = {"ha": "center", "va": "center", "clip_on": True}
                axes.text(x, y, name.replace(" ", "\n"), fontsize=5.5, bbox=box, **where)
    axes.set_aspect("equal")
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    axes.set_xlabel("$x$ (Å)")
    axes.set_ylabel("$y$ (Å)")


def _by_site(axes: Axes, by_site: pd.DataFrame) -> None:
    """S0 of those that come down nearest to each kind of site, against the energy."""
    counted = by_site.query("count >= @FEWEST").sort_values("energy_eV")
    names = list(dict.fromkeys(by_site.site))
    step = 0.012 * float(np.ptp(by_site.energy_eV)) if len(by_site) else 0.0
    for n, name in enumerate(names):
        rows = rows_at(counted, site=name)
        aside = step * (n - 0.5 * (len(names) - 1))
        how = look(n, label=name, elinewidth=0.7)
        bars(axes, rows.energy_eV + aside, rows.S0, rows.low, rows.high, **how)
    axes.set_xlabel("Incidence energy (eV)")
    axes.set_ylabel("Sticking probability $S_0$")
    axes.set_ylim(-0.03, 1.03)
    if names:
        axes.legend(frameon=False, title="Nearest site", title_fontsize=7)
