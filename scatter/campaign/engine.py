"""The trajectories of a campaign: given out to ranks and slots, and written as they end.

They are given out in rounds: a `Sampler` says what the next one is when all of the last has ended.
"""

import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from scatter import store
from scatter.campaign.course import Course, ended_in
from scatter.campaign.frames import Recorder
from scatter.campaign.legs import legs_of, shared, slots_of
from scatter.campaign.prepare import Prepared
from scatter.campaign.processes import Stopped
from scatter.campaign.progress import Progress
from scatter.campaign.ranks import Ranks
from scatter.campaign.rows import complete
from scatter.campaign.samplers import sampler_of
from scatter.campaign.shots import trajectories_of
from scatter.campaign.signals import noted
from scatter.campaign.uncertain import keep_uncertain
from scatter.campaign.work import Trajectories
from scatter.config import Input, points_of, points_table
from scatter.dynamics.batch import propagate
from scatter.dynamics.conditions import Finished
from scatter.dynamics.observers import Observer
from scatter.outcomes import Outcome
from scatter.potentials.base import Potential
from scatter.results.surfaces import names_of
from scatter.state import Start, State

COUNT_S = 0.5  # how often ranks tell what they have done, and ask whether to stop
TOGETHER_S = 5.0  # that ranks wait for one another when they stop


