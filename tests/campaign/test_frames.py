import numpy as np
import pytest
from ase.io import read

from scatter.campaign.frames import Recorder
from scatter.config import points
from scatter.config import read as read_input
from scatter.dynamics.conditions import Finished
from scatter.outcomes import Outcome, Reason
from scatter.potentials.analytic import Analytic
from scatter.state import Key, Start, State, System
from scatter.units import fs

SYSTEM = System(
    np.array([29, 1, 1]),
    20.0 * np.eye(3),
    (False,) * 3,
    np.ones(3, bool),
    np.array([0]),
    projectile=2,
)
APART = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 2.5], [0.0, 0.0, 3.3]])
NOWHERE = np.nan * APART


@pytest.fixture
def recorder(write_tiny, tmp_path):
    """Records every second step of half a femtosecond of a molecule over an atom."""
    input = read_input(write_tiny(tmp_path, frames__every=2)).input
    return Recorder(tmp_path, SYSTEM, points(input), input, Analytic())


def recorded(recorder, seen, steps, end):
    """Times of the frames of a trajectory seen at these steps, from the file."""
    masses = np.ones(3)
    recorder.begin(Start(5, APART, 0 * APART, masses, Key(1, 0)))
    for step in seen:
        at = np.array([step * 0.5 * fs])
        still = np.zeros((1, 3, 3))
        batch = State(APART[None], still, still, at, masses[None, :, None], at, np.array([5]))
        recorder.see(batch)
    recorder.finish(Finished(5, Outcome.FAILED, Reason.NONE, steps, end, 0 * APART, 0.0, {}))
    return [f.info["time_fs"] for f in read(recorder.folder / "point001-000000.extxyz", ":")]


def test_a_trajectory_that_waits_to_be_read_out_is_recorded_once(recorder):
    assert recorded(recorder, [1, 2, 3, 4, 4, 4], 4, APART) == [0.0, 1.0, 2.0]


def test_the_end_is_recorded_between_two_frames_too(recorder):
    assert recorded(recorder, [1, 2, 3], 3, APART) == [0.0, 1.0, 1.5]


def test_an_end_that_is_nowhere_is_left_out(recorder):
    assert recorded(recorder, [1, 2, 3], 3, NOWHERE) == [0.0, 1.0]
