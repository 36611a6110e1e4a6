"""A campaign's results as its page is made of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from scatter import store
from scatter.campaign.failures import guards_in, judged
from scatter.dynamics.guards import Guards
from scatter.ebk import Curve
from scatter.results import Told
from scatter.statistics import (
    CONDITIONS,
    PARITY,
    Binning,
    PerPoint,
    Sticking,
    in_turn,
)
from scatter.statistics.ledger import Species

MOST = 8  # initial states that get figures of their own
Row = TypeVar("Row", bound=Sticking | PerPoint)


@dataclass(frozen=True)
class Molecule:
    """Masses (amu) and bond curve of a molecule, as `scatter.statistics.Species` asks."""

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
    """

    points: np.ndarray
    trajectories: np.ndarray
    attributes: Told
    molecules: Mapping[str, Species]
    rows: Sequence[Sticking]
    binning: Binning

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
        rows = judged(points, ended, attributes)
        return cls(points, in_turn(ended), attributes, molecules, rows, binning)

    @property
    def guards(self) -> Guards:
        """What the campaign's input allows."""
        return guards_in(self.attributes.path, self.attributes["input"])


def scans(rows: Iterable[Row], axis: str = "energy_eV") -> Iterator[tuple[str, list[Row]]]:
    """Rows that differ along one axis alone, with the words and the stem that name them."""
    rows = list(rows)
    names = [name for name in CONDITIONS if name != axis]

    def key(row: Row) -> tuple:
        return tuple((getattr(row, name) is None, str(getattr(row, name))) for name in names)

    for _, group in groupby(sorted(rows, key=key), key):
        found = list(group)
        yield in_words(found[0]), found


def in_words(row: Any) -> str:
    """The conditions of a row but its energy."""
    said = [f"({row.facet})" if row.facet.isdecimal() else row.facet, f"{row.T_K:g} K"]
    said.append(f"{row.molecule} v = {row.v}, J = {row.J}")
    said += [] if row.mJ is None else [f"m_J = {row.mJ:g}"]
    said += [f"{row.polar_deg:g}° from the normal"] if row.polar_deg else []
    return ", ".join(said)


def stem_of(words: str) -> str:
    """A name for files from words."""
    kept = "".join(letter if letter.isalnum() else " " for letter in words)
    return "_".join(kept.split())


def shown(rows: Iterable[Any], sentences: list[str]) -> Iterator[tuple[str, list[Any]]]:
    """The first scans; the sentences say how many more there are."""
    found = list(scans(rows))
    if len(found) > MOST:
        sentences.append(f"{len(found) - MOST} of {len(found)} initial states are not drawn.")
    yield from found[:MOST]
