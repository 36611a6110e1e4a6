"""What both kernels promise of a batch: each replica is computed from its own positions alone."""

import numba
import numpy as np
import pytest
from ace_invariant import invariant_ace
from mace_models import folded_model, hydrogen_on_copper
from numba_threads import threads_as_before

from scatter.ace.cpu import Ace
from scatter.mace.cpu import MaceFused
from scatter.potentials.sharing import Sharing

KERNELS = {
    "MACE, float32": lambda: MaceFused(folded_model("16x0e, products of two"), "float32"),
    "MACE, float64": lambda: MaceFused(folded_model("16x0e, products of two"), "float64"),
    "ACE": lambda: Ace(invariant_ace(cutoff=5.0)),
}


@pytest.fixture(scope="module", params=KERNELS)
def potential(request):
    return KERNELS[request.param]()


def ours(potential, system, positions):
    return potential.bind(system, len(positions)).begin(np.arange(len(positions)), positions)


def test_bits_do_not_depend_on_batch_slot_or_threads(potential, monkeypatch):
    monkeypatch.setattr(Sharing, "__call__", lambda self, amount, work: work())  # by all threads
    system, positions = hydrogen_on_copper(replicas=5)
    energies, forces = ours(potential, system, positions)
    for threads in range(1, numba.config.NUMBA_NUM_THREADS + 1):
        with threads_as_before(threads):
            for order in ([0], [4, 2, 0, 3, 1], [2, 2, 2]):
                again = ours(potential, system, positions[order])
                assert np.array_equal(again[0], energies[order])
                assert np.array_equal(again[1], forces[order])


def test_bits_do_not_depend_on_where_frozen_atoms_of_other_replicas_are(potential):
    """What pairs of frozen atoms give is kept from replica to replica."""
    system, positions = hydrogen_on_copper()
    other = positions[:1].copy()
    other[0, ~system.moving] += [[0.1, 0.0, 0.0], [0.0, -0.1, 0.05]]
    mixed = np.concatenate([positions[:1], other, positions[1:], other])
    energies, forces = ours(potential, system, mixed)
    for slot, x in enumerate(mixed):
        alone = ours(potential, system, x[None])
        assert alone[0][0] == energies[slot]
        assert np.array_equal(alone[1][0], forces[slot])


@pytest.mark.parametrize("distance", [0.0, 5e-4])
def test_atoms_that_touch_have_no_energy_and_disturb_no_other(potential, distance):
    system, positions = hydrogen_on_copper()
    touching = positions.copy()
    touching[1, -1] = touching[1, -2] + [distance, 0.0, 0.0]
    energies, forces = ours(potential, system, touching)
    assert np.isnan(energies[1])
    whole = ours(potential, system, positions)
    assert np.array_equal(energies[[0, 2]], whole[0][[0, 2]])
    assert np.array_equal(forces[[0, 2]], whole[1][[0, 2]])


def test_there_is_working_memory_for_lists_that_have_grown(potential):
    system, positions = hydrogen_on_copper()
    evaluator = potential.bind(system, len(positions))
    listed, room = (each.first.shape[1] for each in (evaluator.lists, evaluator.evaluate.scratch))
    dense = positions * [1.0, 1.0, 0.2]
    evaluator.begin(np.arange(len(dense)), dense)
    evaluator(dense)
    pairs = evaluator.lists.counts.max()
    assert listed < pairs <= evaluator.evaluate.scratch.first.shape[1]
    assert room < evaluator.evaluate.scratch.first.shape[1]
