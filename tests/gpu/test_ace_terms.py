"""The rows of terms that a GPU reads make the energy of the products, and its slopes."""

import numpy as np
import pytest
from ace_invariant import DEFAULT, invariant_ace
from ace_models import random_ace

from scatter.ace.device.terms import GROUP
from scatter.ace.device.weights import AceTensors
from scatter.ace.values import energy_of
from scatter.kernels.splines import coefficients


def made(rows, k, values, seen):
    """The sum of one row, without the groups that need a species which is not there."""
    groups = range(rows.groups[k], rows.groups[k + 1])
    kept = [g for g in groups if not int(rows.needs[g]) & ~seen]
    terms = (np.array(kept, int)[:, None] * GROUP + np.arange(GROUP)).ravel()
    factors = [values[n][column.numpy()[terms]] for n, column in enumerate(rows.values)]
    return (rows.coefficients.numpy()[terms] * np.prod(factors, axis=0)).sum()


def energy_and_slopes(t, centre, a, seen):
    """What the kernels compute, number by number."""
    first, stop = t.node_first[centre : centre + 2].tolist()
    nodes = a[t.ones[first:stop]] * a[t.others[first:stop]]
    values = np.concatenate([a, nodes])
    c = t.constants.numpy()[centre * t.factors :][: t.factors]
    c = np.concatenate([c, t.node_constants[first:stop]])
    slopes = [made(t.of_a, centre * t.factors + k, [values], seen) for k in range(t.factors)]
    slopes += [made(t.of_nodes, k, [values], seen) for k in range(first, stop)]
    slopes = np.array(slopes) + c
    energy = 0.5 * (values * (slopes + c)).sum()
    given = [
        made(t.holders, centre * t.factors + k, [slopes[t.factors :], a], seen)
        for k in range(t.factors)
    ]
    return energy, slopes[: t.factors] + given


@pytest.mark.parametrize("model", [
    random_ace(), random_ace(4, numbers=(29, 8, 1)), invariant_ace(DEFAULT),
])  # fmt: skip
def test_rows_of_terms_are_the_products_and_their_slopes(model):
    weights, rng = AceTensors.of(model, "float64", "cpu"), np.random.default_rng(0)
    for centre in range(len(model.numbers)):
        energy = energy_of(model, centre, weights.places)
        a = rng.normal(size=weights.places.total)
        seen = (1 << len(model.numbers)) - 2  # all but the first
        a[: weights.places.factors] = 0.0
        whole = energy_and_slopes(weights.terms, centre, a, ~0)
        values = np.concatenate([a, [a[one] * a[other] for one, other in energy.nodes]])
        expected = sum(c * values[one] * values[other] for (one, other), c in energy.terms.items())
        expected += sum(c * values[row] for row, c in energy.constants.items())
        assert whole[0] == pytest.approx(expected, rel=1e-11)
        less = energy_and_slopes(weights.terms, centre, a, seen)
        assert less[0] == pytest.approx(whole[0], rel=1e-13)
        there = slice(weights.places.factors, None)
        assert less[1][there] == pytest.approx(whole[1][there], rel=1e-13, abs=1e-13)
        step = rng.normal(size=len(a)) * (np.arange(len(a)) >= weights.places.factors)
        up, down = (
            energy_and_slopes(weights.terms, centre, a + h * step, ~0)[0] for h in (1e-5, -1e-5)
        )
        assert (whole[1] * step).sum() == pytest.approx((up - down) / 2e-5, rel=1e-6)


def test_a_wall_leaves_a_spline_far_from_it_as_it_is():
    samples = np.random.default_rng(0).normal(size=(1, 300, 1, 2))
    walls = samples.copy()
    walls[:, :5] += 1e12
    found, expected = coefficients(walls), coefficients(samples)
    assert found[:, 100:] == pytest.approx(expected[:, 100:], abs=1e-14)
    assert abs(found[:, :5] - expected[:, :5]).min() > 1e11
