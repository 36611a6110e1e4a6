"""Sticking curves: their fits, and what these say of the vibration."""

from collections.abc import Iterator, Sequence

from scatter.analysis import (
    Counts,
    Efficacy,
    Fit,
    Sticking,
    Undetermined,
    curves,
    efficacy,
    fit,
    normal_energy_scaling,
    scanned,
)
from scatter.analysis.likelihood import Form
from scatter.analysis.motion import Species
from scatter.analysis.quadrupole import alignment
from scatter.analysis.words import in_words, varied
from scatter.conditions import CONDITIONS, grouped
from scatter.ebk import level, reduced_mass
from scatter.plots.fits import alignment_figure, fit_figure
from scatter.plots.sticking import sticking_figure
from scatter.report.document import MOST, Exhibit, Section, records
from scatter.report.failures import unknown
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
NUMBERS = ("n", "dissociated", "undecided", "failed", "S0", "low", "high", "lowest", "highest")

Fitted = tuple[Sticking, Fit]  # a point of a curve, and the curve's fit


def curve_section(results: ResultsFile) -> Section:
    """S0 with its fits, and the efficacy of the vibration."""
    rows, sentences = results.rows, []
    if sentence := unknown(rows, results.guards.most_unsettled):
        sentences.append(f"{sentence}. Fits and scalings leave these points out.")
    exhibits = [
        Exhibit(
            "sticking",
            "Sticking probability S0 with 95 % Wilson intervals; a band reaches to what undecided "
            "and failed trajectories could have made of it. Where they are too many for S0 to be "
            "known, brackets stand for its bounds (lowest, highest).",
            sticking_figure(rows),
            [{name: getattr(row, name) for name in (*CONDITIONS, *NUMBERS)} for row in rows],
            results.columns("facet", "T_K", "molecule", "v", "J", "energy_eV", *NUMBERS),
        )
    ]
    if scanned(rows) == "energy_eV":
        exhibits += _fits(results, sentences)
    exhibits += _alignment(results)
    return Section("Sticking", [*sentences, *_scalings(rows)], exhibits)


def _fits(results: ResultsFile, sentences: list[str]) -> Iterator[Exhibit]:
    """The fitted curves; what could not be fitted is said in a sentence."""
    groups = results.scans(results.rows)[:MOST]
    fits = [fit(Counts.of(group)) for _, group in groups]
    for (words, _), answer in zip(groups, fits, strict=True):
        if isinstance(answer, Undetermined):
            sentences.append(f"{words}: {answer.sentence}")
    fitted = [
        (group[0], answer)
        for (_, group), answer in zip(groups, fits, strict=True)
        if isinstance(answer, Fit)
    ]
    if fitted:
        drawn = [curves(group, "energy_eV")[0] for _, group in groups]
        yield Exhibit(
            "fits",
            "Curves S0 = A g((E - E0)/W) of the largest likelihood of the counts: drawn, error "
            "functions g = [1 + erf]/2 with 95 % bands from resampled counts; in the table, "
            "logistic and Gompertz curves too. p: probability of a worse fit were the curve true.",
            fit_figure(drawn, fits),
            [row for words, group in groups for row in _every_form(words, Counts.of(group))],
            ("state", "form", *FITTED),
        )
    sentences += _efficacies(results, fitted)


def _every_form(words: str, counts: Counts) -> Iterator[dict[str, str | float]]:
    """The numbers of every form that can be fitted."""
    for form in FORMS:
        answer = fit(counts, form)
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
                    f"({eta.low:.2f}-{eta.high:.2f}), E0 lower by {eta.shift_eV:.3f} eV for "
                    f"{eta.spacing_eV:.3f} eV of vibration."
                )


def _next_vibration(first: Sticking, second: Sticking) -> bool:
    """Whether the second point differs from the first in v + 1 alone, whatever their energies."""
    others = [name for name in CONDITIONS if name not in ("v", "energy_eV")]
    alike = all(getattr(first, name) == getattr(second, name) for name in others)
    return alike and second.v == first.v + 1


def _internal(row: Sticking, species: Species) -> float:
    """The energy of a point's rovibrational level, eV."""
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
        return f"no scaling with the angle can be told: {scaling.sentence}"
    return (
        f"S0 scales as S0(E cos^n ϑ) with n = {scaling.n:.2f} "
        f"({scaling.n_low:.2f}-{scaling.n_high:.2f}; p = {scaling.p_value:.2g}); normal energy "
        f"scaling, n = 2, has p = {scaling.p_normal:.2g} against it."
    )
