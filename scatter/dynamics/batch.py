"""Many trajectories at once: step all slots, yield the finished, refill.

Written once, on the array API: the arrays are NumPy on a CPU and torch on a GPU. How a trajectory
moves, what is remembered of it and when it ends are parts that are handed in. A slot whose
trajectory has ended is held still to the bit (its time step is 0) until it is looked at, so the
result does not depend on how often that is. What happens in a slot depends on its trajectory alone.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from scatter.arrays import array_namespace
from scatter.dynamics.conditions import Conditions, Finished
from scatter.dynamics.endings import coded, outcomes
from scatter.dynamics.observers import Observer
from scatter.dynamics.sight import Sight, kinetic_energy
from scatter.errors import UserError
from scatter.outcomes import Reason
from scatter.potentials.base import Evaluator, Potential
from scatter.slots import Slots, Tree, copies, keep, mapped, put, restore, take
from scatter.state import Start, State
from scatter.units import fs


def propagate(
    starts: Iterator[Start],
    potential: Potential,
    conditions: Conditions,
    after_step: Callable[[State], None] | None = None,
    stepped_back: Callable[[State, int], None] | None = None,
) -> Iterator[Finished]:
    """Run every start to its end, in the order in which they end.

    Args:
        starts: asked for the next trajectory only when a slot is free.
        potential: bound to the system here.
        conditions: system, parts, slots and place.
        after_step: called with the state after each step of the whole batch.
        stepped_back: called with the state from which steps are made again, and how many of the
            whole batch: what `after_step` has seen of these is void.
    """
    first = list(islice(starts, conditions.slots))
    if not first:
        return
    batch = Batch(first, potential.bind(conditions.system, len(first)), conditions)
    step = conditions.place.stepping(batch)

    def one_step() -> None:
        step()
        batch.look_when_due()
        if after_step:
            after_step(batch.slots.state)

    while len(batch):
        _to_the_next_look(batch, one_step, stepped_back)
        ended = batch.ended()
        batch.look_again(ended)
        yield from batch.finished(ended)
        fresh = list(islice(starts, len(ended)))
        if fresh:
            batch.put(ended[: len(fresh)], fresh)
        if len(fresh) < len(ended):
            batch.retire(ended[len(fresh) :])


def _to_the_next_look(
    batch: "Batch", one_step: Callable[[], None], stepped_back: Callable[[State, int], None] | None
) -> None:
    """Make the steps up to the next look, and make them again where a list had no room.

    A list that is too short is noticed at the look only, and may have spoilt any step before it.
    """
    every = batch.conditions.place.every
    while True:
        before = (copies(batch.slots), batch.age.copy()) if batch.evaluator.grows else None
        for _ in range(every):
            one_step()
        if before is None or not batch.evaluator.grow():
            return
        restore(batch.slots, before[0])
        batch.age = before[1]
        if stepped_back:
            stepped_back(batch.slots.state, every)


class Batch:
    """The slots, and what moves, watches and ends the trajectory in each."""

    def __init__(self, starts: list[Start], evaluator: Evaluator, conditions: Conditions):
        """Fill one slot with each start.

        Raises:
            UserError: two parts have the same name.
        """
        self.conditions, self.evaluator = conditions, evaluator
        self.faults = conditions.faults.on(conditions.place.array)
        self.endings = coded(conditions.endings, conditions.own)
        parts = conditions.parts
        if len({part.name for part in parts}) < len(parts):
            raise UserError(
                f"observers and endings: two of {', '.join(part.name for part in parts)} have the "
                "same name; give each one of its own"
            )
        self.parts = (self.faults, *parts[1:])
        self.always = [part for part in self.parts if part.every == 1]
        self.seldom = [part for part in self.parts if part.every > 1]
        self.age = np.zeros(len(starts), np.int64)  # steps since each slot was filled
        self.idle: set[int] = set()
        self.slots = self._enter(np.arange(len(starts)), starts)

    def __len__(self) -> int:
        return len(self.slots.state)

    def _enter(self, slots: np.ndarray, starts: list[Start]) -> Slots:
        """Trajectories that enter these slots, with forces, lists and memories."""
        array = self.conditions.place.array
        positions = array(np.stack([start.positions for start in starts]))
        energies, forces = self.evaluator.begin(array(slots), positions)
        state = State(
            positions=positions,
            momenta=array(np.stack([start.momenta for start in starts])),
            forces=forces,
            energies=energies,
            masses=array(np.stack([start.masses for start in starts])[:, :, None]),
            time=array(np.zeros(len(starts))),
            trajectory=array(np.array([start.trajectory for start in starts])),
            stream=array(np.stack([start.stream for start in starts])),
        )
        motion = self.conditions.motion.begin(state)
        sight = self._sight(state, motion)
        return Slots(
            state=state,
            motion=motion,
            memories={part.name: part.begin(sight) for part in self.parts},
            outcome=array(np.zeros(len(starts), np.uint8)),
            reason=array(np.zeros(len(starts), np.uint8)),
        )

    def _sight(self, state: State, motion: Tree) -> Sight:
        energy = state.energies + kinetic_energy(state.momenta, state.masses)
        conserved = self.conditions.motion.conserved(state, motion, energy)
        return Sight(self.conditions.system, state, energy, conserved, motion)

    @np.errstate(over="ignore", invalid="ignore")  # an outcome says what is not finite
    def step(self) -> None:
        """Advance every running trajectory by one time step and see where it is."""
        slots, state = self.slots, self.slots.state
        xp = array_namespace(state.time)
        running = xp.astype(slots.outcome == 0, state.time.dtype)  # torch's own is float32
        dt = self.conditions.timestep_fs * fs * running
        self.conditions.motion.step(state, slots.motion, self.evaluator, dt)
        state.time += dt
        sight = self._sight(state, slots.motion)
        for part in self.always:
            self._remember(part, part.see(slots.memories[part.name], sight))
        reason = self.faults.reasons(slots.memories[self.faults.name], sight)
        now, before = outcomes(self.endings, slots.memories, sight, reason), slots.outcome
        slots.outcome = xp.where(before == 0, now, before)
        slots.reason = xp.where(before == 0, reason, slots.reason)

    def _remember(self, part: Observer, after: Tree) -> None:
        memory = self.slots.memories[part.name]
        if after.keys() != memory.keys():
            raise ValueError(
                f"{type(part).__name__}.see answers {sorted(after)}, and `begin` began with "
                f"{sorted(memory)}; both must name the same"
            )
        memory.update(after)

    def look_when_due(self) -> None:
        """Count a step, and show trajectories to the observers that look at every so many.

        A trajectory that has ended is held still: it shows what it will show at the end in any
        case.
        """
        self.age += 1
        for observer in self.seldom:
            due = np.flatnonzero(self.age % observer.every == 0).tolist()
            self._show([slot for slot in due if slot not in self.idle], [observer])

    def look_again(self, slots: list[int]) -> None:
        """Show trajectories that have ended to those observers."""
        self._show(slots, self.seldom)

    def _show(self, slots: list[int], observers: Sequence[Observer]) -> None:
        """Let observers see these slots; what is not finite shows nothing."""
        if not slots or not observers:
            return
        where = self.conditions.place.array(np.array(slots))
        sight = self._sight(take(self.slots.state, where), take(self.slots.motion, where))
        known = self.slots.reason[where] != int(Reason.NOT_FINITE)
        for observer in observers:
            memory = self.slots.memories[observer.name]
            before = take(memory, where)
            after = observer.see(before, sight)
            for name, old in before.items():
                wide = known[(slice(None), *[None] * (old.ndim - 1))]
                after[name] = array_namespace(old).where(wide, after[name], old)
            put(memory, where, {name: after[name] for name in memory})

    def ended(self) -> list[int]:
        """Slots whose trajectories have ended since they were looked at."""
        xp, outcome = array_namespace(self.slots.outcome), self.slots.outcome
        return [slot for slot in xp.nonzero(outcome)[0].tolist() if slot not in self.idle]

    def finished(self, slots: list[int]) -> Iterator[Finished]:
        """The ended trajectories of these slots, copied out together."""
        if not slots:
            return
        where, numpy = self.conditions.place.array(np.array(slots)), self.conditions.place.numpy
        out = mapped(take(self.slots, where), numpy)
        for place in range(len(slots)):
            yield self._finished(out, place)

    def _finished(self, out: Slots, place: int) -> Finished:
        state, reason = out.state, Reason(int(out.reason[place]))
        positions, momenta = state.positions[place].copy(), state.momenta[place].copy()
        potential = float(state.energies[place])
        memories = mapped(out.memories, lambda values: _one(values[place]))
        if reason == Reason.NOT_FINITE:
            # a time step of 0 does not hold what is not finite: it spreads until it is looked at
            positions, momenta, potential = np.nan * positions, np.nan * momenta, np.nan
            memories[self.faults.name]["error"] = np.nan
        return Finished(
            trajectory=int(state.trajectory[place]),
            outcome=int(out.outcome[place]),
            reason=reason,
            steps=round(float(state.time[place]) / (self.conditions.timestep_fs * fs)),
            positions=positions,
            momenta=momenta,
            potential=potential,
            memories=memories,
        )

    def put(self, slots: list[int], starts: list[Start]) -> None:
        """Begin new trajectories in these slots."""
        where = np.array(slots)
        entering = self._enter(where, starts)
        put(self.slots, self.conditions.place.array(where), entering)
        self.age[slots] = 0

    def retire(self, slots: list[int]) -> None:
        """Go on without these slots, at once or when there are enough that have no work."""
        self.idle.update(slots)
        if len(self.idle) < self.conditions.place.idle * len(self):
            return
        left = np.setdiff1d(np.arange(len(self)), sorted(self.idle))
        self.idle.clear()
        where = self.conditions.place.array(left)
        keep(self.slots, where)
        self.age = self.age[left]
        self.evaluator.keep(where)


def _one(value: Any) -> Any:
    """A number, or an array of one's own."""
    return value.copy() if np.ndim(value) else value.item()
