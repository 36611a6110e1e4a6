"""Sticking figures: fitted curves, how far they reach, and what the legend says of them."""

from dataclasses import replace

import numpy as np
import pytest

from scatter.analysis import Counts, Doubt, Fit, Sticking, Undetermined, best_fits, curves
from scatter.analysis.likelihood import FORMS, model
from scatter.plots.fitted import BAND, FORMULAS, fits_of, with_error
from scatter.plots.sticking import sticking_figure

BASE = Sticking("111", 925.0, "H2", 0, 1, None, 0.4, 0.0, None, 20, 80, 0, 0)
ENERGIES = np.linspace(0.3, 1.1, 9)


def scan(form="erf", n=1000, energies=ENERGIES, E0=0.6, **conditions):
    """Points at the counts that a curve expects."""
    P = np.array([[E0, np.log(0.15), 0.8, 0.0]])
    S0 = model(form, P, np.array(energies), np.ones(len(energies)))[0][0]
    stuck = [int(k) for k in np.round(n * S0)]
    return [
        replace(BASE, energy_eV=float(E), dissociated=k, scattered=n - k, **conditions)
        for E, k in zip(energies, stuck, strict=True)
    ]


def legend(figure):
    boxes = [figure.axes[0].get_legend(), *figure.legends]
    return [text.get_text() for box in boxes if box for text in box.get_texts()]


def drawn_curves(axes):
    return [line for line in axes.lines if len(line.get_xdata()) > 50]


@pytest.mark.parametrize("form", FORMS)
def test_the_form_that_made_the_points_is_chosen(form):
    [answer] = best_fits([Counts.of(scan(form, 20_000))])
    assert isinstance(answer, Fit)
    assert answer.form == form


def test_several_curves_have_one_form():
    sets = [Counts.of(scan("gompertz", 20_000, E0=E0)) for E0 in (0.5, 0.7)]
    assert [answer.form for answer in best_fits(sets)] == ["gompertz", "gompertz"]


def test_points_of_no_form_get_no_curve():
    zigzag = [
        replace(row, dissociated=k, scattered=1000 - k)
        for row, k in zip(scan(), (0, 100, 50, 400, 200, 700, 500, 900, 700), strict=True)
    ]
    [answer] = best_fits([Counts.of(zigzag)])
    assert isinstance(answer, Undetermined)
    assert answer.reason == Doubt.POOR
    assert drawn_curves(sticking_figure(zigzag).axes[0]) == []


@pytest.mark.parametrize("energies", [(0.6,), (0.5, 0.9), (0.4, 0.6, 1.1)])
def test_points_too_few_to_judge_a_form_stand_without_a_curve(energies):
    figure = sticking_figure(scan(energies=energies))
    [answer] = fits_of(curves(scan(energies=energies), "energy_eV"))
    assert answer.reason == Doubt.TOO_FEW
    assert drawn_curves(figure.axes[0]) == []
    assert figure.axes[0].containers[0].lines[0].get_linestyle() == "None"  # and no straight joins


def test_a_curve_and_its_band_reach_from_the_first_to_the_last_point():
    axes = sticking_figure(scan()).axes[0]
    [line] = drawn_curves(axes)
    [band] = [c for c in axes.collections if type(c).__name__ == "FillBetweenPolyCollection"]
    for x in (line.get_xdata(), band.get_paths()[0].vertices[:, 0]):
        assert (x.min(), x.max()) == pytest.approx((ENERGIES[0], ENERGIES[-1]))


def test_the_legend_has_form_band_and_parameters():
    texts = legend(sticking_figure(scan()))
    [fitted] = fits_of(curves(scan(), "energy_eV"))
    assert texts[1:] == [FORMULAS["erf"], BAND]
    assert f"$E_0$ = {with_error(fitted.E0_eV, fitted.E0_low_eV, fitted.E0_high_eV)} eV" in texts[0]


def test_a_fixed_amplitude_is_said_to_be_fixed():
    assert "$A$ = 0.8 (fixed)" in legend(sticking_figure(scan(), amplitude=0.8))[0]


def test_a_value_is_written_to_two_digits_of_its_error():
    assert with_error(0.61234, 0.60, 0.6246) == "0.612 ± 0.012"
    assert with_error(0.5, 0.3, 0.7) == "0.50 ± 0.20"


def test_in_grey_series_differ_by_marker_and_their_fits_by_line():
    axes = sticking_figure([*scan(v=0), *scan(v=1, E0=0.5)]).axes[0]
    assert len({line.get_linestyle() for line in drawn_curves(axes)}) == 2
    assert len({bars.lines[0].get_marker() for bars in axes.containers}) == 2
