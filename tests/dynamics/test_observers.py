"""What is remembered of a trajectory, against what its whole recorded path says."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from batch_systems import SLAB, STOP, conditions, copper_start, flat

from scatter.dynamics.batch import propagate
from scatter.dynamics.sight import Sight
from scatter.outcomes import Outcome
from scatter.potentials.analytic import Analytic
from scatter.state import State, System


def recorded(starts, potential, on):
    """Every `Finished`, and (time, positions, momenta) of its trajectory at each step."""
    frames = defaultdict(list)

    def after_step(state):
        for slot, i in enumerate(state.trajectory):
            frame = (state.time[slot], state.positions[slot].copy(), state.momenta[slot].copy())
            frames[int(i)].append(frame)

    finished = {one.trajectory: one for one in propagate(iter(starts), potential, on, after_step)}
    return finished, frames


@pytest.fixture(scope="module", params=[1, 5])
def watched(request):
    """Trajectories: `Finished`, masses, and time, positions and momenta from start to end."""
    starts = [copper_start(i) for i in range(6)]
    finished, frames = recorded(starts, Analytic(), conditions(SLAB, request.param))
    found = []
    for start in starts:
        frame = [(0.0, start.positions, start.momenta), *frames[start.trajectory]]
        path = (np.array(values) for values in zip(*frame, strict=True))
        found.append((finished[start.trajectory], start.masses, *path))
    return found


def test_the_end_is_that_of_the_recorded_trajectory(watched):
    for one, _, time, x, p in watched:
        assert len(time) == one.steps + 1
        assert (one.positions == x[-1]).all()
        assert (one.momenta == p[-1]).all()


def test_the_lowest_point_and_the_times_near_are_those_of_the_recorded_trajectory(watched):
    for one, _, time, x, p in watched:
        watch = flat(one.memories)
        top = x[:, SLAB.top, 2].mean(axis=1)
        Z = x[:, -2:, 2].mean(axis=1) - top
        lowest, below = int(Z.argmin()), time[Z < STOP.near_A]
        assert watch["lowest"] == pytest.approx(Z[lowest], abs=1e-12)
        assert (watch["atoms"] == x[lowest, -2:]).all()
        assert watch["top"] == pytest.approx(top[lowest], abs=1e-12)
        assert watch["when"] == time[lowest]
        assert watch["turns"] == (np.diff(np.sign(p[:, -2:, 2].sum(axis=1))) != 0).sum()
        assert [watch["first_below"], watch["last_below"]] == [below[0], below[-1]]


def test_the_energies_are_those_of_the_recorded_trajectory(watched):
    for one, masses, time, x, p in watched:
        potential = Analytic().bind(SLAB, len(time))(x)[0]
        energy = potential + 0.5 * (p**2).sum(axis=2) @ (1 / masses)
        assert flat(one.memories)["potential"] == potential[0]
        assert one.potential == potential[-1]
        assert flat(one.memories)["energy"] == pytest.approx(energy[0], abs=1e-10)
        assert one.memories["faults"]["error"] == pytest.approx(
            max(abs(energy - energy[0])), abs=1e-10
        )


def test_a_trajectory_that_only_rises_was_lowest_at_its_start_and_never_near():
    start = copper_start(0)
    rising = replace(start, momenta=-start.momenta)
    one = next(propagate(iter([rising]), Analytic(), conditions(SLAB, 1)))
    assert one.outcome == Outcome.SCATTERED
    assert (flat(one.memories)["atoms"] == start.positions[-2:]).all()
    assert [flat(one.memories)["when"], flat(one.memories)["turns"]] == [0, 0]
    assert np.isnan([flat(one.memories)["first_below"], flat(one.memories)["last_below"]]).all()


def test_height_is_the_lower_atoms_and_the_centre_is_that_of_mass():
    masses = np.array([63.0, 63.0, 63.0, 1.0, 3.0])
    positions = np.zeros((2, 5, 3))
    positions[0, :, 2] = [-5, 1.0, 2.0, 8.0, 4.0]
    positions[1, :, 2] = [-5, 1.0, 2.0, 4.0, 8.0]
    positions[:, -1, 0] = 3.0
    momenta = np.zeros_like(positions)
    momenta[0, :, 2] = [0, 9, 9, 1.0, -0.5]
    momenta[1, :, 2] = [0, 9, 9, 0.5, -1.0]
    wide = np.broadcast_to(masses[:, None], (2, 5, 1))
    zero = np.zeros(2)
    state = State(positions, momenta, 0 * positions, zero, wide, zero, np.arange(2))
    system = System(
        np.array([29, 29, 29, 1, 1]),
        np.eye(3),
        (False,) * 3,
        np.ones(5, bool),
        np.array([1, 2]),
        projectile=2,
    )
    sight = Sight(system, state, zero, zero)
    assert sight.top.tolist() == [1.5, 1.5]
    assert sight.height.tolist() == [2.5, 2.5]
    assert sight.Z.tolist() == [3.5, 5.5]
    assert sight.bond.tolist() == [5, 5]
    assert sight.rising.tolist() == [0.5, -0.5]
