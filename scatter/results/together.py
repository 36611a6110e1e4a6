"""Several campaigns as one: their points side by side, and those of the same conditions pooled."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from scatter.config.identity import FREE, GROWING, LATTICE, OF_POINTS, made_explicit
from scatter.dynamics.guards import Guards
from scatter.foreign import reason, shown
from scatter.phrases import counted
from scatter.results.folder import ResultsFile, by_conditions, conditions_in
from scatter.settings import UserError
from scatter.store import Description

# Keys of the input that say what is fired and what is counted: of one table, they are alike.
COUNTED_BY = ("stop.", "molecule.", "surface.structure")
OWN = {*FREE, *OF_POINTS, *LATTICE, GROWING, "run.seed"}  # keys that campaigns differ in freely
SAME = {  # what a results file says, and what it is called
    "potential_sha256": "potentials",
    "columns": "custom columns",
    "endings": "custom endings",
    "atoms": "sizes of molecules",
    "projectile": "kinds of projectiles",
    "parts": "custom parts",
}
CONSTANTS = "lattice_constant_A"


@dataclass(frozen=True)
class Together(ResultsFile):
    """Campaigns as if they were one.

    Attributes:
        parts: each alone.
    """

    parts: tuple[ResultsFile, ...] = ()

    @property
    def campaigns(self) -> tuple[ResultsFile, ...]:
        """Each alone."""
        return self.parts

    @cached_property
    def guards(self) -> Guards:
        """The strictest of what their inputs allow."""
        each = [part.guards for part in self.parts]
        strictest = {
            name: min(getattr(guards, name) for guards in each)
            for name in ("most_unsettled", "most_failed")
        }
        return each[0].model_copy(update=strictest)

    @cached_property
    def surfaces(self) -> dict[str, str]:
        """What surfaces are called, by facet."""
        return {facet: name for part in self.parts for facet, name in part.surfaces.items()}


def results_of(folders: Sequence[Path], columns: Sequence[str] | None = None) -> ResultsFile:
    """The results in the folders of one campaign, or of several that go together.

    A point that several have is one point with the trajectories of all; one that was split must be
    of one campaign alone.

    Args:
        folders: of the campaigns.
        columns: of the trajectories, by default all.

    Raises:
        UserError: a folder is named twice or has no results; or they do not go together: they ran
            on different potentials, with different masses or endings, give one name to different
            surfaces, hold the same trajectories, share points that were split, or begin on dividing
            surfaces.
    """
    whole = [folder.resolve() for folder in folders]
    for folder, path in zip(folders, whole, strict=True):
        if whole.count(path) > 1:
            raise UserError(f"{folder}: is named twice; name each campaign once")
    parts = [ResultsFile.of(folder, columns) for folder in folders]
    if len(parts) == 1:
        return parts[0]
    for folder, part in zip(folders, parts, strict=True):
        if part.kind == "desorption":
            raise UserError(
                f"{folder}: holds shots from a dividing surface, whose chains are those of one "
                "campaign; name it alone, and enlarge it with more trajectories"
            )
    for mine, theirs in combinations(parts, 2):
        _refuse_unlike(mine, theirs)
    first = parts[0]
    constants = {name: a for part in reversed(parts) for name, a in _table(part, CONSTANTS).items()}
    pooled = {**first.description, CONSTANTS: json.dumps(constants)}
    raw = {formula: columns for part in parts for formula, columns in part.raw.items()}
    description = Description(first.description.path, pooled)
    points, ended = _pooled(parts)
    return Together(points, ended, description, raw, _replicates(parts, points), tuple(parts))


def _replicates(parts: Sequence[ResultsFile], points: np.ndarray) -> np.ndarray:
    """Those of all campaigns, of their points' numbers among all."""
    number = dict(zip(conditions_in(points), points["point"].tolist(), strict=True))
    tables = [part.replicates.copy() for part in parts]
    for part, rows in zip(parts, tables, strict=True):
        its = dict(zip(part.points["point"].tolist(), conditions_in(part.points), strict=True))
        rows["point"] = [number[its[point]] for point in rows["point"].tolist()]
    return np.concatenate(tables)


def _pooled(parts: Sequence[ResultsFile]) -> tuple[np.ndarray, np.ndarray]:
    """All points once, sorted by conditions, and all trajectories that count, numbered anew."""
    every = np.concatenate([part.points for part in parts])
    first = dict(reversed([*zip(conditions_in(every), range(len(every)), strict=True)]))
    points = by_conditions(every[sorted(first.values())])
    points["point"] = np.arange(len(points))
    number = dict(zip(conditions_in(points), range(len(points)), strict=True))
    before, tables = np.zeros(len(points), np.int64), []
    for part in parts:
        own = np.zeros(len(part.points), np.int64)
        own[part.points["point"]] = [
            number[conditions] for conditions in conditions_in(part.points)
        ]
        rows = part.trajectories.copy()
        rows["point"] = own[rows["point"]]
        rows["number"] = rows["number"] + before[rows["point"]]
        before += np.bincount(rows["point"], minlength=len(points))
        tables.append(rows)
    return points, np.concatenate(tables)


