"""The largest value of each guard along each trajectory, when it was, and where the atoms were."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scatter.arrays import array_namespace
from scatter.potentials.base import Guard, Measure
from scatter.shapes import Float
from scatter.state import Array, State, System


@dataclass(frozen=True)
class Peak:
    """The largest value of one guard along one trajectory.

    Attributes:
        value: in the unit of its column.
        time: since the start.
        positions: then, Å.
        momenta: then, amu Å / time unit.
    """

    value: float
    time: float
    positions: Float[np.ndarray, "atom 3"]
    momenta: Float[np.ndarray, "atom 3"]


@dataclass
class Highest:
    """The peaks of one guard, per slot."""

    measure: Measure
    value: Array
    time: Array
    positions: Array
    momenta: Array

    def see(self, slots: Array, state: State, known: Array) -> None:
        """Measure these slots.

        Args:
            slots: indices, at least one.
            state: of all slots.
            known: False for a slot whose measure does not count.
        """
        xp = array_namespace(state.positions)
        value = xp.astype(self.measure(state.positions[slots]), self.value.dtype)
        value = xp.where(xp.isfinite(value), value, xp.inf)
        larger = known & (value > self.value[slots])
        self.value[slots] = xp.where(larger, value, self.value[slots])
        self.time[slots] = xp.where(larger, state.time[slots], self.time[slots])
        for name in ("positions", "momenta"):
            mine, now = getattr(self, name), getattr(state, name)
            mine[slots] = xp.where(larger[:, None, None], now[slots], mine[slots])


class Peaks:
    """What all guards have seen of the trajectory in each slot."""

    def __init__(self, guards: Sequence[Guard], system: System, state: State):
        """Begin with trajectories at their start."""
        xp = array_namespace(state.positions)
        self.of = {
            guard.column: Highest(
                guard.bind(system, len(state)),
                xp.zeros_like(state.time), xp.zeros_like(state.time),
                xp.zeros_like(state.positions), xp.zeros_like(state.momenta),
            )
            for guard in guards
        }  # fmt: skip

    def begin(self, slots: Array, state: State) -> None:
        """Measure trajectories that have just begun in these slots, and forget what was."""
        for highest in self.of.values():
            highest.value[slots] = -np.inf
            highest.see(slots, state, state.time[slots] == 0)

    def see(self, slots: Array, state: State, known: Array) -> None:
        """Measure these slots, at least one; what is not `known` does not count."""
        for highest in self.of.values():
            highest.see(slots, state, known)

    def keep(self, slots: Array) -> None:
        """Go on with these slots only."""
        for highest in self.of.values():
            for name in ("value", "time", "positions", "momenta"):
                setattr(highest, name, getattr(highest, name)[slots])

    def at(self, slots: Array) -> dict[str, dict[str, Array]]:
        """The arrays of these slots, by column, as the arguments of `Peak`."""
        names = ("value", "time", "positions", "momenta")
        return {
            column: {name: getattr(highest, name)[slots] for name in names}
            for column, highest in self.of.items()
        }
