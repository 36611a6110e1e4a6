"""Finished trajectories as they come, in files that are whole or absent.

A block is 32 bytes of SHA-256 and a `.npy` array of `scatter.rows.ROW`. It is written under a
temporary name, brought to the disk (fsync) and renamed, so a kill at any moment leaves it whole or
leaves it out.
"""

import io
import re
import time
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from scatter import foreign
from scatter.columns import BRANCH
from scatter.files import write_whole
from scatter.rows import ROW, kind_of_columns, row_type, usual_columns
from scatter.settings import UserError
from scatter.store.earlier import completed

BLOCKS, MANIFEST = "blocks", "campaign.json"
ATOM = re.compile(r"initial_x[0-9]+_A")  # there is such a column for each atom
ENDING = ("point", "number", "outcome", "reason")
MOST_A_SECOND = 100  # blocks of all ranks together: what a shared file system takes without effort


class BlockWriter:
    """Collects the finished trajectories of one rank and writes them as blocks.

    A block is written a period or more after the last one, so a kill loses at most the trajectories
    that ended within the period before it; they are run again. The period is a second, and for
    more than a hundred ranks longer, so that all of them together make a hundred files a second.
    """

    PERIOD_S = 1.0

    def __init__(
        self, folder: Path, rank: int, complete: Callable[[np.ndarray], None], ranks: int = 1
    ):
        """Write into a campaign's folder.

        Args:
            folder: the campaign's.
            rank: of this process.
            complete: fills in what is cheaper to compute for the rows of a whole block.
            ranks: how many of them write there.

        Raises:
            UserError: the folder cannot be written to.
        """
        self.campaign, self.folder = folder, folder / BLOCKS
        self.complete = complete
        self.period = max(self.PERIOD_S, ranks / MOST_A_SECOND)
        self.stem = f"{time.time_ns():x}-{rank:04d}"
        self.rows: list[np.ndarray] = []
        self.written = 0
        self.last = 0.0
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._cannot(error) from error

    def add(self, row: np.ndarray) -> None:
        """Take one finished trajectory (a record of `ROW`)."""
        self.rows.append(row)

    def keep_up(self) -> None:
        """Write what has been collected if it is time; called all the time, at every step."""
        if self.rows and time.monotonic() - self.last >= self.period:
            self.flush()

    def flush(self) -> None:
        """Write what has been collected; where that fails, it is still collected.

        Raises:
            UserError: it cannot be written: a full disk, a vanished folder.
        """
        if not self.rows:
            return
        rows = np.array(self.rows, self.rows[0].dtype)
        self.complete(rows)
        stream = io.BytesIO()
        np.save(stream, rows, allow_pickle=False)
        content = stream.getvalue()
        path = self.folder / f"{self.stem}-{self.written:06d}.block"
        try:
            write_whole(path, sha256(content).digest() + content)
        except OSError as error:
            raise self._cannot(error) from error
        self.rows.clear()
        self.written += 1
        self.last = time.monotonic()

    def _cannot(self, error: OSError) -> UserError:
        return UserError(
            f"{self.campaign}: results cannot be written there ({error.strerror or error}); all "
            "that was written before is kept, and once that is fixed the same command continues "
            f"({len(self.rows)} trajectories that this rank had ended since will be run again)"
        )


def block_files(folder: Path) -> list[Path]:
    """The blocks of a campaign, as long as they are there."""
    return sorted((folder / BLOCKS).glob("*.block"))


