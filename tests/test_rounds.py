"""How many trajectories a target error asks for, and that stopping by it biases no interval."""

import numpy as np
import pytest

from scatter.analysis import wilson
from scatter.analysis.rounds import (
    Aim,
    enough,
    excess,
    expected,
    half_width,
    interval,
    meeting,
    out_of_reach,
    plan,
)
from scatter.campaign.course import Course
from scatter.campaign.samplers import Plain, Rounds
from scatter.config import Point
from scatter.outcomes import Outcome

REPEATS = 20_000


def floats(*values):
    return np.array(values, float)


@pytest.mark.parametrize(("k", "n"), [(0, 7), (3, 7), (7, 7), (5000, 10000)])
def test_errors_are_those_of_the_wilson_interval(k, n):
    _, low, high = wilson(k, n)
    assert half_width(floats(k), floats(n)) == pytest.approx((high - low) / 2, rel=1e-12)
    assert interval(floats(k), floats(n))[:, 0] == pytest.approx([low, high], abs=1e-12)
    assert half_width(floats(0), floats(0)) == 0.5


def sampled(p, aim, repeats=REPEATS, seed=0):
    """Dissociated and all trajectories of points with S0 = p when they stop, and rounds."""
    rng = np.random.default_rng(seed)
    n = np.full(repeats, float(aim.first))
    k = rng.binomial(aim.first, p, repeats).astype(float)
    going, rounds = np.arange(repeats), 1
    while True:
        pairs, which = np.unique([k[going], n[going]], axis=1, return_inverse=True)  # few differ
        upper = plan(*pairs, aim)[which.ravel()]
        going, upper = going[upper > n[going]], upper[upper > n[going]]
        if not len(going):
            return k, n, rounds
        k[going] += rng.binomial((upper - n[going]).astype(int), p)
        n[going], rounds = upper, rounds + 1


@pytest.mark.parametrize("p", [0.01, 0.05, 0.2, 0.5, 0.9])
@pytest.mark.parametrize(
    "aim",
    [
        Aim(20, 2000, error=0.05),
        Aim(100, 10_000, error=0.02),
        Aim(50, 10_000, relative=0.3),
        Aim(100, 10_000, relative=0.1),
        Aim(100, 1000, error=0.01),  # often not reached
        Aim(100, 10_000, error=0.02, relative=0.2),
    ],
)
def test_the_interval_covers_the_truth_as_often_as_it_says_though_sampling_stopped_by_it(aim, p):
    k, n, _ = sampled(p, aim)
    low, high = interval(k, n)
    rare = min(p, 1 - p) * n.mean() < 5
    covered = np.mean((low <= p) & (p <= high))
    assert (0.90 if rare else 0.93) <= covered <= (1.0 if rare else 0.97)


@pytest.mark.parametrize("aim", [Aim(10, 20_000, error=0.1), Aim(12, 20_000, relative=0.5)])
def test_to_stop_without_being_wary_would_cover_too_seldom(aim, monkeypatch):
    found = []
    for wary in (0, 4):
        monkeypatch.setattr("scatter.analysis.rounds.WARY", wary)
        low, high = interval(*sampled(0.2, aim)[:2])
        found.append(np.mean((low <= 0.2) & (high >= 0.2)))
    assert found[0] < 0.925 < 0.935 < found[1]


@pytest.mark.parametrize(
    ("aim", "p", "ideal"),  # where the interval of an expected count meets the target
    [
        (Aim(1000, 10_000, error=0.01), 0.5, 9600),
        (Aim(1000, 10_000, error=0.01), 0.1, 3457),
        (Aim(1000, 20_000, relative=0.1), 0.05, 7300),
    ],
)
def test_a_target_takes_few_rounds_and_not_many_more_trajectories_than_it_needs(aim, p, ideal):
    _, n, rounds = sampled(p, aim, repeats=500)
    assert ideal < n.mean() < 1.15 * ideal
    assert rounds <= 8


def test_every_point_that_has_met_its_target_or_has_all_it_may_get_is_left_alone():
    aim = Aim(100, 1000, error=0.05)
    k, n = floats(2, 50, 500), floats(200, 100, 1000)
    assert enough(k, n, aim).tolist() == [True, False, True]
    assert plan(k, n, aim).tolist() == [200, 398, 1000]
    assert plan(k, n, Aim(100, 1000, error=0.01)).tolist()[2] == 1000


def test_of_two_targets_either_is_enough():
    k, n = floats(0, 600), floats(1000, 1000)
    assert enough(k, n, Aim(1, 9999, error=0.01)).tolist() == [True, False]
    assert enough(k, n, Aim(1, 9999, relative=0.1)).tolist() == [False, True]
    assert enough(k, n, Aim(1, 9999, error=0.01, relative=0.1)).all()
    assert excess(0, 1000, Aim(1, 9999, relative=0.1)) == np.inf
    assert excess(0, 1000, Aim(1, 9999, error=0.01, relative=0.1)) < 1


