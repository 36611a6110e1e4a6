"""A batch's step as a CUDA graph: recorded once, then replayed without a word from the host.

What a step replaces instead of changing it is copied back into the arrays that the graph reads.
"""

from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

WARM = 3  # steps before recording: they compile the kernels, and count as any other


class Captured:
    """Stands in for `batch.step`; records anew whenever the batch has other arrays."""

    def __init__(self, batch: Any):
        self.batch = batch
        self.known: tuple = ()
        self.seen = 0
        self.graph: Any = None

    def __call__(self) -> None:
        """Advance the batch by one step."""
        known = self._pointers()
        if known != self.known:
            self.known, self.seen, self.graph = known, 0, None
        if self.graph is not None:
            self.graph.replay()
            return
        in_place(self.batch)
        self.seen += 1
        if self.seen == WARM:
            self._record()

    def _record(self) -> None:
        """Record one step; recording does not move anything."""
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            in_place(self.batch)
        self.graph = graph

    def _pointers(self) -> tuple:
        generation = getattr(self.batch.evaluator, "generation", 0)
        return generation, *(tensor.data_ptr() for tensor in tensors(self.batch).values())


def tensors(batch: Any) -> dict[tuple[str, str], Tensor]:
    """Every tensor of a batch by where it is found."""
    found = {("batch", name): getattr(batch, name) for name in ("outcome", "reason")}
    for owner in ("state", "watch"):
        whole = getattr(batch, owner)
        found |= {(owner, field.name): getattr(whole, field.name) for field in fields(whole)}
    return found


def in_place(batch: Any) -> None:
    """One step of a batch that leaves every array where it was."""
    before = tensors(batch)
    batch.step()
    for (owner, name), now in tensors(batch).items():
        old = before[owner, name]
        if now is not old:
            old.copy_(now)
            setattr(batch if owner == "batch" else getattr(batch, owner), name, old)
