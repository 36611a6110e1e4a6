"""A campaign that is killed in the middle of writing a block.

A kill by the clock comes too late on a fast machine: this one comes in the middle of a block.
"""

import signal
import sys
from pathlib import Path

from processes import finished

from scatter import store

DYING = str(Path(__file__).with_name("dying.py"))


def killed(path, block):
    """Run until a block of this number is half written, and kill; the trajectories on the disk."""
    dies(block, "run", path)
    assert (path.parent / "out" / "lock").exists()
    return len(store.trajectories(path.parent / "out"))


def dies(block, *command, place="block"):
    """Give a command of scatter's, and kill when a block of this number is half written."""
    ended = finished([sys.executable, DYING, place, str(block), "0", *command])
    assert ended.returncode == -signal.SIGKILL, ended.stderr
