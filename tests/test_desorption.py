from dataclasses import replace
from math import exp

import numpy as np
import pytest
from simulated_libraries import (
    ENERGIES,
    LEVELS,
    STATES,
    MASS_amu,
    levels_of,
    library,
    of_table,
    rising,
    row,
)

from scatter.analysis import (
    Library,
    desorption,
    populations,
    thermal_sticking,
)
from scatter.units import K


def step_at(E0):
    edge = [E0 - 1e-9, E0 + 1e-9]
    return library(lambda E, v, J: float(E > E0), energies=[0.01, *edge, 4.0])


@pytest.mark.parametrize("E0", [0.3, 0.7])
def test_the_mean_energy_of_desorption_over_a_step_is_closed_form(E0):
    kT = K * 925
    everywhere = desorption(step_at(E0), LEVELS, 925, "all")
    assert everywhere.mean_energy_eV == pytest.approx(E0 + kT, rel=1e-7)
    along = desorption(step_at(E0), LEVELS, 925)
    due = (E0**2 + 2 * E0 * kT + 2 * kT**2) / (E0 + kT)
    assert along.mean_energy_eV == pytest.approx(due, rel=1e-7)


@pytest.mark.slow
def test_without_a_barrier_what_desorbs_is_in_equilibrium():
    found = desorption(library(lambda E, v, J: 1.0), LEVELS, 700)
    assert found.mean_energy_eV == pytest.approx(2 * K * 700, rel=1e-6)
    for state in found.states().itertuples():
        assert pytest.approx(state.boltzmann, rel=1e-6) == state.P


@pytest.mark.slow
def test_adsorption_in_equilibrium_and_desorption_agree_state_by_state():
    points, T = library(rising), 925.0
    shares = populations(LEVELS, "H2", T, T, conserved=False)
    whole = thermal_sticking(points, T, LEVELS, conserved=False).S0
    for state in desorption(points, LEVELS, T, "all").states().itertuples():
        # a molecule whose only state is this one, with its curve
        alone = replace(points, curves={(0, 0): points.curves[state.v, state.J]})
        S0 = thermal_sticking(alone, T, levels_of(0, 0), conserved=False).S0
        assert pytest.approx(shares[state.v, state.J] * S0 / whole, rel=1e-9) == state.P


@pytest.mark.parametrize("direction", ["normal", "all"])
def test_the_spectrum_of_desorption_is_adsorption_in_equilibrium_energy_by_energy(direction):
    points, kT, power = library(rising), K * 925, 1 if direction == "normal" else 0
    g = {(v, J): (3 if J % 2 else 1) * (2 * J + 1) for v, J in STATES}
    E = np.linspace(0.0, 3.0, 601)
    due = sum(
        g[int(lv.v), int(lv.J)] * exp(-(lv.energy + 4.5) / kT) * E**power * np.exp(-E / kT)
        * np.interp(E, ENERGIES, [rising(x, int(lv.v), int(lv.J)) for x in ENERGIES])
        for lv in LEVELS
    )  # fmt: skip
    found = desorption(points, LEVELS, 925, direction).energy_spectrum(E)
    assert found.density / found.density.sum() == pytest.approx(due / due.sum(), rel=1e-5, abs=1e-9)
    assert np.trapezoid(found.density, E) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("detector", ["flux", "density"])
def test_a_time_of_flight_keeps_the_flux(detector):
    what, length = desorption(library(rising), LEVELS, 925), 300.0
    t = np.geomspace(5, 3000, 6000)
    found = what.time_of_flight(t, length, detector)
    assert np.trapezoid(found.density, t) == pytest.approx(1, abs=1e-4)
    # what arrives between two times had the energies between theirs
    seen = found.density if detector == "flux" else found.density / t
    early = t < 40
    E = 0.5 * MASS_amu * 1.66053906892e-27 * (length * 1e3 / t) ** 2 / 1.602176634e-19
    by_energy = what.energy_spectrum(E).density
    part = np.trapezoid(seen[early], t[early]) / np.trapezoid(seen, t)
    due = np.trapezoid(by_energy[early], E[early]) / np.trapezoid(by_energy, E)
    assert part == pytest.approx(due, abs=1e-4)
    assert 0.01 < part < 0.99


@pytest.mark.slow
def test_the_bounds_of_a_desorbing_mean_hold_it_whatever_S0_is_outside():
    points = library(rising, energies=ENERGIES[10:16])
    inside = {(E, s): S0 for s, c in points.curves.items() for E, S0 in zip(c.x, c.S0, strict=True)}
    found = desorption(points, LEVELS, 925, rises=False)
    assert found.lowest < found.mean_energy_eV < found.highest
    rng = np.random.default_rng(5)
    for _ in range(20):
        low, high = rng.random(2)
        full = {
            (E, s): inside.get((E, s), low if E < 0.9 else high) for E in ENERGIES for s in STATES
        }
        mean = desorption(library(of_table(full)), LEVELS, 925).mean_energy_eV
        assert found.lowest < mean < found.highest


@pytest.mark.slow
@pytest.mark.parametrize("n", [4, 10, 40])
def test_intervals_of_what_desorbs_lie_within_what_can_desorb(n):
    rng, points = np.random.default_rng(n), np.linspace(0.1, 1.2, 8)
    drawn = [row(E, rng.binomial(n, rising(E, *s)), n, s) for s in STATES for E in points]
    found = desorption(Library.of(drawn), LEVELS, 925)
    assert 0 < found.low < found.mean_energy_eV < found.high
    for state in found.states().itertuples():
        assert 0 <= state.low <= state.P <= state.high <= 1
