from math import sqrt

import numpy as np
import pytest
from trajectory_rows import rows_of, some_points, some_rows

from scatter.analysis import Sticking
from scatter.analysis.quadrupole import alignment, alignment_of_isotropic
from scatter.outcomes import Outcome

N = 400


def state(J, dissociated, projections=None, n=N):
    """Sticking of one state, with so many dissociated of n for each m_J (from 0 upwards)."""
    projections = range(len(dissociated)) if projections is None else projections
    return [
        Sticking("111", 925.0, "D2", 0, J, float(m), 0.5, 0.0, None, k, n - k, 0, 0)
        for m, k in zip(projections, dissociated, strict=True)
    ]


@pytest.mark.parametrize("J", [1, 2, 7])
def test_equal_sticking_of_all_projections_is_no_alignment(J):
    (found,) = rows_of(alignment(state(J, [100] * (J + 1))))
    assert found.A0_2 == pytest.approx(0, abs=1e-12)
    assert found.A0_2_low < 0 < found.A0_2_high
    assert found.S0 == pytest.approx(0.25)
    # all 2J + 1 projections share the error, but those that stand for two have less data
    weight = np.array([1] + [2] * J) / (2 * J + 1)
    assert found.S0_error == pytest.approx(sqrt((weight**2).sum() * 0.25 * 0.75 / N))


@pytest.mark.parametrize("J", [1, 2, 7])
def test_alignment_has_its_limits_where_one_projection_alone_sticks(J):
    (cartwheel,) = rows_of(alignment(state(J, [100] + [0] * J)))
    assert (cartwheel.A0_2, cartwheel.A0_2_low) == (-1, -1)
    assert cartwheel.A0_2_high > -1
    (helicopter,) = rows_of(alignment(state(J, [0] * J + [100])))
    limit = (2 * J - 1) / (J + 1)
    assert helicopter.A0_2 == pytest.approx(limit)
    assert helicopter.A0_2_low < limit == pytest.approx(helicopter.A0_2_high)
    assert cartwheel.S0 == pytest.approx(0.25 / (2 * J + 1))
    assert helicopter.S0 == pytest.approx(0.5 / (2 * J + 1))


def test_projections_of_both_signs_are_put_together():
    (one,) = rows_of(alignment(state(2, [100, 80, 60])))
    (both,) = rows_of(alignment(state(2, [30, 40, 100, 40, 30], range(-2, 3), n=N)))
    assert both.A0_2 == pytest.approx(rows_of(alignment(state(2, [100, 40, 30])))[0].A0_2)
    assert both.A0_2_error < rows_of(alignment(state(2, [100, 40, 30])))[0].A0_2_error
    assert (one.n, both.n) == (3 * N, 5 * N)
    # (100 · -1 + 2 · 80 · -1/2 + 2 · 60 · 1) / (100 + 160 + 120)
    assert one.A0_2 == pytest.approx((-100 - 80 + 120) / 380)


def test_a_state_that_lacks_projections_says_which_and_gives_no_number():
    (found,) = rows_of(alignment(state(3, [10, 10], [0, 2])))
    assert found.missing == "1 3"
    assert np.isnan([found.S0, found.A0_2, found.A0_2_low]).all()


def test_nothing_is_known_of_the_alignment_where_nothing_sticks():
    (found,) = rows_of(alignment(state(2, [0, 0, 0])))
    assert np.isnan(found.A0_2)
    assert (found.A0_2_low, found.A0_2_high) == (-1, 1)
    assert (found.S0, found.S0_low) == (0, 0)
    (still,) = rows_of(alignment(state(0, [10])))
    assert np.isnan([still.A0_2, still.A0_2_low]).all()
    assert still.S0 == pytest.approx(10 / N)


def test_states_and_conditions_are_kept_apart_and_isotropic_rows_left_out():
    rows = state(1, [10, 20]) + state(2, [10, 20, 30])
    rows.append(Sticking("111", 925.0, "D2", 0, 2, None, 0.5, 0.0, None, 1, 1, 0, 0))
    assert [(row.J, row.n) for row in rows_of(alignment(rows))] == [(1, 2 * N), (2, 3 * N)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("truth", "n"), [((0.1, 0.15, 0.3), 200), ((0.5, 0.5, 0.5), 60), ((0.03, 0.05, 0.2), 1000)]
)
def test_intervals_hold_the_truth_in_about_95_of_100_experiments(truth, n):
    rng, experiments = np.random.default_rng(n), 1000
    S, weight, q = np.array(truth), np.array([1, 2, 2]), np.array([-1, -0.5, 1])
    S0, A0_2 = (weight * S).sum() / 5, (weight * q * S).sum() / (weight * S).sum()
    held = np.zeros(2)
    for _ in range(experiments):
        (found,) = rows_of(alignment(state(2, rng.binomial(n, S).tolist(), n=n)))
        held += [
            found.S0_low <= S0 <= found.S0_high,
            found.A0_2_low <= A0_2 <= found.A0_2_high,
        ]
    assert np.all(np.abs(held / experiments - 0.95) < 0.02), held / experiments


def isotropic(rng, count, points=1, preference=0.0, J=2):
    """Isotropic trajectories whose sticking goes as 1 + preference (3 cos² - 1)."""
    cosine = rng.uniform(-1, 1, count * points)
    sticks = rng.random(count * points) < 0.3 * (1 + preference * (3 * cosine**2 - 1))
    ending = np.where(sticks, Outcome.DISSOCIATED, Outcome.SCATTERED)
    rows = some_rows(count, outcome=ending, points=points)
    rows["m_J"] = cosine * sqrt(J * (J + 1))
    return rows


@pytest.mark.slow
def test_an_isotropic_campaign_tells_the_alignment_by_its_real_valued_projections():
    rng, points = np.random.default_rng(1), some_points(400, J=2)
    # <3 cos² - 1> under 1 + p (3 cos² - 1), where <(3 cos² - 1)²> = 4/5
    for preference in (0.0, 0.4):
        found = rows_of(alignment_of_isotropic(points, isotropic(rng, 300, 400, preference)))
        truth = 0.8 * preference
        held = np.mean([row.A0_2_low <= truth <= row.A0_2_high for row in found])
        assert 0.93 < held < 0.97
        assert np.mean([row.A0_2 for row in found]) == pytest.approx(truth, abs=0.02)
        assert np.mean([row.S0 for row in found]) == pytest.approx(0.3, abs=0.01)


def test_points_with_a_chosen_projection_are_not_isotropic():
    rows = isotropic(np.random.default_rng(2), 50, 2)
    points = some_points(2, J=2, mJ=[np.nan, 1])
    assert len(rows_of(alignment_of_isotropic(points, rows))) == 1
    assert np.isnan(rows_of(alignment_of_isotropic(some_points(2), rows))[0].A0_2)