def read_block(path: Path) -> np.ndarray:
    """The trajectories of one block.

    Raises:
        UserError: the block is damaged, cannot be read, or another version wrote it.
    """
    content = foreign.content(path)
    if sha256(content[32:]).digest() != content[:32]:
        raise _damaged(path, "its checksum does not fit")
    try:
        rows = completed(foreign.array(io.BytesIO(content[32:]), len(content) - 32))
    except ValueError as error:
        raise _damaged(path, foreign.reason(error)) from error
    names = rows.dtype.names or ()
    atoms = sum(bool(ATOM.fullmatch(name)) for name in names)
    due = row_type(usual_columns(atoms, kind_of_columns(names)))
    usual = names[: len(due.names or ())]
    if usual != due.names and rows.ndim == 1:
        raise UserError(
            f"{path}: another version of scatter wrote this block, with other columns; read the "
            "campaign with that version"
        )
    kinds = np.dtype([(name, rows.dtype[name]) for name in usual])
    own = names[len(usual) :]
    if kinds != due or rows.ndim != 1 or any(rows.dtype[n].kind not in "biufS" for n in own):
        raise _damaged(path, "it holds no trajectories")
    return rows


def _damaged(path: Path, why: str) -> UserError:
    return UserError(
        f"{path}: this block of finished trajectories is damaged ({why}); delete it, and the same "
        "command will run those trajectories again"
    )


def endings(
    paths: Sequence[Path], row: np.dtype = ROW, columns: Sequence[str] = ENDING
) -> np.ndarray:
    """A few columns of every trajectory, in the order of blocks, and its branch if it has one.

    Memory is that of these columns. A trajectory that two blocks hold is there twice.

    Args:
        paths: of the blocks.
        row: the type of their rows.
        columns: that are wanted.

    Raises:
        UserError: a block is damaged, or holds rows of another type.
    """
    names = [name for name in (*columns, BRANCH.name) if name in (row.names or ())]
    kind = np.dtype([(name, row[name]) for name in dict.fromkeys(names)])
    parts = [np.zeros(0, kind)]
    for path in paths:
        rows = read_block(path)
        if rows.dtype != row:
            raise UserError(
                f"{path}: has other columns than {path.parents[1] / MANIFEST} tells; it belongs to "
                "another campaign"
            )
        parts.append(picked(rows, kind))
    return np.concatenate(parts)


def picked(rows: np.ndarray, kind: np.dtype) -> np.ndarray:
    """A copy of the columns of rows that a type of fewer has."""
    return rows[list(kind.names or ())].astype(kind)


def keys(*tables: np.ndarray) -> list[np.ndarray]:
    """One number for each trajectory, that sorts by point, number and branch.

    A trajectory has the same in all tables of one call.
    """
    numbers = [rows["point"].astype(np.uint64) << np.uint64(32) | rows["number"] for rows in tables]
    branches = [_branches(rows) for rows in tables]
    if not any(branch.any() for branch in branches):
        return numbers
    order = np.unique(np.concatenate(numbers), return_inverse=True)[1].astype(np.uint64)
    whole = order << np.uint64(32) | np.concatenate(branches)
    return np.split(whole, np.cumsum([len(rows) for rows in tables])[:-1])


def _branches(rows: np.ndarray) -> np.ndarray:
    """The branches of trajectories; 0 where they have none."""
    return (
        rows[BRANCH.name] if BRANCH.name in (rows.dtype.names or ()) else np.zeros(len(rows), "u4")
    )


def each_once(rows: np.ndarray) -> np.ndarray:
    """Trajectories sorted by point, number and branch, copies left out."""
    return rows[np.unique(keys(rows)[0], return_index=True)[1]]


def trajectories(folder: Path) -> np.ndarray:
    """All finished trajectories of a campaign, sorted by point, number and branch, each once.

    Raises:
        UserError: a block is damaged.
    """
    parts = [read_block(path) for path in block_files(folder)]
    for path, rows in zip(block_files(folder), parts, strict=True):
        if rows.dtype != parts[0].dtype:
            raise _damaged(path, "it has other columns than those before it")
    return each_once(np.concatenate(parts or [np.zeros(0, ROW)]))


def damaged(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Every block that cannot be read, and why."""
    for path in paths:
        try:
            read_block(path)
        except UserError as error:
            yield path, str(error)
