"""Functions of the library that an array belongs to, under the names of the array API.

Those of torch are the ones that the dynamics needs, so that it runs where only NumPy and torch are
installed. Only `nonzero` waits for a GPU.
"""

from functools import cache
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np


def array_namespace(array: Any) -> Any:
    """NumPy for NumPy arrays, else torch's functions under the names of the array API."""
    return np if isinstance(array, np.ndarray | np.generic) else _torch()


def chosen(codes: Any, where: Any, code: int) -> Any:
    """The codes, replaced by `code` where it applies.

    Not codes[where] = code: the GPU would have to count the elements first.
    """
    if isinstance(codes, np.ndarray):
        return np.where(where, codes.dtype.type(code), codes)
    xp = array_namespace(codes)
    return xp.where(where, xp.zeros_like(codes) + int(code), codes)


def beside(values: np.ndarray, array: Any) -> Any:
    """The same values in the library, and on the device, of an array."""
    if isinstance(array, np.ndarray):
        return values
    return import_module("torch").as_tensor(values, device=array.device)


class Kept:
    """The same values in every library, and on every device, where they are asked for."""

    def __init__(self, *values: np.ndarray):
        """Take them."""
        self.values = values
        self.places: dict[tuple[type, str], tuple[Any, ...]] = {}

    def __call__(self, array: Any) -> tuple[Any, ...]:
        """All of them where an array is, put there once."""
        where = type(array), str(array.device)
        if where not in self.places:
            self.places[where] = tuple(beside(values, array) for values in self.values)
        return self.places[where]


@cache
def _torch() -> Any:
    torch = import_module("torch")
    same = ("abs", "isnan", "isfinite", "maximum", "minimum", "nan", "inf", "sqrt", "round")
    same += ("exp", "expm1", "log", "sin", "cos", "floor", "where", "zeros_like", "reshape")
    same += ("stack", "broadcast_to")
    return SimpleNamespace(
        **{name: getattr(torch, name) for name in same},
        **{name: getattr(torch, name) for name in ("bool", "float64", "int64", "uint8")},
        astype=lambda array, kind: array.to(kind),
        clip=lambda array, low, high: torch.clamp(array, low, high),
        flip=lambda array, axis: torch.flip(array, (axis,)),
        nonzero=lambda array: torch.nonzero(array, as_tuple=True),
        searchsorted=lambda knots, places, side: torch.searchsorted(knots, places, side=side),
        sum=lambda array, axis: torch.sum(array, dim=axis),
        max=lambda array, axis: torch.amax(array, dim=axis),
        min=lambda array, axis: torch.amin(array, dim=axis),
    )
