"""The tables of `input.toml` that concern the campaign as a whole, and all tables together."""

from math import prod
from typing import Annotated, Literal, get_args

from pydantic import Discriminator, Field, Tag, model_validator

from scatter.conditions import ADSORBED
from scatter.config.sampling import Sampling
from scatter.dynamics.guards import Guards
from scatter.dynamics.stop import Dynamics, Stop
from scatter.friction.table import FrictionTable
from scatter.initial.incidence import DIVIDE_A, Incidence
from scatter.initial.molecule import EITHER, Condition, Molecule
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
        "binding and container quota allow, and at most OMP_NUM_THREADS. A batch is spread over "
        "them only while that is faster than one thread; results are bit for bit the same.",
    )


MOST_POINTS = 100_000
MOST_TRAJECTORIES = 10**9  # of a campaign


class Frames(Table):
    """Table `[frames]`: which trajectories are recorded as frames."""

    trajectories: NonNegativeInt = Field(
        default=0,
        description="Number of trajectories recorded at each point: the first ones.",
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
    friction: FrictionTable = FrictionTable()
    stop: Stop = Stop()
    guards: Guards = Guards()
    sampling: Sampling = Sampling()
    frames: Frames = Frames()

    @model_validator(mode="after")
    def _one_aim(self) -> "Input":
        if self.incidence.aim_atom is not None and len(self.surface.labels) > 1:
            raise ValueError(
                f"[incidence] aim_atom refers to one slab, but [surface] facet = "
                f"{self.surface.facet} names several; run a separate campaign for each"
            )
        return self

    @property
    def bond_limits(self) -> Stop | None:
        """What bounds the bond of a diatomic that comes in; what begins adsorbed has a graph."""
        return None if self.incidence.adsorbed else self.stop

    @property
    def states(self) -> list[Condition]:
        """Every internal state of every molecule; what begins adsorbed has that of the surface."""
        if self.incidence.adsorbed:
            return [Condition(formula, state=ADSORBED) for formula in self.molecule.formula]
        return self.molecule.conditions

    @model_validator(mode="after")
    def _one_state(self) -> "Input":
        """A diatomic that comes in has v and J; what begins adsorbed has no state of its own."""
        given = self.molecule.of_states
        if self.incidence.adsorbed and given:
            raise ValueError(
                f"[molecule] {given[0]} describes the state of an incident molecule, but with "
                f'[incidence] kind = "{self.incidence.kind}" it has the temperature of the '
                "surface; remove it"
            )
        if self.kind == "diatomic" and not given:
            raise ValueError(f"[molecule]: {EITHER}")
        return self

    @model_validator(mode="after")
    def _place_of_its_own(self) -> "Input":
        """Where adsorbed projectiles are put is known of every facet."""
        if self.incidence.adsorbed:
            for facet in self.surface.labels:
                self.surface.refuse_no_site(facet, self.incidence.site, self.incidence.place_A)
        return self

    @model_validator(mode="after")
    def _not_seen_when_split(self) -> "Input":
        if not self.sampling.splits:
            return self
        given = {
            f"[frames] trajectories = {self.frames.trajectories}": self.frames.trajectories > 0,
            "[potential] committee": bool(self.potential.committee),
            f'[incidence] kind = "{self.incidence.kind}"': self.incidence.kind != "beam",
        }
        for what, is_given in given.items():
            if is_given:
                raise ValueError(
                    f"{what} applies to crude trajectories only, and [sampling] method is "
                    f'"{self.sampling.method}"; remove it, or write method = "crude"'
                )
        return self

    @model_validator(mode="after")
    def _of_the_kind(self) -> "Input":
        """What is said of reactions is not said of diatomics, and the other way round."""
        fired, kind = self.molecule.formula[0], self.kind
        if kind == "desorption":
            self._refuse_no_desorption(fired)
            kind = self.molecule.kind
        if kind == "diatomic":
            given = [f"[stop] {key}" for key in self.stop.of_reactions]
            given += ["[sampling] target_product"] * (self.sampling.target_product is not None)
            if given:
                raise ValueError(
                    f"{given[0]} applies to atoms and polyatomics only, and {fired} is a "
                    f"diatomic; remove it"
                )
        elif "dissociated_A" in self.stop.model_fields_set:
            which = f"{fired} begins adsorbed" if kind == ADSORBED else f"{fired} is not one"
            raise ValueError(
                f"[stop] dissociated_A applies to beams of diatomics only, and {which}; remove it"
                + (', or give bonds = {"C-H" = 2.5}' if kind != "atom" else "")
            )
        return self

    def _refuse_no_desorption(self, fired: str) -> None:
        """Raise ValueError unless molecules may begin on a dividing surface."""
        bond, longest = self.incidence.divide_A or DIVIDE_A, self.stop.dissociated_A
        wrong = {
            f"[incidence] kind = 'desorption' is for diatomics only, and {fired} is not one; "
            'fire it as a "beam"': self.molecule.kind != "diatomic",
            "[molecule]: v, j, mj and states are for beams only, since molecules that desorb have "
            "no initial state; remove them": self.molecule.quantised
            or self.molecule.mj is not None,
            f"[incidence] divide_A = {bond:g} must be shorter than [stop] dissociated_A = "
            f"{longest:g}, where molecules come from; choose a bond between the barrier's and "
            "that": bond >= longest,
            "[surface] temperature_K = 0: nothing desorbs from a surface at rest; give a "
            "temperature": min(self.surface.temperature_K) == 0,
            "[friction]: the way back in time is that of equilibrium, where electrons have the "
            "temperature of the surface; remove electrons_K and laser": self.friction.given
            and (
                self.friction.electrons_K is not None
                or self.friction.laser.fluence_mJ_per_cm2 is not None
            ),
            "[sampling]: a target is of S0, which a desorption campaign has not; give trajectories "
            "alone": self.sampling.targeted,
        }
        if sentence := next((text for text, holds in wrong.items() if holds), None):
            raise ValueError(sentence)

    @property
    def kind(self) -> str:
        """What rows are of, of `rows.KINDS`: that of its molecules, or of how they begin."""
        return self.molecule.kind if self.incidence.kind == "beam" else self.incidence.kind

    @model_validator(mode="after")
    def _not_endless(self) -> "Input":
        parts = {
            "facets and temperatures": len(self.surface.systems),
            "molecules and states": len(self.states),
            "energies": len(self.incidence.energies),
            "angles": len(self.incidence.polars) * len(self.incidence.azimuths),
        }
        points = prod(parts.values())
        if points > MOST_POINTS or points * self.sampling.most > MOST_TRAJECTORIES:
            each = ", ".join(f"{count:,} {name}" for name, count in parts.items())
            raise ValueError(
                f"the product of its lists is {points:,} points ({each}) of "
                f"{self.sampling.most:,} trajectories; at most {MOST_POINTS:,} points and "
                f"{MOST_TRAJECTORIES:,} trajectories are allowed in one campaign, so split it"
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
