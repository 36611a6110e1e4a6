import importlib.util
import json
import os
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase.io import read

from scatter import store
from scatter.config import POINT
from scatter.outcomes import Outcome, Reason
from scatter.results.export import EXPORTED, OF_POINTS, export
from scatter.results.read import read_results
from scatter.rows import COLUMNS
from scatter.settings import UserError

ROOT = Path(__file__).parents[2]
FORMATS = ["csv", "parquet", "extxyz"]


@pytest.fixture
def alone(undisturbed, tmp_path):
    """A folder with nothing but the `results.h5` of the tiny campaign."""
    folder = tmp_path / "campaign"
    folder.mkdir()
    shutil.copy(undisturbed / "results.h5", folder)
    return folder


def remade(undisturbed, folder, change):
    """A campaign with its trajectories changed, and their rows: `change` is told all of them."""
    shutil.copytree(undisturbed, folder, ignore=shutil.ignore_patterns("*.block", "results.h5"))
    points, rows, _ = read_results(undisturbed)
    writer = store.BlockWriter(folder, 0, lambda rows: None)
    for row in change(rows):
        writer.add(row)
    writer.flush()
    store.merge(folder, points)
    return read_results(folder)[1]


@pytest.fixture
def failed(undisturbed, tmp_path):
    """A campaign whose second trajectory ended at no finite velocity, and its rows."""

    def fail(rows):
        rows[1]["outcome"], rows[1]["reason"] = Outcome.FAILED, Reason.NOT_FINITE
        rows[1]["final_vz2_A_per_fs"] = rows[1]["final_kinetic_molecule_eV"] = np.nan
        return rows

    return tmp_path / "failed", remade(undisturbed, tmp_path / "failed", fail)


def by_pandas(path):
    return pd.read_csv(path, dtype={"facet": str})


def by_numpy(path):
    return np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding="utf-8")


def refuse_different_bits(found, rows):
    """Every column of `results.h5` is there with the same bits, of which NaN has many."""
    for name, *_ in COLUMNS:
        column, due = np.asarray(found[name]), rows[name]
        if column.dtype == bool:  # what NumPy makes of a column that is empty throughout
            column = np.full(column.shape, np.nan)
        assert np.array_equal(column, due, equal_nan=True), name
        assert np.array_equal(np.signbit(column[column == 0]), np.signbit(due[due == 0])), name


@pytest.mark.parametrize("read_back", [by_pandas, by_numpy])
def test_the_csv_reads_back_to_the_bits_of_the_results(failed, read_back):
    folder, rows = failed
    path = export(folder, "csv").output
    assert path == folder / "trajectories.csv"
    refuse_different_bits(read_back(path), rows)


def test_the_parquet_reads_back_to_the_bits_and_types_of_the_results(failed):
    folder, rows = failed
    found = pd.read_parquet(export(folder, "parquet").output)
    refuse_different_bits(found, rows)
    assert all(found[name].dtype == rows.dtype[name] for name, *_ in COLUMNS)


@pytest.mark.parametrize(("format", "reader"), [("csv", by_pandas), ("parquet", pd.read_parquet)])
def test_every_trajectory_has_the_conditions_of_its_point(alone, format, reader):
    found = reader(export(alone, format).output)
    points, rows, _ = read_results(alone)
    assert [*found] == [name for name, *_ in EXPORTED]
    assert len(found) == len(rows) == 24
    assert {name for name, *_ in EXPORTED} == {*POINT.names, *rows.dtype.names}
    for name, kind, *_ in OF_POINTS:
        due = points[name][rows["point"]]
        assert found[name].equals(pd.Series(due, dtype=found[name].dtype)), name
        assert (kind == "f8") == (found[name].dtype == np.float64)
    assert found["energy_eV"].nunique() == 2


def test_the_csv_has_beside_it_units_meanings_and_the_campaign(alone):
    path = export(alone, "csv").output
    told = json.loads(path.with_name("trajectories.csv-metadata.json").read_text("utf-8"))
    assert told["url"] == path.name
    columns = told["tableSchema"]["columns"]
    assert [(one["name"], one["schema:unitText"], one["dc:description"]) for one in columns] == [
        (name, unit, meaning) for name, _, unit, meaning in EXPORTED
    ]
    attributes = read_results(alone)[2]
    assert told["notes"] == [attributes]


def test_the_parquet_holds_units_meanings_and_the_campaign(alone):
    from pyarrow import parquet

    schema = parquet.read_schema(export(alone, "parquet").output)
    for name, _, unit, meaning in EXPORTED:
        told = schema.field(name).metadata
        assert (told[b"unit"].decode(), told[b"meaning"].decode()) == (unit, meaning)
    attributes = read_results(alone)[2]
    assert schema.metadata[b"input"].decode() == attributes["input"]
    assert schema.metadata[b"potential_sha256"].decode() == attributes["potential_sha256"]