def test_a_point_that_cannot_reach_a_relative_error_is_known_before_it_has_cost_all():
    aim = Aim(1000, 10_000, relative=0.1)
    k, n = floats(0, 50), floats(1000, 1000)
    assert out_of_reach(k, n, aim).tolist() == [True, False]
    assert plan(k, n, aim)[0] == 10_000
    assert not out_of_reach(floats(0), floats(1000), Aim(1000, 10_000, 0.01, 0.1)).any()
    assert not out_of_reach(k, n, Aim(1000, 1000)).any()


def test_what_would_meet_the_target_is_looked_for_beyond_what_there_is():
    aim = Aim(100, 10_000, error=0.05)
    found = meeting(floats(20, 500), floats(200, 1000), aim, floats(0.1, 0.5)[None])
    assert found.tolist() == [224, 1122]


def endings(p, numbers, seed=0):
    """How the first trajectories of a point with S0 = p end."""
    stuck = np.random.default_rng(seed).random(numbers) < p
    return np.where(stuck, Outcome.DISSOCIATED, Outcome.SCATTERED).astype(np.uint8)


def following(ended, sampler):
    """The round that a sampler asks for, where codes (point, number) say what has ended."""
    point, number = np.nonzero(ended)
    rows = np.zeros(len(point), [("point", "u4"), ("number", "u4"), ("outcome", "u1")])
    rows["point"], rows["number"], rows["outcome"] = point, number, ended[point, number]
    points = [Point("111", 300.0, "H2", 0, 0, None, 0.1, float(n), None) for n in range(len(ended))]
    return Course(sampler, points, rows).round()


def carried_out(whole, sampler):
    """The last round of a campaign whose every trajectory would end as it does in `whole`."""
    ended = np.zeros_like(whole)
    while len((now := following(ended, sampler)).missing):
        where = now.missing["point"], now.missing["number"]
        ended[where] = whole[where]
    return now


def test_without_a_target_there_is_one_round():
    whole = np.array([endings(0.5, 100)])
    last = carried_out(whole, Plain(40))
    assert (last.number, last.upper.tolist()) == (2, [40])
    assert last.complete.tolist() == carried_out(whole, Rounds(40, 40)).complete.tolist()


def test_a_round_is_planned_from_complete_rounds_alone():
    target = Rounds(100, 1000, error=0.05)
    whole = np.array([endings(0.5, 1000, 1), endings(0.3, 1000, 2)])
    ended = np.zeros_like(whole)
    first = following(ended, target)
    assert (first.number, first.upper.tolist()) == (1, [100, 100])
    assert first.missing["point"].tolist() == 100 * [0, 1]  # the points take turns
    assert first.missing["number"].tolist() == np.repeat(np.arange(100), 2).tolist()
    ended[0, :100], ended[1, :150] = whole[0, :100], whole[1, :150]
    ended[1, 99] = Outcome.RUNNING  # the last one of its round; what has ended beyond is no help
    waiting = following(ended, target)
    assert (waiting.number, waiting.upper.tolist()) == (1, [100, 100])
    assert waiting.missing[["point", "number"]].tolist() == [(1, 99)]
    ended[1, 99] = whole[1, 99]
    bare = ended.copy()
    bare[1, 100:] = Outcome.RUNNING
    for then in (following(ended, target), following(bare, target)):
        assert then.complete.sum(axis=1).tolist() == [100, 100]
        assert then.upper.tolist() == following(bare, target).upper.tolist()
        assert then.upper[1] > 150
    assert following(ended, target).known.sum(axis=1).tolist() == [0, 50]


def test_a_tighter_target_goes_on_from_where_a_looser_one_stopped():
    whole = np.array([endings(p, 4000, seed) for seed, p in enumerate(np.linspace(0.01, 0.99, 40))])
    loose, tight = Rounds(50, 4000, error=0.06), Rounds(50, 4000, error=0.04)
    before, after = carried_out(whole, loose).upper, carried_out(whole, tight).upper
    assert (before <= after).all()
    both = np.zeros_like(whole)
    for point, upper in enumerate(before):
        both[point, :upper] = whole[point, :upper]
    assert (following(both, loose).upper == before).all()
    assert (following(both, tight).upper > before).any()


def test_undecided_and_failed_trajectories_count_as_not_dissociated():
    whole = np.array([endings(0.5, 300)])
    other = whole.copy()
    other[other == Outcome.SCATTERED] = Outcome.FAILED
    target = Rounds(20, 300, error=0.08)
    one, two = carried_out(whole, target), carried_out(other, target)
    assert (one.upper == two.upper).all()
    assert one.complete[0, Outcome.SCATTERED] == two.complete[0, Outcome.FAILED] > 0


def test_what_a_campaign_will_take_is_foretold_within_a_few_percent():
    aim, upper = Aim(1000, 20_000, error=0.01), floats(1000, 9600)
    k, n = floats(250, 4000), floats(500, 9600)
    assert expected(k, n, upper, aim).tolist() == [10_000, 9600]
