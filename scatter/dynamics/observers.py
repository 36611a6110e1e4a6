"""Observers: what is remembered of each trajectory while it moves; array code, slots first.

An observer begins with a memory at the start of a trajectory and takes in every later instant; at
the end it writes columns of the row. It changes nothing of the dynamics. One's own is a subclass of
`Observer`:

    class TimeAbove(Observer):
        name = "above"
        columns = (Column("above_fs", "f8", "fs", "how long the molecule was above 3 Å"),)

        def begin(self, sight):
            return {"since": 0 * sight.time, "total": 0 * sight.time}

        def see(self, memory, sight):
            passed = sight.time - memory["since"]
            return {"since": sight.time + 0, "total": memory["total"] + (sight.Z > 3.0) * passed}

        def row(self, memory, masses):
            return {"above_fs": memory["total"] / fs}
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scatter.arrays import array_namespace
from scatter.columns import GUARDED, LOWEST, RESIDENCE, TURNS, Column
from scatter.dynamics.sight import Sight, orientation
from scatter.potentials.base import Guard, Measure
from scatter.shapes import Float
from scatter.slots import Tree
from scatter.state import System
from scatter.units import fs

Memory = Mapping[str, Any]  # of one trajectory that has ended: numbers, and NumPy arrays
Row = Mapping[str, Any]  # values of columns, by their names


class Observer:
    """What watches every trajectory; this one remembers nothing.

    Attributes:
        name: of its memory; no two of a campaign have the same.
        columns: that it writes into the rows.
        every: steps of a trajectory from one look to the next. Where it is more than one, `see`
            gets the trajectories that are due, and the end is looked at too.
        identity: all that determines what it writes, in words; those of one campaign do not change.
    """

    name: str
    columns: Sequence[Column] = ()
    every: int = 1

    @property
    def identity(self) -> str:
        """By default its class, with its attributes that are numbers, texts or none."""
        plain = {k: v for k, v in vars(self).items() if isinstance(v, int | float | str | None)}
        return f"{type(self).__name__} {plain}" if plain else type(self).__name__

    def begin(self, sight: Sight) -> Tree:
        """The memory of trajectories at their start, by name; arrays of shape (slot, ...).

        Every array must be one of its own: `sight.time + 0`, and not `sight.time`, which goes on.
        """
        return {}

    def see(self, memory: Tree, sight: Sight) -> Tree:
        """The memory after the present instant: the same names, as arrays of their own."""
        return memory

    def row(self, memory: Memory, masses: Float[np.ndarray, " atom"]) -> Row:
        """The values of its columns for one trajectory that has ended.

        Args:
            memory: of the trajectory, as NumPy arrays and numbers.
            masses: of the projectile's atoms, amu.
        """
        return {}


class LowestPoint(Observer):
    """Where the centre of mass was lowest, when, and how the molecule lay there."""

    name = "lowest"

    def __init__(self, columns: Sequence[Column] = LOWEST):
        """Write these columns, which are all of `LOWEST`, or those without a bond."""
        self.columns = columns

    def begin(self, sight: Sight) -> Tree:
        """The start is the lowest so far."""
        return {
            "lowest": sight.Z,
            "atoms": sight.atoms + 0,
            "top": sight.top,
            "when": array_namespace(sight.Z).zeros_like(sight.Z),
        }

    def see(self, memory: Tree, sight: Sight) -> Tree:
        """Take the present instant where it is lower."""
        xp = array_namespace(sight.Z)
        lower = sight.Z < memory["lowest"]
        return {
            "lowest": xp.where(lower, sight.Z, memory["lowest"]),
            "atoms": xp.where(lower[:, None, None], sight.atoms, memory["atoms"]),
            "top": xp.where(lower, sight.top, memory["top"]),
            "when": xp.where(lower, sight.time, memory["when"]),
        }

    def row(self, memory: Memory, masses: Float[np.ndarray, " atom"]) -> Row:
        """Place, height, bond and time of the lowest point."""
        atoms = memory["atoms"]
        centre = (masses[:, None] * atoms).sum(axis=0) / masses.sum()
        row = {
            "lowest_x_A": centre[0],
            "lowest_y_A": centre[1],
            "lowest_Z_A": memory["lowest"],
            "lowest_time_fs": memory["when"] / fs,
        }
        if len(self.columns) == len(row):
            return row
        bond = atoms[1] - atoms[0]
        theta, phi = orientation(bond)
        length = np.sqrt((bond**2).sum())
        return {**row, "lowest_r_A": length, "lowest_theta_deg": theta, "lowest_phi_deg": phi}


class Turns(Observer):
    """How often the centre of mass has turned between falling and rising."""

    name, columns = "turns", TURNS

    def begin(self, sight: Sight) -> Tree:
        """It falls or rises, and has not turned."""
        xp = array_namespace(sight.Z)
        none = xp.zeros_like(sight.Z, dtype=xp.int64)
        return {"falling": sight.rising < 0, "turns": none}

    def see(self, memory: Tree, sight: Sight) -> Tree:
        """Count a change of sign; to stand still is none."""
        xp, falling = array_namespace(sight.Z), memory["falling"]
        turned = xp.where(falling, sight.rising > 0, sight.rising < 0)
        return {"falling": falling ^ turned, "turns": memory["turns"] + xp.astype(turned, xp.int64)}

    def row(self, memory: Memory, masses: Float[np.ndarray, " atom"]) -> Row:
        """The turning points."""
        return {"turning_points": memory["turns"]}


class Residence(Observer):
    """First and last time that the centre of mass was near the surface."""

    name, columns = "residence", RESIDENCE

    def __init__(self, near_A: float):
        """Count below this height above the top plane, Å."""
        self.near_A = near_A

    def begin(self, sight: Sight) -> Tree:
        """NaN: it has not been near yet."""
        xp = array_namespace(sight.Z)
        never = xp.zeros_like(sight.Z) + xp.nan
        return {"first_below": never, "last_below": never + 0}

    def see(self, memory: Tree, sight: Sight) -> Tree:
        """Note the present time where it is near."""
        xp, below = array_namespace(sight.Z), sight.Z < self.near_A
        first, last = memory["first_below"], memory["last_below"]
        return {
            "first_below": xp.where(below & xp.isnan(first), sight.time, first),
            "last_below": xp.where(below, sight.time, last),
        }

    def row(self, memory: Memory, masses: Float[np.ndarray, " atom"]) -> Row:
        """Both times."""
        return {
            "first_below_fs": memory["first_below"] / fs,
            "last_below_fs": memory["last_below"] / fs,
        }


class Peak(Observer):
    """The largest value of a guard along each trajectory, when it was, and where the atoms were.

    A value that is not finite counts as infinite.
    """

    def __init__(self, guard: Guard, every: int, system: System, slots: int):
        """Ask a guard at the start, at every so many steps and at the end of each trajectory.

        Raises:
            UserError: the system holds an element that the guard does not know.
        """
        self.name, self.every, self.columns = guard.column, every, GUARDED[guard.column]
        self.measure: Measure = guard.bind(system, slots)

    def begin(self, sight: Sight) -> Tree:
        """Measure the start."""
        state = sight.state
        xp = array_namespace(state.positions)
        below = {
            "value": xp.zeros_like(state.time) - xp.inf,
            "time": xp.zeros_like(state.time),
            "positions": xp.zeros_like(state.positions),
            "momenta": xp.zeros_like(state.momenta),
        }
        return self.see(below, sight)

    def see(self, memory: Tree, sight: Sight) -> Tree:
        """Measure the present instant, and take it where the value is larger."""
        state = sight.state
        xp = array_namespace(state.positions)
        value = xp.astype(self.measure(state.positions), memory["value"].dtype)
        value = xp.where(xp.isfinite(value), value, xp.inf)
        larger, atoms = value > memory["value"], (value > memory["value"])[:, None, None]
        return {
            "value": xp.where(larger, value, memory["value"]),
            "time": xp.where(larger, state.time, memory["time"]),
            "positions": xp.where(atoms, state.positions, memory["positions"]),
            "momenta": xp.where(atoms, state.momenta, memory["momenta"]),
        }

    def row(self, memory: Memory, masses: Float[np.ndarray, " atom"]) -> Row:
        """The largest value and its time."""
        value, time = (column.name for column in self.columns)
        return {value: memory["value"], time: memory["time"] / fs}


def standard(
    near_A: float,
    guards: Sequence[Guard],
    every: int,
    system: System,
    slots: int,
    lowest: Sequence[Column] = LOWEST,
) -> tuple[Observer, ...]:
    """What is observed in every campaign.

    Args:
        near_A: height below which residence is counted, Å.
        guards: that measure beside the dynamics.
        every: steps from one of their looks to the next.
        system: of the batch.
        slots: of the batch.
        lowest: columns of the lowest point.

    Raises:
        UserError: the system holds an element that a guard does not know.
    """
    peaks = (Peak(guard, every, system, slots) for guard in guards)
    return LowestPoint(lowest), Turns(), Residence(near_A), *peaks
