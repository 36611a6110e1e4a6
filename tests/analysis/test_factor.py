"""The factor between a measured curve and a computed one: exact, scale-free, and by coverage."""

import numpy as np
import pytest
from scipy.special import erf
from written_campaign import H2, written_campaign

from scatter.analysis import Counts, Fit, factor_to, fit
from scatter.report.factor import factor_of, in_words, scale_of
from scatter.settings import UserError

ENERGY = np.linspace(0.4, 1.0, 7)
MEASURED = np.linspace(0.45, 0.9, 6)
TRUTH = 1.6


def curve(energy):
    return 0.6 * (1 + erf((energy - 0.65) / 0.15)) / 2


def computed(rng=None, n=2000):
    S0 = curve(ENERGY)
    k = np.round(n * S0).astype(int) if rng is None else rng.binomial(n, S0)
    zero = np.zeros(len(ENERGY), int)
    found = fit(Counts(ENERGY, zero * 1.0, k, zero + n, zero), resamples=200)
    assert isinstance(found, Fit)
    return found


@pytest.mark.parametrize("error", [None, np.full(6, 0.02), np.linspace(0.01, 0.05, 6)])
def test_a_curve_that_is_another_but_for_a_factor_gives_it_back(error):
    found = computed(n=10**6)
    factor = factor_to(found, MEASURED, found(MEASURED) / TRUTH, error)
    assert factor.value == pytest.approx(TRUTH, rel=1e-9)
    assert factor.low < TRUTH < factor.high
    assert np.isnan(factor.p_value) == (error is None)


def test_a_measurement_in_other_units_has_the_factor_in_those():
    found, y, error = computed(), curve(MEASURED) / TRUTH, np.full(6, 0.02)
    one, other = (factor_to(found, MEASURED, by * y, by * error) for by in (1.0, 10.0))
    assert one.value == pytest.approx(10 * other.value)
    assert (one.low, one.high) == pytest.approx((10 * other.low, 10 * other.high))
    assert one.p_value == pytest.approx(other.p_value)


@pytest.mark.parametrize("known", [True, False])
def test_intervals_cover_the_factor_in_95_of_100(known):
    rng, covers, error = np.random.default_rng(3), [], np.full(6, 0.015)
    for seed in range(200):
        y = curve(MEASURED) / TRUTH + error * rng.standard_normal(6)
        factor = factor_to(computed(rng, 500), MEASURED, y, error if known else None, seed)
        covers.append(factor.low < TRUTH < factor.high)
    assert np.mean(covers) == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / 200))


def test_without_two_points_there_is_no_factor():
    with pytest.raises(ValueError, match="two points at least"):
        factor_to(computed(), MEASURED[:1], np.array([0.1]))
    with pytest.raises(ValueError, match="S0 > 0 at some"):
        factor_to(computed(), MEASURED, 0 * MEASURED)


def test_the_factor_of_a_file_is_found_and_told(tmp_path):
    text = f"{H2}[incidence]\nenergy_eV = {ENERGY.tolist()}\n"
    stuck = np.round(2000 * curve(ENERGY)).astype(int).tolist()
    folder = written_campaign(tmp_path / "out", text, [(k, 2000 - k) for k in stuck])
    file = tmp_path / "experiment.csv"
    rows = [f"{E:.3f},{S0:.5f}" for E, S0 in zip(MEASURED, curve(MEASURED) / TRUTH, strict=True)]
    file.write_text("energy_eV,S0\n" + "\n".join(rows) + "\n")
    value, factor = scale_of("fit", [folder], [file])
    assert factor == factor_of(folder, file)
    assert value == pytest.approx(TRUTH, rel=0.01)
    assert f"{file}: S0 × 1.6 (1.5" in in_words(factor, file)
    assert scale_of("2.5", [folder], [file]) == (2.5, None)
    with pytest.raises(UserError, match="--scale twice: must be a number, or fit"):
        scale_of("twice", [folder], [file])
    with pytest.raises(UserError, match="needs one --overlay, and there are 0"):
        scale_of("fit", [folder], [])
