"""What a key of `input.toml` may hold, in words, and values as TOML writes them."""

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
    """One of the shapes that a value may have."""

    kind: object  # int, float, str, bool, list, dict, Literal, Any, or a class of `Table`
    # the words of a Literal; what the items of a list or the values of a dict may be
    parts: tuple[object, ...]
    limits: dict[str, object]  # gt, ge, lt, le, min_length, max_length, as far as each is set
    alone: bool  # a list of one item may be written without its brackets


def shapes(annotation: object, metadata: tuple[object, ...] = ()) -> Iterator[Shape]:
    """The shapes that an annotation of a settings class allows, absence (None) left out."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *rules = get_args(annotation)
        yield from shapes(inner, (*rules, *metadata))
    elif origin in (Union, UnionType):
        for option in get_args(annotation):
            yield from shapes(option)
    elif annotation is not type(None):
        parts = get_args(annotation)[-1:] if origin is dict else get_args(annotation)
        alone = any(isinstance(rule, BeforeValidator) for rule in metadata)
        yield Shape(origin or annotation, parts, dict(_limits(metadata)), alone)


def _limits(metadata: Iterable[object]) -> Iterator[tuple[str, object]]:
    for rule in metadata:
        if isinstance(rule, FieldInfo):
            yield from _limits(rule.metadata)
        for name in ("gt", "ge", "lt", "le", "min_length", "max_length"):
            if getattr(rule, name, None) is not None:
                yield name, getattr(rule, name)


def inside(annotation: object, part: str | int) -> object:
    """The annotation of what may stand under a key or an index (from 0); None if nothing may."""
    for shape in shapes(annotation):
        if isinstance(shape.kind, type) and issubclass(shape.kind, Table):
            if part in shape.kind.model_fields:
                return shape.kind.model_fields[str(part)].rebuild_annotation()
        elif shape.kind in (list, dict) and isinstance(part, int) == (shape.kind is list):
            return shape.parts[0]
    return None


def words(annotation: object) -> list[str]:
    """The words that may be written, alone or in a list."""
    allowed = []
    for shape in shapes(annotation):
        if shape.kind is Literal:
            allowed += shape.parts
        elif shape.alone:
            allowed += words(shape.parts[0])
    return allowed


def phrase(annotation: object) -> str:
    """What may be written, such as "a number greater than 0, a list of them or "auto"."""
    *options, last = [option for shape in shapes(annotation) for option in _options(shape)]
    separator = ", or " if any(" " in option for option in (*options, last)) else " or "
    return f"{', '.join(options)}{separator}{last}" if options else last


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


def _bounds(limits: dict[str, object]) -> str:
    if "ge" in limits and "le" in limits:
        return f" from {written(limits['ge'])} to {written(limits['le'])}"
    if limits.keys() == {"ge"}:
        return f" of {written(limits['ge'])} or more"
    names = {"gt": "greater than", "ge": "from", "lt": "less than", "le": "at most"}
    bounds = [f"{text} {written(limits[name])}" for name, text in names.items() if name in limits]
    conjunction = " to " if "ge" in limits else " and "
    return f" {conjunction.join(bounds)}" if bounds else ""


def written(value: object, depth: int = 0) -> str:
    """A value as TOML writes it; an ellipsis stands for what is nested too deeply."""
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
    if isinstance(value, int) and value.bit_length() >= 200:
        return hex(value)  # Python refuses to print integers of thousands of digits
    return repr(value) if isinstance(value, float) else str(value)


def default_written(field: FieldInfo) -> str | None:
    """The default of a key as TOML writes it; None if it has none."""
    default = field.get_default(call_default_factory=True)
    (shape, *_) = shapes(field.rebuild_annotation())
    if shape.alone and isinstance(default, list) and len(default) == 1:
        default = default[0]
    return None if default is None else written(default)


def quoted(value: object) -> str:
    """A value as TOML writes it, cut where it is too long for a sentence."""
    text = written(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def bare(key: str) -> str:
    """A key as TOML writes it: in quotes where it needs them."""
    plain = re.fullmatch(r"[A-Za-z0-9_-]+", key) and len(key) <= LONGEST
    return key if plain else quoted(key)
