"""What kernels share that work in memory which they are given."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit

# Called from compiled code alone; the way in from Python costs more to compile than they do.
ALONE: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
# Nor do they count references: to count those of fifty arrays took longer than an atom's work.
# What they are given outlives them, and none of them makes or returns an array.
UNCOUNTED: dict[str, Any] = {**ALONE, "_nrt": False}
inner = njit(**UNCOUNTED)
alone = njit(**ALONE)


def aligned(array: np.ndarray) -> np.ndarray:
    """The same array where a register can be read at once: from a multiple of 64 bytes on."""
    room = np.empty(array.nbytes + 64, np.uint8)
    start = -room.ctypes.data % 64
    copied = room[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copied[...] = array
    return copied


def worker_of(kind: Any, cut: Mapping[str, str] | None = None, given: str = "memory, n") -> Any:
    """A compiled function that gives the n-th worker's part of a working memory.

    Args:
        kind: a named tuple of arrays, whose first axis is the worker.
        cut: what is taken of some arrays instead, as it is written behind their names.
        given: names of the arguments.
    """
    cut = cut or {}
    parts = ", ".join(f"memory.{name}{cut.get(name, '[n]')}" for name in kind._fields)
    names: dict[str, Any] = {"kind": kind}
    exec(f"def of_worker({given}):\n    return kind({parts})", names)
    return alone(names["of_worker"])


# Whole-array assignments would do, but numba compiles each for seconds.
@inner
def fill(array, value):
    """Set every number."""
    for k in range(len(array)):
        array[k] = value


@inner
def copy(target, source):
    """Copy every number of the source."""
    for k in range(len(source)):
        target[k] = source[k]


@inner
def known(positions, moving, held):
    """Whether the frozen atoms are where they were held."""
    for i in range(len(moving)):
        if not moving[i]:
            for k in range(3):
                if held[i, k] != positions[i, k]:
                    return False
    return True
