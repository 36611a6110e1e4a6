"""`scatter fit sticking`: curves fitted to sticking probabilities, in a table, a figure, a CSV."""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from rich.console import Console

from scatter.analysis import Counts, Fit, Sticking, Undetermined, fit
from scatter.analysis.curve import Curve, curves
from scatter.analysis.fits import UNLIKELY, best_fits
from scatter.analysis.likelihood import FORMS, Form
from scatter.analysis.words import in_words
from scatter.phrases import interval
from scatter.plots.fitted import FINE, fits_of
from scatter.plots.sticking import sticking_figure
from scatter.plots.style import save
from scatter.report.averages import into
from scatter.report.document import write_rows
from scatter.report.listing import Listing
from scatter.report.terminal import say
from scatter.results.folder import COUNTED
from scatter.results.together import results_of
from scatter.settings import UserError

NUMBERS = (
    *("E0_eV", "E0_low_eV", "E0_high_eV", "W_eV", "W_low_eV", "W_high_eV", "A", "A_low", "A_high"),
    *("amplitude", "points", "trajectories", "unsettled", "deviance", "degrees_of_freedom"),
    *("p_value", "p_resampled"),
)


def amplitude_of(text: str | None) -> float | None:
    """The amplitude that the command line fixes, of words such as "A=0.65"; None if none.

    Raises:
        UserError: something else is fixed, or the value is not a probability.
    """
    if text is None:
        return None
    name, _, value = text.partition("=")
    try:
        amplitude = float(value)
    except ValueError:
        amplitude = -1.0
    if name.strip() != "A" or not 0 < amplitude <= 1:
        raise UserError(
            f"--fix {text}: only the amplitude can be fixed, at a number greater than 0 "
            "and at most 1, as in --fix A=0.65"
        )
    return amplitude


def fit_sticking(
    folders: Sequence[Path],
    form: str,
    amplitude: float | None,
    console: Console,
    output: Path | None = None,
) -> list[dict[str, object]]:
    """Fit S0 = A g((E - E0)/W) to every curve along the energy; print and write what comes out.

    `fits.csv` has a row for each curve, and `fits.png` shows it with its band.

    Args:
        folders: of a campaign, or of several that are taken as one.
        form: of g: "erf", "logistic" or "gompertz".
        amplitude: A, if it is not to be fitted.
        console: where to speak.
        output: folder to write into; by default the first campaign's.

    Raises:
        UserError: there are no results, or no curve can be fitted; says why.
    """
    if form not in FORMS:
        raise UserError(f"--form {form}: must be one of {', '.join(FORMS)}")
    scans = _scans(folders)
    every = [Counts.of(group) for _, group in scans]
    answers = [
        (words, fit(counts, form, amplitude))
        for (words, _), counts in zip(scans, every, strict=True)
    ]
    doubts = [
        f"{words}: {answer.sentence}"
        for words, answer in answers
        if isinstance(answer, Undetermined)
    ]
    rows = [
        {"curve": words, "form": form, **{name: getattr(answer, name) for name in NUMBERS}}
        for words, answer in answers
        if isinstance(answer, Fit)
    ]
    if not rows:
        raise UserError("; ".join(doubts))
    folder = into(output, folders)
    write_rows(folder / "fits.csv", rows)
    shown = [row for _, group in scans for row in group]
    figure = sticking_figure(shown, form=form, amplitude=amplitude, axis="energy_eV")
    save(figure, folder / "fits")
    console.print(fit_table(rows, form))
    for sentence in (*doubts, *_unlikely(rows), *_better(best_fits(every, amplitude), form)):
        say(console, sentence)
    say(console, f"table:  {folder / 'fits.csv'}\nfigure: {folder / 'fits.png'}")
    return rows


def _scans(folders: Sequence[Path]) -> list[tuple[str, list[Sticking]]]:
    """The curves of campaigns that have any.

    Raises:
        UserError: there are no results, or none that have curves.
    """
    results = results_of(folders, COUNTED)
    if results.kind == "desorption":
        raise UserError(
            f"{folders[0]}: holds shots from a dividing surface, and no sticking probabilities to "
            "fit; fit a time of flight with `scatter fit flight`"
        )
    return results.scans(results.rows)


def _unlikely(rows: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence for each fit that its points reject."""
    return [
        f"{row['curve']}: this form of curve does not describe the points (p = "
        f"{row['p_value']:.1g}); try another --form"
        for row in rows
        if row["p_value"] < UNLIKELY
    ]


def fitted_curves(
    rows: Sequence[Sticking],
    energies_eV: ArrayLike | None = None,
    form: Form | None = None,
    amplitude: float | None = None,
) -> pd.DataFrame:
    """S0 of fitted curves with their 95 % bands; a warning says why one is left out.

    Args:
        rows: of points; one curve along the energy for each set of their other conditions.
        energies_eV: where; by default `FINE` from the first to the last point of each.
        form: as of `fits_of`.
        amplitude: likewise.

    Raises:
        UserError: no curve can be fitted; says why.
    """
    tables, doubts = [], []
    own = curves(rows, "energy_eV")
    for curve, answer in zip(own, fits_of(own, form, amplitude), strict=True):
        if isinstance(answer, Fit):
            tables.append(_along(curve, answer, energies_eV))
        else:
            why = getattr(answer, "sentence", "the counts of its points are not known")
            doubts.append(f"{in_words(curve.rows, without='energy_eV')}: {why}")
    if not tables:
        raise UserError("; ".join(doubts) or "there is no point to fit")
    for sentence in doubts:
        warnings.warn(sentence, stacklevel=3)
    return pd.concat(tables, ignore_index=True)


def _along(curve: Curve, fitted: Fit, energies_eV: ArrayLike | None) -> pd.DataFrame:
    known = curve.x[np.isfinite(curve.S0)]
    every = np.linspace(known.min(), known.max(), FINE) if energies_eV is None else energies_eV
    energy = np.atleast_1d(np.asarray(every, dtype=float))
    low, high = fitted.band(energy)
    numbers = {"energy_eV": energy, "S0": fitted(energy), "low": low, "high": high}
    return pd.DataFrame({**curve.conditions, "form": fitted.form, **numbers})


def _better(best: Sequence[Fit | Undetermined], form: str) -> Iterator[str]:
    """That figures draw another form, whose E0 and W are not those of this one, if they do."""
    drawn = {answer.form for answer in best if isinstance(answer, Fit)}
    for other in drawn - {form}:
        yield (
            f"{other} describes the points better, and is what other figures draw: its E0 and W "
            f"are different parameters, with --form {other}"
        )


def fit_table(rows: Sequence[dict[str, object]], form: Form | str) -> Listing:
    """Parameters of each curve with their 95 % intervals, and how well it fits."""
    header = ("E0 (eV)", "95 %", "W (eV)", "95 %", "A", "95 %", "p")
    lines = [([str(row["curve"])], _numbers(row)) for row in rows]
    return Listing(["curve"], header, lines, f"S0 = A g((E - E0)/W), g: {form}")


def _numbers(row: dict[str, object]) -> list[str]:
    cells = []
    for name, unit in (("E0", "_eV"), ("W", "_eV"), ("A", "")):
        low, high = row[f"{name}_low{unit}"], row[f"{name}_high{unit}"]
        assert isinstance(low, float)
        assert isinstance(high, float)
        fixed = name == "A" and row["amplitude"] is not None
        cells += [f"{row[name + unit]:.4f}", "fixed" if fixed else interval(low, high, ".4f")]
    return [*cells, f"{row['p_value']:.2g}"]
