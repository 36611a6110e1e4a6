"""Files that others may have written: opened as regular files, read within bounds, never run.

Whatever the bytes, a function here answers with what it promises or raises UserError, in a time
and memory that follow from the size of the file, up to a largest one, and not from what the file
says of itself.
"""

import json
import math
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from scatter.errors import UserError

MOST_TEXT = 2**26  # bytes of a file that is read whole as text
MOST = 2**33  # bytes of one that holds arrays
MOST_MEMBERS = 1000  # arrays in one `.npz`
DENSEST = 100  # times its size that a compressed file may hold
ALWAYS = 2**24  # bytes that it may hold anyway
MEMBER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.]*\.npy")

Arrays = dict[str, np.ndarray]


class Missing(UserError):
    """There is no such file."""


def most_bytes(size: int) -> int:
    """How much a compressed file of a size (bytes) may hold: what no honest one exceeds."""
    return ALWAYS + DENSEST * size


@contextmanager
def opened(path: Path | str, place: str = "", most: int = MOST) -> Iterator[IO[bytes]]:
    """A regular file, open for reading; links to one are followed.

    A folder, a device or a pipe is refused before anything is read of it.

    Args:
        path: of the file.
        place: what errors call it; by default its path.
        most: bytes that it may hold.

    Raises:
        UserError: it cannot be opened, is no regular file, or too large.
    """
    place = place or str(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        raise Missing(f"{place}: there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: of a name that holds NUL
        raise UserError(f"{place}: cannot be read ({reason(error)})") from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size > most:
        os.close(descriptor)
        what = "is a folder" if stat.S_ISDIR(found.st_mode) else "is no regular file"
        what = f"holds more than {most:,} bytes" if found.st_size > most else what
        raise UserError(f"{place}: {what}; is the path right?")
    with open(descriptor, "rb") as file:
        try:
            yield file
        except OSError as error:
            raise UserError(f"{place}: cannot be read ({reason(error)})") from error


def reason(error: Exception) -> str:
    """What an error says, on one line, without the path that the sentence names anyway."""
    return shown(getattr(error, "strerror", None) or str(error) or type(error).__name__, 200)


def shown(text: object, most: int = 60) -> str:
    """Text as a sentence may quote it: on one line, printable, cut where it becomes too long."""
    line = "".join(c if c.isprintable() else "?" for c in " ".join(str(text).split()))
    return line if len(line) <= most else f"{line[:most]}…"


def content(path: Path | str, place: str = "", most: int = MOST) -> bytes:
    """All bytes of a regular file.

    Raises:
        UserError: it cannot be read.
    """
    with opened(path, place, most) as file:
        return file.read()


def text(path: Path | str, place: str = "", most: int = MOST_TEXT) -> str:
    """The text of a file in UTF-8, with or without a mark at its beginning.

    Raises:
        UserError: it cannot be read, or is no such text.
    """
    read = content(path, place, most)
    try:
        return read.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = read[: error.start].count(b"\n") + 1
        raise UserError(
            f"{place or path}, line {line}: is not text in UTF-8; save the file as UTF-8"
        ) from None


def json_table(path: Path | str, place: str = "") -> dict[str, Any]:
    """What a file of JSON says, if it is a table of keys and values.

    Raises:
        UserError: it cannot be read, or is none.
    """
    place = place or str(path)
    try:
        found = json.loads(text(path, place))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{place}: is not JSON ({reason(error)})") from error
    if not isinstance(found, dict):
        raise UserError(f"{place}: is JSON, but no table of keys and values")
    return found


def array(file: IO[bytes], size: int) -> np.ndarray:
    """The array of a `.npy` stream that is `size` bytes long; it holds no Python objects.

    Memory is asked for only once the header and the size of the stream agree.

    Raises:
        ValueError: it is no such array.
    """
    shape, fortran, dtype = _header(file)
    if dtype.hasobject or any(type(n) is not int or n < 0 for n in shape):
        raise ValueError("it holds Python objects, or no shape")
    due = math.prod(shape) * dtype.itemsize
    if due != size - file.tell():
        raise ValueError(f"its header speaks of {due} bytes, and {size - file.tell()} follow")
    found = np.frombuffer(bytearray(file.read(due)), np.uint8)
    if len(found) != due:
        raise ValueError("it ends early")
    if not due and math.prod(shape):
        raise ValueError("it has elements of no size")
    flat = found.view(dtype) if due else np.zeros(0, dtype)
    return flat.reshape(shape, order="F" if fortran else "C")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = npy.read_magic(file)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"it has version {version} of the format")
    try:
        return readers[version](file)
    except Exception as error:  # it is parsed as Python, which fails in every way
        raise ValueError(f"its header cannot be read ({reason(error)})") from error


def arrays(path: Path | str, place: str = "") -> Arrays:
    """The arrays of an `.npz` file, each by its name.

    Nothing is unpickled, no name leads anywhere, and no array is larger than its bytes in the file
    allow.

    Raises:
        UserError: it cannot be read, or is no such file.
    """
    place = place or str(path)
    with opened(path, place) as file:
        try:
            with zipfile.ZipFile(file) as whole:
                members = _members(whole, os.fstat(file.fileno()).st_size)
                return {one.filename[:-4]: _member(whole, one) for one in members}
        except UserError:
            raise
        except Exception as error:  # a broken archive is met with errors of every class
            raise UserError(f"{place}: cannot be read as .npz ({reason(error)})") from error


def _members(whole: zipfile.ZipFile, size: int) -> list[zipfile.ZipInfo]:
    members = whole.infolist()
    if len({one.filename for one in members}) < len(members) or len(members) > MOST_MEMBERS:
        raise ValueError("it names a member twice, or has too many")
    if sum(one.file_size for one in members) > most_bytes(size):
        raise ValueError(f"it claims to hold far more than its {size} bytes can")
    for one in members:
        if not MEMBER.fullmatch(one.filename):
            raise ValueError(f"{one.filename[:60]!r} is no name of an array")
        if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{one.filename} is compressed in a way that is not read here")
    return members


def _member(whole: zipfile.ZipFile, one: zipfile.ZipInfo) -> np.ndarray:
    with whole.open(one) as stream:
        found = array(stream, one.file_size)
        if stream.read(1):  # to its end, where the checksum is compared
            raise ValueError(f"{one.filename} goes on beyond its array")
    return found
