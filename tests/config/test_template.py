"""`scatter init`: a commented input that runs as it is."""

from pathlib import Path

import pytest
from tiny_runs import run_in

from scatter.config import parse, read
from scatter.config.template import template, write_template
from scatter.settings import UserError


@pytest.mark.parametrize("formula", ["H2", "HD", "D2", "T2"])
def test_hydrogen_is_fired_at_copper_on_the_potential_that_ships(formula):
    input = parse(Path("in.toml"), template("in.toml", formula, None, "Cu")).input
    assert input.molecule.formula == [formula]
    assert (input.potential.kind, input.surface.labels) == ("default", ["111"])


def test_an_atom_is_fired_on_effective_medium_theory():
    input = parse(Path("in.toml"), template("in.toml", "H", None, "Ni")).input
    assert (input.molecule.kind, input.surface.element) == ("atom", "Ni")
    assert input.potential.calculator == "ase.calculators.emt:EMT"


def test_a_polyatomic_needs_a_potential_and_has_all_it_needs_with_one(tmp_path):
    file = tmp_path / "ch4.yace"
    file.write_text("")
    input = parse(Path("in.toml"), template("in.toml", "CHD3", str(file), "Ni")).input
    assert (input.molecule.kind, input.potential.kind) == ("polyatomic", "ace")
    with pytest.raises(UserError, match="no potential for it on Ni ships with scatter"):
        template("in.toml", "CHD3", None, "Ni")


@pytest.mark.parametrize(("element", "facet"), [("Fe", "110"), ("Ru", "0001"), ("Pt", "111")])
def test_the_densest_plane_of_each_crystal_is_taken(element, facet):
    text = template("in.toml", "H2", "ase:emt", element)
    assert parse(Path("in.toml"), text).input.surface.labels == [facet]


def test_comments_stand_in_one_column_and_fit_a_terminal():
    lines = template("in.toml", "H2", None, "Cu").splitlines()
    places = {line.rindex("# ") for line in lines if "=" in line and "  # " in line}
    assert len(places) == 1
    assert max(map(len, lines)) <= 100


def test_nothing_is_overwritten(tmp_path):
    path = write_template(tmp_path / "mine", "H2", None, "Cu")
    assert path == tmp_path / "mine.toml"
    before = path.read_bytes()
    with pytest.raises(UserError, match="mine.toml: already exists"):
        write_template(tmp_path / "mine", "D2", None, "Cu")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("Q2", None, "Cu"), "--projectile Q2 --element Cu: .* is not a formula"),
        (("H2", "nowhere.npz", "Cu"), "--potential nowhere.npz: there is no such file"),
        (("H2", "ase:", "Cu"), "--potential ase:: there is no such file"),
        (("O2", None, "Cu"), "no potential for it on Cu ships"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_sentence(tmp_path, arguments, sentence):
    with pytest.raises(UserError, match=sentence) as refusal:
        write_template(tmp_path / "in.toml", *arguments)
    assert "\n" not in str(refusal.value)
    assert not [*tmp_path.iterdir()]


@pytest.mark.slow
def test_it_runs_as_it_is(write_tiny, tmp_path):
    path = write_template(tmp_path / "in.toml", "D2", "analytic", "Cu")
    fewer = path.read_text().replace("trajectories = 200", "trajectories = 1")
    fewer = fewer.replace("[0.4, 0.5, 0.6, 0.7, 0.8, 0.9]", "[0.9]")
    fewer = fewer.replace('# output = "runs/my_campaign"', f'output = "{tmp_path}/out"')
    path.write_text(fewer.replace("temperature_K = 300", "temperature_K = 0"))
    assert read(path).output == tmp_path / "out"
    assert (run_in(tmp_path) / "sticking.csv").is_file()
