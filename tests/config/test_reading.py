"""Files that cannot be read, and text that is not TOML."""

import pytest

from scatter.config import read
from scatter.settings import UserError

RIGHT = """\
[molecule]
formula = "H2"
v = 0
j = 0
[incidence]
energy_eV = 0.3
[surface]
temperature_K = 300
"""


def refusal(path):
    with pytest.raises(UserError) as caught:
        read(path)
    return str(caught.value)


def test_the_text_of_a_file_is_kept_verbatim(tmp_path):
    path = tmp_path / "h2.toml"
    text = RIGHT.replace("\n", "\r\n") + "# a comment: é"
    path.write_bytes(text.encode())
    source = read(path)
    assert source.text == text
    assert source.input.incidence.energies == [0.3]


def test_the_default_output_is_named_after_the_file(tmp_path):
    path = tmp_path / "h2_cu111.toml"
    path.write_text(RIGHT)
    assert str(read(path).output) == "runs/h2_cu111"
    path.write_text(RIGHT + '[run]\noutput = "elsewhere"\n')
    assert str(read(path).output) == "elsewhere"


def test_a_missing_file_is_named_with_one_that_is_near(tmp_path):
    (tmp_path / "h2_cu111.toml").write_text(RIGHT)
    path = tmp_path / "h2_cu11.toml"
    near = tmp_path / "h2_cu111.toml"
    assert refusal(path) == f"{path}: there is no such file; did you mean '{near}'?"
    path = tmp_path / "quite_another.toml"
    assert refusal(path) == f"{path}: there is no such file; is the path right?"


def test_a_folder_is_no_input_file(tmp_path):
    assert refusal(tmp_path) == f"{tmp_path}: is a folder; is the path right?"


def test_text_that_is_not_utf8_is_refused_with_its_line(tmp_path):
    path = tmp_path / "latin.toml"
    path.write_bytes(RIGHT.encode() + "# é".encode("latin-1"))
    assert refusal(path) == f"{path}, line 9: is not UTF-8 text; save the file as UTF-8"


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    path = tmp_path / "marked.toml"
    path.write_bytes(RIGHT.encode("utf-8-sig"))
    assert read(path).text == RIGHT


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            RIGHT.replace('"H2"', "H2"),
            ', line 2, column 11, not TOML: "formula = H2": is not a value; write text in quotes '
            '("H2"), numbers as 0.5, true or false',
        ),
        (
            RIGHT + "[surface]\n",
            ', line 9, column 9, not TOML: "[surface]": a table or key is written twice; keep one',
        ),
        (
            RIGHT + "[run]\nseed = 1 slots = 2\n",
            ', line 10, column 10, not TOML: "seed = 1 slots = 2": has more than one '
            "key = value; write each on its own line, and comments after #",
        ),
        (
            RIGHT + '[run]\noutput = "\n',
            ', line 10, column 11, not TOML: "output = \\"": text must end in quotes on the line '
            "where it begins",
        ),
        (RIGHT + "x = [1", ", at its end, not TOML: unclosed array"),
        ("x = " + "[" * 5000, ", not TOML: its brackets are nested too deeply"),
    ],
)
def test_text_that_is_not_toml_is_refused_with_line_and_column(tmp_path, text, sentence):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    assert refusal(path) == f"{path}{sentence}"
