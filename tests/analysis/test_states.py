import numpy as np
import pandas as pd
import pytest
from trajectory_rows import rows_of, scattered, some_points, some_rows

from scatter.analysis.binning import GAUSSIAN, HISTOGRAM, PARITY, Binning, weighted_proportion
from scatter.analysis.states import channels, transitions
from scatter.outcomes import Outcome

BINNINGS = [HISTOGRAM, GAUSSIAN, PARITY, Binning(fwhm_v=0.1, parity=True)]


def found(points, rows, binning=HISTOGRAM):
    """P_scattered by final state."""
    return {(row.v_final, row.J_final): row for row in rows_of(transitions(points, rows, binning))}


def mixed_rows(rng):
    """All outcomes, among the scattered some that are bound to no inner well."""
    rows = some_rows(400, final_v=rng.uniform(-0.5, 2, 400), final_J=rng.gamma(2, 2, 400))
    rows["outcome"] = rng.choice([1, 2, 2, 2, 3, 4], 400)
    rows["final_v"][:9] = np.nan
    rows["outcome"][:9] = Outcome.SCATTERED
    return rows


@pytest.mark.parametrize("binning", BINNINGS)
def test_whole_final_numbers_have_probability_one_by_every_binning(binning):
    rows = scattered(np.full(50, 1.0), np.full(50, 3.0))
    states = found(some_points(J=1), rows, binning)
    assert states[1, 3].P == states[1, 3].P_scattered == 1
    assert states[1, 3].high == 1
    assert states[1, 3].low == pytest.approx(50 / (50 + 1.959964**2))
    assert states[0, 1].P == 0  # the initial state, which nothing came back in


@pytest.mark.parametrize("binning", BINNINGS)
def test_a_wall_for_the_centre_of_mass_leaves_every_molecule_in_its_state(bounced, binning):
    points, rows = bounced
    assert len(rows) == 24
    for row in rows_of(transitions(points, rows, binning)):
        assert (row.v_final, row.J_final, row.P) == (row.v, row.J, 1)
    for row in rows_of(channels(points, rows, binning)):
        assert row.P == (row.channel in ("survival", "elastic"))


@pytest.mark.parametrize("binning", BINNINGS)
def test_probabilities_sum_to_one_of_the_scattered_and_to_their_fraction_of_all(binning):
    rows = mixed_rows(np.random.default_rng(1))
    fraction = (rows["outcome"] == Outcome.SCATTERED).mean()
    states = rows_of(transitions(some_points(J=1), rows, binning))
    assert sum(row.P_scattered for row in states) == pytest.approx(1, abs=1e-12)
    assert sum(row.P for row in states) == pytest.approx(fraction, abs=1e-12)
    assert states[-1].v_final is pd.NA
    assert states[-1].count == 9
    fates = rows_of(channels(some_points(J=1), rows, binning))
    assert sum(row.P for row in fates[1:]) == pytest.approx(fraction, abs=1e-12)
    assert sum(row.count for row in fates[1:]) == round(fraction * 400)
    assert all(0 <= row.low <= row.P <= row.high <= 1 for row in states + fates)


def test_molecules_of_two_like_atoms_change_J_by_even_numbers_and_others_by_any():
    rows = mixed_rows(np.random.default_rng(2))
    assert {J % 2 for _, J in found(some_points(J=1), rows, PARITY) if J is not pd.NA} == {1}
    assert {J % 2 for _, J in found(some_points(J=2), rows, PARITY) if J is not pd.NA} == {0}
    mixed = found(some_points(J=1, molecule="HD"), rows, PARITY)
    assert {J % 2 for _, J in mixed if J is not pd.NA} == {0, 1}


def test_classes_are_half_open_and_none_lies_below_the_ground_state():
    rows = scattered(np.array([-0.6, -0.5, 0.499, 0.5]), np.zeros(4))
    assert [row.count for row in rows_of(transitions(some_points(), rows))] == [3, 1]
    turns = scattered(np.zeros(4), np.array([0.0, 0.999, 1.0, 2.999]))
    assert [row.count for row in rows_of(transitions(some_points(), turns, PARITY))] == [2, 2]
    odd = scattered(np.zeros(4), np.array([0.0, 1.999, 2.0, 3.999]))
    assert [row.count for row in rows_of(transitions(some_points(J=1), odd, PARITY))] == [2, 2]


def test_half_the_width_from_a_whole_number_a_trajectory_weighs_half():
    rows = scattered(np.array([0.05, 1.0]), np.zeros(2))
    states = found(some_points(), rows, Binning(fwhm_v=0.1))
    assert states[0, 0].P_scattered == pytest.approx(1 / 3)
    assert states[1, 0].P_scattered == pytest.approx(2 / 3)
    assert states[0, 0].effective == pytest.approx(1.5**2 / 1.25)


def test_a_gaussian_of_great_width_is_the_histogram():
    points, rows = some_points(J=1), mixed_rows(np.random.default_rng(3))
    wide = found(points, rows, Binning(fwhm_v=1e6, fwhm_J=1e6))
    for state, row in found(points, rows).items():
        assert wide[state].P == pytest.approx(row.P, rel=1e-9)
        assert wide[state].low_scattered == pytest.approx(row.low_scattered, rel=1e-9)
        assert wide[state].high == pytest.approx(row.high, rel=1e-9)


@pytest.mark.parametrize("binning", BINNINGS)
def test_where_nothing_scatters_no_state_is_reached_and_none_known_of_the_scattered(binning):
    (row,) = rows_of(transitions(some_points(J=1), some_rows(30, Outcome.DISSOCIATED), binning))
    assert (row.P, row.low) == (0, 0)
    assert row.high == pytest.approx(1.959964**2 / (30 + 1.959964**2))
    assert np.isnan(row.P_scattered)


def test_binnings_that_are_no_binnings_are_refused():
    with pytest.raises(ValueError, match="width of a Gaussian"):
        Binning(fwhm_v=0.0)


@pytest.mark.parametrize(("n", "share"), [(400, 0.1), (1500, 0.5), (4000, 0.02)])
def test_weighted_intervals_hold_the_truth_in_about_95_of_100_experiments(n, share):
    rng = np.random.default_rng(n)
    fwhm, spread, experiments = 0.2, np.array([0.05, 0.12]), 700
    # E[w] of a normal offset of width s under exp(-a x²) is 1/sqrt(1 + 2 a s²)
    mean = 1 / np.sqrt(1 + 8 * np.log(2) * (spread / fwhm) ** 2)
    truth = share * mean[1] / (share * mean[1] + (1 - share) * mean[0])
    held = np.zeros(2)
    for _ in range(experiments):
        member = rng.random(rng.binomial(n, 0.7)) < share  # of those that scatter
        offset = rng.normal(size=len(member)) * spread[member.astype(int)]
        weight = np.exp(-4 * np.log(2) * (offset / fwhm) ** 2)
        for which, (among, value) in enumerate(((len(member), truth), (n, 0.7 * truth))):
            _, low, high = weighted_proportion(member, weight, among)
            held[which] += low <= value <= high
    assert np.all((held / experiments > 0.93) & (held / experiments < 0.97)), held / experiments
