"""When a trajectory ends, and how; what the array code reads of the tables that say so."""

from typing import Protocol, runtime_checkable

from scatter.arrays import array_namespace
from scatter.outcomes import Outcome
from scatter.state import Array
from scatter.units import fs


@runtime_checkable
class Limits(Protocol):
    """Time step and limits: table `[dynamics]`."""

    @property
    def timestep_fs(self) -> float:
        """Fs."""
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
    def scattered_A(self) -> float:
        """Scattered: the lower atom is higher and the centre of mass rises, Å."""
        ...

    @property
    def near_A(self) -> float:
        """Residence is counted below this height of the centre of mass, Å."""
        ...


def outcomes(
    dynamics: Limits, stop: Geometry, height: Array, rising: Array, bond: Array, time: Array,
    error: Array,
) -> Array:  # fmt: skip
    """Outcome of each trajectory; where several apply, the later line wins.

    Args:
        dynamics: limits of time and energy.
        stop: limits of height and bond.
        height: of the lower atom above the top plane, Å, shape (slot,).
        rising: vertical momentum of the centre of mass, shape (slot,).
        bond: Å, shape (slot,).
        time: since the start, shape (slot,).
        error: total energy less that at the start, eV, shape (slot,).

    Returns:
        Codes of `Outcome`, uint8, shape (slot,).
    """
    xp = array_namespace(time)
    found = xp.zeros_like(time, dtype=xp.uint8)
    # half a step early: the time is a sum of steps, and may fall short of its limit by rounding
    last = (dynamics.max_time_fs - 0.5 * dynamics.timestep_fs) * fs
    lost = ~(xp.abs(error) < dynamics.energy_tolerance_eV)  # NaN too
    for where, outcome in (
        (time > last, Outcome.UNDECIDED),
        ((height > stop.scattered_A) & (rising > 0), Outcome.SCATTERED),
        (bond > stop.dissociated_A, Outcome.DISSOCIATED),
        (lost, Outcome.FAILED),
    ):
        # not found[where] = ..., for which a GPU would have to count them first
        found = xp.where(where, xp.zeros_like(found) + int(outcome), found)
    return found
