"""Sticking curves: their fits, and what these say of the vibration."""

from collections.abc import Iterator, Sequence
from typing import Any

from scatter.analysis import (
    Counts,
    Efficacy,
    Fit,
    Sticking,
    Undetermined,
    efficacy,
    fit,
    normal_energy_scaling,
    scanned,
)
from scatter.analysis.curve import curves
from scatter.analysis.likelihood import Form
from scatter.analysis.motion import Species
from scatter.analysis.quadrupole import alignment
from scatter.analysis.words import in_words, varied
from scatter.conditions import CONDITIONS, applying, grouped
from scatter.ebk import level, reduced_mass
from scatter.phrases import interval
from scatter.plots.alignment import alignment_figure
from scatter.plots.fitted import fits_of
from scatter.plots.sticking import sticking_figure
from scatter.report.chart import chart_of
from scatter.report.document import MOST, Exhibit, Section, records
from scatter.report.failures import unknown
from scatter.report.table import may_dissociate
from scatter.results.folder import ResultsFile

FORMS: tuple[Form, ...] = ("erf", "logistic", "gompertz")
FITTED = (
    "E0_eV",
    "E0_low_eV",
    "E0_high_eV",
    "W_eV",
    "W_low_eV",
    "W_high_eV",
    "A",
    "A_low",
    "A_high",
    "p_value",
)
SHOWN = (*("facet", "T_K", "molecule", "v", "J", "state", "energy_eV"), "S0", "low", "high")
COUNTS = ("n", "dissociated", "scattered", "undecided", "failed")
BOUNDS = ("lowest", "highest")
NUMBERS = ("S0", "low", "high", *BOUNDS)

Fitted = tuple[Sticking, Fit]  # a point of a curve, and the curve's fit


def curve_section(results: ResultsFile, amplitude: float | None = None) -> Section:
    """S0 of every point, with fits of this amplitude if it is given."""
    rows = results.rows
    sentence = unknown(rows, results.guards.most_unsettled)
    sentences = [f"{sentence}. Fits and scalings leave these points out."] if sentence else []
    counts = [name for name in COUNTS if name != "dissociated" or may_dissociate(rows)]
    known = not any(row.undecided + row.failed for row in rows)
    own = curves(rows, scanned(rows))
    fits = fits_of(own, amplitude=amplitude)
    chart = chart_of(results, "Sticking probability S0", "S0")
    firsts = [_numbers(curve.rows[0], counts) for curve in own]
    return Section(
        "Sticking",
        sentences,
        [
            Exhibit(
                "sticking",
                "Sticking probability S0 with 95 % intervals, Wilson's or, where rings are, "
                "those of replicates by splitting. Lines are fits of the form that describes the "
                "points best, with their 95 % bands and parameters (± half of the 95 % "
                "intervals), as far as the points reach; where no form does, there is none. A "
                "hatched band reaches to the values possible had undecided and failed "
                "trajectories dissociated. Where they are too many for S0 to be known, brackets "
                "stand for its bounds (lowest, highest). Replicates that differ too much have no "
                "interval.",
                sticking_figure(rows, fits=fits),
                [_numbers(row, counts) for row in rows],
                results.columns(*SHOWN, *(() if known else BOUNDS), *counts),
                chart=chart and chart.with_fits(zip(firsts, own, fits, strict=True)),
            )
        ],
    )


