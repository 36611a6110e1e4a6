"""What one core of this machine can do: fused multiply-adds, and reading from its memories.

Measured with the package's own vectors, so that nothing depends on what a compiler makes of a loop.
"""

from collections.abc import Callable
from time import perf_counter

import numpy as np
from numba import njit

from scatter.kernels import lanes
from scatter.kernels.intrinsics import written
from scatter.kernels.memory import aligned
from scatter.kernels.vectors import Integer, Memory, Writer

CHAINS = 12  # that do not wait for one another: latency (4) x units (2), and some more
UNROLLED = 8
READS = 16  # vectors read in one round of the loop
LEVELS = {"L1": 16 * 2**10, "L2": 512 * 2**10, "memory": 256 * 2**20}  # bytes that are read over
ENOUGH_S = 0.4


@written
def _multiply_add(w: Writer, x: Memory, rounds: Integer) -> None:
    chains = [w.local(x[n]) for n in range(CHAINS)]
    factor, term = x[CHAINS], x[CHAINS + 1]
    with w.loop(rounds * 0, rounds):
        for _ in range(UNROLLED):
            for chain in chains:
                chain.value = w.fma(chain.value, factor, term)
    for n, chain in enumerate(chains):
        x[n] = chain.value


@written
def _read(w: Writer, x: Memory, sums: Memory, vectors: Integer) -> None:
    locals_ = [w.local(sums[n]) for n in range(READS)]
    with w.loop(vectors * 0, vectors, step=READS) as k:
        here = x.at(k * w.lanes)
        for n, local in enumerate(locals_):
            local.value = local.value + here[n]
    for n, local in enumerate(locals_):
        sums[n] = local.value


@njit
def _many_multiply_adds(x, rounds):
    _multiply_add(x, rounds)


@njit
def _many_reads(x, sums, vectors, times):
    for _ in range(times):
        _read(x, sums, vectors)


def least(work: Callable[[], object]) -> float:
    """The least wall time of a call, s; others may use the machine now and then."""
    work()
    best, until = np.inf, perf_counter() + ENOUGH_S
    while perf_counter() < until:
        start = perf_counter()
        work()
        best = min(best, perf_counter() - start)
    return best


def peak(precision: str) -> float:
    """Most flop/s of fused multiply-adds, which count twice."""
    width, rounds = lanes(8 * np.dtype(precision).itemsize), 2000
    x = aligned(np.full((CHAINS + 2) * width, 0.5, precision))
    taken = least(lambda: _many_multiply_adds(x, rounds))
    return 2 * rounds * UNROLLED * CHAINS * width / taken


def bandwidth(level: str) -> float:
    """Most byte/s that can be read from L1, L2 or memory; see `LEVELS`."""
    width = lanes(32)
    x = aligned(np.zeros(LEVELS[level] // 4, np.float32))
    sums = aligned(np.zeros(READS * width, np.float32))
    times = max(1, 2**22 // x.nbytes)
    taken = least(lambda: _many_reads(x, sums, len(x) // width, times))
    return x.nbytes * times / taken
