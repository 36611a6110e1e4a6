"""Many replicas of a mace-torch model in one graph, built on the device: here torch's CPU."""

import numpy as np
import pytest
import torch

from scatter.errors import UserError
from scatter.potentials.check import deviations
from scatter.potentials.device import graph
from scatter.potentials.mace import MaceTorch

CLOSE = {"float64": 1e-9, "float32": 2e-5}


def opened(file, precision="float64", together=True):
    return MaceTorch(file, "cpu", precision, trust_pickle=True, together=together)


def bound(potential, system, positions):
    """An evaluator with as many slots as there are positions, and its first answer."""
    evaluator = potential.bind(system, len(positions))
    return evaluator, evaluator.begin(np.arange(len(positions)), positions)


def agree(found, expected, limit):
    for one, other in zip(found, expected, strict=True):
        assert np.asarray(one) == pytest.approx(np.asarray(other), abs=limit, nan_ok=True)


@pytest.mark.parametrize("precision", CLOSE)
def test_one_graph_of_many_replicas_gives_what_one_graph_for_each_gives(
    mace_file, hydrogen_on_copper, precision
):
    system, positions = hydrogen_on_copper(replicas=5)
    _, expected = bound(opened(mace_file, "float64", together=False), system, positions)
    evaluator, found = bound(opened(mace_file, precision), system, positions)
    agree(found, expected, CLOSE[precision])
    agree(evaluator(positions), expected, CLOSE[precision])
    assert evaluator.padded
    assert (found[1][:, ~system.moving] == 0).all()


def test_turns_of_a_few_replicas_give_the_same(mace_file, hydrogen_on_copper, monkeypatch):
    system, positions = hydrogen_on_copper(replicas=5)
    _, whole = bound(opened(mace_file), system, positions)
    monkeypatch.setattr(graph, "EDGES_AT_ONCE", 400)
    evaluator, found = bound(opened(mace_file), system, positions)
    assert 1 <= evaluator.at_once < 5
    agree(found, whole, 1e-11)


def test_where_memory_is_short_fewer_replicas_make_a_turn(
    mace_file, hydrogen_on_copper, monkeypatch
):
    system, positions = hydrogen_on_copper(replicas=5)
    evaluator, expected = bound(opened(mace_file), system, positions)
    whole = graph.GraphEvaluator._evaluate

    def short(most):
        def evaluate(self, positions, *others):
            if len(positions) > most:
                raise torch.OutOfMemoryError("no memory")
            return whole(self, positions, *others)

        return evaluate

    monkeypatch.setattr(graph.GraphEvaluator, "_evaluate", short(2))
    agree(evaluator(positions), expected, 1e-11)
    assert evaluator.at_once == 2
    monkeypatch.setattr(graph.GraphEvaluator, "_evaluate", short(0))
    with pytest.raises(UserError, match="no memory for one replica"):
        evaluator(positions)


def test_what_is_nowhere_is_nan_and_disturbs_no_other(mace_file, hydrogen_on_copper):
    system, positions = hydrogen_on_copper(replicas=4)
    evaluator, expected = bound(opened(mace_file), system, positions)
    lost = positions.copy()
    lost[1] = np.nan
    lost[2, -1, 0] = np.inf
    energies, forces = evaluator(lost)
    assert np.isnan(energies).tolist() == [False, True, True, False]
    assert (forces[:, ~system.moving] == 0).all()
    assert np.isnan(forces[1:3, system.moving]).all()
    agree((energies[[0, 3]], forces[[0, 3]]), (expected[0][[0, 3]], expected[1][[0, 3]]), 1e-11)
    alone = opened(mace_file).bind(system, 1)
    assert np.isnan(alone.begin(np.arange(1), lost[1:2])[0]).all()


def test_the_laws_of_potentials_hold(mace_file, hydrogen_on_copper):
    system, positions = hydrogen_on_copper(replicas=2)
    found = deviations(opened(mace_file), system, positions, np.random.default_rng(1))
    assert not found.broken(batch=1e-11, invalid=1e-11)


def test_an_edge_too_many_is_told_and_numpy_arrays_wait_for_more_room(
    mace_file, hydrogen_on_copper
):
    system, positions = hydrogen_on_copper(replicas=3)
    evaluator, expected = bound(opened(mace_file), system, positions)
    for capacity, room in ((evaluator.capacity, 40), (10, evaluator.room)):
        evaluator.capacity, evaluator.room = capacity, room
        assert torch.isnan(evaluator(torch.tensor(positions))[0]).all()
        assert evaluator.grow()
        assert not evaluator.grow()
        agree(evaluator(torch.tensor(positions)), expected, 1e-11)
        evaluator.capacity, evaluator.room = capacity, room
        agree(evaluator(positions), expected, 1e-11)
    evaluator.capacity = evaluator.first = 2
    evaluator(torch.tensor(positions))
    with pytest.raises(UserError, match="had room for 2"):
        evaluator.grow()


def biased(mace_file, tmp_path):
    """The same model, in which an edge sends a message however long it is."""
    model = opened(mace_file).model

    class Longer(torch.nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner, self.out_dim = inner, inner.out_dim

        def forward(self, *arguments):
            feats, cutoff = self.inner(*arguments)
            return feats + 0.1, cutoff

    model.radial_embedding = Longer(model.radial_embedding)
    return model


def test_a_model_whose_left_over_edges_send_something_is_computed_without_them(
    mace_file, hydrogen_on_copper, tmp_path, capsys
):
    system, positions = hydrogen_on_copper(replicas=3)
    single, many = opened(mace_file, together=False), opened(mace_file)
    single.model = many.model = biased(mace_file, tmp_path)
    _, expected = bound(single, system, positions)
    evaluator, found = bound(many, system, positions)
    agree(found, expected, 1e-9)
    assert not evaluator.padded
    assert "the host waits at every step" in capsys.readouterr().err


@pytest.mark.parametrize(("spoil", "told"), [
    (lambda model: model, None),
    (lambda model: lambda *given, **more: 1 / 0, "fails (ZeroDivisionError"),
    (lambda model: lambda *given, **more: shifted(model(*given, **more)), "are not those"),
])  # fmt: skip
def test_another_arithmetic_is_used_if_it_gives_the_model(
    mace_file, hydrogen_on_copper, capsys, spoil, told
):
    system, positions = hydrogen_on_copper(replicas=3)
    potential = opened(mace_file)
    potential.faster = spoil(opened(mace_file).model)
    evaluator, found = bound(potential, system, positions)
    agree(found, bound(opened(mace_file), system, positions)[1], 1e-11)
    assert (evaluator.model is potential.faster) == (told is None)
    assert (told or "") in capsys.readouterr().err


def shifted(out):
    return out | {"node_energy": out["node_energy"] + 1e-3}


def test_a_conversion_that_fails_is_told_and_changes_nothing(mace_file, capsys, monkeypatch):
    """Mace-torch's own conversion, with another default type of torch's left behind."""
    from mace.cli import convert_e3nn_cueq

    from scatter.potentials.device.cuequivariance import converted

    def failing(model, device, return_model):
        torch.set_default_dtype(torch.float64)
        raise AttributeError("another version")

    model, before = opened(mace_file).model, torch.get_default_dtype()
    monkeypatch.setattr(convert_e3nn_cueq, "run", failing)
    assert converted(model, "cpu") is None
    assert "cuEquivariance is not used: AttributeError: another version" in capsys.readouterr().err
    monkeypatch.setattr(convert_e3nn_cueq, "run", lambda model, device, return_model: model)
    assert converted(model, "cpu") is model
    assert torch.get_default_dtype() == before
