"""What a file says of the campaign that it belongs to."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from scatter.columns import BRANCH, WEIGHT, Column
from scatter.conditions import ADSORBED
from scatter.foreign import reason
from scatter.outcomes import DESORBED, Outcome, OwnEnding, ending_names
from scatter.rows import ATOMS, KINDS, usual_columns
from scatter.settings import UserError

MOST_ATOMS = 100  # of a projectile
Table = TypeVar("Table", bound=BaseModel)


class Description(dict[str, Any]):
    """What a file says of its campaign; to ask for what it does not say is the user's mistake."""

    def __init__(self, path: Path, described: Mapping[str, object]):
        """Keep what was said."""
        super().__init__(described)
        self.path = path

    @property
    def own_endings(self) -> tuple[OwnEnding, ...]:
        """The user's own endings, in the order of their codes; none where the file names none."""
        return tuple(OwnEnding(str(name), bool(sticks)) for name, sticks in self._list("endings"))

    @property
    def ending_names(self) -> dict[int, str]:
        """What endings are called, by their codes; what begins adsorbed does not scatter."""
        names = ending_names(self.own_endings)
        if self.get("projectile") == ADSORBED:
            names[int(Outcome.SCATTERED)] = DESORBED
        return names

    @property
    def own_columns(self) -> tuple[Column, ...]:
        """The user's own columns, behind the usual ones."""
        return tuple(Column(*map(str, column)) for column in self._list("columns"))

    @property
    def columns(self) -> list[Column]:
        """All columns of `/trajectories`."""
        atoms = self.get("atoms", ATOMS)
        if not isinstance(atoms, int) or not 0 < atoms <= MOST_ATOMS:
            raise UserError(f"{self.path}: its 'atoms' is not a number from 1 to {MOST_ATOMS}")
        kind = self.get("projectile", "diatomic")
        if kind not in KINDS:
            raise UserError(f"{self.path}: its 'projectile' must be one of {', '.join(KINDS)}")
        return [*usual_columns(atoms, kind), *self.own_columns]

    @property
    def weighted(self) -> bool:
        """Whether a sampler gave trajectories weights or branches, so that they are not alike."""
        return not {BRANCH.name, WEIGHT.name}.isdisjoint(column.name for column in self.own_columns)

    def refuse_weights(self) -> None:
        """Raise UserError if trajectories cannot be counted as if all were alike."""
        if self.weighted:
            raise UserError(
                f"{self.path}: its trajectories stand for different numbers of others (column "
                f"'{WEIGHT.name}' or '{BRANCH.name}'), and this version has no weighted estimates; "
                "average over scatter.Results.open(folder).trajectories yourself"
            )

    def table(self, name: str, kind: type[Table]) -> Table:
        """A table of the campaign's input; the rest of that input is not looked at.

        Raises:
            UserError: there is no input, or that table of it cannot be read.
        """
        try:
            return kind.model_validate(tomllib.loads(self["input"]).get(name, {}))
        except (ValueError, RecursionError) as error:
            raise self.unreadable(error) from error

    def unreadable(self, error: Exception) -> UserError:
        """The mistake of an input that cannot be read."""
        return UserError(f"{self.path}: the input in it cannot be read ({reason(error)})")

    def _list(self, key: str) -> list[list[Any]]:
        """The list of lists under a key, as itself or as JSON; empty if the key is absent.

        Raises:
            UserError: it is not a list of lists.
        """
        value = self.get(key, [])
        try:
            rows = json.loads(value) if isinstance(value, str) else value
            if not all(isinstance(row, list) for row in rows):
                raise TypeError("no list of lists")
        except (ValueError, TypeError, RecursionError) as error:
            raise UserError(f"{self.path}: its '{key}' cannot be read ({error})") from error
        return rows

    def __missing__(self, key: str) -> Any:
        raise UserError(
            f"{self.path}: does not state its '{key}'; run the same campaign again to add it "
            f"(nothing else is run again)"
        )
