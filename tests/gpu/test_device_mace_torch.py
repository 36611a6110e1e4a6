"""Many replicas in one graph of mace-torch, built on the device, beside one graph for each."""

import numpy as np
import pytest
import torch
from mace_models import KINDS, hydrogen_on_copper, model_of, quiet
from test_no_wait import conditions, starts

from scatter.dynamics.batch import propagate
from scatter.errors import UserError
from scatter.mace.device import graphs as mace_torch
from scatter.mace.device.graphs import BatchedMace, GraphEvaluator
from scatter.mace.mace_torch import MaceTorch
from scatter.potentials.device import capture
from scatter.potentials.device.capture import Captured, in_place
from scatter.potentials.device.lists import Cell, edges, neighbours
from scatter.state import System

ALONE = 1e-10  # eV and eV/Å: sums in another order


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A model that no kernel of ours computes: its features have l = 1."""
    found = tmp_path_factory.mktemp("model") / "vectors.model"
    shape = KINDS["16x0e, products of two"] | {"features": "8x0e + 8x1o", "r_max": 3.6}
    with quiet():
        torch.save(model_of(**shape), found)
    return found


@pytest.fixture
def model(file):
    return MaceTorch(file, "cpu", "float64", trust_pickle=True)


def together(model, system, slots):
    """What evaluates on a GPU, on the CPU."""
    return GraphEvaluator(model, system, slots)


def begun(model, replicas, seen=True):
    """An evaluator, positions, and what one graph for each makes of them."""
    system, positions = hydrogen_on_copper(replicas=replicas)
    alone = model.bind(system, replicas).begin(np.arange(replicas), positions)
    evaluator = together(model, system, replicas)
    if seen:
        evaluator.begin(torch.arange(replicas), torch.as_tensor(positions))
    return evaluator, torch.as_tensor(positions), alone


def agree(found, expected, within=ALONE):
    for one, other in zip(found, expected, strict=True):
        assert np.asarray(one) == pytest.approx(np.asarray(other), abs=within)


@pytest.fixture(params=[mace_torch.PLACES, 400])
def places(request, monkeypatch):
    """Room for all replicas in one graph, or for one or two at a time."""
    monkeypatch.setattr(mace_torch, "PLACES", request.param)


def test_one_graph_of_many_replicas_gives_what_one_graph_for_each_gives(model, places):
    evaluator, positions, alone = begun(model, 4)
    agree(evaluator(positions), alone)


def test_a_list_of_all_edges_holds_those_of_the_atoms_lists():
    system, positions = hydrogen_on_copper(replicas=3)
    x, cell = torch.as_tensor(positions), Cell.of(system, 4.0, "cpu")
    near = neighbours(x, cell, 60)
    most = int(near.count.sum(dim=1).max())
    found = edges(x, cell, most + 10)
    assert torch.equal(found.count, near.count.sum(dim=1))
    assert torch.equal(found.listed.sum(dim=1), found.count)
    for slot in range(3):
        there, listed = found.listed[slot], near.listed[slot]
        assert torch.equal(found.sender[slot][there], near.sender[slot][listed])
        assert torch.equal(found.receiver[slot][there], listed.nonzero()[:, 0])
        assert torch.equal(found.shift[slot][there], near.shift[slot][listed])
        assert torch.equal(found.sender[slot][~there], found.receiver[slot][~there])
        assert (found.shift[slot][~there].norm(dim=-1) > 2 * cell.radius).all()
    short = edges(x, cell, most - 1)
    assert torch.equal(short.count, found.count)
    assert torch.equal(short.sender, found.sender[:, : most - 1])


def test_a_replica_that_is_nowhere_leaves_the_others_as_they_are(model):
    evaluator, x, _ = begun(model, 3)
    whole = evaluator(x)
    x = x.clone()
    x[1] = torch.nan
    energies, forces = evaluator(x)
    assert torch.isnan(energies).tolist() == [False, True, False]
    agree((energies[[0, 2]], forces[[0, 2]]), (whole[0][[0, 2]], whole[1][[0, 2]]))


def test_an_atom_without_neighbours_is_computed_too(model):
    few, positions = hydrogen_on_copper(replicas=2)
    lone = System(few.numbers[-1:], few.cell + np.eye(3) * 9, few.pbc, few.moving[-1:])
    x = positions[:, -1:]
    alone = model.bind(lone, 2).begin(np.arange(2), x)
    agree(together(model, lone, 2).begin(torch.arange(2), torch.as_tensor(x)), alone)


def test_replicas_that_are_all_nowhere_are_no_reason_to_choose(model):
    evaluator, x, alone = begun(model, 2, seen=False)
    assert torch.isnan(evaluator.begin(torch.arange(2), torch.nan * x)[0]).all()
    agree(evaluator.begin(torch.arange(2), x), alone)
    assert evaluator.bound.padded


def test_room_is_made_where_a_list_had_none(model):
    evaluator, x, alone = begun(model, 2)
    evaluator.bound.capacity, before = 40, evaluator.generation
    assert torch.isnan(evaluator(x)[0]).all()
    evaluator.first = 40
    assert evaluator.grow()
    assert evaluator.generation > before
    agree(evaluator(x), alone)
    evaluator.bound.capacity = evaluator.first = 2
    evaluator(x)
    with pytest.raises(UserError, match=r"pairs of neighbours, and its list .* had room for 2,"):
        evaluator.grow()


def test_arrays_of_numpy_are_never_answered_with_a_list_too_short(model, monkeypatch):
    model.place = mace_torch.Graphs("cpu")
    evaluator, x, alone = begun(model, 2)
    evaluator.bound.capacity = 40
    agree(evaluator(x.numpy()), alone)


def test_a_model_that_feels_edges_beyond_its_cutoff_gets_none(model, monkeypatch, capsys):
    forward = model.model.forward

    def feeling(graph, **options):
        (sender, receiver), found = graph["edge_index"], forward(graph, **options)
        apart = graph["positions"][receiver] - graph["positions"][sender] + graph["shifts"]
        lost = (apart.norm(dim=1) > model.cutoff).double()
        more = torch.zeros(len(graph["positions"]), dtype=torch.float64)
        return found | {"node_energy": found["node_energy"] + more.index_add(0, receiver, lost)}

    expected = begun(model, 2, seen=False)[2]
    monkeypatch.setattr(model.model, "forward", feeling)
    evaluator, x, _ = begun(model, 2)
    assert not evaluator.bound.padded
    agree(evaluator(x), expected)
    assert "the host waits for the device at every step" in capsys.readouterr().err


@pytest.mark.parametrize("scarce", [False, True])
def test_a_campaign_on_one_graph_is_that_of_a_graph_for_each(model, monkeypatch, scarce):
    """Also where lists begin with no more places than the starts need, and come to overflow.

    Steps are recorded, anew after lists have grown, by what stands in for a CUDA graph.
    """
    many, grown, made = list(starts(3)), [], []
    alone = {one.trajectory: one for one in propagate(iter(many), model, conditions(2))}
    on = conditions(2, array=torch.as_tensor, every=7, idle=0.5, stepping=Captured)

    def recorded(whole):
        made.append(whole.evaluator.generation)
        return lambda: in_place(whole)

    def grow(self, whole=GraphEvaluator.grow):
        found = whole(self)
        grown.extend([1] * found)
        if found:
            monkeypatch.undo()
        return found

    if scarce:
        monkeypatch.setattr(BatchedMace, "room_for", lambda self, most: most)
        monkeypatch.setattr(BatchedMace, "margin", 1.0)
    model.bind = lambda system, slots: together(model, system, slots)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(capture, "recorded", recorded)
        if scarce:
            patch.setattr(GraphEvaluator, "grow", grow)
        found = {one.trajectory: one for one in propagate(iter(many), model, on)}
    assert found.keys() == alone.keys()
    assert bool(grown) is scarce
    assert len(set(made)) == 1 + len(grown)
    for number, one in alone.items():
        assert (found[number].outcome, found[number].steps) == (one.outcome, one.steps)
        assert found[number].positions == pytest.approx(one.positions, abs=1e-8)


class Scarce:
    """A model with memory for so many replicas of eight atoms, as torch or TorchScript tells it."""

    def __init__(self, model, most, error):
        self.model, self.most, self.error, self.asked = model, most, error, []

    def __call__(self, graph, **options):
        self.asked.append(len(graph["ptr"]) - 1)
        if self.asked[-1] > self.most:
            raise self.error
        return self.model(graph, **options)


NO_MEMORY = [
    torch.cuda.OutOfMemoryError("no memory"),
    RuntimeError("The following operation failed in the TorchScript interpreter.\n"
                 "RuntimeError: CUDA out of memory. Tried to allocate 2.37 GiB"),
]  # fmt: skip


@pytest.mark.parametrize("error", NO_MEMORY)
def test_where_memory_is_short_half_as_many_replicas_are_computed_at_once(model, error, capsys):
    evaluator, x, alone = begun(model, 5)
    before = evaluator.generation
    evaluator.bound.model = scarce = Scarce(model.model, 2, error)
    agree(evaluator(x), alone)
    assert scarce.asked == [5, 2, 2, 1]
    assert evaluator.generation > before
    assert capsys.readouterr().err.endswith("has memory for 2 replicas at once, not for 5\n")
    agree(evaluator(x), alone)
    assert scarce.asked[4:] == [2, 2, 1]
    scarce.most = 0
    with pytest.raises(UserError, match="no memory for one replica of 8 atoms"):
        evaluator(x)


def test_no_other_failure_is_taken_for_a_lack_of_memory(model):
    evaluator, x, _ = begun(model, 3)
    evaluator.bound.model = Scarce(model.model, 0, RuntimeError("an illegal memory access"))
    with pytest.raises(RuntimeError, match="illegal"):
        evaluator(x)


def test_a_step_that_is_recorded_without_memory_is_recorded_anew_with_fewer(model, monkeypatch):
    evaluator, x, _ = begun(model, 3)
    before, evaluator.bound.model = evaluator.generation, Scarce(model.model, 1, NO_MEMORY[0])
    monkeypatch.setattr(mace_torch, "recording", lambda: True)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        evaluator(x)
    assert evaluator.bound.at_once() == 1
    assert evaluator.generation > before
    assert torch.isfinite(evaluator(x)[0]).all()
