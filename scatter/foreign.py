"""Files of any origin: opened as regular files, read within limits, never executed.

Whatever the bytes, a function here returns what it promises or raises UserError, in time and memory
set by the (limited) size of the file, not by what the file says about itself.
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

MOST_TEXT = 2**26  # bytes of a file that is read as text
MOST = 2**33  # bytes of a file of arrays
MOST_MEMBERS = 20_000  # arrays in an `.npz`
DENSEST = 100  # largest ratio of content to size of a compressed file
ALWAYS = 2**24  # bytes that it may hold whatever its size
MEMBER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.]*\.npy")

Arrays = dict[str, np.ndarray]


class Missing(UserError):
    """There is no such file."""


def most_bytes(size: int) -> int:
    """The most bytes that a sound compressed file of this size can hold."""
    return ALWAYS + DENSEST * size


@contextmanager
def opened(path: Path | str, place: str = "", most: int = MOST) -> Iterator[IO[bytes]]:
    """A regular file, open for reading; links to one are followed.

    A folder, a device or a pipe is refused before anything is read from it.

    Errors call it `place`, by default its path; `most` is the largest size in bytes.

    Raises:
        UserError: it cannot be opened, is not a regular file, or is too large.
    """
    place = place or str(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        raise Missing(f"{place}: there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: the name contains NUL
        raise UserError(f"{place}: cannot be read ({reason(error)})") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > most:
        os.close(descriptor)
        what = "is a folder" if stat.S_ISDIR(status.st_mode) else "is not a regular file"
        what = f"holds more than {most:,} bytes" if status.st_size > most else what
        raise UserError(f"{place}: {what}; is the path right?")
    with open(descriptor, "rb") as file:
        try:
            yield file
        except OSError as error:
            raise UserError(f"{place}: cannot be read ({reason(error)})") from error


def reason(error: Exception) -> str:
    """What an error says, on one line, without the path, which the sentence names anyway."""
    return shown(getattr(error, "strerror", None) or str(error) or type(error).__name__, 200)


def shown(text: object, most: int = 60) -> str:
    """Text as a sentence may quote it: on one line, printable, cut where it is too long."""
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
    """The text of a UTF-8 file, with or without a byte order mark.

    Raises:
        UserError: it cannot be read, or is not UTF-8.
    """
    raw = content(path, place, most)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UserError(
            f"{place or path}, line {line}: is not UTF-8 text; save the file as UTF-8"
        ) from None


def json_table(path: Path | str, place: str = "") -> dict[str, Any]:
    """The content of a JSON file that is a table of keys and values.

    Raises:
        UserError: it cannot be read, or is not such a file.
    """
    place = place or str(path)
    try:
        content = json.loads(text(path, place))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{place}: is not JSON ({reason(error)})") from error
    if not isinstance(content, dict):
        raise UserError(f"{place}: is JSON, but not a table of keys and values")
    return content


def array(file: IO[bytes], size: int) -> np.ndarray:
    """The array in a `.npy` stream of `size` bytes, without Python objects.

    Memory is allocated only once the header and the size of the stream agree.

    Raises:
        ValueError: it is not such an array.
    """
    shape, fortran, dtype = _header(file)
    if dtype.hasobject or any(type(n) is not int or n < 0 for n in shape):
        raise ValueError("it holds Python objects, or has no shape")
    expected = math.prod(shape) * dtype.itemsize
    if expected != size - file.tell():
        raise ValueError(f"its header announces {expected} bytes, and {size - file.tell()} follow")
    raw = np.frombuffer(bytearray(file.read(expected)), np.uint8)
    if len(raw) != expected:
        raise ValueError("it ends early")
    if not expected and math.prod(shape):
        raise ValueError("it has elements of no size")
    flat = raw.view(dtype) if expected else np.zeros(0, dtype)
    return flat.reshape(shape, order="F" if fortran else "C")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = npy.read_magic(file)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"it has version {version} of the format")
    try:
        return readers[version](file)
    except Exception as error:  # it is parsed as Python, which may raise anything
        raise ValueError(f"its header cannot be read ({reason(error)})") from error


def arrays(path: Path | str, place: str = "") -> Arrays:
    """The arrays of an `.npz` file, by name.

    Nothing is unpickled, names are not used as paths, and no array is larger than its bytes in the
    file allow.

    Raises:
        UserError: it cannot be read, or is not an `.npz` file.
    """
    place = place or str(path)
    with opened(path, place) as file:
        try:
            with zipfile.ZipFile(file) as whole:
                members = _members(whole, os.fstat(file.fileno()).st_size)
                return {m.filename.removesuffix(".npy"): _member(whole, m) for m in members}
        except UserError:
            raise
        except Exception as error:  # a broken archive may raise anything
            raise UserError(f"{place}: cannot be read as .npz ({reason(error)})") from error


def _members(whole: zipfile.ZipFile, size: int) -> list[zipfile.ZipInfo]:
    members = whole.infolist()
    if len({m.filename for m in members}) < len(members) or len(members) > MOST_MEMBERS:
        raise ValueError("it names a member twice, or has too many")
    if sum(member.file_size for member in members) > most_bytes(size):
        raise ValueError(f"it claims to hold far more than its {size} bytes can")
    for member in members:
        if not MEMBER.fullmatch(member.filename):
            raise ValueError(f"{member.filename[:60]!r} is not the name of an array")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{member.filename} is compressed in an unsupported way")
    return members


def _member(whole: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with whole.open(member) as stream:
        values = array(stream, member.file_size)
        if stream.read(1):  # reading to the end compares the checksum
            raise ValueError(f"{member.filename} continues beyond its array")
    return values
