"""From a teacher of water on copper to products on what was fitted to it, and so for an atom."""

import json

import numpy as np
import pytest
from ase.io import read
from numba_threads import threads_as_before
from typer.testing import CliRunner

import scatter
from scatter.cli import app
from scatter.fitting.pool import read_pool
from scatter.potentials.table import potential_from_name

pytestmark = pytest.mark.slow

INPUT = """
[run]
seed = 3
output = "{output}"
threads = 1
slots = 8
[molecule]
{molecule}
[incidence]
energy_eV = [{energy}]
height_A = 5.5
[surface]
size = [2, 2, 3]
images = true
frozen_layers = 1
temperature_K = 200
lattice_constant_A = 3.65
[surface.thermalise]
replicas = 2
snapshots = 2
equilibrate_fs = 40
decorrelate_fs = 20
timestep_fs = 2
[potential]
{potential}
[dynamics]
timestep_fs = 0.5
max_time_fs = 250
energy_tolerance_eV = 5.0
[stop]
scattered_A = 5.6
[guards]
most_unsettled = 1.0
most_failed = 1.0
coupling_eV = 1.0
domain = false
[sampling]
trajectories = 3
"""
WATER = 'formula = "H2O"\nsampling = "normal-modes"\nphase_points = 4'
TEACHER = 'kind = "ase"\ncalculator = "pair_teacher:PairTeacher"'


@pytest.fixture(autouse=True)
def _cached(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path_factory.mktemp("cache")))


def call(*words):
    """What a verb of the command line prints."""
    with threads_as_before():
        ended = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return ended.output


def written(folder, name, **given):
    path = folder / f"{name}.toml"
    path.write_text(INPUT.format(output=folder / name, **given))
    return path


def test_the_chain_from_a_teacher_of_water_to_its_products(tmp_path):
    given = {"molecule": WATER, "energy": 3.0}
    call(
        "sample", written(tmp_path, "first", potential=TEACHER, **given), "--no-trajectories",
        "--above", 40, "--molecule", 12,
    )  # fmt: skip
    extras, chosen = tmp_path / "first/extras", tmp_path / "set"
    frames = read(extras / "above.extxyz", ":")
    assert {frame.info["projectile_atoms"] for frame in frames} == {3}
    call(
        "select", extras / "above.extxyz", "--output", chosen, "--number", 30,
        "--all", extras / "molecule.extxyz", "--max-force", 40,
        "--validation", 0.25, "--test", 0.25,
    )  # fmt: skip
    bare = tmp_path / "chosen.extxyz"
    call("evaluate", "ase:pair_teacher:PairTeacher", chosen / "test.extxyz", "--output", bare)
    again, before = (read(path, ":") for path in (bare, chosen / "test.extxyz"))
    for one, other in zip(again, before, strict=True):
        assert one.get_forces() == pytest.approx(other.get_forces(), abs=1e-5)

    student = tmp_path / "student.npz"
    call(
        "fit", "ace", chosen, student, "--degrees", "8,5,4", "--cutoff", 4.5, "--pair-degree", 6,
    )  # fmt: skip
    assert potential_from_name(str(student)).elements == {1, 8, 29}
    fit = json.loads((tmp_path / "student.fit/fit.json").read_text())
    assert fit["recipe"]["most"] == [2, 2]
    errors, spread = fit["rmse"]["F, molecule (meV/Å)"]["valid"], np.ptp(before[0].get_forces())
    assert errors < 500 * spread

    fitted = f'kind = "ace"\nfile = "{student}"'
    call("run", written(tmp_path, "run", potential=fitted, **given))
    found = scatter.Results.open(tmp_path / "run")
    assert found.products()["count"].sum() == 3


def test_the_chain_from_a_teacher_of_atoms_to_a_selection(tmp_path):
    given = {"molecule": 'formula = ["H", "D"]', "energy": 3.0, "potential": TEACHER}
    call("sample", written(tmp_path, "sampled", **given), "--every-fs", 2, "--molecule", 5)
    extras = tmp_path / "sampled/extras"
    assert len(read(extras / "molecule.extxyz", ":")) == 1  # an atom has one shape
    told = call(
        "select", tmp_path / "sampled", "--output", tmp_path / "set", "--number", 40,
        "--all", extras / "molecule.extxyz", "--validation", 0.2, "--test", 0.2,
    )  # fmt: skip
    assert "chosen: 40" in told
    assert (tmp_path / "set/selection.png").stat().st_size > 1000


def test_frames_of_different_molecules_are_selected_apart(tmp_path):
    molecules = {"water": WATER, "atoms": 'formula = "H"'}
    for name, molecule in molecules.items():
        given = {"molecule": molecule, "energy": 3.0, "potential": TEACHER}
        call("sample", written(tmp_path, name, **given), "--no-trajectories", "--above", 3)
    with pytest.raises(scatter.UserError, match=r"atomic numbers \(1,\).*before \(1, 1, 8\)"):
        read_pool([tmp_path / name / "extras/above.extxyz" for name in molecules])


def test_paths_are_for_diatomics(tmp_path):
    given = {"molecule": WATER, "energy": 3.0, "potential": TEACHER}
    path = written(tmp_path, "paths", **given)
    ended = CliRunner().invoke(app, ["sample", str(path), "--paths", "5"])
    assert isinstance(ended.exception, scatter.UserError | SystemExit)
    assert not (tmp_path / "paths").exists()
