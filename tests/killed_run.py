"""A campaign that is killed in the middle of writing a block."""

import signal
import subprocess
import sys

from scatter import store

# A kill by the clock comes too late on a fast machine: this one comes in the middle of a block.
KILLED = """
import os, signal, sys
from scatter.store import blocks
from scatter.cli import main

written, last = [], int(sys.argv.pop())
blocks.BlockWriter.PERIOD_S = 0
whole = blocks.write_whole

def write(path, content):
    if path.suffix == ".block":
        written.append(path)
        if len(written) == last:
            path.with_name(f".{path.name}.1.part").write_bytes(content[:40])
            os.kill(os.getpid(), signal.SIGKILL)
    whole(path, content)

blocks.write_whole = write
main()
"""


def killed(path, block):
    """Run until a block of this number is half written, and kill; the trajectories on the disk."""
    command = [sys.executable, "-c", KILLED, "run", path, str(block)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert (path.parent / "out" / "lock").exists()
    return len(store.trajectories(path.parent / "out"))
