"""Several threads against one, on a machine that does other work.

    python benchmarks/busy_machine.py [--ace MODEL.npz] [--others 2] [--threads 2]

Processes that do nothing but compute are started beside this one, and ended by it. Batches of H2
over Cu(111), 56 atoms, are then evaluated in turns: for a while on one thread and for a while on
all, again and again, each way from the beginning as a campaign would. One JSON line for each
potential and batch: calls a second on one thread and on several, and the median of their ratios
within a turn with the range that the turns span. Without others (--others 0) it shows what threads
gain on a quiet machine.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep

import numba
import numpy as np
from force_evaluation import hydrogen_on_copper
from numba.np.ufunc.parallel import threading_layer

from scatter.kernels import kernel
from scatter.potentials.base import Potential
from scatter.potentials.table import potential_from_name

TURNS, SPAN_S, BATCHES = 7, 2.0, (16, 64)
COMPUTE = "while True: pass"


@contextmanager
def computing(others: int) -> Iterator[None]:
    """So many processes that compute beside this one."""
    started = [subprocess.Popen([sys.executable, "-c", COMPUTE]) for _ in range(others)]
    try:
        sleep(0.5)
        yield
    finally:
        for one in started:
            one.kill()
            one.wait()


def rate(potential: Potential, slots: int, threads: int) -> float:
    """Calls a second of a batch, all that its beginning takes but compiling included."""
    system, positions = hydrogen_on_copper(slots)
    moved = [positions, positions + 0.01 * system.moving[:, None]]
    numba.set_num_threads(threads)
    evaluator = potential.bind(system, slots)
    evaluator.begin(np.arange(slots), positions)
    calls, began = 0, perf_counter()
    while perf_counter() < began + SPAN_S:
        evaluator(moved[calls % 2])
        calls += 1
    return calls / (perf_counter() - began)


def compared(name: str, slots: int, threads: int, others: int) -> dict:
    """The line of one potential and batch."""
    potential = potential_from_name(name)
    turns = np.array(
        [[rate(potential, slots, count) for count in (1, threads)] for _ in range(TURNS)]
    )
    ratios = np.sort(turns[:, 1] / turns[:, 0])
    one, several = np.median(turns, axis=0)
    return {
        "benchmark": "busy machine", "potential": potential.description, "batch": slots,
        "others": others, "cores": len(os.sched_getaffinity(0)), "threads": threads,
        "calls_per_s_one": round(float(one), 1), "calls_per_s_threads": round(float(several), 1),
        "ratio": round(float(np.median(ratios)), 3),
        "ratio_least": round(float(ratios[0]), 3), "ratio_most": round(float(ratios[-1]), 3),
        "turns": TURNS, "layer": threading_layer(), "machine": kernel(),
        "waiting": os.environ.get("OMP_WAIT_POLICY", "").lower(),
    }  # fmt: skip


def main() -> None:
    """Start the others, and measure."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--ace", type=Path, help="a linear ACE, to be measured too")
    reader.add_argument("--others", type=int, default=2, help="processes that compute meanwhile")
    reader.add_argument("--threads", type=int, default=min(2, numba.get_num_threads()))
    given = reader.parse_args()
    names = ["analytic", "default", *([str(given.ace)] if given.ace else [])]
    for name in names:  # compiles what is to be compiled
        rate(potential_from_name(name), 1, 1)
    with computing(given.others):
        for name in names:
            for slots in BATCHES:
                line = compared(name, slots, given.threads, given.others)
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
