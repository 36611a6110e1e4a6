"""The memory of the kernels: nothing beyond an array, no race between programs or within one.

On a GPU all programs of a launch run at once, and so do the threads of each: what one writes
another may read only after a barrier, or in the next launch. `watched.py` looks at every access.
"""

import numpy as np
import pytest
import torch
import triton
import triton.language as tl
from ace_models import random_ace
from few_atoms import few_atoms
from mace_models import SMALL_VECTOR, folded_model
from test_device_mace import ZBL, model
from watched import watched

from scatter.ace.family import AceDevice
from scatter.mace.family import MaceDevice


@triton.jit
def _shifted(x, count, BARRIER: tl.constexpr):
    i = tl.arange(0, 8)
    tl.store(x + i, i * 1.0)
    if BARRIER:
        tl.debug_barrier()
    tl.store(x + 8 + i, tl.load(x + (7 - i)))


@triton.jit
def _summed(x, count):
    program = tl.program_id(0)
    tl.store(x, tl.load(x) + program)


@triton.jit
def _beyond(x, count):
    tl.load(x + count)


@triton.jit
def _collides(x, count):
    i = tl.arange(0, 8)
    tl.store(x + i // 2, i * 1.0)


@triton.jit
def _large(x, count):
    tl.store(x, (count * 100_000_000).to(tl.float32))


@pytest.mark.parametrize(("kernel", "others", "programs", "faults"), [
    (_shifted, (False,), 1, {"reads what it wrote before, without a barrier"}),
    (_shifted, (True,), 1, set()),
    (_summed, (), 2, {
        "reads what another program wrote", "writes what another program wrote",
        "writes what another program read", "writes what it read before, without a barrier",
    }),
    (_beyond, (), 1, {"beyond all arrays"}),
    (_collides, (), 1, {"writes two values to one place"}),
    (_large, (), 1, {"overflows 32 bits"}),
])  # fmt: skip
def test_the_watch_finds_what_is_wrong(kernel, others, programs, faults, monkeypatch):
    with watched(monkeypatch) as watch:
        kernel[(programs,)](torch.zeros(32), 32, *others)
    assert {what for _, what in watch.faults} == faults


MODELS = {
    "ACE": lambda: AceDevice(
        random_ace(3, numbers=(29, 1), cutoff=((3.0, 4.0), (4.0, 5.0)), products=(20, 6, 6)),
        "float32", "cpu", kernels="fused",
    ),
    "MACE": lambda: MaceDevice(model("shipped"), "float32", "cpu", kernels="fused"),
    "MACE with vectors": lambda: MaceDevice(
        folded_model(SMALL_VECTOR), "float32", "cpu", kernels="fused"
    ),
    "MACE of two blocks, ZBL": lambda: MaceDevice(model(ZBL), "float32", "cpu", kernels="fused"),
}  # fmt: skip


@pytest.mark.parametrize(
    "kind",
    [
        "MACE",
        pytest.param("ACE", marks=pytest.mark.attack),
        pytest.param("MACE with vectors", marks=pytest.mark.attack),
        pytest.param("MACE of two blocks, ZBL", marks=pytest.mark.attack),
    ],
)
def test_no_kernel_races_or_leaves_its_arrays_or_reads_what_a_step_before_left(kind, monkeypatch):
    """One replica after the other in the same arrays, an atom nowhere, and lists that overflow."""
    system, positions = few_atoms(replicas=2)
    monkeypatch.setattr("scatter.potentials.device.fused.ROOM", 1)
    evaluator = MODELS[kind]().bind(system, 2)
    expected = evaluator.begin(np.arange(2), positions)
    for array in vars(evaluator.bound.scratch).values():
        if isinstance(array, torch.Tensor):
            array.fill_(torch.nan if array.is_floating_point() else 2**30)
    with watched(monkeypatch) as watch:
        found = evaluator(positions)
        positions[0, 0, 0] = np.nan
        monkeypatch.setattr("scatter.potentials.device.fused.room_for", lambda most: 3)
        evaluator.bound.make_room(3)
        assert np.isnan(evaluator(positions)[0]).all()
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))
    assert len(watch.kernels) > 10
    assert not watch.faults
