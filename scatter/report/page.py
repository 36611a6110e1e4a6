"""`scatter report`: what came of a campaign, on one page, from its results alone."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from scatter.analysis import PARITY, Binning, quality
from scatter.analysis.shared_snapshots import shared_snapshots
from scatter.conditions import ADSORBED
from scatter.config import parse
from scatter.phrases import counted
from scatter.plots.quality import quality_figure
from scatter.report.adsorbed import adsorbed_section
from scatter.report.answer import answered, asked, desorbed_in_words
from scatter.report.averages import into
from scatter.report.curves import curve_section, fit_section
from scatter.report.desorbed import points_of
from scatter.report.desorption_sections import desorption_sections
from scatter.report.diffraction import diffraction_section
from scatter.report.document import Exhibit, Section, write_document
from scatter.report.failures import failures, quality_in_words
from scatter.report.passage import direction_section, energy_section, mechanism_section
from scatter.report.products import product_section
from scatter.report.sharing import by_slab
from scatter.report.states import state_section
from scatter.report.zero_point import told_together, zero_point_exhibits
from scatter.results.folder import ResultsFile
from scatter.results.together import differences, results_of
from scatter.settings import UserError
from scatter.units import K


def write_report(
    folders: Path | Sequence[Path],
    binning: Binning = PARITY,
    output: Path | None = None,
    amplitude: float | None = None,
) -> Path:
    """Write `report.html` of campaigns, and its figures and numbers into `report/`.

    Args:
        folders: of a campaign, or of several that are taken as one (`results_of`).
        binning: how final quantum numbers become whole ones.
        output: folder to write into; by default the first campaign's.
        amplitude: A of fitted curves, if it is not to be fitted.

    Raises:
        UserError: there are no results, or the campaigns do not go together.
    """
    folders = [folders] if isinstance(folders, Path) else folders
    results = results_of(folders)
    molecules = dict.fromkeys(row.molecule for row in results.rows)
    if results.kind == "desorption":
        return _of_desorption(into(output, folders), results)
    what = "Desorption" if results.kind == ADSORBED else "Scattering"
    title = f"{what} of {', '.join(molecules)} on {', '.join(results.surfaces.values())}"
    sections = [*_of_the_kind(results, binning, amplitude), quality_section(results)]
    path = into(output, folders) / "report.html"
    answer = answered(results) if results.rows else []
    write_document(path, title, asked(results), sections, answer)
    return path


def _of_desorption(folder: Path, results: ResultsFile) -> Path:
    """The page of a desorption campaign.

    Raises:
        UserError: there are several.
    """
    if len(results.campaigns) > 1:
        raise UserError("desorption campaigns have a page each; name one folder")
    points = points_of(results)
    formulas = dict.fromkeys(point.row.molecule for point in points)
    title = f"Desorption of {', '.join(formulas)} from {', '.join(results.surfaces.values())}"
    path = folder / "report.html"
    sections = [*desorption_sections(results), quality_section(results)]
    write_document(path, title, asked(results), sections, desorbed_in_words(points))
    return path


def _of_the_kind(results: ResultsFile, binning: Binning, amplitude: float | None) -> list[Section]:
    """What is known of one kind of projectile."""
    if results.kind == ADSORBED:
        return [product_section(results), adsorbed_section(results)]
    if results.kind == "diatomic":
        own = [state_section(results, binning), energy_section(results)]
    else:
        own = [product_section(results)]
    passage = [direction_section(results), diffraction_section(results)]
    passage += [mechanism_section(results)]
    return [curve_section(results, amplitude), fit_section(results, amplitude), *own, *passage]


def quality_section(results: ResultsFile) -> Section:
    """How far to trust it: energy errors, endings without an answer, and where it comes from."""
    trajectories = results.trajectories
    summary = quality(trajectories)
    several = len(results.campaigns) > 1
    provenance = [
        {**({"campaign": str(part.description.path.parent)} if several else {}), **row}
        for part in results.campaigns
        for row in _provenance(part)
    ]
    sentences = [
        f"{counted(summary.n, 'trajectory')}; {quality_in_words(summary)}. Undecided "
        "and failed ones count as not dissociated in S0, where it is known.",
    ]
    if sentence := failures(trajectories):
        sentences.append(f"{sentence[0].upper()}{sentence[1:]}.")
    deviations = Exhibit(
        "energy_error",
        "Largest deviation of the total energy along each trajectory; and how long trajectories "
        "took.",
        quality_figure(trajectories, results.description.ending_names),
        title=results.words,
    )
    caption = "How these numbers were made."
    made = Exhibit("provenance", caption, rows=provenance, columns=[*provenance[0]])
    sentences += [f"The campaigns differ in {words}." for words in differences(results)]
    if results.kind != "desorption":  # whose slabs have momenta of their own in every shot
        for part in results.campaigns:
            sentences += [*_slab_temperatures(part), *_shared_snapshots(part)]
    folders = [part.description.path.parent for part in results.campaigns]
    doubts, zero = zero_point_exhibits(results, told_together(folders))
    return Section("Quality", [*sentences, *doubts], [deviations, *zero, made])


def _provenance(results: ResultsFile) -> list[dict[str, str]]:
    """What a campaign says of itself, but its input."""
    return [
        {"what": name, "value": str(value)}
        for name, value in results.description.items()
        if name not in ("input", "identity") and value not in ("[]", "{}")
    ]


def _shared_snapshots(results: ResultsFile) -> Iterator[str]:
    """What the intervals of S0 owe to trajectories that begin on the same snapshot."""
    for slab, _, rows in by_slab(results):
        shared = shared_snapshots(rows)
        if not np.isfinite(shared.error):
            continue
        most = shared.correlation + 2 * shared.error
        yield (
            f"{slab}: {shared.snapshots} snapshots, each shared by {shared.sharers:.1f} "
            "trajectories of a point. The intraclass correlation of dissociating is "
            f"{shared.correlation:.4f} ± {shared.error:.4f}: it widens intervals by "
            f"{max(0.0, shared.widening(shared.correlation)):.1%}, and would by "
            f"{max(0.0, shared.widening(most)):.1%} were it two standard errors more. Those of S0 "
            "count it, point by point."
        )


def _slab_temperatures(results: ResultsFile) -> Iterator[str]:
    """What the slabs' kinetic energy at the start says: T = 2⟨K⟩/3Nk, N atoms that move."""
    surface = parse(Path("results.h5"), results.description["input"]).input.surface
    if surface.file is not None:
        return
    for slab, facet, mine in by_slab(results):
        used, first = np.unique(mine["snapshot"], return_index=True)
        if surface.rigid or len(used) < 2:
            continue
        moving = surface.atoms_in_layer(facet) * (surface.size[2] - int(surface.frozen_layers))
        moving += surface.adsorbed(facet)
        measured = 2 * mine["initial_kinetic_slab_eV"][first] / (3 * moving * K)
        error = measured.std(ddof=1) / np.sqrt(len(used))
        yield (
            f"{slab}: the slabs' kinetic energy says "
            f"{measured.mean():.0f} ± {error:.0f} K (standard error, {len(used)} snapshots "
            "taken as independent)."
        )
