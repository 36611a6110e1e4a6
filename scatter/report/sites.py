"""Where on the surface: maps of the unit cell that answer a pointer, and S0 by the nearest site."""

import json
from collections.abc import Iterator

import numpy as np
import pandas as pd

from scatter.analysis import Sticking
from scatter.analysis.probability import wilson
from scatter.analysis.sites import (
    IDENTITY,
    Operations,
    impact_sites,
    site_sticking,
    sites_of,
    surface_cell,
    symmetries_of,
)
from scatter.plots.sites import COLOURS, FEWEST, ROWS, nearest_A, shares, site_figure
from scatter.plots.style import colours_of
from scatter.report.chart import Cell, Chart, chart_of
from scatter.report.document import Exhibit, records
from scatter.results.folder import ResultsFile
from scatter.results.surfaces import clean_in, crystal_in
from scatter.settings import UserError

MOST_MAPS = 4
SHADES = 32  # of the colours of a map


def site_exhibits(results: ResultsFile) -> Iterator[Exhibit]:
    """Maps of impacts in the surface unit cell, and sticking by site."""
    constants = lattice_constants(results)
    crystal, clean = crystal_in(results.description), clean_in(results.description)
    impacts = impact_sites(results.points, results.trajectories, constants, crystal)
    table = site_sticking(results.points, impacts, crystal, most=results.guards.most_unsettled)
    by_site = dict(results.scans(table)) if len(table) else {}
    for words, group in results.scans(results.rows)[:MOST_MAPS]:
        mine = np.isin(impacts["point"], [results.number_of(row) for row in group])
        constant = constants[f"{group[0].facet} {group[0].T_K:g} K"]
        there = impacts[mine & np.isfinite(impacts["x_A"])]
        if len(there) and constant:
            row, nearest = group[0], by_site.get(words, table)
            even = clean and row.polar_deg == 0
            operations = symmetries_of(row.facet, crystal) if even else IDENTITY
            yield site_map(words, row, there, nearest, crystal, constant, operations)
    if len(table):
        yield Exhibit(
            "site_sticking",
            "Sticking probability of trajectories that come down nearest to each kind of site, "
            "with 95 % intervals.",
            rows=records(table),
            columns=results.columns(
                "molecule", "v", "energy_eV", "site", "S0", "low", "high", "count", "share"
            ),
            chart=chart_of(results, "Sticking probability S0", "S0", by=["site"]),
        )


def site_map(
    words: str,
    row: Sticking,
    impacts: np.ndarray,
    by_site: pd.DataFrame,
    crystal: str,
    constant: float,
    operations: Operations = IDENTITY,
) -> Exhibit:
    """The map of points that differ in energy alone.

    Args:
        words: what the points share.
        row: one of them.
        impacts: theirs, records of `scatter.analysis.sites.IMPACT`.
        by_site: of `site_sticking`, of the same points.
        crystal: of the surface.
        constant: lattice constant of the slab, Å.
        operations: symmetries over which the map is averaged.
    """
    cell = surface_cell(row.facet, crystal, constant)
    tiles, sites = tile_rows(impacts, cell, operations), sites_of(row.facet, crystal)
    caption = (
        "share of the trajectories that dissociated by where their straight approach meets the top "
        "plane, all incidence energies together"
    )
    if len(operations) > 1:
        caption += f", averaged over the {len(operations)} symmetries of the surface"
    if sites:
        caption += "; its files have S0 by the nearest site beside it, with 95 % intervals"
    figure = site_figure(impacts, by_site, row.facet, crystal, constant, operations)
    chart = Chart(
        *("x_A", "P", "x (Å)", "y (Å)"),
        cell=Cell(
            vectors=cell.ravel().tolist(),
            side=round(len(tiles) ** 0.5),
            radius=nearest_A(cell) / 2,
            sites=[
                (name, *(np.array(place) @ cell).tolist())
                for name, places in (sites or ROWS).items()
                for place in places
            ],
            label="Share of impacts that dissociated",
            most=max((tile["P"] or 0.0 for tile in tiles), default=0.0) or 1.0,
            colours=colours_of(COLOURS, SHADES),
        ),
    )
    return Exhibit.of_scan("sites", words, f"{caption}.", figure, pd.DataFrame(tiles), chart)


def tile_rows(
    impacts: np.ndarray, cell: np.ndarray, operations: Operations = IDENTITY
) -> list[dict[str, float | int | None]]:
    """The tiles of a map: place of the middle, impacts, dissociated, their share and its interval.

    The share is not known where there are fewer than `FEWEST` impacts. Tiles go along b first.

    Args:
        impacts: records of `scatter.analysis.sites.IMPACT`.
        cell: lattice vectors (rows) of the surface's unit cell, Å.
        operations: as of `scatter.plots.sites.shares`.
    """
    every, dissociated = shares(impacts, operations)
    rows = []
    for tile, (count, stuck) in enumerate(zip(every.flat, dissociated.flat, strict=True)):
        a, b = ((n + 0.5) / len(every) for n in divmod(tile, len(every)))
        x, y = (np.array([a, b]) @ cell).tolist()
        P, low, high = wilson(int(stuck), int(count)) if count >= FEWEST else (None, None, None)
        counts = {"count": int(count), "dissociated": int(stuck)}
        rows.append({"x_A": x, "y_A": y, **counts, "P": P, "low": low, "high": high})
    return rows


def lattice_constants(results: ResultsFile) -> dict[str, float | None]:
    """Of every slab, Å; None for those from a file.

    Raises:
        UserError: the results do not hold them.
    """
    text = results.description["lattice_constant_A"]
    try:
        constants = json.loads(text)
        known = [constants[f"{row.facet} {row.T_K:g} K"] for row in results.rows]
        if all(
            value is None or (type(value) in (int, float) and 1 < value < 100) for value in known
        ):
            return constants
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise UserError(f"results.h5: its lattice_constant_A = {str(text)[:60]} fits no slab of it")
