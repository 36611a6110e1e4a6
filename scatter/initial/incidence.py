"""The approach: incidence energies, angles, the impact site, where a molecule starts; or none."""

from dataclasses import dataclass
from math import nan
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Discriminator, Field, Tag, model_validator

from scatter.settings import (
    LengthOrAuto,
    NonNegativeInt,
    OneOrMany,
    PositiveFloat,
    PositiveInt,
    Table,
    UserError,
)


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


@dataclass(frozen=True)
class Disc:
    """Where impacts fall that are aimed at an atom: evenly on a disc of the top plane.

    Attributes:
        centre: x and y, Å.
        radius: Å.
    """

    centre: Float[np.ndarray, "2"]
    radius: float

    def place(self, u: float, v: float) -> Float[np.ndarray, "2"]:
        """The place that two numbers from 0 to 1 stand for: r = R √u, at the angle 2π v."""
        angle = 2 * np.pi * v
        return self.centre + self.radius * np.sqrt(u) * np.array([np.cos(angle), np.sin(angle)])

    def share(self, cell: Float[np.ndarray, "3 3"]) -> float:
        """What part of the cell's surface it is."""
        return float(np.pi * self.radius**2 / abs(np.linalg.det(cell[:2, :2])))


# Keys of each kind of start.
KEYS = {
    "beam": ("energy_eV", "polar_deg", "azimuth_deg", "height_A", "aim_atom", "aim_radius_A"),
    "adsorbed": ("site", "place_A"),
    "desorption": ("divide_A", "below_A", "every_fs"),
}
DIVIDE_A, BELOW_A, EVERY_FS = 1.4, 2.6, 100.0


