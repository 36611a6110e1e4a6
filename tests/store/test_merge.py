import json

import h5py
import numpy as np
import pandas as pd
import pytest
from written_blocks import block

from scatter import store
from scatter.config.points import POINT
from scatter.outcomes import SCHEMA
from scatter.results.read import read_results
from scatter.rows import COLUMNS, ROW
from scatter.settings import UserError
from scatter.store.earlier import ADDED, ROW_1

MANIFEST = {"input": "# é verbatim\n", "seed": 3, "lattice": {"111": 3.7}, "potential": "none"}
POINTS = np.array([(0, "111", 600.0, "H2", 0, 1, np.nan, 0.5, 0.0, np.nan)], POINT)


def merged(folder):
    store.write_manifest(folder, MANIFEST)
    block(folder, [1, 0])
    store.merge(folder, POINTS)
    return folder / "results.h5"


def test_the_results_hold_the_manifest_the_schema_and_the_points(tmp_path):
    merged(tmp_path)
    points, rows, attributes = read_results(tmp_path)
    assert attributes["input"] == MANIFEST["input"]
    assert attributes["seed"] == 3
    assert json.loads(attributes["lattice"]) == {"111": 3.7}
    assert attributes["schema"] == SCHEMA
    assert points["molecule"].tolist() == ["H2"]
    assert rows["number"].tolist() == [0, 1]


def test_every_column_says_its_unit_and_its_meaning(tmp_path):
    with h5py.File(merged(tmp_path)) as file:
        told = dict(file["trajectories"].attrs)
    for name, _, unit, meaning in COLUMNS:
        assert told[f"{name}.unit"] == unit
        assert told[f"{name}.meaning"] == meaning != ""
        suffix = {
            "Å": "_A", "Å/fs": "_A_per_fs", "fs": "_fs", "eV": "_eV", "eV/Å": "_eV_per_A",
            "°": "_deg", "": "",
        }  # fmt: skip
        assert name.endswith(suffix[unit])


def test_the_results_open_in_pandas_in_one_line(tmp_path):
    frame = pd.DataFrame(h5py.File(merged(tmp_path))["trajectories"][:])
    assert list(frame) == [name for name, *_ in COLUMNS]
    assert frame["number"].tolist() == [0, 1]


def test_results_of_schema_1_are_read_and_what_guards_measure_is_nan(tmp_path):
    path = merged(tmp_path)
    _, rows, _ = read_results(tmp_path)
    added = ADDED
    with h5py.File(path, "a") as file:
        del file["trajectories"]
        file["trajectories"] = rows[list(ROW_1.names)].astype(ROW_1)
        file.attrs["schema"] = 1
    _, found, _ = read_results(tmp_path)
    assert found.dtype == ROW
    for name in ROW.names:
        assert np.isnan(found[name]).all() if name in added else (found[name] == rows[name]).all()


def test_results_that_are_missing_broken_or_of_another_schema_are_refused(tmp_path):
    with pytest.raises(UserError, match="there is no such file; `scatter status"):
        read_results(tmp_path)
    path = merged(tmp_path)
    with h5py.File(path, "a") as file:
        file.attrs["schema"] = SCHEMA + 1
    with pytest.raises(UserError, match=f"schema {SCHEMA + 1}, and this version reads"):
        read_results(tmp_path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError, match="not a results file of scatter"):
        read_results(tmp_path)


def test_a_folder_without_a_campaign_or_with_a_broken_one_is_refused(tmp_path):
    with pytest.raises(UserError, match="no campaign was run there"):
        store.read_manifest(tmp_path)
    (tmp_path / "campaign.json").write_text('{"input": ')
    with pytest.raises(UserError, match="campaign.json: is not JSON"):
        store.read_manifest(tmp_path)
    (tmp_path / "campaign.json").write_text('{"seed": 3}')
    with pytest.raises(UserError, match="not a description of a campaign \\('input' is not there"):
        store.read_manifest(tmp_path)
