"""Campaigns in processes of their own, to be killed, starved and misled."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
from processes import begun, outcome

from scatter import store
from scatter.results.read import read_results
from scatter.settings import UserError

BIN = Path(sys.executable).parent
DYING = Path(__file__).parents[1] / "dying.py"
LAUNCHER = ("PMI", "MPI", "HYDRA", "PMIX", "OMPI", "GFORKER")  # what marks a rank of a launch


def environment(folder, **more):
    """An environment for launches: one thread each, no launch around.

    Slabs are cached in a folder, unless the environment says where.
    """
    free = {name: text for name, text in os.environ.items() if not name.startswith(LAUNCHER)}
    return {"SCATTER_CACHE": str(folder / "cache"), **free, "OMP_NUM_THREADS": "1", **more}


class Launch:
    """`scatter run` under way: alone, or on several ranks of an mpirun."""

    def __init__(self, path, ranks, folder, dying=(), **more):
        """Start it.

        Args:
            path: the input.
            ranks: 1: without a launcher.
            folder: for caches.
            dying: arguments of `dying.py` (place, time, rank), where one rank shall die.
            **more: environment.
        """
        program = [sys.executable, DYING, *map(str, dying)] if dying else [BIN / "scatter"]
        mpirun = [BIN / "mpirun", "-n", str(ranks)] if ranks > 1 else []
        self.began = time.monotonic()
        self.process = begun([*mpirun, *program, "run", path], env=environment(folder, **more))
        self.mark = f"run\0{path}\0"

    def ranks(self):
        """Process numbers of its ranks (not of the launcher and its proxies)."""
        return [pid for pid, words in _commands() if self.mark in words and "mpirun" not in words]

    def everyone(self):
        """Process numbers of all that it started and that still live."""
        known = {self.process.pid, *self.ranks()}
        return sorted(known | {pid for pid, _ in _commands() if _session(pid) in known})

    def kill(self, whom, number=signal.SIGKILL):
        """Send a signal to these processes; those that have gone meanwhile do not mind."""
        for pid in whom:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def end(self, seconds=300):
        """Wait for its end, and that of all ranks; exit code, output, errors."""
        out, err = outcome(self.process, seconds)
        until = time.monotonic() + 20
        while self.ranks():
            assert time.monotonic() < until, f"ranks outlive their launcher: {self.ranks()}"
            time.sleep(0.02)
        return self.process.returncode, out, err


def _commands():
    """Every living process with its command line, words parted by NUL."""
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                state = (path / "stat").read_text().rpartition(")")[2].split()[0]
                words = (path / "cmdline").read_text()
            except OSError:
                continue
            if state not in "ZX":
                yield int(path.name), words


def _session(pid):
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return -1


def run(path, ranks, folder, **more):
    """A whole campaign; its rows, sorted."""
    code, out, err = Launch(path, ranks, folder, **more).end()
    assert code == 0, (code, out, err)
    return read_results(output(path))[1]


def output(path):
    """Where a tiny campaign writes."""
    return path.parent / "out"


def known(path):
    """What the blocks of a campaign hold now (no rows where there are none)."""
    try:
        return store.trajectories(output(path))
    except UserError as error:
        raise AssertionError(f"a block is damaged: {error}") from error


def same_bits(rows, whole):
    """Whether every row is, to the bit, that of the whole campaign."""
    place = {key: index for index, key in enumerate(whole[["point", "number"]].tolist())}
    others = whole[[place[key] for key in rows[["point", "number"]].tolist()]]
    return np.array_equal(rows.view(np.uint8), others.view(np.uint8))
