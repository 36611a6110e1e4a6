"""Functions for compiled code that differ with the arrays that a model has.

What a model has is known by the named tuple of its arrays while numba compiles, so a kernel serves
several kinds of models, and each is compiled for its own.
"""

from collections.abc import Callable
from typing import Any

from numba import types
from numba.extending import overload

from scatter.kernels.memory import ALONE, UNCOUNTED


def of_kind(choose: Callable[..., Any], counted: bool = False) -> Any:
    """A function for compiled code from one that chooses it, given numba's types of the arguments.

    Args:
        choose: answers a function whose arguments have the same names, and which need not be
            compiled by itself.
        counted: whether what it chooses makes or returns arrays.
    """

    def chosen(*arguments: Any) -> None:
        raise NotImplementedError(f"{choose.__name__} is for compiled code")

    options: Any = ALONE if counted else UNCOUNTED
    overload(chosen, jit_options=options)(choose)
    return chosen


def has(arrays: Any, name: str) -> bool:
    """Whether a named tuple, known by numba's type, has an array of this name."""
    return isinstance(arrays, types.NamedTuple | types.NamedUniTuple) and name in arrays.fields
