"""The ranks of a run: who they are, and the counters they share."""

import socket
import time
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from scatter.campaign.processes import LAUNCHERS, Agreed, started, world
from scatter.errors import UserError

T = TypeVar("T")


def _attempt(make: Callable[[], T]) -> T | UserError:
    try:
        return make()
    except UserError as error:
        return error


def _accept(made: T | UserError) -> T:
    if isinstance(made, UserError):
        raise Agreed(made)
    return made


class Ranks:
    """All processes of this run; one alone where there is no MPI."""

    def __init__(self, communicator: Any = None):
        """Take part in MPI's world, or in the given communicator.

        Raises:
            UserError: a launcher started several processes that cannot see one another.
        """
        self.comm = communicator if communicator is not None else world()
        self.rank: int = self.comm.rank if self.comm else 0
        self.size: int = self.comm.size if self.comm else 1
        if self.size == 1:
            _refuse_singletons()
        else:
            # of its own: a rank that leaves must not meet one that waits in another joint call
            self.leaving = self.comm.Dup()

    @property
    def first(self) -> bool:
        """Whether this is rank 0, which reads the input and speaks to the user."""
        return self.rank == 0

    def on_host(self, part: T) -> list[T]:
        """The parts of the ranks on this host, on every rank; by their numbers."""
        own = socket.gethostname()
        return [each for host, each in self.gather((own, part)) if host == own]

    def local_rank(self) -> int:
        """Number of this rank among those on this host."""
        return self.on_host(self.rank).index(self.rank)

    def share(self, make: Callable[[], T]) -> T:
        """What rank 0 makes, on every rank; its UserError becomes an Agreed one on every rank."""
        if self.size == 1:
            return _accept(_attempt(make))
        return _accept(self.comm.bcast(_attempt(make) if self.first else None))

    def agree(self, make: Callable[[], T]) -> T:
        """What every rank makes for itself; a UserError of one becomes an Agreed one of all."""
        made = _attempt(make)
        failed = [
            error for error in self.gather(made if isinstance(made, UserError) else None) if error
        ]
        return _accept(failed[0] if failed else made)

    def gather(self, part: T) -> list[T]:
        """The parts of all ranks, on every rank."""
        return self.comm.allgather(part) if self.size > 1 else [part]

    def serve(self) -> None:
        """Enter MPI for an instant, so that other ranks' claims on this one are answered."""
        if self.size > 1:
            self.comm.Iprobe()

    def wait(self) -> None:
        """Wait until all ranks are here."""
        if self.size > 1:
            self.comm.Barrier()

    def together(self, seconds: float) -> bool:
        """Whether all ranks call this within some seconds; it waits for them."""
        if self.size == 1:
            return True
        request, until = self.leaving.Ibarrier(), time.monotonic() + seconds
        while not request.Test():
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    def tally(self, length: int) -> "Tally | SharedTally":
        """Shared counters, all 0; every rank must call this."""
        return SharedTally(self.comm, length) if self.size > 1 else Tally(length)


class Tally:
    """Counters of a process on its own."""

    def __init__(self, length: int):
        self.counts = np.zeros(length, np.int64)

    def claim(self, index: int, amount: int) -> int:
        """Add to one counter; answer what it was before."""
        before = int(self.counts[index])
        self.counts[index] += amount
        return before

    def add(self, first: int, amounts: np.ndarray) -> None:
        """Add to neighbouring counters."""
        self.counts[first : first + len(amounts)] += amounts

    def read(self) -> np.ndarray:
        """All counters as they are now."""
        return self.counts.copy()

    def close(self) -> None:
        """No more counting."""


class SharedTally:
    """Counters in the memory of rank 0, which every rank adds to atomically.

    The window stays locked (shared by all) for its whole life: claiming under a lock of one's own
    waits until rank 0 leaves its computation, which takes seconds instead of milliseconds.
    """

    def __init__(self, comm: Any, length: int):
        from mpi4py import MPI

        self.mpi, self.comm, self.length = MPI, comm, length
        size = 8 * length if comm.rank == 0 else 0
        self.window = MPI.Win.Allocate(size, 8, comm=comm)
        if comm.rank == 0:
            np.asarray(self.window.tomemory()).view(np.int64)[:] = 0
        comm.Barrier()
        self.window.Lock_all()

    def claim(self, index: int, amount: int) -> int:
        """Add to one counter; answer what it was before."""
        origin, before = np.array([amount]), np.zeros(1, np.int64)
        self.window.Fetch_and_op(origin, before, 0, index, self.mpi.SUM)
        self.window.Flush(0)
        return int(before[0])

    def add(self, first: int, amounts: np.ndarray) -> None:
        """Add to neighbouring counters."""
        origin = np.ascontiguousarray(amounts, np.int64)
        target = (first, len(origin), self.mpi.INT64_T)
        self.window.Accumulate([origin, self.mpi.INT64_T], 0, target, self.mpi.SUM)
        self.window.Flush(0)

    def read(self) -> np.ndarray:
        """All counters as they are now."""
        counts = np.zeros(self.length, np.int64)
        self.window.Get_accumulate(
            [counts.copy(), self.mpi.INT64_T],
            [counts, self.mpi.INT64_T],
            0,
            (0, self.length, self.mpi.INT64_T),
            self.mpi.NO_OP,
        )
        self.window.Flush(0)
        return counts

    def close(self) -> None:
        """No more counting; every rank must call this."""
        self.window.Unlock_all()
        self.window.Free()


def _refuse_singletons() -> None:
    for variable, launcher in LAUNCHERS.items():
        count = started(variable)
        if count > 1:
            raise UserError(
                f"{launcher} started {count} processes ({variable} = {count}), but each sees "
                "itself alone: it belongs to another MPI than mpi4py was built for; use the mpirun "
                "that was installed with scatter, or build mpi4py against that MPI"
            )
