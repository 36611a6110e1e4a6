from dataclasses import replace
from math import exp, pi, sqrt

import numpy as np
import pytest
from scipy.integrate import quad
from simulated_libraries import (
    BEAM,
    ENERGIES,
    LEVELS,
    MASS_amu,
    levels_of,
    library,
    of_table,
    rising,
    row,
)

from scatter.analysis import (
    Beam,
    Library,
    beam_sticking,
    desorption,
    populations,
    thermal_sticking,
)
from scatter.analysis.averages import quadrature
from scatter.settings import UserError
from scatter.units import K


@pytest.mark.parametrize(("molecule", "even", "odd"), [("H2", 1, 3), ("D2", 2, 1), ("HD", 1, 1)])
def test_nuclear_spins_weigh_even_against_odd_J_at_high_temperature(molecule, even, odd):
    hot = levels_of(0, 120)
    for conserved in (True, False):
        found = populations(hot, molecule, 20_000, 20_000, conserved)
        share = sum(P for (_, J), P in found.items() if J % 2 == 0)
        assert share == pytest.approx(even / (even + odd), abs=1e-3)
        assert sum(found.values()) == pytest.approx(1)


@pytest.mark.parametrize(("molecule", "ortho"), [("H2", 0.75), ("D2", 2 / 3)])
def test_normal_hydrogen_keeps_its_ratio_when_cold_and_equilibrium_does_not(molecule, ortho):
    J_of_ortho = 1 if molecule == "H2" else 0
    kept, free = (populations(LEVELS, molecule, 20, 20, c) for c in (True, False))
    assert kept[0, J_of_ortho] == pytest.approx(ortho, abs=1e-4)
    assert free[0, 0] > 0.98


@pytest.mark.parametrize("conserved", [True, False])
def test_oxygen_has_odd_J_alone(conserved):
    found = populations(LEVELS, "O2", 300, 300, conserved)
    assert {J % 2 for _, J in found} == {1}
    assert sum(found.values()) == pytest.approx(1)
    assert found[0, 3] / found[0, 1] == pytest.approx(7 / 3 * exp(-0.0075 * 10 / (K * 300)))


def test_vibration_and_rotation_have_temperatures_of_their_own():
    found = populations(LEVELS, "HD", 2000, 500)
    assert found[1, 0] / found[0, 0] == pytest.approx(exp(-0.5 / (K * 2000)))
    assert found[0, 1] / found[0, 0] == pytest.approx(3 * exp(-0.015 / (K * 500)))
    assert found[1, 3] / found[1, 0] == pytest.approx(7 * exp(-0.09 / (K * 500)))


def test_unknown_spins_and_missing_heads_are_refused():
    with pytest.raises(UserError, match="Cl2 with atoms of 35.453 amu"):
        populations(LEVELS, "Cl2", 300, 300, masses_amu=(35.453, 35.453))
    with pytest.raises(ValueError, match="J = 0"):
        populations(LEVELS[1:10], "H2", 300, 300)


@pytest.mark.parametrize("beam", [BEAM, Beam(0.0, 2000.0, 300), Beam(4000.0, 0.1, 300)])
def test_the_weights_of_a_beam_integrate_to_one_and_its_mean_energy_is_that_of_the_law(beam):
    energy, weight = beam.energies(MASS_amu, ENERGIES)
    assert weight.sum() == pytest.approx(1, abs=1e-12)
    assert (weight >= 0).all()
    v0, width = beam.velocity_m_s, beam.width_m_s

    def moment(p):
        around = (max(0.0, v0 - 8 * width), v0 + 8 * width)
        return quad(lambda v: (v / 3e3) ** p * np.exp(-(((v - v0) / width) ** 2)), *around)[0]

    joule = 0.5 * MASS_amu * 1.66053906892e-27 * 9e6 * moment(5) / moment(3)
    assert (energy * weight).sum() == pytest.approx(joule / 1.602176634e-19, rel=1e-6)


@pytest.mark.parametrize("constant", [0.0, 0.3, 1.0])
def test_a_constant_sticking_probability_is_its_own_average(constant):
    points = library(lambda E, v, J: constant)
    averages = [beam_sticking(points, BEAM, LEVELS)]
    averages += [thermal_sticking(points, 900, LEVELS, scaling) for scaling in ("normal", "total")]
    for found in averages:
        assert found.S0 == pytest.approx(constant, abs=1e-9)
        assert found.low <= found.S0 <= found.high
        assert found.interpolation == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("width", [0.0, 0.5])
