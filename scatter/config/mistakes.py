"""Mistakes in `input.toml` -> one sentence: file, table, key, value, rule, likely fix.

The words come from the settings classes themselves (`values.phrase`), never from pydantic. Of
several mistakes the sentence describes one, unknown keys before others, and counts the rest.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from scatter.config.tables import Input, tables
from scatter.config.values import (
    LONGEST,
    bare,
    default_written,
    inside,
    phrase,
    quoted,
    shapes,
    words,
    written,
)
from scatter.foreign import shown
from scatter.settings import Table

TABLES = tables()

# What to write where a table or key without a default is missing.
NEEDED = {
    "molecule": 'formula = "H2", v = 0, j = 0',
    "incidence": "energy_eV = [0.2, 0.4, 0.6]",
    "surface": "temperature_K = 300",
    "formula": 'formula = "H2"',
    "energy_eV": "energy_eV = [0.2, 0.4, 0.6]",
    "temperature_K": "temperature_K = 300",
    "start": "start = 0.2",
    "stop": "stop = 1.0",
    "num": "num = 5",
}

KINDS = {
    bool: "true or false",
    str: "text",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a table",
}

Location = tuple[int | str, ...]

LONGEST_RULE = 500  # characters of a rule, which may quote a value
MOST = 100  # unknown keys that are compared with a missing key


def sentence(path: Path, written_input: dict[str, object], error: ValidationError) -> str:
    """One sentence for all that pydantic refused."""
    mistakes = error.errors(include_url=False)
    unknown = [mistake for mistake in mistakes if mistake["type"] == "extra_forbidden"]
    others = [
        m for m in mistakes if m["type"] != "extra_forbidden" and not _misspelt(m, unknown[:MOST])
    ]
    first, *rest = unknown + others
    text = f"{path}{_explained(find(written_input, first['loc']), first)}"
    if rest:
        text += f" (and {len(rest)} more mistake{'s' if len(rest) > 1 else ''})"
    return one_line(text)


def one_line(text: str) -> str:
    """The text without line breaks and unprintable characters."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


def near(name: str, known: Iterable[str]) -> str | None:
    """The known name that a misspelt name most likely means, if any is close."""
    folded = {other.casefold(): other for other in known}
    matches = get_close_matches(name.casefold(), folded, n=1, cutoff=0.7)
    return folded[matches[0]] if matches else None


def _misspelt(missing: ErrorDetails, unknown: list[ErrorDetails]) -> bool:
    """Whether a key is missing only because its name is misspelt."""
    *table, key = missing["loc"] or ("",)
    return missing["type"] == "missing" and any(
        list(other["loc"][:-1]) == table and near(str(other["loc"][-1]), [str(key)])
        for other in unknown
    )


@dataclass(frozen=True)
class Place:
    """Where a mistake is: the deepest part of the input that contains it."""

    table: str  # name in brackets, such as `surface.thermalise`; empty outside any table
    steps: Location  # keys and indices (from 0) from that table down to the value; empty: the table
    value: object  # what is written there
    annotation: object  # what may be written there

    @property
    def key(self) -> str:
        """The key as the user wrote it, such as `energy_eV.start` or `polar_deg, item 2`."""
        names = [bare(step) for step in self.steps if isinstance(step, str)]
        items = [f"item {step + 1}" for step in self.steps if isinstance(step, int)]
        return ", ".join([".".join(names), *items])

    @property
    def heading(self) -> str:
        """What stands between the file and a colon, such as `, [incidence] polar_deg = 95`."""
        table = f", [{self.table}]" if self.table else ","
        return f"{table} {self.key} = {quoted(self.value)}" if self.steps else table


def find(written_input: dict[str, object], location: Location) -> Place:
    """The deepest part of the input along a location that pydantic gives.

    Steps that are not in the input are names of a union's branches, or the list into which a
    single value was put.
    """
    value: object = written_input
    annotation: object = Input
    table, steps = "", ()
    for part in location:
        inner = inside(annotation, part)
        if inner is None or _under(value, part) is None:
            continue
        value, annotation = _under(value, part), inner
        name = f"{table}.{part}" if table else str(part)
        if not steps and name in TABLES and isinstance(value, dict):
            table = name
        else:
            steps = (*steps, part)
    return Place(table, steps, value, annotation)


def _under(value: object, part: str | int) -> object:
    """The value under a key or an index; None, which TOML cannot write, if there is none."""
    if isinstance(part, int):
        return value[part] if isinstance(value, list) and part < len(value) else None
    return value.get(part) if isinstance(value, dict) else None


