"""How `gpu.py` times: chunks of calls between two waits, and events around every kernel."""

import json
import os
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import torch

TOY = bool(os.environ.get("SCATTER_TOY"))
DEVICE = "cpu" if TOY else "cuda"
EACH_S = 0.1 if TOY else 2.5  # of one timing
FAR = 100  # steps of a batch from its start: a random model holds no slab together for long


def tell(name: str, **found: Any) -> None:
    """A line for `gpu.py`."""
    print("@" + json.dumps({"name": name, **found}), flush=True)


def wait() -> None:
    """Until the device has done what was asked."""
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def seconds(
    work: Callable[[], Any], least: int = 3, again: Callable[[], Any] | None = None
) -> float:
    """Time of one call: the median of chunks that fill `EACH_S`, after three to warm up.

    Args:
        work: is timed.
        least: chunks.
        again: begins anew what `work` goes on with, after `FAR` calls or some more.
    """
    for _ in range(3):
        work()
    wait()
    began = time.perf_counter()
    work()
    wait()
    once = max(time.perf_counter() - began, 1e-6)
    calls, made, found = max(1, min(FAR, int(EACH_S / 5 / once))), 4, []
    while len(found) < least or (sum(found) * calls < EACH_S and len(found) < 50):
        if again and made >= FAR:
            again()
            wait()
            made = 0
        began = time.perf_counter()
        for _ in range(calls):
            work()
        wait()
        found.append((time.perf_counter() - began) / calls)
        made += calls
    return float(np.median(found))


def timed() -> tuple[dict[str, list], Callable[[], None]]:
    """Put events around every launch; answers where they are kept, and what takes them away."""
    jit = import_module("triton.runtime.jit").JITFunction
    before, spans = jit.run, {}

    def run(self: Any, *arguments: Any, **options: Any) -> Any:
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        answer = before(self, *arguments, **options)
        end.record()
        spans.setdefault(self.__name__, []).append((begin, end))
        return answer

    jit.run = run
    return spans, lambda: setattr(jit, "run", before)
