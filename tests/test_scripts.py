"""What the scripts say where they cannot go on; that they run at all is shown by running them."""

import os
import shutil
import signal
import sys
from pathlib import Path
from shlex import quote

import numpy as np
import pytest
from processes import begun, finished, outcome, wait_until

from scatter import store
from scatter.results.read import read_results
from scatter.structures import read_frames

ROOT = Path(__file__).parents[1]


@pytest.fixture
def fresh(tmp_path):
    """A copy of the repository's set-up, without an environment."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def path(tmp_path):
    """A folder for PATH that holds what a bare machine has."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("bash", "cat", "cksum", "dirname", "env", "grep"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    return tools


def refused(root, path, *arguments, **environment):
    """The one line that `scripts/run` ends with; nothing is made before it."""
    ended = finished([root / "scripts/run", *arguments], env={"PATH": str(path), **environment})
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert not (root / ".venv").exists()
    (line,) = ended.stderr.splitlines()
    return line


def python(path, answer):
    """A stand-in named python3 that answers a question with an exit status."""
    (path / "python3").write_text(f"#!/usr/bin/env bash\n{answer}\n")
    (path / "python3").chmod(0o755)


def test_without_a_python_it_says_which_one_to_install(fresh, path):
    assert "no Python 3.11 to 3.14; install one" in refused(fresh, path, "input.toml")


def test_a_python_that_is_too_old_is_passed_over(fresh, path):
    python(path, "exit 1")
    assert "no Python 3.11 to 3.14; install one" in refused(fresh, path, "input.toml")


def test_a_python_without_venv_is_named_with_the_package_it_lacks(fresh, path):
    python(path, 'case "$*" in *ensurepip*) exit 1 ;; esac')
    line = refused(fresh, path, "input.toml")
    assert "python3 lacks the module venv" in line
    assert "apt install python3-venv" in line


def test_without_an_input_it_asks_for_one(fresh, path):
    assert "which input file?" in refused(fresh, path)


@pytest.mark.parametrize("ranks", ["0", "-1", "two", "1.5"])
def test_a_number_of_ranks_is_a_whole_number_above_0(fresh, path, ranks):
    assert f"RANKS={ranks} is not a number" in refused(fresh, path, "input.toml", RANKS=ranks)


def test_an_environment_of_the_users_own_is_not_cleared(fresh, path):
    (fresh / ".venv").mkdir()
    (fresh / ".venv/mine").touch()
    ended = finished([fresh / "scripts/run", "input.toml"], env={"PATH": str(path)})
    assert ended.returncode == 2
    assert "was not made by this script; remove it" in ended.stderr
    assert (fresh / ".venv/mine").exists()


def test_a_batch_job_that_is_warned_keeps_what_has_ended_and_asks_to_run_again(
    write_tiny, tmp_path
):
    path = write_tiny(tmp_path, sampling__trajectories=150, run__slots=2)
    tools = tmp_path / "tools"
    tools.mkdir()
    scatter = quote(str(Path(sys.executable).with_name("scatter")))
    # srun hands signals on to its tasks; here it is its only task
    (tools / "srun").write_text(f'#!/bin/sh\nshift\nexec {scatter} "$@"\n')
    (tools / "scontrol").write_text(f'#!/bin/sh\necho "$@" >> {quote(str(tmp_path))}/requeued\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    job = {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_JOB_ID": "77"}
    environment = {**os.environ, **job, "PATH": f"{tools}:{os.environ['PATH']}"}
    command = [ROOT / "scripts/slurm_array.sh", "other.toml", path]
    running = begun(command, env=environment)
    wait_until(lambda: store.block_files(tmp_path / "out"), running)
    running.send_signal(signal.SIGUSR1)
    out, _ = outcome(running, 60)
    assert running.returncode == 0
    assert "stopped with 130; it goes on when the job runs again" in out
    assert (tmp_path / "requeued").read_text() == "requeue 77_2\n"
    kept = len(store.trajectories(tmp_path / "out"))
    assert 0 < kept < 300
    assert finished(command, env=environment).returncode == 0
    assert len(read_results(tmp_path / "out")[1]) == 300


def test_structures_of_an_alloy_hold_its_phases_at_volumes_between_those_of_its_elements(tmp_path):
    made = [sys.executable, ROOT / "scripts/alloy_structures.py", tmp_path / "alloys.extxyz"]
    ended = finished([*made, "--number", "30", "--liquids", "0"])
    assert "30 structures" in ended.stdout
    frames = read_frames(tmp_path / "alloys.extxyz")
    assert {frame.info["kind"] for frame in frames} == {"hcp", "bcc", "omega"}
    assert {*np.concatenate([frame.numbers for frame in frames]).tolist()} == {13, 22, 23}
    own = {22: 17.65, 13: 16.40, 23: 13.83}  # Å³ of an atom, from handbook lattice constants
    for frame in frames:
        volume = sum(own[number] for number in frame.numbers.tolist())
        assert 0.8 < frame.get_volume() / volume < 1.2
        assert frame.get_all_distances(mic=True)[np.triu_indices(len(frame), 1)].min() > 1.7
    ended = finished([*made, "--number", "1", "--liquids", "1"])
    assert ended.returncode == 2
    assert "liquids move on a potential" in ended.stderr
