"""Signals that ask a process to stop: Ctrl-C, and the warnings of a batch system."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

WARNINGS = (signal.SIGTERM, signal.SIGUSR1)  # of a batch system, before it kills
STOPPING = (signal.SIGINT, *WARNINGS)

Handler = Callable[[int, FrameType | None], object]


@contextmanager
def noted(wanted: Sequence[signal.Signals] = STOPPING) -> Iterator[list[int]]:
    """The signals that come meanwhile, for the code to heed between two steps.

    Compiled code that is interrupted in the middle may fail in ways of its own.
    """
    seen: list[int] = []
    with _met(wanted, lambda number, _: seen.append(number)):
        yield seen


@contextmanager
def interrupting(wanted: Sequence[signal.Signals] = STOPPING) -> Iterator[None]:
    """Let these signals act as Ctrl-C does, where nobody heeds them between two steps."""
    with _met(wanted, signal.default_int_handler):
        yield


@contextmanager
def _met(wanted: Sequence[signal.Signals], handler: Handler) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in wanted}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
