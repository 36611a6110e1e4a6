"""A step asks nothing of the device that the host would have to wait for."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from ace_models import binding_ace
from batch_systems import conditions as of_a_batch
from batch_systems import flat
from mace_models import hydrogen_on_copper, with_vectors
from no_wait import NoCrossing, NoWait, Waiting

from scatter.ace.family import AceDevice
from scatter.dynamics.batch import Batch, propagate
from scatter.dynamics.baths import BathEnergy, Edge, EdgeBath
from scatter.dynamics.bounds import Bounds
from scatter.dynamics.stop import Dynamics, Stop
from scatter.mace.family import MaceDevice
from scatter.mace.file import FoldedMace
from scatter.potentials.device import fused
from scatter.potentials.device.capture import in_place, tensors
from scatter.potentials.device.plain import Plain
from scatter.potentials.families import SHIPPED
from scatter.state import Start

DYNAMICS = Dynamics(timestep_fs=0.5, max_time_fs=15, energy_tolerance_eV=0.3)
STOP = Stop(scattered_A=2.2, near_A=1.6, dissociated_A=1.6)


MODELS = {
    "MACE": (MaceDevice, lambda: FoldedMace.read(SHIPPED)), "ACE": (AceDevice, binding_ace),
    "MACE with vectors": (MaceDevice, lambda: with_vectors(FoldedMace.read(SHIPPED))),
}  # fmt: skip


def potential(precision="float64", family="MACE", device="cpu", kernels="plain"):
    kind, model = MODELS[family]
    return kind(model(), precision, device, kernels=kernels)


def starts(count):
    """H2 that falls, rises or is torn apart over a small slab."""
    system, positions = hydrogen_on_copper(replicas=count)
    masses = np.where(system.numbers == 1, 1.00782503, 63.546)
    for i, x in enumerate(positions):
        momenta = np.zeros_like(x)
        momenta[-2:, 2] = (-0.5, 1.2)[i % 2]
        if i % 3 == 2:
            momenta[-2:, 0] = -3.0, 3.0
        yield Start(i, x, momenta, masses)


def conditions(slots, dynamics=DYNAMICS, system=None, bounded=True, **others):
    """Of the small slab, with bounds that no trajectory breaks."""
    system = system or replace(hydrogen_on_copper()[0], top=np.arange(4, 6))
    bounds = Bounds(0.3, np.full((2, 6), 0.5), -5.0, system.cell, system.pbc)
    return of_a_batch(system, slots, dynamics, STOP, bounds=bounds if bounded else None, **others)


@pytest.mark.parametrize("operation", [
    lambda x: x.max().item(), lambda x: bool((x > 0).all()), lambda x: x.nonzero(),
    lambda x: x[x > 0], lambda x: x.__setitem__(x > 0, x[:1]), lambda x: float(x[0]),
    lambda x: x.new_tensor([1.0]), lambda x: torch.tensor(1.0, device=x.device),
])  # fmt: skip
def test_the_watchman_sees_what_waits(operation):
    with pytest.raises(Waiting), NoWait():
        operation(torch.tensor([-1.0, 2.0]))


def in_bath(on):
    """The same with two atoms of the slab in a bath."""
    edge = Edge(np.array([0, 2]), np.full(2, 0.02), 600.0)
    return replace(on, motion=EdgeBath(on.motion, edge), observers=(*on.observers, BathEnergy()))


@pytest.mark.parametrize("bathed", [False, True])
@pytest.mark.parametrize("family", MODELS)
def test_no_step_waits_for_the_device(family, bathed):
    first = list(starts(4))
    device = potential("float32", family)
    on = conditions(4, array=device.place.array)
    evaluator = device.bind(conditions(4).system, 4)
    batch = Batch(first, evaluator, in_bath(on) if bathed else on)
    with NoWait():
        for _ in range(3):
            batch.step()


@pytest.mark.parametrize("family", MODELS)
def test_a_step_on_another_device_asks_nothing_of_the_cpu(monkeypatch, family):
    """Torch's device "meta" has shapes, and no numbers to wait for or to mix with others."""
    monkeypatch.setattr(Plain, "reserve", lambda self, positions: setattr(self, "capacity", 64))
    device = potential("float32", family, "meta")
    evaluator = device.bind(conditions(4).system, 4)
    batch = Batch(list(starts(4)), evaluator, conditions(4, array=device.place.array))
    for _ in range(2):
        in_place(batch)
    assert {tensor.device.type for tensor in tensors(batch)} == {"meta"}
    with pytest.raises(RuntimeError, match="meta"):
        evaluator.grow()