def test_a_beam_of_one_velocity_and_state_gives_the_point_itself(width):
    point = ENERGIES[14]
    v = sqrt(2 * point * 1.602176634e-19 / (MASS_amu * 1.66053906892e-27))
    cold = levels_of(0, 0)
    found = beam_sticking(library(rising, n=1000), Beam(v, width, 300), cold, conserved=False)
    due = row(point, round(1000 * rising(point, 0, 0)))
    assert found.S0 == pytest.approx(due.S0, abs=3e-4)
    assert (found.low, found.high) == pytest.approx((due.low, due.high), abs=3e-4)
    assert found.mean_energy_eV == pytest.approx(point, rel=1e-6)


def test_a_beam_average_is_the_double_sum_over_states_and_velocities():
    points, shares = library(rising), populations(LEVELS, "H2", 1400, 0.8 * 1400)
    unit = 0.5 * MASS_amu * 1.66053906892e-27 / 1.602176634e-19

    def flux(v):
        return v**3 * np.exp(-(((v - 6000) / 1500) ** 2))

    v = np.linspace(1, 20_000, 60_001)
    due = sum(
        share * np.interp(unit * v * v, ENERGIES, [rising(E, *state) for E in ENERGIES])
        for state, share in shares.items()
    )
    due = (due * flux(v)).sum() / flux(v).sum()
    found = beam_sticking(points, BEAM, LEVELS)
    assert found.S0 == pytest.approx(due, rel=1e-5)
    assert abs(found.interpolation) < 2e-3
    assert found.rotational_K == 1120
    assert found.warnings == ()


def test_the_rate_of_a_gas_over_a_step_is_that_of_arrhenius():
    step = library(lambda E, v, J: float(E > 0.6), energies=[0.1, 0.6 - 1e-9, 0.6 + 1e-9, 2.0])
    kT = K * 1000
    found = thermal_sticking(step, 1000, LEVELS)
    assert found.S0 == pytest.approx(exp(-0.6 / kT), rel=1e-6)
    total = thermal_sticking(step, 1000, LEVELS, "total")
    assert total.S0 == pytest.approx((1 + 0.6 / kT) * exp(-0.6 / kT), rel=1e-6)
    mean_speed = sqrt(8 * 1.380649e-23 * 1000 / (pi * MASS_amu * 1.66053906892e-27))
    assert found.rate_m_s == pytest.approx(mean_speed / 4 * found.S0, rel=1e-6)
    ratio = found.rate_high_m_s / found.rate_m_s
    assert ratio == pytest.approx(found.high / found.S0)


def test_points_at_an_angle_do_not_stand_for_all_directions():
    with pytest.raises(UserError, match="polar_deg = 30"):
        thermal_sticking(library(rising, polar=30.0), 900, LEVELS)
    assert beam_sticking(library(rising, polar=30.0), BEAM, LEVELS).S0 > 0


def test_energies_beyond_the_points_are_told_and_bounded():
    whole, points = library(rising), library(rising, energies=ENERGIES[5:11])
    found = beam_sticking(points, BEAM, LEVELS)
    energy, weight = BEAM.energies(MASS_amu, ENERGIES[[5, 10]])
    assert found.below == pytest.approx(weight[energy < ENERGIES[5]].sum(), abs=1e-9)
    assert found.above == pytest.approx(weight[energy > ENERGIES[10]].sum(), abs=1e-9)
    assert [text.split(" of the weight lies ")[1].split()[0] for text in found.warnings] == [
        "below", "above",
    ]  # fmt: skip
    due = beam_sticking(whole, BEAM, LEVELS).S0
    free = beam_sticking(points, BEAM, LEVELS, rises=False)
    assert free.lowest < found.lowest < due < found.highest < free.highest
    assert free.highest - free.lowest == pytest.approx(found.below + found.above, abs=1e-9)


