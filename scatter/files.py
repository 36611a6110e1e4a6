"""Files that are written completely or not at all, whatever happens."""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

import numpy as np


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, which replaces it when the block has succeeded.

    The content has reached the disk (fsync) before it is renamed, and the name before this
    returns. If the block or the disk fails, `path` is as it was.

    Raises:
        OSError: it cannot be written.
    """
    # not the process number: several hosts may share the folder
    temporary = path.with_name(f".{path.name}.{token_hex(4)}.part")
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    except OSError as error:
        # the system names no file, or the temporary file
        if error.errno is None or error.filename not in (None, str(temporary)):
            raise
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file completely or not at all, whatever happens."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], compressed: bool = False) -> None:
    """Write named arrays to an `.npz` file, as `write_whole`."""
    save: Callable[..., None] = np.savez_compressed if compressed else np.savez
    with replacing(path) as temporary, open(temporary, "wb") as stream:
        save(stream, **arrays)


def write_table(path: Path, names: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table as CSV, as `write_whole`.

    None and NaN are empty cells; of a number, the shortest text that reads back to the same bits.
    """
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for row in rows:
            writer.writerow(["" if value is None or value != value else value for value in row])


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
