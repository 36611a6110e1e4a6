"""A batch's step as a CUDA graph: recorded once, then replayed without a word from the host.

What a step replaces instead of changing it is copied back into the arrays that the graph reads. A
graph that cannot be recorded, or whose first step is not the step, is not used.
"""

import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from scatter.slots import arrays, copies, leaves

WARM = 3  # steps before recording: they compile the kernels, and count as any other
TRIES = 2  # a library that compiled something in the first one has it in the second
ALIKE = 1e-3  # eV, eV/Å and so on: other orders of sums are far below, other atoms far above


class Captured:
    """Stands in for `batch.step`; records anew whenever the batch has other arrays."""

    def __init__(self, batch: Any, warm: int = WARM):
        """Take a batch whose steps wait for nothing.

        Args:
            batch: a `Batch` on a GPU.
            warm: steps before recording.
        """
        self.batch, self.warm = batch, warm
        self.known: tuple = ()
        self.seen = self.failed = 0
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
        if self.seen == self.warm:
            self._record()

    def _record(self) -> None:
        """Record one step and see what it does; nothing is moved."""
        before = copies(self.batch.slots)
        try:
            replay = recorded(self.batch)
            wrong = difference(self.batch, before, replay)
        except Exception as error:  # of CUDA, or of a library in any words of its own
            self.failed, self.seen = self.failed + 1, 0
            if self.failed == TRIES:
                # To end what has failed fails too, and then the reason is what came before.
                self._give_up(f"it cannot be recorded ({error.__context__ or error})")
            return
        finally:
            overwrite(self.batch, before)
        if not wrong <= ALIKE:
            return self._give_up(f"its first step is off by {wrong:.2g} eV or Å")
        self.replay = replay

    def _give_up(self, why: str) -> None:
        self.given_up = True
        tell(f"steps are made without a CUDA graph: {why}")

    def _pointers(self) -> tuple:
        return self.batch.evaluator.generation, *(
            tensor.data_ptr() for tensor in tensors(self.batch)
        )


def tensors(batch: Any) -> list[Tensor]:
    """Every tensor of a batch."""
    return arrays(batch.slots)


def overwrite(batch: Any, numbers: list[Tensor]) -> None:
    """Put numbers into the tensors of a batch."""
    for tensor, values in zip(tensors(batch), numbers, strict=True):
        tensor.copy_(values)


def in_place(batch: Any) -> None:
    """One step of a batch that leaves every array where it was."""
    before = tensors(batch)
    batch.step()
    for (branch, name), old in zip(leaves(batch.slots), before, strict=True):
        if branch[name] is not old:
            old.copy_(branch[name])
            branch[name] = old


def recorded(batch: Any) -> Callable[[], None]:
    """What replays one step of the batch; the batch is moved.

    The stream on which it is recorded makes a step before, since libraries keep for each stream
    what they must not ask for while they are recorded; and where recording fails, torch would stay
    on that stream.
    """
    graph, aside, here = torch.cuda.CUDAGraph(), torch.cuda.Stream(), torch.cuda.current_stream()
    with torch.cuda.stream(here):
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            in_place(batch)
        here.wait_stream(aside)
        with torch.cuda.graph(graph, stream=aside):
            in_place(batch)
    return graph.replay


def difference(batch: Any, before: list[Tensor], replay: Callable[[], None]) -> float:
    """How far a replayed step from there is from a step, in any number; the batch is moved."""
    overwrite(batch, before)
    replay()
    replayed = copies(batch.slots)
    overwrite(batch, before)
    in_place(batch)
    return max(map(apart, tensors(batch), replayed))


def apart(first: Tensor, second: Tensor) -> float:
    """Largest difference; NaN is like NaN, and infinitely far from a number."""
    first, second = first.double(), second.double()
    same = (first == second) | (first.isnan() & second.isnan())
    apart = torch.where(same, 0.0, (first - second).abs()).nan_to_num(nan=torch.inf)
    return float(apart.max()) if len(apart) else 0.0


def tell(sentence: str) -> None:
    """Say something to the user that changes no result."""
    print(f"scatter: {sentence}", file=sys.stderr, flush=True)
