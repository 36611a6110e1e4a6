import json
import multiprocessing
import os
import re
import socket
import subprocess
import sys
import time

import h5py
import numpy as np
import pandas as pd
import pytest

from scatter import store
from scatter.config.points import POINT
from scatter.outcomes import COLUMNS, MEASURES, ROW, SCHEMA
from scatter.settings import UserError

MANIFEST = {"input": "# é verbatim\n", "seed": 3, "lattice": {"111": 3.7}, "potential": "none"}
POINTS = np.array([(0, "111", 600.0, "H2", 0, 1, np.nan, 0.5, 0.0, np.nan)], POINT)


def row(number, **columns):
    found = np.zeros((), ROW)
    found["number"] = number
    for name, value in columns.items():
        found[name] = value
    return found


def keep(rows):
    """What completes a block's rows: nothing."""


def block(folder, numbers, rank=0):
    """One block with these trajectories; the file."""
    before = set((folder / "blocks").glob("*")) if (folder / "blocks").exists() else set()
    writer = store.BlockWriter(folder, rank, keep)
    for number in numbers:
        writer.add(row(number))
    writer.flush()
    (path,) = set((folder / "blocks").glob("*")) - before
    return path


def numbers(folder):
    return store.trajectories(folder)["number"].tolist()


def test_what_the_blocks_of_all_ranks_hold_is_read_sorted_and_once(tmp_path):
    block(tmp_path, [4, 1], rank=1)
    block(tmp_path, [0, 4, 2])
    assert numbers(tmp_path) == [0, 1, 2, 4]


def test_a_folder_without_blocks_holds_no_trajectories(tmp_path):
    assert store.trajectories(tmp_path).dtype == ROW
    assert numbers(tmp_path) == []


def test_a_block_gives_back_every_bit(tmp_path):
    values = [np.nextafter(0.1, 1), -0.0, np.nan, np.inf]
    writer = store.BlockWriter(tmp_path, 0, keep)
    for number, value in enumerate(values):
        writer.add(row(number, energy_error_eV=value))
    writer.flush()
    found = store.trajectories(tmp_path)["energy_error_eV"]
    assert found.tobytes() == np.array(values).tobytes()


def test_finished_trajectories_reach_the_disk_within_a_second_though_no_more_come(
    tmp_path, monkeypatch
):
    now = [100.0]
    monkeypatch.setattr(store.time, "monotonic", lambda: now[0])
    writer = store.BlockWriter(tmp_path, 0, keep)
    for number, moment in enumerate([100.0, 100.5]):
        now[0] = moment
        writer.add(row(number))
        writer.keep_up()
    assert numbers(tmp_path) == [0]
    now[0] = 101.1
    writer.keep_up()
    assert numbers(tmp_path) == [0, 1]


def test_the_rows_of_a_block_are_completed_before_it_is_written(tmp_path):
    def complete(rows):
        rows["final_v"] = rows["number"] + 0.5

    writer = store.BlockWriter(tmp_path, 0, complete)
    for number in range(3):
        writer.add(row(number))
    writer.flush()
    assert store.trajectories(tmp_path)["final_v"].tolist() == [0.5, 1.5, 2.5]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[:20],
        lambda content: b"",
        lambda content: content[:100] + bytes([content[100] ^ 1]) + content[101:],
    ],
)
def test_a_damaged_block_is_named_and_all_others_are_still_there(tmp_path, damage):
    block(tmp_path, [0, 1])
    lost = block(tmp_path, [2, 3])
    block(tmp_path, [4])
    lost.write_bytes(damage(lost.read_bytes()))
    with pytest.raises(UserError, match=re.escape(f"{lost}: this block")) as refusal:
        store.trajectories(tmp_path)
    assert "delete it, and the same command will run those trajectories again" in str(refusal.value)
    lost.unlink()
    assert numbers(tmp_path) == [0, 1, 4]


def test_what_a_kill_left_half_written_is_ignored(tmp_path):
    whole = block(tmp_path, [0])
    (whole.parent / f".{whole.name}.123.part").write_bytes(whole.read_bytes()[:50])
    assert numbers(tmp_path) == [0]


def test_a_file_that_cannot_be_finished_leaves_the_old_one_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "file"
    store.write_whole(path, b"old")

    def full(descriptor):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        store.write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def merged(folder):
    store.write_manifest(folder, MANIFEST)
    block(folder, [1, 0])
    store.merge(folder, POINTS)
    return folder / "results.h5"


def test_the_results_hold_the_manifest_the_schema_and_the_points(tmp_path):
    merged(tmp_path)
    points, rows, attributes = store.read_results(tmp_path)
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
    _, rows, _ = store.read_results(tmp_path)
    added = {*MEASURES, *MEASURES.values()}
    with h5py.File(path, "a") as file:
        del file["trajectories"]
        file["trajectories"] = rows[[name for name in ROW.names if name not in added]]
        file.attrs["schema"] = 1
    _, found, _ = store.read_results(tmp_path)
    assert found.dtype == ROW
    for name in ROW.names:
        assert np.isnan(found[name]).all() if name in added else (found[name] == rows[name]).all()