@pytest.mark.parametrize("family", MODELS)
def test_a_step_of_the_fused_kernels_brings_nothing_to_the_device(monkeypatch, family):
    """All that torch does in it, with the kernels left out."""
    kernels, launched = MODELS[family][0].parts["fused"].partition(":")[0], []
    for module in (fused, importlib.import_module(kernels)):
        monkeypatch.setattr(module, "launch", lambda kernel, *_, **__: launched.append(kernel))
    monkeypatch.setattr(fused.Fused, "reserve", lambda self, x: self.capacity or self.make_room(60))
    device = potential("float32", family, "meta", kernels="fused")
    evaluator = device.bind(conditions(4).system, 4)
    batch = Batch(list(starts(4)), evaluator, in_bath(conditions(4, array=device.place.array)))
    launched.clear()
    with NoCrossing():
        in_place(batch)
    assert len(launched) == {"MACE": 18, "ACE": 12, "MACE with vectors": 20}[family]


@pytest.mark.parametrize("crossing", [
    lambda x: x + torch.tensor(1.0), lambda x: torch.where(x > 0, x, torch.tensor(0.0)),
    lambda x: x.copy_(torch.zeros(3)), lambda x: torch.zeros(3).to(x.device),
])  # fmt: skip
def test_the_watchman_sees_what_crosses(crossing):
    with NoCrossing():
        torch.ones(3, device="meta") * 2.0 + torch.arange(3, device="meta")
    with pytest.raises(Waiting), NoCrossing():
        crossing(torch.zeros(3, device="meta"))


def test_a_step_in_place_is_the_same_step_and_moves_no_array():
    device, batches = potential(), []
    for _ in range(2):
        evaluator = device.bind(conditions(4).system, 4)
        batches.append(Batch(list(starts(4)), evaluator, conditions(4, array=device.place.array)))
    where = [tensor.data_ptr() for tensor in tensors(batches[1])]
    for _ in range(40):
        batches[0].step()
        in_place(batches[1])
    assert [tensor.data_ptr() for tensor in tensors(batches[1])] == where
    assert batches[0].slots.outcome.any()
    for tensor, other in zip(tensors(batches[0]), tensors(batches[1]), strict=True):
        assert torch.equal(tensor.nan_to_num(), other.nan_to_num())


@pytest.mark.parametrize(("family", "every", "idle"), [
    ("MACE", 1, 0.0), ("MACE", 7, 0.5), ("ACE", 7, 0.5),
])  # fmt: skip
def test_a_campaign_on_the_device_is_that_of_numpy(family, every, idle):
    device = potential(family=family)
    here = {f.trajectory: f for f in propagate(starts(9), device.host, conditions(4))}
    there = conditions(4, array=device.place.array, every=every, idle=idle)
    found = {f.trajectory: f for f in propagate(starts(9), device, there)}
    assert found.keys() == here.keys()
    assert len({one.outcome for one in here.values()}) == 3
    for number, one in here.items():
        assert (found[number].outcome, found[number].steps) == (one.outcome, one.steps)
        assert found[number].positions == pytest.approx(one.positions, abs=1e-7)
        assert found[number].momenta == pytest.approx(one.momenta, abs=1e-7)
        for key, value in flat(one.memories).items():
            assert flat(found[number].memories)[key] == pytest.approx(
                value, abs=1e-7, nan_ok=True
            ), key
