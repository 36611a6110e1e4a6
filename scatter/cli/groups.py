"""Options that belong together, as one argument of a command."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Group:
    """Options of a command: a frozen dataclass with an annotated field for each of them."""


def spread(command: Callable[..., object]) -> Callable[..., object]:
    """A command to which the options of each `Group` that it takes are arguments of their own.

    They stand where the group stands, in the order of its fields.
    """
    signature = inspect.signature(command)
    groups, parameters = {}, []
    for name, parameter in signature.parameters.items():
        kind = parameter.annotation
        if isinstance(kind, type) and issubclass(kind, Group):
            groups[name] = kind
            parameters += inspect.signature(kind).parameters.values()
        else:
            parameters.append(parameter)

    def gathered(**given: object) -> object:
        for name, kind in groups.items():
            given[name] = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
        return command(**given)

    named = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]
    gathered.__name__, gathered.__doc__ = command.__name__, command.__doc__
    gathered.__annotations__ = {each.name: each.annotation for each in named}
    vars(gathered)["__signature__"] = signature.replace(parameters=named)
    return gathered
