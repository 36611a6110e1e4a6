import numpy as np
import pytest
from trajectory_rows import rows_of, scattered, some_points, some_rows

from scatter.analysis.binning import PARITY, Binning
from scatter.analysis.boltzmann import boltzmann_populations, inverse_temperature, temperature
from scatter.analysis.rotation import (
    rotational_populations,
    rotational_temperatures,
)
from scatter.ebk import Level
from scatter.units import K

B, J_MAX = 0.0075, 30  # eV
J = np.arange(J_MAX + 1)
ENERGY, DEGENERACY = B * J * (J + 1), 2 * J + 1.0


def rigid_rotor(v=0):
    return [
        Level(
            v=v, J=turns, langer=False, energy=v + B * turns * (turns + 1),
            inner=0.5, outer=1.0, mean=0.75, period=1.0,
        )
        for turns in range(J_MAX + 1)
    ]  # fmt: skip


LEVELS = {"H2": rigid_rotor() + rigid_rotor(1)}


def drawn(rng, T_K, count, points=1, among=J, weights=DEGENERACY):
    """Scattered trajectories whose J' are drawn from a Boltzmann law."""
    law = (weights * np.exp(-ENERGY / (K * T_K)))[among]
    rows = some_rows(count, points=points)
    rows["final_J"] = rng.choice(among, len(rows), p=law / law.sum())
    return rows


@pytest.mark.parametrize("T_K", [20.0, 300.0, 925.0, 5000.0])
def test_the_mean_energy_of_a_boltzmann_law_gives_back_its_temperature(T_K):
    beta = np.array([1 / (K * T_K)])
    mean = boltzmann_populations(beta, ENERGY, DEGENERACY) @ ENERGY
    found = inverse_temperature(mean, ENERGY, DEGENERACY)
    assert temperature(float(found[0])) == pytest.approx(T_K, rel=1e-9)


def test_a_sample_of_a_boltzmann_law_has_its_temperature_and_populations():
    rows = drawn(np.random.default_rng(1), 700.0, 20000)
    points = some_points(J=1)
    (found,) = rows_of(rotational_temperatures(points, rows, LEVELS))
    assert found.low_K < 700 < found.high_K
    assert found.high_K - found.low_K < 30
    assert (found.scattered, found.beyond, found.v_final) == (20000, 0, 0)
    populations = rows_of(rotational_populations(points, rows, LEVELS))
    law = boltzmann_populations(np.array([1 / (K * 700)]), ENERGY, DEGENERACY)[0]
    held = [row.low <= law[row.J_final] <= row.high for row in populations]
    assert np.mean(held) > 0.8
    assert sum(row.P for row in populations) == pytest.approx(1)
    assert [row.boltzmann for row in populations] == pytest.approx(law[: len(held)], abs=0.01)


def test_each_final_v_has_its_own_temperature_over_its_own_levels():
    cold, hot = drawn(np.random.default_rng(2), 200.0, 3000), drawn(
        np.random.default_rng(3), 1200.0, 3000
    )  # fmt: skip
    hot["final_v"], hot["number"] = 1, hot["number"] + 3000
    found = rows_of(rotational_temperatures(some_points(J=1), np.concatenate([cold, hot]), LEVELS))
    assert [round(row.temperature_K, -2) for row in found] == [200, 1200]


def test_with_parity_only_levels_of_the_initial_parity_take_part():
    rows = drawn(np.random.default_rng(4), 600.0, 5000, among=J[1::2])
    (found,) = rows_of(rotational_temperatures(some_points(J=1), rows, LEVELS, PARITY))
    assert found.low_K < 600 < found.high_K
    populations = rows_of(rotational_populations(some_points(J=1), rows, LEVELS, PARITY))
    assert {row.J_final % 2 for row in populations} == {1}


def test_nuclear_spin_weights_undo_themselves():
    rng, weights = np.random.default_rng(5), DEGENERACY * np.where(J % 2, 3, 1)
    rows = drawn(rng, 500.0, 20000, weights=weights)
    (found,) = rows_of(rotational_temperatures(some_points(), rows, LEVELS, nuclear_spin=True))
    assert found.low_K < 500 < found.high_K
    rows = rows_of(rotational_populations(some_points(), rows, LEVELS, nuclear_spin=True))
    assert [row.degeneracy for row in rows[:4]] == [1, 9, 5, 21]


def test_extreme_populations_have_extreme_temperatures():
    points, zeros = some_points(), np.zeros(20)
    (frozen,) = rows_of(rotational_temperatures(points, scattered(zeros, zeros), LEVELS))
    assert (frozen.temperature_K, frozen.low_K) == (0, 0)
    # of 20 in J = 0, up to z²/(20 + z²) could be in J = 1: g exp(-2B/kT) is about that
    share = 1.959964**2 / (20 + 1.959964**2)
    expected = 2 * B / (K * np.log(3 * (1 - share) / share))
    assert frozen.high_K == pytest.approx(expected, rel=0.01)
    (inverted,) = rows_of(rotational_temperatures(points, scattered(zeros, zeros + 29), LEVELS))
    assert inverted.temperature_K == np.inf


def test_trajectories_beyond_all_levels_are_counted_and_left_out():
    rows = scattered(np.array([0.0, 0.0, 5.0]), np.array([1.0, 40.0, 1.0]))
    inside, outside = rows_of(rotational_temperatures(some_points(), rows, LEVELS))
    assert (inside.scattered, inside.beyond) == (1, 1)
    assert (outside.v_final, outside.scattered, outside.beyond) == (5, 0, 1)
    assert np.isnan(outside.temperature_K)
    assert {
        row.v_final for row in rows_of(rotational_populations(some_points(), rows, LEVELS))
    } == {0}
    with pytest.raises(ValueError, match="no levels were given for HD"):
        rows_of(rotational_temperatures(some_points(molecule="HD"), rows, LEVELS))


def test_a_trajectory_of_no_weight_changes_no_temperature():
    rows = drawn(np.random.default_rng(6), 700.0, 300)
    more = np.concatenate([rows, rows])
    more["number"], more["final_J"][300:] = np.arange(600), 20.49
    few = rows_of(rotational_temperatures(some_points(), rows, LEVELS, Binning(fwhm_J=0.1)))
    many = rows_of(rotational_temperatures(some_points(), more, LEVELS, Binning(fwhm_J=0.1)))
    assert many[0].temperature_K == pytest.approx(few[0].temperature_K, rel=1e-9)
    assert many[0].effective == pytest.approx(few[0].effective)


@pytest.mark.slow
@pytest.mark.parametrize("count", [50, 200])
def test_intervals_of_the_temperature_hold_the_truth_in_about_95_of_100_experiments(count):
    rows = drawn(np.random.default_rng(count), 500.0, count, points=600)
    found = rows_of(rotational_temperatures(some_points(600, J=1), rows, LEVELS))
    held = np.mean([row.low_K <= 500 <= row.high_K for row in found])
    assert 0.93 < held < 0.97
