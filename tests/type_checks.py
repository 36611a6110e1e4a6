"""beartype for the hook of `conftest`, asked once for each function.

The hook wraps functions inside functions too, anew whenever they are made, and beartype takes most
of a millisecond for each: longer than a fit's integrand, or an interval, takes to compute. What it
makes of a signature depends on nothing else, so it is kept.
"""

from types import FunctionType
from typing import Any

from beartype import BeartypeConf, beartype

CHECK = beartype(conf=BeartypeConf(is_pep484_tower=True))
KEPT: dict[tuple[Any, ...], Any] = {}


def checked(signature: FunctionType) -> Any:
    """What checks arguments and answers of a signature: a function with an empty body."""
    if signature.__defaults__ or signature.__kwdefaults__:
        return CHECK(signature)  # their values are its own
    code = signature.__code__
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    told = signature.__module__, signature.__qualname__, code.co_varnames, counts, code.co_code
    key = (*told, *signature.__annotations__.items())
    if key not in KEPT:
        KEPT[key] = CHECK(signature)
    return KEPT[key]
