"""Weights under an umbrella: what they take from what desorbs, and how they are found."""

import numpy as np
import pytest
from pydantic import ValidationError

from scatter.initial.umbrella import Umbrella, UmbrellaTable
from scatter.units import K

T = 925.0
TABLE = UmbrellaTable(range_eV=[0.2, 0.6], state=[1, 2])
STATE = (1.0, 2.0, 0.0)  # v, J, E_∥ at which g is 1


def leaving(E, v=1.0, J: float | np.ndarray = 2.0, lateral=0.0, total: float | np.ndarray = 1.0):
    return np.stack(np.broadcast_arrays(*np.atleast_1d(E, v, J, lateral, total)), axis=1)


def test_the_weight_takes_the_gas_from_what_desorbs():
    """(2J + 1) exp(-E/kT) W is g exp(-u), the same at any energy in all."""
    umbrella = Umbrella.flat(TABLE, T)
    total, J = np.array([0.4, 0.9, 1.7]), np.array([0.5, 2.0, 3.0])
    gas = (2 * J + 1) * np.exp(-total / (K * T))
    found = np.log(gas) + umbrella.log_weight(leaving(0.3, J=J, total=total))
    assert found == pytest.approx(umbrella.log_target(leaving(0.3, J=J)[:, :4]), abs=1e-12)
    assert found == pytest.approx(-(((J - 2) / 2.0) ** 2) / 2, abs=1e-12)


def test_what_does_not_leave_has_no_weight():
    umbrella = Umbrella.flat(TABLE, T)
    assert umbrella.log_weight(np.full((2, 5), np.nan)).tolist() == [-np.inf, -np.inf]


def test_beyond_the_ends_the_weight_falls_and_chains_can_come_back():
    umbrella = Umbrella.flat(TABLE, T)
    out = umbrella.log_target(leaving(np.array([0.16, 0.2, 0.6, 0.64]))[:, :4])
    assert out == pytest.approx([-4, 0, 0, -4])


def logarithm(E, v, J, lateral):
    """Ln S0 of an error function's foot, but for a constant; easier with more of v, J and E_∥."""
    away = 0.75 - E - 0.2 * (v - 1) - 0.01 * (J - 2) - 0.5 * lateral
    return -(away**2) / (2 * 0.1**2)


def drawn(umbrella, rng, count):
    """What leaves under an umbrella."""
    every = rng.uniform([0.14, 0.4, 0.0, 0.0], [0.66, 1.6, 8.0, 0.25], (60 * count, 4))
    density = logarithm(*every.T) + umbrella.log_target(every)
    p = np.exp(density - density.max())
    return rng.choice(every, count, p=p / p.sum())


def test_rounds_find_the_weights_with_which_energies_come_evenly_and_states_like_g():
    """U becomes ln S0 of the state, and v, J and E_∥ have the means of g at all energies."""
    rng, umbrella = np.random.default_rng(3), Umbrella.flat(TABLE, T)
    before = drawn(umbrella, rng, 4000)
    for _ in range(8):
        umbrella = umbrella.evened(drawn(umbrella, rng, 4000))
    due = logarithm(umbrella.places, 1.0, 2.0, 0.0)
    assert np.ptp(due) > 13
    assert abs(umbrella.u - (due - due[-1])).max() < 1.0
    after = drawn(umbrella, rng, 4000)
    low = after[after[:, 0] < 0.35]
    assert 0.3 < len(low) / len(after) < 0.45
    assert (before[:, 0] < 0.35).mean() < 0.01
    assert abs(low[:, 1].mean() - 1) < 0.03
    assert abs(low[:, 2].mean() - 2.3) < 0.3
    assert low[:, 3].mean() == pytest.approx(0.03, rel=0.2)


def test_where_nothing_came_the_weights_go_straight_on_and_never_fall():
    energies = np.repeat([0.5, 0.55, 0.6], [10, 40, 90])
    umbrella = Umbrella.flat(TABLE, T).evened(leaving(energies, lateral=0.03)[:, :4])
    assert (np.diff(umbrella.u) >= 0).all()
    low = umbrella.u[umbrella.places < 0.48]
    assert np.diff(low) == pytest.approx(np.diff(low)[0])
    assert 10 < np.diff(low)[0] / 0.01 <= 80
    assert umbrella.u[-1] == 0


def test_what_came_at_one_energy_alone_changes_nothing():
    umbrella = Umbrella.flat(TABLE, T)
    assert umbrella.evened(leaving(np.full(100, 0.4))[:, :4]) is umbrella


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"range_eV": [0.6, 0.2]}, "must rise"),
        ({"range_eV": [0.2, 0.22]}, "must rise by 0.04 eV or more"),
        ({"range_eV": [0.2]}, "at least 2"),
        ({"range_eV": [0.2, 0.6], "state": [-1, 0]}, "greater than or equal to 0"),
        ({"range_eV": [0.2, 0.6], "chains": 3}, "Extra inputs"),
    ],
)
def test_an_umbrella_that_spans_nothing_is_refused(keys, sentence):
    with pytest.raises(ValidationError, match=sentence):
        UmbrellaTable(**keys)
