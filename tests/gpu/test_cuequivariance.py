"""CuEquivariance is used where it takes a model and computes the same: with stand-ins for it."""

import copy
import sys
import types

import numpy as np
import pytest
import torch
from mace_models import hydrogen_on_copper, quiet
from test_mace_torch_steps import opened

from scatter.mace.device import graphs as mace_torch
from scatter.mace.device.graphs import GraphEvaluator, by_cuequivariance


@pytest.fixture
def model(tmp_path):
    return opened(tmp_path, "8x0e + 8x1o", "float64")


@pytest.fixture
def install(monkeypatch):
    """Put a converter in the place of mace-torch's own."""

    def put(run):
        monkeypatch.setattr(mace_torch, "find_spec", lambda name: object())
        place = "mace.cli.convert_e3nn_cueq"
        monkeypatch.setitem(sys.modules, place, types.SimpleNamespace(run=run))

    return put


def test_a_converted_model_is_ready_and_torch_as_it_was(model, install, monkeypatch, capsys):
    def run(source, device):
        print("talks")
        torch.set_default_dtype(torch.float64)
        with quiet():
            return copy.deepcopy(source).float().train().requires_grad_()

    moved = []
    monkeypatch.setattr(torch.nn.Module, "to", lambda self, *to: moved.append(to) or self.double())
    before = torch.get_default_dtype()
    install(run)
    assert by_cuequivariance(model.model, "cpu") is None
    found = by_cuequivariance(model.model, "cuda")
    assert moved == [("cuda", torch.float64)]
    assert capsys.readouterr().out == ""
    assert torch.get_default_dtype() == before
    assert not found.training
    assert not any(weight.requires_grad for weight in found.parameters())


def test_a_model_that_is_not_taken_is_told_and_changes_nothing(model, install, capsys):
    def run(source, device):
        torch.set_default_dtype(torch.float64)
        raise AttributeError("no such shape")

    before = torch.get_default_dtype()
    install(run)
    assert by_cuequivariance(model.model, "cuda") is None
    said = capsys.readouterr().err
    assert said == (
        "scatter: this model is computed without cuEquivariance: AttributeError: no such shape\n"
    )
    assert torch.get_default_dtype() == before


def with_weights(change):
    """What converts a model, and gets one of its weights wrong."""

    def convert(model):
        with quiet():
            found = copy.deepcopy(model)
        weight = max(found.interactions[0].conv_tp_weights.parameters(), key=torch.numel)
        weight.data *= 1 + change
        return found

    return convert


def failing(model):
    return lambda graph, **options: 1 / 0


def nowhere(model):
    return lambda graph, **options: {"node_energy": graph["positions"].sum(dim=1) * torch.nan}


def heavier(model):
    """Energies that are the same, and forces that are not."""

    def found(graph, **options):
        x = graph["positions"]
        wrong = torch.where(graph["batch"] == 0, 0.01, 0.0) * (x - x.detach()).sum(dim=1)
        return {"node_energy": model(graph, **options)["node_energy"] + wrong}

    return found


@pytest.mark.parametrize(("converted", "told"), [
    (with_weights(0), None), (with_weights(1e-9), None),
    (with_weights(1e-2), "off by 0.00"), (heavier, "off by 0.01 eV or eV/Å"),
    (nowhere, "off by inf eV"), (failing, "ZeroDivisionError: division by zero"),
])  # fmt: skip
def test_what_computes_the_same_is_used(model, capsys, converted, told):
    system, positions = hydrogen_on_copper(replicas=3)
    expected = model.bind(system, 3).begin(np.arange(3), positions)
    model.take_faster(converted(model.model))
    assert model.description.endswith(" with cuEquivariance)")
    evaluator = GraphEvaluator(model, system, 3)
    found = evaluator.begin(torch.arange(3), torch.as_tensor(positions))
    for one, other in zip(found, expected, strict=True):
        assert one.numpy() == pytest.approx(other, abs=1e-6)
    assert (evaluator.bound.model is model.model) == (told is not None)
    assert ("cuEquivariance" in model.description) == (told is None)
    said = capsys.readouterr().err
    assert said.count("\n") == (told is not None)
    assert (told or "") in said
