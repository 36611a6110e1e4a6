"""A watchman for operations of torch that make the host wait for a GPU."""

import re

import torch
from torch.utils._python_dispatch import TorchDispatchMode

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
