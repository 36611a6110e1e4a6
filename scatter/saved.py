"""Dataclasses as `.npz` files: the one codec, which neither writes nor reads a pickle.

A file holds an array for each field, under the field's name. `a.b` is the field b of a dataclass a,
or what a dictionary a calls b; `a.0.b` is that of the first of a list a. The annotations of the
fields say what is allowed: numbers, texts, arrays with their kind and axes, choices (`Literal`),
and dataclasses, lists and dictionaries of these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import UnionType
from typing import Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin

import numpy as np

from scatter.errors import UserError
from scatter.files import write_arrays
from scatter.foreign import Arrays, arrays, shown
from scatter.shapes import PLAIN, axes_of

NATIVE = {"b": (np.bool_,), "i": (np.int64, np.int32), "f": (np.float64,)}

T = TypeVar("T", bound="Saved")
W = TypeVar("W", bound="Whole")
Parts = dict[str, Any]  # an array, or the arrays below it by the rest of their names


class Misfit(ValueError):
    """Arrays that are not such a dataclass; says why, of "its file"."""


@dataclass(frozen=True)
class Saved:
    """A frozen dataclass that arrays by name can stand for.

    Whole numbers have a sign, so that differences of them, and indices made of them, are what they
    should be. Fields that may be None are all there or none of them.

    Attributes:
        noun: what it is, for people.
        lengths: of axes that are known beforehand.
        unbounded: fields whose numbers need not be finite.
    """

    noun: ClassVar[str] = "part"
    lengths: ClassVar[Mapping[str, int]] = {}
    unbounded: ClassVar[frozenset[str]] = frozenset()

    def refuse(self, sizes: Mapping[str, int]) -> None:
        """Raise Misfit where arrays of the right shapes are not such a thing all the same."""


@dataclass(frozen=True)
class Whole(Saved):
    """What a file of its own holds; its field `version` is the layout.

    Attributes:
        layout: the `version` that is read.
        maker: the command that writes such a file.
        compressed: whether it is written so.
    """

    layout: ClassVar[int] = 1
    maker: ClassVar[str]
    compressed: ClassVar[bool] = False

    @classmethod
    def read(cls: type[W], file: Path, place: str = "") -> W:
        """Read the arrays; nothing in the file is run. Errors call it `place`, else by its path.

        Raises:
            UserError: the file was not written by `maker`, or by another version.
        """
        place = place or str(file)
        held = arrays(file, place)
        try:
            return built(cls._of_layout(held), held)
        except Misfit as wrong:
            raise UserError(f"{place}: {wrong}; make it with `{cls.maker}`") from wrong

    def write(self, file: Path) -> None:
        """Write the arrays, whole or not at all."""
        write_arrays(file, flat(self), self.compressed)

    @classmethod
    def layouts(cls: type[W]) -> dict[int, type[W]]:
        """What is read, by the layout."""
        return {cls.layout: cls}

    @classmethod
    def _of_layout(cls: type[W], held: Arrays) -> type[W]:
        layouts = cls.layouts()
        known = ", ".join(map(str, layouts))
        if "version" not in held:
            raise Misfit(f"is not a {cls.noun} of layout {known}")
        version = held["version"].tolist()
        if not isinstance(version, int) or version not in layouts:
            raise Misfit(
                f"has the layout {shown(version)}, and this version of scatter reads {known}"
            )
        return layouts[version]


def flat(value: object, name: str = "") -> Arrays:
    """The arrays of a dataclass, by the names that they have in a file; None has no array."""
    if value is None:
        return {}
    if isinstance(value, Saved):
        parts = vars(value)
    elif isinstance(value, dict):
        parts = value
    elif isinstance(value, list):
        parts = dict(enumerate(value))
    else:
        return {name: np.asarray(value)}
    below = f"{name}." if name else ""
    return {k: v for key, part in parts.items() for k, v in flat(part, f"{below}{key}").items()}


def built(kind: type[T], held: Mapping[str, np.ndarray], name: str = "") -> T:
    """The dataclass that arrays stand for; `name` is that of the part of a file that they are.

    Raises:
        Misfit: they stand for none.
    """
    types = {field.name: field.type for field in fields(kind)}
    parts: Parts = {n: {} for n, each in types.items() if get_origin(each) in (list, dict)}
    parts |= _parts(held)
    optional = {n for n, each in types.items() if type(None) in get_args(each)}
    missing = types.keys() - parts.keys()
    if parts.keys() - types.keys() or missing not in (set(), optional):
        raise Misfit(f"its '{name}' is not a {kind.noun}" if name else f"is not a {kind.noun}")
    sizes = dict(kind.lengths)
    below = f"{name}." if name else ""
    values = {n: _value(types[n], part, below + n, sizes) for n, part in parts.items()}
    for n, each in values.items():
        if n not in kind.unbounded and not _finite(each):
            raise Misfit(f"its array '{below}{n}' holds values that are not finite")
    made = kind(**values)
    made.refuse(sizes)
    return made


def fit(table: Mapping[str, object], held: Parts, name: str, sizes: dict[str, int]) -> None:
    """Raise Misfit unless a dictionary holds the arrays of a table, which annotates each."""
    if held.keys() != table.keys():
        raise Misfit(f"its '{name}' holds {', '.join(held) or 'nothing'}")
    for key, kind in table.items():
        _value(kind, held[key], f"{name}.{key}", sizes)


def _parts(held: Mapping[str, np.ndarray]) -> Parts:
    """Arrays by the first part of their names."""
    parts: Parts = {}
    for name, array in held.items():
        first, dot, rest = name.partition(".")
        inner = parts.setdefault(first, {} if dot else array)
        if dot and isinstance(inner, dict):
            inner[rest] = array
        elif inner is not array:
            raise Misfit(f"its '{first}' is both an array and a part")
    return parts


def _value(kind: Any, part: Any, name: str, sizes: dict[str, int]) -> Any:
    """What an array, or the arrays of a part, stand for."""
    nested = get_origin(kind) in (list, dict) or isinstance(kind, type) and issubclass(kind, Saved)
    if nested != isinstance(part, dict):
        raise Misfit(f"its '{name}' is {'an array' if nested else 'not an array'}")
    if get_origin(kind) is list:
        return _list(get_args(kind)[0], _parts(part), name)
    if get_origin(kind) is dict:
        return _dictionary(get_args(kind)[1], _parts(part), name, sizes)
    return built(kind, part, name) if nested else _leaf(kind, part, name, sizes)


def _list(kind: Any, parts: Parts, name: str) -> list:
    numbers = [str(n) for n in range(len(parts))]
    if parts.keys() != set(numbers):
        raise Misfit(f"its '{name}' are not numbered from 0 on")
    return [_value(kind, parts[n], f"{name}.{n}", {}) for n in numbers]


def _dictionary(kind: Any, parts: Parts, name: str, sizes: dict[str, int]) -> dict:
    if kind is np.ndarray:  # of any shape and kind, but for Python objects, which are never read
        return {key: _array(part, f"{name}.{key}") for key, part in parts.items()}
    return {key: _value(kind, part, f"{name}.{key}", sizes) for key, part in parts.items()}


def _array(part: Any, name: str) -> np.ndarray:
    if isinstance(part, dict):
        raise Misfit(f"its '{name}' is not an array")
    return part


def _leaf(kind: Any, array: np.ndarray, name: str, sizes: dict[str, int]) -> Any:
    """A number, a text or an array, as annotated."""
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    choices = [word for each in kinds if get_origin(each) is Literal for word in get_args(each)]
    others = [each for each in kinds if each is not type(None) and get_origin(each) is not Literal]
    if choices and array.dtype.kind == "U" and not array.ndim:
        return _chosen(_item(array, name), choices, name)
    if not (others and _fits(array, *axes_of(others[0]), sizes)):
        raise Misfit(f"its array '{name}' has shape {array.shape} and kind {array.dtype}")
    return _item(array, name) if others[0] in PLAIN else array


def _chosen(text: object, choices: list[str], name: str) -> object:
    if text not in choices:
        raise Misfit(f"its '{name}' is {shown(text)}, none of {', '.join(choices)}")
    return text


def _item(array: np.ndarray, name: str) -> object:
    try:
        return array.item()
    except ValueError as error:  # of a text whose bytes are no characters
        raise Misfit(f"its text '{name}' cannot be read") from error


def _fits(array: np.ndarray, kind: str, axes: list[str], sizes: dict[str, int]) -> bool:
    """Whether an array has this kind, and axes as long as those before."""
    if array.ndim != len(axes) or array.dtype.kind != kind:
        return False
    if kind in NATIVE and array.dtype not in NATIVE[kind]:
        return False
    return all(
        (int(axis) if axis.isdigit() else sizes.setdefault(axis, size)) == size
        for axis, size in zip(axes, array.shape, strict=True)
    )


def _finite(value: object) -> bool:
    """Whether no number of a value is infinite or NaN; anything else passes."""
    number = isinstance(value, float) or isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return not number or bool(np.isfinite(np.asarray(value)).all())
