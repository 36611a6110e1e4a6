"""Desorption by detailed balance from fitted curves, against the law that made the points."""

import numpy as np
import pytest
from scipy.special import erf
from simulated_libraries import levels_of, row

from scatter.analysis import Library, desorption
from scatter.analysis.library import Sampled
from scatter.units import K

T_K, ENERGIES = 925.0, (0.4, 0.55, 0.7, 0.85, 1.0)
FINE = np.linspace(0.001, 4.0, 20_000)


def S0(E):
    return 0.4 * (1 + erf((E - 0.65) / 0.16))


def library(n=20_000, energies=ENERGIES):
    return Library.of([row(E, round(n * S0(E)), n) for E in energies])


def closed_form(E):
    """S0 E exp(-E/kT) of integral one."""
    flux = lambda x: S0(x) * x * np.exp(-x / (K * T_K))  # noqa: E731
    return flux(E) / np.trapezoid(flux(FINE), FINE)


def test_the_spectrum_of_a_fit_is_that_of_the_law_also_between_the_points():
    E = np.linspace(0.4, 1.0, 61)
    fitted, linear = (desorption(each, levels_of(0, 0), T_K, nearest_J=True)
                      for each in (library().fitted(), library()))  # fmt: skip
    spectrum, truth = fitted.energy_spectrum(E), closed_form(E)
    assert np.abs(spectrum.density - truth).max() < 0.03 * truth.max()
    assert np.abs(linear.energy_spectrum(E).density - truth).max() > 0.1 * truth.max()
    assert ((spectrum.low < truth) & (truth < spectrum.high)).mean() > 0.9
    mean = np.trapezoid(FINE * closed_form(FINE), FINE)
    assert fitted.low < mean < fitted.high
    assert fitted.high - fitted.low < 0.05


def test_it_says_what_S0_follows_and_how_much_lies_beyond_the_points():
    cut = library(energies=(0.55, 0.62, 0.7, 0.85, 1.0))
    fitted = desorption(cut.fitted(), levels_of(0, 0), T_K)
    assert fitted.fitted == 1
    assert fitted.followed == "S0 is that of fits (erf) to 1 of 1 curves"
    assert "below the lowest energy computed, where S0 is that of the fitted" in fitted.warnings[0]
    held = desorption(cut, levels_of(0, 0), T_K)
    assert held.fitted == 0
    assert "where S0 is held" in held.warnings[0]


def test_points_that_allow_no_fit_are_joined_as_before():
    few = library(energies=(0.5, 0.9))
    assert few.fitted().fits == {}
    one, other = (desorption(each, levels_of(0, 0), T_K) for each in (few, few.fitted()))
    assert one.mean_energy_eV == other.mean_energy_eV


def test_the_interval_of_S0_at_an_energy_is_the_band_of_the_fit():
    fitted = library(n=500).fitted()
    sampled = Sampled.of_states(fitted, [(0, 0)])
    E = np.array([0.6])
    value = sampled.S0(E)[0]
    low, high = sampled.interval(value, sampled.pull(np.ones((1, 1)), E))
    assert (low[0], high[0]) == pytest.approx([end[0] for end in fitted.fits[0, 0].band(E)])
