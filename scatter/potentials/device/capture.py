"""A batch's step as a CUDA graph: recorded once, then replayed without a word from the host.

What a step replaces instead of changing it is copied back into the arrays that the graph reads. A
graph that cannot be recorded, or whose first step is not the step, is not used.
"""

import sys
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

WARM = 3  # steps before recording: they compile the kernels, and count as any other
ALIKE = 1e-3  # eV, eV/Å and so on: other orders of sums are far below, other atoms far above


class Captured:
    """Stands in for `batch.step`; records anew whenever the batch has other arrays."""

    def __init__(self, batch: Any):
        self.batch = batch
        self.known: tuple = ()
        self.seen = 0
        self.replay: Callable[[], None] | None = None
        self.given_up = False

    def __call__(self) -> None:
        """Advance the batch by one step."""
        if self.given_up:
            return self.batch.step()
        known = self._pointers()
        if known != self.known:
            self.known, self.seen, self.replay = known, 0, None
        if self.replay is not None:
            return self.replay()
        in_place(self.batch)
        self.seen += 1
        if self.seen == WARM:
            self._record()

    def _record(self) -> None:
        """Record one step and see what it does; nothing is moved."""
        try:
            replay = recorded(self.batch)
            wrong = difference(self.batch, replay)
        except RuntimeError as error:  # of CUDA, or of what a library does with it
            return self._give_up(f"it cannot be recorded ({error})")
        if not wrong <= ALIKE:
            return self._give_up(f"its first step is off by {wrong:.2g} eV or Å")
        self.replay = replay

    def _give_up(self, why: str) -> None:
        self.given_up = True
        print(f"scatter: steps are made without a CUDA graph: {why}", file=sys.stderr, flush=True)

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


def recorded(batch: Any) -> Callable[[], None]:
    """What replays one step of the batch; recording moves nothing."""
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        in_place(batch)
    return graph.replay


def difference(batch: Any, replay: Callable[[], None]) -> float:
    """How far a replayed step is from a step, in any number of the batch; nothing is moved."""
    before = {name: tensor.clone() for name, tensor in tensors(batch).items()}
    replay()
    found = {name: tensor.clone() for name, tensor in tensors(batch).items()}
    restore(batch, before)
    in_place(batch)
    worst = max(_apart(tensor, found[name]) for name, tensor in tensors(batch).items())
    restore(batch, before)
    return worst


def restore(batch: Any, before: dict[tuple[str, str], Tensor]) -> None:
    """Put numbers back into the arrays of a batch."""
    for name, tensor in tensors(batch).items():
        tensor.copy_(before[name])


def _apart(one: Tensor, other: Tensor) -> float:
    """Largest difference; NaN is like NaN, and infinitely far from a number."""
    one, other = one.double(), other.double()
    same = (one == other) | (one.isnan() & other.isnan())
    apart = torch.where(same, 0.0, (one - other).abs()).nan_to_num(nan=torch.inf)
    return float(apart.max()) if len(apart) else 0.0
