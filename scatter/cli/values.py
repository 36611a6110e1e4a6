"""How the help names what arguments and options take: `SET`, `--epochs N`, `[at least 1]`."""

import inspect
import re
from collections.abc import Callable
from copy import copy
from typing import Annotated, Any, get_args

from typer.models import ArgumentInfo, OptionInfo

# Of a number; a text or a path names itself where it is declared, as `metavar="FILE"`.
NUMBERS = {int: "N", float: "X"}
BOUNDS = re.compile(r"(?:([-+.\w]+)<=)?x(?:(>=|<=)([-+.\w]+))")


def named(command: Callable[..., object]) -> Callable[..., object]:
    """The command, with a name in its help for the value of every argument and option.

    An argument has its own name in capitals, a number N if it is whole and X otherwise.
    """
    signature = inspect.signature(command)
    parameters = [_named(each) for each in signature.parameters.values()]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    vars(command)["__signature__"] = signature.replace(parameters=parameters)
    return command


def _named(parameter: inspect.Parameter) -> inspect.Parameter:
    kind, *notes = get_args(parameter.annotation) or (None,)
    for i, note in enumerate(notes):
        if isinstance(note, ArgumentInfo | OptionInfo) and note.metavar is None:
            notes[i] = copy(note)
            notes[i].metavar = _name(parameter.name, kind, note)
    return parameter.replace(annotation=Annotated[kind, *notes]) if notes else parameter


def _name(name: str, kind: Any, note: ArgumentInfo | OptionInfo) -> str | None:
    if isinstance(note, ArgumentInfo):
        return name.upper()
    return next((NUMBERS[each] for each in (kind, *get_args(kind)) if each in NUMBERS), None)


def usage(parameters: list[Any]) -> list[str]:
    """The words after the name of a command with these parameters: its arguments, in order."""
    arguments = [each for each in parameters if each.param_type_name == "argument"]
    return [_argument(each) if each.required else f"[{_argument(each)}]" for each in arguments]


def _argument(parameter: Any) -> str:
    return parameter.metavar + ("..." if parameter.nargs != 1 else "")


def help_row(parameter: Any, context: Any) -> tuple[str, str]:
    """What the help shows of a parameter: its names and value, and its meaning with bounds."""
    names, meaning = parameter.get_help_record(context)
    if parameter.param_type_name == "argument":
        names = _argument(parameter)
    return names, BOUNDS.sub(_in_words, meaning)


def _in_words(bounds: re.Match[str]) -> str:
    low, sign, high = bounds.groups()
    if low:
        return f"{low} to {high}"
    return f"at least {high}" if sign == ">=" else f"at most {high}"
