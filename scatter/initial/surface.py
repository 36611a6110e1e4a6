"""Tables `[surface]` and `[surface.thermalise]`: which slab, at which temperature."""

from math import ceil, log2, prod
from pathlib import Path
from typing import Annotated, Literal

from ase.data import atomic_numbers, reference_states
from pydantic import Discriminator, Field, Tag, model_validator

from scatter.facets import FACETS
from scatter.settings import (
    NonNegativeFloat,
    OneOrMany,
    PositiveFloat,
    PositiveInt,
    Table,
    word_or_number,
)

MOST_TEMPERATURES = 1000
MOST_ATOMS = 100_000

Built = Literal[tuple(FACETS)]  # type: ignore[valid-type]


def _shape(value: object) -> str:
    # Told apart here, a wrong value is measured against the one shape it has, not against all.
    return {dict: "table", str: "auto"}.get(type(value), "number")


LatticeConstant = Annotated[
    Annotated[PositiveFloat, Tag("number")]
    | Annotated[dict[str, PositiveFloat], Tag("table")]
    | Annotated[Literal["auto"], Tag("auto")],
    Discriminator(_shape),
]


CountOrAuto = Annotated[
    Annotated[int, Field(gt=0, le=1_000_000), Tag("number")]
    | Annotated[Literal["auto"], Tag("word")],
    Discriminator(word_or_number),
]
# Of automatic snapshots, and trajectories of a point that share one: (10 - 1) ρ < 1.02² - 1 for the
# intraclass correlation of dissociating that scatter has measured, ρ < 0.004.
FEWEST, SHARERS = 256, 10


