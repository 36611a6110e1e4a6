"""Guards measure beside the dynamics: what they see depends on the trajectory alone."""

import numpy as np
import pytest
import torch
from batch_systems import (
    WALL,
    Wall,
    assert_same_bits,
    by_trajectory,
    conditions,
    ended,
    wall_start,
)

from scatter.units import fs


class Lowness:
    """Measures how low the first atom of the molecule is; remembers how many were asked about."""

    column, identity = "leverage", "lowness"

    def __init__(self, nowhere=None):
        self.asked, self.nowhere = [], nowhere

    def bind(self, system, slots):
        def measure(positions):
            assert len(positions) <= slots
            self.asked.append(len(positions))
            found = -positions[:, -2, 2]
            if self.nowhere is not None:
                found = found + 0
                found[positions[:, -2, 2] < self.nowhere] = np.nan
            return found

        return measure


def starts():
    return [wall_start(i) for i in range(15)]


def watched(slots, guards, **place):
    return conditions(WALL, slots, guards=guards, guards_every=7, **place)


@pytest.fixture(scope="module")
def seen():
    """Heights of the first atom at every step of each trajectory, run alone."""
    found = {}
    for start in starts():
        heights = [start.positions[-2, 2]]

        def see(state, heights=heights):
            heights.append(float(state.positions[0, -2, 2]))

        [one] = ended([start], Wall(), conditions(WALL, 1), see)
        found[start.trajectory] = np.array(heights[: one.steps + 1])
    return found


def test_the_peak_is_the_largest_of_the_start_every_seventh_step_and_the_end(seen):
    finished = ended(starts(), Wall(), watched(4, (Lowness(),)))
    for one in finished:
        heights = seen[one.trajectory]
        looked = np.unique([*range(0, len(heights), 7), len(heights) - 1])
        peak = one.memories["leverage"]
        assert peak["value"] == -heights[looked].min()
        assert round(peak["time"] / (0.5 * fs)) == looked[heights[looked].argmin()]
        assert peak["positions"][-2, 2] == heights[looked].min()


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("slots", [1, 4, 15])
def test_peaks_have_the_same_bits_in_any_batch(slots, every):
    alone = by_trajectory(ended(starts(), Wall(), watched(15, (Lowness(),))))
    found = by_trajectory(ended(starts(), Wall(), watched(slots, (Lowness(),), every=every)))
    for i, one in alone.items():
        peak, expected = found[i].memories["leverage"], one.memories["leverage"]
        assert (peak["value"], peak["time"]) == (expected["value"], expected["time"])
        assert peak["positions"].tobytes() == expected["positions"].tobytes()
        assert peak["momenta"].tobytes() == expected["momenta"].tobytes()


def test_being_watched_changes_no_bit():
    seen_by_one = by_trajectory(ended(starts(), Wall(), watched(5, (Lowness(),))))
    alone = by_trajectory(ended(starts(), Wall(), watched(5, ())))
    for i, one in alone.items():
        assert "leverage" not in one.memories
        del seen_by_one[i].memories["leverage"]
        assert_same_bits(seen_by_one[i], one)


def test_a_measure_that_is_not_finite_counts_as_infinite():
    finished = ended(starts(), Wall(), watched(4, (Lowness(nowhere=0.9),)))
    values = [one.memories["leverage"]["value"] for one in finished]
    assert np.isinf(values).any()
    assert not np.isnan(values).any()


def test_only_those_are_asked_about_that_are_due():
    guard = Lowness()
    finished = ended(starts(), Wall(), watched(4, (guard,)))
    steps = sum(one.steps for one in finished)
    assert sum(guard.asked) < steps / 7 + 3 * len(finished)


def test_on_torch_the_same_peaks_are_found():
    expected = by_trajectory(ended(starts(), Wall(), watched(4, (Lowness(),))))
    on_torch = watched(4, (Lowness(),), array=torch.as_tensor)
    for i, one in by_trajectory(ended(starts(), Wall(), on_torch)).items():
        peak, due = one.memories["leverage"], expected[i].memories["leverage"]
        assert peak["value"] == pytest.approx(due["value"], abs=1e-9)
        assert peak["positions"] == pytest.approx(due["positions"], abs=1e-9)
