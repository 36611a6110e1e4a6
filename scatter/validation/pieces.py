"""Pieces of a validation, kept in its folder: what is finished is not done again.

A piece is a file NAME.json with what was found and a hash of all that shaped it. One with another
hash, an unreadable one, and one whose figures are gone count as absent.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from scatter.files import write_whole
from scatter.foreign import json_table
from scatter.initial.cache import digest
from scatter.settings import UserError

SCHEMA = 1  # raised whenever the same inputs would give other numbers

Found = dict[str, Any]


def key_of(name: str, **shaping: str) -> str:
    """The hash of what shapes a piece."""
    return digest(name=name, schema=SCHEMA, **shaping)


def load(folder: Path, name: str, key: str) -> Found | None:
    """What was found, if it is there, whole, and of this hash."""
    try:
        told = json_table(folder / f"{name}.json")
        found = told["found"]
        whole = (told["key"], told["sha256"]) == (key, _hash(found))
    except (UserError, KeyError):
        return None
    return found if whole and all((folder / name).is_file() for name in found["figures"]) else None


def save(folder: Path, name: str, key: str, found: Found) -> Found:
    """Keep what was found; answer it as `load` will."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(
        folder / f"{name}.json",
        as_json({"key": key, "sha256": _hash(plain(found)), "found": found}),
    )
    return plain(found)


def _hash(found: Any) -> str:
    """Of what was found, as it is read back: a damaged piece counts as absent."""
    return sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def kept(folder: Path, name: str, key: str, make: Callable[[], Found]) -> Found:
    """What was found before, or is made now."""
    found = load(folder, name, key)
    return found if found is not None else save(folder, name, key, make())


def as_json(value: Any) -> bytes:
    """A file of JSON."""
    return (json.dumps(plain(value), indent=1, ensure_ascii=False) + "\n").encode()


def plain(value: Any) -> Any:
    """The value as JSON can hold it: dataclasses by name, and null for what is no finite number."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and not isfinite(value) else value