def test_states_that_were_not_computed_are_told_bounded_and_left_out():
    points = library(rising, states=[(0, 0), (0, 1), (1, 1)])
    found, shares = beam_sticking(points, BEAM, LEVELS), populations(LEVELS, "H2", 1400, 1120)
    known = shares[0, 0] + shares[0, 1] + shares[1, 1]
    assert found.lacking == pytest.approx(1 - known)
    assert found.highest - found.lowest == pytest.approx(1 - known, abs=0.02)
    assert found.lowest == pytest.approx(known * found.S0, rel=0.02)
    assert any("have not been computed" in text for text in found.warnings)
    asked = beam_sticking(points, BEAM, LEVELS, nearest_J=True)
    above = sum(P for (v, _), P in shares.items() if v == 2)
    assert asked.lacking == pytest.approx(above)
    assert asked.stood_in == pytest.approx(1 - known - above)
    assert any("another J" in text for text in asked.warnings)


def test_unsettled_trajectories_widen_the_upper_bound():
    rows = [row(E, 100 * E, 1000, unsettled=50) for E in ENERGIES[::3]]
    found = beam_sticking(Library.of(rows), Beam(5000.0, 300.0, 300.0), levels_of(0, 0),
                          conserved=False)  # fmt: skip
    assert found.highest - found.lowest == pytest.approx(0.05, abs=1e-6)


def test_a_library_holds_points_that_differ_in_state_and_energy_alone():
    found = Library.of(
        [row(0.6, 9, state=(1, 2)), row(0.4, 5, state=(1, 2)), row(0.4, 5), row(9, 0, 0)]
    )
    assert set(found.curves) == {(1, 2), (0, 0)}
    assert found.curves[1, 2].x.tolist() == [0.4, 0.6]
    assert found.curves[1, 2].S0.tolist() == [0.005, 0.009]
    assert found.nodes().tolist() == [0.4, 0.6]
    with pytest.raises(UserError, match="differ in T_K"):
        Library.of([row(0.4, 5), replace(row(0.5, 5), T_K=300.0)])
    with pytest.raises(UserError, match="no point has a trajectory"):
        Library.of([row(0.4, 0, 0)])


@pytest.mark.slow
@pytest.mark.parametrize("experiments", [100, pytest.param(400, marks=pytest.mark.attack)])
def test_the_intervals_of_averages_cover_the_truth_in_93_to_97_of_100_experiments(experiments):
    energies, few, n = np.linspace(0.5, 1.1, 6), levels_of(1, 1), 300
    states = [(int(lv.v), int(lv.J)) for lv in few]
    true = {(E, s): rising(E, *s) for s in states for E in energies}
    assert min(min(p, 1 - p) for p in true.values()) * n > 5

    def averages(points):
        beam, gas = beam_sticking(points, BEAM, few), thermal_sticking(points, 1500, few)
        out = desorption(points, few, 1500)
        v1 = [state for state in out.states().itertuples() if (state.v, state.J) == (1, 1)][0]
        flight = out.time_of_flight(np.array([30.0, 40.0]), 300.0)
        return [
            (beam.S0, beam.low, beam.high),
            (gas.S0, gas.low, gas.high),
            (out.mean_energy_eV, out.low, out.high),
            (v1.P, v1.low, v1.high),
            *zip(flight.density, flight.low, flight.high, strict=True),
        ]

    truth = averages(library(of_table(true), energies, states))
    rng, within = np.random.default_rng(8), []
    for _ in range(experiments):
        drawn = {key: rng.binomial(n, p) / n for key, p in true.items()}
        found = averages(library(of_table(drawn), energies, states, n=n))
        within.append([a <= t[0] <= b for (_, a, b), t in zip(found, truth, strict=True)])
    each = np.mean(within, axis=0)
    assert 0.93 < each.mean() < 0.97
    assert (abs(each - 0.95) < 3.2 * sqrt(0.95 * 0.05 / experiments)).all()


def test_an_average_over_points_where_nothing_dissociated_has_an_upper_end_above_zero():
    found = thermal_sticking(library(lambda E, v, J: 0.0, n=1000), 300, LEVELS)
    assert found.S0 == found.low == 0
    assert 0 < found.high < 0.004


def test_a_quadrature_is_exact_for_kinks_at_its_breaks():
    x, w = quadrature(lambda x: x, 0.0, 2.0, np.array([0.7, 5.0]))
    assert (w * np.maximum(x - 0.7, 0)).sum() == pytest.approx(
        ((8 - 0.7**3) / 3 - 0.7 * (4 - 0.49) / 2) / 2, rel=1e-12
    )
    assert quadrature(np.cos, 1.0, 1.0, np.zeros(1))[0] == [1.0]
