"""Heads and adapters of low rank: what is converted of a model, and what is refused."""

import re

import numpy as np
import pytest
from ase import Atoms
from folded_formulas import energy
from mace_models import H_CU, by_mace_torch, double, hydrogen_on_copper, model_of, quiet

from scatter.cli import main
from scatter.fitting.agreement import Agreement
from scatter.mace import convert as conversion
from scatter.mace.convert import convert
from scatter.mace.file import FoldedMace
from scatter.mace.fold import fold
from scatter.mace.foldable import wanted_species
from scatter.mace.mace_torch import MaceTorch
from scatter.potentials.table import PotentialTable, open_potential, potential_from_name
from scatter.settings import UserError
from scatter.validation import validate as validation
from scatter.validation.validate import validate
from scatter.validation.wanted import Wanted

HEADS = ["pt_head", "Default"]
TINY = H_CU | {
    "r_max": 4.0, "num_bessel": 4, "num_polynomial_cutoff": 5, "correlation": 2, "max_ell": 1,
    "radial_MLP": [8],
}  # fmt: skip
TWO = TINY | {
    "heads": HEADS, "atomic_energies": np.array([[-1.0, -3.0], [-2.0, -5.0]]),
    "atomic_inter_scale": [0.6, 0.9], "atomic_inter_shift": [0.1, -0.2],
}  # fmt: skip


def saved(model, file):
    import torch

    with quiet():
        torch.save(model, file)
    return file


def folded(model, head=0):
    return fold(model, wanted_species(model, [1, 29]), "a test", "0" * 64, head)


def by_formulas(model, system, positions):
    atoms = Atoms(system.numbers, positions, cell=system.cell, pbc=system.pbc)
    return energy(model, atoms)


@pytest.fixture(scope="module")
def two_heads(tmp_path_factory):
    model = model_of(**TWO)
    return model, saved(model, tmp_path_factory.mktemp("heads") / "two.model")


def test_each_head_is_that_of_mace_torch(two_heads):
    model, file = two_heads
    system, positions = hydrogen_on_copper()
    found = []
    for head, name in enumerate(HEADS):
        expected, _ = by_mace_torch(model, system, positions[:1], head=name)
        found.append(by_formulas(folded(model, head), system, positions[0]))
        assert found[head] == pytest.approx(expected[0], abs=1e-9)
        through_torch = MaceTorch(file, "cpu", "float64", True, name)
        energies, _ = through_torch.bind(system, 1).begin(np.arange(1), positions[:1])
        assert energies[0] == pytest.approx(expected[0], abs=1e-9)
    assert abs(found[0] - found[1]) > 0.1


def test_one_of_several_heads_must_be_named_to_be_converted(two_heads, tmp_path, monkeypatch):
    _, file = two_heads
    with pytest.raises(UserError, match=r"heads pt_head, Default; say which.*--head NAME"):
        convert(file, tmp_path / "a.npz", [], True)
    with pytest.raises(UserError, match=r"head = 'default'.*it has pt_head, Default"):
        convert(file, tmp_path / "a.npz", [], True, "default")
    asked = []

    def compared(original, *others):
        asked.append(original.head)
        return [Agreement("float64", 0.0, 0.0, 1.0)]

    monkeypatch.setattr(conversion, "agreements", compared)
    convert(file, tmp_path / "a.npz", [], True, "pt_head")
    assert asked == [0]
    assert "two.model, head pt_head, converted" in FoldedMace.read(tmp_path / "a.npz").provenance


def test_a_head_of_the_settings_is_used_or_refused(two_heads, tmp_path):
    model, file = two_heads
    table = {"kind": "mace", "file": str(file), "device": "cpu", "trust_pickle": True}
    by_default, named = (
        open_potential(PotentialTable(**table, **more)) for more in ({}, {"head": "pt_head"})
    )
    assert (by_default.head, named.head) == (1, 0)
    assert by_default.identity != named.identity
    assert potential_from_name(str(file), True, "pt_head").head == 0
    with pytest.raises(UserError, match="--head a: 'default' is not a .model"):
        potential_from_name("default", head="a")
    with pytest.raises(UserError, match=r"\[potential\] head = 'b'.*it has pt_head, Default"):
        open_potential(PotentialTable(**table, head="b"))
    folded(model).write(tmp_path / "a.npz")
    with pytest.raises(UserError, match=re.escape("the .npz of a converted model has one head")):
        open_potential(PotentialTable(kind="mace", file=str(tmp_path / "a.npz"), head="a"))


@pytest.mark.parametrize("features", ["16x0e", "16x0e+16x1o"])
def test_adapters_of_low_rank_are_merged(features, tmp_path):
    import torch

    model = model_of(**TINY, features=features)
    system, positions = hydrogen_on_copper()
    before, _ = by_mace_torch(model, system, positions[:1])
    with quiet(), double(), torch.random.fork_rng(), torch.no_grad():
        from mace.modules.lora import inject_lora

        torch.manual_seed(1)
        inject_lora(model, rank=2, alpha=3.0)
        for name, values in model.named_parameters():
            if "lora_" in name:
                values.normal_(std=0.3)
    file = saved(model, tmp_path / "adapted.model")
    expected, _ = by_mace_torch(model, system, positions[:1])
    assert abs(expected - before).max() > 1e-3
    merged = MaceTorch(file, "cpu", "float64", True).model
    assert not [name for name, _ in merged.named_parameters() if "lora" in name]
    found = by_formulas(folded(merged), system, positions[0])
    assert found == pytest.approx(expected[0], abs=1e-9)


def test_heads_are_of_both_sides_of_a_validation(monkeypatch, tmp_path):
    asked = []

    def opened(name, trust_pickle, head):
        asked.append((name, head))
        if len(asked) == 2:
            raise UserError("enough")

    monkeypatch.setattr(validation, "potential_from_name", opened)
    structures = tmp_path / "some.extxyz"
    structures.touch()
    with pytest.raises(UserError, match="enough"):
        validate(Wanted("a.npz", "b.npz", tmp_path, structures, heads=("one", "other")))
    assert asked == [("a.npz", "one"), ("b.npz", "other")]
    with pytest.raises(UserError, match="--against-head other: .* holds labels"):
        validate(Wanted("a.npz", str(structures), tmp_path, heads=("one", "other")))


@pytest.mark.parametrize("command", [("levels", "H2"), ("bench",)])
def test_a_head_of_what_has_none_is_refused_by_commands(command, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["scatter", *command, "--head", "a"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "--head a: 'default' is not a .model" in capsys.readouterr().err
