"""A linear ACE as its kernel reads it: tables of splines, and programs that multiply.

An atom's values are its A by species, l, n and m (with φ after the last n of l = 0), then nodes,
each the product of two A. A program is the sum over rows v of value_v (c_v + Σ_k c_vk value_k):
every product of three A is a node and an A, one of four is two nodes. Each centre species has a
program for every set of species that an atom may see, without the products that vanish there.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from scipy.ndimage import spline_filter1d

from scatter.kernels.ace_harmonics import norm
from scatter.kernels.ace_memory import Weights
from scatter.kernels.ace_products import UNROLLED
from scatter.kernels.ace_tiles import Layout
from scatter.kernels.mace_tiles import DEGREE
from scatter.potentials.ace_file import MARGIN, ORDERS, LinearAce

MOST_SPECIES = 4  # beyond it, all atoms of a species have one program
BEYOND = 2 * DEGREE  # knots without values after those of the tables


@dataclass
class Sum:
    """The energy of one centre species as a sum of rows.

    Attributes:
        nodes: the two A of each node; node k is the value `factors` + k.
        constants: c_v by value v.
        terms: c_vk by values v and k.
        factors: number of A, with φ and what fills registers.
    """

    factors: int
    nodes: list[tuple[int, int]] = field(default_factory=list)
    constants: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    terms: dict[tuple[int, int], float] = field(default_factory=lambda: defaultdict(float))
    known: dict[tuple[int, int], int] = field(default_factory=dict)

    def node(self, pair: tuple[int, int]) -> int:
        """The value of this node, which is made if there is none."""
        if pair not in self.known:
            self.known[pair] = self.factors + len(self.nodes)
            self.nodes.append(pair)
        return self.known[pair]

    def add(self, product: tuple[int, ...], c: float, popular: Counter) -> None:
        """Add a product of two to four A, after those of more."""
        if len(product) == 2:
            if product in self.known:
                self.constants[self.known[product]] += c
            else:
                self.terms[product[0], product[1]] += c
            return
        split = max(sorted(_splits(product)), key=lambda parts: self._worth(parts, popular))
        values = [self.node(part) if len(part) == 2 else part[0] for part in split]
        self.terms[min(values), max(values)] += c

    def _worth(self, parts: tuple[tuple[int, ...], ...], popular: Counter) -> tuple[int, int]:
        pairs = [part for part in parts if len(part) == 2]
        return sum(pair in self.known for pair in pairs), sum(popular[pair] for pair in pairs)


def _splits(product: tuple[int, ...]) -> set[tuple[tuple[int, ...], ...]]:
    """The ways to part three A into two and one, or four into two and two."""
    found = set()
    for pair in combinations(range(len(product)), 2):
        rest = tuple(product[k] for k in range(len(product)) if k not in pair)
        found.add(((product[pair[0]], product[pair[1]]), rest))
    return found


def factored(products: list[tuple[tuple[int, ...], float]], factors: int) -> Sum:
    """A sum of products, each of two to four increasing numbers, with few nodes."""
    popular: Counter = Counter()
    for product, _ in products:
        if len(product) > 2:
            popular.update(set(combinations(product, 2)))
    found = Sum(factors)
    for product, c in sorted(products, key=lambda each: -len(each[0])):
        found.add(product, c, popular)
    return found


def rows_of(found: Sum) -> dict[int, list[tuple[int, float]]]:
    """The terms (k, c_vk) of every row v; of its two values, a term's row is the more frequent."""
    frequency = Counter(value for pair in found.terms for value in pair)
    rows: dict[int, list[tuple[int, float]]] = {value: [] for value in found.constants}
    for (one, other), c in found.terms.items():
        row, value = (one, other) if frequency[one] >= frequency[other] else (other, one)
        rows.setdefault(row, []).append((value, c))
    return {row: sorted(rows[row]) for row in sorted(rows)}


