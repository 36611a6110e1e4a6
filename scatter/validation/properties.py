"""The properties of a potential beside those of its reference, each with rows and a figure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import nan
from typing import Any, Protocol, TypeVar

import numpy as np

from scatter.campaign.thermal import Say, telling
from scatter.facets import FACETS
from scatter.plots.properties import (
    Series,
    equation_of_state_figure,
    expansion_figure,
    molecule_figure,
    paths_figure,
)
from scatter.plots.style import Figure
from scatter.potentials.base import Potential
from scatter.settings import UserError
from scatter.validation.eos import BulkCrystal, bulk_crystal
from scatter.validation.lattice import Expansion, thermal_expansion
from scatter.validation.molecule import LoneMolecule, lone_molecule
from scatter.validation.neb import EnergyPath, minimum_energy_path
from scatter.validation.rows import Row

BONDS = np.linspace(0.45, 2.2, 351)  # Å


@dataclass(frozen=True)
class Rivals:
    """Who is compared, and on what.

    Attributes:
        potential: that is tried.
        reference: None where only labels are at hand.
        names: of both, in figures and sentences.
        element: of the metal.
        formula: of the molecule.
    """

    potential: Potential
    reference: Potential | None
    names: tuple[str, str]
    element: str = "Cu"
    formula: str = "H2"


@dataclass
class Property:
    """What one property has come to.

    Attributes:
        rows: its numbers.
        failures: a sentence for each number that could not be found, and why.
        figure: None where there is nothing to draw.
    """

    rows: list[Row] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    figure: Figure | None = None


class Measured(Protocol):
    """One property on one potential."""

    def rows(self, reference: Any) -> list[Row]:
        """Its numbers beside those of a reference."""
        ...


M = TypeVar("M", bound=Measured)


def crystal(rivals: Rivals) -> Property:
    """Lattice constant at rest, bulk modulus, and energy of an atom of the metal."""

    def drawn(label: str, found: BulkCrystal) -> Series:
        return Series(label, found.lattice_constants, found.energies, line=found)

    found = Property()
    both = _on_both(rivals, partial(bulk_crystal, element=rivals.element), found)
    if both:
        found.figure = equation_of_state_figure(_series(rivals, both, drawn), rivals.element)
    return found


def molecule(rivals: Rivals) -> Property:
    """Bond, energy and rovibrational levels of the molecule."""

    def drawn(label: str, found: LoneMolecule) -> Series:
        return Series(label, BONDS, found.curve(BONDS))

    found = Property()
    both = _on_both(rivals, partial(lone_molecule, formula=rivals.formula), found)
    if both:
        found.figure = molecule_figure(_series(rivals, both, drawn), rivals.formula)
    return found


def barriers(rivals: Rivals, quick: bool, say: Say) -> Property:
    """Barriers of dissociation on every facet and site, or on the first alone."""

    def drawn(label: str, found: EnergyPath) -> Series:
        return Series(label, found.coordinate, found.energies)

    sites = [(facet, site) for facet, one in FACETS.items() for site in one.routes]
    found, panels = Property(), {}
    for facet, site in sites[:1] if quick else sites:
        say(f"minimum-energy path on {rivals.element}({facet}), {site} ...")
        path = partial(
            minimum_energy_path,
            facet=facet,
            site=site,
            element=rivals.element,
            formula=rivals.formula,
        )
        if both := _on_both(rivals, path, found):
            panels[f"{rivals.element}({facet}) {site}"] = _series(rivals, both, drawn)
    found.figure = paths_figure(panels) if panels else None
    return found


def expansion(rivals: Rivals, say: Say) -> Property:
    """Lattice constant of the metal at several temperatures, with standard errors."""

    def drawn(label: str, found: Expansion) -> Series:
        return Series(label, found.temperatures_K, found.lattice_constants, found.errors)

    def measure(potential: Potential) -> Expansion:
        say(f"thermal expansion on {potential.description} ...")
        progress = telling(say, "thermal expansion")
        return thermal_expansion(potential, rivals.element, progress=progress)

    found = Property()
    both = _on_both(rivals, measure, found)
    if both:
        found.figure = expansion_figure(_series(rivals, both, drawn), rivals.element)
    return found


def _on_both(rivals: Rivals, measure: Callable[[Potential], M], into: Property) -> list[M]:
    """What is found on the potential and on the reference, with its rows; [] if not on the first.

    Whatever cannot be found is a finding too, and stands in the report: it ends nothing.
    """
    found = []
    for potential, name in zip((rivals.potential, rivals.reference), rivals.names, strict=True):
        if potential is not None:
            try:
                found.append(measure(potential))
            except UserError as error:
                into.failures.append(f"{name}: {error}")
                if potential is rivals.potential:
                    return []
    rows = found[0].rows(found[-1])
    alone = len(found) == 1
    into.rows += [replace(row, reference=nan) for row in rows] if alone else rows
    return found


def _series(rivals: Rivals, found: Sequence[M], drawn: Callable[[str, M], Series]) -> list[Series]:
    return [drawn(name, one) for name, one in zip(rivals.names, found, strict=False)]
