"""Tables `[surface]` and `[surface.thermalise]`: which slab, at which temperature."""

from math import ceil, log2, prod
from pathlib import Path
from typing import Annotated, Literal

from ase.data import atomic_numbers
from pydantic import Discriminator, Field, Tag, model_validator

from scatter.facets import CRYSTALS
from scatter.initial.adsorbates import Adsorbates
from scatter.initial.built import Built
from scatter.settings import (
    NonNegativeFloat,
    OneOrMany,
    PositiveFloat,
    PositiveInt,
    Table,
    word_or_number,
)

MOST_TEMPERATURES = 1000

CountOrAuto = Annotated[
    Annotated[int, Field(gt=0, le=1_000_000), Tag("number")]
    | Annotated[Literal["auto"], Tag("word")],
    Discriminator(word_or_number),
]
LayersOrAll = Annotated[
    Annotated[int, Field(gt=0), Tag("number")] | Annotated[Literal["all"], Tag("word")],
    Discriminator(word_or_number),
]
# Of automatic snapshots, and trajectories of a point that share one. The intraclass correlation ρ
# of dissociating was below 0.004 on the shipped potential, where 1 + (10 - 1) ρ < 1.02², and 0.025
# at most on the analytic surface.
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
        description="Independent slabs in one batch, each with its own random stream.",
    )
    snapshots: CountOrAuto = Field(
        default="auto",
        description='Thermal snapshots in all, shared evenly by the replicas. "auto" is one for '
        "ten trajectories of a point, in powers of two from 256 on, so that sharing them widens "
        "intervals of S0 by a few per cent at most.",
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


class Surface(Built):
    """Table `[surface]`: a facet of a crystal, or a slab from a file, at a temperature."""

    frozen_layers: LayersOrAll = Field(
        default=2,
        description='Lowest layers, held fixed; on (211) three rows each. With "all" the '
        "surface is rigid: nothing of the slab moves, adsorbates included.",
    )
    temperature_K: OneOrMany[NonNegativeFloat] = Field(
        description="Surface temperature, K; one value or a list. At 0 all atoms of the slab are "
        "at rest when a trajectory begins; of a rigid surface it only sets the lattice constant."
    )
    relax: bool | None = Field(
        default=None,
        description="Whether the slab is relaxed on the potential before anything else, until no "
        "force on an atom that moves exceeds 0.0001 eV/Å (of a rigid surface, on an atom above the "
        "middle of its height). By default only a slab at 0 K that is not rigid.",
    )
    vacuum_A: PositiveFloat = Field(
        default=40.0,
        description="From the uppermost atom to the lowest one of the slab's next image, Å; "
        "without this key a file keeps its own.",
    )
    file: str | None = Field(
        default=None,
        min_length=1,
        description="Slab to read instead of building one: extended XYZ (.xyz, .extxyz), or a "
        "POSCAR of VASP (POSCAR, CONTCAR, .vasp); of several structures the last is taken. "
        "Excludes element, structure, facet, size, lattice_constant_A and c_over_a. Atoms that "
        "the file does not hold (move_mask, selective dynamics) move; if it holds none, "
        "`frozen_layers` applies. Masses of the file are used.",
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
        description="Whether the molecule may interact with its own periodic images, as in a "
        "narrow cell: true means a surface covered with molecules, one per cell.",
    )
    adsorbates: Adsorbates = Field(
        default=Adsorbates(), description="Atoms on the sites of a slab that is built."
    )
    thermalise: Thermalise = Field(
        default=Thermalise(), description="How the thermal snapshots of the slab are made."
    )

    @model_validator(mode="after")
    def _rules(self) -> "Surface":
        if len(self.temperature_K) > MOST_TEMPERATURES:
            raise ValueError(
                f"{len(self.temperature_K):,} temperatures are more than {MOST_TEMPERATURES}; "
                f"split the campaign"
            )
        if any(len(set(values)) < len(values) for values in (self.facet, self.temperature_K)):
            raise ValueError(
                f"facet = {self.facet} with temperature_K = {self.temperature_K} names a slab "
                "twice; name each once"
            )
        if max(self.temperature_K) == 0 and "thermalise" in self.model_fields_set:
            raise ValueError(
                "temperature_K = 0 is a slab at rest, and nothing is thermalised; leave "
                "[surface.thermalise] out"
            )
        self._refuse_two_tops()
        self._refuse_no_substrate()
        if self.file is None:
            self._refuse_what_cannot_be_built()
            return self
        if self.adsorbates.species is not None:
            raise ValueError(
                f"file = {self.file!r} has its own adsorbates; leave [surface.adsorbates] out, or "
                "add the atoms to the file"
            )
        shaping = {"element", "structure", "facet", "size", "lattice_constant_A", "c_over_a"}
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
                f"{chosen} refers to one slab, but facet and temperature_K name several; run a "
                f"separate campaign for each"
            )
        if self.top_atoms is not None and len(set(self.top_atoms)) < len(self.top_atoms):
            raise ValueError("top_atoms names an atom twice; name each once")

    def _refuse_no_substrate(self) -> None:
        for symbol in self.substrate or ():
            if symbol not in atomic_numbers or symbol == "X":
                raise ValueError(f"substrate names {symbol!r}, which is not a chemical symbol")
        if self.substrate and self.file is None:
            raise ValueError("substrate applies only to a slab read from a file")

    def _refuse_what_cannot_be_built(self) -> None:
        if not self.rigid and int(self.frozen_layers) >= self.size[2]:
            raise ValueError(
                f"frozen_layers = {self.frozen_layers} leaves none of the {self.size[2]} layers "
                f"of size = {self.size} to move; freeze fewer, or give more layers"
            )
        self.refuse_unbuildable()
        for temperature in self.temperature_K:
            self.given_lattice(temperature)
        for facet in self.facet:
            self.adsorbed(facet)

    def sites(self, facet: str) -> dict[str, tuple[tuple[float, float], ...]]:
        """The sites of a facet by name, in fractions of its cell; none of a file's slab."""
        known = CRYSTALS[self.crystal].get(facet) if self.file is None else None
        return {**known.sites} if known else {}

    def refuse_no_site(self, facet: str, site: str | None, place: list[float] | None) -> None:
        """Raise ValueError unless it is known where a projectile begins that begins adsorbed."""
        there = self.sites(facet)
        if place is None and site is None and not there:
            raise ValueError(
                f"[incidence] place_A is missing: {facet} has no sites with names, so say where "
                "the projectile begins"
            )
        if site is not None and site not in there:
            has = f"has {', '.join(there)}" if there else "has no sites with names; give place_A"
            raise ValueError(f"[incidence] site = {site!r}: {facet} {has}")

    @property
    def rigid(self) -> bool:
        """Whether nothing of the slab moves."""
        return self.frozen_layers == "all"

    def adsorbed(self, facet: str) -> int:
        """How many atoms are adsorbed on a facet.

        Raises:
            ValueError: it has no such site, or a coverage is not a whole number of atoms.
        """
        wanted, known = self.adsorbates, CRYSTALS[self.crystal].get(facet)
        if wanted.species is None:
            return 0
        site, sites = str(wanted.site), known.sites if known else {}
        if site not in sites:
            has = f"has {', '.join(sites)}" if sites else "has no sites with names"
            raise ValueError(
                f"[surface.adsorbates] site = {site!r}: {self.crystal}({facet}) {has}; "
                "choose one, or give the covered slab as a file"
            )
        if wanted.cells is None:
            return len(wanted.atoms) * wanted.count(prod(self.size[:2]) * len(sites[site]))
        if outside := [[i, j] for i, j in wanted.cells if i >= self.size[0] or j >= self.size[1]]:
            raise ValueError(
                f"[surface.adsorbates] cells: {outside[0]} lies outside of size = {self.size}; "
                "cells are counted from 0"
            )
        return len(wanted.atoms) * len(wanted.cells)

    def at_rest(self, T_K: float) -> bool:
        """Whether the slab is at rest when trajectories begin: one state, not thermal snapshots."""
        return self.rigid or T_K == 0

    def relaxes(self, T_K: float) -> bool:
        """Whether the slab is relaxed first."""
        return (T_K == 0 and not self.rigid) if self.relax is None else self.relax

    def pool(self, number: int, T_K: float) -> range:
        """The snapshots of which trajectory `number` of a point draws one."""
        return range(1) if self.at_rest(T_K) else self.thermalise.pool(number)

    def laden_pool(self, number: int, T_K: float) -> range:
        """The same of the states with a projectile adsorbed, which moves on a rigid slab too."""
        return range(1) if T_K == 0 else self.thermalise.pool(number)

    @property
    def labels(self) -> list[str]:
        """What the results call the facets: their indices, or the stem of the slab's file."""
        return list(self.facet) if self.file is None else [Path(self.file).stem]

    @property
    def systems(self) -> list[tuple[str, float]]:
        """Every pair (facet, temperature in K) of the campaign, facets outermost."""
        return [(facet, kelvin) for facet in self.labels for kelvin in self.temperature_K]