def differences(results: ResultsFile) -> list[str]:
    """In which settings campaigns differ that are taken together, such as time steps, in words."""
    tables = [_identity(part) for part in results.campaigns]
    return [
        f"[{key.rpartition('.')[0]}] {key.rpartition('.')[2]}: {', '.join(dict.fromkeys(values))}"
        for key in dict.fromkeys(key for table in tables for key in table)
        for values in ([shown(table.get(key, "not given"), 60) for table in tables],)
        if key not in OWN and len(set(values)) > 1
    ]


def _refuse_unlike(mine: ResultsFile, theirs: ResultsFile) -> None:
    """Raise UserError unless two campaigns go together."""
    a, b = mine.description.path.parent, theirs.description.path.parent
    for key, name in SAME.items():
        if mine.description.get(key) != theirs.description.get(key):
            raise UserError(
                f"{a} and {b} have different {name}, so they cannot be combined; "
                "name only one of them"
            )
    for formula in set(mine.masses) & set(theirs.masses):
        if mine.masses[formula].tolist() != theirs.masses[formula].tolist():
            raise UserError(
                f"{a} and {b} give {formula} different masses, so they cannot be combined; "
                "name only one of them"
            )
    for facet in set(mine.surfaces) & set(theirs.surfaces):
        if mine.surfaces[facet] != theirs.surfaces[facet]:
            raise UserError(
                f"{a} and {b} mean different surfaces by {facet} ({mine.surfaces[facet]}; "
                f"{theirs.surfaces[facet]}), so they cannot be combined; name only one of them"
            )
    _refuse_split_twice(mine, theirs)
    _refuse_other_lattices(mine, theirs)
    _refuse_other_settings(mine, theirs)


def _refuse_split_twice(mine: ResultsFile, theirs: ResultsFile) -> None:
    """Raise UserError if a point that was split is in both, or they ask for different events."""
    a, b = mine.description.path.parent, theirs.description.path.parent
    for part, beside in ((mine, theirs), (theirs, mine)):
        split = np.isin(part.points["point"], part.replicates["point"])
        if {*conditions_in(part.points[split])} & {*conditions_in(beside.points)}:
            raise UserError(
                f"{a} and {b} share points that were split, whose replicates are those of one "
                "campaign; name either, and enlarge it with more replicates"
            )
    products = [part.sampling.target_product for part in (mine, theirs)]
    if products[0] != products[1] and (len(mine.replicates) or len(theirs.replicates)):
        raise UserError(
            f"{a} and {b} differ in [sampling] target_product ({products[0]}; {products[1]}), "
            "which is what points were split for; name either"
        )


def _refuse_other_lattices(mine: ResultsFile, theirs: ResultsFile) -> None:
    """Raise UserError if a slab has two lattice constants that were given; "auto" has errors."""
    a, b = mine.description.path.parent, theirs.description.path.parent
    if "auto" in [_identity(part).get(f"surface.{CONSTANTS}") for part in (mine, theirs)]:
        return
    first, second = _table(mine, CONSTANTS), _table(theirs, CONSTANTS)
    for slab in first.keys() & second.keys():
        if first[slab] != second[slab]:
            raise UserError(
                f"{a} and {b} have {slab} with different lattice constants ({first[slab]} and "
                f"{second[slab]} Å), so they cannot be combined; name only one of them"
            )


def _refuse_other_settings(mine: ResultsFile, theirs: ResultsFile) -> None:
    """Raise UserError unless the same is counted, and common points are alike but for the seed."""
    a, b = mine.description.path.parent, theirs.description.path.parent
    first, second = _identity(mine), _identity(theirs)
    unlike = [
        key
        for key in dict.fromkeys([*first, *second])
        if key not in OWN and first.get(key) != second.get(key)
    ]
    deciding = [key for key in unlike if key.startswith(COUNTED_BY)]
    common = {*conditions_in(mine.points)} & {*conditions_in(theirs.points)}
    for key in deciding or (unlike if common else ()):
        table, _, name = key.rpartition(".")
        raise UserError(
            f"{a} and {b} differ in [{table}] {name} ({shown(first.get(key), 60)}; "
            f"{shown(second.get(key), 60)}), so they cannot be combined; name only one of them"
        )
    if common and mine.description["seed"] == theirs.description["seed"]:
        raise UserError(
            f"{a} and {b} hold {counted(len(common), 'point')} twice, with the same seed: "
            "the trajectories are the same, and would be counted twice; name either"
        )


def _identity(results: ResultsFile) -> dict[str, Any]:
    return made_explicit({**_table(results, "identity")})


def _table(results: ResultsFile, name: str) -> Mapping[str, Any]:
    """A table that a results file says in JSON; empty where it says none.

    Raises:
        UserError: it says something else.
    """
    try:
        table = json.loads(results.description.get(name, "{}"))
        if isinstance(table, dict):
            return table
        raise TypeError("no table")
    except (ValueError, TypeError, RecursionError) as error:
        raise UserError(
            f"{results.description.path}: its '{name}' cannot be read ({reason(error)})"
        ) from error
