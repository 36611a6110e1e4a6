"""Processes that a launcher has started together, and how they end. Alone loads `mpi4py`.

Imports nothing that takes time: the command line needs it before it knows what is to be done.
"""

import os
import sys
import time
from shutil import get_terminal_size
from typing import Any

from scatter.errors import UserError
from scatter.phrases import in_lines

BUG = 1  # exit code of what is not a mistake of the user's
HEARD_S = 0.3  # a launcher passes on what was said before it ends all that it started

# How launchers tell a process how many they started.
LAUNCHERS = {
    "PMI_SIZE": "MPICH or Intel MPI",
    "OMPI_COMM_WORLD_SIZE": "Open MPI",
    "MV2_COMM_WORLD_SIZE": "MVAPICH",
    "PALS_SIZE": "Cray PALS",
    "FLUX_JOB_SIZE": "Flux",
    "SLURM_STEP_NUM_TASKS": "srun",
}


class Agreed(UserError):
    """A user's mistake that all ranks know of: rank 0 speaks, and all leave with its code."""

    def __init__(self, error: UserError):
        super().__init__(str(error))
        self.code = error.code


class Stopped(Exception):
    """The user or a batch system wants all ranks to end, and all that has ended is written.

    Attributes:
        together: whether every rank is leaving by itself.
    """

    def __init__(self, message: str = "", together: bool = False):
        super().__init__(message)
        self.together = together


def launched() -> bool:
    """Whether a launcher started this process and others."""
    return any(started(variable) > 1 for variable in LAUNCHERS)


def started(variable: str) -> int:
    """How many processes a launcher says that it has started; 1 where it says nothing."""
    text = os.environ.get(variable, "1")
    return int(text) if text.isdigit() else 1


def leave(message: str, code: int, agreed: bool = False) -> None:
    """Say why and end this process; where only this rank knows why, end all ranks.

    Args:
        message: for the user.
        code: exit code.
        agreed: every rank is leaving for the same reason, and rank 0 says it.
    """
    if code == BUG and launched():
        world()  # else the others would wait for this rank where MPI begins
    mpi = sys.modules.get("mpi4py.MPI")
    comm = mpi.COMM_WORLD if mpi and mpi.COMM_WORLD.size > 1 else None
    sys.stdout.flush()
    if not (comm and agreed and comm.rank):
        print(_wrapped(message) if code != BUG else message, file=sys.stderr, flush=True)
    if comm and not agreed:
        time.sleep(HEARD_S)
        comm.Abort(code)
    sys.exit(code)


def _wrapped(message: str) -> str:
    """The sentence, in a terminal in lines that end between words."""
    if not sys.stderr.isatty():
        return message
    return in_lines(message, get_terminal_size().columns)


def world() -> Any:
    """MPI's world; None where MPI cannot be loaded."""
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError):
        return None
    return MPI.COMM_WORLD
