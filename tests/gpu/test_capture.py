"""A recorded step is compared with the step before it is used, and left alone where it differs."""

import pytest
import torch
from test_no_wait import conditions, potential, starts

from scatter.dynamics.batch import Batch
from scatter.potentials.device import capture
from scatter.potentials.device.capture import Captured, in_place, tensors

STEPS = capture.WARM + 3


def batch():
    device = potential()
    evaluator = device.bind(conditions(3).system, 3)
    return Batch(list(starts(3)), evaluator, conditions(3, device=device.array))


def after(steps):
    """All arrays of a batch after so many steps, one by one."""
    whole = batch()
    for _ in range(steps):
        in_place(whole)
    return tensors(whole)


def same(one, other):
    return all(torch.equal(one[name].nan_to_num(), other[name].nan_to_num()) for name in other)


def sound(whole):
    return lambda: in_place(whole)


def too_far(whole):
    def replay():
        in_place(whole)
        whole.state.momenta[1, -1, 2] += 0.01

    return replay


def nowhere(whole):
    def replay():
        in_place(whole)
        whole.state.energies[0] = torch.nan

    return replay


def impossible(whole):
    raise RuntimeError("operation not permitted when stream is capturing")


@pytest.mark.parametrize(("recorded", "told"), [
    (sound, None), (too_far, "off by 0.01 eV or Å"), (nowhere, "off by inf"),
    (impossible, "cannot be recorded (operation not permitted"),
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
            whole.state.positions = whole.state.positions.clone()
        step()
    assert len(made) == 2
    assert same(tensors(whole), after(2 * STEPS))
