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
    xp = array_namespace(codes)
    return xp.where(where, xp.zeros_like(codes) + int(code), codes)


def beside(values: np.ndarray, array: Any) -> Any:
    """The same values in the library, and on the device, of an array."""
    if isinstance(array, np.ndarray):
        return values
    return import_module("torch").as_tensor(values, device=array.device)


@cache
def _torch() -> Any:
    torch = import_module("torch")
    same = ("abs", "isnan", "isfinite", "maximum", "minimum", "nan", "inf", "sqrt", "round")
    same += ("exp", "where", "zeros_like", "reshape", "stack")
    return SimpleNamespace(
        **{name: getattr(torch, name) for name in same},
        **{name: getattr(torch, name) for name in ("bool", "float64", "int64", "uint8")},
        astype=lambda array, kind: array.to(kind),
        nonzero=lambda array: torch.nonzero(array, as_tuple=True),
        sum=lambda array, axis: torch.sum(array, dim=axis),
        max=lambda array, axis: torch.amax(array, dim=axis),
        min=lambda array, axis: torch.amin(array, dim=axis),
    )
