from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from folded_formulas import energy
from mace_models import (
    H_CU,
    KINDS,
    TODAY,
    by_mace_torch,
    folded_model,
    hydrogen_on_copper,
    model_of,
    quiet,
    random_model,
)
from typer.testing import CliRunner

from scatter.cli import app
from scatter.fitting.agreement import Agreement, random_structures
from scatter.mace.convert import convert
from scatter.mace.file import FoldedMace
from scatter.mace.foldable import refuse_strangers, wanted_species
from scatter.potentials.table import PotentialTable, open_potential
from scatter.settings import UserError

SMALL = "16x0e, products of two"
TINY = H_CU | {
    "r_max": 4.0, "num_bessel": 4, "num_polynomial_cutoff": 5, "correlation": 2,
    "radial_MLP": [8],
}  # fmt: skip


@pytest.mark.parametrize("kind", [*KINDS, *TODAY])
def test_the_folded_formulas_give_the_energy_of_the_model(kind):
    system, positions = hydrogen_on_copper()
    expected, _ = by_mace_torch(random_model(kind), system, positions[:1])
    atoms = Atoms(system.numbers, positions[0], cell=system.cell, pbc=system.pbc)
    assert energy(folded_model(kind), atoms) == pytest.approx(expected[0], abs=1e-9)


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    import torch

    file = tmp_path_factory.mktemp("models") / "small.model"
    with quiet():
        torch.save(random_model(SMALL), file)
    return file


def test_a_converted_model_says_how_exact_it_is_and_opens_without_trust(model_file, tmp_path):
    target = tmp_path / "small.npz"
    found = convert(model_file, target, ["Cu", "H"], trust_pickle=True)
    assert [each.precision for each in found] == ["float64", "float32"]
    assert found[0].force < 1e-8 * found[0].rms_force
    assert found[1].force < 1e-5 * found[1].rms_force
    potential = open_potential(PotentialTable(kind="mace", file=str(target)))
    assert potential.elements == {1, 29}
    double = open_potential(PotentialTable(kind="mace", file=str(target), precision="float64"))
    assert potential.identity != double.identity
    again = FoldedMace.read(target)
    assert again.provenance.startswith("small.model, converted by scatter")
    assert again.sha256() == folded_model(SMALL).sha256()


def test_a_fold_that_is_not_the_model_is_not_written(model_file, tmp_path, monkeypatch):
    spoilt = replace(folded_model(SMALL), energy_1=folded_model(SMALL).energy_1 * 1.001)
    monkeypatch.setattr("scatter.mace.convert.fold", lambda *args, **names: spoilt)
    with pytest.raises(UserError, match="is not the same.*nothing written"):
        convert(model_file, tmp_path / "spoilt.npz", [], trust_pickle=True)
    assert not (tmp_path / "spoilt.npz").exists()


def test_the_command_keeps_the_elements_it_is_told(model_file, tmp_path, monkeypatch):
    asked = []

    def noted(*arguments):
        asked.append(arguments)
        return [Agreement("float32", 1e-6, 1e-5, 1.0)]

    monkeypatch.setattr("scatter.mace.convert.convert", noted)
    line = ["convert", str(model_file), "a.npz", "--trust-pickle", "--elements", "H", "Cu"]
    shown = CliRunner().invoke(app, line)
    assert asked == [(model_file, Path("a.npz"), ["H", "Cu"], True, None)]
    assert "1.0e-06 eV" in shown.output
    assert CliRunner().invoke(app, ["convert", "a", "b", "c"]).exit_code != 0


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"features": "16x0e + 16x1o + 16x2e"}, "hidden features"),
        ({"features": "16x0e + 32x1o"}, "hidden features"),
        ({"second": "RealAgnosticInteractionBlock"}, "second layer"),
        ({"first": "RealAgnosticAttResidualInteractionBlock"}, "first layer"),
        ({"correlation": 4, "max_ell": 1}, "products of more than three"),
        ({"features": "24x0e"}, "multiple of 16"),
        ({"num_interactions": 3}, "3 layers"),
        ({"num_interactions": 1}, "1 layers"),
        ({"gate": "tanh"}, "activation tanh"),
    ],
)
def test_a_stranger_is_refused_with_the_reason_and_the_alternative(settings, reason):
    import torch

    if settings.get("gate"):
        model = model_of(**TINY)
        model.readouts[1].non_linearity.acts[0].f = torch.tanh
    else:
        model = model_of(**(TINY | settings))
    with pytest.raises(UserError, match=rf"{reason}.*through torch.*trust_pickle = true"):
        refuse_strangers(model, "x.model")


