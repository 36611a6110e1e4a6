"""Tables `[dynamics]` and `[stop]`: the time step, and when a trajectory ends."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from scatter.settings import LengthOrAuto, PositiveFloat, Table


class Dynamics(Table):
    """Table `[dynamics]`: the integrator, at constant energy."""

    scheme: Annotated[
        Literal["verlet", "multistep"],
        Field(
            description='"verlet" is velocity Verlet; "multistep" steps the bond of the molecule '
            "inside of each time step, by its own curve V(r) (r-RESPA), so that time steps can be "
            "four times as long"
        ),
    ] = "verlet"
    timestep_fs: Annotated[
        float, Field(gt=0, le=5, description="time step: one evaluation of the potential each")
    ] = 0.1
    inner_steps: Annotated[
        Annotated[int, Field(gt=0, le=1000)] | None,
        Field(
            description="steps of the bond in one time step, with multistep; by default as many as "
            "make 60 in a period of its lightest isotopes",
        ),
    ] = None
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

    @model_validator(mode="after")
    def _inner_steps_of_multistep(self) -> "Dynamics":
        if self.inner_steps is not None and self.scheme != "multistep":
            raise ValueError(
                f'inner_steps = {self.inner_steps} is of scheme = "multistep", and scheme is '
                f'"{self.scheme}"; remove it, or choose that scheme'
            )
        return self


class Stop(Table):
    """Table `[stop]`: the geometry of an ending; heights count from the top plane."""

    dissociated_A: Annotated[
        PositiveFloat, Field(description="dissociated: the bond is longer than this")
    ] = 2.25
    scattered_A: Annotated[
        LengthOrAuto,
        Field(
            description="scattered: the lower atom is higher than this and the centre of mass "
            'rises; "auto" is as high above the highest atom of the slab as the potential reaches, '
            "at each moment"
        ),
    ] = 7.1
    near_A: Annotated[
        PositiveFloat,
        Field(description="residence is counted while the centre of mass is lower than this"),
    ] = 3.0
