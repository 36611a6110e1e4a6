"""A campaign's results as its page is made of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from scatter import store
from scatter.analysis import (
    PARITY,
    Binning,
    Sticking,
    homonuclear,
    in_turn,
)
from scatter.analysis.ledger import Species
from scatter.analysis.per_point import tables_of
from scatter.analysis.words import conditions_of, in_words, leaving_out, phrases, title_of, varied
from scatter.campaign.failures import guards_in, judged
from scatter.campaign.surfaces import surfaces_of
from scatter.conditions import grouped
from scatter.dynamics.guards import Guards
from scatter.ebk import Curve
from scatter.results import Told

MOST = 8  # initial states that get figures of their own
Rows = TypeVar("Rows", list[Sticking], pd.DataFrame)


@dataclass(frozen=True)
class Molecule:
    """Masses (amu) and bond curve of a molecule, as `scatter.analysis.Species` asks."""

    masses: np.ndarray
    curve: Curve


@dataclass(frozen=True)
class Results:
    """A campaign's results: `points` and `trajectories` of results.h5, and what is made of them.

    Attributes:
        points: /points.
        trajectories: those of /trajectories that are `in_turn`.
        attributes: of the file.
        molecules: masses and bond curves, by formula; empty in files that do not hold them.
        rows: sticking probabilities.
        binning: how final quantum numbers become whole ones.
        surfaces: what surfaces are called, by facet.
    """

    points: np.ndarray
    trajectories: np.ndarray
    attributes: Told
    molecules: Mapping[str, Species]
    rows: list[Sticking]
    binning: Binning
    surfaces: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path, binning: Binning = PARITY) -> "Results":
        """The results in a campaign's folder.

        Raises:
            UserError: there are none.
        """
        points, ended, attributes = store.read_results(folder)
        molecules = {
            formula: Molecule(one["masses_amu"], Curve(one["bond_A"], one["energy_eV"]))
            for formula, one in store.read_molecules(folder).items()
        }
        if molecules:
            binning = replace(binning, alike=_alike(molecules))
        surfaces = surfaces_of(points, attributes)
        rows = judged(points, ended, attributes)
        return cls(points, in_turn(ended), attributes, molecules, rows, binning, surfaces)

    @property
    def guards(self) -> Guards:
        """What the campaign's input allows."""
        return guards_in(self.attributes.path, self.attributes["input"])

    @property
    def words(self) -> str:
        """The conditions that all points share."""
        return in_words(self.rows, self.surfaces)

    def columns(self, *names: str) -> tuple[str, ...]:
        """Names of columns; before them those of the conditions in which points differ."""
        return tuple(dict.fromkeys((*varied(self.rows), *names)))

    def scans(self, rows: Rows, axis: str = "energy_eV") -> list[tuple[str, Rows]]:
        """Rows that differ along one axis alone, with the words that name them."""
        if isinstance(rows, pd.DataFrame):
            groups: list[Any] = tables_of(rows, axis)
            first = [next(group.itertuples()) for group in groups]
        else:
            groups = grouped(rows, axis)
            first = [group[0] for group in groups]
        conditions = [conditions_of(row, self.surfaces) for row in first]
        told = phrases([leaving_out(described, axis) for described in conditions])
        words = [", ".join(title_of([one])) for one in told]
        return sorted(zip(words, groups, strict=True), key=lambda found: found[0])

    def shown(self, rows: Rows, sentences: list[str]) -> list[tuple[str, Rows]]:
        """The first scans; the sentences say how many more there are."""
        found = self.scans(rows)
        if len(found) > MOST:
            sentences.append(f"{len(found) - MOST} of {len(found)} initial states are not drawn.")
        return found[:MOST]


def _alike(molecules: Mapping[str, Species]) -> frozenset[str]:
    """Formulas of the molecules whose nuclei are one isotope, as their masses say."""
    return frozenset(
        formula for formula, one in molecules.items() if homonuclear(formula, one.masses.tolist())
    )


def stem_of(words: str) -> str:
    """A name for files from words; other words give another name."""
    kept = "".join(letter if letter.isalnum() or letter in "-." else " " for letter in words)
    return "_".join(kept.split())
