"""`scatter report`: what a campaign found, on one page, from its results alone."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from scatter.analysis import PARITY, Binning, quality
from scatter.analysis.words import conditions_of, phrases
from scatter.campaign.failures import quality_told
from scatter.campaign.failures import told as failures
from scatter.config import parse
from scatter.plots.quality import quality_figure
from scatter.report.curves import curve_section
from scatter.report.document import Exhibit, Section, write_document
from scatter.report.passage import direction_section, energy_section, mechanism_section
from scatter.report.results import Results
from scatter.report.states import state_section
from scatter.units import K


def write_report(folder: Path, binning: Binning = PARITY) -> Path:
    """Write `report.html` of a campaign, and its figures and numbers into `report/`.

    Args:
        folder: of the campaign.
        binning: how final quantum numbers become whole ones.

    Raises:
        UserError: there are no results.
    """
    results = Results.of(folder, binning)
    path = folder / "report.html"
    molecules = dict.fromkeys(row.molecule for row in results.rows)
    title = f"Scattering of {', '.join(molecules)} on {', '.join(results.surfaces.values())}"
    write_document(path, title, _lead(results), [make(results) for make in SECTIONS])
    return path


def _lead(results: Results) -> str:
    """The question: what was fired at what, how often, on which potential."""
    rows = results.rows
    told = phrases([conditions_of(row) for row in rows])
    slabs = dict.fromkeys(f"{one['surface']} at {one['T_K']}" for one in told)
    angles = dict.fromkeys(one["polar_deg"] for one in told)
    energies = sorted({row.energy_eV for row in rows})
    span = (
        f"{energies[0]:g} eV" if len(energies) == 1 else f"{energies[0]:g} to {energies[-1]:g} eV"
    )
    return (
        f"{sum(row.n for row in rows):,} trajectories at {len(rows)} points on "
        f"{', '.join(slabs)}; incidence energies {span}, {', '.join(angles)}; potential: "
        f"{results.attributes['potential']}."
    )


def quality_section(results: Results) -> Section:
    """How far to trust it: energy errors, endings without an answer, and where it comes from."""
    found = quality(results.trajectories)
    told = [
        {"what": name, "value": str(value)}
        for name, value in results.attributes.items()
        if name not in ("input", "identity") and value not in ("[]", "{}")
    ]
    sentences = [
        f"{found.n} trajectories; {quality_told(found)}. Undecided and failed ones count as not "
        "dissociated in S0, where it is known.",
    ]
    sentences += [f"{sentence[0].upper()}{sentence[1:]}."
                  for sentence in [failures(results.trajectories)] if sentence]  # fmt: skip
    sentences += _slab_temperatures(results)
    figure = quality_figure(results.trajectories)
    return Section("Quality", sentences, [
        Exhibit("energy_error", "Largest deviation of the total energy along each trajectory; and "
                "how long trajectories took.", figure, title=results.words),
        Exhibit("provenance", "What made these numbers.", None, told, ("what", "value")),
    ])  # fmt: skip


def _slab_temperatures(results: Results) -> Iterator[str]:
    """What the slabs' kinetic energy at the start says: T = 2⟨K⟩/3Nk, N atoms that move."""
    surface = parse(Path("results.h5"), results.attributes["input"]).input.surface
    if surface.file is not None:
        return
    moving = surface.size[0] * surface.size[1] * (surface.size[2] - surface.frozen_layers)
    rows = results.trajectories
    for facet, T_K in dict.fromkeys((row.facet, row.T_K) for row in results.rows):
        alike = (results.points["facet"] == facet) & (results.points["T_K"] == T_K)
        mine = rows[np.isin(rows["point"], results.points["point"][alike])]
        used, first = np.unique(mine["snapshot"], return_index=True)
        found = 2 * mine["initial_kinetic_slab_eV"][first] / (3 * moving * K)
        if len(used) > 1:
            error = found.std(ddof=1) / np.sqrt(len(used))
            yield (
                f"{results.surfaces[facet]}, {T_K:g} K: the slabs' kinetic energy says "
                f"{found.mean():.0f} ± {error:.0f} K (standard error, {len(used)} snapshots taken "
                "as independent)."
            )


SECTIONS = (curve_section, state_section, energy_section, direction_section, mechanism_section,
            quality_section)  # fmt: skip
