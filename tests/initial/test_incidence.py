"""The approach: scans, and the law of the straight line."""

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import kstest

from scatter.initial.incidence import Disc, Incidence, approach
from scatter.settings import UserError
from scatter.units import degree

THREE_SIGMA = 0.0027
SKEWED = np.array([[7.0, 2.0, 0.0], [-1.5, 6.0, 0.0], [0.0, 0.0, 30.0]])


def drawn(count=2000, polar=0.0, azimuth=None, energy=0.5, mass=2.0):
    rng = np.random.default_rng(11)
    return [
        approach(rng.random(3), energy, polar, azimuth, 7.0, SKEWED, mass) for _ in range(count)
    ]


def test_a_value_a_list_and_a_range_expand_to_the_points_they_name():
    assert Incidence(energy_eV=1).energies == [1.0]
    assert Incidence(energy_eV=[0.4, 0.2]).energies == [0.4, 0.2]
    scan = Incidence(energy_eV={"start": 0.3, "stop": 0.9, "num": 7}, polar_deg=[0, 45])
    assert scan.energies == [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]  # not 0.6000000000000001
    assert scan.polars == [0, 45]
    assert scan.azimuths == [None]
    assert Incidence(energy_eV=1, azimuth_deg=[0, 30]).azimuths == [0, 30]
    assert Incidence(energy_eV={"start": 0.3, "stop": 0.3, "num": 1}).energies == [0.3]


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ({"energy_eV": -0.1}, "greater than 0"),
        ({"energy_eV": []}, "at least 1 item"),
        ({"energy_eV": "0.3"}, "valid number"),
        ({"energy_eV": True}, "valid number"),
        ({"energy_eV": float("nan")}, "finite"),
        ({"energy_eV": float("inf")}, "finite"),
        ({"energy_eV": [0.3, 0.3]}, "energy_eV names the same value twice"),
        ({"energy_eV": {"start": 0.1, "stop": 0.7, "num": 0}}, "greater than 0"),
        ({"energy_eV": {"start": 0.1, "stop": 0.7, "num": 1}}, "one value has start = stop"),
        ({"energy_eV": {"start": 0.0, "stop": 0.7, "num": 3}}, "greater than 0"),
        ({"energy_eV": {"start": 0.1, "stop": 0.7, "count": 3}}, "not permitted"),
        ({"polar_deg": 90}, "less than 90"),
        ({"polar_deg": [-1.0]}, "greater than or equal to 0"),
        ({"azimuth_deg": "rand"}, "'random'"),
        ({"azimuth_deg": [0, 360]}, "azimuth_deg names the same value twice"),
        ({"azimuth_deg": 400}, "less than or equal to 360"),
        ({"aim_atom": 3}, "aim_radius_A is missing"),
        ({"aim_radius_A": 3.0}, "aim_atom is missing"),
        ({"height_A": 0}, "greater than 0"),
        ({"heigth_A": 7}, "not permitted"),
    ],
)
def test_a_bad_value_is_refused_with_its_rule(keys, rule):
    with pytest.raises(ValidationError, match=rule):
        Incidence.model_validate({"energy_eV": 0.5} | keys)


def test_impacts_are_uniform_over_a_skewed_cell():
    impacts = np.array([each.impact for each in drawn(polar=40 * degree)])
    fractions = np.linalg.solve(SKEWED[:2, :2].T, impacts.T)
    assert kstest(fractions[0], "uniform").pvalue > THREE_SIGMA
    assert kstest(fractions[1], "uniform").pvalue > THREE_SIGMA
    assert abs(np.corrcoef(fractions)[0, 1]) < 3 / np.sqrt(2000)


@pytest.mark.parametrize("polar", [0.0, 30.0, 80.0])
def test_the_straight_line_from_the_start_meets_the_plane_at_the_impact(polar):
    for each in drawn(20, polar * degree):
        assert each.centre[2] == 7.0
        time = -each.centre[2] / each.velocity[2]
        np.testing.assert_allclose(each.centre[:2] + time * each.velocity[:2], each.impact)


