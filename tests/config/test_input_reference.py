"""The reference in docs/ says what the settings classes say."""

import importlib.util
import tomllib
from pathlib import Path

import pytest

from scatter.config import parse, points, tables
from scatter.settings import UserError

SCRIPT = Path(__file__).parents[2] / "scripts" / "input_reference.py"

# Tables and keys in the form in which the README and the tutorials show them.
TYPICAL = """\
[run]
seed = 0
output = "runs/h2_cu111"
slots = "auto"
threads = "auto"

[molecule]
formula = "H2"
states = [[0,1],[1,1]]

[incidence]
energy_eV = {start = 0.2, stop = 1.0, num = 5}
polar_deg = 0
azimuth_deg = "random"
height_A = 7.0

[surface]
element = "Cu"
facet = "111"
size = [3,3,6]
frozen_layers = 2
temperature_K = 925
lattice_constant_A = {"300" = 3.66, "600" = 3.68, "925" = 3.71}

[surface.thermalise]
timestep_fs = 1.0
replicas = 8
snapshots = 64

[potential]
kind = "ase"
calculator = "emt"

[dynamics]
timestep_fs = 0.1
max_time_fs = 3000
energy_tolerance_eV = 0.05

[stop]
dissociated_A = 2.25
scattered_A = 7.1

[sampling]
trajectories = 100
"""


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("input_reference", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_classes_say(reference):
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page(), (
        "the settings classes have changed; run python scripts/input_reference.py"
    )


def test_every_key_has_a_meaning():
    for name, table in tables().items():
        for key, field in table.model_fields.items():
            assert field.description or f"{name}.{key}" in tables(), f"[{name}] {key}"


def test_the_example_is_a_right_input(reference):
    assert len(points(parse(Path("example.toml"), reference.EXAMPLE).input)) == 448


def test_the_example_shows_every_key(reference):
    written = tomllib.loads(reference.EXAMPLE)
    for name, table in tables().items():
        section = written
        for part in name.split("."):
            section = section[part]
        shown = set(section) | {
            key for key in table.model_fields if f"# {key} = " in reference.EXAMPLE
        }
        assert shown == set(table.model_fields), name


@pytest.mark.parametrize("energies", ["0.6", "[0.2, 0.4]", "{start = 0.2, stop = 1.0, num = 5}"])
def test_a_typical_input_is_right_whichever_way_conditions_are_written(energies):
    text = TYPICAL.replace("{start = 0.2, stop = 1.0, num = 5}", energies)
    assert points(parse(Path("typical.toml"), text).input)


def test_a_typical_input_with_a_misspelt_key_is_refused():
    with pytest.raises(UserError, match="did you mean 'energy_eV'"):
        parse(Path("typical.toml"), TYPICAL.replace("energy_eV", "energy_ev"))
