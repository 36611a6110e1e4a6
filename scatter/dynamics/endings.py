"""Endings: when a trajectory is over, and how; array code, slots first.

An ending is an observer, so that it may have a memory and columns of its own, with a name and a
condition. One's own is a subclass of `Ending`:

    class Trapped(Ending):
        name, sticks = "trapped", True

        def met(self, memory, sight):
            return sight.time > 1000 * fs
"""

from collections.abc import Callable, Sequence
from copy import copy
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from scatter.arrays import array_namespace, chosen
from scatter.columns import FAULTS
from scatter.dynamics.bounds import CLOSE_LOOK, Bounds, outside
from scatter.dynamics.observers import Memory, Observer, Row
from scatter.dynamics.sight import Sight
from scatter.errors import UserError
from scatter.outcomes import Outcome, Reason
from scatter.shapes import Float
from scatter.slots import Tree
from scatter.state import Array
from scatter.units import fs


@runtime_checkable
class Limits(Protocol):
    """Time step and limits: table `[dynamics]`."""

    @property
    def step_fs(self) -> float:
        """Time step, fs."""
        ...

    @property
    def max_time_fs(self) -> float:
        """A trajectory still running then is undecided, fs."""
        ...

    @property
    def energy_tolerance_eV(self) -> float:
        """A trajectory whose total energy strays further has failed, eV."""
        ...


@runtime_checkable
class Geometry(Protocol):
    """Bond and heights, Å: table `[stop]`."""

    @property
    def dissociated_A(self) -> float:
        """Dissociated: the bond is longer, Å."""
        ...

    @property
    def scattered_A(self) -> float | Literal["auto"]:
        """Scattered: the lower atom is higher and the centre of mass rises, Å; or "auto"."""
        ...

    @property
    def near_A(self) -> float:
        """Residence is counted below this height of the centre of mass, Å."""
        ...


class Ending(Observer):
    """A way in which trajectories end.

    Attributes:
        name: how results call it.
        sticks: whether the projectile, or a part of it, stays: S0 counts these.
        code: in `/trajectories`; for custom endings the campaign chooses it.
    """

    sticks: bool = False
    code: int | None = None

    def met(self, memory: Tree, sight: Sight) -> Array:
        """Whether each trajectory is over now, bool, shape (slot,)."""
        raise NotImplementedError


class Dissociated(Ending):
    """The bond is longer than a limit."""

    name, sticks, code = "dissociated", True, int(Outcome.DISSOCIATED)

    def __init__(self, bond_A: float):
        """Take the limit, Å."""
        self.bond_A = bond_A

    def met(self, memory: Tree, sight: Sight) -> Array:
        """Whether the bond is longer."""
        return sight.bond > self.bond_A


class Scattered(Ending):
    """The lowest atom of the projectile is above a height, and its centre of mass rises."""

    name, code = "scattered", int(Outcome.SCATTERED)

    def __init__(self, height_A: float):
        """Take the height above the top plane, Å."""
        self.height_A = height_A

    def met(self, memory: Tree, sight: Sight) -> Array:
        """Whether it is above, and rises."""
        return (sight.height > self.height_A) & (sight.rising > 0)


class OutOfReach(Ending):
    """No atom of the projectile can feel one of the slab any more, and its centre of mass rises."""

    name, code = Scattered.name, Scattered.code

    def __init__(self, reach_A: float):
        """Take how far the potential reaches, Å."""
        self.reach_A = reach_A

    def met(self, memory: Tree, sight: Sight) -> Array:
        """Whether it is so far above the highest atom of the slab, and rises."""
        return (sight.lowest - sight.highest > self.reach_A) & (sight.rising > 0)


class Undecided(Ending):
    """Time is up."""

    name, code = "undecided", int(Outcome.UNDECIDED)

    def __init__(self, time_fs: float, timestep_fs: float):
        """Take the limit, and the time step, both in fs."""
        # half a step early: the time is a sum of steps, and may fall short of its limit by rounding
        self.last = (time_fs - 0.5 * timestep_fs) * fs

    def met(self, memory: Tree, sight: Sight) -> Array:
        """Whether it is."""
        return sight.time > self.last


