import pytest
from pydantic import ValidationError

from scatter.mace.cpu import MaceFused
from scatter.mace.mace_torch import MaceTorch
from scatter.potentials.analytic import Analytic
from scatter.potentials.ase import AseCalculator
from scatter.potentials.base import Potential
from scatter.potentials.table import PotentialTable, open_potential, potential_from_name
from scatter.settings import UserError


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"kind": "mace"}, "kind = 'mace' needs the key 'file'"),
        ({"kind": "ace"}, "kind = 'ace' needs the key 'file'"),
        (
            {"kind": "ace", "file": "a.npz", "trust_pickle": True},
            "'trust_pickle' has no meaning for kind = 'ace'",
        ),
        ({"kind": "ase"}, "kind = 'ase' needs the key 'calculator'"),
        ({"file": "a.model"}, "'file' has no meaning for kind = 'default'.*kind = 'mace'"),
        ({"kind": "analytic", "device": "cuda"}, "'device' has no meaning for kind = 'analytic'"),
        ({"kind": "analytic", "parameters": {"a": 1}}, "'parameters' has no meaning.*'ase'"),
        (
            {"kind": "ase", "calculator": "emt", "precision": "float32"},
            "'precision' has no meaning",
        ),
        ({"kind": "mace", "file": "a.model", "calculator": "emt"}, "'calculator' has no meaning"),
        ({"kind": "lammps"}, "'default', 'analytic', 'mace', 'ace' or 'ase'"),
        ({"kind": "mace", "file": "a.model", "trust_pickle": 1}, "valid boolean"),
        ({"kind": "mace", "file": ""}, "at least 1 character"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(table, sentence):
    with pytest.raises(ValidationError, match=sentence):
        PotentialTable(**table)


def test_every_key_is_described():
    assert all(field.description for field in PotentialTable.model_fields.values())


@pytest.mark.parametrize(
    ("name", "kind"), [("default", MaceFused), ("analytic", Analytic), ("ase:emt", AseCalculator)]
)
def test_a_word_of_the_command_line_opens_a_potential(name, kind):
    potential = potential_from_name(name)
    assert isinstance(potential, kind)
    assert isinstance(potential, Potential)


def test_a_model_file_opens_when_it_is_trusted(mace_file):
    table = PotentialTable(
        kind="mace", file=str(mace_file), device="cpu", precision="float64", trust_pickle=True
    )
    potential = open_potential(table)
    assert isinstance(potential, MaceTorch)
    assert isinstance(potential, Potential)
    assert "float64 on cpu" in potential.description
    assert "float32" in potential_from_name(str(mace_file), trust_pickle=True).description
    with pytest.raises(UserError, match="trust_pickle"):
        potential_from_name(str(mace_file))


def test_a_name_of_nothing_is_refused_with_the_names_there_are():
    with pytest.raises(UserError, match="analitic.*default, analytic, ase:emt"):
        potential_from_name("analitic")


def test_a_file_that_is_missing_or_of_another_kind_is_refused(tmp_path):
    with pytest.raises(UserError, match="there is no such file"):
        open_potential(PotentialTable(kind="mace", file=str(tmp_path / "none.model")))
    (tmp_path / "a.pt").touch()
    with pytest.raises(UserError, match=r"a\.pt.*reads a \.model file"):
        open_potential(PotentialTable(kind="mace", file=str(tmp_path / "a.pt")))
