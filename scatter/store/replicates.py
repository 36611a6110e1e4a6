"""Replicates of points that are split: a file for each, whole or absent, and its working files.

splitting/point-00000.table   its replicates so far: 32 bytes of SHA-256, and a `.npy` array
splitting/point-00000.events  rows of the starts that came to the event, kept likewise
splitting/point-00000.*.npz   these starts; where a pilot, or replicates that are underway, stand
"""

import io
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import numpy as np

from scatter import foreign
from scatter.columns import NOT_REACTIVE, REACTIVE, REPLICATES, Column
from scatter.files import write_whole
from scatter.rows import row_type
from scatter.settings import UserError

SPLITTING = "splitting"
REPLICATE = row_type(REPLICATES)


def splitting_file(folder: Path, point: int, ending: str) -> Path:
    """A file of a point that is split."""
    return folder / SPLITTING / f"point-{point:05d}.{ending}"


def write_replicates(folder: Path, point: int, rows: np.ndarray) -> None:
    """Keep the replicates of a point."""
    _write(splitting_file(folder, point, "table"), rows)


def replicates_of(folder: Path, point: int) -> np.ndarray:
    """The replicates of a point; no rows where it has not been split.

    Raises:
        UserError: its file is damaged.
    """
    return _read(splitting_file(folder, point, "table"), REPLICATE)


def replicates(folder: Path) -> np.ndarray:
    """The replicates of all points.

    Raises:
        UserError: a file is damaged.
    """
    paths = sorted((folder / SPLITTING).glob("*.table"))
    return np.concatenate([np.zeros(0, REPLICATE), *(_read(path, REPLICATE) for path in paths)])


def reactive_type(columns: Iterable[Column]) -> np.dtype:
    """The type of rows of starts that came to the event, from the columns of trajectories."""
    own = (column for column in columns if column.name != NOT_REACTIVE)
    return row_type([*REACTIVE, *own])


def write_reactive(folder: Path, point: int, rows: np.ndarray) -> None:
    """Keep the rows of all starts of a point that came to the event."""
    _write(splitting_file(folder, point, "events"), rows)


def reactive_of(folder: Path, point: int, kind: np.dtype) -> np.ndarray:
    """Rows of this type of the starts of a point that came to the event; none where none are kept.

    Raises:
        UserError: their file is damaged.
    """
    return _read(splitting_file(folder, point, "events"), kind)


def reactive(folder: Path, kind: np.dtype) -> np.ndarray:
    """Those of all points, of replicates that have come to their end.

    Raises:
        UserError: a file is damaged.
    """
    ended = {*map(tuple, replicates(folder)[["point", "replicate"]].tolist())}
    paths = sorted((folder / SPLITTING).glob("*.events"))
    rows = np.concatenate([np.zeros(0, kind), *(_read(path, kind) for path in paths)])
    return rows[[each in ended for each in rows[["point", "replicate"]].tolist()]]


def _write(path: Path, rows: np.ndarray) -> None:
    stream = io.BytesIO()
    np.save(stream, rows, allow_pickle=False)
    content = stream.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, sha256(content).digest() + content)


def _read(path: Path, kind: np.dtype) -> np.ndarray:
    """The rows in a file; none where there is no file."""
    if not path.exists():
        return np.zeros(0, kind)
    content = foreign.content(path)
    if sha256(content[32:]).digest() == content[:32]:
        rows = foreign.array(io.BytesIO(content[32:]), len(content) - 32)
        if rows.dtype == kind and rows.ndim == 1:
            return rows
    raise UserError(
        f"{path}: this file of replicates is damaged; delete it and what else is of that point in "
        f"{path.parent}, and the same command will run them again"
    )
