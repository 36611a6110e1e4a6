from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multinomial

from scatter.analysis.paired import (
    ENDINGS,
    Paired,
    agreement,
    paired,
    paired_sticking,
    pairs,
    score_interval,
)
from scatter.outcomes import Outcome, OwnEnding

Z = 1.959964
ROW = np.dtype([("point", "u4"), ("number", "u4"), ("outcome", "u1")])


def test_the_published_interval_of_a_trial_with_161_pairs_is_reproduced():
    # Cavo et al. (2012), in Fagerland, Lydersen & Laake, Statistical Analysis of Contingency
    # Tables (2017), chapter 8: response before and after consolidation
    assert score_interval(6, 16, 161) == pytest.approx((-0.1240, -0.0054), abs=5e-5)


@pytest.mark.parametrize("n", [1, 20, 5000])
def test_pairs_that_all_agree_leave_an_interval_of_z2_over_n_plus_z2(n):
    end = Z**2 / (n + Z**2)
    assert score_interval(0, 0, n) == pytest.approx((-end, end), rel=1e-9)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 100))
def test_the_interval_holds_the_difference_stays_within_one_and_turns_its_sign(n10, n01, more):
    n = n10 + n01 + more - 1 or 1
    low, high = score_interval(n10, n01, n)
    assert -1 <= low <= (n10 - n01) / n <= high <= 1
    assert score_interval(n01, n10, n) == (-high, -low)


def likeliest(d, n10, n01, n):
    """Likeliest p01 of a trinomial law whose difference p10 - p01 is d, on a fine grid."""
    p01 = np.linspace(max(0, -d), (1 - d) / 2, 400_001)[1:-1]
    terms = [(n10, p01 + d), (n01, p01), (n - n10 - n01, 1 - d - 2 * p01)]
    with np.errstate(divide="ignore"):
        likelihood = sum(count * np.log(p) for count, p in terms if count)
    return p01[np.argmax(likelihood)]


@pytest.mark.parametrize(("n10", "n01", "n"), [(7, 2, 50), (1, 0, 44), (12, 12, 30), (3, 40, 900)])
def test_the_interval_ends_z_standard_errors_from_the_difference_at_the_likeliest_law(n10, n01, n):
    for d in score_interval(n10, n01, n):
        p01 = likeliest(d, n10, n01, n)
        error = sqrt((2 * p01 + d - d**2) / n)
        assert abs((n10 - n01) / n - d) / error == pytest.approx(Z, rel=1e-3)


@pytest.mark.parametrize(("p10", "p01"), [(0.02, 0.02), (0.1, 0.05), (0.3, 0.1), (0.25, 0.25)])
@pytest.mark.parametrize("n", [20, 50])
def test_the_interval_covers_the_true_difference_about_19_times_in_20(p10, p01, n):
    counts = [(a, b) for a in range(n + 1) for b in range(n + 1 - a)]
    chances = multinomial(n, [p10, p01, 1 - p10 - p01]).pmf([(a, b, n - a - b) for a, b in counts])
    covered = 0.0
    for (a, b), chance in zip(counts, chances, strict=True):
        if chance > 1e-6:
            low, high = score_interval(a, b, n)
            covered += chance * (low <= p10 - p01 <= high)
    assert 0.93 < covered < (0.97 if n * p10 > 4 else 1)  # rare endings are covered too often


@pytest.mark.parametrize("n", [1, 30])
def test_pairs_that_all_differ_alike_leave_an_end_of_n_minus_z2_over_n_plus_z2(n):
    low = (n - Z**2) / (n + Z**2)
    assert score_interval(n, 0, n) == pytest.approx((low, 1), rel=1e-9)
    assert score_interval(0, n, n) == pytest.approx((-1, -low), rel=1e-9)


def test_the_standard_error_is_that_of_the_differences_of_the_pairs():
    found = Paired(n=50, first=7, second=2)
    values = np.repeat([1, -1, 0], [7, 2, 41])
    assert found.difference == pytest.approx(values.mean())
    assert found.standard_error == pytest.approx(values.std() / sqrt(50))


