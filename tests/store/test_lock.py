import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time

import pytest

from scatter import store
from scatter.settings import UserError
from scatter.store import lock


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
    monkeypatch.setattr(lock, "PATIENCE_S", 0.0)


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
        held(tmp_path, pid=ended.pid, start=lock._start(ended.pid))
        assert store.writer(tmp_path)
        ended.kill()
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # ended, and not yet asked how
        assert store.writer(tmp_path) is None


def test_another_living_process_holds_its_lock(tmp_path):
    parent = lock._start(os.getppid())
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
