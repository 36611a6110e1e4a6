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
COST = 0.03  # of all time that trying the slower way may lose
ALIKE, WEIGHT = 2.0, 0.25  # within a factor, times are averaged: a new one counts a quarter

T = TypeVar("T")


def use_threads(count: int) -> int:
    """Have numba use so many threads, or as many as it has; answer how many."""
    numba.set_num_threads(min(count, get_thread_count()))
    return numba.get_num_threads()


class Pace(NamedTuple):
    """How fast one way was when it was last timed.

    Attributes:
        each: wall time by replica, s; 0 before it is known, so that it is tried.
        took: what it was timed for, s.
        ended: when, s.
    """

    each: float = 0.0
    took: float = 0.0
    ended: float = 0.0

    def next(self, each: float, took: float, now: float) -> "Pace":
        """The same way, timed once more; what others do makes times vary, and then change."""
        alike = self.each / ALIKE < each < self.each * ALIKE
        mean = self.each + WEIGHT * (each - self.each) if alike else each
        return Pace(mean, took, now)


class Sharing:
    """Runs work on all of numba's threads or on one, and times it.

    It begins with one thread, so that a short piece of work is never slower than that. The slower
    way is tried again and again, and the more seldom the slower it is, so that 3 % of the time are
    lost at most.

    Attributes:
        shared: whether all threads take part just now.
    """

    def __init__(self):
        self.shared = False
        self.paces = {False: Pace(), True: Pace()}
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
                self._note(amount, perf_counter() - began)

    def _note(self, amount: int, seconds: float) -> None:
        """Take in how long a piece of work has taken, and choose for the next."""
        if not self.warm:  # it may have been compiled meanwhile
            self.warm = True
            return
        self.amount += amount
        self.seconds += seconds
        if self.seconds < WINDOW_S:
            return
        now = perf_counter()
        own = self.paces[self.shared].next(self.seconds / self.amount, self.seconds, now)
        self.paces[self.shared] = own
        self.amount, self.seconds = 0, 0.0
        if self._other_is_due(own, self.paces[not self.shared], now):
            self.shared = not self.shared

    def _other_is_due(self, own: Pace, other: Pace, now: float) -> bool:
        """Whether the other way may be tried for its cost; one that was faster soon is."""
        lost = 1 - own.each / other.each if other.each else 0.0
        return now - other.ended > other.took * max(1.0, lost / COST)
