"""The largest value of each guard along each trajectory, when it was, and where the atoms were."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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

    def see(self, slots: Array, state: State, anew: bool) -> None:
        """Measure these slots; `anew` if their trajectories have just begun.

        Args:
            slots: indices, at least one.
            state: of all slots.
            anew: forget what was.
        """
        xp = array_namespace(state.positions)
        value = xp.astype(self.measure(state.positions[slots]), self.value.dtype)
        value = xp.where(xp.isfinite(value), value, xp.inf)
        here = slots if anew else slots[value > self.value[slots]]
        self.value[here] = value if anew else value[value > self.value[slots]]
        self.time[here] = state.time[here]
        self.positions[here] = state.positions[here]
        self.momenta[here] = state.momenta[here]


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

    def see(self, slots: Array, state: State, anew: bool = False) -> None:
        """Measure these slots, if there are any."""
        if len(slots):
            for highest in self.of.values():
                highest.see(slots, state, anew)

    def keep(self, slots: Array) -> None:
        """Go on with these slots only."""
        for highest in self.of.values():
            for name in ("value", "time", "positions", "momenta"):
                setattr(highest, name, getattr(highest, name)[slots])

    def at(self, slot: int) -> dict[str, Any]:
        """The arrays of one slot, by column, as the arguments of `Peak`."""
        names = ("value", "time", "positions", "momenta")
        return {
            column: {name: getattr(highest, name)[slot] for name in names}
            for column, highest in self.of.items()
        }
