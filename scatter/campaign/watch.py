"""What a round of splitting does beside its trajectories: ranks answer, stop together, and show."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from scatter.campaign.processes import Stopped
from scatter.campaign.ranks import Ranks
from scatter.campaign.signals import noted
from scatter.report.terminal import clock
from scatter.state import State

PERIOD_S, TOGETHER_S = 0.5, 5.0
STEPS, ENDED, STOPS, DONE = range(4)  # counters


class Watch:
    """Shared counters of a campaign's splitting, and the line that a terminal shows of them."""

    def __init__(self, ranks: Ranks, console: Console):
        """Begin to count; every rank must call this."""
        self.ranks, self.tally = ranks, ranks.tally(4)
        self.live = Live(console=console, auto_refresh=False, transient=True)
        self.began = self.at = time.monotonic()
        self.steps = self.count = self.rounds = 0
        self.size, self.words, self.opened = 0, "", 0
        self.signals: list[int] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Heed signals and show the line meanwhile.

        Raises:
            Stopped: this rank or another was asked to end.
        """
        shows = self.live.console.is_terminal
        try:
            with noted() as self.signals:
                if shows:
                    self.live.start()
                yield
        except Stopped:
            raise Stopped(self._farewell(), self.ranks.together(TOGETHER_S)) from None
        finally:
            if shows:
                self.live.stop()
        self.tally.close()

    def open(self, words: str, size: int) -> None:
        """Name the round that is run next, and how many trajectories it has."""
        self.words, self.size, self.opened = words, size, int(self.tally.read()[ENDED])

    def breathe(self, slots: int) -> None:
        """After each step of the batch."""
        self.ranks.serve()
        self.steps += slots
        if self.signals or time.monotonic() - self.at > PERIOD_S:
            self._tell()
            self.heed()
            self._show()

    def stepped_back(self, state: State, steps: int) -> None:
        """Steps that are made again do not count."""
        self.steps -= steps * len(state)

    def ended(self, count: int) -> None:
        """So many trajectories have ended."""
        self.count += count

    def meet(self) -> None:
        """Wait until all ranks have done their part of the round.

        Raises:
            Stopped: one of them was asked to end.
        """
        self._tell()
        self.rounds += 1
        self.tally.claim(DONE, 1)
        while self.tally.read()[DONE] < self.rounds * self.ranks.size:
            self.heed()
            self._show()
            time.sleep(0.01)
        self.heed()

    def heed(self) -> None:
        """Raise Stopped if this rank or another was asked to end."""
        if self.tally.claim(STOPS, len(self.signals)) or self.signals:
            raise Stopped

    def _tell(self) -> None:
        self.tally.claim(STEPS, self.steps)
        self.tally.claim(ENDED, self.count)
        self.steps = self.count = 0
        self.at = time.monotonic()

    def _show(self) -> None:
        if not (self.ranks.first and self.live.console.is_terminal):
            return
        seen, elapsed = self.tally.read(), max(time.monotonic() - self.began, 1e-9)
        done = int(seen[ENDED]) - self.opened
        rate = f"{seen[STEPS] / elapsed:,.0f} trajectory-steps/s, {clock(elapsed)} so far"
        self.live.update(Text(f"{self.words}: {done} of {self.size}, {rate}"), refresh=True)

    def _farewell(self) -> str:
        why = signal.Signals(self.signals[0]).name if self.signals else "another rank was"
        return (
            f"stopped ({why}) during {self.words}; all rounds before are written, and the same "
            f"command continues from there"
        )
