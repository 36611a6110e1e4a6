"""A list that has no room is given some, and the steps since the last look are made again."""

import numpy as np
import pytest
import torch
from mace_models import hydrogen_on_copper
from test_no_wait import conditions, potential, starts

from scatter.dynamics.batch import Batch, propagate
from scatter.errors import UserError
from scatter.outcomes import Outcome
from scatter.potentials.device.fused import Fused
from scatter.potentials.device.plain import Plain
from scatter.state import Start, System


@pytest.fixture
def scarce(monkeypatch):
    """Makes rooms no larger than the starts need, or than a number; answers when they grew."""

    def make(kernels, room):
        made = []

        def reserve(self, positions):
            if not self.capacity:
                Fused.make_room(self, room) if kernels is Fused else None
                self.capacity = room

        def make_room(self, most, whole=kernels.make_room):
            made.append(most)
            whole(self, most)

        monkeypatch.setattr(kernels, "reserve", reserve)
        monkeypatch.setattr(kernels, "make_room", make_room)
        return made

    return make


def the_same(found, expected, tolerance=None):
    assert found.keys() == expected.keys()
    for number, one in expected.items():
        other = found[number]
        assert (other.outcome, other.reason, other.steps) == (one.outcome, one.reason, one.steps)
        pairs = [(other.positions, one.positions), (other.momenta, one.momenta)]
        pairs += [(other.watch[key], value) for key, value in one.watch.items()]
        for now, then in pairs:
            if tolerance is None:
                assert np.array_equal(now, then, equal_nan=True)
            else:
                assert now == pytest.approx(then, abs=tolerance, nan_ok=True)


def ended(device, many, **others):
    on = conditions(4, device=device.array, every=7, idle=0.5, **others)
    return {one.trajectory: one for one in propagate(iter(many), device, on)}


def test_a_campaign_with_too_little_room_ends_as_one_with_ample_room(scarce):
    device, many = potential(), list(starts(9))
    ample = ended(device, many)
    made = scarce(Plain, 60)
    found = ended(device, many)
    print(made)
    the_same(found, ample)
    assert made
    assert len({one.outcome for one in ample.values()}) == 3
