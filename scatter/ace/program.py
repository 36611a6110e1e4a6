"""A linear ACE as its kernel reads it: tables of splines, and programs that multiply.

A program is a `Sum` of an atom's values. Each centre species has one for every set of species that
an atom may see, without the products that vanish there.
"""

import hashlib
from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import spline_filter1d

from scatter.ace.file import MARGIN, LinearAce
from scatter.ace.kernels.layout import Layout
from scatter.ace.kernels.memory import AceArrays
from scatter.ace.kernels.products import UNROLLED
from scatter.ace.sum import Sum, factored, rows_of
from scatter.ace.values import (
    Places,
    energy_of,
    layout_of,
    samples_of,
    seen_alone,
    shapes_of,
)
from scatter.kernels.splines import DEGREE

MOST_SPECIES = 4  # beyond it, all atoms of a species have one program
BEYOND = 2 * DEGREE  # knots without values after those of the tables


@dataclass(frozen=True)
class Embedding:
    """What a potential has beyond a linear ACE: w F(ρ) of each atom.

    Attributes:
        density: makes ρ as a model makes the energy; radial functions, `spec` and products are
            those of the model beside it.
        parameters: w, m, and whether F is shifted, for each species.
    """

    density: LinearAce
    parameters: np.ndarray

    def sha256(self) -> str:
        """Hash of everything that determines the values."""
        return hashlib.sha256(
            f"{self.density.sha256()} {self.parameters.tolist()}".encode()
        ).hexdigest()


@dataclass
class Programs:
    """Programs one after another; the fields are those of `AceArrays`."""

    width: int
    node_start: list[int] = field(default_factory=lambda: [0])
    nodes: list[tuple[int, int]] = field(default_factory=list)
    row_start: list[int] = field(default_factory=lambda: [0])
    rows: list[int] = field(default_factory=list)
    row_constant: list[float] = field(default_factory=list)
    term_start: list[int] = field(default_factory=lambda: [0])
    terms: list[int] = field(default_factory=list)
    coefficients: list[float] = field(default_factory=list)

    def add(self, energy: Sum, density: Sum) -> int:
        """Add a program; the answer is its number."""
        self.nodes += energy.nodes
        self.node_start.append(len(self.nodes))
        for part in (energy, density):
            self._add_rows(part)
        return len(self.node_start) - 2

    def _add_rows(self, part: Sum) -> None:
        for row, terms in rows_of(part).items():
            terms = terms + [(row, 0.0)] * (-len(terms) % UNROLLED)
            self.rows.append(row)
            self.row_constant.append(part.constants.get(row, 0.0))
            self.terms += [value for value, _ in terms]
            self.coefficients += [c for _, c in terms]
            self.term_start.append(len(self.terms))
        self.row_start.append(len(self.rows))

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of the kernel; places of values count numbers."""
        nodes = np.array(self.nodes, np.int64).reshape(-1, 2)
        whole = {
            "node_start": self.node_start,
            "node_one": nodes[:, 0] * self.width,
            "node_other": nodes[:, 1] * self.width,
            "row_start": self.row_start,
            "row_value": np.array(self.rows, np.int64) * self.width,
            "term_start": self.term_start,
            "term_value": np.array(self.terms, np.int64) * self.width,
        }
        real = {"row_constant": self.row_constant, "term_coefficient": self.coefficients}
        return {name: np.array(value, np.int64) for name, value in whole.items()} | {
            name: np.array(value, float) for name, value in real.items()
        }


def _programs(
    model: LinearAce, embedding: Embedding | None, places: Places
) -> tuple[Programs, np.ndarray]:
    """All programs, and which belongs to each centre species and set of species around."""
    species = places.species
    everything = 2**species - 1
    sets = range(everything + 1) if species <= MOST_SPECIES else [everything]
    programs = Programs(places.width)
    which = np.zeros((species, len(sets)), np.int64)
    for centre in range(species):
        energy = energy_of(model, centre, places)
        density = factored([], places.total, energy)
        if embedding is not None:
            density = energy_of(embedding.density, centre, places, energy)
        for k, seen in enumerate(sets):
            alone = seen_alone(energy, seen, places)
            which[centre, k] = programs.add(alone, seen_alone(density, seen, places, alone))
    return programs, which


def spline_coefficients(samples: np.ndarray) -> np.ndarray:
    """Coefficients of splines through samples, shape (pair, sample, column).

    The first counts at r = 0.
    """
    knots = np.asarray(spline_filter1d(samples, DEGREE, axis=1, mode="mirror"))
    first = MARGIN - (DEGREE - 1) // 2
    return knots[:, first : knots.shape[1] - first + 2]


def _table(model: LinearAce, embedding: Embedding | None, layout: Layout, width: int) -> np.ndarray:
    """Coefficients of R_n and φ, shape (pair of species, knot, column).

    No values follow after the last, for what is beyond all cutoffs.
    """
    pairs = [model.pair] if embedding is None else [model.pair, embedding.density.pair]
    knots = spline_coefficients(samples_of(model, layout, pairs))
    return np.pad(knots, np.array(((0, 0), (0, BEYOND), (0, -layout.columns % width))))


def weights_of(
    model: LinearAce, width: int, embedding: Embedding | None = None, forces: bool = True
) -> AceArrays:
    """The arrays of the kernel, for registers of `width` numbers; for energies alone or forces."""
    record = layout_of(model, 1 if embedding is None else 2, forces)
    layout, species = Layout(shapes_of(record)), len(model.numbers)
    places = Places(layout, species, width)
    programs, which = _programs(model, embedding, places)
    table = _table(model, embedding, layout, width)
    start = np.arange(species**2).reshape(species, species) * table[0].size
    beyond = table.shape[1] - DEGREE - 1
    parameters = np.zeros((0, 3)) if embedding is None else embedding.parameters
    return AceArrays(
        layout=record,
        table=table.ravel(),
        start=start,
        grid=np.array([1 / model.step, float(beyond)]),
        square=model.cutoff**2,
        constant=model.constant.copy(),
        factors=places.factors,
        tile_rows=layout.rows,
        direction=layout.direction,
        programs=which,
        embedding=parameters,
        **programs.arrays(),
    )
