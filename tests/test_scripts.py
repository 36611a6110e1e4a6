"""What `./scripts/run` says where it cannot go on; that it runs at all is shown by running it."""

import shutil
import subprocess
from pathlib import Path

import pytest

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
    ended = subprocess.run(
        [root / "scripts/run", *arguments],
        env={"PATH": str(path), **environment}, capture_output=True, text=True,
    )  # fmt: skip
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
    assert f"RANKS={ranks} is no number" in refused(fresh, path, "input.toml", RANKS=ranks)


def test_an_environment_of_the_users_own_is_not_cleared(fresh, path):
    (fresh / ".venv").mkdir()
    (fresh / ".venv/mine").touch()
    ended = subprocess.run(
        [fresh / "scripts/run", "input.toml"], env={"PATH": str(path)}, capture_output=True
    )
    assert ended.returncode == 2
    assert b"was not made by this script; remove it" in ended.stderr
    assert (fresh / ".venv/mine").exists()
