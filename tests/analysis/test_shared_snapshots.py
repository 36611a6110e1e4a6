"""Trajectories that share a snapshot: planted correlations are recovered, and widen intervals."""

from dataclasses import replace

import numpy as np
import pytest
from trajectory_rows import some_points

from scatter.analysis import read_csv, write_csv
from scatter.analysis.probability import sticking, wilson
from scatter.analysis.products import products
from scatter.analysis.shared_snapshots import (
    SharedSnapshots,
    design_effect,
    intraclass,
    shared_snapshots,
)
from scatter.outcomes import Outcome
from scatter.settings import UserError

KIND = np.dtype([("point", "u4"), ("number", "u4"), ("snapshot", "u4"), ("outcome", "u1")])
POINT = some_points()


def planted(rng, rho, groups=200, size=40, p=0.4):
    """Zeros and ones whose chance differs from group to group: beta-binomial, correlation rho."""
    more = (1 - rho) / rho if rho else np.inf
    chance = rng.beta(p * more, (1 - p) * more, groups) if rho else np.full(groups, p)
    group = np.repeat(np.arange(groups), size)
    return group, (rng.random(len(group)) < chance[group]).astype(float)


@pytest.mark.parametrize("rho", [0.0, 0.01, 0.1])
def test_a_planted_correlation_is_recovered(rho):
    rng = np.random.default_rng(3)
    estimates = np.array([intraclass(*planted(rng, rho))[0] for _ in range(200)])
    assert estimates.mean() == pytest.approx(rho, abs=3 * estimates.std() / np.sqrt(200))


def test_the_standard_error_is_the_spread_where_there_is_no_correlation():
    rng = np.random.default_rng(4)
    every = np.array([intraclass(*planted(rng, 0.0)) for _ in range(400)])
    assert every[:, 0].std() == pytest.approx(every[:, 1].mean(), rel=0.12)


def test_the_variance_of_a_mean_grows_as_the_widening_says():
    rng, rho = np.random.default_rng(5), 0.05
    means = [planted(rng, rho, 50)[1].mean() for _ in range(2000)]
    wider = SharedSnapshots(50, 40.0, rho, 0.0).widening(rho)
    alone = np.sqrt(0.4 * 0.6 / 2000)
    assert np.std(means) == pytest.approx(alone * (1 + wider), rel=0.05)


def rows(rng, rho, points=3):
    parts = []
    for point in range(points):
        group, stuck = planted(rng, rho, 100, 20)
        mine = np.zeros(len(group), KIND)
        mine["point"], mine["number"], mine["snapshot"] = point, np.arange(len(group)), group
        mine["outcome"] = np.where(stuck, Outcome.DISSOCIATED, Outcome.SCATTERED)
        parts.append(mine)
    return np.concatenate(parts)


def test_the_points_of_a_slab_are_taken_together():
    shared = shared_snapshots(rows(np.random.default_rng(6), 0.1))
    assert shared.snapshots == 100
    assert shared.sharers == 20
    alone = intraclass(*planted(np.random.default_rng(7), 0.0, 100, 20))[1]
    assert shared.error == pytest.approx(alone / np.sqrt(3), rel=0.01)
    assert shared.correlation == pytest.approx(0.1, abs=5 * shared.error)
    assert shared.widening(0.1) == pytest.approx(np.sqrt(2.9) - 1)


def test_what_says_nothing_has_no_finite_error():
    same = rows(np.random.default_rng(8), 0.0)
    same["outcome"] = Outcome.SCATTERED
    assert shared_snapshots(same).error == np.inf
    each = rows(np.random.default_rng(8), 0.0, 1)
    each["snapshot"] = np.arange(len(each))
    assert shared_snapshots(each).error == np.inf
    assert shared_snapshots(each).sharers == 1
    assert shared_snapshots(same[:0]).snapshots == 0


def test_the_variance_of_a_share_is_the_design_effect_times_that_of_independent_values():
    """1 + (m - 1) ρ of groups of m (Kish), to the error of 200 groups; 1 where nothing varies."""
    rng = np.random.default_rng(9)
    for rho in (0.0, 0.05):
        found = []
        for _ in range(100):
            group, values = planted(rng, rho)
            found.append(design_effect(values > 0, group))
        due = 1 + 39 * rho
        assert np.mean(found) == pytest.approx(due, rel=0.06)
    assert design_effect(np.ones(40, bool), np.repeat([0, 1], 20)) == 1
    assert design_effect(np.arange(40) < 9, np.zeros(40, int)) == 1
    assert design_effect(np.arange(40) < 20, np.repeat([0, 1], 20)) == pytest.approx(39)


@pytest.mark.parametrize("rho", [0.0, 0.1])
def test_intervals_of_s0_hold_what_they_promise_also_where_snapshots_are_shared(rho):
    rng, held, plain = np.random.default_rng(10), 0, 0
    for _ in range(400):
        mine = rows(rng, rho, 1)
        (row,) = sticking(POINT, mine)
        held += row.low < 0.4 < row.high
        low, high = wilson(row.stuck, row.n)[1:]
        plain += low < 0.4 < high
    assert 0.92 <= held / 400 <= 0.98
    assert (plain / 400 < 0.85) == (rho > 0)  # so that not counting them would be seen


def test_intervals_of_products_count_it_too():
    mine = rows(np.random.default_rng(11), 0.1, 1)
    (row,), table = sticking(POINT, mine), products(POINT, mine)
    of = table.set_index("products").loc["dissociated"]
    assert (of.n, of["count"]) == (row.n, row.stuck)
    assert (of.low, of.high) == pytest.approx((row.low, row.high))
    assert of.high_all - of.low_all > of.high - of.low


def test_methods_that_need_counts_get_those_of_independent_trajectories():
    (row,) = sticking(POINT, rows(np.random.default_rng(11), 0.1, 1))
    k, n = row.counts
    assert row.design > 2
    assert n == pytest.approx(row.n / row.design, abs=1)
    assert k / n == pytest.approx(row.S0, rel=2e-3)
    assert wilson(k, n)[1] == pytest.approx(row.low, rel=2e-3)
    (alone,) = sticking(POINT, rows(np.random.default_rng(11), 0.1, 1)[::20])
    assert (alone.design, alone.counts) == (1.0, (alone.stuck, alone.n))


def test_a_table_keeps_what_intervals_count(tmp_path):
    found = sticking(POINT, rows(np.random.default_rng(11), 0.1, 1))
    found = [replace(row, state=None) for row in found]  # as diatomics have it
    write_csv(tmp_path / "sticking.csv", found)
    assert read_csv(tmp_path / "sticking.csv") == found
    text = (tmp_path / "sticking.csv").read_text()
    (tmp_path / "wrong.csv").write_text(text.replace(repr(found[0].design), "0.5"))
    with pytest.raises(UserError, match="column 'design': '0.5' is below 1"):
        read_csv(tmp_path / "wrong.csv")
    (tmp_path / "other.csv").write_text(text.replace(repr(found[0].design), "1.0"))
    with pytest.raises(UserError, match="column 'low'.* does not follow from the counts"):
        read_csv(tmp_path / "other.csv")