class Thermalise(Table):
    """Table `[surface.thermalise]`: thermal snapshots of the slab by Langevin dynamics."""

    timestep_fs: PositiveFloat = Field(
        default=2.0, description="Time step of the Langevin dynamics, fs."
    )
    friction_per_fs: PositiveFloat = Field(
        default=0.01, description="Friction of the Langevin dynamics, 1/fs."
    )
    equilibrate_fs: NonNegativeFloat = Field(
        default=2000.0, description="Time before the first snapshot of each replica, fs."
    )
    decorrelate_fs: PositiveFloat = Field(
        default=200.0, description="Time between two snapshots of one replica, fs."
    )
    replicas: PositiveInt = Field(
        le=100_000,
        default=32,
        description="Independent slabs, each with its own random stream, in one batch.",
    )
    snapshots: CountOrAuto = Field(
        default=256,
        description='Thermal snapshots in all, shared evenly by the replicas. "auto" is one for '
        "ten trajectories of a point, in powers of two from 256 on, so that sharing them widens "
        "no interval of S0 by more than 2 %.",
    )

    @model_validator(mode="after")
    def _rules(self) -> "Thermalise":
        if self.decorrelate_fs < self.timestep_fs:
            raise ValueError(
                f"decorrelate_fs = {self.decorrelate_fs:g} is shorter than "
                f"timestep_fs = {self.timestep_fs:g}; give at least one step, better 200 fs"
            )
        if self.friction_per_fs * self.timestep_fs > 1:
            raise ValueError(
                f"friction_per_fs = {self.friction_per_fs:g} stops the atoms within one step of "
                f"timestep_fs = {self.timestep_fs:g}; their product must not exceed 1 "
                "(0.01 per fs is usual)"
            )
        return self

    def pool(self, number: int) -> range:
        """The snapshots of which trajectory `number` of a point draws one.

        The number of trajectories of a campaign may grow, and what a trajectory draws from may
        not: of automatic ones, twice as many trajectories draw from as many further snapshots.
        """
        if isinstance(self.snapshots, int):
            return range(self.snapshots)
        doublings = max(0, ceil(log2((number + 1) / (SHARERS * FEWEST))))
        stop = FEWEST * 2**doublings
        return range(stop // 2 if doublings else 0, stop)

    def for_trajectories(self, most: int) -> "Thermalise":
        """With as many snapshots as so many trajectories of a point draw from."""
        return self.model_copy(update={"snapshots": self.pool(most - 1).stop})


class Surface(Table):
    """Table `[surface]`: a facet of a fcc metal, or a slab from a file, at a temperature."""

    element: str = Field(default="Cu", description="Chemical symbol of the fcc metal.")
    facet: OneOrMany[Built] = Field(  # pyright: ignore[reportInvalidTypeForm]
        default=["111"], description='Facet "111", "100", "110" or "211", or a list of them.'
    )
    size: list[Annotated[int, Field(gt=0, le=1000)]] = Field(
        default=[3, 3, 6],
        min_length=3,
        max_length=3,
        description="Atoms along the two lateral lattice vectors, and layers. On (211) the first "
        "number is a multiple of 3 (the rows of a terrace) and one layer is three rows deep: "
        "[3, 4, 6] has 18 rows of 4 atoms.",
    )
    frozen_layers: PositiveInt = Field(
        default=2, description="Lowest layers, which never move; on (211) three rows each."
    )
    temperature_K: OneOrMany[PositiveFloat] = Field(
        description="Surface temperature, K; one value or a list."
    )
    lattice_constant_A: LatticeConstant = Field(
        default="auto",
        description='Lattice constant, Å: a number; a table by temperature such as {"300" = 3.66, '
        '"925" = 3.71}; or "auto", where the potential\'s own crystal is free of pressure.',
    )
    vacuum_A: PositiveFloat = Field(
        default=40.0,
        description="From the uppermost atom to the lowest of the slab's next image, Å; a file "
        "has its own where this key is left out.",
    )
    file: str | None = Field(
        default=None,
        min_length=1,
        description="Slab to read instead of building one: extended XYZ (.xyz, .extxyz), or a "
        "POSCAR of VASP (POSCAR, CONTCAR, .vasp); of several structures the last is taken. "
        "Excludes element, facet, size and lattice_constant_A. It moves what the file "
        "does not hold (move_mask, selective dynamics); where that holds nothing, `frozen_layers` "
        "are. Masses of the file are used.",
    )
    substrate: list[str] | None = Field(
        default=None,
        min_length=1,
        description="Elements that make up the slab of a file; atoms of others are adsorbates. By "
        "default all but nonmetals and alkali metals that its inside lacks.",
    )
    top_atoms: list[Annotated[int, Field(ge=0)]] | None = Field(
        default=None,
        min_length=1,
        description="Atoms, counted from 0, whose mean z is the top plane that heights count from; "
        "by default the outermost ones of the substrate.",
    )
    top_A: float | None = Field(
        default=None,
        description="Height of the top plane above the slab's lowest atom instead, Å, where the "
        "slab is at rest; it then moves with the outermost atoms.",
    )
    images: bool = Field(
        default=False,
        description="Whether the molecule may feel its own images, which a narrow cell repeats: "
        "true means a surface covered with them, one for each cell.",
    )
    thermalise: Thermalise = Field(
        default=Thermalise(), description="How the thermal snapshots of the slab are made."
    )

    @model_validator(mode="after")
    def _rules(self) -> "Surface":
        if len(self.temperature_K) > MOST_TEMPERATURES:
            raise ValueError(
                f"{len(self.temperature_K):,} temperatures are more than {MOST_TEMPERATURES}; "
                "divide the campaign"
            )
        if any(len(set(values)) < len(values) for values in (self.facet, self.temperature_K)):
            raise ValueError(
                f"facet = {self.facet} with temperature_K = {self.temperature_K} names a slab "
                "twice; name each once"
            )
        self._refuse_two_tops()
        self._refuse_no_substrate()
        if self.file is None:
            self._refuse_what_cannot_be_built()
            return self
        shaping = {"element", "facet", "size", "lattice_constant_A"}
        if given := sorted(shaping & self.model_fields_set):
            raise ValueError(
                f"file = {self.file!r} already says what {', '.join(given)} would say; "
                "give the file or those keys, not both"
            )
        return self

    def _refuse_two_tops(self) -> None:
        """The top plane is chosen once, and for one slab."""
        if self.top_atoms is not None and self.top_A is not None:
            raise ValueError("top_atoms and top_A both say where the top plane is; give one")
        chosen = "top_atoms" if self.top_atoms is not None else "top_A"
        several = len(self.facet) > 1 or (self.file is None and len(self.temperature_K) > 1)
        if getattr(self, chosen) is not None and several:
            raise ValueError(
                f"{chosen} is about one slab, and facet and temperature_K name several; give each "
                "a campaign of its own"
            )
        if self.top_atoms is not None and len(set(self.top_atoms)) < len(self.top_atoms):
            raise ValueError("top_atoms names an atom twice; name each once")

    def _refuse_no_substrate(self) -> None:
        for symbol in self.substrate or ():
            if symbol not in atomic_numbers or symbol == "X":
                raise ValueError(f"substrate names {symbol!r}, which is not a chemical symbol")
        if self.substrate and self.file is None:
            raise ValueError("substrate is about the slab of a file; a slab that is built has none")

    def _refuse_what_cannot_be_built(self) -> None:
        if self.element not in atomic_numbers or self.element == "X":
            raise ValueError(f"element = {self.element!r} is not a chemical symbol, such as 'Cu'")
        state = reference_states[atomic_numbers[self.element]]
        if (crystal := state and state["symmetry"]) != "fcc":
            raise ValueError(
                f"element = {self.element!r} is not a fcc metal"
                f"{f' ({crystal})' if crystal else ''}, and facets of fcc crystals alone are "
                "built; give the slab as a file"
            )
        if self.frozen_layers >= self.size[2]:
            raise ValueError(
                f"frozen_layers = {self.frozen_layers} leaves none of the {self.size[2]} layers "
                f"of size = {self.size} to move; freeze fewer, or give more layers"
            )
        if prod(self.size) > MOST_ATOMS:
            raise ValueError(
                f"size = {self.size} is a slab of {prod(self.size):,} atoms; at most "
                f"{MOST_ATOMS:,} are built"
            )
        for facet, known in ((facet, FACETS[facet]) for facet in self.facet):
            if self.size[0] % known.rows:
                raise ValueError(
                    f"size = {self.size}: on ({facet}) the first number must be a multiple of "
                    f"{known.rows}, since a terrace is {known.rows} rows wide; {[*known.usual]} is "
                    "usual"
                )
        for temperature in self.temperature_K:
            self.given_lattice_constant(temperature)

    @property
    def labels(self) -> list[str]:
        """What the results call the facets: their indices, or the stem of the slab's file."""
        return list(self.facet) if self.file is None else [Path(self.file).stem]

    @property
    def systems(self) -> list[tuple[str, float]]:
        """Every pair (facet, temperature in K) of the campaign, facets outermost."""
        return [(facet, kelvin) for facet in self.labels for kelvin in self.temperature_K]

    def given_lattice_constant(self, temperature_K: float) -> float | None:
        """The lattice constant (Å) given for a temperature; None where it is "auto".

        Raises:
            ValueError: the table by temperature has no entry for it.
        """
        given = self.lattice_constant_A
        if given == "auto":
            return None
        if not isinstance(given, dict):
            return float(given)
        for key, value in given.items():
            if _number(key) == temperature_K:
                return value
        raise ValueError(
            f"lattice_constant_A has no entry for temperature_K = {temperature_K:g}; it has "
            f'{", ".join(given) or "none"}; add "{temperature_K:g}" = ...'
        )


def _number(key: str) -> float:
    try:
        return float(key)
    except ValueError as error:
        raise ValueError(
            f"lattice_constant_A: the key '{key}' is not a temperature in K"
        ) from error
