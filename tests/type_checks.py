"""beartype for the hook of `conftest`: asked once for each function, and not at every call.

To check a call takes some 50 µs, longer than most of what a time step does, and a test may make a
million of them: so the first calls of each function are checked, and then now and again one.

The hook wraps functions inside functions too, anew whenever they are made, and beartype takes most
of a millisecond for each: longer than a fit's integrand, or an interval, takes to compute. What it
makes of a signature depends on nothing else, so it is kept.
"""

from collections import Counter
from functools import wraps
from types import CodeType, FunctionType
from typing import Any

import jaxtyping
from beartype import BeartypeConf, beartype

CHECK = beartype(conf=BeartypeConf(is_pep484_tower=True))
KEPT: dict[tuple[Any, ...], Any] = {}
FIRST, THEN = 300, 101  # calls that are checked, and from one to the next after them
CALLS: Counter[CodeType] = Counter()
always = jaxtyping.jaxtyped


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


def now_and_again(*, typechecker: Any) -> Any:
    """In place of `jaxtyping.jaxtyped`: what it makes is called at the first calls, then seldom."""

    def decorate(given: Any) -> Any:
        if not isinstance(given, FunctionType):
            return always(given, typechecker=typechecker)
        code, whole = given.__code__, []

        @wraps(given)
        def call(*args: Any, **kwargs: Any) -> Any:
            CALLS[code] += 1
            if CALLS[code] > FIRST and CALLS[code] % THEN:
                return given(*args, **kwargs)
            if not whole:
                whole.append(always(given, typechecker=typechecker))
            return whole[0](*args, **kwargs)

        return call

    return decorate


def install(rooms: list[str]) -> None:
    """Check the annotations of modules that are imported from now on."""
    jaxtyping.jaxtyped = now_and_again
    jaxtyping.install_import_hook(rooms, "type_checks.checked")
