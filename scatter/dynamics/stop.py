"""Tables `[dynamics]` and `[stop]`: the time step, and when a trajectory ends."""

from typing import Annotated

from pydantic import Field

from scatter.settings import PositiveFloat, Table


class Dynamics(Table):
    """Table `[dynamics]`: velocity Verlet without a thermostat."""

    timestep_fs: Annotated[float, Field(gt=0, le=5, description="time step")] = 0.1
    max_time_fs: Annotated[
        PositiveFloat,
        Field(
            description="a trajectory still running then is undecided; refused where the slowest "
            "molecule, at the speed along the normal that it begins with, needs longer from "
            "`height_A` down to 1 Å, or down to 3 Å and back up to `scattered_A` (a time that "
            "does is named: down to the top plane and back, and 500 fs)"
        ),
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
