"""The file of a linear ACE, and the formulas that it stands for."""

from dataclasses import fields, replace

import numpy as np
import pytest
from ace_formulas import energy_and_forces, harmonic
from ace_models import random_ace
from tiny_structures import hydrogen_on_copper

from scatter.ace.file import LinearAce
from scatter.mace.kernels.harmonics import harmonics, rows
from scatter.settings import UserError


def test_a_model_is_read_as_it_was_written(tmp_path):
    model = random_ace(cutoff=[[3.0, 3.5], [3.5, 4.0]])
    model.write(tmp_path / "ace.npz")
    found = LinearAce.read(tmp_path / "ace.npz")
    for field in fields(model):
        assert np.array_equal(getattr(found, field.name), getattr(model, field.name))
    assert found.sha256() == model.sha256()


def test_the_hash_follows_the_values_but_not_where_they_come_from():
    model = random_ace()
    assert replace(model, provenance="another").sha256() == model.sha256()
    assert replace(model, constant=model.constant + 1e-12).sha256() != model.sha256()


BROKEN = {
    "version": (2, "has the layout 2"),
    "kind": ("mace", "is not a linear ACE"),
    "numbers": (np.array([1, 1]), "atomic numbers"),
    "cutoff": (np.array([[4.0, 3.0], [4.0, 4.0]]), "cutoffs"),
    "constant": (np.array([0.0, np.nan]), "not finite"),
    "pair": (np.zeros((2, 2, 7)), "'pair' has shape"),
    "products_3": (np.array([[2, 1, 0]] * 40), "'products_3'"),
    "products_2": (np.array([[0, 999]] * 20), "names what there is not"),
    "coupling_4": (np.array([[0, 999]] * 60), "names what there is not"),
    "leverage": (np.zeros((2, 3, 3)), "leverage"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_in_a_sentence(tmp_path, name):
    value, sentence = BROKEN[name]
    model = random_ace()
    arrays = {field.name: getattr(model, field.name) for field in fields(model)}
    np.savez(tmp_path / "ace.npz", **arrays | {name: value})
    with pytest.raises(UserError, match=sentence):
        LinearAce.read(tmp_path / "ace.npz")


@pytest.mark.parametrize("kind", ["uint64", "uint8", "int8"])
def test_numbers_that_wrap_around_are_refused(tmp_path, kind):
    """Of unsigned ones no difference is negative, so rows in any order would pass for ordered."""
    model = random_ace()
    rows = model.products_2[::-1]
    assert (np.diff(rows.astype("uint64"), axis=0)[:, 0] >= 0).all()
    arrays = {field.name: getattr(model, field.name) for field in fields(model)}
    np.savez(tmp_path / "ace.npz", **arrays | {"products_2": rows.astype(kind)})
    with pytest.raises(UserError, match=f"'products_2' has shape .* and kind {kind}"):
        LinearAce.read(tmp_path / "ace.npz")


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "ace.npz").write_text("no archive")
    with pytest.raises(UserError, match="cannot be read"):
        LinearAce.read(tmp_path / "ace.npz")


def test_harmonics_are_those_of_the_kernels_up_to_degree_three():
    d = np.random.default_rng(1).normal(size=(20, 3))
    expected = harmonics(d / np.linalg.norm(d, axis=1)[:, None])
    for degree in range(4):
        found = np.array([harmonic(degree, m, d)[0] for m in range(-degree, degree + 1)])
        order = [1, 2, 0] if degree == 1 else [*range(2 * degree + 1)]  # x, y, z there
        if degree == 2:
            order = [0, 1, 3, 2, 4]
        assert np.allclose(found, expected[:, rows(degree)][:, order].T, rtol=0, atol=1e-12)


def test_forces_are_the_slopes_of_the_energy():
    model, atoms = random_ace(degree=4), hydrogen_on_copper()
    forces = energy_and_forces(model, atoms)[1]
    for atom, axis in ((0, 0), (5, 1), (len(atoms) - 1, 2)):
        energies = []
        for step in (1e-4, -1e-4):
            moved = atoms.copy()
            moved.positions[atom, axis] += step
            energies.append(energy_and_forces(model, moved)[0])
        slope = (energies[0] - energies[1]) / 2e-4
        assert slope == pytest.approx(-forces[atom, axis], abs=1e-7)