class Campaign:
    """The trajectories of a campaign, shared by all ranks."""

    def __init__(
        self,
        input: Input,
        folder: Path,
        prepared: Prepared,
        ranks: Ranks,
        console: Console,
        potential: Potential,
    ):
        """Find out what has been done; every rank must call this.

        Args:
            input: what is to be run.
            folder: of the results.
            prepared: what trajectories start from, and what is measured on.
            ranks: all of them.
            console: where to speak.
            potential: that the trajectories run on; its values are those of the prepared one.
        """
        self.potential = potential
        self.input, self.folder, self.prepared, self.ranks = input, folder, prepared, ranks
        self.points = ranks.share(lambda: points_of(folder, input))
        parts = prepared.parts
        sampler = parts.sampler or sampler_of(input.sampling)
        ended = ranks.share(lambda: ended_in(folder, sampler, prepared.row))
        self.course = Course(sampler, self.points, ended, parts.own)
        codes = len(Outcome) + len(parts.own)
        # Counters: steps; ranks that are done, once a round; signals to stop; failures; outcomes.
        self.steps, self.done, self.stops, self.failures, self.outcomes = range(5)
        self.tally = ranks.tally(self.outcomes + len(self.points) * codes)
        self.writer = store.BlockWriter(folder, ranks.rank, self._complete, ranks.size)
        surface, most = input.surface, input.guards.most_unsettled
        surfaces = names_of(surface.model_dump(), input.incidence.model_dump(), surface.labels)
        table = points_table(self.points)
        self.progress = Progress(
            console, table, sampler.aim, surfaces, most, parts.own, alike=not sampler.columns
        )
        self.counted = Counted(len(self.points), codes)
        self.seen = [self.course.rows[:0]]  # what the sampler reads of this round and rank
        self.closed = 0  # rounds

    def run(self) -> None:
        """Run every trajectory that has not finished yet; every rank must call this.

        Raises:
            Stopped: the user, or a batch system, wants it to end; all is written.
        """
        try:
            with noted() as self.signals:
                self._run_rounds()
        except Stopped:
            self.writer.flush()
            together = self.ranks.together(TOGETHER_S)
            raise Stopped(self._farewell(), together) from None
        except Exception:
            if self.tally.claim(self.failures, 1):
                time.sleep(TOGETHER_S)  # another rank says what is wrong, and ends all
            raise
        finally:
            self.writer.flush()
            self.progress.close()
        if self.ranks.first:
            self.progress.sum_up(int(self.tally.read()[self.steps]))
        self.tally.close()

    def _run_rounds(self) -> None:
        while self._open_round():
            for index in range(len(self.legs)):
                self._run_leg(index)
            self.writer.flush()
            self._close_round()
            self._heed()

    def _farewell(self) -> str:
        """What the user reads when all ranks stop."""
        done = int(self.tally.read()[self.outcomes :].sum())
        why = signal.Signals(self.signals[0]).name if self.signals else "another rank was"
        return (
            f"stopped ({why}) when {done:,} of {int(self.round.upper.sum()):,} trajectories had "
            "ended; all of them are written, and the same command runs the rest"
        )

    def _open_round(self) -> bool:
        """Find out what is to be run next; answer whether there is anything."""
        self.round = self.ranks.share(self.course.round)
        if self.ranks.first:
            earlier = (self.round.complete + self.round.known).ravel()
            earlier -= self.tally.read()[self.outcomes :]
            self.tally.add(self.outcomes, earlier)
            self.progress.open_round(self.round, int(earlier.sum()))
        self.legs = legs_of(self.points, self.prepared, self.round.missing)
        if len(self.round.missing):
            self.claims = self.ranks.tally(len(self.legs))
        return bool(len(self.round.missing))

    def _close_round(self) -> None:
        """Wait until all ranks have done their part of the round, and tell how it ended."""
        self._count()
        self.tally.claim(self.done, 1)
        self.closed += 1
        while self.ranks.first and self.tally.read()[self.done] < self.closed * self.ranks.size:
            self._heed()
            self._show()
            time.sleep(0.05)
        self.course.add(self.ranks.gather(np.concatenate(self.seen)))
        self.seen = self.seen[:1]
        self.claims.close()

    def _run_leg(self, index: int) -> None:
        leg = self.legs[index]
        if not len(leg.work):
            return
        trajectories = trajectories_of(self.input, self.points, self.prepared, leg.slab)
        system = leg.slab.system.with_projectile(*leg.numbers)
        recorder = Recorder(self.folder, system, self.points, self.input, self.prepared.potential)
        on, asked, pieces = self.potential, self.input.run.slots, len(leg.work)
        slots = slots_of(asked, on, self.prepared, leg, pieces, self.ranks.size)
        conditions = self.prepared.conditions(self.input, leg.slab, leg.numbers, slots, on.place)

        def starts() -> Iterator[Start]:
            for item in self._claims(index, slots):
                weight = float(leg.work["weight"][item])
                start = trajectories.begin(item, leg.key(item), weight)
                recorder.begin(start)
                yield start

        begun = Begun(trajectories.waiting, starts())

        def after_step(state: State) -> None:
            recorder.see(state)
            self._breathe(len(state))

        def stepped_back(state: State, steps: int) -> None:
            recorder.forget(state)
            self.counted.steps -= steps * len(state)

        for finished in propagate(begun, on, conditions, after_step, stepped_back):
            recorder.finish(finished)
            self._keep(finished, trajectories, recorder, conditions.parts)

    def _keep(
        self,
        finished: Finished,
        trajectories: Trajectories,
        recorder: Recorder,
        parts: Sequence[Observer],
    ) -> None:
        """Write and count a trajectory that has ended."""
        start = trajectories.underway[finished.trajectory][0]
        row = trajectories.end(finished, parts)
        keep_uncertain(self.input.guards, recorder, finished, start)
        if row["outcome"] == Outcome.RUNNING:
            return
        self.writer.add(row)
        self.counted.outcomes[row["point"], row["outcome"]] += 1

    def _complete(self, rows: np.ndarray) -> None:
        """Finish the rows of a block, and keep what the sampler reads of them."""
        complete(rows, self.points, self.prepared.projectiles)
        self.seen.append(store.picked(rows, self.course.rows.dtype))

    def _claims(self, leg: int, slots: int) -> Iterator[int]:
        """Pieces of work of a leg for this rank, claimed in chunks that shrink towards its end."""
        shares = shared(self.claims, leg, len(self.legs[leg].work), self.ranks.size, slots)
        yield from (item for some in shares for item in some)

    def _breathe(self, slots: int) -> None:
        """After each step of the batch: answer other ranks, write what has ended, count, show."""
        self.ranks.serve()
        self.writer.keep_up()
        self.counted.steps += slots
        if self.signals or time.monotonic() - self.counted.at > COUNT_S:
            self._count()
            self._heed()
            self._show()

    def _heed(self) -> None:
        """Raise Stopped if this rank or another was asked to end."""
        if self.tally.claim(self.stops, len(self.signals)) or self.signals:
            raise Stopped

    def _count(self) -> None:
        """Add what this rank has done since the last time to the tally."""
        self.tally.add(self.steps, np.array([self.counted.steps]))
        self.tally.add(self.outcomes, self.counted.outcomes.ravel())
        self.counted = Counted(*self.counted.outcomes.shape)

    def _show(self) -> None:
        if self.ranks.first:
            seen = self.tally.read()
            counts = seen[self.outcomes :].reshape(len(self.points), -1)
            self.progress.show(int(seen[self.steps]), counts)


class Begun(Iterator[Start]):
    """Starts, and before them what parts of trajectories wait to be run.

    Where there are no more starts it stops, and begins again once a part waits: a trajectory that
    has ended leaves a slot for its own next part.
    """

    def __init__(self, waiting: deque[Start], starts: Iterator[Start]):
        self.waiting, self.starts = waiting, starts

    def __next__(self) -> Start:
        return self.waiting.popleft() if self.waiting else next(self.starts)


class Counted:
    """What one rank has done and not yet told the others."""

    def __init__(self, points: int, codes: int):
        self.at = time.monotonic()
        self.steps = 0
        self.outcomes = np.zeros((points, codes), np.int64)
