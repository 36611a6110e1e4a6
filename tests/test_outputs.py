"""What is written has the format that is meant, whatever names inputs and outputs have."""

import ast
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import read, write
from numba_threads import threads_as_before
from tiny_runs import slab_from_a_file

import scatter
from scatter.campaign.elsewhere import write_prepared
from scatter.campaign.inspect import inspect
from scatter.campaign.slabs import slabs
from scatter.fitting.select import Choice, select
from scatter.mace.training.finetune import Foundation, finetune
from scatter.mace.training.train import Training
from scatter.outputs import refuse_ending, refuse_no_folder, refuse_overwriting
from scatter.potentials.analytic import Analytic
from scatter.potentials.evaluate import evaluate
from scatter.report.sticking import plot
from scatter.report.terminal import console
from scatter.results.export import export
from scatter.settings import UserError

ROOT = Path(scatter.__file__).parents[1]


def asks_ase_to_write(file):
    """Whether a file imports what makes ASE write structures."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ase.io"):
            if "write" in {alias.name for alias in node.names}:
                return True
        if isinstance(node, ast.Import) and any(a.name == "ase.io" for a in node.names):
            return True
    return False


@pytest.mark.slow
def test_structures_are_written_in_one_place_and_never_by_the_name_of_a_file():
    files = [
        f for room in ("scatter", "scripts", "benchmarks") for f in (ROOT / room).rglob("*.py")
    ]
    assert [f.name for f in files if asks_ase_to_write(f)] == ["structures.py"]


@pytest.mark.parametrize(
    "name",
    [
        "POSCAR",
        "CONTCAR_2",
        "my (slab) #1, 50%.vasp",
        "slab.cif.xyz",
        "ünï slab.xyz",
        "XDATCAR.vasp",
    ],
)
def test_snapshots_are_extended_xyz_whatever_the_slabs_file_is_called(
    name, write_tiny, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    path = write_tiny(tmp_path, run__seed=3)
    slab_from_a_file(path, tmp_path / name)
    before = (tmp_path / name).read_bytes()
    with threads_as_before():
        slabs(path, Path("."))
    assert (tmp_path / name).read_bytes() == before
    (made,) = tmp_path.glob("slab_*_600K.extxyz")
    frames = read(made, ":", format="extxyz")
    assert len(frames) == 8
    assert all(np.abs(frame.get_momenta()[8:]).max() > 0 for frame in frames)


def test_an_output_that_can_be_no_folder_is_refused_before_slabs_are_made(write_tiny, tmp_path):
    path = write_tiny(tmp_path)
    for output in (path, path / "x" / "y"):
        with pytest.raises(UserError, match=r"--output .*in\.toml is a file; name a folder"):
            slabs(path, output)
    with pytest.raises(UserError, match="is a file; name a folder"):
        select([tmp_path], path, Choice(3))


@pytest.mark.parametrize("name", ["out", "out.traj", "out.cif", "POSCAR", "out.xyz.json"])
def test_frames_are_not_written_under_the_name_of_another_format(name, tmp_path):
    write(tmp_path / "in.xyz", bulk("Cu", cubic=True), format="extxyz")
    with pytest.raises(UserError, match=r"the name must end in \.extxyz or \.xyz"):
        evaluate(Analytic(), tmp_path / "in.xyz", tmp_path / name)
    with pytest.raises(UserError, match=r"the name must end in \.extxyz or \.xyz"):
        inspect(tmp_path, 0, 0, None, tmp_path / name, False, console(True))
    assert [each.name for each in tmp_path.iterdir()] == ["in.xyz"]


def test_a_file_that_is_read_is_not_written_over(tmp_path):
    structures = tmp_path / "in.xyz"
    write(structures, bulk("Cu", cubic=True), format="extxyz")
    (tmp_path / "same.xyz").symlink_to(structures)
    for output in (structures, tmp_path / "same.xyz"):
        with pytest.raises(UserError, match="is the file that is read"):
            evaluate(Analytic(), structures, output, overwrite=True)
        with pytest.raises(UserError, match="already exists"):
            inspect(tmp_path, 0, 0, None, output, False, console(True))
    model = tmp_path / "f.model"
    model.write_bytes(b"")
    with pytest.raises(UserError, match="is the file that is read"):
        finetune(tmp_path, model, Foundation(str(model)), Training(), lambda name, epoch: None)


def test_what_a_gpu_is_given_never_replaces_the_input_or_the_potential(write_tiny, tmp_path):
    path = write_tiny(tmp_path)
    with pytest.raises(UserError, match=r"OUT .*in\.toml: the name must end in \.npz"):
        write_prepared(path, path)
    model = tmp_path / "model.npz"
    model.write_bytes(b"")
    path = write_tiny(tmp_path, potential__kind="mace", potential__file=str(model))
    with pytest.raises(UserError, match="is the file that is read"):
        write_prepared(path, model)


@pytest.mark.parametrize(
    ("format", "name"),
    [("csv", "a.parquet"), ("parquet", "a.csv"), ("extxyz", "a.csv"), ("csv", "a")],
)
def test_a_table_is_not_written_under_the_name_of_another_format(format, name, tmp_path):
    with pytest.raises(UserError, match=r"--output .*: the name must end in \."):
        export(tmp_path, format, tmp_path / name)


@pytest.mark.slow
def test_figures_have_the_two_formats_that_they_are_written_in(run_tiny, tmp_path):
    folder = run_tiny(tmp_path, sampling__trajectories=1)
    with pytest.raises(UserError, match=r"written as \.png and \.pdf; leave \.svg out"):
        plot([folder], output=tmp_path / "figure.svg")
    assert plot([folder], output=tmp_path / "at 0.5eV").name == "at 0.5eV.png"


def test_names_that_fit_are_taken(tmp_path):
    refuse_ending("--output", tmp_path / "A.XYZ", ".xyz")
    refuse_no_folder("--output", tmp_path / "new" / "folder")
    refuse_overwriting("--output", tmp_path / "new", tmp_path / "old")
