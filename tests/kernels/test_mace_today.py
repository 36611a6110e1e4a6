"""Models with densities and with vectors: the same function as mace-torch, and the laws of any."""

from dataclasses import replace

import numpy as np
import pytest
from mace_models import (
    TODAY,
    by_mace_torch,
    folded_model,
    hydrogen_on_copper,
    random_model,
    with_vectors,
)

from scatter.mace.cpu import MaceFused
from scatter.mace.file import FoldedMace
from scatter.potentials.check import deviations
from scatter.potentials.families import SHIPPED
from scatter.settings import UserError
from scatter.state import System

DENSE = "32x0e, densities, Agnesi, ZBL"
VECTOR = "32x0e+32x1o, densities, Agnesi, ZBL"


def ours(folded, system, positions, precision="float64"):
    evaluator = MaceFused(folded, precision).bind(system, len(positions))
    return evaluator.begin(np.arange(len(positions)), positions)


@pytest.fixture(scope="module", params=TODAY)
def expected(request):
    """A kind of model, and the energies and forces of mace-torch."""
    system, positions = hydrogen_on_copper()
    return request.param, *by_mace_torch(random_model(request.param), system, positions)


# Forces by their RMS; energies in eV per atom.
@pytest.mark.parametrize(
    ("precision", "of_forces", "of_energies"), [("float64", 1e-9, 1e-13), ("float32", 1e-5, 1e-6)]
)
def test_energies_and_forces_are_those_of_mace_torch(expected, precision, of_forces, of_energies):
    kind, energies, forces = expected
    system, positions = hydrogen_on_copper()
    found = ours(folded_model(kind), system, positions, precision)
    rms = np.sqrt((forces**2).mean())
    assert abs(found[1] - forces)[:, system.moving].max() < of_forces * rms
    assert abs(found[0] - energies).max() < of_energies * len(system.numbers)


@pytest.mark.parametrize("kind", [DENSE, VECTOR])
def test_the_laws_of_potentials_hold(kind):
    system, positions = hydrogen_on_copper()
    potential = MaceFused(folded_model(kind), "float64")
    assert not deviations(potential, system, positions, np.random.default_rng(1)).broken()


@pytest.mark.parametrize("kind", [DENSE, VECTOR])
def test_single_precision_keeps_the_exact_laws(kind):
    system, positions = hydrogen_on_copper()
    potential = MaceFused(folded_model(kind), "float32")
    found = deviations(potential, system, positions, np.random.default_rng(1))
    near = ("translation", "image", "rotation", "permutation", "held", "separation", "memory")
    # slopes over 1e-4 Å of energies that are rounded to some 1e-6 eV; forces are compared above
    assert not found.broken(gradient=5e-2, **dict.fromkeys(near, 5e-6))


@pytest.mark.parametrize("kind", [DENSE, VECTOR])
def test_atoms_without_neighbours_have_no_density_and_the_energy_of_the_model(kind):
    system = System(np.array([1, 29]), 30.0 * np.eye(3), (False,) * 3, np.ones(2, bool))
    positions = np.array([[[0.0, 0, 0], [0, 0, 9]]])
    expected, _ = by_mace_torch(random_model(kind), system, positions)
    energies, forces = ours(folded_model(kind), system, positions)
    assert energies == pytest.approx(expected, abs=1e-11)
    assert not forces.any()


@pytest.mark.parametrize("part", ["density_1", "density_2", "product_v"])
def test_every_new_part_counts(part):
    """So that being equal to mace-torch says something of them."""
    system, positions = hydrogen_on_copper()
    folded = folded_model(VECTOR)
    without = replace(folded, **{part: 0 * vars(folded)[part]})
    with_it, less = (ours(each, system, positions)[1] for each in (folded, without))
    assert abs(less - with_it).max() > 1e-4 * np.sqrt((with_it**2).mean())


@pytest.mark.parametrize("kind", [DENSE, VECTOR])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_replica_has_the_same_bits_in_any_batch(kind, precision):
    system, positions = hydrogen_on_copper()
    energies, forces = ours(folded_model(kind), system, positions, precision)
    alone = [ours(folded_model(kind), system, x[None], precision) for x in positions[::-1]]
    assert np.array_equal(energies[::-1], np.concatenate([e for e, _ in alone]))
    assert np.array_equal(forces[::-1], np.concatenate([f for _, f in alone]))


@pytest.mark.parametrize(("precision", "allowed"), [("float64", 1e-11), ("float32", 1e-5)])
def test_a_trained_model_is_the_same_where_its_vectors_go_nowhere(precision, allowed):
    system, positions = hydrogen_on_copper()
    shipped = FoldedMace.read(SHIPPED)
    expected = ours(shipped, system, positions)
    found = ours(with_vectors(shipped), system, positions, precision)
    assert found[0] == pytest.approx(expected[0], abs=allowed, rel=1e-6 * (allowed > 1e-6))
    assert found[1] == pytest.approx(expected[1], abs=allowed)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 4}, "has the layout 4, and this version of scatter reads 1, 2, 3"),
        ({"version": 2}, "is not a converted model"),
        ({"version": 3.0}, "has the layout 3.0"),
        ({"density_1": None}, "is not a converted model"),
        ({"density_2": -np.ones((3, 2129))}, "its densities are negative"),
        ({"product_v": np.zeros((2, 15, 32))}, "'product_v' has shape"),
        ({"mix": np.zeros((9, 32, 32))}, "'mix' has shape"),
    ],
)
def test_a_spoilt_file_is_refused_in_one_sentence(changes, reason, tmp_path):
    folded_model(VECTOR).write(tmp_path / "good.npz")
    with np.load(tmp_path / "good.npz") as good:
        arrays = dict(good) | changes
    np.savez(tmp_path / "bad.npz", **{k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(UserError, match=rf"\[potential\] file.*{reason}"):
        FoldedMace.read(tmp_path / "bad.npz")


@pytest.mark.parametrize("kind", TODAY)
def test_a_file_holds_all_of_it(kind, tmp_path):
    folded = folded_model(kind)
    folded.write(tmp_path / "a.npz")
    again = type(folded).read(tmp_path / "a.npz")
    assert type(again) is type(folded)
    assert again.sha256() == folded.sha256()
