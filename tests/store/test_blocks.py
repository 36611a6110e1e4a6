import os
import re
import time

import numpy as np
import pytest
from written_blocks import block, keep, row

from scatter import store
from scatter.files import write_whole
from scatter.rows import ROW
from scatter.settings import UserError


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
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
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
    write_whole(path, b"old")

    def full(descriptor):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
