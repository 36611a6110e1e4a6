"""Where the time of one force evaluation of a linear ACE goes, and what it could be at best.

    python benchmarks/ace_stages.py MODEL.npz

56 atoms, H2 near Cu(111) and 7 Å above it, 32 replicas on one thread. One JSON line for each
height: milliseconds of the whole and of its stages (the kernel's own, with a clock between them,
the least of many turns), flop of each, and the floor that this core's arithmetic and its nearest
memory set.
"""

import argparse
import json
from pathlib import Path

import numba
import numpy as np
from force_evaluation import hydrogen_on_copper
from machine import bandwidth, least, peak
from numba import njit
from stages import _tick_s, _ticks

from scatter.ace.cpu import WIDTH, Ace
from scatter.ace.kernels import batch as ace
from scatter.ace.kernels.environments import arrange, pairs_within
from scatter.ace.kernels.layout import Layout
from scatter.ace.kernels.memory import of_worker
from scatter.ace.values import shapes_of
from scatter.kernels import kernel
from scatter.kernels.intrinsics import lanes_of
from scatter.kernels.memory import known
from scatter.potentials.replicas import Replicas

SLOTS, TURNS, HEIGHTS = 32, 60, (2.4, 7.0)
STAGES = ("pairs", "radial functions and A", "products", "forces")
BYTES = 8 * WIDTH  # of a register


@njit
def _members(count, program, species, weights, s, clock):
    """`ace._together` with a clock."""
    kinds, at = len(weights.constant), 0
    start = _ticks()
    ace.look(count, species, s.fixed, weights, s)
    clock[1] += _ticks() - start
    start = _ticks()
    ace.run(count, program, species, weights, s)
    clock[2] += _ticks() - start
    start = _ticks()
    for member in range(count):
        first = s.members[member] * kinds
        for kind in range(kinds):
            a = s.a[(member * kinds + kind) * weights.factors :]
            ace.push(s.members[member], kind, at - s.start[first], a, weights, s)
        at += s.start[first + kinds] - s.start[first]
    clock[3] += _ticks() - start


@njit
def _staged(positions, species, moving, lists, counts, weights, scratch, clock):
    """Evaluate every replica, and write the ticks of each stage: `clock` has (slot, stage)."""
    s, width = of_worker(scratch, 0), lanes_of(scratch.tiles)
    first, second, shift = lists
    for slot in range(len(positions)):
        n, x = counts[slot], positions[slot]
        neighbours = first[slot, :n], second[slot, :n], shift[slot, :n]
        if not known(x, moving, s.held):
            ace.fix(x, species, moving, neighbours, weights, s)
        start = _ticks()
        pairs = pairs_within(x, species, moving, ace.FREE, neighbours, weights, s)
        arrange(pairs, species, weights, s)
        ace.choose(species, s.fixed_count, weights, s)
        clock[slot, 0] += _ticks() - start
        for program in range(len(weights.node_start) - 1):
            count = 0
            for i in range(len(species)):
                if s.program[i] == program:
                    s.members[count] = i
                    count += 1
                if count == width or (count > 0 and i == len(species) - 1):
                    _members(count, program, species, weights, s, clock[slot])
                    count = 0


