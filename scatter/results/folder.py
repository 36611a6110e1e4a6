"""What a campaign's folder holds: its results, judged by what its own input allows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from scatter import store
from scatter.analysis import (
    Binning,
    Sticking,
    homonuclear,
    in_turn,
    sticking,
)
from scatter.analysis.motion import Species
from scatter.analysis.repeated import Passage, passages
from scatter.analysis.words import conditions_of, in_words, leaving_out, phrases, title_of, varied
from scatter.conditions import CONDITIONS, OF_KIND, STATE, grouped, tables_of
from scatter.config import Sampling
from scatter.dynamics.guards import Guards
from scatter.ebk import Curve
from scatter.initial.formulas import atoms_of
from scatter.initial.molecule import Molecule as Molecules
from scatter.results.read import RawMolecules, not_ours, read_content
from scatter.results.surfaces import surface_names
from scatter.rows import kind_of_columns
from scatter.settings import UserError
from scatter.store import Description

if TYPE_CHECKING:
    import pandas as pd

# What S0, its interval and its doubts need.
COUNTED = ("point", "number", "outcome", "reason", "energy_error_eV", "snapshot")
# Conditions as campaigns vary them, the last fastest.
ORDER = [*dict.fromkeys([*("facet", "T_K", "molecule"), *STATE, *CONDITIONS])]
Rows = TypeVar("Rows", list[Sticking], "pd.DataFrame")


@dataclass(frozen=True)
class Molecule:
    """Masses (amu) and bond curve of a molecule, as `scatter.analysis.Species` asks."""

    masses: np.ndarray
    curve: Curve


@dataclass(frozen=True)
class ResultsFile:
    """A campaign's `results.h5`, and what follows from it.

    Attributes:
        points: /points.
        ended: /trajectories, all of them.
        description: the attributes.
        raw: columns of each molecule, as the file has them.
        replicates: /replicates.
    """

    points: np.ndarray
    ended: np.ndarray
    description: Description
    raw: RawMolecules
    replicates: np.ndarray

    @classmethod
    def of(
        cls, folder: Path, columns: Sequence[str] | None = None, weighted: bool = False
    ) -> "ResultsFile":
        """The results in a campaign's folder.

        Args:
            folder: the campaign's.
            columns: of the trajectories, by default all; for S0 alone, `COUNTED` are enough.
            weighted: trajectories with weights are wanted too, of which no `rows` are made.

        Raises:
            UserError: there are none, they cannot be read, or trajectories have weights.
        """
        points, ended, description, raw, replicates = read_content(folder, columns, weighted)
        if store.GROWN in description:  # points stand there in the order in which they came
            points = by_conditions(points)
        return cls(points, ended, description, raw, replicates)

    @cached_property
    def trajectories(self) -> np.ndarray:
        """Those of /trajectories that count: in an unfinished campaign the ones `in_turn`."""
        return self.ended if self.description.weighted else in_turn(self.ended)

    @cached_property
    def guards(self) -> Guards:
        """What the campaign's input allows."""
        return self.description.table("guards", Guards)

    @cached_property
    def surfaces(self) -> dict[str, str]:
        """What surfaces are called, by facet."""
        return surface_names(self.description, self.points["facet"].tolist())

    @cached_property
    def rows(self) -> list[Sticking]:
        """How the trajectories of each point ended; S0 is known where the input's guards allow."""
        most, own = self.guards.most_unsettled, self.description.own_endings
        rows = sticking(self.points, self.trajectories, most, self.surfaces, own)
        if self.sampling.target_product is not None:  # replicates are of that, not of S0
            return rows
        for place, passage in self.passages.items():
            known = passage.unsettled <= most
            rows[place] = replace(rows[place], repeated=passage.probability, known=known)
        return rows

    @cached_property
    def sampling(self) -> Sampling:
        """The campaign's `[sampling]`."""
        return self.description.table("sampling", Sampling)

    @cached_property
    def passages(self) -> dict[int, Passage]:
        """How points that were split came through their levels, by their places among `rows`."""
        places = {int(number): place for place, number in enumerate(self.points["point"])}
        return {places[number]: each for number, each in passages(self.replicates).items()}

    @cached_property
    def molecules(self) -> Mapping[str, Species]:
        """Masses and bond curves by formula; empty where an earlier version wrote the file.

        Raises:
            UserError: these are not masses and curves.
        """
        path = self.description.path
        return {formula: _molecule(path, formula, raw) for formula, raw in self.raw.items()}

    @property
    def kind(self) -> str:
        """The kind of projectile: "atom", "diatomic" or "polyatomic"."""
        return kind_of_columns([column.name for column in self.description.columns])

    @cached_property
    def masses(self) -> Mapping[str, np.ndarray]:
        """Masses of the atoms of each projectile, amu, by formula; empty as `molecules` may be."""
        if self.kind in ("diatomic", "desorption"):
            return {formula: species.masses for formula, species in self.molecules.items()}
        given = self.description.table("molecule", Molecules).masses_amu
        formulas = dict.fromkeys(self.points["molecule"].tolist())
        return {f: np.array([mass for _, mass in atoms_of(f, given)]) for f in formulas}

    def refuse_other_than_diatomics(self, what: str) -> None:
        """Raise UserError if the projectile is not a diatomic, as something needs."""
        if self.kind != "diatomic":
            raise UserError(
                f"{self.description.path}: {what} is known of diatomics only, and this campaign "
                f"fired {', '.join(dict.fromkeys(self.points['molecule'].tolist()))}"
            )

    def alike(self, binning: Binning) -> Binning:
        """A way of binning that knows from their masses which molecules are homonuclear."""
        if not self.molecules:
            return binning
        formulas = frozenset(
            formula
            for formula, species in self.molecules.items()
            if homonuclear(formula, species.masses.tolist())
        )
        return replace(binning, alike=formulas)

    @property
    def campaigns(self) -> "tuple[ResultsFile, ...]":
        """This one; of several that are taken together, each alone."""
        return (self,)

    def number_of(self, row: Sticking) -> int:
        """The number of a row's point, as trajectories name it."""
        return int(self.points["point"][next(n for n, own in enumerate(self.rows) if own is row)])

    def numbered_as(self, other: "ResultsFile") -> "ResultsFile":
        """The same with the numbers that another campaign gives to points of these conditions.

        Raises:
            UserError: the other has other points.
        """
        own, its = conditions_in(self.points), conditions_in(other.points)
        if {*own} != {*its}:
            raise UserError(
                f"{self.description.path}: its points are not those of {other.description.path}; "
                "run the same input on both"
            )
        number = dict(zip(its, other.points["point"].tolist(), strict=True))
        renumbered = np.zeros(len(own), "u4")
        renumbered[self.points["point"]] = [number[conditions] for conditions in own]
        ended = self.ended.copy()
        ended["point"] = renumbered[ended["point"]]
        return replace(self, points=other.points, ended=ended)

    @property
    def words(self) -> str:
        """The conditions that all points share."""
        return in_words(self.rows, self.surfaces)

    def columns(self, *names: str) -> tuple[str, ...]:
        """Names of columns; before them those of the conditions in which points differ.

        Conditions that do not apply to the projectile are left out.
        """
        apply = OF_KIND[self.kind]
        every = dict.fromkeys((*varied(self.rows), *names))
        return tuple(name for name in every if name not in CONDITIONS or name in apply)

    def scans(self, rows: Rows, axis: str = "energy_eV") -> list[tuple[str, Rows]]:
        """Rows that differ along one axis alone, with the words that name them."""
        groups: list[Any]
        if isinstance(rows, list):
            groups = grouped(rows, axis)
            first = [group[0] for group in groups]
        else:
            groups = tables_of(rows, axis)
            first = [next(iter(group.itertuples())) for group in groups]
        phrased = phrases([conditions_of(row, self.surfaces) for row in first])
        words = [", ".join(title_of([leaving_out(each, axis)])) for each in phrased]
        return sorted(zip(words, groups, strict=True), key=lambda scan: scan[0])


