"""When a trajectory ends, and how."""

from typing import Annotated

from array_api_compat import array_namespace
from pydantic import Field

from scatter.outcomes import Outcome, Reason
from scatter.settings import PositiveFloat, Table
from scatter.state import Array
from scatter.units import fs


class Dynamics(Table):
    """Table `[dynamics]`: velocity Verlet without a thermostat."""

    timestep_fs: Annotated[float, Field(gt=0, le=5, description="time step")] = 0.1
    max_time_fs: Annotated[
        PositiveFloat, Field(description="a trajectory still running then is undecided")
    ] = 3000.0
    energy_tolerance_eV: Annotated[
        PositiveFloat,
        Field(
            description="a trajectory whose total energy strays further has failed; the swing of "
            "velocity Verlet within a vibration counts, 0.06 eV for H2, v = 1, at 0.5 fs and a "
            "quarter of that at 0.25 fs"
        ),
    ] = 0.1


class Stop(Table):
    """Table `[stop]`: the geometry of an ending; heights count from the top plane."""

    dissociated_A: Annotated[
        PositiveFloat, Field(description="dissociated: the bond is longer than this")
    ] = 2.25
    scattered_A: Annotated[
        PositiveFloat,
        Field(
            description="scattered: the lower atom is higher than this and the centre of mass rises"
        ),
    ] = 7.1
    near_A: Annotated[
        PositiveFloat,
        Field(description="residence is counted while the centre of mass is lower than this"),
    ] = 3.0


def reasons(dynamics: Dynamics, error: Array, outside: Array) -> Array:
    """Why each trajectory has failed, if it has; where several apply, the later line wins.

    Args:
        dynamics: tolerance of the energy.
        error: total energy less that at the start, eV, shape (slot,).
        outside: the bound that is broken, as a code of `Reason`, uint8, shape (slot,).

    Returns:
        Codes of `Reason`, uint8, shape (slot,); 0 where nothing is wrong.
    """
    xp = array_namespace(error)
    reason = xp.zeros_like(outside)
    reason[~(xp.abs(error) < dynamics.energy_tolerance_eV)] = int(Reason.ENERGY_ERROR)
    # a broken bound comes first, and an energy error of it
    reason = xp.where(outside != 0, outside, reason)
    reason[~xp.isfinite(error)] = int(Reason.NOT_FINITE)
    return reason


def outcomes(
    dynamics: Dynamics, stop: Stop, height: Array, rising: Array, bond: Array, time: Array,
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
    outcome = xp.zeros_like(time, dtype=xp.uint8)
    # half a step early: the time is a sum of steps, and may fall short of its limit by rounding
    last = (dynamics.max_time_fs - 0.5 * dynamics.timestep_fs) * fs
    outcome[time > last] = int(Outcome.UNDECIDED)
    outcome[(height > stop.scattered_A) & (rising > 0)] = int(Outcome.SCATTERED)
    outcome[bond > stop.dissociated_A] = int(Outcome.DISSOCIATED)
    outcome[reason != 0] = int(Outcome.FAILED)
    return outcome