def counted(evaluator: Replicas, positions: np.ndarray) -> dict[str, np.ndarray]:
    """Flop and bytes between registers and memory of each stage, one replica on average.

    A multiply-add is two flop, and registers are counted whole. For a tile of pairs: 12 splines of
    weights (5 multiply-adds each), 12 multiply-adds for a block of columns and each of its pairs,
    from 6 rows of the table and 12 weights; about 8 for each harmonic; for A one multiply-add a
    value; back, two multiply-adds a value, one for each slope, and about 6 a harmonic. For as many
    atoms as there are lanes: two multiply-adds a term, with three reads and a write; three products
    a node. For a listed pair 8 flop, and for each of both directions 10 numbers.
    """
    weights, lists = evaluator.evaluate.weights, evaluator.lists
    layout = Layout(shapes_of(weights.layout))
    blocks, harmonics = -(-layout.columns // WIDTH), (layout.degree + 1) ** 2
    found = {name: np.zeros(2) for name in STAGES}
    scratch = evaluator.evaluate.scratch
    for slot, x in enumerate(positions):
        evaluator.lists = lists
        _one(evaluator, x, slot)
        tiles = int(scratch.start[0, -1])
        directed = int(scratch.count[0].sum())
        found["pairs"] += (
            8 * lists.counts[slot] + 3 * directed,
            8 * (7 * lists.counts[slot] + 14 * directed),
        )
        radial = 12 * 10 + WIDTH * blocks * 24 + 8 * harmonics + 2 * layout.values
        moved = 12 + WIDTH * blocks * 6 + 2 * layout.rows + 2 * layout.values / 3
        found["radial functions and A"] += WIDTH * radial * tiles, BYTES * moved * tiles
        back = 4 * layout.values + 2 * layout.columns + 6 * harmonics + 20
        moved = 2 * layout.columns + harmonics + layout.values / 8 + 6
        found["forces"] += WIDTH * back * tiles, BYTES * moved * tiles
        groups = np.bincount(scratch.program[0], minlength=len(weights.node_start) - 1)
        first = weights.term_start[weights.row_start[::2]]
        terms = np.diff(first)  # of energies, and of densities where there are any
        for each, count, nodes in zip(terms, groups, np.diff(weights.node_start), strict=True):
            times = -(-count // WIDTH)
            found["products"] += (
                times * WIDTH * (4 * each + 5 * nodes), times * BYTES * (4 * each + 9 * nodes)
            )  # fmt: skip
    return {name: each / len(positions) for name, each in found.items()}


def _one(evaluator: Replicas, x: np.ndarray, slot: int) -> None:
    """Evaluate one replica, so that the worker's memory tells its counts."""
    lists = evaluator.lists
    ace.evaluate_batch(
        x[None], evaluator.evaluate.species, evaluator.system.moving,
        tuple(each[slot : slot + 1] for each in (lists.first, lists.second, lists.shift)),
        lists.counts[slot : slot + 1], evaluator.evaluate.held, evaluator.evaluate.count,
    )  # fmt: skip


def measured(file: Path, height: float, speeds: tuple[float, float]) -> dict:
    """The line of one height."""
    system, positions = hydrogen_on_copper(SLOTS, height)
    evaluator = Ace.read(file).bind(system, SLOTS)
    evaluator(positions)
    clock = np.zeros((TURNS, SLOTS, len(STAGES)), np.int64)
    own = evaluator.evaluate
    x, species, moving, lists, counts, *_ = own.arguments(evaluator.lists, positions)
    for turn in range(TURNS):
        _staged(x, species, moving, lists, counts, own.weights, own.scratch, clock[turn])
    stages = clock.min(axis=0).mean(axis=0) * _tick_s()
    whole = least(lambda: evaluator(positions)) / SLOTS
    work = counted(evaluator, positions)
    floors = [max(flop / speeds[0], moved / speeds[1]) for flop, moved in work.values()]
    return {
        "benchmark": "stages of a linear ACE", "model": file.name, "height_A": height,
        "ms": round(1e3 * whole, 4), "floor_ms": round(1e3 * sum(floors), 4),
        "Mflop": round(sum(flop for flop, _ in work.values()) / 1e6, 2),
        "MB_moved": round(sum(moved for _, moved in work.values()) / 1e6, 2),
        **{f"{name} ms": round(1e3 * each, 4)
           for name, each in zip(STAGES, stages.tolist(), strict=True)},
        **{f"{name} floor ms": round(1e3 * each, 4)
           for name, each in zip(STAGES, floors, strict=True)},
        "atoms": len(system), "pairs_listed": round(float(evaluator.lists.counts.mean()), 1),
        "batch": SLOTS, "threads": 1, "machine": kernel(),
    }  # fmt: skip


def main() -> None:
    """Measure, and print."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("model", type=Path, help="made by `scatter fit`")
    given = reader.parse_args()
    numba.set_num_threads(1)
    speeds = peak("float64"), bandwidth("L1")
    for height in HEIGHTS:
        print(json.dumps(measured(given.model, height, speeds)), flush=True)


if __name__ == "__main__":
    main()
