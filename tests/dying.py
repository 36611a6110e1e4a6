"""The command line of scatter, in a process that kills itself (SIGKILL) at a chosen place.

    python dying.py PLACE TIMES RANK run in.toml

PLACE: in the middle of writing a `block` (`second`: of the second campaign that is compared), the
`lock`, the `manifest`, the `slab` cache (the first file of arrays; later ones are chains, or where
splitting stands), the `table` of replicates or their `events`, or numba's cache (`kernel`); between
two rows of the `merge`; while the `figure` is drawn; `raise`: by an error where a trajectory ends.
TIMES: at which such event of the process, counted from 1. RANK: of the process that dies; the
others go on.
"""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path


def die():
    """End at once, as by a power cut or a batch system out of patience."""
    os.kill(os.getpid(), signal.SIGKILL)


def once(number, deed):
    """A function that does a deed at its call of this number."""
    calls = []

    def called(*arguments, **named):
        calls.append(1)
        if len(calls) == number:
            deed(*arguments, **named)

    return called


def half_written(path, content):
    """Leave the first half of a file under its temporary name, and die."""
    path.with_name(f".{path.name}.dying.part").write_bytes(content[: len(content) // 2])
    die()


def before(module, name, deed):
    """Let a deed come before each call of a function."""
    whole = getattr(module, name)

    def called(*arguments, **named):
        deed(*arguments, **named)
        return whole(*arguments, **named)

    setattr(module, name, called)


def writes(room, suffix, number, within=""):
    """Die in the middle of a file that a room of `scatter.store` writes whole in some folder."""
    from importlib import import_module

    deed = once(number, half_written)

    def chosen(path, content):
        if path.name.endswith(suffix) and within in str(path):
            deed(path, content)

    before(import_module(f"scatter.store.{room}"), "write_whole", chosen)


def slab(number):
    """Die in the middle of writing a file of arrays, such as thermal snapshots into the cache."""
    import numpy as np

    def partly(file, **arrays):
        file.write(b"PK" + bytes(5000))
        file.flush()
        die()

    before(np, "savez", once(number, partly))


def merge(number):
    """Die between two blocks of a merge."""
    from scatter.store import table

    before(table, "_scatter", once(number, lambda *_: die()))


def figure(number):
    """Die when the figure is written."""
    from scatter.report import sticking

    before(sticking, "save", once(number, lambda *_: die()))


def kernel(number):
    """Die in the middle of writing compiled code into numba's cache."""
    from numba.core.caching import IndexDataCacheFile

    opened = IndexDataCacheFile._open_for_write

    class Half:
        def __init__(self, file):
            self.file = file

        def write(self, data):
            self.file.write(data[: len(data) // 2])
            self.file.flush()
            die()

    halved = once(number, lambda: chosen.append(True))
    chosen = []

    @contextlib.contextmanager
    def opening(self, path):
        halved()
        with opened(self, path) as file:
            yield Half(file) if chosen else file

    IndexDataCacheFile._open_for_write = opening


def error(number):
    """Raise an error, where a trajectory ends, instead of dying."""
    from scatter.campaign import work

    def wrong(*_):
        raise ZeroDivisionError(f"on purpose, at {time.time()}")

    before(work.Trajectories, "end", once(number, wrong))


PLACES = {
    "raise": error,
    "block": lambda number: writes("blocks", ".block", number),
    "second": lambda number: writes("blocks", ".block", number, "/second/"),
    "lock": lambda number: writes("lock", "lock", number),
    "manifest": lambda number: writes("table", "campaign.json", number),
    "slab": slab,
    "table": lambda number: writes("replicates", ".table", number),
    "events": lambda number: writes("replicates", ".events", number),
    "kernel": kernel,
    "merge": merge,
    "figure": figure,
}

if __name__ == "__main__":
    _, place, times, rank, *arguments = sys.argv
    from scatter.cli import main
    from scatter.store import blocks

    if os.environ.get("PMI_RANK", "0") == rank:
        if place in ("block", "second"):
            blocks.BlockWriter.PERIOD_S = 0  # a block for each trajectory: any number of events
        PLACES[place](int(times))
    sys.argv = [str(Path(sys.executable).with_name("scatter")), *arguments]
    main()