def layout_of(model: LinearAce) -> np.ndarray:
    """An empty array whose record says what belongs to each l; see `Layout`."""
    used = np.unique(np.concatenate([model.products(order).ravel() for order in ORDERS]))
    _, n, degree, _ = model.spec[used].T
    kinds = []
    for each in range(degree.max(initial=0) + 1):
        mine = n[degree == each]
        first = int(mine.min()) if mine.size else 0
        count = int(mine.max(initial=first - 1)) + 1 - first + (each == 0)  # with φ
        kinds.append((f"{each} from {first}", "f8", (max(1, count), 2 * each + 1)))
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

    def of_pair(self, z: int) -> int:
        """The place of the sum of φ."""
        return z * self.factors + self.layout.counts[0] - 1


def energy_of(model: LinearAce, centre: int, places: Places) -> Sum:
    """The energy of one centre species, without its constant."""
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
    found = factored(products, places.total)
    for z in range(places.species):
        found.constants[places.of_pair(z)] = 1.0
    return found


def seen_alone(whole: Sum, seen: int, places: Places) -> Sum:
    """What is left of a sum for an atom that sees these species only (a bit each)."""

    def present(value: int) -> bool:
        parts = whole.nodes[value - places.total] if value >= places.total else (value,)
        return all(seen >> (part // places.factors) & 1 for part in parts)

    found = Sum(places.total)

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

    def add(self, found: Sum) -> int:
        """Add a program; the answer is its number."""
        self.nodes += found.nodes
        self.node_start.append(len(self.nodes))
        for row, terms in rows_of(found).items():
            terms = terms + [(row, 0.0)] * (-len(terms) % UNROLLED)
            self.rows.append(row)
            self.row_constant.append(found.constants.get(row, 0.0))
            self.terms += [value for value, _ in terms]
            self.coefficients += [c for _, c in terms]
            self.term_start.append(len(self.terms))
        self.row_start.append(len(self.rows))
        return len(self.row_start) - 2

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


def _programs(model: LinearAce, places: Places) -> tuple[Programs, np.ndarray]:
    """All programs, and which belongs to each centre species and set of species around."""
    species = places.species
    everything = 2**species - 1
    sets = range(everything + 1) if species <= MOST_SPECIES else [everything]
    programs = Programs(places.width)
    which = np.zeros((species, len(sets)), np.int64)
    for centre in range(species):
        whole = energy_of(model, centre, places)
        for k, seen in enumerate(sets):
            which[centre, k] = programs.add(seen_alone(whole, seen, places))
    return programs, which


def spline_coefficients(samples: np.ndarray) -> np.ndarray:
    """Coefficients of splines through samples, shape (pair, sample, column).

    The first counts at r = 0.
    """
    found = np.asarray(spline_filter1d(samples, DEGREE, axis=1, mode="mirror"))
    first = MARGIN - (DEGREE - 1) // 2
    return found[:, first : found.shape[1] - first + 2]


def _table(model: LinearAce, layout: Layout, width: int) -> np.ndarray:
    """Coefficients of R_n and φ, shape (pair of species, knot, column).

    No values follow after the last, for what is beyond all cutoffs.
    """
    columns = [model.radial[..., : layout.columns - 1], model.pair[..., None]]
    samples = np.concatenate(columns, axis=3).reshape(-1, model.radial.shape[2], layout.columns)
    found = spline_coefficients(samples)
    return np.pad(found, ((0, 0), (0, BEYOND), (0, -layout.columns % width)))


def weights_of(model: LinearAce, width: int) -> Weights:
    """The arrays of the kernel, for registers of `width` numbers."""
    record = layout_of(model)
    layout, species = Layout(shapes_of(record)), len(model.numbers)
    places = Places(layout, species, width)
    programs, which = _programs(model, places)
    table = _table(model, layout, width)
    start = np.arange(species**2).reshape(species, species) * table[0].size
    beyond = table.shape[1] - DEGREE - 1
    return Weights(
        layout=record, table=table.ravel(), start=start,
        grid=np.array([1 / model.step, float(beyond)]), square=model.cutoff**2,
        constant=model.constant.copy(), factors=places.factors, tile_rows=layout.rows,
        direction=layout.direction, programs=which, **programs.arrays(),
    )  # fmt: skip