class Incidence(Table):
    """Table `[incidence]`: how molecules approach the surface, or where they begin without."""

    kind: Literal[tuple(KEYS)] = Field(  # pyright: ignore[reportInvalidTypeForm]
        default="beam",
        description='"beam" fires the projectile at the surface. With "adsorbed" it begins on it, '
        'thermalised together with the slab at its temperature. "desorption" starts diatomics, '
        "without v and j, on a dividing surface behind the barrier, in equilibrium at the surface "
        "temperature, and follows them both ways in time (docs/desorption.md).",
    )
    energy_eV: Energies | None = Field(
        default=None,
        description="Translational energy, eV, which a beam must have; one value, a list, or a "
        "range such as {start = 0.2, stop = 1.0, num = 5} with both ends included.",
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
        "highest atom; the results have the same distribution, at fewer steps.",
    )

    aim_atom: NonNegativeInt | None = Field(
        default=None,
        description="Atom of the slab, counted from 0, around whose place in the slab at rest "
        "impacts are uniform in a disc, instead of over the whole cell. The results are then "
        "those of this part of the surface, of the area π aim_radius_A².",
    )
    aim_radius_A: PositiveFloat | None = Field(
        default=None, description="Radius of that disc, Å; at most half the cell's shortest repeat."
    )
    site: str | None = Field(
        default=None,
        min_length=1,
        description="For adsorbed projectiles: kind of site that they are put on, as of "
        "`[surface.adsorbates]`; by default the one where they have the lowest energy.",
    )
    place_A: Annotated[list[float], Field(min_length=2, max_length=2)] | None = Field(
        default=None,
        description="For adsorbed projectiles: x and y of the place that they are put on instead, "
        "Å, as a facet without named sites and a slab from a file need.",
    )

    divide_A: PositiveFloat | None = Field(
        default=None,
        description="For desorption: bond length that is the dividing surface, Å; behind the "
        f"barrier and shorter than `dissociated_A`, by default {DIVIDE_A:g}.",
    )
    below_A: PositiveFloat | None = Field(
        default=None,
        description="For desorption: height of the centre of mass up to which that surface "
        "reaches, "
        f"Å above the top plane of the slab at rest; by default {BELOW_A:g}.",
    )
    every_fs: PositiveFloat | None = Field(
        default=None,
        description="For desorption: time between two starts that are drawn from one chain of "
        f"dynamics on that surface, fs; by default {EVERY_FS:g}.",
    )

    @model_validator(mode="after")
    def _keys_of_its_kind(self) -> "Incidence":
        for key in sorted(self.model_fields_set - {"kind", *KEYS[self.kind]}):
            if getattr(self, key) is not None:
                of = " or ".join(f'"{kind}"' for kind, keys in KEYS.items() if key in keys)
                raise ValueError(
                    f'{key} applies to kind = {of} only, and kind is "{self.kind}"; remove it'
                )
        if self.site is not None and self.place_A is not None:
            raise ValueError("site and place_A both say where it begins; give one")
        if self.kind == "beam" and self.energy_eV is None:
            raise ValueError("the key 'energy_eV' is missing; add energy_eV = [0.2, 0.4, 0.6]")
        return self

    @model_validator(mode="after")
    def _whole_aim(self) -> "Incidence":
        if (self.aim_atom is None) != (self.aim_radius_A is None):
            missing = "aim_radius_A" if self.aim_radius_A is None else "aim_atom"
            raise ValueError(f"{missing} is missing; an aim is an atom and a radius around it")
        return self

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
        """Translational energies, eV; NaN where nothing comes in."""
        if self.energy_eV is None:
            return [nan]
        return self.energy_eV.values if isinstance(self.energy_eV, Range) else self.energy_eV

    @property
    def adsorbed(self) -> bool:
        """Whether the projectile begins on the surface."""
        return self.kind == "adsorbed"

    @property
    def polars(self) -> list[float]:
        """Polar angles, degrees; NaN where nothing comes in."""
        return [nan] if self.energy_eV is None else self.polar_deg

    @property
    def azimuths(self) -> list[float | None]:
        """Azimuthal angles, degrees; None for a random one."""
        return [None] if self.azimuth_deg == "random" else list(self.azimuth_deg)

    def disc(self, slab: Float[np.ndarray, "atom 3"], repeat: float = np.inf) -> Disc | None:
        """Where impacts fall on a slab whose atoms stand there at rest (Å); None: everywhere.

        Raises:
            UserError: the slab has no such atom, or the disc meets its own image, which comes
                after `repeat` (Å).
        """
        atom, radius = self.aim_atom, self.aim_radius_A
        if atom is None or radius is None:
            return None
        if atom >= len(slab):
            raise UserError(
                f"[incidence] aim_atom = {atom}: the slab has {len(slab)} atoms, counted from 0"
            )
        if 2 * radius > repeat:
            raise UserError(
                f"[incidence] aim_radius_A = {radius:g}: the cell repeats after {repeat:.2f} Å, so "
                f"the disc would meet its own image; give at most {repeat / 2:.2f}, or a wider cell"
            )
        return Disc(slab[atom, :2], radius)


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
    draws: Float[np.ndarray, "3"],
    energy: float,
    polar: float,
    azimuth: float | None,
    height: float,
    cell: Float[np.ndarray, "3 3"],
    mass: float,
    disc: Disc | None = None,
) -> Approach:
    """The approach that three uniform numbers stand for; impact uniform over the surface cell.

    Args:
        draws: in [0, 1), two of the impact, one of a random azimuth.
        energy: translational, eV.
        polar: angle between the flight and the surface normal, rad.
        azimuth: direction of flight along the surface, from the first lattice vector,
            counter-clockwise seen from above, rad; None for a random one.
        height: of the start above the top plane, Å.
        cell: lattice vectors as rows, the first two in the xy plane, Å.
        mass: of the molecule, amu.
        disc: over which impacts are uniform instead of over the cell.
    """
    along, across, turn = draws
    impact = along * cell[0, :2] + across * cell[1, :2]
    if disc is not None:
        impact = disc.place(along, across)
    heading = np.arctan2(cell[0, 1], cell[0, 0])
    heading += 2 * np.pi * turn if azimuth is None else azimuth
    lateral = np.tan(polar) * np.array([np.cos(heading), np.sin(heading)])
    # Per unit of height lost; the start is the impact point traced back along the line.
    flight = np.append(lateral, -1.0)
    velocity = flight * np.cos(polar) * np.sqrt(2 * energy / mass)
    return Approach(impact, np.append(impact, 0.0) - height * flight, velocity)
