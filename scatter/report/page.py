"""`scatter report`: what came of a campaign, on one page, from its results alone."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from scatter.analysis import PARITY, Binning, quality
from scatter.analysis.shared_snapshots import shared_snapshots
from scatter.analysis.words import conditions_of, phrases
from scatter.config import parse
from scatter.plots.quality import quality_figure
from scatter.report.curves import curve_section
from scatter.report.document import Exhibit, Section, write_document
from scatter.report.failures import failures, quality_in_words
from scatter.report.passage import direction_section, energy_section, mechanism_section
from scatter.report.states import state_section
from scatter.results.folder import ResultsFile
from scatter.units import K


def write_report(folder: Path, binning: Binning = PARITY) -> Path:
    """Write `report.html` of a campaign, and its figures and numbers into `report/`.

    Args:
        folder: of the campaign.
        binning: how final quantum numbers become whole ones.

    Raises:
        UserError: there are no results.
    """
    results = ResultsFile.of(folder)
    molecules = dict.fromkeys(row.molecule for row in results.rows)
    title = f"Scattering of {', '.join(molecules)} on {', '.join(results.surfaces.values())}"
    sections = [
        curve_section(results),
        state_section(results, binning),
        energy_section(results),
        direction_section(results),
        mechanism_section(results),
        quality_section(results),
    ]
    path = folder / "report.html"
    write_document(path, title, _lead(results), sections)
    return path


def _lead(results: ResultsFile) -> str:
    """The question: what was fired at what, how often, on which potential."""
    rows = results.rows
    phrased = phrases([conditions_of(row) for row in rows])
    slabs = dict.fromkeys(f"{words['surface']} at {words['T_K']}" for words in phrased)
    angles = dict.fromkeys(words["polar_deg"] for words in phrased)
    energies = sorted({row.energy_eV for row in rows})
    ends = dict.fromkeys(f"{energy:g}" for energy in (energies[0], energies[-1]))
    return (
        f"{sum(row.n for row in rows):,} trajectories at {len(rows)} points on "
        f"{', '.join(slabs)}; incidence energies {' to '.join(ends)} eV, {', '.join(angles)}; "
        f"potential: {results.description['potential']}."
    )


def quality_section(results: ResultsFile) -> Section:
    """How far to trust it: energy errors, endings without an answer, and where it comes from."""
    trajectories = results.trajectories
    summary = quality(trajectories)
    provenance = [
        {"what": name, "value": str(value)}
        for name, value in results.description.items()
        if name not in ("input", "identity") and value not in ("[]", "{}")
    ]
    sentences = [
        f"{summary.n} trajectories; {quality_in_words(summary)}. Undecided and failed ones count "
        "as not dissociated in S0, where it is known.",
    ]
    if sentence := failures(trajectories):
        sentences.append(f"{sentence[0].upper()}{sentence[1:]}.")
    deviations = Exhibit(
        "energy_error",
        "Largest deviation of the total energy along each trajectory; and how long trajectories "
        "took.",
        quality_figure(trajectories),
        title=results.words,
    )
    made = Exhibit(
        "provenance", "What made these numbers.", rows=provenance, columns=("what", "value")
    )
    sentences += [*_slab_temperatures(results), *_shared_snapshots(results)]
    return Section("Quality", sentences, [deviations, made])


def _by_slab(results: ResultsFile) -> Iterator[tuple[str, np.ndarray]]:
    """The name of each slab, and the trajectories on it."""
    points, rows = results.points, results.trajectories
    for facet, T_K in dict.fromkeys((row.facet, row.T_K) for row in results.rows):
        alike = (points["facet"] == facet) & (points["T_K"] == T_K)
        mine = rows[np.isin(rows["point"], points["point"][alike])]
        yield f"{results.surfaces[facet]}, {T_K:g} K", mine


def _shared_snapshots(results: ResultsFile) -> Iterator[str]:
    """What the intervals of S0 owe to trajectories that begin on the same snapshot."""
    for slab, rows in _by_slab(results):
        shared = shared_snapshots(rows)
        if not np.isfinite(shared.error):
            continue
        most = shared.correlation + 2 * shared.error
        yield (
            f"{slab}: {shared.snapshots} snapshots, each shared by {shared.sharers:.1f} "
            "trajectories of a point. The intraclass correlation of dissociating is "
            f"{shared.correlation:.4f} ± {shared.error:.4f}: counting it would widen the "
            f"intervals of S0 by {max(0.0, shared.widening(shared.correlation)):.1%}, and by "
            f"{max(0.0, shared.widening(most)):.1%} were it two standard errors more."
        )


def _slab_temperatures(results: ResultsFile) -> Iterator[str]:
    """What the slabs' kinetic energy at the start says: T = 2⟨K⟩/3Nk, N atoms that move."""
    surface = parse(Path("results.h5"), results.description["input"]).input.surface
    if surface.file is not None:
        return
    moving = surface.size[0] * surface.size[1] * (surface.size[2] - surface.frozen_layers)
    for slab, mine in _by_slab(results):
        used, first = np.unique(mine["snapshot"], return_index=True)
        measured = 2 * mine["initial_kinetic_slab_eV"][first] / (3 * moving * K)
        if len(used) > 1:
            error = measured.std(ddof=1) / np.sqrt(len(used))
            yield (
                f"{slab}: the slabs' kinetic energy says "
                f"{measured.mean():.0f} ± {error:.0f} K (standard error, {len(used)} snapshots "
                "taken as independent)."
            )