def test_results_that_are_missing_broken_or_of_another_schema_are_refused(tmp_path):
    with pytest.raises(UserError, match="there is no such file; `scatter status"):
        store.read_results(tmp_path)
    path = merged(tmp_path)
    with h5py.File(path, "a") as file:
        file.attrs["schema"] = SCHEMA + 1
    with pytest.raises(UserError, match=f"schema {SCHEMA + 1}, and this version reads"):
        store.read_results(tmp_path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError, match="no results file of scatter"):
        store.read_results(tmp_path)


def test_a_folder_without_a_campaign_or_with_a_broken_one_is_refused(tmp_path):
    with pytest.raises(UserError, match="no campaign was run there"):
        store.read_manifest(tmp_path)
    (tmp_path / "campaign.json").write_text('{"input": ')
    with pytest.raises(UserError, match="no description of a campaign"):
        store.read_manifest(tmp_path)


def held(folder, **changes):
    """Leave the lock of this process, some keys changed, in a folder."""
    with store.only_writer(folder):
        text = (folder / "lock").read_text()
    folder.mkdir(exist_ok=True)
    (folder / "lock").write_text(json.dumps({**json.loads(text), **changes}))


@pytest.mark.usefixtures("impatient")
def test_a_second_writer_is_refused_with_host_and_process(tmp_path):
    with (
        store.only_writer(tmp_path / "out"),
        pytest.raises(UserError, match=f"process {os.getpid()} on {socket.gethostname()} is wri"),
        store.only_writer(tmp_path / "out"),
    ):
        pass


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(store, "PATIENCE_S", 0.0)


def test_a_writer_that_is_just_ending_is_waited_for(tmp_path):
    program = f"""
import time
from pathlib import Path
from scatter import store
with store.only_writer(Path({str(tmp_path / "out")!r})):
    print(flush=True)
    input()
    time.sleep(0.2)
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"\n"
        assert store.writer(tmp_path / "out") == f"process {other.pid} on {socket.gethostname()}"
        other.stdin.write(b"\n")
        other.stdin.close()
        with store.only_writer(tmp_path / "out"):
            pass


def test_a_zombie_holds_no_lock(tmp_path):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as ended:
        held(tmp_path, pid=ended.pid, start=store._start(ended.pid))
        assert store.writer(tmp_path)
        ended.kill()
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # ended, and not yet asked how
        assert store.writer(tmp_path) is None


def test_another_living_process_holds_its_lock(tmp_path):
    parent = store._start(os.getppid())
    held(tmp_path, pid=os.getppid(), start=parent)
    assert store.writer(tmp_path) == f"process {os.getppid()} on {socket.gethostname()}"


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    held(tmp_path, pid=gone.pid)
    with store.only_writer(tmp_path):
        assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()


def test_a_process_number_used_again_does_not_hold_the_lock(tmp_path):
    held(tmp_path, start="1")
    with store.only_writer(tmp_path):
        pass


@pytest.mark.usefixtures("impatient")
def test_the_lock_of_another_host_counts_as_held_whatever_its_process(tmp_path):
    held(tmp_path, host="elsewhere", pid=2**22 + 1)
    with pytest.raises(UserError, match="on elsewhere is writing there"):
        store.only_writer(tmp_path).__enter__()


@pytest.mark.usefixtures("impatient")
def test_a_lock_that_cannot_be_read_counts_as_held(tmp_path):
    (tmp_path / "lock").write_text("")
    with pytest.raises(UserError, match="unreadable"):
        store.only_writer(tmp_path).__enter__()


@pytest.mark.parametrize("deep", ["out", "runs/out"])
def test_a_writer_that_wrote_nothing_leaves_no_folder(tmp_path, deep):
    with store.only_writer(tmp_path / deep):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_wrote_leaves_it_without_the_lock(tmp_path):
    with store.only_writer(tmp_path / "out"):
        (tmp_path / "out" / "file").touch()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["file"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(UserError, match="out: results cannot be written there"):
        store.only_writer(tmp_path / "out").__enter__()


def _hold(folder, gate, held):
    gate.wait()
    try:
        with store.only_writer(folder):
            held.put(True)
            time.sleep(0.3)
    except UserError:
        held.put(False)


@pytest.mark.usefixtures("impatient")
def test_of_two_writers_that_come_at_once_one_is_refused(tmp_path):
    context = multiprocessing.get_context("fork")
    for trial in range(5):
        gate, held = context.Barrier(2), context.Queue()
        both = [
            context.Process(target=_hold, args=(tmp_path / str(trial), gate, held)) for _ in "ab"
        ]
        for one in both:
            one.start()
        assert sorted([held.get(timeout=20), held.get(timeout=20)]) == [False, True]
        for one in both:
            one.join()
