"""The arrays of a kernel as one thing, which a parallel loop is handed.

Numba hands on every array of a tuple by itself, through the functions that it makes of a parallel
loop, one around another. With the fifty of a kernel this took a quarter of the time of compiling
it, and a tenth of that of evaluating a replica. This is one pointer.
"""

from typing import Any

from numba import njit, types
from numba.experimental import structref


@structref.register
class HeldType(types.StructRef):
    """Numba's type of `Held`: weights, and working memory."""

    def preprocess_fields(self, fields: Any) -> Any:
        """Values of literals do not count."""
        return tuple((name, types.unliteral(kind)) for name, kind in fields)


class Held(structref.StructRefProxy):
    """Two tuples of arrays, which compiled code reads as `held.weights` and `held.memory`."""

    def __new__(cls, weights: Any, memory: Any) -> Any:
        """Hold them: the arrays are those that were given."""
        return _held(weights, memory)


structref.define_constructor(Held, HeldType, ["weights", "memory"])
structref.define_boxing(HeldType, Held)
structref.define_attributes(HeldType)


@njit(cache=True)
def _held(weights, memory):
    return Held(weights, memory)