@pytest.mark.slow
def test_ase_finds_the_kinetic_energies_and_heights_of_every_isotope(run_tiny, tmp_path):
    changes = {"molecule__formula": ["HD", "D2"], "sampling__trajectories": 3}
    folder = run_tiny(tmp_path, **changes, incidence__polar_deg=30)
    points, rows, _ = read_results(folder)
    frames = read(export(folder, "extxyz").output, ":")
    assert len(frames) == 2 * len(rows) == 24
    for row, *ends in zip(rows, frames[::2], frames[1::2], strict=True):
        for when, frame in zip(("initial", "final"), ends, strict=True):
            assert frame.info["when"] == when
            due = row[f"{when}_kinetic_molecule_eV"]
            assert frame.get_kinetic_energy() == pytest.approx(due, abs=1e-6)
            due = [[row[f"{when}_{axis}{atom}_A"] for axis in "xyz"] for atom in (1, 2)]
            assert frame.positions == pytest.approx(np.array(due), abs=1e-8)
        assert ends[0].info["Z_A"] == pytest.approx(7.0, abs=1e-6)
        assert ends[0].info["molecule"] == points["molecule"][row["point"]]
        momentum = ends[0].get_momenta().sum(axis=0)
        energy = (momentum**2).sum() / (2 * ends[0].get_masses().sum())
        assert energy == pytest.approx(ends[0].info["energy_eV"], abs=1e-6)
        assert np.hypot(*momentum[:2]) == pytest.approx(-momentum[2] * np.tan(np.pi / 6), abs=1e-6)


def test_frames_say_their_trajectory_and_its_outcome(alone):
    rows = read_results(alone)[1]
    frames = read(export(alone, "extxyz").output, ":")
    for row, first, last in zip(rows, frames[::2], frames[1::2], strict=True):
        assert first.info["trajectory"] == f"point{row['point']:03d}-{row['number']:06d}"
        assert (first.info["time_fs"], last.info["time_fs"]) == (0, row["time_fs"])
        scattered = row["outcome"] == Outcome.SCATTERED
        assert last.info["outcome"] == ("scattered" if scattered else "dissociated")
        assert ("final_J" in last.info) == scattered
        assert not scattered or last.info["final_J"] == row["final_J"]
        assert "mJ" not in first.info  # it was not chosen


def test_a_failure_whose_end_is_not_finite_is_counted_in_every_format(failed):
    folder, rows = failed
    for format in FORMATS:
        done = export(folder, format)
        assert "24 trajectories" in str(done)
        assert " 1 failed" in str(done)
        assert ("1 ends are not finite" in str(done)) == (format == "extxyz")
    frames = read(folder / "trajectories.extxyz", ":")
    assert len(frames) == 47
    assert [f.info["when"] for f in frames if f.info["outcome"] == "failed"] == ["initial"]


def test_an_unfinished_campaign_is_exported_and_said_to_be(undisturbed, tmp_path):
    rows = remade(undisturbed, tmp_path / "part", lambda rows: np.delete(rows, 3))
    done = export(tmp_path / "part")
    assert len(by_pandas(done.output)) == len(rows) == 23
    assert "8 of them ended before slower ones" in str(done)
    assert "before slower ones" not in str(export(undisturbed, output=tmp_path / "all.csv"))


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_that_cannot_be_finished_leaves_the_old_one_as_it_was(alone, monkeypatch, format):
    export(alone, format)
    before = {path: path.read_bytes() for path in alone.iterdir()}

    def full(descriptor):
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"cannot be written \(no space left"):
        export(alone, format)
    assert {path: path.read_bytes() for path in alone.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["xlsx"], "--format xlsx: is not known; choose one of csv, parquet, extxyz"),
        (["parket"], "--format parket: is not known; did you mean parquet?"),
        (["csv", Path("nowhere/t.csv")], "nowhere/t.csv: cannot be written"),
        (["csv", Path("campaign/results.h5")], "results.h5: already exists"),
    ],
)
def test_what_cannot_be_exported_is_refused_and_nothing_is_written(
    alone, monkeypatch, arguments, sentence
):
    monkeypatch.chdir(alone.parent)
    with pytest.raises(UserError, match=re.escape(sentence)):
        export(alone, *arguments)
    assert [path.name for path in alone.iterdir()] == ["results.h5"]


def test_a_campaign_without_trajectories_has_nothing_to_export(undisturbed, tmp_path):
    with pytest.raises(UserError, match="there is no such file; `scatter status"):
        export(tmp_path)
    remade(undisturbed, tmp_path / "empty", lambda rows: rows[:0])
    with pytest.raises(UserError, match="holds no trajectory yet"):
        export(tmp_path / "empty")


def test_parquet_without_pyarrow_says_what_to_install(alone, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError, match=r"pyarrow; .*pip install 'surface-scatter\[parquet\]'"):
        export(alone, "parquet")
    assert [path.name for path in alone.iterdir()] == ["results.h5"]


def test_the_page_about_results_is_up_to_date():
    path = ROOT / "scripts" / "results_reference.py"
    spec = importlib.util.spec_from_file_location("results_reference", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert {name for name, *_ in script.OF_A_POINT} == {*POINT.names}
    assert script.page() == (ROOT / "docs" / "results.md").read_text("utf-8"), (
        "the columns have changed; run python scripts/results_reference.py"
    )


def test_the_lines_of_the_page_about_results_do_what_it_says(undisturbed, tmp_path, monkeypatch):
    shutil.copytree(undisturbed, tmp_path / "runs" / "h2_cu111")
    for format in FORMATS:
        export(tmp_path / "runs" / "h2_cu111", format)
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "results.md").read_text("utf-8")
    blocks = [b for b in re.findall(r"```python\n(.*?)```", page, re.S) if "xarray" not in b]
    assert len(blocks) == 5
    for block in blocks:
        found = {}
        exec(block, found)
        assert len(found.get("rows", range(24))) == 24
        assert len(found.get("frames", range(48))) == 48
