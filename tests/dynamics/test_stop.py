import numpy as np
import pytest

from scatter.dynamics.endings import outcomes, reasons
from scatter.dynamics.stop import Dynamics, Stop
from scatter.outcomes import Outcome, Reason
from scatter.units import fs

DYNAMICS = Dynamics(timestep_fs=0.1, max_time_fs=100.0, energy_tolerance_eV=0.05)
STOP = Stop(dissociated_A=2.25, scattered_A=7.1)

# Of each criterion, values that meet it and values that do not, at its limit.
LATE, EARLY = 100.0 * fs, 99.9 * fs
AWAY, NEAR = 7.1000001, 7.1
RISING, FALLING = 1e-12, -1.0
BROKEN, WHOLE = 2.2500001, 2.25
WRONG, RIGHT = 0.05, 0.0499999


def ending(height=NEAR, rising=FALLING, bond=WHOLE, time=EARLY, error=RIGHT):
    values = (np.array([float(value)]) for value in (height, rising, bond, time))
    reason = reasons(DYNAMICS, np.array([float(error)]), np.zeros(1, np.uint8))
    codes = outcomes(DYNAMICS, STOP, *values, reason)
    assert codes.dtype == np.uint8
    return Outcome(int(codes[0]))


def test_a_trajectory_runs_on_at_every_limit():
    assert ending() == Outcome.RUNNING
    assert ending(error=-RIGHT) == Outcome.RUNNING


@pytest.mark.parametrize(
    ("met", "expected"),
    [
        ({"time": LATE}, Outcome.UNDECIDED),
        ({"height": AWAY, "rising": RISING}, Outcome.SCATTERED),
        ({"bond": BROKEN}, Outcome.DISSOCIATED),
        ({"error": WRONG}, Outcome.FAILED),
        ({"error": -WRONG}, Outcome.FAILED),
    ],
)
def test_beyond_a_limit_a_trajectory_ends(met, expected):
    assert ending(**met) == expected


@pytest.mark.parametrize(
    ("height", "rising"), [(AWAY, FALLING), (AWAY, 0.0), (NEAR, RISING), (AWAY, np.nan)]
)
def test_scattered_is_both_high_and_rising(height, rising):
    assert ending(height=height, rising=rising) == Outcome.RUNNING


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("away", [False, True])
@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("wrong", [False, True])
def test_failed_precedes_dissociated_precedes_scattered_precedes_undecided(
    late, away, broken, wrong
):
    order = (
        (wrong, Outcome.FAILED),
        (broken, Outcome.DISSOCIATED),
        (away, Outcome.SCATTERED),
        (late, Outcome.UNDECIDED),
    )
    expected = next((outcome for applies, outcome in order if applies), Outcome.RUNNING)
    met = {
        "time": LATE if late else EARLY,
        "height": AWAY if away else NEAR,
        "rising": RISING if away else FALLING,
        "bond": BROKEN if broken else WHOLE,
        "error": WRONG if wrong else RIGHT,
    }
    assert ending(**met) == expected


@pytest.mark.parametrize("error", [np.nan, np.inf, -np.inf])
def test_an_energy_that_is_not_finite_fails_whatever_else_applies(error):
    assert ending(error=error) == Outcome.FAILED
    assert ending(AWAY, RISING, BROKEN, LATE, error) == Outcome.FAILED
    assert ending(np.nan, np.nan, np.nan, EARLY, error) == Outcome.FAILED


@pytest.mark.parametrize(
    ("timestep", "limit"), [(0.1, 3000.0), (0.1, 0.3), (0.3, 900.0), (0.25, 3000.0), (0.7, 2100.0)]
)
def test_the_time_limit_comes_after_exactly_its_number_of_steps(timestep, limit):
    dynamics = Dynamics(timestep_fs=timestep, max_time_fs=limit)
    steps = round(limit / timestep)
    zero = np.zeros(steps + 1)
    time = np.add.accumulate(np.full(steps + 1, timestep * fs))  # rounded at every step
    codes = outcomes(dynamics, STOP, zero, zero, zero, time, zero)
    assert np.flatnonzero(codes).tolist() == [steps - 1, steps]
    assert (codes[-2:] == int(Outcome.UNDECIDED)).all()


def test_each_trajectory_is_judged_on_its_own():
    height = np.array([AWAY, NEAR, AWAY, NEAR, NEAR])
    rising = np.array([FALLING, RISING, RISING, RISING, RISING])
    bond = np.array([WHOLE, WHOLE, WHOLE, BROKEN, BROKEN])
    time = np.array([EARLY, LATE, LATE, LATE, EARLY])
    error = np.array([RIGHT, RIGHT, RIGHT, RIGHT, np.nan])
    reason = reasons(DYNAMICS, error, np.zeros(5, np.uint8))
    codes = outcomes(DYNAMICS, STOP, height, rising, bond, time, reason)
    assert codes.tolist() == [0, 3, 2, 1, 4]


def test_not_finite_precedes_a_broken_bound_precedes_an_energy_error():
    error = np.array([RIGHT, WRONG, RIGHT, WRONG, np.nan, np.inf])
    outside = np.array([0, 0, Reason.BOND, Reason.DISTANCE, Reason.HEIGHT, 0], np.uint8)
    codes = reasons(DYNAMICS, error, outside)
    assert codes.dtype == np.uint8
    assert codes.tolist() == [
        0, Reason.ENERGY_ERROR, Reason.BOND, Reason.DISTANCE, Reason.NOT_FINITE, Reason.NOT_FINITE,
    ]  # fmt: skip
