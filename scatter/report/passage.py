"""What happened at the surface: where energy went, where molecules went, and how."""

import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from scatter.analysis import Sticking
from scatter.analysis.directions import angles
from scatter.analysis.ledger import ledgers
from scatter.analysis.ledger_tables import ledger_histograms, ledger_means
from scatter.analysis.mechanism import mechanisms, orientation_distribution, pathways
from scatter.analysis.sites import impact_sites, site_sticking
from scatter.plots.directions import directions_figure, plane_figure
from scatter.plots.energy import ledger_figure, transfer_figure
from scatter.plots.mechanism import orientation_figure
from scatter.plots.sites import site_figure
from scatter.report.chart import chart_of
from scatter.report.document import Exhibit, Section, records, shown, stem_of
from scatter.results.folder import ResultsFile
from scatter.results.surfaces import crystal_in
from scatter.settings import UserError

ANGLES = (
    "polar_deg",
    "in_plane_deg",
    "out_of_plane_deg",
    "from_specular_deg",
    "cos_polar",
    "loss_eV",
)
MOST_MAPS = 4  # of impact sites


def energy_section(results: ResultsFile) -> Section:
    """The ledger: means against incidence energy, and what the slab took."""
    if not results.molecules:
        missing = "These results do not hold the molecules' bond curves"
        return Section("Energy", [f"{missing}: run the same command again to add them."])
    entries = ledgers(results.points, results.trajectories, results.molecules)
    exhibits, sentences = [], [_closure(entries)]
    for words, rows in shown(results, ledger_means(results.points, entries), sentences):
        if not len(rows.query("outcome == 'scattered' and n > 0")):
            sentences.append(f"{words}: nothing scattered, so no energy was transferred.")
            continue
        caption = (
            "mean change of each energy of the scattered, final less initial, with 95 % intervals."
        )
        exhibits.append(Exhibit.of_scan("energy", words, caption, ledger_figure(rows), rows))
    bins = ledger_histograms(results.points, entries, terms=["to_slab_eV"])
    for words, rows in shown(results, bins):
        if (rows.outcome == "scattered").any():
            caption = "energy that the scattered gave to the slab."
            figure = transfer_figure(rows)
            exhibits.append(Exhibit.of_scan("to_slab", words, caption, figure, rows))
    return Section("Energy", sentences, exhibits)


def _closure(entries: np.ndarray) -> str:
    """How well the terms, each computed by itself, add up."""
    deviations = np.abs(entries["deviation_eV"])
    largest = 1e3 * deviations[np.isfinite(deviations)].max(initial=0.0)
    return (
        "Every term is the change of an energy that was computed at both ends; none is what the "
        f"conservation of energy leaves over. Their sums deviate from zero by {largest:.2f} meV at "
        "most, which is the error of the integration."
    )


def direction_section(results: ResultsFile) -> Section:
    """Angles of the scattered, and the energy lost on the way there."""
    if not results.masses:
        return Section("Directions")
    entries = angles(results.points, results.trajectories, results.masses)
    exhibits = []
    for words, group in shown(results, results.rows):
        at = {
            f"{row.energy_eV:g} eV": entries[entries["point"] == results.number_of(row)]
            for row in group
        }
        scattered = {energy: mine for energy, mine in at.items() if len(mine)}
        if scattered:
            exhibits += _directions(words, group, scattered)
    return Section("Directions", [], exhibits)


def _directions(
    words: str, group: Sequence[Sticking], scattered: Mapping[str, np.ndarray]
) -> Iterator[Exhibit]:
    """Angles at every energy of a scan, from the normal and in the plane of incidence."""
    yield Exhibit.of_scan(
        "directions",
        words,
        "density of the scattered over solid angle, and mean loss of translational energy, by the "
        "angle from the normal; standard errors. The number of trajectories stands beside each "
        "energy.",
        directions_figure(scattered),
        pd.DataFrame(_angle_rows(group, scattered)),
    )
    yield Exhibit.of_scan(
        "planes",
        words,
        "angles of the scattered in the plane of incidence (forward positive) and out of it, with "
        "standard errors; at normal incidence that plane holds x.",
        plane_figure(scattered, group[0].polar_deg),
    )


def _angle_rows(
    group: Sequence[Sticking], scattered: Mapping[str, np.ndarray]
) -> list[dict[str, float]]:
    """Means and deviations of the angles of each point."""
    rows = []
    for row in group:
        mine = scattered.get(f"{row.energy_eV:g} eV")
        if mine is not None:
            means = {f"mean_{name}": float(mine[name].mean()) for name in ANGLES}
            spread = {f"deviation_{name}": float(mine[name].std()) for name in ANGLES}
            rows.append({"energy_eV": row.energy_eV, "n": len(mine), **means, **spread})
    return rows


def mechanism_section(results: ResultsFile) -> Section:
    """Bounces, residence, sites and orientation."""
    stories = mechanisms(results.trajectories)
    sentence = (
        "A trajectory is direct if its centre of mass bounced once at most, and trapped otherwise; "
        "its residence is the time between first and last being below [stop] near_A."
    )
    ways = Exhibit(
        "pathways",
        "Direct and trapped trajectories, with means of bounces, of the residence and of the "
        "lowest height of the centre of mass.",
        rows=[row for row in records(pathways(results.points, stories)) if row["count"]],
        columns=results.columns(
            *("molecule", "v", "energy_eV", "outcome", "pathway", "count", "P"),
            *("mean_bounces", "mean_residence_fs", "mean_closest_A"),
        ),
    )
    exhibits = [ways, *_sites(results)]
    if results.kind != "diatomic":
        return Section("Mechanism", [sentence], exhibits)
    for words, group in shown(results, orientation_distribution(results.points, stories)):
        caption = (
            "orientation of the bond at the lowest point (cos ϑ = 1: upright, 0: flat), with 95 % "
            "intervals."
        )
        figure = orientation_figure(group)
        if figure is not None:
            exhibits.append(Exhibit.of_scan("orientation", words, caption, figure, group))
    return Section("Mechanism", [sentence], exhibits)


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


def _sites(results: ResultsFile) -> Iterator[Exhibit]:
    """Maps of impacts in the surface unit cell, and sticking by site."""
    constants = lattice_constants(results)
    crystal = crystal_in(results.description)
    impacts = impact_sites(results.points, results.trajectories, constants, crystal)
    table = site_sticking(results.points, impacts, crystal, most=results.guards.most_unsettled)
    by_site = dict(results.scans(table)) if len(table) else {}
    for words, group in results.scans(results.rows)[:MOST_MAPS]:
        mine = np.isin(impacts["point"], [results.number_of(row) for row in group])
        row, known = group[0], np.isfinite(impacts["x_A"])
        constant = constants[f"{row.facet} {row.T_K:g} K"]
        if (mine & known).any() and constant:
            yield Exhibit(
                f"sites_{stem_of(words)}",
                f"{words}: share of the trajectories that dissociated by where their straight "
                "approach meets the top plane, all incidence energies together; S0 by the nearest "
                "site, with 95 % intervals.",
                site_figure(
                    impacts[mine & known], by_site.get(words, table), row.facet, crystal, constant
                ),
                title=words,
            )
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
