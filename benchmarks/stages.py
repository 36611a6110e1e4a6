"""Where the time of one force evaluation goes: the kernel's own stages, with a clock between them.

The order is that of `replica` in `scatter/mace/kernels/batch.py`.
"""

from time import perf_counter_ns
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from scatter.kernels.intrinsics import lanes_of
from scatter.kernels.memory import copy, fill, known
from scatter.mace.kernels import layers
from scatter.mace.kernels.batch import _fix, _pull
from scatter.mace.kernels.geometry import geometry, pairs_within, repel
from scatter.mace.kernels.memory import of_worker
from scatter.potentials.replicas import Replicas

# The stage to which each part belongs that lies between two readings of the clock.
PARTS = (
    "pairs", "messages 1", "atoms", "messages 2", "atoms", "back 2", "atoms", "back 1", "pairs",
)  # fmt: skip


def _clock(context):
    """The processor's own clock."""

    def generate(target, builder, signature, values):
        kind = ir.FunctionType(ir.IntType(64), [])
        name = "llvm.readcyclecounter"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        return builder.call(function, [])

    return types.int64(), generate


_ticks: Any = intrinsic(_clock)


@njit
def _now():
    return _ticks()


@njit
def _forth(x, begin, species, moving, neighbours, weights, s, clock):
    """From the pairs to m; answers the place after the last pair."""
    clock[0] = _ticks()
    end = pairs_within(x, moving, False, neighbours, weights.cutoff, begin, s)
    geometry(species, begin, end, s.start, weights, s)
    fill(s.push[4 * begin : 4 * end], 0)
    repel(species, begin, end, weights, s)
    clock[1] = _ticks()
    copy(s.a, s.fixed)
    layers.messages_1(s.a, s.start, weights, s)
    clock[2] = _ticks()
    layers.send(species, weights, s)
    clock[3] = _ticks()
    fill(s.m, 0)
    layers.messages_2(s.fixed_start, weights, s)
    layers.messages_2(s.start, weights, s)
    clock[4] = _ticks()
    return end


@njit
def _back(begin, end, species, moving, weights, s, forces, clock):
    """From m to the forces."""
    layers.read_out(species, weights, s)
    clock[5] = _ticks()
    fill(s.g_bar, 0)
    layers.back_2(s.fixed_start, False, weights, s)
    layers.back_2(s.start, True, weights, s)
    clock[6] = _ticks()
    layers.return_sent(species, weights, s)
    layers.return_products(species, weights, s)
    clock[7] = _ticks()
    layers.back_1(s.start, weights, s)
    clock[8] = _ticks()
    _pull(begin, end, moving, s, forces)
    clock[9] = _ticks()


@njit
def _staged(positions, species, moving, lists, counts, weights, scratch, clock):
    """Evaluate every replica, and write the ticks after each part: `clock` has (slot, 10)."""
    s, forces = of_worker(scratch, 0), np.zeros_like(positions)
    first, second, shift = lists
    width = lanes_of(s.a)
    for slot in range(len(positions)):
        n, x = counts[slot], positions[slot]
        neighbours = first[slot, :n], second[slot, :n], shift[slot, :n]
        if not known(x, moving, s.held):
            _fix(x, species, moving, neighbours, weights, s)
        begin = -(-s.fixed_start[len(species)] // width) * width
        end = _forth(x, begin, species, moving, neighbours, weights, s, clock[slot])
        _back(begin, end, species, moving, weights, s, forces[slot], clock[slot])


def _tick_s() -> float:
    """Seconds of one tick."""
    _now()
    start, first = perf_counter_ns(), _now()
    while perf_counter_ns() < start + 2e8:
        pass
    stop, last = perf_counter_ns(), _now()
    return 1e-9 * (stop - start) / (last - first)


def stage_times(evaluator: Replicas, positions: np.ndarray, turns: int = 60) -> dict:
    """Seconds of each stage, the mean over replicas of the least of each.

    Args:
        evaluator: with lists of these positions.
        positions: Å, shape (slot, atom, 3).
        turns: how often each replica is evaluated.
    """
    clock = np.zeros((turns, len(positions), len(PARTS) + 1), np.int64)
    own = evaluator.evaluate
    positions, species, moving, lists, counts, *_ = own.arguments(evaluator.lists, positions)
    for turn in range(turns):
        _staged(positions, species, moving, lists, counts, own.weights, own.scratch, clock[turn])
    least = np.diff(clock, axis=2).min(axis=0).mean(axis=0) * _tick_s()
    found = dict.fromkeys(PARTS, 0.0)
    for name, each in zip(PARTS, least.tolist(), strict=True):
        found[name] += each
    return found
