"""Who writes into a campaign's folder: one at a time, in turn after crashes.

The lock is a file with host, process and start time. A process of this host is asked for; one of
another host must have touched its lock within the last minutes, or counts as dead.
"""

import fcntl
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scatter import foreign
from scatter.files import write_whole
from scatter.settings import UserError

LOCK = "lock"
ENDING = "a process that is ending"
PATIENCE_S = 5.0  # with another writer, which may be ending
BEAT_S = 20.0  # how often a writer touches its lock
SILENT_S = 300.0  # a lock of another host that was not touched for so long is of a dead process
LEFT_S = 600.0  # a temporary file this old is of a process that was killed


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that no other process writes there.

    Folders that were made for this are removed again if they stay empty; what a killed process
    left half written is removed too.

    Raises:
        UserError: a living process holds it, one on another host may, or it cannot be written.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        _take(folder)
        try:
            _sweep(folder)
            with _beating(folder):
                yield
        finally:
            with suppress(OSError):  # on a disk that is read-only by now
                if _mine(folder):
                    (folder / LOCK).unlink(missing_ok=True)
    finally:
        with suppress(OSError):  # the first that is not empty stays, and all above it
            for path in made:
                path.rmdir()


@contextmanager
def _beating(folder: Path) -> Iterator[None]:
    """Touch the lock all the time, so that other hosts see that its process lives.

    A process that was stopped for long and has lost its lock meanwhile is asked to end: two that
    write do no harm (the same trajectories have the same bits), but it should be told.
    """
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT_S):
            if not _mine(folder):
                os.kill(os.getpid(), signal.SIGTERM)
                return
            with suppress(OSError):
                os.utime(folder / LOCK)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _sweep(folder: Path) -> None:
    """Remove what processes that were killed left half written."""
    now = time.time()
    for path in folder.glob("**/.*.part"):
        with suppress(OSError):
            if now - path.stat().st_mtime > LEFT_S:
                path.unlink()


def _take(folder: Path) -> None:
    """Write this process into the folder's lock, if it is free or its process has gone.

    A launcher may return before all that it ended have gone, so a holder has some time to go.
    """
    until = time.monotonic() + PATIENCE_S
    while holder := _taken(folder):
        if time.monotonic() >= until:
            if holder == ENDING:
                raise _cannot(folder, "it or a folder above it vanishes, or cannot be made")
            raise UserError(
                f"{folder}: {holder} is writing there; wait for it, choose another [run] "
                f"output, or delete {folder / LOCK} if that process has died"
            )
        time.sleep(0.05)


def _taken(folder: Path) -> str | None:
    """Who holds the lock; if nobody does, this process does from now on."""
    lock = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)  # who goes may take the empty folder away
        with _one_at_a_time(folder):
            if holder := writer(folder):
                return holder
            write_whole(lock, json.dumps(_me()).encode())
    except FileNotFoundError:
        return ENDING  # it took its empty folder away just now
    except OSError as error:
        raise _cannot(folder, error.strerror or str(error)) from error
    return None


def _cannot(folder: Path, why: str) -> UserError:
    return UserError(
        f"{folder}: results cannot be written there ({why}); fix that, or choose another [run] "
        f"output"
    )


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Let the processes of this host look at a lock and take it one after another."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system that has no such locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def writer(folder: Path) -> str | None:
    """Who writes in a folder now; None when nobody does, or who did has died.

    A holder on another host cannot be asked; it lives as long as it touches its lock.
    """
    try:
        holder = foreign.json_table(folder / LOCK)
        host, pid, start = str(holder["host"]), int(holder["pid"]), holder["start"]
    except foreign.Missing:
        return None
    except (UserError, ValueError, OverflowError, KeyError, TypeError):
        return "an unknown process (its lock is unreadable)"
    here = host == socket.gethostname()
    lives = _start(pid) == start if here else time.time() - _touched(folder) < SILENT_S
    return f"process {pid} on {host}" if lives else None


def _touched(folder: Path) -> float:
    """When the lock was last touched, s; clocks of hosts may differ by a minute."""
    try:
        return (folder / LOCK).stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _me() -> dict[str, str | int | None]:
    """This process, as its lock tells."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "start": _start(os.getpid())}


def _mine(folder: Path) -> bool:
    """Whether the folder's lock is this process's; where there is none, it belongs to no other."""
    try:
        return json.loads((folder / LOCK).read_text()) == _me()
    except (OSError, ValueError):
        return True


def _start(pid: int) -> str | None:
    """When a process of this host began, as the kernel counts; None if it has ended.

    A process number is used again after a while, so the number alone does not tell.
    """
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *numbers = status.rpartition(")")[2].split()
    return None if state in "ZX" else numbers[18]  # a zombie has ended, but nobody asked how
