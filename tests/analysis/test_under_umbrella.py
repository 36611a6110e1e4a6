"""S0 of one state over decades, from simulated shots and what left under a simulated umbrella."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import ndtr
from test_desorbed import CURVE, LADDER, Hydrogen, T, kT, rows_of

from scatter.analysis.desorbed import Desorbed, Divide, bound_partition
from scatter.analysis.regression import LINKS, Exposed, Sample, likeliest
from scatter.analysis.under_umbrella import Left, around, under_umbrella
from scatter.initial.umbrella import Umbrella
from scatter.report.desorbed import Point, exhibits_of, sticking_rows
from scatter.report.umbrellas import law_under, umbrella_in_words
from scatter.settings import UserError
from scatter.store.umbrellas import LEFT

LOW, HIGH = 0.3, 0.7


def truth(E, v, J, lateral):
    """S0 that falls over seven decades, and by more where there is less lateral energy."""
    lateral = np.minimum(lateral, 0.3)
    return ndtr((E - 0.72) / 0.085 + 1.6 * v - 0.05 * J + 0.01 * J * J + 3 * lateral * (0.9 - E))


def umbrella():
    """Weights that are e^2 wrong at the low end."""
    E = np.linspace(LOW, HIGH, 41)
    u: np.ndarray = np.log(truth(E, 0.0, 1.0, 0.0)) + 2.0 * (HIGH - E) / (HIGH - LOW)
    return Umbrella(T, 0.0, 1.0, LOW, HIGH, u, np.outer([8.0, 0.5, 20.0], HIGH - E))


def desorbed(gas, rng):
    """Shots that stand for so many molecules of a gas, all but a few of those that do not stick."""
    grid = np.linspace(-0.5, 3.5, 401)[:-1] + 0.005, np.linspace(0, 26, 521)[:-1] + 0.025
    share = (2 * grid[1] + 1) * np.exp(-LADDER.energies(*grid) / kT)
    cell = rng.choice(share.size, gas, p=share.ravel() / share.sum())
    v, J = (
        axis[index] for axis, index in zip(grid, np.unravel_index(cell, share.shape), strict=True)
    )
    E, lateral = rng.exponential(kT, (2, gas))
    stuck = rng.random(gas) < truth(E, v, J, lateral)
    chain = rng.integers(100, size=stuck.sum())
    rows = rows_of(*(a[stuck] for a in (E, lateral, v, J)), chain, np.arange(3000) % 100)
    Z = len(rows) / gas * bound_partition(CURVE, kT) / (1.4**2 * 2)
    return Desorbed(T, rows, 5, Hydrogen(), Divide(1.4, Z, 0.01 * Z))


def left(count, times, rng, came=1.0):
    """Molecules that left, each as often as a chain stays where it is; of 50 chains."""
    over, wide = umbrella(), np.array([[0.2, 0.95], [-0.5, 0.8], [0.0, 8.0], [0.0, 0.2]])
    kept = []
    while sum(map(len, kept)) < count:
        points = rng.uniform(*wide.T, (200_000, 4))
        density = np.log(truth(*points.T)) + over.log_target(points)
        kept.append(points[np.log(rng.random(len(points))) < density - 3.0])
    points = np.repeat(np.concatenate(kept)[:count], times, axis=0)
    rows = np.zeros(len(points), LEFT)
    for name, values in zip(("energy_eV", "v", "J", "lateral_eV"), points.T, strict=True):
        rows[name] = values
    rows["chain"] = np.arange(len(rows)) * 50 // len(rows)
    rows["came"] = rng.random(len(rows)) < came
    return Left(over, rows)


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng([7, 4])
    some, others = desorbed(400_000, rng), left(1500, 5, rng)
    return some, others, under_umbrella(some, others)


@pytest.mark.parametrize("E", [0.3, 0.35, 0.4, 0.5, 0.6, 0.7])
def test_s0_is_found_down_to_where_no_shot_has_it(found, E):
    some, _, law = found
    known, due = law.S0(E, 0, 1), float(truth(E, 0, 1, 0.0))
    assert known.low < due < known.high
    assert known.high < 3 * known.low
    if E < 0.36:
        assert due < 1e-5
        near = (some.energies["normal"] < 0.4) & (abs(some.out["final_v"]) < 0.3)
        assert near.sum() < 20


def test_as_many_independent_ones_left_as_did(found):
    _, others, _ = found
    assert 3.5 < others.alike < 9


def test_intervals_hold_of_many_simulations():
    """At each of three energies, in 95 % of simulations but for chance."""
    inside, count = np.zeros(3), 8
    for seed in range(count):
        rng = np.random.default_rng([5, seed])
        law = under_umbrella(desorbed(200_000, rng), left(400, 3, rng))
        for n, E in enumerate((0.32, 0.45, 0.6)):
            known = law.S0(E, 0, 1)
            inside[n] += known.low < truth(E, 0, 1, 0.0) < known.high
    assert (inside >= 7).all()


def test_only_what_had_been_dissociated_counts(found):
    some, others, _ = found
    half = left(1500, 5, np.random.default_rng(2), came=0.5)
    assert 0.45 < len(half.out) / len(half.rows) < 0.55
    assert len(half.points) == len(half.out)


def test_too_few_are_refused(found):
    some, others, _ = found
    few = Left(others.umbrella, others.rows[:150])
    with pytest.raises(UserError, match=r"\d+ molecules left around v = 0, J = 1"):
        under_umbrella(some, few)


def test_the_surroundings_end_where_there_are_states():
    low, high = around(umbrella())
    assert low.tolist() == pytest.approx([0.26, -0.5, 0.0, 0.0])
    assert high.tolist() == pytest.approx([0.85, 0.6, 6.0, 0.16])


def test_round_trips_are_from_one_end_to_the_other_and_back():
    rows = np.zeros(12, LEFT)
    rows["chain"] = [0] * 8 + [1] * 4
    rows["energy_eV"] = [0.65, 0.5, 0.35, 0.5, 0.69, 0.35, 0.65, 0.35, 0.35, 0.65, 0.5, 0.65]
    # chain 0: down, up, down, up, down; chain 1 only goes up
    assert Left(umbrella(), rows).round_trips == 2


def test_places_alone_say_how_s0_falls_but_not_how_large_it_is():
    """Without a number the likelihood is that of a density: any factor of S0 small is free."""
    x = np.linspace(-1, 1, 400)
    features = np.stack([np.ones_like(x), x], axis=1)
    rng = np.random.default_rng(1)
    events = rng.choice(x, 4000, p=np.exp(1.5 * x) / np.exp(1.5 * x).sum())
    exposed = Exposed(features, np.full(400, 2 / 400))
    alone = Sample(np.stack([np.ones(4000), events], axis=1), exposed, None)
    logistic = LINKS[1]
    values = [alone.likelihood(logistic, np.array([level, 1.5])) for level in (-12.0, -14.0)]
    assert values[0] - values[1] == pytest.approx(0, abs=0.01)
    counted = Sample(np.ones((30, 2)) * [1, 1.0], Exposed(np.array([[1, 1.0]]), np.ones(1)), 1e4)
    _, beta = likeliest(logistic, [counted, alone], np.array([-4.0]))
    assert beta[1] == pytest.approx(1.5, abs=4 * 0.03)
    assert logistic.of(beta.sum()) == pytest.approx(3e-3, rel=0.02)


def test_the_gradient_and_the_information_are_those_of_the_likelihood():
    rng = np.random.default_rng(4)
    exposed = Exposed(rng.normal(size=(50, 3)), rng.random(50))
    beta = np.array([-1.0, 0.3, 0.2])
    for number in (200.0, None):
        sample = Sample(rng.normal(size=(60, 3)), exposed, number, alike=2.5)
        gradient, _ = sample.derivatives(LINKS[0], beta)
        steps = 1e-5 * np.eye(3)
        up, down = (
            [sample.likelihood(LINKS[0], beta + sign * step) for step in steps] for sign in (1, -1)
        )
        assert (np.array(up) - down) / 2e-5 == pytest.approx(gradient, rel=1e-5, abs=1e-6)


def test_curves_of_umbrellas_are_written_and_drawn_beside_those_of_shots(found, monkeypatch):
    some, others, law = found
    monkeypatch.setattr("scatter.report.desorbed.resolved", lambda _: law)
    row = SimpleNamespace(surface="Cu(111)", facet="111", T_K=T, molecule="H2")
    point = Point("H2", row, some, others)
    rows = sticking_rows([point])
    mine = [each for each in rows if each["by"] == "umbrella"]
    assert {each["by"] for each in rows} == {"shots", "umbrella"}
    assert [each["energy_eV"] for each in mine][:3] == [0.3, 0.35, 0.4]
    assert mine[0]["label"] == "umbrella: v=0, J=1; H2 from Cu(111), 1500 K"
    known = law.S0(0.35, 0, 1)
    assert mine[1]["S0"] == pytest.approx(known.value, rel=1e-6)
    assert mine[1]["low"] == pytest.approx(known.low, rel=1e-6)
    figure = next(
        each for each in exhibits_of([point], rows) if each.stem == "desorption_S0"
    ).figure
    assert figure is not None
    axes = figure.axes[0]
    assert axes.get_yscale() == "log"
    assert len(axes.get_legend_handles_labels()[1]) == len({each["label"] for each in rows})


def test_what_there_is_to_know_of_an_umbrella_is_said(found):
    some, others, _ = found
    said_of = umbrella_in_words(some, others)
    assert said_of.startswith(
        "umbrella over v = 0, J = 1, 0.3 to 0.7 eV: 7,500 molecules left, worth"
    )
    assert f"{others.round_trips} round trips" in said_of
    still = Left(others.umbrella, np.sort(others.rows, order=["chain", "energy_eV"]))
    assert still.round_trips < 10
    assert "raise its shots" in umbrella_in_words(some, still)
    with pytest.raises(UserError, match="S0 needs 10; raise its shots"):
        law_under(some, still)
