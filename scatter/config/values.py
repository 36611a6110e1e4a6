"""What a key of `input.toml` may hold, in words; and any value as TOML writes it."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from scatter.settings import Table

NOUNS = {
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("text", "texts"),
    bool: ("true or false", "true or false"),
    Any: ("any value", "values"),
}
LONGEST = 60  # characters of a value that a sentence quotes
DEEPEST = 4  # brackets within brackets that it quotes


@dataclass(frozen=True)
class Shape:
    """One of the shapes that a value may have.

    Attributes:
        kind: int, float, str, bool, list, dict, Literal, Any, or a class of `Table`.
        parts: the words of a Literal; what the items of a list or the values of a dict may be.
        limits: gt, ge, lt, le, min_length, max_length, as far as each is set.
        alone: a list of one item may be written without its brackets.
    """

    kind: Any
    parts: tuple[Any, ...]
    limits: dict[str, Any]
    alone: bool


def shapes(annotation: Any, metadata: tuple[Any, ...] = ()) -> Iterator[Shape]:
    """The shapes that an annotation of a settings class allows, absence (None) left out."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from shapes(annotation.__origin__, (*annotation.__metadata__, *metadata))
    elif origin in (Union, UnionType):
        for option in get_args(annotation):
            yield from shapes(option)
    elif annotation is not type(None):
        parts = get_args(annotation)[-1:] if origin is dict else get_args(annotation)
        alone = any(isinstance(rule, BeforeValidator) for rule in metadata)
        yield Shape(origin or annotation, parts, dict(_limits(metadata)), alone)


def _limits(metadata: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for rule in metadata:
        if isinstance(rule, FieldInfo):
            yield from _limits(rule.metadata)
        for name in ("gt", "ge", "lt", "le", "min_length", "max_length"):
            if getattr(rule, name, None) is not None:
                yield name, getattr(rule, name)


def annotation_of(table: type[Table], key: str) -> Any:
    """The annotation of a key, its rules included."""
    return table.model_fields[key].rebuild_annotation()


def inside(annotation: Any, part: str | int) -> Any:
    """The annotation of what lies under a key or an index (from 0); None if nothing can."""
    for shape in shapes(annotation):
        if isinstance(shape.kind, type) and issubclass(shape.kind, Table):
            if part in shape.kind.model_fields:
                return annotation_of(shape.kind, str(part))
        elif shape.kind in (list, dict) and isinstance(part, int) == (shape.kind is list):
            return shape.parts[0]
    return None


def words(annotation: Any) -> list[str]:
    """The words that may be written, alone or in a list."""
    found = []
    for shape in shapes(annotation):
        if shape.kind is Literal:
            found += shape.parts
        elif shape.alone:
            found += words(shape.parts[0])
    return found


def phrase(annotation: Any) -> str:
    """What may be written, such as "a number greater than 0, a list of them or "auto"."""
    *found, last = [option for shape in shapes(annotation) for option in _options(shape)]
    separator = ", or " if any(" " in option for option in (*found, last)) else " or "
    return f"{', '.join(found)}{separator}{last}" if found else last


def _options(shape: Shape) -> list[str]:
    if shape.kind is Literal:
        return [written(word) for word in shape.parts]
    if shape.alone:
        options = [option for item in shapes(shape.parts[0]) for option in _options(item)]
        return [*options, "a list of them"]
    return [_noun(shape, 0)]


def _noun(shape: Shape, plural: Literal[0, 1]) -> str:
    """The shape as a noun, singular (0) or plural (1)."""
    if shape.kind is list:
        count = shape.limits.get("max_length")
        (item,) = shapes(shape.parts[0])
        items = _noun(item, 1) if count is None else f"{count} {_noun(item, 1)}"
        return f"{('a list', 'lists')[plural]} of {items}"
    if shape.kind is dict:
        (item,) = shapes(shape.parts[0])
        return f"{('a table', 'tables')[plural]} of {_noun(item, 1)}"
    if isinstance(shape.kind, type) and issubclass(shape.kind, Table):
        return f"{('a table', 'tables')[plural]} {{{', '.join(shape.kind.model_fields)}}}"
    return f"{NOUNS[shape.kind][plural]}{_bounds(shape.limits)}"


def _bounds(limits: dict[str, Any]) -> str:
    if "ge" in limits and "le" in limits:
        return f" from {written(limits['ge'])} to {written(limits['le'])}"
    if limits.keys() == {"ge"}:
        return f" of {written(limits['ge'])} or more"
    names = {"gt": "greater than", "ge": "from", "lt": "less than", "le": "at most"}
    found = [f"{text} {written(limits[name])}" for name, text in names.items() if name in limits]
    joint = " to " if "ge" in limits else " and "
    return f" {joint.join(found)}" if found else ""


def written(value: Any, depth: int = 0) -> str:
    """A value as TOML writes it; what nests too deeply becomes an ellipsis."""
    if depth > DEEPEST:
        return "…"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Table):
        value = value.model_dump()
    if isinstance(value, dict):
        items = (f"{bare(key)} = {written(item, depth + 1)}" for key, item in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, list):
        return f"[{', '.join(written(item, depth + 1) for item in value)}]"
    return _number(value) if isinstance(value, int | float) else str(value)


def _number(value: float) -> str:
    if isinstance(value, int):  # Python refuses to print integers of thousands of digits
        return str(value) if value.bit_length() < 200 else hex(value)
    return repr(value)


def default_written(field: FieldInfo) -> str | None:
    """What a key is where it is not written; None if that is nothing at all."""
    default = field.get_default(call_default_factory=True)
    (shape, *_) = shapes(field.rebuild_annotation())
    if shape.alone and isinstance(default, list) and len(default) == 1:
        default = default[0]
    return None if default is None else written(default)


def quoted(value: Any) -> str:
    """A value as TOML writes it, cut where it becomes too long for a sentence."""
    text = written(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def bare(key: str) -> str:
    """A key as TOML writes it: in quotes where it needs them."""
    plain = re.fullmatch(r"[A-Za-z0-9_-]+", key) and len(key) <= LONGEST
    return key if plain else quoted(key)