def _explained(place: Place, mistake: ErrorDetails) -> str:
    """The sentence without the file at its start."""
    if mistake["type"] == "missing":
        return _missing(place, str(mistake["loc"][-1]))
    if mistake["type"] == "extra_forbidden":
        return _unknown(place, str(mistake["loc"][-1]))
    if mistake["type"] == "value_error":
        heading = place.heading if place.table or place.steps else ""
        return f"{heading}: {shown(mistake.get('ctx', {}).get('error'), LONGEST_RULE)}"
    name = ".".join(filter(None, (place.table, place.key)))
    if name in TABLES:
        return _no_table(place, name)
    contrast = _contrast(place.value, mistake["type"])
    return f"{place.heading}: must be {phrase(place.annotation)}{contrast}{_fix(place)}"


def _missing(place: Place, key: str) -> str:
    if not place.table:
        return f": the table [{key}] is missing; add [{key}] with {NEEDED[key]}"
    return f"{place.heading}: the key '{key}' is missing; add {NEEDED[key]}"


def _unknown(place: Place, key: str) -> str:
    kinds = (shape.kind for shape in shapes(place.annotation))
    known = next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Table))
    meant = near(key, known.model_fields)
    name = f"{place.table}.{bare(key)}" if place.table else bare(key)
    if _means_table(place, key, meant):
        options = {option.rpartition(".")[2]: option for option in TABLES}
        table = near(key, options)
        listed = f"the tables are {', '.join(f'[{option}]' for option in TABLES)}"
        return f": unknown table [{name}]; " + (
            f"did you mean [{options[table]}]?" if table else listed
        )
    if not place.table:
        listed = ", ".join(f"[{option}]" for option in TABLES)
        hint = _home(key) or f"write it under one of {listed}"
        return f": the key '{one_line(key)[:LONGEST]}' is outside any table; {hint}"
    heading = place.heading if not place.steps else f", [{place.table}] {place.key}"
    hint = f"did you mean '{meant}'?" if meant else f"known: {', '.join(known.model_fields)}"
    return f"{heading}: unknown key '{one_line(key)[:LONGEST]}'; {_home(key) or hint}"


def _means_table(place: Place, key: str, meant: str | None) -> bool:
    """Whether an unknown key, close to the known key `meant`, was meant as a table."""
    value = _under(place.value, key)
    if place.steps or not (isinstance(value, dict) or _is_table_list(value)):
        return False
    if not place.table:
        return True
    name = f"{place.table}.{meant or ''}"
    return name in TABLES if meant else any(table.startswith(name) for table in TABLES)


def _is_table_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _home(key: str) -> str:
    """Where a misplaced key belongs; empty if nowhere."""
    homes = [f"[{name}]" for name, table in TABLES.items() if key in table.model_fields]
    return f"it belongs in {' or '.join(homes)}" if homes else ""


def _no_table(place: Place, name: str) -> str:
    if _is_table_list(place.value):
        return f": [[{name}]] is a list of tables; write [{name}] once, in single brackets"
    return f"{place.heading}: must be a table; write its keys under [{name}]"


def _contrast(value: object, mistake: str) -> str:
    """What kind of value it is not, unless the value itself shows that."""
    if mistake == "finite_number" or (mistake == "float_type" and type(value) is int):
        return ", and finite"
    if value in ([], ""):
        return ", not empty"
    wrong_word = mistake == "literal_error" and isinstance(value, str)
    fraction = mistake == "int_type" and isinstance(value, float)
    wrong_kind = mistake.endswith("_type") or mistake == "literal_error"
    if wrong_word or fraction or not wrong_kind:
        return ""
    return f", not {KINDS.get(type(value), 'a date or time')}"


def _fix(place: Place) -> str:
    """The same value written correctly, a similar word, or the default of the key."""
    for reading in _readings(place.value):
        if _allowed(reading, place.annotation):
            return f"; write {written(reading)}"
    meant = near(place.value, words(place.annotation)) if isinstance(place.value, str) else None
    if meant:
        return f'; did you mean "{meant}"?'
    key, *deeper = map(str, place.steps)
    if deeper:
        return ""
    field = TABLES[place.table].model_fields[key]
    if field.is_required() or (field.default is None and key in NEEDED):
        return f"; for example {NEEDED[key]}"
    default = default_written(field)
    return f"; without this key it is {default}" if default else ""


def _readings(value: object) -> Iterator[bool | int | float | str]:
    """What the user may have meant by a value."""
    if isinstance(value, str):
        if value.casefold() in ("true", "false"):
            yield value.casefold() == "true"
        for kind in (int, float):
            try:
                yield kind(value)
            except ValueError:
                pass
    elif isinstance(value, float) and value.is_integer():
        yield int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield written(value)


def _allowed(reading: object, annotation: Any) -> bool:
    if isinstance(reading, str):  # as free text any number would be allowed
        return reading in words(annotation)
    try:
        TypeAdapter(annotation, config=Table.model_config).validate_python(reading)
    except ValidationError:
        return False
    return True
