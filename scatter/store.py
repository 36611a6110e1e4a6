"""Results on disk: one folder a campaign, one writer a folder, nothing finished lost.

    campaign.json       what is being run: input verbatim, seed, potential, versions, machine
    blocks/*.block      finished trajectories as they come, each file complete or absent
    results.h5          all of them in one table, made from the blocks whenever asked for
    lock                who writes here now: host, process, start time

A block is 32 bytes of SHA-256 and a `.npy` array of `scatter.outcomes.ROW`. It is written under a
temporary name, brought to the disk (fsync) and renamed, so a kill at any moment leaves it whole or
leaves it out.
"""

import fcntl
import io
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from scatter.files import write_whole
from scatter.outcomes import MEANINGS, ROW, SCHEMA, UNITS, completed
from scatter.settings import UserError

MANIFEST, BLOCKS, RESULTS, LOCK = "campaign.json", "blocks", "results.h5", "lock"
PATIENCE_S = 5.0  # with another writer, which may be ending


class BlockWriter:
    """Collects the finished trajectories of one rank and writes them as blocks.

    A block is written a second or more after the last one, so a kill loses at most the trajectories
    that ended within the second before it; they are run again.
    """

    PERIOD_S = 1.0

    def __init__(self, folder: Path, rank: int, complete: Callable[[np.ndarray], None]):
        """Write into a campaign's folder.

        Args:
            folder: the campaign's.
            rank: of this process.
            complete: fills in what is cheaper to compute for the rows of a whole block.
        """
        self.complete = complete
        self.folder = folder / BLOCKS
        self.folder.mkdir(parents=True, exist_ok=True)
        self.stem = f"{time.time_ns():x}-{rank:04d}"
        self.rows: list[np.ndarray] = []
        self.written = 0
        self.last = 0.0

    def add(self, row: np.ndarray) -> None:
        """Take one finished trajectory (a record of `ROW`)."""
        self.rows.append(row)

    def keep_up(self) -> None:
        """Write what has been collected if it is time; called all the time, at every step."""
        if self.rows and time.monotonic() - self.last >= self.PERIOD_S:
            self.flush()

    def flush(self) -> None:
        """Write what has been collected."""
        if not self.rows:
            return
        rows = np.array(self.rows, ROW)
        self.complete(rows)
        stream = io.BytesIO()
        np.save(stream, rows, allow_pickle=False)
        content = stream.getvalue()
        path = self.folder / f"{self.stem}-{self.written:06d}.block"
        write_whole(path, sha256(content).digest() + content)
        self.rows.clear()
        self.written += 1
        self.last = time.monotonic()


def read_block(path: Path) -> np.ndarray:
    """The trajectories of one block.

    Raises:
        UserError: the block is damaged.
    """
    content = path.read_bytes()
    if sha256(content[32:]).digest() != content[:32]:
        raise UserError(
            f"{path}: this block of finished trajectories is damaged (its checksum does not fit); "
            "delete it, and the same command will run those trajectories again"
        )
    return completed(np.load(io.BytesIO(content[32:]), allow_pickle=False))


def trajectories(folder: Path) -> np.ndarray:
    """All finished trajectories of a campaign, sorted by point and number, each once."""
    paths = sorted((folder / BLOCKS).glob("*.block"))
    rows = np.concatenate([np.zeros(0, ROW), *(read_block(path) for path in paths)])
    _, first = np.unique(rows[["point", "number"]], return_index=True)
    return rows[first]


def merge(folder: Path, points: np.ndarray) -> None:
    """Write `results.h5` from the manifest, the blocks and the conditions of every point."""
    rows = trajectories(folder)
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        manifest = read_manifest(folder)
        for formula, columns in manifest.pop("molecules", {}).items():
            for name, values in columns.items():
                file.create_dataset(f"molecules/{formula}/{name}", data=values)
        for key, value in manifest.items():
            file.attrs[key] = value if isinstance(value, str | int) else json.dumps(value)
        file.attrs["schema"] = SCHEMA
        table = file.create_dataset("trajectories", data=rows, chunks=True, compression="gzip")
        for name in rows.dtype.names or ():
            table.attrs[f"{name}.unit"] = UNITS[name]
            table.attrs[f"{name}.meaning"] = MEANINGS[name]
        file.create_dataset("points", data=points)
    write_whole(folder / RESULTS, stream.getvalue())


def _readable(table: np.ndarray) -> np.ndarray:
    """The same records with text as `str`, which HDF5 gives as bytes."""
    found = table.copy()
    for name in found.dtype.names or ():
        if found.dtype[name].kind == "O":
            found[name] = [text.decode() for text in table[name]]
    return found


