"""Launches of their own, begun by rank 0 while the other ranks of a test sleep."""

import os
import sys
import time
from pathlib import Path

from mpi4py import MPI
from processes import finished

WORLD = MPI.COMM_WORLD
BIN = Path(sys.executable).parent
TESTS = Path(__file__).parents[1]
LAUNCHER = ("PMI", "MPI", "HYDRA", "PMIX", "OMPI", "GFORKER")  # what marks a rank of a launch


def on_rank_0(make):
    """What rank 0 makes, on every rank; the others sleep meanwhile, and do not spin."""
    made = make() if WORLD.rank == 0 else None
    request = WORLD.Ibarrier()
    while not request.Test():
        time.sleep(0.02)
    return WORLD.bcast(made)


def launch(*command, ranks=2):
    """A launch of its own: exit code, output, errors; it fails when it hangs."""
    free = {name: text for name, text in os.environ.items() if not name.startswith(LAUNCHER)}
    mpirun = [BIN / "mpirun", "-n", str(ranks)] if ranks > 1 else []
    ended = finished([*mpirun, *command], 100, env=free)
    return ended.returncode, ended.stdout, ended.stderr
