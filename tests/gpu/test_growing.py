"""A list that has no room is given some, and the steps since the last look are made again."""

import numpy as np
import pytest
import torch
from batch_systems import flat
from few_atoms import few_atoms
from mace_models import hydrogen_on_copper
from test_no_wait import conditions, potential, starts

from scatter.dynamics.batch import Batch, propagate
from scatter.dynamics.stop import Dynamics
from scatter.errors import UserError
from scatter.outcomes import Outcome
from scatter.potentials.device import fused, plain
from scatter.potentials.device.lists import room_for
from scatter.state import Start, System


class Lowness:
    """A guard: how low the first atom of the molecule is; no number where that is none."""

    column, identity = "leverage", "lowness"

    def bind(self, system, slots):
        return lambda positions: -positions[:, -2, 2]


@pytest.fixture
def scarce(monkeypatch):
    """Lists get no more room than the starts need, until they are found to be too short."""

    def forget_the_margin(module, kernels):
        grown, enter = [], kernels.reserve

        def reserve(self, positions):
            with monkeypatch.context() as here:
                here.setattr(module, "room_for", lambda most: most)
                enter(self, positions)

        def make_room(self, most, whole=kernels.make_room):
            grown.append(module.room_for is room_for)
            whole(self, most)

        monkeypatch.setattr(kernels, "reserve", reserve)
        monkeypatch.setattr(kernels, "make_room", make_room)
        return grown

    return forget_the_margin


def ended(device, many, on):
    return {one.trajectory: one for one in propagate(iter(many), device, on)}


def the_same(found, expected, within=0.0):
    """Ended alike at the same step; plain formulas sum in an order that follows from the room."""
    assert found.keys() == expected.keys()
    for number, one in expected.items():
        other = found[number]
        assert (other.outcome, other.reason, other.steps) == (one.outcome, one.reason, one.steps)
        pairs = {
            "positions": (other.positions, one.positions),
            "momenta": (other.momenta, one.momenta),
        }
        here = flat(other.memories)
        pairs |= {key: (here[key], value) for key, value in flat(one.memories).items()}
        for key, (here, there) in pairs.items():
            np.testing.assert_allclose(here, there, rtol=0, atol=within, err_msg=key)


@pytest.mark.parametrize("every", [1, 7])
def test_a_campaign_with_too_little_room_ends_as_one_with_ample_room(scarce, every):
    device, many = potential(), list(starts(5))
    on = conditions(3, array=device.place.array, every=every, idle=0.5)
    ample = ended(device, many, on)
    grown = scarce(plain, plain.Plain)
    the_same(ended(device, many, on), ample, within=1e-9)
    assert True in grown
    assert len({one.outcome for one in ample.values()}) == 3


@pytest.mark.attack
def test_the_fused_kernels_give_the_same_bits_when_their_lists_had_to_grow(scarce):
    """A molecule falls fast on two copper atoms, whose lists it enters on the way."""
    system, positions = hydrogen_on_copper(replicas=1)
    some = np.array([0, 5, 6, 7])
    numbers, moving = system.numbers[some], system.moving[some]
    few = System(numbers, system.cell, system.pbc, moving, np.arange(1, 2), projectile=2)
    many = []
    for number, x in enumerate(positions[:, some]):
        momenta = np.zeros_like(x)
        momenta[-2:, 2] = -20.0
        many.append(Start(number, x + [[0, 0, 0], [0, 0, 0], [0, 0, 3.5], [0, 0, 3.5]], momenta,
                          np.array([63.546, 63.546, 1.008, 1.008])))  # fmt: skip
    device = potential("float32", kernels="fused")
    fast = Dynamics(timestep_fs=0.5, max_time_fs=1.5, energy_tolerance_eV=1e3)
    on = conditions(1, fast, few, bounded=False, array=device.place.array, every=3)
    ample = ended(device, many, on)
    grown = scarce(fused, fused.Fused)
    the_same(ended(device, many, on), ample)
    assert True in grown
    assert {one.outcome for one in ample.values()} == {Outcome.UNDECIDED}


def test_a_peak_seen_on_the_way_that_was_made_again_is_forgotten(scarce):
    """Positions behind a list that overflowed are not numbers, and would count as infinite."""
    device, many = potential(), list(starts(4))
    on = conditions(4, array=device.place.array, every=7, guards=(Lowness(),), guards_every=3)
    ample = ended(device, many, on)
    grown = scarce(plain, plain.Plain)
    found = ended(device, many, on)
    the_same(found, ample, within=1e-9)
    assert True in grown
    for number, one in ample.items():
        assert found[number].memories["leverage"]["value"] == pytest.approx(
            one.memories["leverage"]["value"], abs=1e-9
        )


@pytest.mark.parametrize("kernels", ["plain", pytest.param("fused", marks=pytest.mark.attack)])
def test_a_list_that_overflowed_is_told_after_it_has_emptied(kernels):
    """What is NaN has no neighbours, and its list is made anew: the one before it counts."""
    system, positions = few_atoms(replicas=1)
    evaluator = potential("float32", kernels=kernels).bind(system, 1)
    evaluator.begin(np.arange(1), positions)
    assert not evaluator.grow()
    evaluator.bound.make_room(0)  # eight places, or none
    assert np.isnan(evaluator(positions)[0]).all()
    assert np.isnan(evaluator(np.nan * positions)[0]).all()
    assert evaluator.grow()
    assert np.isfinite(evaluator(positions)[0]).all()
    assert not evaluator.grow()


def test_lists_that_grow_beyond_all_measure_are_told():
    device = potential()
    batch = Batch(list(starts(2)), device.bind(conditions(2).system, 2),
                  conditions(2, array=device.place.array))  # fmt: skip
    batch.evaluator.bound.capacity = 4
    batch.step()
    with pytest.raises(UserError, match="had room for 4"):
        batch.evaluator.grow()
    assert torch.isnan(batch.slots.state.energies).all()
