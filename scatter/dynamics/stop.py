"""Tables `[dynamics]` and `[stop]`: the time step, and when a trajectory ends."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from scatter.settings import LengthOrAuto, PositiveFloat, Table, word_or_number

StepOrAuto = Annotated[
    Annotated[float, Field(gt=0, le=5), Tag("number")] | Annotated[Literal["auto"], Tag("word")],
    Discriminator(word_or_number),
]

RateOrAuto = LengthOrAuto  # a number greater than 0, or "auto"


class Dynamics(Table):
    """Table `[dynamics]`: the integrator, at constant energy but for what a bath takes and gives.

    Molecule and slab move freely; with a bath, the atoms of the slab's lowest moving layers feel
    the friction and the noise of the solid that would be below them (docs/theory.md).
    """

    scheme: Annotated[
        Literal["verlet", "multistep"],
        Field(
            description='"verlet" is velocity Verlet; "multistep" steps the bond of the molecule '
            "inside of each time step, by its own curve V(r) (r-RESPA), so that time steps can be "
            "four times as long"
        ),
    ] = "verlet"
    timestep_fs: Annotated[
        StepOrAuto,
        Field(
            description='time step: one evaluation of the potential each; "auto" follows from the '
            "period of the molecule's bond, and is halved until 32 pilot trajectories conserve "
            "energy; the results state it"
        ),
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
            description="a trajectory whose total energy strays further has failed; the "
            "oscillation of velocity Verlet's energy within a vibration counts, 0.06 eV for H2, v "
            "= 1, at 0.5 fs and a "
            "quarter of that at 0.25 fs"
        ),
    ] = 0.1

    bath: Annotated[
        Literal["none", "bottom"],
        Field(
            description='"bottom" lets the lowest moving layers of the slab exchange energy with a '
            "bath at its temperature (Langevin dynamics), in place of the solid below, so that "
            "what a molecule gives to the slab is not reflected there; use it for slow or heavy "
            "molecules, and trapped ones"
        ),
    ] = "none"
    bath_layers: Annotated[
        int,
        Field(
            gt=0,
            le=1000,
            description="lowest moving layers in the bath, outside of which at least one must be "
            "left; two absorb pulses of 100 to 300 fs to below 20 %, of which one reflects up to "
            "a half",
        ),
    ] = 2
    bath_per_fs: Annotated[
        RateOrAuto,
        Field(
            description='friction of the bath, 1/fs; "auto" is π/6 of the Debye frequency, '
            "which follows from the forces on these atoms in the thermal snapshots"
        ),
    ] = "auto"

    @property
    def step_fs(self) -> float:
        """The time step, fs.

        Raises:
            ValueError: it is "auto", and has not been chosen (`campaign.pilot`).
        """
        if isinstance(self.timestep_fs, str):
            raise ValueError(f'timestep_fs = "{self.timestep_fs}" has not been chosen yet')
        return self.timestep_fs

    @model_validator(mode="after")
    def _keys_of_a_bath(self) -> "Dynamics":
        given = sorted({"bath_layers", "bath_per_fs"} & self.model_fields_set)
        if given and self.bath == "none":
            raise ValueError(
                f"{given[0]} = {getattr(self, given[0])} applies to a bath only, and bath "
                'is "none"; remove it, or write bath = "bottom"'
            )
        return self

    @model_validator(mode="after")
    def _inner_steps_of_multistep(self) -> "Dynamics":
        if self.inner_steps is not None and self.scheme != "multistep":
            raise ValueError(
                f'inner_steps = {self.inner_steps} applies to scheme = "multistep" only, and '
                f'scheme is "{self.scheme}"; remove it, or choose that scheme'
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
    stop_on: Annotated[
        Literal["first bond", "gas", "time"] | None,
        Field(
            description='of atoms and polyatomics: "first bond" ends a trajectory where a bond '
            'breaks, which is usual; "gas" where a fragment of what has broken is in the gas; '
            '"time" at `max_time_fs`'
        ),
    ] = None
    bonds: Annotated[
        dict[str, PositiveFloat] | None,
        Field(
            description='of polyatomics: lengths at which bonds break, as in {"C-H" = 2.5}; by '
            "default 2.0 times the length at rest where hydrogen takes part, else 1.8 times"
        ),
    ] = None
    absorbed_A: Annotated[
        PositiveFloat | None,
        Field(
            description="for atoms and polyatomics: what lies deeper below the top plane is "
            "absorbed; by default 0.5"
        ),
    ] = None
    trapped_bounces: Annotated[
        Annotated[int, Field(gt=0, le=1000)] | None,
        Field(
            description="for atoms and polyatomics: trapped once the energy of the centre of mass "
            "has been negative at so many outer turning points in a row; by default never"
        ),
    ] = None

    @property
    def of_reactions(self) -> dict[str, object]:
        """The keys that diatomics do not have, where they are given."""
        names = ("stop_on", "bonds", "absorbed_A", "trapped_bounces")
        values = {name: self.model_dump()[name] for name in names}
        return {name: value for name, value in values.items() if value is not None}