def read_results(folder: Path) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Points, trajectories and attributes of a campaign's `results.h5`.

    Raises:
        UserError: there is none, it cannot be read, or another schema wrote it.
    """
    path = folder / RESULTS
    if not path.is_file():
        raise UserError(
            f"{path}: there is no such file; `scatter status {folder}` makes it from the "
            "trajectories finished so far, if a campaign was run there"
        )
    try:
        with h5py.File(path) as file:
            attributes = dict(file.attrs)
            points, rows = np.asarray(file["points"]), np.asarray(file["trajectories"])
            rows = completed(rows)
    except (OSError, KeyError) as error:
        raise UserError(f"{path}: this is no results file of scatter ({error})") from error
    if attributes.get("schema") not in (1, SCHEMA) or rows.dtype != ROW:
        raise UserError(
            f"{path}: written with schema {attributes.get('schema')}, and this version reads "
            f"schema {SCHEMA} and 1; analyse it with the version that wrote it"
        )
    return _readable(points), rows, attributes


def read_molecules(folder: Path) -> dict[str, dict[str, np.ndarray]]:
    """Of every molecule in `results.h5`: masses_amu, and its curve as bond_A and energy_eV.

    Empty where an earlier version wrote the file. To be called after `read_results`.
    """
    found: dict[str, dict[str, np.ndarray]] = {}

    def take(name: str, values: Any) -> None:
        if isinstance(values, h5py.Dataset):
            formula, column = name.split("/")
            found.setdefault(formula, {})[column] = np.asarray(values)

    with h5py.File(folder / RESULTS) as file:
        if isinstance(group := file.get("molecules"), h5py.Group):
            group.visititems(take)
    return found


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Say what is run in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / MANIFEST, json.dumps(manifest, indent=1).encode())


def read_manifest(folder: Path) -> dict[str, Any]:
    """What is run in this folder.

    Raises:
        UserError: no campaign was run there.
    """
    path = folder / MANIFEST
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise UserError(f"{folder}: no campaign was run there ({MANIFEST} is missing)") from None
    except ValueError as error:
        raise UserError(f"{path}: this is no description of a campaign ({error})") from error


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that no other process writes there.

    Folders that were made for this are removed again if they stay empty.

    Raises:
        UserError: a living process holds it, one on another host may, or it cannot be written.
    """
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        _take(folder)
        try:
            yield
        finally:
            (folder / LOCK).unlink(missing_ok=True)
    finally:
        with suppress(OSError):  # the first that is not empty stays, and all above it
            for one in made:
                one.rmdir()


def _take(folder: Path) -> None:
    """Write this process into the folder's lock, if it is free or its process has gone.

    A launcher may return before all that it ended have gone, so a holder has some time to go.
    """
    until = time.monotonic() + PATIENCE_S
    while holder := _taken(folder):
        if time.monotonic() >= until:
            raise UserError(
                f"{folder}: {holder} is writing there; wait for it, choose another [run] "
                f"output, or delete {folder / LOCK} if that process has died"
            )
        time.sleep(0.05)


def _taken(folder: Path) -> str | None:
    """Who holds the lock; if nobody does, this process does from now on."""
    mine = {"host": socket.gethostname(), "pid": os.getpid(), "start": _start(os.getpid())}
    lock = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)  # who goes may take the empty folder away
        with _one_at_a_time(folder):
            if holder := writer(folder):
                return holder
            lock.unlink(missing_ok=True)
            with open(lock, "x") as file:
                json.dump(mine, file)
    except FileNotFoundError:
        return "a process that is ending"  # it took its empty folder away just now
    except OSError as error:
        raise UserError(
            f"{folder}: results cannot be written there ({error}); choose another [run] output"
        ) from error
    return None


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

    A holder on another host cannot be asked, and counts as alive.
    """
    try:
        holder = json.loads((folder / LOCK).read_text())
        host, pid, start = holder["host"], int(holder["pid"]), holder["start"]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError):
        return "an unknown process (its lock is unreadable)"
    if host == socket.gethostname() and _start(pid) != start:
        return None
    return f"process {pid} on {host}"


def _start(pid: int) -> str | None:
    """When a process of this host began, as the kernel counts; None if it has ended.

    A process number is used again after a while, so the number alone does not tell.
    """
    if not Path("/proc/self/stat").exists():
        return _alive(pid)
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *numbers = status.rpartition(")")[2].split()
    return None if state in "ZX" else numbers[18]  # a zombie has ended, but nobody asked how


def _alive(pid: int) -> str | None:
    """Where the kernel does not tell when: whether there is such a process at all."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return "unknown"
