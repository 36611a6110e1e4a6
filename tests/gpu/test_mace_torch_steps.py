"""Steps on a model of mace-torch wait for nothing, so they can be recorded."""

from types import SimpleNamespace

import pytest
import torch
from mace_models import KINDS, model_of, quiet
from no_wait import NoCrossing, NoWait, Waiting
from test_no_wait import conditions, starts

from scatter.dynamics.batch import Batch
from scatter.mace.device import graphs as mace_torch
from scatter.mace.device.graphs import GraphEvaluator
from scatter.mace.mace_torch import MaceTorch
from scatter.potentials.device.capture import Captured, in_place, tensors

SHAPES = KINDS | {"8x0e + 8x1o": KINDS["16x0e, products of two"] | {"features": "8x0e + 8x1o"}}


def opened(folder, kind, precision="float32"):
    with quiet():
        torch.save(model_of(**SHAPES[kind]), folder / "random.model")
    return MaceTorch(folder / "random.model", "cpu", precision, trust_pickle=True)


def batch(model, count=3, array=torch.as_tensor):
    on = conditions(count, array=array)
    return Batch(list(starts(count)), GraphEvaluator(model, on.system, count), on)


@pytest.mark.parametrize("kind", SHAPES)
def test_no_step_waits_for_the_device(tmp_path, kind):
    """Neither forwards nor backwards, also when TorchScript has compiled what it runs."""
    whole = batch(opened(tmp_path, kind))
    assert whole.evaluator.bound.padded
    for _ in range(3):
        whole.step()
    with NoWait():
        for _ in range(2):
            whole.step()
    whole.evaluator.bound.padded = False
    with pytest.raises(Waiting), NoWait():
        whole.step()


@pytest.mark.parametrize("kind", SHAPES)
def test_a_step_on_another_device_takes_no_array_from_the_cpu(tmp_path, monkeypatch, kind):
    """Torch's device "meta" has shapes, and no numbers to wait for."""

    def fresh(self, positions):
        self.capacity, self.compared = 320, True
        return self(positions)

    monkeypatch.setattr(mace_torch.BatchedMace, "fresh", fresh)
    model = opened(tmp_path, kind)
    model.model.to("meta")
    model.device = "meta"
    whole = batch(model, array=lambda array: torch.as_tensor(array, device="meta"))
    with NoCrossing() as watchman:
        for _ in range(2):
            in_place(whole)
    assert watchman.seen > 3000
    assert {tensor.device.type for tensor in tensors(whole)} == {"meta"}


def test_a_step_in_place_is_the_same_step_and_moves_no_array(tmp_path):
    model = opened(tmp_path, "8x0e + 8x1o", "float64")
    one, other = batch(model), batch(model)
    before = [*tensors(other), other.evaluator.bound.longest()]
    for _ in range(8):
        one.step()
        in_place(other)
    after = [*tensors(other), other.evaluator.bound.longest()]
    assert all(now is then for now, then in zip(after, before, strict=True))
    for here, there in zip(tensors(one), tensors(other), strict=True):
        assert torch.equal(here.nan_to_num(), there.nan_to_num())


def test_a_step_is_recorded_on_a_gpu_where_shapes_stay_as_they_are(tmp_path):
    model = opened(tmp_path, "8x0e + 8x1o")
    whole = SimpleNamespace(
        step=lambda: None, evaluator=SimpleNamespace(bound=SimpleNamespace(padded=True))
    )
    assert model.place.stepping(whole) is whole.step
    place = mace_torch.Graphs("cuda")
    found = place.stepping(whole)
    assert isinstance(found, Captured)
    assert found.warm == mace_torch.WARM
    whole.evaluator.bound.padded = False
    assert place.stepping(whole) is whole.step