def test_elements_are_named_where_they_are_many_or_unknown():
    many = random_model("128x0e of a foundation model")
    with pytest.raises(UserError, match="89 elements.*--elements H Cu"):
        wanted_species(many, [])
    with pytest.raises(UserError, match=r"does not know the atomic numbers \[95\]"):
        wanted_species(many, [1, 95])


def test_arguments_that_cannot_be_meant_are_refused(model_file, tmp_path):
    for source, target, elements, reason in (
        (model_file, "a.npz", ["Xx"], "not a chemical symbol"),
        (model_file, "a.txt", [], "must end in .npz"),
        (tmp_path / "none.model", "a.npz", [], "no such file"),
    ):
        with pytest.raises(UserError, match=reason):
            convert(source, tmp_path / target, elements, trust_pickle=True)
    with pytest.raises(UserError, match="--trust-pickle"):
        convert(model_file, tmp_path / "a.npz", [], trust_pickle=False)


def spoilt_file(tmp_path, **changes):
    folded_model(SMALL).write(tmp_path / "good.npz")
    with np.load(tmp_path / "good.npz") as good:
        arrays = dict(good) | changes
    np.savez(tmp_path / "bad.npz", **{k: v for k, v in arrays.items() if v is not None})
    return tmp_path / "bad.npz"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"up": None}, "is not a converted model"),
        ({"version": 99}, "has the layout 99"),
        ({"up": np.zeros((16, 15))}, "'up' has shape"),
        ({"up": np.full((16, 16), np.nan)}, "not finite"),
        ({"up": np.zeros((16, 16), np.int64)}, "'up' has shape"),
        ({"up": np.array([object()])}, "cannot be read"),
        ({"table_2": np.full((2, 2), 7)}, "names a table"),
        ({"table_2": np.zeros((2, 2), np.uint64)}, "'table_2' has shape"),
        ({"cutoff": -1.0}, "cutoff"),
        ({"numbers": np.array([1, 1])}, "atomic numbers"),
    ],
)
def test_a_foreign_or_spoilt_file_is_refused_in_one_sentence(tmp_path, changes, reason):
    with pytest.raises(UserError, match=rf"\[potential\] file.*{reason}"):
        FoldedMace.read(spoilt_file(tmp_path, **changes))


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "a.npz").write_text("these are not arrays")
    with pytest.raises(UserError, match="cannot be read"):
        FoldedMace.read(tmp_path / "a.npz")
    np.save(tmp_path / "b.npy", np.zeros(3))
    (tmp_path / "b.npy").rename(tmp_path / "b.npz")
    with pytest.raises(UserError, match="cannot be read"):
        FoldedMace.read(tmp_path / "b.npz")


def test_a_converted_model_is_not_for_the_gpu(tmp_path):
    folded_model(SMALL).write(tmp_path / "a.npz")
    with pytest.raises(UserError, match="device = 'cuda'"):
        open_potential(PotentialTable(kind="mace", file=str(tmp_path / "a.npz"), device="cuda"))


def test_random_structures_hold_every_element_and_no_atoms_that_touch():
    numbers = np.array([1, 8, 29])
    for system, positions in random_structures(numbers, 5.0, np.random.default_rng(1)):
        assert set(system.numbers) == set(numbers)
        atoms = Atoms(system.numbers, positions, cell=system.cell, pbc=True)
        apart = atoms.get_all_distances(mic=True)[np.triu_indices(len(atoms), 1)]
        assert apart.min() > 0.4
