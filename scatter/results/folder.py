"""What a campaign's folder holds: its results, judged by what its own input allows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from scatter.analysis import (
    Binning,
    Sticking,
    homonuclear,
    in_turn,
    sticking,
)
from scatter.analysis.motion import Species
from scatter.analysis.words import conditions_of, in_words, leaving_out, phrases, title_of, varied
from scatter.conditions import grouped, tables_of
from scatter.dynamics.guards import Guards
from scatter.ebk import Curve
from scatter.results.read import RawMolecules, not_ours, read_content
from scatter.results.surfaces import surface_names
from scatter.store import Description

if TYPE_CHECKING:
    import pandas as pd

COUNTED = ("point", "number", "outcome", "reason", "energy_error_eV")  # what S0 and its doubts need
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
    """

    points: np.ndarray
    ended: np.ndarray
    description: Description
    raw: RawMolecules

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
        return cls(*read_content(folder, columns, weighted))

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
        return sticking(self.points, self.trajectories, most, self.surfaces, own)

    @cached_property
    def molecules(self) -> Mapping[str, Species]:
        """Masses and bond curves by formula; empty where an earlier version wrote the file.

        Raises:
            UserError: these are not masses and curves.
        """
        path = self.description.path
        return {formula: _molecule(path, formula, raw) for formula, raw in self.raw.items()}

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
    def words(self) -> str:
        """The conditions that all points share."""
        return in_words(self.rows, self.surfaces)

    def columns(self, *names: str) -> tuple[str, ...]:
        """Names of columns; before them those of the conditions in which points differ."""
        return tuple(dict.fromkeys((*varied(self.rows), *names)))

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
