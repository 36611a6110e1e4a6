"""Pieces of a validation, kept in its folder, so that nothing finished is done again.

A piece is a file NAME.json with a result and a hash of all that shaped it. A piece with another
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

SCHEMA = 4  # raised whenever the same inputs would give other numbers

Piece = dict[str, Any]


def key_of(name: str, **shaping: str) -> str:
    """The hash of everything that shapes a piece."""
    return digest(name=name, schema=SCHEMA, **shaping)


def load(folder: Path, name: str, key: str) -> Piece | None:
    """The piece of this hash, if it is there and whole."""
    try:
        stored = json_table(folder / f"{name}.json")
        piece = stored["found"]
        whole = (stored["key"], stored["sha256"]) == (key, _hash(piece))
    except (UserError, KeyError):
        return None
    return piece if whole and all((folder / name).is_file() for name in piece["figures"]) else None


def save(folder: Path, name: str, key: str, piece: Piece) -> Piece:
    """Keep a piece; return it as `load` will."""
    folder.mkdir(parents=True, exist_ok=True)
    stored = {"key": key, "sha256": _hash(plain(piece)), "found": piece}
    write_whole(folder / f"{name}.json", as_json(stored))
    return plain(piece)


def kept(folder: Path, name: str, key: str, make: Callable[[], Piece]) -> Piece:
    """The piece that is kept, or that is made now."""
    piece = load(folder, name, key)
    return piece if piece is not None else save(folder, name, key, make())


def _hash(piece: Piece) -> str:
    """Of a piece as it is read back: a damaged one counts as absent."""
    return sha256(json.dumps(piece, sort_keys=True).encode()).hexdigest()


def as_json(value: object) -> bytes:
    """The content of a JSON file."""
    return (json.dumps(plain(value), indent=1, ensure_ascii=False) + "\n").encode()


def plain(value: object) -> Any:
    """The value as JSON can hold it: dataclasses as tables, and null for NaN and infinities."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and not isfinite(value) else value
