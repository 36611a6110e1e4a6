"""Properties of a potential beside those of its reference, each with rows and a figure."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from math import nan
from typing import Any, Protocol, TypeVar

import numpy as np

from scatter.campaign.thermal import Say, telling
from scatter.facets import FACETS
from scatter.initial.formulas import kind_of
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
from scatter.validation.eos import bulk_crystal
from scatter.validation.lattice import Expansion, thermal_expansion
from scatter.validation.molecule import lone_molecule, vibrations
from scatter.validation.neb import minimum_energy_path
from scatter.validation.rows import Row

BONDS = np.linspace(0.45, 2.2, 351)  # Å


@dataclass(frozen=True)
class Comparison:
    """The two potentials that are compared, and the system."""

    potential: Potential  # the one under test
    reference: Potential | None  # None where there are only labels
    names: tuple[str, str]  # of potential and reference, in figures and sentences
    element: str = "Cu"  # of the metal
    formula: str = "H2"  # of the molecule


@dataclass
class Property:
    """Results for one property."""

    rows: list[Row] = field(default_factory=list)  # its numbers
    # a sentence for each number that could not be computed, with the reason
    failures: list[str] = field(default_factory=list)
    figure: Figure | None = None  # None where there is nothing to draw


class Measured(Protocol):
    """One property on one potential."""

    def rows(self, reference: Any) -> list[Row]:
        """Its numbers beside those of a reference."""
        ...


M = TypeVar("M", bound=Measured)


def crystal(pair: Comparison) -> Property:
    """Static lattice constant, bulk modulus, and energy per atom of the metal."""
    result = Property()
    series = _compare(
        pair,
        partial(bulk_crystal, element=pair.element),
        lambda name, bulk: Series(name, bulk.lattice_constants, bulk.energies, line=bulk),
        result,
    )
    result.figure = equation_of_state_figure(series, pair.element) if series else None
    return result


def molecule(pair: Comparison) -> Property:
    """A diatomic's bond length, energy and rovibrational levels; a polyatomic's normal modes."""
    result, kind = Property(), kind_of(pair.formula)
    if kind == "polyatomic":
        _compare(pair, partial(vibrations, formula=pair.formula), _nothing_drawn, result)
    if kind != "diatomic":
        return result
    series = _compare(
        pair,
        partial(lone_molecule, formula=pair.formula),
        lambda name, lone: Series(name, BONDS, lone.curve(BONDS)),
        result,
    )
    result.figure = molecule_figure(series, pair.formula) if series else None
    return result


def barriers(pair: Comparison, quick: bool, say: Say) -> Property:
    """Barriers of a diatomic's dissociation on every facet and site, or on the first alone."""
    result, panels = Property(), {}
    if kind_of(pair.formula) != "diatomic":
        return result
    sites = [(name, site) for name, facet in FACETS.items() for site in facet.routes]
    for facet, site in sites[:1] if quick else sites:
        say(f"minimum-energy path on {pair.element}({facet}), {site} ...")
        system = {"facet": facet, "site": site, "element": pair.element, "formula": pair.formula}
        series = _compare(
            pair,
            partial(minimum_energy_path, **system),
            lambda name, path: Series(name, path.coordinate, path.energies),
            result,
        )
        if series:
            panels[f"{pair.element}({facet}) {site}"] = series
    result.figure = paths_figure(panels) if panels else None
    return result


def expansion(pair: Comparison, say: Say) -> Property:
    """Lattice constant of the metal at several temperatures, with standard errors."""

    def measure(potential: Potential) -> Expansion:
        say(f"thermal expansion on {potential.description} ...")
        progress = telling(say, "thermal expansion")
        return thermal_expansion(potential, pair.element, progress=progress)

    result = Property()
    series = _compare(
        pair,
        measure,
        lambda name, a: Series(name, a.temperatures_K, a.lattice_constants, a.errors),
        result,
    )
    result.figure = expansion_figure(series, pair.element) if series else None
    return result


def _nothing_drawn(name: str, _: object) -> Series:
    return Series(name, np.zeros(0), np.zeros(0))


def _compare(
    pair: Comparison,
    measure: Callable[[Potential], M],
    drawn: Callable[[str, M], Series],
    into: Property,
) -> list[Series]:
    """What a figure shows of both potentials, their rows put into the result.

    A number that cannot be computed is a result too: it goes into the report as a sentence and
    stops nothing. Without one on the potential under test there is nothing to show.
    """
    measured: dict[str, M] = {}
    for potential, name in zip((pair.potential, pair.reference), pair.names, strict=True):
        if potential is not None:
            try:
                measured[name] = measure(potential)
            except UserError as error:
                into.failures.append(f"{name}: {error}")
                if potential is pair.potential:
                    return []
    ours, *others = measured.values()
    if others:
        into.rows += ours.rows(others[0])
    else:
        into.rows += [replace(row, reference=nan) for row in ours.rows(ours)]
    return [drawn(name, value) for name, value in measured.items()]
