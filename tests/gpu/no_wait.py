"""Watchmen for operations of torch that make the host wait for a GPU, or copy to it."""

import re

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

WAITS = re.compile("_local_scalar_dense|nonzero|masked_select|is_nonzero|unique")


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


class OnTheDevice(TorchDispatchMode):
    """Refuses what brings numbers of the host to a device: no step with such a copy is recorded."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        found = operation(*args, **(kwargs or {}))
        for each in tree_leaves((args, kwargs, found)):
            assert not isinstance(each, torch.Tensor) or each.device.type == "meta", operation
        return found
