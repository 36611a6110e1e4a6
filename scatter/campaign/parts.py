"""What a campaign is made of beyond what its input says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scatter.campaign.samplers import Sampler
from scatter.columns import BATH, BRANCH, ELECTRONS, ELECTRONS_OF_A_BOND, WEIGHT, Column
from scatter.dynamics.endings import Ending
from scatter.dynamics.motions import Motion, Verlet
from scatter.dynamics.observers import Observer
from scatter.initial.projectile import Diatomic, Projectile
from scatter.outcomes import OwnEnding
from scatter.rows import ATOMS, COLUMNS, KINDS, usual_columns
from scatter.settings import UserError

USUAL = {
    "motion": Verlet.identity,
    "endings": [],
    "observers": [],
    "projectile": f"{Diatomic.__module__}.{Diatomic.__qualname__}",
    "columns": [],
}  # what a campaign is made of whose input says all


@dataclass(frozen=True)
class Parts:
    """What a campaign is made of beyond what its input says; by default of nothing more.

    Attributes:
        motion: the integrator, in place of that of `[dynamics]`.
        endings: custom ones, looked at before the usual ones.
        observers: custom ones, beside the usual ones.
        projectile: makes a projectile of a diatomic's numbers, masses, curve and states.
        sampler: says which starts are wanted, in place of `[sampling]`.
        kind: of projectile, which the input says.
    """

    motion: Motion | None = None
    endings: tuple[Ending, ...] = ()
    observers: tuple[Observer, ...] = ()
    projectile: Callable[..., Projectile] = Diatomic
    sampler: Sampler | None = None
    kind: str = "diatomic"

    @property
    def columns(self) -> list[Column]:
        """What they write into rows beyond the usual columns.

        Raises:
            UserError: a column is there twice, or is a usual one, or not its writer's to write.
        """
        own = [column for part in (*self.observers, *self.endings) for column in part.columns]
        sampled = [*self.sampler.columns] if self.sampler else []
        if reserved := {column.name for column in own} & {BRANCH.name, WEIGHT.name}:
            raise UserError(
                f"columns: {', '.join(sorted(reserved))} is a sampler's to write; choose another "
                "name"
            )
        if not {*sampled} <= {BRANCH, WEIGHT}:
            raise UserError(
                "columns: a sampler writes BRANCH and WEIGHT alone; declare other columns in an "
                "observer"
            )
        own += sampled
        sometimes = (*BATH, *ELECTRONS, *ELECTRONS_OF_A_BOND)
        usual = {each.name for each in (*COLUMNS, *sometimes, *usual_columns(ATOMS, self.kind))}
        names = [*usual, *(column.name for column in own)]
        if twice := {name for name in names if names.count(name) > 1}:
            raise UserError(
                f"columns: {', '.join(sorted(twice))} would be written twice; give each column a "
                f"name of its own"
            )
        return own

    @property
    def own(self) -> tuple[OwnEnding, ...]:
        """Endings beyond those of `Outcome`, the user's first, in the order of their codes."""
        own = (OwnEnding(ending.name, ending.sticks) for ending in self.endings)
        return (*own, *KINDS[self.kind].endings)

    @property
    def identity(self) -> dict[str, Any]:
        """All that shapes trajectories and rows of it; empty where it is as usual."""
        sampler = {"sampler": self.sampler.identity} if self.sampler else {}
        own = {
            "motion": self.motion.identity if self.motion else USUAL["motion"],
            "endings": [[ending.name, ending.sticks, ending.identity] for ending in self.endings],
            "observers": [[observer.name, observer.identity] for observer in self.observers],
            "projectile": f"{self.projectile.__module__}.{self.projectile.__qualname__}",
            "columns": [list(column) for column in self.columns],
            **{name: identity for name, identity in sampler.items() if identity},
        }
        return {} if own == USUAL else own
