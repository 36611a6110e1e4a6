"""Sticking curves: their fits, and what these tell of the vibration."""

from collections.abc import Iterator, Sequence
from typing import Any

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
from scatter.analysis.quadrupole import alignment
from scatter.analysis.words import in_words, varied
from scatter.campaign.failures import unknown
from scatter.conditions import CONDITIONS, grouped
from scatter.ebk import level, reduced_mass
from scatter.plots.fits import alignment_figure, fit_figure
from scatter.plots.sticking import sticking_figure
from scatter.report.document import Exhibit, Section
from scatter.report.results import MOST, Results


def curve_section(results: Results) -> Section:
    """S0 with its fits, and the efficacy of the vibration."""
    rows, axis = results.rows, scanned(results.rows)
    numbers = ("n", "dissociated", "undecided", "failed", "S0", "low", "high", "lowest", "highest")
    columns = results.columns("facet", "T_K", "molecule", "v", "J", "energy_eV", *numbers)
    table = [{name: getattr(row, name) for name in (*CONDITIONS, *numbers)} for row in rows]
    exhibits = [
        Exhibit("sticking", "Sticking probability S0 with 95 % Wilson intervals; a band reaches to "
                "what undecided and failed trajectories could have made of it. Where they are too "
                "many for S0 to be known, brackets stand for its bounds (lowest, highest).",
                sticking_figure(rows), table, columns),
    ]  # fmt: skip
    sentences = []
    if sentence := unknown(rows, results.guards.most_unsettled):
        sentences.append(f"{sentence}. Fits and scalings leave these points out.")
    if axis == "energy_eV":
        exhibits += _fits(results, sentences)
    exhibits += _alignment(results)
    sentences += _scalings(results)
    return Section("Sticking", sentences, exhibits)


def _fits(results: Results, sentences: list[str]) -> Iterator[Exhibit]:
    """The fitted curves; what could not be fitted is said in a sentence."""
    groups = results.scans(results.rows)[:MOST]
    found = [fit(Counts.of(group)) for _, group in groups]
    sentences += [f"{words}: {one.sentence}" for (words, _), one in zip(groups, found, strict=True)
                  if isinstance(one, Undetermined)]  # fmt: skip
    if any(isinstance(one, Fit) for one in found):
        told = [row for words, group in groups for row in _told(words, Counts.of(group))]
        drawn = [curves(group, "energy_eV")[0] for _, group in groups]
        yield Exhibit(
            "fits", "Curves S0 = A g((E - E0)/W) of the largest likelihood of the counts: drawn, "
            "error functions g = [1 + erf]/2 with 95 % bands from resampled counts; in the table, "
            "logistic and Gompertz curves too. p: probability of a worse fit were the curve true.",
            fit_figure(drawn, found), told, ("state", "form", *FITTED),
        )  # fmt: skip
    sentences += _efficacies(results, groups, found)


def _told(words: str, counts: Counts) -> Iterator[dict[str, Any]]:
    """The numbers of every form that can be fitted."""
    for form in FORMS:
        one = fit(counts, form)
        if isinstance(one, Fit):
            yield {"state": words, "form": form, **{name: getattr(one, name) for name in FITTED}}


def _efficacies(results: Results, groups: Sequence[tuple[str, list[Sticking]]],
                found: Sequence[Fit | Undetermined]) -> Iterator[str]:  # fmt: skip
    """The vibrational efficacy of neighbouring states, where both could be fitted."""
    fitted = [(group[0], one) for (_, group), one in zip(groups, found, strict=True)
              if isinstance(one, Fit)]  # fmt: skip
    for first, low in fitted:
        for second, high in fitted:
            alike = all(getattr(first, name) == getattr(second, name)
                        for name in CONDITIONS if name not in ("v", "energy_eV"))  # fmt: skip
            if not alike or second.v != first.v + 1 or first.molecule not in results.molecules:
                continue
            one = results.molecules[first.molecule]
            mu = reduced_mass(*one.masses)
            states = [level(row.v, row.J, one.curve, mu).energy for row in (first, second)]
            eta = efficacy(low, high, states[1] - states[0])
            if isinstance(eta, Efficacy):
                words = in_words([first], results.surfaces, without="energy_eV")
                yield (
                    f"{words} → v = {second.v}: vibrational efficacy η = {eta.eta:.2f} "
                    f"({eta.low:.2f}-{eta.high:.2f}), E0 lower by {eta.shift_eV:.3f} eV for "
                    f"{eta.spacing_eV:.3f} eV of vibration."
                )


FORMS: tuple[Form, ...] = ("erf", "logistic", "gompertz")
FITTED = ("E0_eV", "E0_low_eV", "E0_high_eV", "W_eV", "W_low_eV", "W_high_eV", "A", "A_low",
          "A_high", "p_value")  # fmt: skip


def _alignment(results: Results) -> Iterator[Exhibit]:
    """A0(2), where states were run with projections m_J."""
    found = alignment(results.rows)
    if len(found) and len(found := found.query("missing == '' and J > 0")):
        differing = varied([*found.itertuples()])
        yield Exhibit(
            "alignment", "Rotational quadrupole alignment A0(2) of what sticks, with 95 % "
            "intervals: -1 for cartwheels alone, 0 without preference, positive for helicopters.",
            alignment_figure(found, results.surfaces), found, tuple(dict.fromkeys((*differing,
            "molecule", "v", "J", "energy_eV", "n", "S0", "S0_low", "S0_high", "A0_2", "A0_2_low",
            "A0_2_high"))),
        )  # fmt: skip


def _scalings(results: Results) -> Iterator[str]:
    """How S0 scales with the polar angle, where several were run."""
    for group in grouped(results.rows, "energy_eV", "polar_deg", "azimuth_deg"):
        if len({row.polar_deg for row in group}) > 1:
            words = in_words(group)
            found = normal_energy_scaling(Counts.of(group))
            if isinstance(found, Undetermined):
                yield f"{words}: no scaling with the angle can be told: {found.sentence}"
            else:
                yield (
                    f"{words}: S0 scales as S0(E cos^n ϑ) with n = {found.n:.2f} "
                    f"({found.n_low:.2f}-{found.n_high:.2f}; p = {found.p_value:.2g}); normal "
                    f"energy scaling, n = 2, has p = {found.p_normal:.2g} against it."
                )
