"""Watchmen for operations of torch that make the host wait for a GPU, or that no graph can hold."""

import re

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

WAITS = re.compile(
    "_local_scalar_dense|nonzero|masked_select|is_nonzero|unique"
    "|lift_fresh"  # numbers of the host, which are copied to a GPU
)


class Waiting(AssertionError):
    """Something was asked for that the host waits for."""


class NoWait(TorchDispatchMode):
    """Refuses what makes the host wait for a GPU."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        indices = args[1] if re.search("aten.index", str(operation)) else ()
        masks = [one for one in indices if one is not None and one.dtype == torch.bool]
        if WAITS.search(str(operation)) or masks:
            raise Waiting(str(operation))
        return operation(*args, **(kwargs or {}))


class NoCrossing(NoWait):
    """Refuses, besides, numbers that go from one device to another; a single one is no array.

    Attributes:
        seen: how many operations there were.
    """

    seen = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        self.seen += 1
        found = super().__torch_dispatch__(operation, types, args, kwargs)
        given = [one for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Tensor)]
        made = [one for one in tree_leaves(found) if isinstance(one, torch.Tensor)]
        arrays = [*(one for one in given if one.dim()), *made]
        if len({one.device.type for one in arrays}) > 1:
            raise Waiting(f"{operation} takes numbers from one device to another")
        return found