class Faults(Observer):
    """What makes a trajectory a failed one: energy that strays, no numbers, a broken bound."""

    name, columns = "faults", FAULTS

    def __init__(self, tolerance_eV: float, timestep_fs: float, bounds: Bounds | None = None):
        """Take the tolerance of the energy, eV; the time step, fs; what no one must leave."""
        self.tolerance_eV, self.dt, self.bounds = tolerance_eV, timestep_fs * fs, bounds

    def on(self, device: Callable[[np.ndarray], Array]) -> "Faults":
        """The same for arrays on a device."""
        made = copy(self)
        made.bounds = self.bounds and self.bounds.on(device)
        return made

    def begin(self, sight: Sight) -> Tree:
        """The potential energy and the conserved one at the start, eV, and no error."""
        return {
            "potential": sight.state.energies + 0,
            "energy": sight.conserved,
            "error": array_namespace(sight.energy).zeros_like(sight.energy),
        }

    def see(self, memory: Tree, sight: Sight) -> Tree:
        """The largest error so far; NaN stays."""
        xp = array_namespace(sight.energy)
        error = xp.maximum(memory["error"], xp.abs(sight.conserved - memory["energy"]))
        return {**memory, "error": error}

    def reasons(self, memory: Tree, sight: Sight) -> Array:
        """Why each trajectory has failed, if it has: codes of `Reason`, uint8, shape (slot,).

        Where several apply: what is not finite, then a broken bound, then the energy.
        """
        error, broken = sight.conserved - memory["energy"], self._outside(sight)
        xp = array_namespace(error)
        strayed = ~(xp.abs(error) < self.tolerance_eV)
        reason = chosen(xp.zeros_like(broken), strayed, Reason.ENERGY_ERROR)
        reason = xp.where(broken != 0, broken, reason)
        return chosen(reason, ~xp.isfinite(error), Reason.NOT_FINITE)

    def _outside(self, sight: Sight) -> Array:
        """Which bound each trajectory breaks; codes of `Reason`."""
        xp = array_namespace(sight.time)
        if self.bounds is None:
            return xp.zeros_like(sight.time, dtype=xp.uint8)
        due = xp.round(sight.time / self.dt) % CLOSE_LOOK == 0
        return outside(self.bounds, sight.state.positions, sight, due)

    def row(self, memory: Memory, masses: Float[np.ndarray, " atom"]) -> Row:
        """The largest error of the energy."""
        return {"energy_error_eV": memory["error"]}


def of_a_diatomic(dynamics: Limits, stop: Geometry, reach_A: float = np.inf) -> tuple[Ending, ...]:
    """How a diatomic's trajectory ends, by `[stop]` and `[dynamics]`; the first met counts.

    Args:
        dynamics: limits of time.
        stop: limits of bond and height.
        reach_A: of the potential, Å, which decides where the height is "auto".
    """
    height = stop.scattered_A
    return (
        Dissociated(stop.dissociated_A),
        OutOfReach(reach_A) if isinstance(height, str) else Scattered(height),
        Undecided(dynamics.max_time_fs, dynamics.step_fs),
    )


def coded(endings: Sequence[Ending], own: Sequence[str] = ()) -> list[tuple[int, Ending]]:
    """The endings with their codes; those that have none get them from `len(Outcome)` on.

    Args:
        endings: in the order of their precedence.
        own: names of those without a code, in the order of their codes; others follow.

    Raises:
        UserError: two have the same name, or that of a known one.
    """
    names = [ending.name for ending in endings]
    taken = {ending.name for ending in endings if ending.code is not None} | {"failed", "running"}
    for ending in endings:
        if names.count(ending.name) > 1 or (ending.code is None and ending.name in taken):
            raise UserError(f"endings: two are called '{ending.name}'; give each a name of its own")
    order = [*own, *(e.name for e in endings if e.code is None and e.name not in own)]
    return [(len(Outcome) + order.index(e.name) if e.code is None else e.code, e) for e in endings]


def outcomes(
    endings: Sequence[tuple[int, Ending]], memories: dict[str, Tree], sight: Sight, reason: Array
) -> Array:
    """Code of how each trajectory has ended, uint8, shape (slot,); 0 where it goes on.

    Args:
        endings: with their codes; the first that is met counts.
        memories: of each, by name.
        sight: of the instant.
        reason: why it has failed, if it has: that comes before all.
    """
    xp = array_namespace(sight.time)
    outcome = xp.zeros_like(sight.time, dtype=xp.uint8)
    for code, ending in reversed(endings):
        outcome = chosen(outcome, ending.met(memories[ending.name], sight), code)
    return chosen(outcome, reason != 0, Outcome.FAILED)
