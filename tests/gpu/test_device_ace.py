"""The linear ACE on a device: plain formulas and fused kernels beside the kernel of the CPU.

The fused kernels run in Triton's interpreter, atom by atom, so that they get few atoms here, and
models of few products.
"""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from ace_invariant import invariant_ace
from ace_models import KINDS, random_ace
from compiled import compiled
from few_atoms import ALLOWED, agrees, answers, few_atoms
from mace_models import hydrogen_on_copper
from no_wait import NoWait
from yace_trees import tree_of

from scatter.ace.cpu import Ace
from scatter.ace.family import AceDevice, AceFamily
from scatter.ace.yace.file import write_tree
from scatter.errors import UserError
from scatter.potentials.check import deviations
from scatter.potentials.table import PotentialTable, open_potential

FEW = {
    "cutoffs of their own, species in another order": lambda: random_ace(
        3, numbers=(29, 1), cutoff=((3.0, 4.0), (4.0, 5.0)), products=(20, 6, 6)
    ),
    "two blocks of radial functions": lambda: random_ace(2, n=17, degree=1, products=(40, 5, 5)),
    "few and near": lambda: random_ace(7, cutoff=3.0, n=1, degree=1, products=(12, 6, 6)),
    "no products": lambda: random_ace(5, products=(0, 0, 0)),
    "three species, l up to five": lambda: random_ace(
        4, numbers=(8, 29, 1), n=1, degree=5, products=(20, 5, 5)
    ),
}


FIRST = [*KINDS][:1] + [pytest.param(kind, marks=pytest.mark.attack) for kind in [*KINDS][1:]]
LEAST = "few and near"
MORE = [LEAST] + [pytest.param(k, marks=pytest.mark.attack) for k in FEW if k != LEAST]


def fused(model, precision="float64"):
    return AceDevice(model, precision, "cpu", kernels="fused")


@pytest.mark.parametrize("kind", FIRST)
def test_the_plain_formulas_are_the_kernel_of_the_cpu(kind):
    system, positions = hydrogen_on_copper()
    expected = answers(Ace(KINDS[kind]()), system, positions)
    assert abs(expected[1]).max() > 0.1
    for precision in ALLOWED:
        found = answers(AceDevice(KINDS[kind](), precision, "cpu"), system, positions)
        agrees(found, expected, precision)
        assert (found[1][:, ~system.moving] == 0).all()


@pytest.mark.parametrize("kind", MORE)
def test_the_fused_kernels_are_the_plain_formulas(kind):
    system, positions = few_atoms()
    expected = answers(AceDevice(FEW[kind](), "float64", "cpu"), system, positions)
    found = answers(fused(FEW[kind]()), system, positions)
    agrees(found, expected, "float64")
    assert abs(expected[1]).max() > 0.02
    assert (found[1][:, ~system.moving] == 0).all()


def test_the_fused_kernels_are_the_kernel_of_the_cpu_in_single_precision():
    """In double precision that follows from the two tests above."""
    system, positions = few_atoms()
    model = random_ace(products=(20, 8, 8))
    expected = answers(Ace(model), system, positions)
    agrees(answers(fused(model, "float32"), system, positions), expected, "float32")


def test_the_plain_formulas_keep_the_laws_of_potentials():
    system, positions = hydrogen_on_copper()
    device = AceDevice(invariant_ace(cutoff=5.0), "float64", "cpu")
    found = deviations(device, system, positions, np.random.default_rng(1))
    assert not found.broken(batch=1e-12, frozen=0.0)


def test_bits_do_not_depend_on_the_batch_though_groups_of_terms_are_left_out():
    """Around the copper of one replica there is hydrogen, around that of the other there is not."""
    system, positions = few_atoms(replicas=2)
    system = replace(system, cell=system.cell * [[1], [1], [3]])
    positions[1, 2:, 2] += 6.0
    device = fused(FEW["few and near"]())
    both = device.bind(system, 2)
    found = both.begin(np.arange(2), positions)
    hydrogen, copper = both.bound.scratch.seen.reshape(4, -1)[1, :2].tolist(), 0b10
    assert hydrogen == [0b11, copper]
    plain = AceDevice(FEW["few and near"](), "float64", "cpu")
    agrees(found, answers(plain, system, positions), "float64")
    for slot in range(2):
        alone = answers(device, system, positions[slot : slot + 1])
        assert np.array_equal(alone[0], found[0][slot : slot + 1])
        assert np.array_equal(alone[1], found[1][slot : slot + 1])


@pytest.mark.parametrize("kernels", ["plain", "fused"])
def test_what_cannot_be_computed_is_nan_and_disturbs_no_other(kernels):
    system, positions = few_atoms(replicas=3)
    positions = positions[[0, 0, 0]]
    positions[0, 3] = positions[0, 2] + [5e-4, 0.0, 0.0]
    positions[1, 3, 0] = np.nan
    device = AceDevice(FEW["few and near"](), "float64", "cpu", kernels=kernels)
    evaluator = device.bind(system, 3)
    evaluator.begin(np.array([2]), positions[2:])
    energies, forces = evaluator(positions)
    assert np.isnan(energies).tolist() == [True, True, False]
    agrees((energies[2:], forces[2:]), answers(device, system, positions[2:]), "float64")


