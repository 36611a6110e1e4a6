"""Orders of diffraction, where the slab was at rest."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from scatter.analysis import diffraction_orders
from scatter.config import parse
from scatter.plots.diffraction import diffraction_figure
from scatter.report.document import Exhibit, Section, records, shown
from scatter.report.sites import lattice_constants
from scatter.results.folder import ResultsFile
from scatter.results.surfaces import crystal_in

COLUMNS = ("n1", "n2", "count", "n", "P", "low", "high", "closed")


def diffraction_section(results: ResultsFile) -> Section:
    """Probabilities of the orders at points on slabs at rest; nothing of others."""
    points = results.points[_at_rest(results)]
    mine = np.isin(results.trajectories["point"], points["point"])
    if not mine.any() or not results.masses:
        return Section("Diffraction")
    table = diffraction_orders(
        points,
        results.trajectories[mine],
        results.masses,
        lattice_constants(results),
        crystal_in(results.description),
    )
    if not len(table):
        return Section("Diffraction")
    closed = int(table.groupby("point").closed.first().sum())
    sentence = (
        "On a slab at rest momentum along the surface changes in quanta: each scattered trajectory "
        "counts for the vector n1 b1 + n2 b2 of the reciprocal lattice that is nearest to its own "
        "change. Trajectories are classical: what is shown has no interference."
    )
    if closed:
        sentence += f" {closed} were nearest to a channel that is closed to them, and are left out."
    numbers = Exhibit(
        "diffraction",
        "Probabilities of the orders among the scattered in open channels, with 95 % intervals.",
        rows=records(table),
        columns=results.columns("molecule", "v", "energy_eV", *COLUMNS),
    )
    return Section("Diffraction", [sentence], [*_figures(results, table), numbers])


def _at_rest(results: ResultsFile) -> np.ndarray:
    """Which points are on slabs at rest."""
    rest = np.zeros(len(results.points), bool)
    for part in results.campaigns:
        surface = parse(Path("results.h5"), part.description["input"]).input.surface
        own = {(row.facet, row.T_K) for row in part.rows if surface.at_rest(row.T_K)}
        slabs = zip(results.points["facet"].tolist(), results.points["T_K"].tolist(), strict=True)
        rest |= np.array([slab in own for slab in slabs], bool)
    return rest


def _figures(results: ResultsFile, table: pd.DataFrame) -> Iterator[Exhibit]:
    """The orders at every energy of a scan."""
    for words, group in shown(results, table):
        yield Exhibit.of_scan(
            "diffraction",
            words,
            "orders of diffraction in the reciprocal lattice; areas are probabilities, and the "
            "order of specular reflection is filled.",
            diffraction_figure(group),
            group,
        )
