"""Many trajectories at once: step all slots, yield the finished, refill.

Written once, on the array API: the arrays are NumPy on a CPU and torch on a GPU. A slot whose
trajectory has ended is held still to the bit (its time step is 0) until it is looked at, so the
result does not depend on how often that is. What happens in a slot depends on its trajectory alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from jaxtyping import Float

from scatter.dynamics.guards import CLOSE_LOOK, Bounds, outside
from scatter.dynamics.integrators import velocity_verlet
from scatter.dynamics.peaks import Peak, Peaks
from scatter.dynamics.stop import Dynamics, Stop, outcomes, reasons
from scatter.dynamics.watch import Sight, Watch, look
from scatter.outcomes import Outcome, Reason
from scatter.potentials.base import Evaluator, Guard, Potential
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
        system: the atoms.
        dynamics: time step and limits.
        stop: criteria of an ending.
        slots: trajectories that move at once.
        every: steps of the batch from one look for endings to the next.
        device: puts arrays where the potential wants them.
        bounds: what no trajectory must leave.
        guards: that measure beside the dynamics.
        guards_every: steps of a trajectory from one of their looks to the next.
    """

    system: System
    dynamics: Dynamics
    stop: Stop
    slots: int
    every: int = 1
    device: Callable[[np.ndarray], Array] = np.asarray
    bounds: Bounds | None = None
    guards: tuple[Guard, ...] = ()
    guards_every: int = 20


def propagate(
    starts: Iterator[Start],
    potential: Potential,
    conditions: Conditions,
    after_step: Callable[[State], None] | None = None,
) -> Iterator[Finished]:
    """Run every start to its end, in the order in which they end.

    Args:
        starts: asked for the next trajectory only when a slot is free.
        potential: bound to the system here.
        conditions: system, time step, stop criteria, slots; outcomes are looked at after every
            `every` steps.
        after_step: called with the state after each step of the whole batch.
    """
    first = list(islice(starts, conditions.slots))
    if not first:
        return
    batch = Batch(first, potential.bind(conditions.system, len(first)), conditions)
    while len(batch.state):
        for _ in range(conditions.every):
            batch.step()
            if after_step:
                after_step(batch.state)
        ended = batch.ended()
        for slot in ended:
            yield batch.finished(slot)
        fresh = list(islice(starts, len(ended)))
        if fresh:
            batch.put(ended[: len(fresh)], fresh)
        if len(fresh) < len(ended):
            batch.keep(ended[len(fresh) :])


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
        self.peaks = Peaks(conditions.guards, conditions.system, self.state)
        self.peaks.see(conditions.device(where), self.state, anew=True)

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
        if self.conditions.guards:
            due = self._due(self.conditions.guards_every) | (self.outcome != 0)
            due &= (before == 0) & (self.reason != int(Reason.NOT_FINITE))
            self.peaks.see(xp.nonzero(due)[0], self.state)

    def _due(self, every: int) -> Array:
        """Whether each trajectory has made a multiple of so many steps of its own."""
        xp = array_namespace(self.state.time)
        dt = self.conditions.dynamics.timestep_fs * fs
        return xp.round(self.state.time / dt) % every == 0

    def _outside(self, sight: Sight) -> Array:
        """Which bound each trajectory breaks; codes of `Reason`."""
        if self.conditions.bounds is None:
            return array_namespace(self.outcome).zeros_like(self.outcome)
        due = self._due(CLOSE_LOOK)
        return outside(self.conditions.bounds, self.state.positions, sight, due)

    def ended(self) -> list[int]:
        """Slots whose trajectories have ended."""
        xp = array_namespace(self.outcome)
        return [int(slot) for slot in xp.nonzero(self.outcome)[0]]

    def finished(self, slot: int) -> Finished:
        """The ended trajectory of one slot, copied out."""
        outcome = Outcome(int(self.outcome[slot]))
        watch = {name: _out(value[slot]) for name, value in vars(self.watch).items()}
        positions, momenta = _out(self.state.positions[slot]), _out(self.state.momenta[slot])
        potential, reason = float(self.state.energies[slot]), Reason(int(self.reason[slot]))
        if reason == Reason.NOT_FINITE:
            # a time step of 0 does not hold what is not finite: it spreads until it is looked at
            positions, momenta, potential = np.nan * positions, np.nan * momenta, np.nan
            watch["error"] = np.nan
        return Finished(
            trajectory=int(self.state.trajectory[slot]),
            outcome=outcome,
            reason=reason,
            steps=round(float(self.state.time[slot]) / (self.conditions.dynamics.timestep_fs * fs)),
            positions=positions,
            momenta=momenta,
            potential=potential,
            watch=watch,
            peaks={
                column: Peak(**{name: _out(value) for name, value in seen.items()})
                for column, seen in self.peaks.at(slot).items()
            },
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
        self.peaks.see(where, self.state, anew=True)

    def keep(self, without: list[int]) -> None:
        """Go on without these slots."""
        left = np.setdiff1d(np.arange(len(self.state)), without)
        where = self.conditions.device(left)
        for name, values in vars(self.state).items():
            setattr(self.state, name, values[where])
        self.watch.keep(where)
        self.outcome, self.reason = self.outcome[where], self.reason[where]
        self.peaks.keep(where)
        self.evaluator.keep(where)


def _out(value: Array) -> Any:
    """A number or a NumPy array of one's own, from wherever the array lives."""
    array = np.array(value.cpu().numpy() if hasattr(value, "cpu") else value)
    return array if array.ndim else array.item()
