"""The estimator of rare events by splitting, by laws: closed forms, and what replicates say."""

from math import exp, log, sqrt

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import t as student

from scatter.analysis import Counts, Sticking, curves, read_csv, write_csv
from scatter.analysis.explorers import Functions, Turn
from scatter.analysis.library import Library
from scatter.analysis.pilots import begin_pilot, ladder_of, next_level, piloting
from scatter.analysis.repeated import Repeated, further, passages
from scatter.analysis.splitting import (
    Ladder,
    begin,
    moved,
    production,
    products,
    replicates,
    systematic,
)
from scatter.errors import UserError
from scatter.plots.sticking import sticking_figure
from scatter.report.splitting import slopes
from scatter.store import REPLICATE

AXES = 20


def normal(L, score=None, kernel=None, seed=1):
    """Twenty standard normal numbers, and the event that their sum exceeds L √20."""

    def along(x):
        return x.sum(axis=1) / sqrt(AXES)

    def usual(x):
        return along(x) if score is None else score(x)

    def correlated(rng, x, b):
        return sqrt(1 - b * b) * x + b * rng.standard_normal(x.shape)

    return Functions(
        sample=lambda rng, n: rng.standard_normal((n, AXES)),
        kernel=kernel or correlated,
        score=lambda x: np.where(along(x) > L, np.inf, usual(x)),
        seed=seed,
    )


@pytest.mark.parametrize(("p", "N", "runs"), [(1e-4, 400, 400), (1e-8, 800, 200)])
def test_the_mean_of_replicates_is_the_probability(p, N, runs):
    problem = normal(-ndtri(p))
    P = replicates(problem, ladder_of(problem, 1000), N, count=runs)
    told = Repeated.of(P)
    assert abs(told.mean / p - 1) < 4 * told.error
    assert told.error < 0.06


def test_one_move_alone_leaves_the_mean_as_it_is():
    problem = normal(-ndtri(1e-3))
    told = Repeated.of(replicates(problem, ladder_of(problem, 1000), 100, moves=1, count=600))
    assert abs(told.mean / 1e-3 - 1) < 4 * told.error


