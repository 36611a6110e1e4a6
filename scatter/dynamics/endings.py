"""When a trajectory ends, and how; what the array code reads of the tables that say so."""

from typing import Protocol, runtime_checkable

from scatter.arrays import array_namespace
from scatter.outcomes import Outcome, Reason
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


def reasons(dynamics: Limits, error: Array, outside: Array) -> Array:
    """Why each trajectory has failed, if it has; where several apply, the later line wins.

    Args:
        dynamics: tolerance of the energy.
        error: total energy less that at the start, eV, shape (slot,).
        outside: the bound that is broken, as a code of `Reason`, uint8, shape (slot,).

    Returns:
        Codes of `Reason`, uint8, shape (slot,); 0 where nothing is wrong.
    """
    xp = array_namespace(error)
    strayed = ~(xp.abs(error) < dynamics.energy_tolerance_eV)
    reason = chosen(xp.zeros_like(outside), strayed, Reason.ENERGY_ERROR)
    # a broken bound comes first, and an energy error of it
    reason = xp.where(outside != 0, outside, reason)
    return chosen(reason, ~xp.isfinite(error), Reason.NOT_FINITE)


def outcomes(
    dynamics: Limits, stop: Geometry, height: Array, rising: Array, bond: Array, time: Array,
    reason: Array,
) -> Array:  # fmt: skip
    """Outcome of each trajectory; where several apply, the later line wins.

    Args:
        dynamics: limit of time.
        stop: limits of height and bond.
        height: of the lower atom above the top plane, Å, shape (slot,).
        rising: vertical momentum of the centre of mass, shape (slot,).
        bond: Å, shape (slot,).
        time: since the start, shape (slot,).
        reason: why it has failed, if it has: of `reasons`, shape (slot,).

    Returns:
        Codes of `Outcome`, uint8, shape (slot,).
    """
    xp = array_namespace(time)
    # half a step early: the time is a sum of steps, and may fall short of its limit by rounding
    last = (dynamics.max_time_fs - 0.5 * dynamics.timestep_fs) * fs
    outcome = chosen(xp.zeros_like(time, dtype=xp.uint8), time > last, Outcome.UNDECIDED)
    outcome = chosen(outcome, (height > stop.scattered_A) & (rising > 0), Outcome.SCATTERED)
    outcome = chosen(outcome, bond > stop.dissociated_A, Outcome.DISSOCIATED)
    return chosen(outcome, reason != 0, Outcome.FAILED)


def chosen(codes: Array, where: Array, code: int) -> Array:
    """The codes, this one where it applies.

    Not codes[where] = code, for which a GPU would have to count the places first.
    """
    xp = array_namespace(codes)
    return xp.where(where, xp.zeros_like(codes) + int(code), codes)
