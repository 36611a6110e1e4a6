"""What happened at the surface: where energy went, where molecules went, and how."""

import json
from typing import Any

import numpy as np

from scatter.analysis.directions import angles
from scatter.analysis.ledger import ledgers
from scatter.analysis.ledger_tables import ledger_histograms, ledger_means
from scatter.analysis.mechanism import mechanisms, orientation_distribution, pathways
from scatter.analysis.sites import impact_sites, site_sticking
from scatter.plots.directions import directions_figure, plane_figure
from scatter.plots.energy import ledger_figure, transfer_figure
from scatter.plots.mechanism import orientation_figure, site_figure
from scatter.report.document import Exhibit, Section
from scatter.report.results import Results, stem_of
from scatter.settings import UserError


def energy_section(results: Results) -> Section:
    """The ledger: means against incidence energy, and what the slab took."""
    if not results.molecules:
        return Section("Energy", ["These results do not hold the molecules' bond curves: run the "
                                  "same command again to have them added."])  # fmt: skip
    entries = ledgers(results.points, results.trajectories, results.molecules)
    exhibits, sentences = [], [_closure(entries)]
    for words, found in results.shown(ledger_means(results.points, entries), sentences):
        if not len(found.query("outcome == 'scattered' and n > 0")):
            sentences.append(f"{words}: nothing scattered, so no energy was carried away.")
            continue
        exhibits.append(Exhibit(
            f"energy_{stem_of(words)}", f"{words}: mean change of each energy of the scattered, "
            "final less initial, with 95 % intervals.", ledger_figure(found), found, (), words,
        ))  # fmt: skip
    bins = ledger_histograms(results.points, entries, terms=["to_slab_eV"])
    for words, found in results.shown(bins, []):
        if (found.outcome == "scattered").any():
            exhibits.append(Exhibit(
                f"to_slab_{stem_of(words)}", f"{words}: energy that the scattered gave to the "
                "slab.", transfer_figure(found), found, (), words,
            ))  # fmt: skip
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


def direction_section(results: Results) -> Section:
    """Angles of the scattered, and the energy lost on the way there."""
    if not results.molecules:
        return Section("Directions")
    masses = {formula: one.masses for formula, one in results.molecules.items()}
    entries = angles(results.points, results.trajectories, masses)
    exhibits = []
    for words, group in results.shown(results.rows, []):
        named = {f"{row.energy_eV:g} eV": entries[entries["point"] == _point(results, row)]
                 for row in group}  # fmt: skip
        named = {name: mine for name, mine in named.items() if len(mine)}
        if named:
            exhibits.append(Exhibit(
                f"directions_{stem_of(words)}", f"{words}: density of the scattered over solid "
                "angle, and mean loss of translational energy, by the angle from the normal; "
                "standard errors. The number of trajectories stands beside each energy.",
                directions_figure(named), _angle_rows(group, named), (), words,
            ))  # fmt: skip
            exhibits.append(Exhibit(
                f"planes_{stem_of(words)}", f"{words}: angles of the scattered in the plane of "
                "incidence (forward positive) and out of it; at normal incidence that plane holds "
                "x.", plane_figure(named, group[0].polar_deg), (), (), words,
            ))  # fmt: skip
    return Section("Directions", [], exhibits)


def _point(results: Results, row: Any) -> int:
    return next(n for n, one in enumerate(results.rows) if one is row)


def _angle_rows(group: list[Any], named: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Means and deviations of the angles of each point."""
    told = []
    for row in group:
        mine = named.get(f"{row.energy_eV:g} eV")
        if mine is not None:
            names = ("polar_deg", "in_plane_deg", "out_of_plane_deg", "from_specular_deg",
                     "cos_polar", "loss_eV")  # fmt: skip
            means = {f"mean_{name}": float(mine[name].mean()) for name in names}
            spread = {f"deviation_{name}": float(mine[name].std()) for name in names}
            told.append({"energy_eV": row.energy_eV, "n": len(mine), **means, **spread})
    return told


def mechanism_section(results: Results) -> Section:
    """Bounces, residence, sites and orientation."""
    found = mechanisms(results.trajectories)
    ways = pathways(results.points, found)
    gone = ways.query("count > 0") if len(ways) else ways
    sentences = [
        "A trajectory is direct if its centre of mass bounced once at most, and trapped otherwise; "
        "its residence is the time between first and last being below [stop] near_A."
    ]
    exhibits = [Exhibit(
        "pathways", "Direct and trapped trajectories, with means of bounces, of the residence and "
        "of the lowest height of the centre of mass.", None, gone,
        results.columns("molecule", "v", "energy_eV", "outcome", "pathway", "count", "P",
                        "mean_bounces", "mean_residence_fs", "mean_closest_A"),
    )]  # fmt: skip
    exhibits += _sites(results)
    lying = orientation_distribution(results.points, found)
    for words, group in results.shown(lying, []):
        exhibits.append(Exhibit(
            f"orientation_{stem_of(words)}", f"{words}: orientation of the bond at the lowest "
            "point (cos ϑ = 1: upright, 0: flat; the dashed line is isotropic).",
            orientation_figure(group), group, (), words,
        ))  # fmt: skip
    return Section("Mechanism", sentences, exhibits)


def _lattice_constants(results: Results) -> dict[str, Any]:
    """Of every slab, Å; None for those from a file.

    Raises:
        UserError: the results do not hold them.
    """
    told = results.attributes["lattice_constant_A"]
    try:
        found = json.loads(told)
        slabs = {f"{row.facet} {row.T_K:g} K" for row in results.rows}
        known = [found[slab] for slab in slabs]
    except (ValueError, TypeError, KeyError, RecursionError):
        known = [told]
    good = (
        value is None or (isinstance(value, int | float) and 1 < value < 100) for value in known
    )
    if not all(good):
        raise UserError(f"results.h5: its lattice_constant_A = {str(told)[:60]} fits no slab of it")
    return found


def _sites(results: Results) -> list[Exhibit]:
    """Maps of impacts in the surface unit cell, and sticking by site."""
    constants = _lattice_constants(results)
    impacts = impact_sites(results.points, results.trajectories, constants)
    exhibits = []
    for words, group in results.scans(results.rows)[:4]:
        mine = np.isin(impacts["point"], [_point(results, row) for row in group])
        row, known = group[0], np.isfinite(impacts["x_A"])
        if (mine & known).any():
            constant = constants[f"{row.facet} {row.T_K:g} K"]
            exhibits.append(Exhibit(
                f"sites_{stem_of(words)}", f"{words}, all incidence energies: where the "
                "straight approach meets the top plane, in the unit cell of the surface.",
                site_figure(impacts[mine & known], row.facet, constant), (), (), words,
            ))  # fmt: skip
    table = site_sticking(results.points, impacts, most=results.guards.most_unsettled)
    if len(table):
        exhibits.append(Exhibit(
            "site_sticking", "Sticking probability of trajectories that come down nearest to each "
            "kind of site, with 95 % intervals.", None, table,
            results.columns("molecule", "v", "energy_eV", "site", "count", "S0", "low", "high",
                            "share"),
        ))  # fmt: skip
    return exhibits
