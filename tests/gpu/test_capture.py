"""A recorded step is compared with the step before it is used, and left alone where it differs."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import torch
from test_no_wait import conditions, potential, starts

from scatter.dynamics.batch import Batch
from scatter.potentials.device import capture
from scatter.potentials.device.capture import Captured, in_place, overwrite, tensors
from scatter.slots import copies

STEPS = 2 * capture.WARM + 3


def batch():
    device = potential()
    evaluator = device.bind(conditions(3).system, 3)
    return Batch(list(starts(3)), evaluator, conditions(3, array=device.place.array))


def after(steps):
    """All arrays of a batch after so many steps, one by one."""
    whole = batch()
    for _ in range(steps):
        in_place(whole)
    return tensors(whole)


def same(one, other):
    pairs = zip(one, other, strict=True)
    return all(torch.equal(here.nan_to_num(), there.nan_to_num()) for here, there in pairs)


def sound(whole):
    return lambda: in_place(whole)


def too_far(whole):
    def replay():
        in_place(whole)
        whole.slots.state.momenta[1, -1, 2] += 0.01

    return replay


def nowhere(whole):
    def replay():
        in_place(whole)
        whole.slots.state.energies[0] = torch.nan

    return replay


def impossible(whole):
    raise RuntimeError("operation not permitted when stream is capturing")


def halfway(whole):
    """What is recorded moves some arrays, replaces others, and then fails."""

    def step():
        whole.slots.state.positions += 1.0
        whole.slots.state.forces = whole.slots.state.forces + 1.0
        raise ValueError("words of a library")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole, "step", step)
        in_place(whole)


@pytest.mark.parametrize(("recorded", "told"), [
    (sound, None), (too_far, "off by 0.01 eV or Å"), (nowhere, "off by inf"),
    (impossible, "cannot be recorded (operation not permitted"),
    (halfway, "cannot be recorded (words of a library)"),
])  # fmt: skip
def test_a_recorded_step_is_used_if_it_is_the_step(monkeypatch, capsys, recorded, told):
    monkeypatch.setattr(capture, "recorded", recorded)
    whole = batch()
    step = Captured(whole)
    for _ in range(STEPS):
        step()
    assert same(tensors(whole), after(STEPS))
    assert (step.replay is None, step.given_up) == (told is not None, told is not None)
    said = capsys.readouterr().err
    assert said.count("\n") == (told is not None)
    assert (told or "") in said


@pytest.mark.parametrize("warm", [1, 5])
def test_as_many_steps_as_asked_for_are_made_before_one_is_recorded(monkeypatch, warm):
    whole, made = batch(), []
    monkeypatch.setattr(capture, "recorded", lambda given: made.append(step.seen) or sound(given))
    step = Captured(whole, warm)
    for _ in range(warm + 2):
        step()
    assert made == [warm]
    assert same(tensors(whole), after(warm + 2))


def test_a_library_that_fails_once_gets_a_second_try(monkeypatch, capsys):
    ways = [impossible, sound]
    monkeypatch.setattr(capture, "recorded", lambda given: ways.pop(0)(given))
    whole = batch()
    step = Captured(whole)
    for _ in range(STEPS):
        step()
    assert step.replay is not None
    assert capsys.readouterr().err == ""
    assert same(tensors(whole), after(STEPS))


def test_another_array_is_recorded_anew(monkeypatch):
    made = []

    def recorded(whole):
        made.append(1)
        return sound(whole)

    monkeypatch.setattr(capture, "recorded", recorded)
    whole = batch()
    step = Captured(whole)
    for number in range(2 * STEPS):
        if number == STEPS:
            whole.slots.state.positions = whole.slots.state.positions.clone()
        step()
    assert len(made) == 2
    assert same(tensors(whole), after(2 * STEPS))


class Streams:
    """What stands in for torch.cuda in recording a batch, and the stream of each step.

    A recording moves nothing; where its end fails, torch stays on its stream.
    """

    def __init__(self, whole, fails, patch):
        self.now, self.recording, self.made = Stream("usual"), False, []
        self.whole, self.fails, self.usual = whole, fails, whole.step
        patch.setattr(whole, "step", self.step)
        patch.setattr(torch.cuda, "CUDAGraph", lambda: SimpleNamespace(replay=sound(whole)))
        patch.setattr(torch.cuda, "Stream", lambda: Stream("aside"))
        patch.setattr(torch.cuda, "current_stream", lambda: self.now)
        patch.setattr(torch.cuda, "stream", self.stream)
        patch.setattr(torch.cuda, "graph", self.graph)

    def step(self):
        self.made.append(f"{self.now}, recorded" if self.recording else str(self.now))
        if self.recording and self.fails:
            raise RuntimeError("the first reason")
        self.usual()

    @contextmanager
    def stream(self, other):
        before, self.now = self.now, other
        try:
            yield
        finally:
            self.now = before

    @contextmanager
    def graph(self, _, stream):
        before, numbers = self.now, copies(self.whole.slots)
        self.now, self.recording = stream, True
        try:
            yield
        except RuntimeError:
            raise RuntimeError("what was recorded is not valid") from None
        finally:
            self.recording = False
        overwrite(self.whole, numbers)
        self.now = before


class Stream(str):
    def wait_stream(self, other):
        assert {self, other} == {"usual", "aside"}


@pytest.mark.parametrize("fails", [False, True])
def test_a_step_is_recorded_on_a_stream_that_has_made_one_and_is_left(monkeypatch, capsys, fails):
    whole = batch()
    streams = Streams(whole, fails, monkeypatch)
    step = Captured(whole)
    for _ in range(STEPS):
        step()
    one = [*["usual"] * capture.WARM, "aside", "aside, recorded"]
    begun = [*one, *one] if fails else one
    assert streams.made[: len(begun)] == begun
    assert set(streams.made[len(begun) :]) == {"usual"}
    assert step.given_up == fails
    assert ("(the first reason)" in capsys.readouterr().err) == fails
    assert same(tensors(whole), after(STEPS))
