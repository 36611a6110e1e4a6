"""The folded MACE on a device: plain formulas and fused kernels beside the kernel of the CPU.

The fused kernels run in Triton's interpreter, atom by atom, so that they get few atoms here.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from compiled import compiled
from few_atoms import ALLOWED, agrees, answers, few_atoms, fused_as_on_the_cpu
from mace_models import KINDS, folded_model, hydrogen_on_copper
from scipy.ndimage import spline_filter1d

from scatter.kernels.splines import coefficients
from scatter.mace.cpu import MaceFused
from scatter.mace.family import MaceDevice
from scatter.mace.file import FoldedMace
from scatter.potentials.check import deviations
from scatter.potentials.families import SHIPPED

ROOT = Path(__file__).parents[2]
SMALL, ZBL, LARGE = KINDS


def model(kind):
    return FoldedMace.read(SHIPPED) if kind == "shipped" else folded_model(kind)


@pytest.mark.parametrize("precision", ALLOWED)
@pytest.mark.parametrize("kind", ["shipped", *KINDS])
def test_the_plain_formulas_are_the_kernel_of_the_cpu(kind, precision):
    system, positions = hydrogen_on_copper()
    expected = answers(MaceFused(model(kind), "float64"), system, positions)
    found = answers(MaceDevice(model(kind), precision, "cpu"), system, positions)
    agrees(found, expected, precision)
    assert (found[1][:, ~system.moving] == 0).all()


@pytest.mark.parametrize(("kind", "precision"), [
    ("shipped", "float32"), ("shipped", "float64"), (ZBL, "float64"), (ZBL, "float32"),
    pytest.param(LARGE, "float32", marks=pytest.mark.attack),
])  # fmt: skip
def test_the_fused_kernels_are_the_kernel_of_the_cpu(kind, precision):
    fused_as_on_the_cpu(model(kind), precision)


def test_the_plain_formulas_keep_the_laws_of_potentials():
    system, positions = hydrogen_on_copper()
    found = deviations(
        MaceDevice(model("shipped"), "float64", "cpu"), system, positions, np.random.default_rng(1)
    )
    assert not found.broken(batch=1e-12, frozen=0.0)


@pytest.mark.attack
def test_fused_lists_serve_until_they_are_renewed_and_bits_do_not_depend_on_the_batch():
    """A slot goes on with its list, is forgotten, and has another beside it."""
    system, positions = few_atoms(replicas=2)
    fused = MaceDevice(model("shipped"), "float64", "cpu", kernels="fused")
    both = fused.bind(system, 2)
    both.begin(np.arange(2), positions)
    both(positions)
    made = both.bound.lists.reference.clone()
    moved = positions.copy()
    moved[0, 3] += [0.0, 0.1, 0.2]
    moved[1, 3] += [0.0, 0.5, 0.2]
    found = both(moved)
    assert torch.equal(both.bound.lists.reference[0], made[0])
    assert not torch.equal(both.bound.lists.reference[1], made[1])
    agrees(found, answers(MaceFused(model("shipped"), "float64"), system, moved), "float64")
    alone = fused.bind(system, 1)
    alone.begin(np.arange(1), moved[1:])
    assert np.array_equal(alone(moved[1:])[0], found[0][1:])
    assert np.array_equal(alone(moved[1:])[1], found[1][1:])


@pytest.mark.parametrize("kernels", ["plain", pytest.param("fused", marks=pytest.mark.attack)])
def test_what_cannot_be_computed_is_nan_and_disturbs_no_other(kernels):
    system, positions = few_atoms(replicas=3)
    positions = positions[[0, 0, 0]]
    positions[0, 3] = positions[0, 2]
    positions[1, 3, 0] = np.nan
    evaluator = MaceDevice(model("shipped"), "float64", "cpu", kernels=kernels).bind(system, 3)
    evaluator.begin(np.array([2]), positions[2:])
    energies, _ = evaluator(positions)
    assert np.isnan(energies).tolist() == [True, True, False]
    evaluator.bound.capacity, room = 4, evaluator.bound.capacity
    assert np.isnan(evaluator(positions[2:])[0]).all() or kernels == "fused"
    evaluator.bound.capacity = room


@pytest.mark.attack
def test_a_replica_far_from_its_cell_has_the_same_neighbours():
    system, positions = few_atoms()
    away = positions + np.array([2.0, -3.0, 0.0]) @ system.cell
    for kernels in ("plain", "fused"):
        device = MaceDevice(model("shipped"), "float64", "cpu", kernels=kernels)
        agrees(answers(device, system, away), answers(device, system, positions), "float64")


def test_coefficients_of_splines_are_those_of_scipy():
    samples = np.random.default_rng(0).normal(size=(2, 93, 4, 3))
    expected = spline_filter1d(samples, 5, axis=1, mode="mirror")
    assert coefficients(samples) == pytest.approx(expected, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["shipped", pytest.param(ZBL, marks=pytest.mark.attack)])
def test_the_fused_kernels_compile_for_a_gpu(kind, tmp_path):
    """For an H100, with the assembler that Triton brings: what the interpreter does not see."""
    found = compiled(model(kind), tmp_path)
    assert len({one["kernel"] for one in found}) == 15
    assert all(one["spilled"] <= 64 and one["instructions"] > 0 for one in found)


def test_one_model_is_told_from_another_and_from_another_device():
    folded, other = model("shipped"), replace(model("shipped"), cutoff=4.9)
    kinds = [(folded, "float32"), (folded, "float64"), (other, "float32")]
    assert len({MaceDevice(m, p, "cpu").identity for m, p in kinds}) == 3
    assert MaceDevice(folded, "float32", "cpu").identity != MaceFused(folded, "float32").identity
