from pathlib import Path

import numpy as np
import pytest
from ace_models import random_ace
from ase import Atoms
from ase.build import bulk, fcc111
from ase.io import read, write
from mace_models import double, folded_model, quiet, random_model
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from scatter.ace.cpu import Ace
from scatter.labels.names import Keys
from scatter.labels.stress import stress_of
from scatter.mace.cpu import MaceFused
from scatter.potentials.analytic import Analytic
from scatter.potentials.calculator import system_of
from scatter.potentials.evaluate import answers, evaluate, stress_on
from scatter.potentials.table import potential_from_name
from scatter.settings import UserError
from scatter.validation.errors import compare, errors, molecule_of
from scatter.validation.labels import labels_by, labels_of

MACE = ["32x0e, products of three, ZBL", "16x0e, densities", "16x0e+16x1o, plain"]
MODELS = {
    **{kind: lambda kind=kind: MaceFused(folded_model(kind), "float64") for kind in MACE},
    "linear ACE": lambda: Ace(random_ace()),
}


def crystal():
    """A rattled, skewed crystal of copper with hydrogen, shorter than any cutoff."""
    rng = np.random.default_rng(2)
    atoms = bulk("Cu", a=3.65, cubic=True) + Atoms("H", [[1.0, 0.8, 1.7]])
    atoms.set_cell(atoms.cell @ (np.eye(3) + rng.normal(0, 0.05, (3, 3))), scale_atoms=True)
    atoms.rattle(0.05, rng=rng)
    return atoms


def slab():
    atoms = fcc111("Cu", (2, 1, 2), a=3.65, vacuum=5.0) + Atoms("H", [[1.0, 0.8, 8.7]])
    atoms.info = {}
    atoms.rattle(0.05, seed=3)
    return atoms


def strained(atoms, strain):
    moved = atoms.copy()
    moved.set_cell(atoms.cell @ (np.eye(3) + strain), scale_atoms=False)
    moved.positions = atoms.positions @ (np.eye(3) + strain)
    return moved


def by_differences(potential, atoms, step=2e-4):
    """dE/dε by differences of the fourth order, eV; nine, for a random ACE resists turning."""
    virial = np.zeros((3, 3))
    ends = [(1, 8), (-1, -8), (2, -1), (-2, 1)]
    for a, b in np.ndindex(3, 3):
        one = np.zeros((3, 3))
        one[a, b] = step
        frames = [strained(atoms, times * one) for times, _ in ends]
        energies = answers(potential, frames, Path("strained"))[0]
        slope = sum(weight * energy for (_, weight), energy in zip(ends, energies, strict=True))
        virial[a, b] = slope / (12 * step)
    return virial


@pytest.mark.parametrize("make", [crystal, slab])
@pytest.mark.parametrize("kind", MODELS)
def test_the_virial_is_the_derivative_of_the_energy_by_strain(kind, make):
    potential, atoms = MODELS[kind](), make()
    virial = potential.virial(system_of(atoms, "x"), atoms.positions)
    expected = by_differences(potential, atoms)
    assert_allclose(virial, expected, rtol=0, atol=1e-6 * np.abs(expected).max())
    assert np.abs(expected).max() > 1e-2


@pytest.mark.parametrize("kind", [MACE[0]])
def test_the_stress_turns_with_the_crystal_and_is_that_of_a_supercell(kind):
    potential, atoms = MODELS[kind](), crystal()
    stress = stress_on(potential, atoms, "x")
    turn = Rotation.random(rng=1).as_matrix()
    turned = Atoms(atoms.numbers, atoms.positions @ turn.T, cell=atoms.cell @ turn.T, pbc=True)
    assert_allclose(stress_on(potential, turned, "x"), turn @ stress @ turn.T, atol=1e-10)
    assert_allclose(stress_on(potential, atoms * (2, 1, 1), "x"), stress, atol=1e-10)


def test_mace_torch_gives_the_same_stress(tmp_path):
    import torch

    kind, atoms = MACE[0], crystal()
    with quiet(), double():
        torch.save(random_model(kind), tmp_path / "m.model")
        from scatter.mace.mace_torch import MaceTorch

        theirs = MaceTorch(tmp_path / "m.model", "cpu", "float64", trust_pickle=True)
        virial = theirs.virial(system_of(atoms, "x"), atoms.positions)
    own = MODELS[kind]().virial(system_of(atoms, "x"), atoms.positions)
    assert_allclose(own, virial, rtol=0, atol=1e-6 * np.abs(virial).max())


def test_evaluate_writes_the_stress_of_the_calculator_as_ase_has_it(tmp_path):
    from ase.calculators.emt import EMT

    atoms = bulk("Cu", a=3.5, cubic=True)
    atoms.rattle(0.05, seed=1)
    write(tmp_path / "in.extxyz", atoms)
    emt = potential_from_name("ase:emt", False)
    said = evaluate(emt, tmp_path / "in.extxyz", tmp_path / "out.extxyz", stress=True)
    assert "energy, forces and stress of 1 frames" in str(said)
    atoms.calc = EMT()
    written = read(tmp_path / "out.extxyz")
    assert_allclose(written.get_stress(), atoms.get_stress(), atol=1e-7)
    assert written.get_stress()[:3].mean() < -0.01  # a crystal that is too small would expand


def test_a_stress_without_meaning_or_origin_is_refused():
    model = MODELS[MACE[0]]()
    alone = Atoms("H2", [[0, 0, 0], [0.8, 0, 0]], cell=[9, 9, 9])
    with pytest.raises(UserError, match="its cell does not repeat in two directions"):
        stress_on(model, alone, "x")
    with pytest.raises(UserError, match="gives no stress; leave it out"):
        stress_on(Analytic(), slab(), "x")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stress": np.eye(3) * 12.0}, "too much for eV/Å³; if it is in GPa or kbar"),
        ({"stress": np.eye(4)}, "is not six or nine numbers"),
        ({"stress": np.triu(np.ones((3, 3))) * 0.1}, "is not symmetric"),
        ({"stress": np.eye(3) * np.nan}, "is not finite"),
        ({"stress": np.eye(3) * 0.1, "pbc": False}, "no cell that repeats in two directions"),
    ],
)
def test_a_label_that_cannot_be_a_stress_is_refused(change, words):
    atoms = crystal()
    atoms.pbc = change.pop("pbc", True)
    atoms.info |= change
    with pytest.raises(UserError, match=words):
        stress_of(atoms, "x")


def test_a_virial_is_no_stress():
    with pytest.raises(UserError, match="is a virial, in eV and of the other sign"):
        Keys(stress="virial")


def test_the_error_of_the_stress_is_that_of_its_six_components(tmp_path):
    frames = [crystal(), slab(), crystal()]
    model = MODELS[MACE[0]]()
    write(tmp_path / "in.extxyz", frames)
    evaluate(model, tmp_path / "in.extxyz", tmp_path / "out.extxyz", stress=True)
    labelled = read(tmp_path / "out.extxyz", ":")
    labelled[0].calc.results["stress"] = labelled[0].calc.results["stress"] + 0.002
    del labelled[2].calc.results["stress"]
    reference = labels_of(labelled, tmp_path, needed=())
    assert reference.strained == [0, 1]
    own = labels_by(model, labelled, tmp_path, reference.strained)
    compared = compare(labelled, own, reference, molecule_of(labelled))
    found = errors(compared, labelled)[0].stress
    assert (found.unit, found.n) == ("meV/Å³", 12)
    assert found.rmse == pytest.approx(2 / np.sqrt(2), rel=1e-4)
