"""When a trajectory ends, and how."""

from typing import Annotated

from array_api_compat import array_namespace
from pydantic import Field

from scatter.outcomes import Outcome
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


def outcomes(
    dynamics: Dynamics, stop: Stop, height: Array, rising: Array, bond: Array, time: Array,
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
    outcome = xp.zeros_like(time, dtype=xp.uint8)
    # half a step early: the time is a sum of steps, and may fall short of its limit by rounding
    last = (dynamics.max_time_fs - 0.5 * dynamics.timestep_fs) * fs
    outcome[time > last] = int(Outcome.UNDECIDED)
    outcome[(height > stop.scattered_A) & (rising > 0)] = int(Outcome.SCATTERED)
    outcome[bond > stop.dissociated_A] = int(Outcome.DISSOCIATED)
    outcome[~(xp.abs(error) < dynamics.energy_tolerance_eV)] = int(Outcome.FAILED)  # NaN too
    return outcome