def test_the_bound_is_the_end_of_the_interval_farther_from_zero():
    for one in (Paired(50, 7, 2), Paired(50, 2, 7)):
        assert one.bound == max(-one.low, one.high)
        assert one.low < one.difference < one.high


def test_no_pairs_say_nothing():
    empty = Paired(0, 0, 0)
    assert np.isnan([empty.difference, empty.standard_error]).all()
    assert (empty.low, empty.high) == (-1, 1)


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5)])
def test_counts_that_cannot_be_are_refused(counts):
    with pytest.raises(ValueError, match="unequal pairs of 5"):
        score_interval(*counts)


def test_trajectories_are_paired_by_point_and_number():
    one = np.array([(0, 0, 1), (0, 1, 2), (1, 0, 1), (1, 1, 3)], ROW)
    other = np.array([(1, 0, 2), (0, 1, 2), (0, 0, 1), (0, 2, 1)], ROW)
    mine, its = pairs(one, other)
    assert mine[["point", "number"]].tolist() == its[["point", "number"]].tolist()
    assert mine["outcome"].tolist() == [1, 2, 1]
    assert its["outcome"].tolist() == [1, 2, 2]
    counts = agreement(mine, its)
    assert counts.sum() == 3
    stuck, scattered = (ENDINGS.index(x) for x in (Outcome.DISSOCIATED, Outcome.SCATTERED))
    assert counts[stuck, stuck] == counts[scattered, scattered] == counts[stuck, scattered] == 1


def test_the_paired_difference_is_that_of_the_two_sticking_probabilities():
    rng = np.random.default_rng(4)
    endings = rng.integers(1, 5, (2, 300))
    tables = [np.array([(0, n, end) for n, end in enumerate(one)], ROW) for one in endings]
    found = paired(agreement(*pairs(*tables)))
    S0 = (endings == Outcome.DISSOCIATED).mean(axis=1)
    assert found.n == 300
    assert found.difference == pytest.approx(S0[0] - S0[1])


def test_endings_of_ones_own_that_stick_count_as_sticking():
    own = (OwnEnding("transmitted", False), OwnEnding("trapped", True))
    endings = np.random.default_rng(5).integers(1, 7, (2, 300))
    tables = [np.array([(0, n, end) for n, end in enumerate(one)], ROW) for one in endings]
    counts = agreement(*tables, own)
    assert counts.shape == (6, 6)
    stuck = np.isin(endings, (Outcome.DISSOCIATED, 6))
    alone = [int((mine & ~its).sum()) for mine, its in (stuck, stuck[::-1])]
    assert paired(counts, own) == Paired(300, *alone)


def test_trajectories_that_run_or_have_no_partner_are_refused():
    one = np.array([(0, 0, 1), (0, 1, 0)], ROW)
    with pytest.raises(ValueError, match="not ended"):
        agreement(one, one)
    with pytest.raises(ValueError, match="cannot be paired"):
        agreement(one, one[:1])


def test_of_unfinished_campaigns_count_the_pairs_that_are_not_waiting_for_slower_ones():
    points = np.array(
        [(n, "111", 600.0, "H2", 0, 1, np.nan, 0.5 + n, 0.0, np.nan) for n in (0, 1)],
        [("point", "u4"), ("facet", "O"), ("T_K", "f8"), ("molecule", "O"), ("v", "u2"),
         ("J", "u2"), ("mJ", "f8"), ("energy_eV", "f8"), ("polar_deg", "f8"),
         ("azimuth_deg", "f8")],
    )  # fmt: skip
    own = np.array([(0, 0, 1), (0, 1, 1), (0, 3, 1), (1, 0, 2)], ROW)
    its = np.array([(0, 0, 1), (0, 1, 2), (0, 2, 1), (0, 3, 1), (1, 0, 2), (1, 1, 1)], ROW)
    first, second = paired_sticking(points, own, its)
    assert (first.potential.n, first.reference.n) == (2, 2)
    assert (first.potential.dissociated, first.reference.dissociated) == (2, 1)
    assert first.difference == Paired(n=2, first=1, second=0)
    assert (second.potential.energy_eV, second.difference) == (1.5, Paired(1, 0, 0))
