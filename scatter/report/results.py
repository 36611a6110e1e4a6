"""A campaign's results as its page is made of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from scatter import store
from scatter.analysis import (
    CONDITIONS,
    PARITY,
    Binning,
    PerPoint,
    Sticking,
    homonuclear,
    in_turn,
)
from scatter.analysis.ledger import Species
from scatter.analysis.words import conditions_of, in_words, phrases, title_of, varied
from scatter.campaign.failures import guards_in, judged
from scatter.campaign.surfaces import surfaces_of
from scatter.dynamics.guards import Guards
from scatter.ebk import Curve
from scatter.results import Told

MOST = 8  # initial states that get figures of their own
Row = TypeVar("Row", bound=Sticking | PerPoint)


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
    rows: Sequence[Sticking]
    binning: Binning
    surfaces: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path, binning: Binning = PARITY, weighted: bool = False) -> "Results":
        """The results in a campaign's folder.

        Args:
            folder: the campaign's.
            binning: how final quantum numbers become whole ones.
            weighted: trajectories with weights are wanted too, of which no `rows` are made.

        Raises:
            UserError: there are none, or trajectories have weights.
        """
        points, ended, attributes = store.read_results(folder, weighted=weighted)
        molecules = {
            formula: Molecule(one["masses_amu"], Curve(one["bond_A"], one["energy_eV"]))
            for formula, one in store.read_molecules(folder).items()
        }
        if molecules:
            binning = replace(binning, alike=_alike(molecules))
        surfaces = surfaces_of(points, attributes)
        rows = [] if attributes.weighted else judged(points, ended, attributes)
        counted = ended if attributes.weighted else in_turn(ended)
        return cls(points, counted, attributes, molecules, rows, binning, surfaces)

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

    def scans(self, rows: Iterable[Row], axis: str = "energy_eV") -> list[tuple[str, list[Row]]]:
        """Rows that differ along one axis alone, with the words that name them."""
        names = [name for name in CONDITIONS if name != axis]
        groups: dict[tuple, list[Row]] = {}
        for row in rows:
            groups.setdefault(tuple(getattr(row, name) for name in names), []).append(row)
        conditions = [conditions_of(group[0], self.surfaces) for group in groups.values()]
        told = phrases([{k: v for k, v in one.items() if k != axis} for one in conditions])
        words = [", ".join(title_of([one])) for one in told]
        return sorted(zip(words, groups.values(), strict=True), key=lambda found: found[0])

    def shown(self, rows: Iterable[Row], sentences: list[str]) -> list[tuple[str, list[Row]]]:
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
