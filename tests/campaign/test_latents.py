"""The numbers that starts are made of: every kernel leaves the law of its number as it is."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import chi2, norm

from scatter.campaign.latents import Latents, wrapped
from scatter.initial.projectile import Draws
from scatter.initial.surface import Surface

MANY = 20_000
FIVE_SIGMA = norm.sf(5) * 2


def latents():
    """Those of a polyatomic on a slab at rest."""
    surface = Surface(temperature_K=0)
    one = SimpleNamespace(positions=np.zeros((1, 1, 3)), momenta=np.zeros((1, 1, 3)))
    return Latents(
        SimpleNamespace(
            points=[SimpleNamespace(T_K=0.0)],
            projectile=lambda point: SimpleNamespace(draws=Draws(labels=2, angles=5, normals=3)),
            slab=SimpleNamespace(snapshots=one),
            input=SimpleNamespace(surface=surface),
        ),
        0,
    )


def streams(seed, count=MANY):
    return np.random.default_rng(seed).spawn(count)


@pytest.fixture(scope="module")
def after():
    """Fresh starts, and what one move makes of them."""
    made = latents()
    before = made.fresh(streams(1))
    return before, made.moved(before, np.array([0.6, 0.6]), streams(2))[0]


def surely_uniform(u):
    counts = np.bincount((u * 25).astype(int), minlength=25)
    distance = ((counts - len(u) / 25) ** 2 / (len(u) / 25)).sum()
    return chi2.sf(distance, 24) > FIVE_SIGMA


@pytest.mark.parametrize("when", [0, 1])
def test_every_number_keeps_its_law(after, when):
    starts = after[when]
    for name in ("labels", "angles", "approach"):
        assert starts[name].min() >= 0
        assert starts[name].max() < 1
        assert all(surely_uniform(column) for column in starts[name].T)
    assert all(surely_uniform(norm.cdf(column)) for column in starts["normals"].T)
    assert all(surely_uniform(column / 2**32) for column in starts["words"].T)


def test_moves_are_as_likely_as_their_reverse(after):
    before, now = after
    for name in ("labels", "angles", "approach", "normals"):
        # <f(x) g(x')> = <g(x) f(x')>, for two functions that the reverse would tell apart
        f, g = np.sin(2 * np.pi * before[name]), before[name] ** 2
        f_now, g_now = np.sin(2 * np.pi * now[name]), now[name] ** 2
        difference = f * g_now - g * f_now
        error = difference.std(axis=0) / np.sqrt(MANY)
        assert (np.abs(difference.mean(axis=0)) < 5 * error).all()


def test_a_small_step_moves_a_little(after):
    made, before = latents(), after[0]
    some = {name: rows[:500] for name, rows in before.items()}
    near, _ = made.moved(some, np.array([0.01, 0.01]), streams(3, 500))
    for name in ("angles", "approach"):
        apart = np.abs(near[name] - some[name])
        assert np.quantile(np.minimum(apart, 1 - apart), 0.99) < 0.02
    kept = near["labels"] == some["labels"]
    assert 0.97 < kept.mean() < 1  # drawn anew with probability 0.01
    assert np.abs(near["normals"] - some["normals"]).max() < 0.1


def test_a_move_changes_its_group_alone_by_the_step_of_that(after):
    made, before = latents(), {name: rows[:500] for name, rows in after[0].items()}
    now, group = made.moved(before, np.array([1e-3, 0.5]), streams(4, 500))
    assert made.groups == 2
    assert set(group) == {0, 1}
    own, approach = group == 0, group == 1
    assert (now["approach"][own] == before["approach"][own]).all()
    for name in ("labels", "angles", "normals"):
        assert (now[name][approach] == before[name][approach]).all()
    turned = np.abs(now["angles"][own] - before["angles"][own])
    shifted = np.abs(now["approach"][approach] - before["approach"][approach])
    assert 0 < np.median(np.minimum(turned, 1 - turned)) < 1e-3
    assert np.median(np.minimum(shifted, 1 - shifted)) > 0.03


def test_a_start_moves_alike_whatever_moves_beside_it(after):
    made, before = latents(), after[0]
    rngs = [np.random.default_rng(n) for n in range(10)]
    steps = np.array([0.3, 0.3])
    together, group = made.moved({name: rows[:10] for name, rows in before.items()}, steps, rngs)
    one = {name: rows[7:8] for name, rows in before.items()}
    alone, own = made.moved(one, steps, [np.random.default_rng(7)])
    assert own[0] == group[7]
    for name, rows in alone.items():
        assert rows[0].tobytes() == together[name][7].tobytes()


def test_what_is_wrapped_is_below_one():
    assert wrapped(np.array([-1e-20, 1.0, 2.25, -0.25])).tolist() == [0, 0, 0.25, 0.75]