def test_another_score_gives_the_same_probability():
    p = 1e-4

    def of_half(x):  # a poor score: half of the numbers
        return x[:, : AXES // 2].sum(axis=1)

    problem = normal(-ndtri(p), of_half)
    told = Repeated.of(replicates(problem, ladder_of(problem, 1000), 200, moves=4, count=200))
    assert abs(told.mean / p - 1) < 4 * told.error


def test_a_score_that_is_infinite_for_a_fifth_is_counted_in_one_level():
    problem = normal(0.5)
    ladder = ladder_of(problem, 500)
    assert ladder.levels.tolist() == [np.inf]
    told = Repeated.of(replicates(problem, ladder, 500, count=50))
    assert abs(told.mean / ndtr(-0.5) - 1) < 4 * told.error


def test_without_a_threshold_every_move_is_accepted():
    problem = normal(4.0)
    fresh = begin(problem, range(1, 3), 50, -np.inf)
    climb, (tried, kept) = moved(fresh, problem, np.array([0.7]), -np.inf)
    assert tried == kept == 100
    assert climb.spent["accepted"].tolist() == [1] * 200  # the fresh starts, and the moves
    assert (climb.starts["x"][:100] == fresh.starts["x"]).all()  # all that chains have been at
    assert (climb.starts["x"][100:] != fresh.starts["x"]).all()


def test_a_kernel_that_is_not_reversible_would_be_noticed():
    """The closed form is a test of its own: a drift of the kernel shows in it."""

    def drifting(rng, x, b):
        return sqrt(1 - b * b) * x + b * (rng.standard_normal(x.shape) + 0.05)

    problem = normal(-ndtri(1e-4), kernel=drifting)
    told = Repeated.of(replicates(problem, ladder_of(normal(-ndtri(1e-4)), 1000), 200, count=300))
    assert told.mean / 1e-4 - 1 > 4 * told.error


def test_replicates_in_which_nothing_survives_count_as_none():
    problem = normal(-ndtri(1e-8))
    P = replicates(problem, Ladder(np.array([3.0, np.inf]), np.array([[0.3]])), 20, count=30)
    assert (P == 0).mean() > 0.5
    assert len(P) == 30


@pytest.mark.parametrize(("n", "N"), [(1, 7), (7, 7), (3, 10), (999, 1000)])
def test_survivors_are_copied_as_often_as_they_should_be(n, N):
    u = (np.arange(500) + 0.5) / 500
    copies = np.array([np.bincount(systematic(np.arange(n), N, x), minlength=n) for x in u])
    assert (copies.sum(axis=1) == N).all()
    assert np.allclose(copies.mean(axis=0), N / n, atol=2e-2)
    assert ((copies == N // n) | (copies == -(-N // n))).all()


def test_the_last_number_below_one_copies_the_last_survivor():
    assert systematic(np.arange(3), 1000, np.nextafter(1, 0))[-1] == 2


def test_a_pilot_and_replicates_go_on_from_any_round(tmp_path):
    problem = normal(-ndtri(1e-3))
    whole = [*piloting(begin_pilot(problem, 60), problem)]
    again = [*piloting(whole[len(whole) // 2], problem)]
    assert again[-1].ladder.levels.tolist() == whole[-1].ladder.levels.tolist()
    ladder = whole[-1].ladder
    rounds = [
        *production(begin(problem, range(1, 5), 60, ladder.levels[0]), problem, ladder, 60, 2)
    ]
    for half in rounds[:-1]:
        *_, last = production(half, problem, ladder, 60, 2)
        assert products(last.told).tolist() == products(rounds[-1].told).tolist()


def test_replicates_do_not_depend_on_those_beside_them():
    problem = normal(-ndtri(1e-3))
    ladder = ladder_of(problem, 200)
    together = replicates(problem, ladder, 50, count=6)
    *_, alone = production(
        begin(problem, range(4, 6), 50, ladder.levels[0]), problem, ladder, 50, 4
    )
    assert products(alone.told).tolist() == together[3:5].tolist()


def test_a_pilot_whose_scores_rise_no_more_says_so():
    problem = normal(np.inf, score=lambda x: np.zeros(len(x)))
    with pytest.raises(ValueError, match="no score rises above"):
        ladder_of(problem, 50)


def test_the_next_level_is_what_a_fifth_pass():
    score = np.arange(100.0)
    assert (score >= next_level(score, -np.inf)).sum() == 20
    assert next_level(np.where(score > 79, np.inf, score), 3.0) == np.inf
    assert next_level(np.where(score > 98, 7.0, 3.0), 3.0) == 7.0  # ties: the next one above
    assert next_level(np.full(100, 3.0), 3.0) is None


def test_draws_of_a_replicate_do_not_change_with_the_others():
    problem = normal(3.0)
    one = problem.draw(Turn(np.full(4, 2), np.arange(4), 0, 0), -np.inf)
    both = problem.draw(Turn(np.repeat([1, 2], 4), np.tile(np.arange(4), 2), 0, 0), -np.inf)
    assert (both.starts["x"][4:] == one.starts["x"]).all()


def test_the_interval_is_that_of_a_log_normal_law():
    P = Repeated.of([1e-6, 2e-6, 3e-6, 2e-6])
    spread = sqrt(2 / 3) / 2
    assert P.spread == pytest.approx(spread)
    half = student.ppf(0.975, 3) * sqrt(log(1 + spread**2 / 4))
    assert P.low == pytest.approx(2e-6 * exp(-half))
    assert P.high == pytest.approx(2e-6 * exp(half))


@pytest.mark.parametrize(
    ("P", "why"),
    [
        ([0, 0, 0], "no replicate came to the end"),
        ([1e-3], "has no spread"),
        ([1e-9, 1e-6, 1e-7, 3e-8], "replicates differ by"),
    ],
)
def test_an_interval_that_would_not_hold_is_refused(P, why):
    told = Repeated.of(P)
    assert why in told.doubt
    assert np.isnan([told.low, told.high, told.width]).all()


def test_equivalent_counts_have_the_same_error():
    told = Repeated(8, 3e-5, 0.4)
    k, n = told.counts
    assert k / n == pytest.approx(3e-5, rel=0.02)
    assert sqrt((1 - k / n) / k) == pytest.approx(told.error, rel=0.02)


@pytest.mark.parametrize(
    ("known", "error", "relative", "wanted"),
    [
        (Repeated(3, 1e-4, 0.2), None, None, 8),  # the first ones
        (Repeated(8, 1e-4, 0.2), None, None, 8),  # no target
        (Repeated(8, 1e-4, 0.2), None, 0.2, 8),  # 2 · 0.2/√8 = 0.14
        (Repeated(8, 1e-4, 0.4), None, 0.2, 16),  # (2 · 0.4/0.2)² = 16
        (Repeated(8, 1e-4, 0.9), None, 0.2, 16),  # at most twice as many
        (Repeated(8, 1e-4, 0.9), 1e-3, 0.2, 8),  # the absolute one is met
        (Repeated(60, 1e-4, 0.9), None, 0.2, 64),  # no more than the most
        (Repeated(8, 0.0, np.nan), None, 0.2, 8),  # nothing came through: more of it is no use
    ],
)
def test_replicates_are_added_until_the_target_is_met(known, error, relative, wanted):
    assert further(known, 8, 64, error, relative) == wanted


def test_a_passage_is_told_from_its_table():
    problem = normal(-ndtri(1e-3))
    ladder = ladder_of(problem, 200)
    *_, last = production(
        begin(problem, range(1, 5), 300, ladder.levels[0]), problem, ladder, 300, 2
    )
    table = np.zeros(len(last.told["replicate"]), REPLICATE)
    for name, values in last.told.items():
        table[name] = values
    told = passages(table)[0]
    assert told.probability.mean == pytest.approx(products(last.told).mean())
    assert told.thresholds == tuple(ladder.levels)
    assert told.trajectories == 4 * (300 + 100 * 2 * (len(ladder.levels) - 1))
    assert 0 < told.ancestors <= 100
    P, error = told.probability.mean, told.probability.error
    assert told.gain == pytest.approx((1 - P) / (P * told.trajectories * error**2))
    assert all(0.1 < share < 0.7 for share in told.acceptance)


def row(energy, repeated=None, stuck=0, n=0, **changes):
    fixed = {"facet": "111", "T_K": 925.0, "molecule": "H2", "v": 0, "J": 1, "mJ": None}
    fixed |= {"polar_deg": 0.0, "azimuth_deg": None, "energy_eV": energy}
    counts = {"dissociated": stuck, "scattered": n - stuck, "undecided": 0, "failed": 0}
    return Sticking(**fixed, **counts, repeated=repeated, **changes)


MIXED = [
    row(0.2, Repeated(8, 2e-7, 0.3)),
    row(0.3, Repeated(8, 1e-4, 0.2), n=1000, stuck=1),
    row(0.4, n=1000, stuck=20),
    row(0.5, n=1000, stuck=100),
    row(0.6, n=1000, stuck=300),
]


def test_split_points_take_their_interval_from_replicates():
    split, counted = MIXED[0], MIXED[2]
    assert (split.S0, split.low, split.high) == (
        2e-7,
        split.repeated.low,
        split.repeated.high,
    )
    assert counted.S0 == 0.02
    assert split.sampled
    assert not row(0.3).sampled


def test_sticking_csv_holds_split_points_beside_counted_ones(tmp_path):
    write_csv(tmp_path / "sticking.csv", MIXED)
    assert read_csv(tmp_path / "sticking.csv") == MIXED
    text = (tmp_path / "sticking.csv").read_text()
    (tmp_path / "wrong.csv").write_text(text.replace(",2e-07,0.3", ",3e-07,0.3"))
    with pytest.raises(UserError, match="does not follow"):
        read_csv(tmp_path / "wrong.csv")


def test_fits_and_averages_take_split_points():
    counts = Counts.of(MIXED)
    assert counts.dissociated[0] / counts.n[0] == pytest.approx(2e-7, rel=0.01)
    library = Library.of(MIXED)
    assert library.curves[0, 1].S0[0] == 2e-7
    refused = [row(0.1, Repeated(8, 1e-9, 0.9)), *MIXED]
    with pytest.raises(UserError, match="has no interval"):
        Library.of(refused)


def test_a_steep_curve_says_what_an_error_of_the_barrier_does():
    (sentence,) = slopes(MIXED)
    slope = log(1e-4 / 2e-7) / 0.1
    assert f"d ln S0/dE = {slope:.0f} per eV" in sentence


@pytest.mark.parametrize("logarithmic", [False, True])
def test_the_figure_rings_split_points(logarithmic):
    figure = sticking_figure([row(0.1, n=500), *MIXED], logarithmic=logarithmic)
    axes = figure.axes[0]
    rings = [line for line in axes.lines if line.get_fillstyle() == "none"]
    assert rings[0].get_xdata().tolist() == [0.2, 0.3]
    if logarithmic:
        assert axes.get_yscale() == "log"
        assert axes.get_ylim()[0] <= curves(MIXED, "energy_eV")[0].low.min()
