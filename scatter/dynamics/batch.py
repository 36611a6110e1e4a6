"""Many trajectories at once: step all slots, yield the finished, refill.

Written once, on the array API: the arrays are NumPy on a CPU and torch on a GPU. A slot whose
trajectory has ended is held still to the bit (its time step is 0) until it is looked at, so the
result does not depend on how often that is. What happens in a slot depends on its trajectory alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from itertools import islice
from typing import Any

import numpy as np

from scatter.arrays import array_namespace
from scatter.dynamics.bounds import CLOSE_LOOK, Bounds, outside
from scatter.dynamics.endings import Geometry, Limits, outcomes, reasons
from scatter.dynamics.integrators import velocity_verlet
from scatter.dynamics.peaks import Peak, Peaks
from scatter.dynamics.rewind import Kept
from scatter.dynamics.watch import Sight, Watch, look
from scatter.outcomes import Outcome, Reason
from scatter.potentials.base import Evaluator, Guard, Potential
from scatter.shapes import Float
from scatter.state import Array, Start, State, System
from scatter.units import fs


@dataclass(frozen=True)
class Finished:
    """One ended trajectory, at the exact step of its ending. Units: Å, eV, amu.

    Attributes:
        trajectory: as its `Start` named it.
        outcome: how it ended.
        reason: why, where it failed.
        steps: time steps made.
        positions: at the end; NaN throughout where the reason is that something is not finite.
        momenta: at the end; likewise.
        potential: potential energy at the end; likewise.
        watch: one value, or array, for each attribute of `Watch`.
        peaks: the largest value of each guard, by its column.
    """

    trajectory: int
    outcome: Outcome
    reason: Reason
    steps: int
    positions: Float[np.ndarray, "atom 3"]
    momenta: Float[np.ndarray, "atom 3"]
    potential: float
    watch: dict[str, Any]
    peaks: dict[str, Peak] = field(default_factory=dict)


@dataclass(frozen=True)
class Conditions:
    """What all trajectories of a batch share, and how they are run.

    Attributes:
        system: the atoms of every replica.
        dynamics: time step and limits.
        stop: geometry of the endings.
        slots: trajectories that move at once.
        every: steps of the batch from one look for endings to the next.
        device: takes a NumPy array to where the batch is.
        bounds: what no trajectory must leave.
        guards: that measure beside the dynamics; the host knows which slots are due.
        guards_every: steps of a trajectory from one of their looks to the next.
        idle: the part of the slots that may be without work before the batch is made smaller; on
            a GPU another size costs more than some slots that are held still.
        stepping: makes of a batch's step what is called instead of it.
    """

    system: System
    dynamics: Limits
    stop: Geometry
    slots: int
    every: int = 1
    device: Callable[[np.ndarray], Array] = np.asarray
    bounds: Bounds | None = None
    guards: tuple[Guard, ...] = ()
    guards_every: int = 20
    idle: float = 0.0
    stepping: Callable[["Batch"], Callable[[], None]] | None = None


def propagate(
    starts: Iterator[Start],
    potential: Potential,
    conditions: Conditions,
    after_step: Callable[[State], None] | None = None,
    gone_back: Callable[[State, int], None] | None = None,
) -> Iterator[Finished]:
    """Run every start to its end, in the order in which they end.

    Args:
        starts: asked for the next trajectory only when a slot is free.
        potential: bound to the system here.
        conditions: system, time step, stop criteria, slots; outcomes are looked at after every
            `every` steps.
        after_step: called with the state after each step of the whole batch.
        gone_back: called with the state from which steps are made again, and how many of the whole
            batch: what `after_step` has seen of these is void.
    """
    first = list(islice(starts, conditions.slots))
    if not first:
        return
    batch = Batch(first, potential.bind(conditions.system, len(first)), conditions)
    step = conditions.stepping(batch) if conditions.stepping else batch.step

    def one_step() -> None:
        step()
        batch.measure_due()
        if after_step:
            after_step(batch.state)

    while len(batch.state):
        _to_the_next_look(batch, one_step, gone_back)
        ended = batch.ended()
        batch.measure(ended)
        yield from batch.finished(ended)
        fresh = list(islice(starts, len(ended)))
        if fresh:
            batch.put(ended[: len(fresh)], fresh)
        if len(fresh) < len(ended):
            batch.retire(ended[len(fresh) :])


def _to_the_next_look(
    batch: "Batch", one_step: Callable[[], None], gone_back: Callable[[State, int], None] | None
) -> None:
    """Make the steps up to the next look, and make them again where a list had no room."""
    grow = getattr(batch.evaluator, "grow", None)
    while True:
        kept = Kept.of(batch) if grow else None
        for _ in range(batch.conditions.every):
            one_step()
        if not grow or not kept or not grow():
            return
        kept.restore()
        if gone_back:
            gone_back(batch.state, batch.conditions.every)


class Batch:
    """The slots, and what is known of the trajectory in each."""

    def __init__(self, starts: list[Start], evaluator: Evaluator, conditions: Conditions):
        """Fill one slot with each start."""
        self.conditions = conditions
        self.evaluator = evaluator
        where = np.arange(len(starts))
        self.state, self.watch = self._enter(where, starts)
        self.outcome = conditions.device(np.zeros(len(starts), np.uint8))
        self.reason = conditions.device(np.zeros(len(starts), np.uint8))
        self.bounds = conditions.bounds and conditions.bounds.on(conditions.device)
        self.peaks = Peaks(conditions.guards, conditions.system, self.state)
        self.peaks.begin(conditions.device(where), self.state)
        self.age = np.zeros(len(starts), np.int64)  # steps since each slot was filled
        self.idle: set[int] = set()

    def _enter(self, slots: np.ndarray, starts: list[Start]) -> tuple[State, Watch]:
        """States and memories of trajectories that enter these slots, with forces and lists."""
        device = self.conditions.device
        positions = device(np.stack([start.positions for start in starts]))
        energies, forces = self.evaluator.begin(device(slots), positions)
        state = State(
            positions=positions,
            momenta=device(np.stack([start.momenta for start in starts])),
            forces=forces,
            energies=energies,
            masses=device(np.stack([start.masses for start in starts])[:, :, None]),
            time=device(np.zeros(len(starts))),
            trajectory=device(np.array([start.trajectory for start in starts])),
        )
        return state, Watch.of(state, look(state, self.conditions.system))

    @np.errstate(over="ignore", invalid="ignore")  # an outcome says what is not finite
    def step(self) -> None:
        """Advance every running trajectory by one time step and see where it is."""
        xp = array_namespace(self.state.time)
        running = xp.astype(self.outcome == 0, self.state.time.dtype)  # torch's own is float32
        dt = self.conditions.dynamics.timestep_fs * fs * running
        velocity_verlet(self.state, self.evaluator, dt[:, None, None])
        self.state.time += dt
        sight = look(self.state, self.conditions.system)
        self.watch.see(sight, self.state.time, self.conditions.stop.near_A)
        before = self.outcome
        reason = reasons(
            self.conditions.dynamics, sight.energy - self.watch.energy, self._outside(sight)
        )
        now = outcomes(
            self.conditions.dynamics, self.conditions.stop, sight.height, sight.rising, sight.bond,
            self.state.time, reason,
        )  # fmt: skip
        self.outcome = xp.where(before == 0, now, before)
        self.reason = xp.where(before == 0, reason, self.reason)

    def measure_due(self) -> None:
        """Count a step, and ask the guards about the trajectories for which it is due.

        A trajectory that has ended is held still: it shows what it will show at the look, in any
        case.
        """
        self.age += 1
        due = np.flatnonzero(self.age % self.conditions.guards_every == 0).tolist()
        self.measure([slot for slot in due if slot not in self.idle])

    def measure(self, slots: list[int]) -> None:
        """Ask the guards about these slots."""
        if slots and self.conditions.guards:
            where = self.conditions.device(np.array(slots))
            known = self.reason[where] != int(Reason.NOT_FINITE)
            self.peaks.see(where, self.state, known)

    def _due(self, every: int) -> Array:
        """Whether each trajectory has made a multiple of so many steps of its own."""
        xp = array_namespace(self.state.time)
        dt = self.conditions.dynamics.timestep_fs * fs
        return xp.round(self.state.time / dt) % every == 0

    def _outside(self, sight: Sight) -> Array:
        """Which bound each trajectory breaks; codes of `Reason`."""
        if self.bounds is None:
            return array_namespace(self.outcome).zeros_like(self.outcome)
        due = self._due(CLOSE_LOOK)
        return outside(self.bounds, self.state.positions, sight, due)

    def ended(self) -> list[int]:
        """Slots whose trajectories have ended since they were looked at."""
        xp = array_namespace(self.outcome)
        return [slot for slot in xp.nonzero(self.outcome)[0].tolist() if slot not in self.idle]

    def finished(self, slots: list[int]) -> Iterator[Finished]:
        """The ended trajectories of these slots, copied out together."""
        if not slots:
            return
        where = self.conditions.device(np.array(slots))
        ends = {"outcome": self.outcome, "reason": self.reason}
        found = {**vars(self.state), **vars(self.watch), **ends}
        found = {name: _out(values[where]) for name, values in found.items()}
        seen = {
            column: {name: _out(values) for name, values in highest.items()}
            for column, highest in self.peaks.at(where).items()
        }
        for place in range(len(slots)):
            peaks = {
                column: Peak(**{name: _one(values[place]) for name, values in highest.items()})
                for column, highest in seen.items()
            }
            yield self._finished({name: values[place] for name, values in found.items()}, peaks)

    def _finished(self, found: dict[str, Any], peaks: dict[str, Peak]) -> Finished:
        outcome, reason = Outcome(int(found["outcome"])), Reason(int(found["reason"]))
        watch = {field.name: _one(found[field.name]) for field in fields(Watch)}
        positions, momenta = found["positions"].copy(), found["momenta"].copy()
        potential = float(found["energies"])
        if reason == Reason.NOT_FINITE:
            # a time step of 0 does not hold what is not finite: it spreads until it is looked at
            positions, momenta, potential = np.nan * positions, np.nan * momenta, np.nan
            watch["error"] = np.nan
        return Finished(
            trajectory=int(found["trajectory"]),
            outcome=outcome,
            reason=reason,
            steps=round(float(found["time"]) / (self.conditions.dynamics.timestep_fs * fs)),
            positions=positions,
            momenta=momenta,
            potential=potential,
            watch=watch,
            peaks=peaks,
        )

    def put(self, slots: list[int], starts: list[Start]) -> None:
        """Begin new trajectories in these slots."""
        where = np.array(slots)
        state, watch = self._enter(where, starts)
        where = self.conditions.device(where)
        for name, values in vars(state).items():
            getattr(self.state, name)[where] = values
        self.watch.put(where, watch)
        self.outcome[where] = int(Outcome.RUNNING)
        self.reason[where] = int(Reason.NONE)
        self.age[slots] = 0
        self.peaks.begin(where, self.state)

    def retire(self, slots: list[int]) -> None:
        """Go on without these slots, at once or when there are enough that have no work."""
        self.idle.update(slots)
        if len(self.idle) < self.conditions.idle * len(self.state):
            return
        left = np.setdiff1d(np.arange(len(self.state)), sorted(self.idle))
        self.idle.clear()
        where = self.conditions.device(left)
        for name, values in vars(self.state).items():
            setattr(self.state, name, values[where])
        self.watch.keep(where)
        self.outcome, self.reason = self.outcome[where], self.reason[where]
        self.age = self.age[left]
        self.peaks.keep(where)
        self.evaluator.keep(where)


def _out(values: Array) -> np.ndarray:
    """A NumPy array of one's own, from wherever the array lives."""
    return np.array(values.cpu().numpy() if hasattr(values, "cpu") else values)


def _one(value: Any) -> Any:
    """A number, or an array of one's own."""
    return value.copy() if np.ndim(value) else value.item()
