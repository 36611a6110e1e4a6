import numpy as np
import pytest
import torch
from batch_systems import (
    FAR,
    SLAB,
    WALL,
    Wall,
    assert_same_bits,
    by_trajectory,
    conditions,
    copper_start,
    ended,
    flat,
    wall_start,
)

from scatter.dynamics.batch import propagate
from scatter.outcomes import Outcome, Reason
from scatter.potentials.analytic import Analytic
from scatter.units import fs


class FlawedWall(Wall):
    """The wall; far along x, something goes wrong below a height."""

    def __init__(self, flaw):
        self.flaw = flaw

    def __call__(self, positions):
        energies, forces = super().__call__(positions)
        wrong = (positions[:, 2, 0] > FAR / 2) & (positions[:, 2:, 2].min(axis=1) < 1.0)
        if self.flaw in ("no force", "endless force"):
            forces[wrong, 1:] = {"no force": np.nan, "endless force": np.inf}[self.flaw]
        else:
            energies[wrong] += {"no energy": np.nan, "endless energy": np.inf, "jump": 1}[self.flaw]
        return energies, forces


class WallWithTenants(Wall):
    """The wall; it knows where each replica was, and none leaps unannounced."""

    def bind(self, system, slots):
        self.places = np.full((slots, len(system), 3), np.nan)
        return self

    def begin(self, slots, positions):
        self.places[slots] = positions
        return super().__call__(positions)

    def __call__(self, positions):
        assert abs(positions - self.places).max() < 0.3
        self.places = positions.copy()
        return super().__call__(positions)

    def keep(self, slots):
        self.places = self.places[slots]


@pytest.mark.slow
@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("slots", [1, 4, 20, 33])
def test_every_start_ends_exactly_once(slots, every):
    on = conditions(WALL, slots, every=every)
    starts = iter([wall_start(i) for i in range(20)])
    finished = list(propagate(starts, Wall(), on))
    assert sorted(one.trajectory for one in finished) == list(range(20))
    assert next(starts, None) is None
    kinds = {one.outcome for one in finished}
    assert kinds == {Outcome.DISSOCIATED, Outcome.SCATTERED, Outcome.UNDECIDED}


def test_nothing_to_start_is_nothing_to_end():
    assert ended([], Wall(), conditions(WALL, 4)) == []


def test_trajectories_come_in_the_order_in_which_they_end():
    finished = ended([wall_start(i) for i in range(20)], Wall(), conditions(WALL, 20))
    steps = [one.steps for one in finished]
    assert steps == sorted(steps)
    assert steps[0] < steps[-1] == 240  # the time limit


@pytest.mark.parametrize("every", [1, 5])
def test_a_start_is_asked_for_only_when_a_slot_is_free(every):
    finished, most = [], []

    def starts():
        for i in range(20):
            most.append(i - len(finished))
            assert i - len(finished) < 3
            yield wall_start(i)

    for one in propagate(starts(), Wall(), conditions(WALL, 3, every=every)):
        finished.append(one)
    assert most[2:] == [2] * 18  # no slot was left empty either


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("slots", [1, 4, 20])
def test_the_potential_is_told_who_enters_and_who_goes_on(slots, every):
    starts = [wall_start(i, marked=i % 2 == 1) for i in range(20)]
    on = conditions(WALL, slots, every=every)
    assert len(ended(starts, WallWithTenants(), on)) == 20


@pytest.fixture(scope="module")
def alone():
    """Every trajectory on copper, run in a batch of its own."""
    on = conditions(SLAB, 1)
    return {i: ended([copper_start(i)], Analytic(), on)[0] for i in range(16)}


def test_trajectories_on_copper_end_in_several_ways(alone):
    outcomes = [one.outcome for one in alone.values()]
    assert outcomes.count(Outcome.SCATTERED) > 3
    assert outcomes.count(Outcome.DISSOCIATED) > 3


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("slots", [1, 7, 16])
def test_a_trajectory_has_the_same_bits_in_any_batch(alone, slots, every, order):
    starts = [copper_start(i) for i in range(16)][::order]
    on = conditions(SLAB, slots, every=every)
    found = by_trajectory(ended(starts, Analytic(), on))
    assert found.keys() == alone.keys()
    for i, one in alone.items():
        assert_same_bits(found[i], one)


@pytest.mark.parametrize("every", [1, 5])
def test_after_step_sees_the_state_after_every_step_of_the_batch(every):
    times = []

    def after_step(state):
        times.append(state.time.copy())
        assert len(state) <= 6

    starts = [wall_start(i) for i in range(6)]
    on = conditions(WALL, 6, every=every)
    steps = [one.steps for one in ended(starts, Wall(), on, after_step)]
    assert len(times) == -(-max(steps) // every) * every
    assert times[0] == pytest.approx(0.5 * fs)
    assert max(times[-1]) == pytest.approx(120 * fs)


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize(
    ("flaw", "reason"),
    [
        ("no energy", Reason.NOT_FINITE),
        ("endless energy", Reason.NOT_FINITE),
        ("no force", Reason.NOT_FINITE),
        ("endless force", Reason.NOT_FINITE),
        ("jump", Reason.ENERGY_ERROR),
    ],
)
def test_a_trajectory_that_fails_says_why_and_disturbs_no_other(flaw, reason, every):
    starts = [wall_start(i, marked=i == 9) for i in range(15)]
    sound = by_trajectory(ended(starts, Wall(), conditions(WALL, 5)))
    once = by_trajectory(ended(starts, FlawedWall(flaw), conditions(WALL, 15)))
    on = conditions(WALL, 5, every=every)
    found = by_trajectory(ended(starts, FlawedWall(flaw), on))
    assert found.keys() == sound.keys()
    for i in sound.keys() - {9}:
        assert_same_bits(found[i], sound[i])
    assert sound[9].outcome == Outcome.SCATTERED
    assert found[9].outcome == Outcome.FAILED
    assert found[9].reason == reason
    assert 0 < found[9].steps < sound[9].steps
    assert_same_bits(found[9], once[9])
    assert {found[i].reason for i in sound.keys() - {9}} == {Reason.NONE}


@pytest.mark.parametrize("every", [1, 4])
def test_on_torch_trajectories_are_those_of_numpy(every):
    starts = [wall_start(i) for i in range(12)]
    on = conditions(WALL, 5, every=every)
    expected = by_trajectory(ended(starts, Wall(), on))
    on_torch = conditions(WALL, 5, every=every, array=torch.as_tensor)
    found = by_trajectory(ended(starts, Wall(), on_torch))
    assert found.keys() == expected.keys()
    for i, one in expected.items():
        assert found[i].outcome == one.outcome
        assert found[i].steps == one.steps
        assert found[i].positions == pytest.approx(one.positions, abs=1e-9)
        assert found[i].momenta == pytest.approx(one.momenta, abs=1e-9)
        assert found[i].potential == pytest.approx(one.potential, abs=1e-9)
        for key, value in flat(one.memories).items():
            assert flat(found[i].memories)[key] == pytest.approx(value, abs=1e-9, nan_ok=True)
