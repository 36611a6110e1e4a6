import numpy as np
import pytest
from batch_systems import Glimpse

from scatter.dynamics.endings import Ending, Faults, coded, of_a_diatomic, outcomes
from scatter.dynamics.stop import Dynamics, Stop
from scatter.outcomes import Outcome, Reason
from scatter.settings import UserError
from scatter.units import fs

DYNAMICS = Dynamics(timestep_fs=0.1, max_time_fs=100.0, energy_tolerance_eV=0.05)
STOP = Stop(dissociated_A=2.25, scattered_A=7.1)

# Of each criterion, values that meet it and values that do not, at its limit.
LATE, EARLY = 100.0 * fs, 99.9 * fs
AWAY, NEAR = 7.1000001, 7.1
RISING, FALLING = 1e-12, -1.0
BROKEN, WHOLE = 2.2500001, 2.25
WRONG, RIGHT = 0.05, 0.0499999


class Told(Faults):
    """Faults whose bounds are told."""

    def __init__(self, broken):
        super().__init__(DYNAMICS.energy_tolerance_eV, DYNAMICS.timestep_fs)
        self.broken = broken

    def _outside(self, sight):
        return self.broken


def judged(height, rising, bond, time, error, broken=None, dynamics=DYNAMICS, own=()):
    """Codes of outcomes, and of reasons."""
    zero = np.zeros(len(time))
    sight = Glimpse(height=height, rising=rising, bond=bond, time=time, conserved=error)
    faults = Told(zero.astype(np.uint8) if broken is None else broken)
    reason = faults.reasons({"energy": zero}, sight)
    endings = coded((*own, *of_a_diatomic(dynamics, STOP)))
    codes = outcomes(endings, {one.name: {} for _, one in endings}, sight, reason)
    assert codes.dtype == reason.dtype == np.uint8
    return codes, reason


def ending(height=NEAR, rising=FALLING, bond=WHOLE, time=EARLY, error=RIGHT):
    values = (np.array([float(value)]) for value in (height, rising, bond, time, error))
    return Outcome(int(judged(*values)[0][0]))


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
    codes, _ = judged(zero, zero, zero, time, zero, dynamics=dynamics)
    assert np.flatnonzero(codes).tolist() == [steps - 1, steps]
    assert (codes[-2:] == int(Outcome.UNDECIDED)).all()


def test_each_trajectory_is_judged_on_its_own():
    height = np.array([AWAY, NEAR, AWAY, NEAR, NEAR])
    rising = np.array([FALLING, RISING, RISING, RISING, RISING])
    bond = np.array([WHOLE, WHOLE, WHOLE, BROKEN, BROKEN])
    time = np.array([EARLY, LATE, LATE, LATE, EARLY])
    error = np.array([RIGHT, RIGHT, RIGHT, RIGHT, np.nan])
    codes, _ = judged(height, rising, bond, time, error)
    assert codes.tolist() == [0, 3, 2, 1, 4]


def test_not_finite_precedes_a_broken_bound_precedes_an_energy_error():
    error = np.array([RIGHT, WRONG, RIGHT, WRONG, np.nan, np.inf])
    broken = np.array([0, 0, Reason.BOND, Reason.DISTANCE, Reason.HEIGHT, 0], np.uint8)
    zero = np.zeros(6)
    _, codes = judged(zero, zero, zero, zero, error, broken)
    assert codes.tolist() == [
        0, Reason.ENERGY_ERROR, Reason.BOND, Reason.DISTANCE, Reason.NOT_FINITE, Reason.NOT_FINITE,
    ]  # fmt: skip


class Turned(Ending):
    """An ending of one's own."""

    name = "turned"

    def met(self, memory, sight):
        return sight.rising > 0


class Low(Turned):
    name = "low"

    def met(self, memory, sight):
        return sight.height < 7


def test_ones_own_endings_come_first_in_their_order_with_codes_behind_the_known_ones():
    height, rising = np.array([AWAY, 0.0, 0.0, NEAR]), np.array([RISING, RISING, FALLING, FALLING])
    whole, early, right = np.full(4, WHOLE), np.full(4, EARLY), np.full(4, RIGHT)
    both = len(Outcome), len(Outcome) + 1
    codes, _ = judged(height, rising, whole, early, right, own=(Turned(), Low()))
    assert codes.tolist() == [both[0], both[0], both[1], 0]
    codes, _ = judged(height, rising, whole, early, right, own=(Low(), Turned()))
    assert codes.tolist() == [both[1], both[0], both[0], 0]


@pytest.mark.parametrize("name", ["turned", "scattered", "failed", "running"])
def test_two_endings_of_one_name_are_refused(name):
    second = Low()
    second.name = name
    with pytest.raises(UserError, match=f"called '{name}'"):
        coded((Turned(), second, *of_a_diatomic(DYNAMICS, STOP)))
