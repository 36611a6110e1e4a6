"""Trajectories on a mace-torch model whose graphs are built on the device; here torch's CPU."""

import warnings

import pytest
import torch
from mace_models import KINDS, random_model
from test_no_wait import NoWait, conditions, starts

from scatter.dynamics.batch import Batch, propagate
from scatter.potentials.committee import Committee
from scatter.potentials.device.capture import in_place, tensors
from scatter.potentials.device.graph import GraphEvaluator
from scatter.potentials.mace import MaceTorch

SMALL = [*KINDS][0]


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Opens a random model: one graph for each replica or for many, forces times a number."""
    file = tmp_path_factory.mktemp("models") / "random.model"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save(random_model(SMALL), file)

    def opens(together=True, scale=1.0):
        found = MaceTorch(file, "cpu", "float64", trust_pickle=True, together=together)
        found.model.scale_shift.scale *= scale
        return found

    return opens


def batch(device, count, **others):
    on = conditions(count, device=device.array, **others)
    return Batch(list(starts(count)), device.bind(on.system, count), on)


def test_no_step_waits_for_the_device(opened):
    whole = batch(opened(), 4)
    with NoWait():
        for _ in range(3):
            whole.step()
    assert whole.evaluator.padded


def test_a_step_in_place_is_the_same_step_and_moves_no_array(opened):
    device = opened()
    one, other = batch(device, 3), batch(device, 3)
    where = {name: tensor.data_ptr() for name, tensor in tensors(other).items()}
    for _ in range(5):
        one.step()
        in_place(other)
    assert {name: tensor.data_ptr() for name, tensor in tensors(other).items()} == where
    for name, tensor in tensors(one).items():
        assert torch.equal(tensor.nan_to_num(), tensors(other)[name].nan_to_num()), name


def ended(device, on, count=7):
    return {one.trajectory: one for one in propagate(starts(count), device, on)}


def the_same(found, expected):
    assert found.keys() == expected.keys()
    for number, one in expected.items():
        assert (found[number].outcome, found[number].steps) == (one.outcome, one.steps)
        assert found[number].positions == pytest.approx(one.positions, abs=1e-7)
        for key, value in one.watch.items():
            assert found[number].watch[key] == pytest.approx(value, abs=1e-7, nan_ok=True), key


def test_a_campaign_on_the_device_is_that_of_single_graphs(opened):
    """With slots that have no work, an odd number of them, and lists that come to overflow."""
    device, grown = opened(), []
    whole = GraphEvaluator._make_room

    def scarce(self, longest, edges):
        whole(self, longest, edges)
        if not grown:
            self.capacity, self.room = longest, edges

    def grow(self, before=GraphEvaluator.grow):
        found = before(self)
        grown.extend([1] * found)
        return found

    expected = ended(opened(together=False), conditions(3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GraphEvaluator, "_make_room", scarce)
        patch.setattr(GraphEvaluator, "grow", grow)
        on = conditions(3, device=device.array, every=5, idle=device.idle)
        found = ended(device, on)
    assert grown
    the_same(found, expected)
    assert len({one.outcome for one in expected.values()}) > 1


def test_a_committee_is_asked_without_waiting_but_when_it_is_due(opened):
    """Its steps make the host wait for nothing; its peaks are those that NumPy's arrays give."""
    guards, here = (
        (Committee([opened(together), opened(together, 1.2)]),) for together in (True, False)
    )
    device = opened()
    whole = batch(device, 3, guards=guards, guards_every=4)
    with NoWait():
        for number in range(1, 8):
            whole.step()
            if number % 4:
                whole.measure_due()
            else:
                whole.age += 1
    expected = ended(opened(together=False), conditions(3, guards=here, guards_every=4), 4)
    found = ended(device, conditions(3, device=device.array, every=4, guards=guards,
                                     guards_every=4), 4)  # fmt: skip
    for number, one in expected.items():
        peak, other = one.peaks[guards[0].column], found[number].peaks[guards[0].column]
        assert peak.value > 1e-3
        assert other.value == pytest.approx(peak.value, rel=1e-6)
        assert other.time == peak.time
        assert other.positions == pytest.approx(peak.positions, abs=1e-7)
