"""Models with densities and with vectors on a device: plain formulas and fused kernels.

They are set beside the kernel of the CPU, and the plain formulas beside mace-torch itself too.
"""

import numpy as np
import pytest
from compiled import compiled
from few_atoms import ALLOWED, agrees, answers, few_atoms, fused_as_on_the_cpu
from mace_models import (
    SMALL_VECTOR,
    TODAY,
    by_mace_torch,
    folded_model,
    hydrogen_on_copper,
    random_model,
)

from scatter.mace.cpu import MaceFused
from scatter.mace.family import MaceDevice

DENSE = "32x0e, densities, Agnesi, ZBL"
VECTOR = "32x0e+32x1o, densities, Agnesi, ZBL"
SMALL_DENSE = "16x0e, densities"


@pytest.mark.parametrize("precision", ALLOWED)
@pytest.mark.parametrize("kind", TODAY)
def test_the_plain_formulas_are_the_kernel_of_the_cpu(kind, precision):
    system, positions = hydrogen_on_copper()
    expected = answers(MaceFused(folded_model(kind), "float64"), system, positions)
    found = answers(MaceDevice(folded_model(kind), precision, "cpu"), system, positions)
    agrees(found, expected, precision)
    assert (found[1][:, ~system.moving] == 0).all()


@pytest.mark.parametrize("kind", [DENSE, VECTOR])
def test_the_plain_formulas_are_mace_torch(kind):
    system, positions = hydrogen_on_copper(1)
    expected = by_mace_torch(random_model(kind), system, positions)
    energies, forces = answers(MaceDevice(folded_model(kind), "float64", "cpu"), system, positions)
    agrees((energies, forces), (expected[0], expected[1] * system.moving[:, None]), "float64")


@pytest.mark.parametrize(
    "precision", [pytest.param("float64", marks=pytest.mark.attack), "float32"]
)
@pytest.mark.parametrize("kind", [SMALL_DENSE, pytest.param(SMALL_VECTOR, marks=pytest.mark.slow)])
def test_the_fused_kernels_are_the_kernel_of_the_cpu(kind, precision):
    fused_as_on_the_cpu(folded_model(kind), precision)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "kernels"),
    [
        pytest.param(SMALL_DENSE, {"shares_of", "back_2"}, marks=pytest.mark.attack),
        (SMALL_VECTOR, {"shares_of", "products_of_1", "vector_features_2", "vector_back_2"}),
    ],
)
def test_the_fused_kernels_compile_for_a_gpu(kind, kernels, tmp_path):
    """For an H100; see `test_device_mace`."""
    found = compiled(folded_model(kind), tmp_path)
    names = {one["kernel"] for one in found}
    assert kernels < names  # and those that all models have
    assert all(one["spilled"] <= 64 and one["instructions"] > 0 for one in found)


@pytest.mark.attack
@pytest.mark.parametrize("kind", [SMALL_DENSE, SMALL_VECTOR])
def test_the_bits_of_fused_kernels_do_not_depend_on_the_batch(kind):
    system, positions = few_atoms(replicas=2)
    fused = MaceDevice(folded_model(kind), "float32", "cpu", kernels="fused")
    both, alone = answers(fused, system, positions), answers(fused, system, positions[1:])
    assert all(np.array_equal(some[1:], one) for some, one in zip(both, alone, strict=True))
