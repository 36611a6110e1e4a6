"""What happened at the surface: where energy went, where molecules went, and how."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from scatter.analysis import Sticking
from scatter.analysis.directions import angles
from scatter.analysis.ledger import ledgers
from scatter.analysis.ledger_tables import ledger_histograms, ledger_means
from scatter.analysis.mechanism import mechanisms, orientation_distribution, pathways
from scatter.plots.directions import directions_figure, plane_figure
from scatter.plots.energy import ledger_figure, transfer_figure
from scatter.plots.mechanism import orientation_figure
from scatter.report.document import Exhibit, Section, records, shown
from scatter.report.sites import site_exhibits
from scatter.results.folder import ResultsFile

ANGLES = (
    "polar_deg",
    "in_plane_deg",
    "out_of_plane_deg",
    "from_specular_deg",
    "cos_polar",
    "loss_eV",
)


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
    exhibits = [ways, *site_exhibits(results)]
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
