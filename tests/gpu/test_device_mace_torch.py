"""Many replicas in one graph of mace-torch, built on the device, beside one graph for each."""

import sys
import types

import numpy as np
import pytest
import torch
from mace_models import KINDS, hydrogen_on_copper, model_of, quiet
from test_no_wait import conditions, starts

from scatter.dynamics.batch import propagate
from scatter.potentials.device import mace_torch
from scatter.potentials.device.mace_torch import GraphEvaluator, quickest
from scatter.potentials.mace import MaceTorch

ALONE = 1e-10  # eV and eV/Å: sums in another order


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model that no kernel of ours computes: its features have l = 1."""
    file = tmp_path_factory.mktemp("model") / "vectors.model"
    shape = KINDS["16x0e, products of two"] | {"features": "8x0e + 8x1o", "r_max": 3.6}
    with quiet():
        torch.save(model_of(**shape), file)
    return MaceTorch(file, "cpu", "float64", trust_pickle=True)


def together(model, system, slots):
    """What evaluates on a GPU, on the CPU."""
    return GraphEvaluator(model, system, slots)


@pytest.fixture(params=[mace_torch.PLACES, 400])
def places(request, monkeypatch):
    """Room for all replicas in one graph, or for one or two at a time."""
    monkeypatch.setattr(mace_torch, "PLACES", request.param)


def test_one_graph_of_many_replicas_gives_what_one_graph_for_each_gives(model, places):
    system, positions = hydrogen_on_copper(replicas=4)
    alone = model.bind(system, 4).begin(np.arange(4), positions)
    evaluator = together(model, system, 4)
    evaluator.begin(torch.arange(4), torch.as_tensor(positions))
    for one, other in zip(alone, evaluator(torch.as_tensor(positions)), strict=True):
        assert other.numpy() == pytest.approx(one, abs=ALONE)


def test_a_replica_that_is_nowhere_leaves_the_others_as_they_are(model):
    system, positions = hydrogen_on_copper(replicas=3)
    x = torch.tensor(positions)
    evaluator = together(model, system, 3)
    whole = evaluator.begin(torch.arange(3), x)
    x[1] = torch.nan
    energies, forces = evaluator(x)
    assert torch.isnan(energies).tolist() == [False, True, False]
    for found, before in ((energies, whole[0]), (forces, whole[1])):
        assert found[[0, 2]].numpy() == pytest.approx(before[[0, 2]].numpy(), abs=ALONE)


def test_room_is_made_where_a_list_had_none(model):
    system, positions = hydrogen_on_copper(replicas=2)
    x = torch.tensor(positions)
    evaluator = together(model, system, 2)
    expected, _ = evaluator.begin(torch.arange(2), x)
    evaluator.bound.capacity = 6
    assert torch.isnan(evaluator(x)[0]).all()
    evaluator.first = 6
    assert evaluator.grow()
    assert evaluator(x)[0].numpy() == pytest.approx(expected.numpy(), abs=ALONE)


def test_arrays_of_numpy_are_never_answered_with_a_list_too_short(model, monkeypatch):
    monkeypatch.setattr(MaceTorch, "array", lambda self, array: torch.as_tensor(array))
    system, positions = hydrogen_on_copper(replicas=2)
    evaluator = together(model, system, 2)
    expected, _ = evaluator.begin(np.arange(2), positions)
    evaluator.bound.capacity = 10
    assert evaluator(positions)[0] == pytest.approx(expected, abs=ALONE)


def test_a_model_that_feels_edges_beyond_its_cutoff_gets_none(model, monkeypatch):
    system, positions = hydrogen_on_copper(replicas=2)
    expected, _ = model.bind(system, 2).begin(np.arange(2), positions)
    forward = model.model.forward

    def feeling(graph, **options):
        (sender, receiver), found = graph["edge_index"], forward(graph, **options)
        apart = graph["positions"][receiver] - graph["positions"][sender] + graph["shifts"]
        lost = (apart.norm(dim=1) > model.cutoff).double()
        more = torch.zeros(len(graph["positions"]), dtype=torch.float64)
        return found | {"node_energy": found["node_energy"] + more.index_add(0, receiver, lost)}

    monkeypatch.setattr(model.model, "forward", feeling)
    evaluator = together(model, system, 2)
    found, _ = evaluator.begin(torch.arange(2), torch.as_tensor(positions))
    assert not evaluator.bound.padded
    assert found.numpy() == pytest.approx(expected, abs=ALONE)


def test_a_campaign_on_one_graph_is_that_of_a_graph_for_each(model, monkeypatch):
    many = list(starts(3))
    alone = {one.trajectory: one for one in propagate(iter(many), model, conditions(2))}
    on = conditions(2, device=torch.as_tensor, every=7, idle=0.5)
    monkeypatch.setattr(MaceTorch, "bind", together)
    found = {one.trajectory: one for one in propagate(iter(many), model, on)}
    assert found.keys() == alone.keys()
    for number, one in alone.items():
        assert (found[number].outcome, found[number].steps) == (one.outcome, one.steps)
        assert found[number].positions == pytest.approx(one.positions, abs=1e-8)


def test_cuequivariance_is_used_where_it_is_and_takes_the_model(model, monkeypatch):
    """A stand-in for what converts: the library itself needs a GPU."""
    calls = []

    def run(source, device):
        calls.append(device)
        if source is broken:
            raise ValueError("no such shape")
        return converted

    broken, converted = torch.nn.Identity(), torch.nn.Identity()
    monkeypatch.setattr(mace_torch, "find_spec", lambda name: object())
    place = "mace.cli.convert_e3nn_cueq"
    monkeypatch.setitem(sys.modules, place, types.SimpleNamespace(run=run))
    assert quickest(model.model, "cpu") == (model.model, "mace-torch")
    monkeypatch.setattr(converted, "to", lambda device: converted)
    assert quickest(model.model, "cuda") == (converted, "mace-torch with cuEquivariance")
    with pytest.warns(UserWarning, match="no such shape"):
        assert quickest(broken, "cuda") == (broken, "mace-torch")
    assert calls == ["cuda", "cuda"]
