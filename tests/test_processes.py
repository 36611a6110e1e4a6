"""What hangs fails, and shows what it has written, instead of keeping the suite waiting."""

import sys
import time
from pathlib import Path

import pytest
from processes import finished

SLEEPS = """
import subprocess, sys, time
print("so far", flush=True)
subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"])
"""
WAITS = """
from mpi4py import MPI

def test_rank_1_waits_for_rank_0():
    print("this is rank", MPI.COMM_WORLD.rank)
    if MPI.COMM_WORLD.rank == 1:
        MPI.COMM_WORLD.Barrier()
"""


def test_a_process_that_hangs_is_ended_with_what_it_started_and_shows_what_it_wrote():
    began = time.monotonic()
    with pytest.raises(AssertionError, match=r"hung(.|\n)*so far"):
        finished([sys.executable, "-c", SLEEPS], within=1)
    assert time.monotonic() - began < 30  # the sleeper would have kept its end of the pipe


def test_ranks_that_wait_for_one_another_are_ended_and_show_where(tmp_path):
    (tmp_path / "test_waits.py").write_text(WAITS)
    bin = Path(sys.executable).parent
    command = [bin / "mpirun", "-n", "2", bin / "pytest", "-p", "no:cacheprovider"]
    hung = ["--timeout", "2", "--timeout-method", "thread", tmp_path]
    ended = finished([*command, *hung], 60, cwd=tmp_path)
    assert ended.returncode != 0
    assert "this is rank 1" in ended.stdout
    assert "MPI.COMM_WORLD.Barrier()" in ended.stdout
