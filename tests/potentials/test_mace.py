import hashlib
import io
import os
import threading
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import numba
import numpy as np
import pytest
from ase import Atoms
from ase.build import fcc111
from numba_threads import threads_as_before

from scatter.mace import mace_torch as mace
from scatter.mace.mace_torch import MaceTorch
from scatter.potentials.check import deviations, difference
from scatter.potentials.sharing import Sharing
from scatter.settings import UserError
from scatter.state import System

PUBLISHED = (
    Path(__file__).parents[2] / ".." / "shared" / "reference" / "h2cu" / "mace_stark2024.model"
)


def by_mace_torch(file, system, positions):
    """Energy and forces of one replica by mace-torch's own calculator."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        from mace.calculators import MACECalculator

        calculator = MACECalculator(str(file), device="cpu", default_dtype="float64")
    atoms = Atoms(system.numbers, positions, cell=system.cell, pbc=system.pbc)
    return (
        calculator.get_property("energy", atoms),
        calculator.get_property("forces", atoms),
    )


def ours(file, system, positions, precision="float64"):
    evaluator = MaceTorch(file, "cpu", precision, trust_pickle=True).bind(system, len(positions))
    return evaluator.begin(np.arange(len(positions)), positions)


def test_the_answer_is_that_of_mace_torch(mace_file, hydrogen_on_copper):
    system, positions = hydrogen_on_copper(replicas=3)
    energies, forces = ours(mace_file, system, positions)
    for n, x in enumerate(positions):
        energy, force = by_mace_torch(mace_file, system, x)
        assert energies[n] == pytest.approx(energy, abs=1e-9)
        moving = system.moving
        assert forces[n, moving] == pytest.approx(force[moving], abs=1e-9)


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published H2/Cu model is not here")
def test_the_published_model_gives_what_mace_torch_makes_of_it():
    slab = fcc111("Cu", (3, 3, 6), a=3.71, vacuum=10.0)
    x = np.vstack([slab.positions, slab.positions[-1] + [[0.3, 0.2, 1.3], [1.1, 0.6, 1.5]]])
    x += np.random.default_rng(5).normal(0, 0.08, x.shape)
    numbers = np.append(slab.numbers, [1, 1])
    system = System(numbers, slab.cell.array, (True, True, False), np.ones(len(x), bool))
    energy, force = by_mace_torch(PUBLISHED, system, x)
    energies, forces = ours(PUBLISHED, system, x[None])
    assert energies[0] == pytest.approx(energy, abs=1e-6)
    assert forces[0] == pytest.approx(force, abs=1e-5)
    energies, forces = ours(PUBLISHED, system, x[None], "float32")
    assert energies[0] == pytest.approx(energy, abs=1e-4)
    assert forces[0] == pytest.approx(force, abs=1e-4)


def test_single_precision_is_near_double(mace_file, hydrogen_on_copper):
    system, positions = hydrogen_on_copper(replicas=3)
    single, double = (
        MaceTorch(mace_file, "cpu", precision, trust_pickle=True)
        for precision in ("float32", "float64")
    )
    assert 0 < difference(single, double, system, positions) < 1e-5


@pytest.mark.slow
def test_single_precision_keeps_the_exact_laws(mace_file, hydrogen_on_copper):
    system, positions = hydrogen_on_copper(replicas=2)
    single = MaceTorch(mace_file, "cpu", "float32", trust_pickle=True)
    found = deviations(single, system, positions, np.random.default_rng(1))
    near = dict.fromkeys(
        ["translation", "image", "rotation", "permutation", "held", "separation", "memory"], 2e-6
    )
    assert not found.broken(gradient=5e-3, **near)


def test_replicas_are_shared_out_to_threads_of_which_each_has_one_thread_of_torchs(
    mace_file, hydrogen_on_copper, monkeypatch
):
    system, positions = hydrogen_on_copper(replicas=5)
    alone = ours(mace_file, system, positions, "float32")
    monkeypatch.setattr(Sharing, "__call__", lambda self, amount, work: work())  # by all threads
    seen = []
    evaluate = mace.MaceEvaluator._evaluate

    def noted(self, *arguments):
        seen.append((threading.get_ident(), self.potential.torch.get_num_threads()))
        return evaluate(self, *arguments)

    monkeypatch.setattr(mace.MaceEvaluator, "_evaluate", noted)
    with threads_as_before(min(2, numba.config.NUMBA_NUM_THREADS)):
        shared = ours(mace_file, system, positions, "float32")
        elsewhere = {thread for thread, _ in seen} - {threading.get_ident()}
        assert bool(elsewhere) == (numba.get_num_threads() > 1)
    assert len(seen) == 5
    assert {threads for _, threads in seen} == {1}
    for one, other in zip(alone, shared, strict=True):
        assert np.array_equal(one, other)


def test_torch_arrays_come_back_as_torch_arrays(mace_file, hydrogen_on_copper):
    import torch

    system, positions = hydrogen_on_copper(replicas=2)
    evaluator = MaceTorch(mace_file, "cpu", trust_pickle=True).bind(system, 2)
    energies, forces = evaluator.begin(torch.arange(2), torch.tensor(positions))
    assert energies.dtype == forces.dtype == torch.float64
    assert np.array_equal(forces.numpy(), evaluator(positions)[1])


class Intruder:
    """A pickle that makes a directory when it is opened."""

    def __init__(self, place):
        self.place = str(place)

    def __reduce__(self):
        return os.mkdir, (self.place,)


def test_a_file_that_is_not_trusted_is_not_opened(tmp_path):
    import torch

    file, mark = tmp_path / "a.model", tmp_path / "opened"
    torch.save(Intruder(mark), file)
    with pytest.raises(UserError, match=r"trust_pickle = true.*--trust-pickle"):
        MaceTorch(file)
    assert not mark.exists()
    with pytest.raises(UserError, match="not a MACE model"):
        MaceTorch(file, trust_pickle=True)
    assert mark.exists()


def test_the_identity_is_the_hash_of_the_file_with_precision_and_device(mace_file):
    found = MaceTorch(mace_file, "cpu", trust_pickle=True).identity
    assert found == hashlib.sha256(mace_file.read_bytes()).hexdigest() + " float32 cpu"


def test_what_is_no_model_is_refused(tmp_path):
    file = tmp_path / "a.model"
    file.write_text("this is not a pickle")
    with pytest.raises(UserError, match="cannot be read"):
        MaceTorch(file, "cpu", trust_pickle=True)


def test_an_unknown_element_is_refused(mace_file):
    oxygen = System(np.array([8]), np.eye(3), (False, False, False), np.ones(1, bool))
    with pytest.raises(UserError, match="does not know O; it knows H, Cu"):
        MaceTorch(mace_file, "cpu", trust_pickle=True).bind(oxygen, 1)


def test_a_model_of_several_heads_needs_one_called_default(mace_file, tmp_path):
    import torch

    model = MaceTorch(mace_file, "cpu", trust_pickle=True).model
    for heads, chosen in ((["pbe", "Default"], 1), (["pbe", "scan"], None)):
        model.heads = heads
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.save(model, tmp_path / "heads.model")
        if chosen is None:
            with pytest.raises(UserError, match="the heads pbe, scan"):
                MaceTorch(tmp_path / "heads.model", "cpu", trust_pickle=True)
        else:
            assert MaceTorch(tmp_path / "heads.model", "cpu", trust_pickle=True).head == chosen


def test_a_missing_gpu_is_refused(mace_file, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="torch sees no GPU"):
        MaceTorch(mace_file, "cuda", trust_pickle=True)
    assert MaceTorch(mace_file, "auto", trust_pickle=True).device == "cpu"


def test_missing_torch_is_a_sentence_that_names_the_extra(mace_file, monkeypatch):
    def absent(name):
        raise ImportError(f"No module named '{name}'")

    monkeypatch.setattr(mace, "import_module", absent)
    with pytest.raises(UserError, match=r"surface-scatter\[mace\]"):
        MaceTorch(mace_file, trust_pickle=True)
