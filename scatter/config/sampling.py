"""Table `[sampling]`: how many trajectories are run, and how rare events are reached."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from scatter.settings import Table

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
        "increased when a campaign is continued. For splitting: starts of each replicate, which "
        "may not be increased.",
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
    target_product: Annotated[str, Field(min_length=1, max_length=80)] | None = Field(
        default=None,
        description="Product whose probability takes the place of S0 in targets and splitting, "
        'as "CHD2* + D*"; for atoms and polyatomics.',
    )
    max_trajectories: Count | None = Field(
        default=None,
        description="Most trajectories that a target may reach at any point; by default "
        "10 times `trajectories`.",
    )

    method: Literal["crude", "splitting", "auto"] = Field(
        default="crude",
        description='"crude" counts trajectories drawn at random; "splitting" is for rare events: '
        "replicates of as many starts as `trajectories` climb from level to level, by moves that "
        'preserve their distribution; "auto" splits the points at which a crude first round found '
        "fewer than 10 events.",
    )
    replicates: Annotated[int, Field(ge=2, le=10_000)] | None = Field(
        default=None,
        description="For splitting: independent replicates of each point, or with a target the "
        "first ones; by default 8. May be increased when a campaign is continued.",
    )
    moves: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None,
        description="For splitting: moves M of each chain between two levels; by default 4. "
        "From each level `trajectories`/(M + 1) chains go on, of which all starts count.",
    )
    max_replicates: Annotated[int, Field(ge=2, le=10_000)] | None = Field(
        default=None,
        description="For splitting: most replicates that a target may reach at any point; "
        "by default 8 times `replicates`.",
    )

    @property
    def splits(self) -> bool:
        """Whether points may be split."""
        return self.method != "crude"

    @property
    def first_replicates(self) -> int:
        """Replicates of a point that is split, before any target is looked at."""
        return self.replicates or 8

    @property
    def most_replicates(self) -> int:
        """The most replicates of a point that is split."""
        if not self.targeted:
            return self.first_replicates
        return self.max_replicates or 8 * self.first_replicates

    @property
    def most_moves(self) -> int:
        """Moves of each start from one level to the next."""
        return self.moves or 4

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
    def _keys_of_splitting(self) -> "Sampling":
        given = sorted({"replicates", "moves", "max_replicates"} & self.model_fields_set)
        if given and not self.splits:
            raise ValueError(
                f"{given[0]} = {getattr(self, given[0])} applies to splitting only, and "
                'method is "crude"; remove it, or write method = "splitting" or "auto"'
            )
        if self.max_replicates is None:
            return self
        if not self.targeted or self.max_replicates < self.first_replicates:
            raise ValueError(
                f"max_replicates = {self.max_replicates} limits a target error, and must be at "
                f"least replicates = {self.first_replicates}; raise it, or remove it where there "
                "is no target_error or target_relative_error"
            )
        return self

    @model_validator(mode="after")
    def _product_of_a_target(self) -> "Sampling":
        if self.target_product is not None and not self.targeted and not self.splits:
            raise ValueError(
                f"target_product = {self.target_product!r} names what a target or splitting is "
                f"for, and there is neither; give target_error or target_relative_error, or a "
                f"method"
            )
        return self

    @model_validator(mode="after")
    def _most_of_a_target(self) -> "Sampling":
        if self.max_trajectories is None:
            return self
        if not self.targeted:
            raise ValueError(
                f"max_trajectories = {self.max_trajectories} limits a target error, and there is "
                f"none; give target_error or target_relative_error, or trajectories alone"
            )
        if self.max_trajectories < self.trajectories:
            raise ValueError(
                f"max_trajectories = {self.max_trajectories} is less than the first round, "
                f"trajectories = {self.trajectories}; raise the former or lower the latter"
            )
        return self
