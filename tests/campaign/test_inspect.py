import io
import json
import shutil

import numpy as np
import pytest
from ase.io import read as read_frames
from rich.console import Console

from scatter import store
from scatter.campaign.inspect import inspect
from scatter.outcomes import Outcome
from scatter.report.status import list_wrong
from scatter.rows import ROW
from scatter.settings import Untrusted, UserError

pytestmark = pytest.mark.slow


def seen(folder, point=0, number=0, every_fs=None, output=None):
    """What is printed."""
    console = Console(file=io.StringIO(), width=200)
    inspect(folder, point, number, every_fs, output, False, console)
    return console.file.getvalue()


@pytest.fixture
def copied(undisturbed, tmp_path):
    """A folder to spoil."""
    shutil.copytree(undisturbed, tmp_path / "out")
    return tmp_path / "out"


@pytest.mark.parametrize(("point", "number"), [(0, 0), (0, 7), (1, 3), (1, 11)])
def test_any_trajectory_is_replayed_to_its_bits(copied, point, number):
    assert "the same bits as stored, in every column" in seen(copied, point, number)


def test_the_frames_are_those_that_the_campaign_recorded(copied):
    seen(copied, 1, 0, every_fs=10.0)
    name = "point001-000000.extxyz"
    recorded = read_frames(copied / "frames" / name, ":")
    found = read_frames(copied / "inspected" / name, ":")
    assert len(found) == len(recorded)
    for one, other in zip(found, recorded, strict=True):
        assert one.info["time_fs"] == other.info["time_fs"]
        assert (one.positions == other.positions).all()
        assert (one.get_momenta() == other.get_momenta()).all()
        assert (one.get_forces() == other.get_forces()).all()


def test_a_frame_tells_of_height_bond_and_energy(copied, tmp_path):
    seen(copied, 0, 2, every_fs=2.0, output=tmp_path / "x.extxyz")
    row = store.trajectories(copied)[2]
    frames = read_frames(tmp_path / "x.extxyz", ":")
    assert np.diff([frame.info["time_fs"] for frame in frames])[:-1] == pytest.approx(2.0)
    assert frames[-1].info["time_fs"] == row["time_fs"]
    assert frames[0].info["bond_A"] == pytest.approx(row["bond_A"], abs=1e-6)
    errors = [abs(frame.info["energy_error_eV"]) for frame in frames]
    assert max(errors) == pytest.approx(row["energy_error_eV"], rel=0.2)
    assert min(frame.info["Z_A"] for frame in frames) == pytest.approx(row["lowest_Z_A"], abs=0.1)


def test_a_slab_that_is_no_longer_cached_is_made_again(copied, tmp_path, monkeypatch):
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path / "another"))
    text = seen(copied, 1, 5)
    assert "thermalising" in text
    assert "the same bits as stored" in text


def test_a_trajectory_that_is_not_there_is_refused(copied):
    with pytest.raises(UserError, match="trajectory 12 of point 1 has not ended there"):
        seen(copied, 1, 12)
    with pytest.raises(UserError, match="trajectory 0 of point 9"):
        seen(copied, 9, 0)


@pytest.mark.parametrize("key", ["potential_sha256", "kernel", "schema", "starts_sha256"])
def test_what_was_made_otherwise_is_refused_in_one_sentence(copied, key):
    told = store.read_manifest(copied)
    (copied / "campaign.json").write_text(json.dumps({**told, key: "another"}))
    with pytest.raises(UserError, match=f"was run with another {key} \\(another, and now"):
        seen(copied)


@pytest.mark.parametrize("key", ["potential_sha256", "kernel", "schema"])
def test_a_campaign_that_does_not_say_what_made_it_is_refused_in_one_sentence(copied, key):
    told = store.read_manifest(copied)
    del told[key]
    (copied / "campaign.json").write_text(json.dumps(told))
    with pytest.raises(UserError, match=f"was run with another {key} \\(not told, and now"):
        seen(copied)


def test_another_slab_is_refused(copied):
    told = store.read_manifest(copied)
    told["slabs_sha256"] = {name: "another" for name in told["slabs_sha256"]}
    (copied / "campaign.json").write_text(json.dumps(told))
    with pytest.raises(UserError, match="is not the one that its trajectories began on"):
        seen(copied)


def test_a_row_that_was_changed_is_said_loudly(copied):
    rows = store.trajectories(copied)
    rows["final_x1_A"][3] += 1e-12
    for block in (copied / "blocks").iterdir():
        block.unlink()
    writer = store.BlockWriter(copied, 0, lambda rows: None)
    for row in rows:
        writer.add(row)
    writer.flush()
    assert "the same bits" in seen(copied, 0, 2)
    with pytest.raises(Untrusted, match="DIFFERS from what is stored, in final_x1_A:"):
        seen(copied, 0, 3)


def test_results_without_their_blocks_are_enough(copied):
    shutil.rmtree(copied / "blocks")
    assert "the same bits as stored" in seen(copied, 0, 1)


def test_a_campaign_in_which_nothing_went_wrong_says_so(copied):
    console = Console(file=io.StringIO(), width=200)
    list_wrong(copied, console)
    assert console.file.getvalue() == "failed: 0 of 24\nundecided: 0 of 24\n"


def test_a_long_list_is_cut_and_says_so(copied):
    writer = store.BlockWriter(copied, 7, lambda rows: None)
    for number in range(100, 130):
        row = np.zeros((), ROW)
        row["number"], row["outcome"] = number, Outcome.UNDECIDED
        writer.add(row)
    writer.flush()
    console = Console(file=io.StringIO(), width=200)
    list_wrong(copied, console)
    text = console.file.getvalue()
    assert text.count(" undecided ") == 20
    assert "and 10 more" in text


def test_a_folder_without_a_campaign_is_refused(tmp_path):
    with pytest.raises(UserError, match="no campaign was run there"):
        list_wrong(tmp_path, Console(file=io.StringIO()))


@pytest.mark.slow
def test_guards_of_the_input_are_obeyed_and_seen(run_tiny, tmp_path):
    bounds = {"guards__shortest_A": {"H-Cu": 1.4}, "guards__most_failed": 1,
              "guards__most_unsettled": 1}  # fmt: skip
    folder = run_tiny(tmp_path, **bounds)
    rows = store.trajectories(folder)
    failed = rows[rows["outcome"] == Outcome.FAILED]
    assert 0 < len(failed) < len(rows)
    text = seen(folder, int(failed[0]["point"]), int(failed[0]["number"]))
    assert "failed: closer to an atom of the slab than the domain reaches" in text
    assert "the same bits as stored" in text
    name = f"point{failed[0]['point']:03d}-{failed[0]['number']:06d}.extxyz"
    frames = read_frames(folder / "inspected" / name, ":")
    margins = [frame.info["margin_A"] for frame in frames]
    assert margins[-1] < 0 < min(margins[:-3])  # looked at every fourth step