def _numbers(row: Sticking, counts: list[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in (*applying(row), *counts, *NUMBERS)}


def fit_section(results: ResultsFile, amplitude: float | None = None) -> Section:
    """Fits of S0, of this amplitude if it is given, the efficacy of the vibration, scalings."""
    sentences: list[str] = []
    exhibits: list[Exhibit] = []
    if scanned(results.rows) == "energy_eV":
        exhibits += _fits(results, sentences, amplitude)
    exhibits += _alignment(results)
    return Section("Fits", [*sentences, *_scalings(results.rows)], exhibits)


def _fits(results: ResultsFile, sentences: list[str], amplitude: float | None) -> Iterator[Exhibit]:
    """The fitted curves; what could not be fitted is said in a sentence."""
    groups = results.scans(results.rows)[:MOST]
    fits = [fit(Counts.of(group), amplitude=amplitude) for _, group in groups]
    for (words, _), answer in zip(groups, fits, strict=True):
        if isinstance(answer, Undetermined):
            sentences.append(f"{words}: {answer.sentence}")
    fitted = [
        (group[0], answer)
        for (_, group), answer in zip(groups, fits, strict=True)
        if isinstance(answer, Fit)
    ]
    if fitted:
        fixed = "" if amplitude is None else f", A fixed at {amplitude:g}"
        yield Exhibit(
            "fits",
            f"Maximum-likelihood fits of S0 = A g((E - E0)/W) to the counts{fixed}, with "
            "error functions g = [1 + erf]/2, logistic and Gompertz curves; 95 % intervals from "
            "resampled counts. p: probability of a worse fit if the curve were exact.",
            rows=[
                row
                for words, group in groups
                for row in _every_form(words, Counts.of(group), amplitude)
            ],
            columns=("state", "form", *FITTED),
        )
    sentences += _efficacies(results, fitted)


def _every_form(
    words: str, counts: Counts, amplitude: float | None
) -> Iterator[dict[str, str | float]]:
    """The numbers of every form that can be fitted."""
    for form in FORMS:
        answer = fit(counts, form, amplitude)
        if isinstance(answer, Fit):
            yield {"state": words, "form": form, **{name: getattr(answer, name) for name in FITTED}}


def _efficacies(results: ResultsFile, fitted: Sequence[Fitted]) -> Iterator[str]:
    """The vibrational efficacy of neighbouring states, where both could be fitted."""
    for first, low in fitted:
        for second, high in fitted:
            if not _next_vibration(first, second) or first.molecule not in results.molecules:
                continue
            species = results.molecules[first.molecule]
            eta = efficacy(low, high, _internal(second, species) - _internal(first, species))
            if isinstance(eta, Efficacy):
                words = in_words([first], results.surfaces, without="energy_eV")
                yield (
                    f"{words} → v = {second.v}: vibrational efficacy η = {eta.eta:.2f} "
                    f"({interval(eta.low, eta.high, '.2f')}), E0 lower by "
                    f"{eta.shift_eV:.3f} eV for {eta.spacing_eV:.3f} eV of vibration."
                )


def _next_vibration(first: Sticking, second: Sticking) -> bool:
    """Whether the second point differs from the first in v + 1 alone, whatever their energies."""
    others = [name for name in CONDITIONS if name not in ("v", "energy_eV")]
    alike = all(getattr(first, name) == getattr(second, name) for name in others)
    return alike and first.v is not None and second.v == first.v + 1


def _internal(row: Sticking, species: Species) -> float:
    """The energy of a point's rovibrational level, eV."""
    assert row.v is not None
    assert row.J is not None
    return level(row.v, row.J, species.curve, reduced_mass(*species.masses)).energy


def _alignment(results: ResultsFile) -> Iterator[Exhibit]:
    """A0(2), where states were run with projections m_J."""
    table = alignment(results.rows)
    if len(table) and len(table := table.query("missing == '' and J > 0")):
        columns = (
            *("molecule", "v", "J", "energy_eV", "n", "S0", "S0_low", "S0_high"),
            *("A0_2", "A0_2_low", "A0_2_high"),
        )
        yield Exhibit(
            "alignment",
            "Rotational quadrupole alignment A0(2) of what sticks, with 95 % intervals: -1 for "
            "cartwheels alone, 0 without preference, positive for helicopters.",
            alignment_figure(table, results.surfaces),
            records(table),
            tuple(dict.fromkeys((*varied([*table.itertuples()]), *columns))),
        )


def _scalings(rows: Sequence[Sticking]) -> Iterator[str]:
    """How S0 scales with the polar angle, where several were run."""
    for group in grouped(rows, "energy_eV", "polar_deg", "azimuth_deg"):
        if len({row.polar_deg for row in group}) > 1:
            yield f"{in_words(group)}: {_scaling(group)}"


def _scaling(group: Sequence[Sticking]) -> str:
    scaling = normal_energy_scaling(Counts.of(group))
    if isinstance(scaling, Undetermined):
        return f"the scaling with the angle cannot be determined: {scaling.sentence}"
    return (
        f"S0 scales as S0(E cos^n ϑ) with n = {scaling.n:.2f} "
        f"({interval(scaling.n_low, scaling.n_high, '.2f')}; p = {scaling.p_value:.2g}); "
        f"normal energy scaling, n = 2, has p = {scaling.p_normal:.2g} against it."
    )
