from dataclasses import replace
from math import log

import numpy as np
import pytest
from scipy.optimize import minimize

from scatter.analysis import (
    Counts,
    Doubt,
    Fit,
    Scaling,
    Sticking,
    Undetermined,
    efficacy,
    fit,
    normal_energy_scaling,
)
from scatter.analysis.likelihood import FORMS, deviance, inverse, model, rise

ENERGIES = np.linspace(0.35, 1.0, 8)
TRUTH = {"erf": (0.6, 0.18, 0.8), "logistic": (0.6, 0.08, 0.8), "gompertz": (0.55, 0.12, 0.8)}


def curve(form, energies, E0, W, A, polar=0.0, exponent=0.0):
    P = np.array([[E0, log(W), A, exponent]])
    cos = np.cos(np.deg2rad(polar)) * np.ones_like(energies)
    return model(form, P, energies, cos)[0][0]


def counts(dissociated, n, energies=ENERGIES, polar=0.0):
    zero = np.zeros(len(energies))
    k, n = np.array(dissociated, int), np.array(n + zero, int)
    return Counts(np.array(energies, float), zero + polar, k, n, zero.astype(int))


def simulated(form="erf", n=400, seed=0, energies=ENERGIES, truth=None):
    S0 = curve(form, energies, *(truth or TRUTH[form]))
    return counts(np.random.default_rng(seed).binomial(n, S0), n, energies)


def expected(form, n=10**7):
    """Counts that are as the curve has them."""
    return counts(np.round(n * curve(form, ENERGIES, *TRUTH[form])), n)


def reason(found):
    assert isinstance(found, Undetermined)
    return found.reason