@pytest.mark.attack
def test_replicas_in_turns_have_the_same_bits(monkeypatch):
    system, positions = few_atoms(replicas=2)
    device = fused(FEW["few and near"]())
    together = answers(device, system, positions)
    monkeypatch.setattr("scatter.potentials.device.fused.ROOM", 1)
    evaluator = device.bind(system, 2)
    in_turns = evaluator.begin(np.arange(2), positions)
    assert evaluator.bound.at_once == 1
    assert np.array_equal(in_turns[0], together[0])
    assert np.array_equal(in_turns[1], together[1])


def test_a_table_of_fewer_knots_is_precise_enough_for_single_precision():
    model = random_ace(samples=2048)
    single, double = (AceDevice(model, kind, "cpu").weights for kind in ("float32", "float64"))
    assert 256 <= single.knots < 300 < double.knots
    system, positions = hydrogen_on_copper()
    expected = answers(AceDevice(model, "float64", "cpu"), system, positions)
    found = answers(AceDevice(model, "float32", "cpu"), system, positions)
    assert abs(found[0] - expected[0]).max() < 1e-8
    assert abs(found[1] - expected[1]).max() < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "precision"), [
    ("both species alike", "float32"),
    pytest.param("l up to five, n up to ten", "float64", marks=pytest.mark.attack),
])  # fmt: skip
def test_the_fused_kernels_compile_for_a_gpu(kind, precision, tmp_path):
    """For an H100, with the assembler that Triton brings: what the interpreter does not see."""
    found = compiled(KINDS[kind](), tmp_path, precision)
    assert len({one["kernel"] for one in found}) == 12
    assert all(one["spilled"] == 0 and one["instructions"] > 0 for one in found)


def test_one_model_is_told_from_another_and_from_another_device():
    model, other = random_ace(), random_ace(1)
    kinds = [(model, "float32"), (model, "float64"), (other, "float32")]
    assert len({AceDevice(m, p, "cpu").identity for m, p in kinds}) == 3
    assert AceDevice(model, "float64", "cpu").identity != Ace(model).identity


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_told(tmp_path):
    random_ace().write(tmp_path / "model.npz")
    table = PotentialTable(kind="ace", file=str(tmp_path / "model.npz"), device="cuda")
    with pytest.raises(UserError, match="torch sees no GPU"):
        open_potential(table)


@pytest.mark.parametrize("kind", [None, "FinnisSinclair"])
def test_a_yace_file_opens_on_a_gpu_unless_a_density_has_a_power(kind, tmp_path, monkeypatch):
    monkeypatch.setitem(AceFamily.on, "cuda", partial(AceDevice, device="cpu"))
    tree = tree_of(invariant_ace(cutoff=5.0), "SBessel")
    if kind:
        for each in tree["embeddings"].values():
            each |= {"npoti": kind, "ndensity": 1, "FS_parameters": [1.0, 0.5]}
    write_tree(tree, tmp_path / "model.yace")
    table = PotentialTable(kind="ace", file=str(tmp_path / "model.yace"), device="cuda")
    if kind:
        with pytest.raises(UserError, match="a density of its atoms has a power"):
            open_potential(table)
    else:
        found = open_potential(table)
        assert found.description == "plain ACE model.yace (float32 on cpu)"


def test_single_precision_is_refused_on_the_cpu(tmp_path):
    random_ace().write(tmp_path / "model.npz")
    table = PotentialTable(kind="ace", file=str(tmp_path / "model.npz"), precision="float32")
    with pytest.raises(UserError, match="in double precision; leave the key out"):
        open_potential(table)


def test_the_leverage_is_that_of_the_cpu_and_does_not_wait():
    bare = invariant_ace(cutoff=5.0)
    size = 2 * bare.two_body.shape[3] + bare.weights.shape[1]
    root = np.triu(np.random.default_rng(5).normal(size=(2, size, size)))
    root[:, :, 4:][(bare.weights == 0)[:, None, :].repeat(size, axis=1)] = 0
    model = replace(bare, leverage=root)
    system, positions = hydrogen_on_copper()
    positions = np.concatenate([positions, positions[:2]])
    positions[3, -1, 0] = np.nan
    positions[4, -2:, 2] += 20.0
    expected = Ace(model).guards[0].bind(system, 5)(positions)
    device = AceDevice(model, "float64", "cpu")
    measure = device.guards[0].bind(system, 5)
    there = device.place.array(positions)
    found = measure(there)
    assert found.numpy() == pytest.approx(expected, rel=1e-9, nan_ok=True)
    assert np.isfinite(expected).tolist() == [True, True, True, False, True]
    with NoWait():
        measure(there)
    assert AceDevice(bare, "float64", "cpu").guards == ()