def by_conditions(points: np.ndarray) -> np.ndarray:
    """Points sorted by their conditions: numbers as they rise, words as they first come."""
    keys = [_rank(points[name]) for name in ORDER if name in (points.dtype.names or ())]
    return points[np.lexsort(keys[::-1])]


def _rank(values: np.ndarray) -> np.ndarray:
    """Numbers themselves; of words, how many others came before."""
    if values.dtype.kind != "O":
        return values
    first = {word: n for n, word in enumerate(dict.fromkeys(values.tolist()))}
    return np.array([first[word] for word in values.tolist()])


def conditions_in(points: np.ndarray) -> list[tuple[object, ...]]:
    """The conditions of each point, so that equal ones compare as equal; None: not chosen."""
    names = [name for name in points.dtype.names or () if name != "point"]
    return [tuple(None if v != v else v for v in row) for row in points[names].tolist()]


def _molecule(path: Path, formula: str, raw: Mapping[str, list]) -> Molecule:
    """Masses and curve of a molecule, once they are known to be that."""
    try:
        masses, r, V = (
            np.array(raw[name], float) for name in ("masses_amu", "bond_A", "energy_eV")
        )
        good = masses.shape == (2,) and (masses > 0).all() and r.shape == V.shape
        good = good and len(r) > 5 and (np.diff(r) > 0).all()
        if good and all(np.isfinite(values).all() for values in (masses, r, V)):
            return Molecule(masses, Curve(r, V))
    except (KeyError, ValueError, TypeError):
        pass
    raise not_ours(path, f"'molecules/{formula}' is not a pair of masses with a bond curve")