@pytest.mark.parametrize("form", FORMS)
def test_counts_that_follow_a_curve_give_its_parameters_back(form):
    found = fit(expected(form), form, resamples=20)
    assert (found.E0_eV, found.W_eV, found.A) == pytest.approx(TRUTH[form], abs=1e-5)
    assert found.deviance < 0.01
    assert found(ENERGIES) == pytest.approx(curve(form, ENERGIES, *TRUTH[form]), abs=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_the_fit_is_the_maximum_that_a_general_minimiser_finds(form):
    points = simulated(form, seed=3)
    k, n = points.dissociated.astype(float), points.n.astype(float)
    found = fit(points, form, resamples=20)

    def missing(p):
        return float(deviance(curve(form, ENERGIES, p[0], p[1], p[2])[None], k[None], n)[0])

    judge = minimize(missing, TRUTH[form], method="Nelder-Mead", options={"xatol": 1e-7})
    assert found.deviance == pytest.approx(judge.fun, abs=1e-6)
    assert (found.E0_eV, found.W_eV, found.A) == pytest.approx(judge.x, abs=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_the_derivatives_of_a_curve_are_those_of_its_differences(form):
    P, cos = np.array([[0.6, log(0.15), 0.8, 1.7]]), np.cos(np.linspace(0, 1, 8))
    by = model(form, P, ENERGIES, cos)[1][0]
    for column in range(4):
        step = np.eye(4)[[column]] * 1e-6
        ends = [model(form, P + sign * step, ENERGIES, cos)[0][0] for sign in (1, -1)]
        assert by[:, column] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-8)


@pytest.mark.parametrize("form", FORMS)
def test_the_inverse_of_a_rise_is_its_inverse(form):
    x = np.linspace(-1.5, 2, 9)
    assert inverse(form, rise(form, x)[0]) == pytest.approx(x)
    assert np.isnan(inverse(form, np.array([0.0, 1.0, 1.2]))).all()


@pytest.mark.slow
@pytest.mark.parametrize("experiments", [100, pytest.param(400, marks=pytest.mark.attack)])
def test_the_intervals_cover_the_truth_in_93_to_97_of_100_experiments(experiments):
    covered = np.zeros((experiments, 3 + len(ENERGIES)), bool)  # at every point np > 8, n(1-p) > 80
    S0 = curve("erf", ENERGIES, *TRUTH["erf"])
    for row in range(len(covered)):
        found = fit(simulated(seed=10_000 + row), resamples=200, seed=row)
        band = found.band(ENERGIES)
        low = np.append([found.E0_low_eV, found.W_low_eV, found.A_low], band[0])
        high = np.append([found.E0_high_eV, found.W_high_eV, found.A_high], band[1])
        truth = np.append(TRUTH["erf"], S0)
        covered[row] = (low <= truth) & (truth <= high)
    each = covered.mean(axis=0)
    assert 0.93 < covered.mean() < 0.97
    assert (abs(each - 0.95) < 3.2 * np.sqrt(0.95 * 0.05 / experiments)).all()


@pytest.mark.parametrize("experiments", [50, pytest.param(150, marks=pytest.mark.attack)])
def test_the_p_values_of_true_curves_are_uniform_and_a_wrong_curve_gets_a_small_one(experiments):
    fits = [fit(simulated(seed=seed), resamples=100, seed=seed) for seed in range(experiments)]
    for name in ("p_value", "p_resampled"):
        values = np.sort([getattr(found, name) for found in fits])
        assert abs(values - np.linspace(0, 1, len(values))).max() < 1.63 / np.sqrt(len(values))
    kinked = counts(400 * np.array([0.1, 0.1, 0.1, 0.4, 0.4, 0.4, 0.8, 0.8]), 400)
    found = fit(kinked, resamples=100)
    assert found.p_value < 1e-6
    assert found.p_resampled < 0.02


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others():
    points = simulated()
    one, same, other = (fit(points, resamples=50, seed=seed) for seed in (1, 1, 2))
    assert (one.E0_low_eV, one.A_high) == (same.E0_low_eV, same.A_high)
    assert one.E0_low_eV != other.E0_low_eV
    assert one.E0_eV == other.E0_eV


def test_both_ways_to_resample_agree_where_the_curve_is_true():
    points = simulated(n=4000)
    one, other = (fit(points, parametric=how, seed=5) for how in (True, False))
    widths = [found.E0_high_eV - found.E0_low_eV for found in (one, other)]
    assert widths[0] == pytest.approx(widths[1], rel=0.1)
    assert np.isnan(other.p_resampled)


@pytest.mark.parametrize(
    ("dissociated", "why"),
    [
        ([0] * 8, Doubt.NONE_STUCK),
        ([100] * 8, Doubt.ALL_STUCK),
        ([30, 31, 29, 30, 32, 28, 30, 30], Doubt.NO_RISE),
        ([80, 70, 60, 50, 40, 30, 20, 10], Doubt.NO_RISE),
        ([0, 0, 0, 0, 0, 2, 9, 22], Doubt.NO_SATURATION),
        ([0, 0, 0, 0, 100, 100, 100, 100], Doubt.NOT_BOUNDED),
    ],
)
def test_what_points_cannot_tell_is_said_with_the_reason(dissociated, why):
    found = fit(counts(dissociated, 100), resamples=200)
    assert reason(found) == why
    assert ";" in found.sentence


def test_fewer_points_than_parameters_are_refused_unless_A_is_given():
    points = counts([5, 60], 100, ENERGIES[[2, 4]])
    assert reason(fit(points)) == Doubt.TOO_FEW
    found = fit(points, amplitude=0.9, resamples=50)
    assert found.degrees_of_freedom == 0
    assert found.deviance == pytest.approx(0, abs=1e-6)
    assert np.isnan(found.p_value)


def test_the_foot_of_a_curve_is_fitted_once_A_is_given():
    foot = simulated(energies=ENERGIES[:4], seed=4)
    assert reason(fit(foot)) == Doubt.NO_SATURATION
    found = fit(foot, amplitude=0.8)
    assert (found.A, found.A_low, found.A_high, found.amplitude) == (0.8, 0.8, 0.8, 0.8)
    assert found.E0_low_eV < 0.6 < found.E0_high_eV
    assert found.W_low_eV < 0.18 < found.W_high_eV


def test_points_without_trajectories_are_left_out_and_unsettled_ones_counted():
    settled = [
        Sticking("111", 925.0, "H2", 0, 1, None, float(E), 0.0, None, int(k), 100 - int(k), 0, 0)
        for E, k in zip(ENERGIES, [2, 9, 25, 47, 66, 76, 79, 80], strict=True)
    ]
    empty = replace(settled[0], energy_eV=2.0, dissociated=0, scattered=0)
    rows = [replace(settled[0], scattered=92, undecided=4, failed=2), *settled[1:], empty]
    one, other = (fit(Counts.of(these), resamples=20) for these in (settled, rows))
    assert (one.E0_eV, one.A) == (other.E0_eV, other.A)
    assert (one.unsettled, other.unsettled) == (0, 6)
    assert (other.points, other.trajectories) == (8, 800)


def test_points_at_several_angles_are_no_curve_in_the_energy():
    with pytest.raises(ValueError, match="one polar angle"):
        fit(replace(simulated(), polar_deg=np.linspace(0, 70, 8)))


def at_two_states(shift, n=400, seed=0, A=0.8, draws=1000):
    lower = fit(simulated(n=n, seed=seed), resamples=draws, seed=3)
    upper = simulated(n=n, seed=seed + 1, truth=(0.6 - shift, 0.18, A))
    return lower, fit(upper, resamples=draws, seed=3)


def test_the_efficacy_is_the_shift_of_the_curve_over_the_vibrational_energy():
    found = efficacy(*at_two_states(0.25, n=10**6), spacing_eV=0.5)
    assert found.eta == pytest.approx(0.5, abs=0.002)
    assert found.shift_eV == pytest.approx(0.25, abs=0.001)
    assert np.isnan(found.level)
    # parallel curves are as far apart at any S0
    for level in (0.1, 0.6):
        at = efficacy(*at_two_states(0.25, n=10**6), spacing_eV=0.5, level=level)
        assert at.eta == pytest.approx(0.5, abs=0.003)


def test_the_efficacy_at_a_level_is_told_where_the_curves_reach_it():
    lower, upper = at_two_states(0.25, n=10**6, A=0.5)
    found = efficacy(lower, upper, 0.5, level=0.2)
    for state, E in ((lower, lower.energy_at(0.2)), (upper, upper.energy_at(0.2))):
        assert state(np.array([E])) == pytest.approx(0.2, abs=1e-9)
    assert found.shift_eV == lower.energy_at(0.2) - upper.energy_at(0.2)
    assert found.eta < efficacy(lower, upper, 0.5).eta - 0.05


@pytest.mark.parametrize("level", [0.0, 0.8, 0.799])
def test_a_level_out_of_reach_is_said(level):
    found = efficacy(*at_two_states(0.25), spacing_eV=0.5, level=level)
    assert reason(found) == Doubt.OUT_OF_REACH


@pytest.mark.slow
@pytest.mark.parametrize("experiments", [50, pytest.param(150, marks=pytest.mark.attack)])
@pytest.mark.parametrize("level", [None, 0.3])
def test_the_interval_of_the_efficacy_covers_the_truth(level, experiments):
    within = 0
    for seed in range(experiments):
        found = efficacy(*at_two_states(0.2, 400, 2 * seed, draws=300), 0.4, level)
        within += found.low <= 0.5 <= found.high
    assert abs(within - 0.95 * experiments) < 3.2 * np.sqrt(experiments * 0.95 * 0.05)


def test_states_of_equal_counts_drawn_with_equal_numbers_are_no_less_uncertain():
    state = fit(simulated(), seed=3)
    for level in (None, 0.3):
        found = efficacy(state, state, 1.0, level)
        one = np.std(state.draws[:, 0])
        assert found.high - found.low > (2 * one if level else 3.92 * 1.2 * one)


def scanned(exponent, n=400, seed=0):
    polar = np.repeat([0.0, 30.0, 45.0, 60.0], len(ENERGIES))
    energies = np.tile(1.6 * ENERGIES, 4)
    S0 = curve("erf", energies, 0.6, 0.18, 0.8, polar, exponent)
    return counts(np.random.default_rng(seed).binomial(n, S0), n, energies, polar)


@pytest.mark.parametrize("exponent", [0.0, 1.4, 2.0])
def test_an_angle_scan_tells_the_exponent_of_its_scaling(exponent):
    found = normal_energy_scaling(scanned(exponent, n=2000), resamples=200)
    assert isinstance(found, Scaling)
    assert found.n_low < exponent < found.n_high
    assert found.n_high - found.n_low < 0.2
    assert (found.p_normal > 0.01) == (exponent == 2.0)
    assert found.p_value > 0.01
    assert (found.normal.p_value > 0.01) == (exponent == 2.0)


@pytest.mark.slow
@pytest.mark.parametrize("experiments", [30, pytest.param(100, marks=pytest.mark.attack)])
def test_normal_energy_scaling_is_tried_by_a_chi_square_of_one_degree_of_freedom(experiments):
    seeds = range(experiments)
    values = [normal_energy_scaling(scanned(2.0, seed=seed), resamples=2) for seed in seeds]
    found = np.sort([value.p_normal for value in values])
    assert abs(found - np.linspace(0, 1, experiments)).max() < 1.63 / np.sqrt(experiments)
    assert values[0].degrees_of_freedom == 32 - 4
    assert values[0].normal.degrees_of_freedom == 32 - 3
    assert isinstance(values[0].normal, Fit)


def test_one_angle_tells_no_scaling():
    assert reason(normal_energy_scaling(simulated())) == Doubt.ONE_ANGLE
