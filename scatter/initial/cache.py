"""What took long to compute, kept on disk under a hash of everything that shaped it.

A file that is damaged, or that another version wrote, counts as absent.
"""

import os
from hashlib import sha256
from pathlib import Path
from typing import TypeVar
from warnings import warn

import numpy as np

from scatter import foreign
from scatter.files import write_arrays
from scatter.saved import Misfit, Saved, built, flat
from scatter.settings import UserError

SCHEMA = 1  # raised whenever the same inputs would give other numbers

T = TypeVar("T", bound=Saved)


def folder() -> Path:
    """Where the files lie: $SCATTER_CACHE, else scatter/slabs in the user's cache folder."""
    if chosen := os.environ.get("SCATTER_CACHE"):
        return Path(chosen)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "scatter" / "slabs"


def digest(**parts: np.ndarray | str | float) -> str:
    """One sha256 of named values; arrays enter with their shape, type and every bit."""
    total = sha256(f"scatter {SCHEMA}".encode())
    for name, part in sorted(parts.items()):
        if isinstance(part, np.ndarray):
            total.update(f"{name} {part.dtype.str} {part.shape}".encode())
            total.update(np.ascontiguousarray(part).tobytes())
        else:
            total.update(f"{name} {part!r}".encode())
        total.update(b"\0")
    return total.hexdigest()


def load(key: str, kind: type[T]) -> T | None:
    """What was saved under a key; None where there is nothing, or nothing intact."""
    try:
        arrays = foreign.arrays(folder() / f"{key}.npz")
        intact = str(arrays.pop("checksum")) == digest(key=key, **arrays)
        return built(kind, arrays) if intact else None
    except (UserError, KeyError, Misfit):
        return None


def save(key: str, value: Saved) -> None:
    """Keep arrays under a key; the file appears whole or not at all.

    A cache that cannot be written costs time, not the campaign: it is a warning.
    """
    arrays = flat(value)
    whole = {"checksum": np.array(digest(key=key, **arrays)), **arrays}
    try:
        folder().mkdir(parents=True, exist_ok=True)
        write_arrays(folder() / f"{key}.npz", whole)
    except OSError as error:
        warn(
            f"nothing is cached in {folder()}, so slabs will be made again ({error}); set "
            "SCATTER_CACHE to a folder that can be written",
            stacklevel=2,
        )
