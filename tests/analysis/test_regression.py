"""Local Poisson regression: closed forms, what is far away, intervals, places without events."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from scatter.analysis.regression import Observed

FLOOR = np.array([-1.0, 0.0])
REACH = np.array([0.5, 0.5])


def density(points):
    """Uniform in the first number from -1 to 1, exponential in the second from 0 on."""
    inside = (abs(points[:, 0]) < 1) & (points[:, 1] > 0)
    return 0.5 * np.exp(-points[:, 1]) * inside


def observed(truth, number, seed, groups=100, relative_error=0.0):
    """What came of so many, each with the probability that `truth` says."""
    rng = np.random.default_rng(seed)
    places = np.stack([rng.uniform(-1, 1, number), rng.exponential(1.0, number)], axis=1)
    events = places[rng.random(number) < truth(places)]
    group = rng.integers(groups, size=len(events))
    shares = np.full(groups, 1 / groups)
    return Observed(events, group, shares, FLOOR, density, float(number), relative_error)


def curved(places):
    """P whose y has no more than two powers."""
    a, b = places.T
    return ndtr(-1.2 + a - 0.5 * b + 1.5 * a * a - 0.3 * a * b)


def waving(places):
    return ndtr(np.sin(3 * places[:, 0]) - 1.2 + 0.3 * np.sin(2 * places[:, 1]))


def test_a_constant_has_the_value_and_error_of_a_count():
    seen = observed(lambda places: np.full(len(places), 0.3), 40_000, 1)
    local = seen.at(np.array([0.0, 1.0]), np.array([2.0, 8.0]))
    assert local.y == pytest.approx(ndtri(0.3), abs=3 * local.error)
    # so wide a reach leaves nearly all weights near one; five other terms are told besides
    of_a_count = np.sqrt(0.3 / 40_000) / (np.exp(-(ndtri(0.3) ** 2) / 2) / np.sqrt(2 * np.pi))
    assert of_a_count < local.error < 4 * of_a_count


@pytest.mark.parametrize("place", [[0.0, 0.0], [0.5, 0.2], [-0.9, 0.7]])
def test_two_powers_are_found_without_bias_inside_and_at_the_edge(place):
    place = np.array(place)
    locals_ = [observed(curved, 30_000, seed).at(place, REACH) for seed in range(20)]
    y, error = np.array([[each.y, each.error] for each in locals_]).T
    due = ndtri(curved(place[None]))[0]
    assert abs(y.mean() - due) < 3.5 * y.std() / np.sqrt(20)
    assert error.mean() == pytest.approx(y.std(), rel=0.4)


def test_what_is_beyond_reach_has_no_say():
    seen = observed(waving, 30_000, 3)
    place = np.array([-0.2, 0.4])
    other = np.array([[0.9, 0.1]] * 500)
    more = Observed(
        np.concatenate([seen.events, other]), np.append(seen.group, np.zeros(500, int)),
        seen.shares, FLOOR, density, seen.number, 0.0,
    )  # fmt: skip
    assert more.at(place, REACH).y == pytest.approx(seen.at(place, REACH).y, abs=1e-9)
    assert more.count(place, REACH) == pytest.approx(seen.count(place, REACH))
    near = np.array([0.9, 0.1])
    assert more.at(near, REACH).y > seen.at(near, REACH).y + 0.1


def test_intervals_hold_the_truth_in_95_of_100():
    places, inside = np.random.default_rng(8).uniform([-0.9, 0.0], [0.9, 1.5], (8, 2)), []
    due = ndtri(waving(places))
    for seed in range(20):
        seen = observed(waving, 20_000, 20 + seed)
        locals_ = [seen.at(place, np.array([0.35, 0.6])) for place in places]
        inside.append([abs(a.y - y) < a.reach for a, y in zip(locals_, due, strict=True)])
    assert 0.9 < np.mean(inside) < 0.985


def test_events_of_one_group_that_are_all_alike_count_as_one():
    rng = np.random.default_rng(4)
    seen = observed(waving, 20_000, 5)
    place = np.array([0.0, 0.5])
    # ten copies of each event, in the group of their first
    copies = np.repeat(seen.events, 10, axis=0)
    copies += rng.normal(scale=1e-6, size=copies.shape)
    many = Observed(
        copies, np.repeat(seen.group, 10), seen.shares, FLOOR, density, 10 * seen.number, 0.0
    )
    once, alike = seen.at(place, REACH), many.at(place, REACH)
    assert alike.y == pytest.approx(once.y, abs=1e-3)
    assert alike.error == pytest.approx(once.error, rel=0.02)


def test_the_error_of_n_is_part_of_the_interval():
    exact, vague = (observed(curved, 200_000, 6, relative_error=e) for e in (0.0, 0.2))
    place = np.array([0.0, 0.5])
    known, unknown = (each.at(place, REACH) for each in (exact, vague))
    # P is as 1/N: ln P changes by a fifth
    y = known.y
    slope = np.exp(-y * y / 2) / np.sqrt(2 * np.pi) / ndtr(y)
    assert unknown.error**2 - known.error**2 == pytest.approx((0.2 / slope) ** 2, rel=0.1)


def test_one_group_says_nothing_of_the_error():
    seen = observed(curved, 5000, 7, groups=1)
    assert seen.at(np.array([0.0, 0.5]), REACH).error == np.inf


def test_intervals_are_wide_where_next_to_nothing_came():
    """y falls by 12 from end to end: at a = -0.45 one in 1500 comes, and next to none below."""
    known, far = [], []
    for seed in range(20):
        seen = observed(lambda places: ndtr(6 * places[:, 0] - 0.5), 40_000, seed)
        for a, some in ((0.0, known), (-0.45, far)):
            some.append(seen.at(np.array([a, 0.3]), np.array([0.5, 1.0])))
    y, reach = np.array([[each.y, each.reach] for each in far]).T
    assert np.median(reach) > 5 * np.median([each.reach for each in known])
    assert (abs(y - (-3.2)) < reach).mean() >= 0.85
