"""A linear ACE as its kernel reads it: tables of splines, and programs that multiply.

An atom's values are its A by species, l, n and m (with φ after the last n of l = 0), then nodes. A
program is a `Sum` of these. Each centre species has one for every set of species that an atom may
see, without the products that vanish there.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.ndimage import spline_filter1d

from scatter.kernels.ace_harmonics import norm
from scatter.kernels.ace_memory import Weights
from scatter.kernels.ace_products import UNROLLED
from scatter.kernels.ace_tiles import Layout
from scatter.kernels.mace_tiles import DEGREE
from scatter.potentials.ace_file import MARGIN, ORDERS, LinearAce
from scatter.potentials.ace_sum import Sum, factored, rows_of

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


def layout_of(model: LinearAce, pairs: int = 1) -> np.ndarray:
    """An empty array whose record says what belongs to each l, for so many φ; see `Layout`."""
    used = np.unique(np.concatenate([model.products(order).ravel() for order in ORDERS]))
    _, n, degree, _ = model.spec[used].T
    kinds: list[Any] = [("pairs", "f8", (pairs,))]
    for each in range(degree.max(initial=0) + 1):
        mine = n[degree == each]
        first = int(mine.min()) if mine.size else 0
        count = int(mine.max(initial=first)) + 1 - first
        kinds.append((f"{each} from {first}", "f8", (count, 2 * each + 1)))
    return np.zeros(0, kinds)


def shapes_of(layout: np.ndarray) -> dict[str, tuple[int, ...]]:
    """The shapes of the fields of the layout."""
    return {name: layout.dtype[name].shape for name in layout.dtype.names or ()}


class Places:
    """Where the A are among the values of an atom."""

    def __init__(self, layout: Layout, species: int, width: int):
        self.layout, self.species, self.width = layout, species, width
        self.factors = -(-layout.values // width) * width  # of one species
        self.total = species * self.factors

    def of_factor(self, z: int, n: int, degree: int, m: int) -> int:
        """The place of A_znlm."""
        before = sum(count * (2 * k + 1) for k, count in enumerate(self.layout.counts[:degree]))
        row = n - self.layout.firsts[degree]
        return z * self.factors + before + row * (2 * degree + 1) + m + degree

    def of_pair(self, z: int, which: int = 0) -> int:
        """The place of the sum of φ: that of the energy, or of the density."""
        return z * self.factors + self.layout.counts[0] - self.layout.pairs + which


def energy_of(model: LinearAce, centre: int, places: Places, energy: Sum | None = None) -> Sum:
    """The energy of one centre species, without its constant; or the density beside its energy."""
    top = places.layout.degree  # factors beyond it are in no product
    where = np.array(
        [places.of_factor(*row) if row[2] <= top else -1 for row in model.spec.tolist()]
    )
    norms = np.array([norm(degree, m) for _, _, degree, m in model.spec.tolist()])
    products = []
    for order in ORDERS:
        rows, c = model.products(order), model.coefficients(order)[centre]
        c = c * norms[rows].prod(axis=1)
        products += [
            (tuple(sorted(row)), float(value))
            for row, value in zip(where[rows].tolist(), c, strict=True)
            if value != 0
        ]
    found = factored(products, places.total, energy)
    for z in range(places.species):
        found.constants[places.of_pair(z, int(energy is not None))] = 1.0
    return found


def seen_alone(whole: Sum, seen: int, places: Places, beside: Sum | None = None) -> Sum:
    """What is left of a sum for an atom that sees these species only (a bit each)."""

    def present(value: int) -> bool:
        parts = whole.nodes[value - places.total] if value >= places.total else (value,)
        return all(seen >> (part // places.factors) & 1 for part in parts)

    found = factored([], places.total, beside)

    def moved(value: int) -> int:
        return found.node(whole.nodes[value - places.total]) if value >= places.total else value

    for (one, other), c in whole.terms.items():
        if present(one) and present(other):
            found.terms[moved(one), moved(other)] = c
    for value, c in whole.constants.items():
        if present(value):
            found.constants[moved(value)] = c
    return found


@dataclass
class Programs:
    """Programs one after another; the fields are those of `Weights`."""

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

    def _add_rows(self, found: Sum) -> None:
        for row, terms in rows_of(found).items():
            terms = terms + [(row, 0.0)] * (-len(terms) % UNROLLED)
            self.rows.append(row)
            self.row_constant.append(found.constants.get(row, 0.0))
            self.terms += [value for value, _ in terms]
            self.coefficients += [c for _, c in terms]
            self.term_start.append(len(self.terms))
        self.row_start.append(len(self.rows))

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of the kernel; places of values count numbers."""
        nodes = np.array(self.nodes, np.int64).reshape(-1, 2)
        whole = {
            "node_start": self.node_start, "node_one": nodes[:, 0] * self.width,
            "node_other": nodes[:, 1] * self.width, "row_start": self.row_start,
            "row_value": np.array(self.rows, np.int64) * self.width,
            "term_start": self.term_start,
            "term_value": np.array(self.terms, np.int64) * self.width,
        }  # fmt: skip
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
    found = np.asarray(spline_filter1d(samples, DEGREE, axis=1, mode="mirror"))
    first = MARGIN - (DEGREE - 1) // 2
    return found[:, first : found.shape[1] - first + 2]


def _table(model: LinearAce, embedding: Embedding | None, layout: Layout, width: int) -> np.ndarray:
    """Coefficients of R_n and φ, shape (pair of species, knot, column).

    No values follow after the last, for what is beyond all cutoffs.
    """
    pairs = [model.pair] if embedding is None else [model.pair, embedding.density.pair]
    radial = model.radial[..., : layout.columns - len(pairs)]
    missing = layout.columns - len(pairs) - radial.shape[3]  # where no product needs any
    radial = np.pad(radial, ((0, 0), (0, 0), (0, 0), (0, missing)))
    columns = [radial, *(pair[..., None] for pair in pairs)]
    samples = np.concatenate(columns, axis=3).reshape(-1, model.radial.shape[2], layout.columns)
    found = spline_coefficients(samples)
    return np.pad(found, ((0, 0), (0, BEYOND), (0, -layout.columns % width)))


def weights_of(model: LinearAce, width: int, embedding: Embedding | None = None) -> Weights:
    """The arrays of the kernel, for registers of `width` numbers."""
    record = layout_of(model, 1 if embedding is None else 2)
    layout, species = Layout(shapes_of(record)), len(model.numbers)
    places = Places(layout, species, width)
    programs, which = _programs(model, embedding, places)
    table = _table(model, embedding, layout, width)
    start = np.arange(species**2).reshape(species, species) * table[0].size
    beyond = table.shape[1] - DEGREE - 1
    parameters = np.zeros((0, 3)) if embedding is None else embedding.parameters
    return Weights(
        layout=record, table=table.ravel(), start=start,
        grid=np.array([1 / model.step, float(beyond)]), square=model.cutoff**2,
        constant=model.constant.copy(), factors=places.factors, tile_rows=layout.rows,
        direction=layout.direction, programs=which, embedding=parameters, **programs.arrays(),
    )  # fmt: skip
