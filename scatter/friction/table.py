"""Tables `[friction]` and `[friction.laser]`: electrons that take energy from the projectile."""

from pathlib import Path
from typing import Annotated, Literal

from ase.data import atomic_numbers
from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from scatter.settings import (
    NonNegativeFloat,
    OneOrMany,
    PositiveFloat,
    Table,
    word_or_number,
)

NumberOrFile = Annotated[
    Annotated[float, Field(ge=0, le=100_000), Tag("number")]
    | Annotated[str, Field(min_length=1), Tag("word")],
    Discriminator(word_or_number),
]


def _elements(files: dict[str, str]) -> dict[str, str]:
    for symbol in files:
        if symbol not in atomic_numbers or symbol == "X":
            raise ValueError(f'{symbol!r} is not a chemical symbol; write {{"Pd" = "pd.dat"}}')
    return files


class Laser(Table):
    """Table `[friction.laser]`: pulses that heat the metal, by the two-temperature model.

    Before the campaign, the temperatures of electrons and lattice at the surface are solved for
    (docs/friction.md); the electrons follow the one, and a bath below the slab (`[dynamics] bath`)
    the other. The values by default are copper's.
    """

    fluence_mJ_per_cm2: PositiveFloat | None = Field(
        default=None, description="Absorbed energy of each pulse, mJ/cm²; without it no laser."
    )
    fwhm_fs: PositiveFloat = Field(
        default=100.0, description="Full width at half maximum of a pulse, fs."
    )
    peaks_fs: OneOrMany[float] = Field(
        default=[300.0],
        description="When each pulse is strongest, fs after the start of a trajectory.",
    )
    depth_nm: PositiveFloat = Field(
        default=13.0, description="Depth at which 1/e of a pulse is left, nm."
    )
    thickness_nm: Annotated[float, Field(gt=0, le=10_000)] = Field(
        default=500.0, description="Thickness of the metal, nm."
    )
    heat_J_per_m3K2: PositiveFloat = Field(
        default=97.0, description="Heat capacity of the electrons by their temperature, J/(m³ K²)."
    )
    coupling_W_per_m3K: PositiveFloat = Field(
        default=1e17, description="Coupling of electrons and lattice, W/(m³ K)."
    )
    conductivity_W_per_mK: NonNegativeFloat = Field(
        default=400.0,
        description="Thermal conductivity of the electrons where they are as hot as the lattice, "
        "W/(m K).",
    )
    lattice_J_per_m3K: PositiveFloat = Field(
        default=3.4e6, description="Heat capacity of the hot lattice, J/(m³ K)."
    )
    debye_K: PositiveFloat = Field(
        default=343.0,
        description="Debye temperature, by which it is smaller at low temperature, K.",
    )

    @model_validator(mode="after")
    def _keys_of_a_pulse(self) -> "Laser":
        given = sorted(self.model_fields_set - {"fluence_mJ_per_cm2"})
        if given and self.fluence_mJ_per_cm2 is None:
            raise ValueError(
                f"{given[0]} describes a laser pulse, and there is none; give fluence_mJ_per_cm2, "
                f"or remove {given[0]}"
            )
        if min(self.peaks_fs) < 1.5 * self.fwhm_fs:
            raise ValueError(
                f"peaks_fs = {min(self.peaks_fs):g} is so early that a part of the pulse is over "
                f"before a trajectory begins; give 1.5 times fwhm_fs = {self.fwhm_fs:g} or more"
            )
        return self


class FrictionTable(Table):
    """Table `[friction]`: electrons of the metal, which take energy from the projectile's atoms.

    They take it as friction and give it back as noise, at a temperature of their own. The slab's
    atoms feel neither (docs/friction.md).
    """

    kind: Literal["none", "ldfa"] = Field(
        default="none",
        description='"ldfa": the local density friction approximation, by which each atom feels '
        "the friction that it would have in an electron gas as dense as the bare surface's "
        "electrons are where it is.",
    )
    density: str = Field(
        default="atoms",
        min_length=1,
        description='Density of the surface\'s electrons: "atoms" superposes those of free atoms '
        "(Cu, Ag and Au are known); or the file of a linear ACE (`.json` of ACEpotentials.jl, "
        "`.yace`, `.npz`) whose energy of the slab and one atom is the density at this atom, 1/Å³.",
    )
    atoms: Annotated[dict[str, str], AfterValidator(_elements)] = Field(
        default_factory=dict,
        description='Files of free atoms, as in {"Pd" = "pd.dat"}, with two columns: distance from '
        "the nucleus in Å, and density in 1/Å³.",
    )
    electrons_K: NumberOrFile | None = Field(
        default=None,
        description="Temperature of the electrons, K: a number, by default the surface's; or a CSV "
        "file with the columns time_fs and T_K, linear in between and constant beyond its ends.",
    )
    laser: Laser = Field(default=Laser(), description="Pulses that heat the metal.")

    @property
    def given(self) -> bool:
        """Whether there is any friction."""
        return self.kind != "none"

    @model_validator(mode="after")
    def _keys_of_friction(self) -> "FrictionTable":
        given = sorted(self.model_fields_set - {"kind"})
        if given and not self.given:
            raise ValueError(
                f'{given[0]} applies to friction only, and kind is "none"; remove it, or write '
                'kind = "ldfa"'
            )
        if self.atoms and self.density != "atoms":
            raise ValueError(
                f'atoms applies to free atoms only, and density = "{self.density}" is '
                "a file; give one"
            )
        if self.electrons_K is not None and self.laser.fluence_mJ_per_cm2 is not None:
            raise ValueError("electrons_K and laser both say how hot the electrons are; give one")
        return self

    @property
    def model(self) -> Path | None:
        """The file of a model of the density; None where free atoms are superposed."""
        return None if self.density == "atoms" else Path(self.density)