def test_the_angles_count_from_the_normal_and_from_the_first_lattice_vector():
    first = SKEWED[0] / np.linalg.norm(SKEWED[0])
    left = np.cross([0, 0, 1], first)
    (each,) = drawn(1, 25 * degree, 70 * degree)
    flight = each.velocity / np.linalg.norm(each.velocity)
    assert -flight[2] == pytest.approx(np.cos(25 * degree))
    assert np.arctan2(flight @ left, flight @ first) == pytest.approx(70 * degree)


def test_the_speed_is_that_of_the_energy():
    for each in drawn(5, 50 * degree, energy=0.83, mass=3.0):
        assert 0.5 * 3.0 * np.sum(each.velocity**2) == pytest.approx(0.83, rel=1e-14)


def test_normal_incidence_falls_straight_down_on_the_impact():
    for each in drawn(5):
        np.testing.assert_array_equal(each.centre[:2], each.impact)
        np.testing.assert_array_equal(each.velocity[:2], [0, 0])


def test_a_random_azimuth_is_uniform():
    velocities = np.array([each.velocity for each in drawn(polar=30 * degree)])
    turns = np.arctan2(velocities[:, 1], velocities[:, 0]) / (2 * np.pi) % 1
    assert kstest(turns, "uniform").pvalue > THREE_SIGMA


def test_the_impact_does_not_depend_on_the_angles():
    ways = [(0.0, None), (0.5, None), (0.5, 1.0)]
    impacts = [[each.impact for each in drawn(5, *way)] for way in ways]
    np.testing.assert_array_equal(impacts[0], impacts[1])
    np.testing.assert_array_equal(impacts[0], impacts[2])


def test_aimed_impacts_are_uniform_in_the_disc_around_the_atom():
    slab = np.array([[0.0, 0.0, 0.0], [3.0, 1.0, 2.0]])
    disc = Incidence(energy_eV=1, aim_atom=1, aim_radius_A=2.5).disc(slab)
    rng = np.random.default_rng(3)
    paths = [
        approach(rng.random(3), 0.5, 40 * degree, None, 7.0, SKEWED, 2.0, disc) for _ in range(2000)
    ]
    away = np.array([path.impact for path in paths]) - [3.0, 1.0]
    distance, angle = np.hypot(*away.T), np.arctan2(*away.T)
    assert kstest((distance / 2.5) ** 2, "uniform").pvalue > THREE_SIGMA
    assert kstest(angle / (2 * np.pi) + 0.5, "uniform").pvalue > THREE_SIGMA
    assert disc.share(SKEWED) == pytest.approx(np.pi * 2.5**2 / (7 * 6 + 2 * 1.5))


def test_an_aim_changes_nothing_but_the_impact():
    disc = Disc(np.array([1.0, 2.0]), 0.7)
    aimed, plain = (
        approach(np.random.default_rng(5).random(3), 0.5, 0.3, None, 7.0, SKEWED, 2.0, where)
        for where in (disc, None)
    )
    assert (aimed.velocity == plain.velocity).all()
    assert aimed.centre[:2] - aimed.impact == pytest.approx(plain.centre[:2] - plain.impact)
    assert np.hypot(*(aimed.impact - disc.centre)) <= 0.7


def test_an_aim_at_no_atom_or_wider_than_the_cell_is_refused():
    aim = Incidence(energy_eV=1, aim_atom=2, aim_radius_A=2.5)
    with pytest.raises(UserError, match="aim_atom = 2: the slab has 2 atoms, counted from 0"):
        aim.disc(np.zeros((2, 3)))
    with pytest.raises(UserError, match="repeats after 4.00 Å, .* give at most 2.00"):
        aim.disc(np.zeros((3, 3)), 4.0)
    assert Incidence(energy_eV=1).disc(np.zeros((2, 3))) is None
