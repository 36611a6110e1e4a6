"""Compiling ahead: once for each kind of arguments, and with a word where it takes long."""

import hashlib
import sys
from pathlib import Path
from threading import Timer
from typing import Any

import numba

PATIENCE = 3.0  # s; reading what was compiled before takes less


def sources(wing: str) -> int:
    """A number that changes with the source of this folder, and of a wing's kernels.

    Numba's cache knows a function by its own file and the values that it encloses; what it calls
    may have changed in other files, so a kernel encloses this number. It encloses nothing else:
    compiled functions are known in an enclosure by a number of the process, so a loop over replicas
    that encloses the kernel it calls, to serve several, would be compiled anew at every start.

    Args:
        wing: a file among the wing's kernels.
    """
    folders = [Path(__file__).parent, Path(wing).parent]
    files = [file for folder in folders for file in sorted(folder.glob("*.py"))]
    content = b"".join(file.read_bytes() for file in files)
    return int.from_bytes(hashlib.sha256(content).digest()[:4], "big") + 1


def compile_for(function: Any, name: str, *arguments: object) -> None:
    """Make a compiled function ready for arguments of these types, and say so if it takes long.

    To find the types of so many arrays takes longer than to evaluate a replica, so this is done
    once and not in every call.

    Args:
        function: decorated with `njit`.
        name: of the kernel, for people.
        arguments: any of the types that it will be called with.
    """
    kinds = tuple(numba.typeof(argument) for argument in arguments)
    if kinds in function.overloads:
        return
    words = f"compiling the {name} kernel for this machine: a minute or two, and only once"
    notice = Timer(PATIENCE, print, (words,), {"file": sys.stderr, "flush": True})
    notice.daemon = True
    notice.start()
    try:
        function.compile(kinds)
    finally:
        notice.cancel()
