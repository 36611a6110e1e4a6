"""The approach: incidence energies and angles, the impact site, and where the molecule starts."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Discriminator, Field, Tag, model_validator

from scatter.settings import LengthOrAuto, OneOrMany, PositiveFloat, PositiveInt, Table


class Range(Table):
    """Equally spaced values, both ends included."""

    start: PositiveFloat = Field(description="First value.")
    stop: PositiveFloat = Field(description="Last value.")
    num: PositiveInt = Field(le=10_000, description="How many values.")

    @model_validator(mode="after")
    def _rules(self) -> "Range":
        if (self.num == 1) != (self.start == self.stop):
            raise ValueError(
                f"num = {self.num} values cannot reach from start = {self.start:g} to "
                f"stop = {self.stop:g}; one value has start = stop, several have them apart"
            )
        return self

    @property
    def values(self) -> list[float]:
        """The values, rounded to 12 decimals so that 0.1 + 2 · 0.1 is 0.3."""
        return [round(float(x), 12) for x in np.linspace(self.start, self.stop, self.num)]


# Told apart here, a wrong value is measured against the one shape it has, not against all.
def _range_or_value(value: object) -> str:
    return "range" if isinstance(value, dict | Range) else "value"


def _word_or_value(value: object) -> str:
    return "word" if isinstance(value, str) else "value"


Energies = Annotated[
    Annotated[OneOrMany[PositiveFloat], Tag("value")] | Annotated[Range, Tag("range")],
    Discriminator(_range_or_value),
]
Angle = Annotated[float, Field(ge=-360, le=360)]
Azimuths = Annotated[
    Annotated[OneOrMany[Angle], Tag("value")] | Annotated[Literal["random"], Tag("word")],
    Discriminator(_word_or_value),
]


class Incidence(Table):
    """Table `[incidence]`: the approach of the molecule's centre of mass."""

    energy_eV: Energies = Field(
        description="Translational energy, eV; one value, a list, or a range such as "
        "{start = 0.2, stop = 1.0, num = 5} with both ends included.",
    )
    polar_deg: OneOrMany[Annotated[float, Field(ge=0, lt=90)]] = Field(
        default=[0.0],
        description="Angle of incidence from the surface normal, degrees; one value or a list.",
    )
    azimuth_deg: Azimuths = Field(
        default="random",
        description="Direction of flight along the surface, degrees from the first lattice vector, "
        'counter-clockwise seen from above; one value, a list, or "random" for each trajectory.',
    )
    height_A: LengthOrAuto = Field(
        default=7.0,
        description='Height of the start above the top plane of the surface, Å. "auto" is the '
        "lowest that no snapshot of the slab can feel: the reach of the potential above their "
        "highest atom; the law of the results is the same, at fewer steps.",
    )

    @model_validator(mode="after")
    def _no_value_twice(self) -> "Incidence":
        turns = [azimuth and azimuth % 360 for azimuth in self.azimuths]
        scanned = {"energy_eV": self.energies, "polar_deg": self.polars, "azimuth_deg": turns}
        for key, values in scanned.items():
            if len(set(values)) < len(values):
                raise ValueError(f"{key} names the same value twice; name each once")
        return self

    @property
    def energies(self) -> list[float]:
        """Translational energies, eV."""
        return self.energy_eV.values if isinstance(self.energy_eV, Range) else self.energy_eV

    @property
    def polars(self) -> list[float]:
        """Polar angles, degrees."""
        return self.polar_deg

    @property
    def azimuths(self) -> list[float | None]:
        """Azimuthal angles, degrees; None for a random one."""
        return [None] if self.azimuth_deg == "random" else list(self.azimuth_deg)


@dataclass(frozen=True)
class Approach:
    """The start of a molecule's centre of mass; z counts from the top plane of the surface.

    Attributes:
        impact: where the straight flight meets the top plane, x and y, Å.
        centre: where it starts, Å; outside of the cell where the line leads there.
        velocity: Å / time unit.
    """

    impact: Float[np.ndarray, "2"]
    centre: Float[np.ndarray, "3"]
    velocity: Float[np.ndarray, "3"]


def approach(
    rng: np.random.Generator,
    energy: float,
    polar: float,
    azimuth: float | None,
    height: float,
    cell: Float[np.ndarray, "3 3"],
    mass: float,
) -> Approach:
    """Draw an approach, with three numbers of `rng`: impact uniform over the surface cell.

    Args:
        rng: random numbers of this trajectory.
        energy: translational, eV.
        polar: angle between the flight and the surface normal, rad.
        azimuth: direction of flight along the surface, from the first lattice vector,
            counter-clockwise seen from above, rad; None for a random one.
        height: of the start above the top plane, Å.
        cell: lattice vectors as rows, the first two in the xy plane, Å.
        mass: of the molecule, amu.
    """
    along, across, turn = rng.random(3)
    impact = along * cell[0, :2] + across * cell[1, :2]
    heading = np.arctan2(cell[0, 1], cell[0, 0])
    heading += 2 * np.pi * turn if azimuth is None else azimuth
    lateral = np.tan(polar) * np.array([np.cos(heading), np.sin(heading)])
    # Per unit of height lost; the start is the impact point traced back along the line.
    flight = np.append(lateral, -1.0)
    velocity = flight * np.cos(polar) * np.sqrt(2 * energy / mass)
    return Approach(impact, np.append(impact, 0.0) - height * flight, velocity)
