"""The tables of `input.toml` that concern the campaign as a whole, and all tables together."""

from math import prod
from typing import Annotated, Literal, get_args

from pydantic import Discriminator, Field, Tag, model_validator

from scatter.dynamics.guards import Guards
from scatter.dynamics.stop import Dynamics, Stop
from scatter.initial.incidence import Incidence
from scatter.initial.molecule import Molecule
from scatter.initial.surface import Surface
from scatter.potentials.table import PotentialTable
from scatter.settings import NonNegativeInt, PositiveInt, Table, word_or_number

NumberOrAuto = Annotated[
    Annotated[int, Field(gt=0, le=100_000), Tag("number")]
    | Annotated[Literal["auto"], Tag("word")],
    Discriminator(word_or_number),
]


class Run(Table):
    """Table `[run]`: the seed, and how the campaign is run; only the seed affects the results."""

    seed: NonNegativeInt = Field(
        le=2**63 - 1, default=0, description="Seed of all random numbers of the campaign."
    )
    output: str | None = Field(
        default=None,
        min_length=1,
        description="Folder for the results, relative to the current one; by default `runs/` and "
        "the name of the input file without its ending.",
    )
    slots: NumberOrAuto = Field(
        default="auto", description="Trajectories that each rank propagates at once."
    )
    threads: NumberOrAuto = Field(
        default="auto",
        description='Threads of each rank; "auto" is its share of the cores that the machine, CPU '
        "binding and container quota leave to the ranks there, and at most OMP_NUM_THREADS. A "
        "batch is spread over them only while that is faster than one thread; results are the same "
        "to the bit.",
    )


MOST_POINTS = 100_000
MOST_TRAJECTORIES = 10**9  # of a campaign

Count = Annotated[int, Field(gt=0, le=10**9)]


class Sampling(Table):
    """Table `[sampling]`: how many trajectories are run.

    With a target, `trajectories` is the first round of every point, and more rounds follow at
    points whose S0 is not yet known well enough. With two targets, meeting either is enough. Both
    may be changed, added or removed when a campaign is continued: a tighter target adds
    trajectories, a looser one runs none and keeps those that exist.
    """

    trajectories: Count = Field(
        default=1000,
        description="Trajectories of each point, or with a target those of its first round; may be "
        "increased when a campaign is continued.",
    )
    target_error: Annotated[float, Field(gt=0, lt=0.5)] | None = Field(
        default=None,
        description="Largest half-width allowed for the 95 % interval of every S0.",
    )
    target_relative_error: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None,
        description="The same, divided by S0; where S0 is almost 0, only an additional "
        "`target_error` ends a point before `max_trajectories`.",
    )
    max_trajectories: Count | None = Field(
        default=None,
        description="The most trajectories that a target may add up to at any point; by default "
        "10 times `trajectories`.",
    )

    @property
    def targeted(self) -> bool:
        """Whether a target sets the number of trajectories."""
        return self.target_error is not None or self.target_relative_error is not None

    @property
    def most(self) -> int:
        """The largest number of trajectories at any point."""
        if not self.targeted:
            return self.trajectories
        return self.max_trajectories or 10 * self.trajectories

    @model_validator(mode="after")
    def _most_of_a_target(self) -> "Sampling":
        if self.max_trajectories is None:
            return self
        if not self.targeted:
            raise ValueError(
                f"max_trajectories = {self.max_trajectories} limits a target, and there is none; "
                "give target_error or target_relative_error, or trajectories alone"
            )
        if self.max_trajectories < self.trajectories:
            raise ValueError(
                f"max_trajectories = {self.max_trajectories} is less than the first round, "
                f"trajectories = {self.trajectories}; raise the former or lower the latter"
            )
        return self


class Frames(Table):
    """Table `[frames]`: which trajectories are recorded as frames."""

    trajectories: NonNegativeInt = Field(
        default=0,
        description="How many trajectories of each point are recorded: the first by number.",
    )
    every: PositiveInt = Field(default=10, description="Time steps between recorded frames.")


class Input(Table):
    """A whole `input.toml`: what a campaign computes, and how."""

    run: Run = Run()
    molecule: Molecule
    incidence: Incidence
    surface: Surface
    potential: PotentialTable = PotentialTable()
    dynamics: Dynamics = Dynamics()
    stop: Stop = Stop()
    guards: Guards = Guards()
    sampling: Sampling = Sampling()
    frames: Frames = Frames()

    @model_validator(mode="after")
    def _not_endless(self) -> "Input":
        parts = {
            "facets and temperatures": len(self.surface.systems),
            "molecules and states": len(self.molecule.conditions),
            "energies": len(self.incidence.energies),
            "angles": len(self.incidence.polars) * len(self.incidence.azimuths),
        }
        points = prod(parts.values())
        if points > MOST_POINTS or points * self.sampling.most > MOST_TRAJECTORIES:
            each = ", ".join(f"{count:,} {name}" for name, count in parts.items())
            raise ValueError(
                f"the product of its lists is {points:,} points ({each}) of "
                f"{self.sampling.most:,} trajectories; at most {MOST_POINTS:,} points and "
                f"{MOST_TRAJECTORIES:,} trajectories fit into one campaign, so divide it"
            )
        return self


def tables(table: type[Table] = Input, name: str = "") -> dict[str, type[Table]]:
    """Every table by the name in its brackets, such as `surface.thermalise`, in order.

    What may only be a table is a table; what may also be something else, such as a range of
    energies, is a key.
    """
    named = {}
    for key, field in table.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Table) and not get_args(inner):
            named[f"{name}{key}"] = inner
            named |= tables(inner, f"{name}{key}.")
    return named
