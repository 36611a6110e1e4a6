"""Whether a batch is shared out to threads or computed by one: whichever is faster just now.

Threads wait for one another at the end of every loop. Where other processes want the same cores, a
thread that the system has put aside keeps the rest waiting for milliseconds, where the whole loop
may take a tenth of one. How often that happens is known to nobody beforehand and changes with what
others do, so both ways are timed on the work itself. Both give the same bits.
"""

from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple, TypeVar

import numba
from numba.np.ufunc.parallel import get_thread_count

WINDOW_S = 0.05  # of work that is timed together: a system's scheduler lets others run meanwhile
SELDOM = 40  # the slower way is tried again after so many times of what its last trial took

T = TypeVar("T")


def use_threads(count: int) -> int:
    """Have numba use so many threads, or as many as it has; answer how many."""
    numba.set_num_threads(min(count, get_thread_count()))
    return numba.get_num_threads()


class Pace(NamedTuple):
    """How fast one way was when it was last timed.

    Attributes:
        each: wall time by replica, s.
        until: when it is to be timed again, s.
    """

    each: float
    until: float


UNKNOWN = Pace(0.0, 0.0)


class Sharing:
    """Runs work on all of numba's threads or on one, and times it.

    It begins with one thread, so that a short piece of work is never slower than that, and spends a
    fortieth of the time at most on trying the slower way.

    Attributes:
        shared: whether all threads take part just now.
    """

    def __init__(self):
        self.shared = False
        self.paces = {False: UNKNOWN, True: UNKNOWN}
        self.amount, self.seconds = 0, 0.0
        self.warm = False

    def __call__(self, amount: int, work: Callable[[], T]) -> T:
        """What the work answers.

        Args:
            amount: of replicas, or of other pieces that threads can share.
            work: on numba's threads, however many; its bits do not depend on them.
        """
        threads = numba.get_num_threads()
        if threads == 1:
            return work()
        alone = amount == 1 or not self.shared
        began = perf_counter()
        if alone:
            numba.set_num_threads(1)
        try:
            return work()
        finally:
            numba.set_num_threads(threads)
            if amount > 1:
                self.note(amount, perf_counter() - began)

    def note(self, amount: int, seconds: float) -> None:
        """Take in how long a piece of work has taken, and choose for the next."""
        if not self.warm:  # it may have been compiled meanwhile
            self.warm = True
            return
        self.amount += amount
        self.seconds += seconds
        if self.seconds < WINDOW_S:
            return
        now = perf_counter()
        own = Pace(self.seconds / self.amount, now + SELDOM * self.seconds)
        other = self.paces[not self.shared]
        self.paces[self.shared] = own
        self.amount, self.seconds = 0, 0.0
        if other.each < own.each or other.until < now:
            self.shared = not self.shared
