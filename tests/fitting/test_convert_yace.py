import pytest
from ace_invariant import invariant_ace
from ace_models import random_ace
from typer.testing import CliRunner

from scatter.ace.file import LinearAce
from scatter.ace.yace.convert import convert_yace
from scatter.cli import app
from scatter.settings import UserError


@pytest.mark.slow
def test_the_verb_converts_both_ways_and_says_how_exact_it_is(tmp_path):
    source, there, back = (tmp_path / name for name in ("x.npz", "x.yace", "y.npz"))
    invariant_ace().write(source)
    told = CliRunner().invoke(app, ["convert", str(source), str(there)])
    assert told.exit_code == 0, told.output
    assert "largest residual" in told.output
    assert "float64: largest difference" in told.output
    told = CliRunner().invoke(app, ["convert", str(there), str(back)])
    assert told.exit_code == 0, told.output
    assert "linear ACE y.npz (H, Cu)" in told.output
    assert LinearAce.read(back).numbers.tolist() == [1, 29]


def test_what_cannot_be_converted_is_refused(tmp_path):
    random_ace().write(tmp_path / "x.npz")
    with pytest.raises(UserError, match="not invariant.*nothing written"):
        convert_yace(tmp_path / "x.npz", tmp_path / "x.yace")
    assert not (tmp_path / "x.yace").exists()
    with pytest.raises(UserError, match="there is no such file"):
        convert_yace(tmp_path / "y.npz", tmp_path / "x.yace")
    (tmp_path / "z.yace").touch()
    with pytest.raises(UserError, match="of a .yace file comes one that ends in .npz"):
        convert_yace(tmp_path / "z.yace", tmp_path / "z.txt")
