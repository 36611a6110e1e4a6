"""From the file `input.toml` to frozen settings, its text kept verbatim."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from scatter import foreign
from scatter.config.mistakes import near, one_line, sentence
from scatter.config.tables import Input
from scatter.config.values import bare, quoted, written
from scatter.settings import UserError

MOST = 2**22  # bytes of an input file
DEEPEST = 30  # levels of nested tables and lists

# What tomllib says, and what the user did; its other messages are clear.
TOML_MISTAKES = {
    r"Cannot (declare|mutate|redefine|overwrite).*": "a table or key is written twice; keep one",
    r"Duplicate inline table key (.*)": r"the key \1 is written twice; keep one",
    r"Invalid value": 'is not a value; write text in quotes ("H2"), numbers as 0.5, true or false',
    r"Illegal character '\\n'": "text must end in quotes on the line where it begins",
    r"Invalid statement": "is not key = value, [table] or # comment",
    r"Expected newline or end of document after a statement": "has more than one key = value; "
    "write each on its own line, and comments after #",
}


@dataclass(frozen=True)
class Source:
    """An input file that has been read."""

    path: Path  # of the file
    text: str  # verbatim
    input: Input  # the settings in it

    @property
    def output(self) -> Path:
        """The folder for the results, relative to the current one."""
        return Path(self.input.run.output or Path("runs") / self.path.stem)


def read(path: Path) -> Source:
    """Read an input file.

    Raises:
        UserError: it cannot be read, or has mistakes: the first, and how many others there are.
    """
    try:
        text = foreign.text(path, most=MOST)
    except foreign.Missing as error:
        raise UserError(one_line(f"{error}; {_other_file(path)}")) from None
    except UserError as error:
        raise UserError(one_line(str(error))) from None
    return parse(path, text)


def parse(path: Path, text: str) -> Source:
    """The settings in the text of an input file; `path` is only named in errors.

    Raises:
        UserError: its first mistake, and how many others there are.
    """
    try:
        written_input = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(one_line(f"{path}, {_not_toml(text, error)}")) from None
    _refuse_unusable(path, written_input)
    try:
        return Source(path, text, Input.model_validate(written_input))
    except ValidationError as error:
        raise UserError(sentence(path, written_input, error)) from None


def toml(tables: Mapping[str, object]) -> str:
    """A dictionary of tables as the text of an input file.

    Raises:
        UserError: TOML cannot hold a value.
    """
    lines = []
    for name, table in tables.items():
        if not isinstance(table, Mapping):
            raise UserError(
                f"settings: {name!r} is {table!r}; it must be a dictionary of keys and values"
            )
        lines += [f"[{name}]", *(f"{bare(str(k))} = {_value(k, v)}" for k, v in table.items()), ""]
    return "\n".join(lines)


def _value(key: str, value: object) -> str:
    """A value as TOML writes it, NumPy's arrays and numbers included."""
    plain = getattr(value, "tolist", lambda: value)()
    plain = [*plain] if isinstance(plain, tuple | range) else plain
    text = written(plain)
    try:
        tomllib.loads(f"value = {text}")
    except ValueError:
        raise UserError(
            f"settings: {key} = {value!r}: must be a number, text, true or false, or a list or "
            "table of these"
        ) from None
    return text


def _refuse_unusable(path: Path, value: object) -> None:
    """Refuse what TOML allows and nothing else can use: deep nesting, unprintable text."""
    below = [(value, 0)]
    while below:
        value, depth = below.pop()
        if depth > DEEPEST:
            raise UserError(
                f"{path}: its tables are nested more than {DEEPEST} deep; none needs to be"
            )
        if isinstance(value, dict):
            below += [(part, depth + 1) for item in value.items() for part in item]
        elif isinstance(value, list):
            below += [(part, depth + 1) for part in value]
        elif isinstance(value, str) and not "".join(value.split()).isprintable():
            raise UserError(one_line(f"{path}: {quoted(value)}: contains unprintable characters"))


def _other_file(path: Path) -> str:
    """A file in the same folder with a similar name, or a question."""
    meant = near(path.name, [other.name for other in path.parent.glob("*.toml")])
    return f"did you mean '{path.parent / meant}'?" if meant else "is the path right?"


def _not_toml(text: str, error: Exception) -> str:
    """Line and column, what stands there and what is wrong with it."""
    match = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error))
    if match is None:  # what Python itself refuses
        too_deep = isinstance(error, RecursionError)
        return f"not TOML: {'its brackets are nested too deeply' if too_deep else error}"
    message, line, column = match.groups()
    for pattern, meaning in TOML_MISTAKES.items():
        message = re.sub(f"^{pattern}$", meaning, message)
    message = message[0].lower() + message[1:]
    if line is None:
        return f"at its end, not TOML: {message}"
    wrong = quoted(text.split("\n")[int(line) - 1].strip())
    return f"line {line}, column {column}, not TOML: {wrong}: {message}"
