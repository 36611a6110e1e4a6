"""What the fused kernels do at the edges of their arrays: no number, no room, too far away."""

import weakref

import numpy as np
import pytest
import torch
from few_atoms import answers, few_atoms
from test_no_wait import potential

from scatter.errors import UserError
from scatter.mace.device import fused as mace
from scatter.mace.kernels.gpu import edges
from scatter.potentials.device import fused
from scatter.potentials.device.lists import room_for
from scatter.state import System


def test_what_the_first_atom_sends_reaches_none_that_it_is_no_neighbour_of():
    """Places behind the last pair of an atom point at the first one, whose numbers may be none."""
    channels, places = 16, 16
    unit = torch.zeros(5 * 2 * places)
    unit[2 * 2 * places :][: 2 * places] = 1.0  # n = z
    index = torch.zeros(5 * 2 * places, dtype=torch.int32)
    index[2 * 2 * places + places] = 1  # the one pair, of the second atom with itself
    g = torch.ones(2 * channels)
    g[:channels] = torch.nan
    m, pairs = torch.zeros(2 * 16 * channels), torch.tensor([0, 1], dtype=torch.int32)
    table = torch.ones(24 * channels)
    edges.features_2[(2, 1)](
        unit, index, pairs, g, table, g, m, places, 2 * places, channels, 8, channels, False,
        num_warps=1,
    )  # fmt: skip
    assert torch.isfinite(m).all()
    assert (m.reshape(2, 16, channels)[:, 0] == torch.tensor([[0.0], [1.0]])).all()


@pytest.mark.attack
def test_an_atom_that_is_far_from_many_is_known_nowhere():
    """Its count once grew with each of them, to beyond the largest number, and then was none."""
    system = System(np.array([29, 29]), 1.8 * np.eye(3), (True, True, True), np.ones(2, bool))
    x = np.array([[[0.0, 0.0, 0.0], [0.9 + 600 * 1.8, 0.9, 0.9]]])
    evaluator = potential("float32", kernels="fused").bind(system, 1)
    energies, _ = evaluator.begin(np.arange(1), x)
    assert (evaluator.bound.lists.longest() < 1000).all()
    assert np.isnan(energies).all()


def test_tables_whose_places_32_bits_do_not_count_are_refused(monkeypatch):
    system, _ = few_atoms()
    fused_mace = potential("float32", kernels="fused")
    monkeypatch.setattr(mace, "LONGEST", fused_mace.weights.table_1.numel() - 1)
    with pytest.raises(UserError, match="radial functions of 2 elements .* --elements"):
        fused_mace.bind(system, 1)


def test_lists_that_grow_leave_their_memory_first(monkeypatch):
    system, x = few_atoms()
    bound = potential("float32", kernels="fused").bind(system, 1).bound
    bound.make_room(20)
    old, made = [weakref.ref(bound.lists), weakref.ref(bound.scratch)], []

    class Lists(fused.Lists):
        def __init__(self, *sizes):
            made.append([one() for one in old])
            super().__init__(*sizes)

    monkeypatch.setattr(fused, "Lists", Lists)
    bound.make_room(40)
    assert made == [[None, None]]


@pytest.mark.parametrize(("room", "at_once"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 5), (9, 5)])
def test_turns_are_of_one_size_within_their_room(monkeypatch, room, at_once):
    system, _ = few_atoms()
    bound = potential("float32", kernels="fused").bind(system, 5).bound
    bound.capacity = room_for(20)
    monkeypatch.setattr(fused, "ROOM", room * 4 * bound.per_atom())
    bound.make_room(20)
    assert bound.at_once == at_once


def test_a_gpu_without_memory_is_told(monkeypatch):
    def full(self, positions):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 4 GiB.\nSee ...")

    system, x = few_atoms()
    monkeypatch.setattr(fused.Fused, "fresh", full)
    with pytest.raises(UserError, match=r"slots: .* \(CUDA out of memory. Tried .* GiB.\); set"):
        answers(potential("float32", kernels="fused"), system, x)
