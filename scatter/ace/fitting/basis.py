"""The basis of a linear ACE: which products of radial functions and harmonics it holds.

A factor (z, n, l) of a product, with z the index of the neighbour's element and n = 0, 1, ..., has
the level

    n + (z + 1) / S + w_L l,

S being the number of elements, and a product of order N is in the basis if its levels add up to no
more than the total degree D_N. This is the rule of ACEpotentials.jl, where z and n are one index:
the element that is named first has a little more resolution.

Source: Witt et al., J. Chem. Phys. 159, 164101 (2023).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from jaxtyping import Bool, Float, Int

from scatter.ace.file import ORDERS
from scatter.ace.fitting.coupling import Groups, invariants

Factor = tuple[int, int, int]  # z, n, l
EPSILON = 1e-9  # levels are sums of fractions


@dataclass(frozen=True)
class Degrees:
    """What bounds the products around a centre.

    Attributes:
        total: D_N, the largest sum of levels, for orders 1, 2, ...
        weight_l: w_L, what a degree of the harmonics counts.
        most: of each element, the largest number of factors in a product.
    """

    total: tuple[float, ...] = (18, 12, 10, 8)
    weight_l: float = 1.5
    most: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Products:
    """Products of one order, and the invariant functions that are made of them.

    Attributes:
        factors: rows of `Basis.spec`.
        entries: function (counted over all orders) and product of each coupling.
        values: the couplings.
    """

    factors: Int[np.ndarray, "product order"]
    entries: Int[np.ndarray, "entry 2"]
    values: Float[np.ndarray, " entry"]


@dataclass(frozen=True)
class Basis:
    """Functions of two and more neighbours; those of one are radial functions alone.

    Attributes:
        species: how many elements there are.
        singles: radial functions of order 1, for each neighbour species.
        patterns: the factors of every function; a pattern with several invariants has several.
        spec: z, n, l, m of every A.
        products: of orders 2, 3, 4.
        has: whether a centre species has a function.
    """

    species: int
    singles: int
    patterns: tuple[tuple[Factor, ...], ...]
    spec: Int[np.ndarray, "factor 4"]
    products: dict[int, Products]
    has: Bool[np.ndarray, "species function"]

    @property
    def radial(self) -> int:
        """Radial functions that products need."""
        return int(self.spec[:, 1].max(initial=-1)) + 1


def patterns(order: int, species: int, degrees: Degrees) -> Iterator[tuple[Factor, ...]]:
    """Factors of those products of an order that have an invariant."""
    limit = degrees.total[order - 1] + EPSILON
    levels = _levels(species, limit, degrees.weight_l)

    def grown(chosen: tuple[Factor, ...], start: int, left: float) -> Iterator:
        if len(chosen) == order:
            yield tuple(sorted(chosen))
            return
        for at in range(start, len(levels)):
            level, factor = levels[at]
            if level * (order - len(chosen)) > left:
                return
            most = degrees.most.get(factor[0], order)
            if sum(taken[0] == factor[0] for taken in chosen) < most:
                yield from grown((*chosen, factor), at, left - level)

    yield from (member for member in grown((), 0, limit) if len(invariants(degrees_of(member))[1]))


def _levels(species: int, limit: float, weight_l: float) -> list[tuple[float, Factor]]:
    levels = []
    for z in range(species):
        for n in range(int(limit) + 1):
            for degree in range(int(limit / weight_l) + 1):
                level = n + (z + 1) / species + weight_l * degree
                if level <= limit:
                    levels.append((level, (z, n, degree)))
    return sorted(levels)


def grouped(pattern: tuple[Factor, ...]) -> list[tuple[Factor, int]]:
    """Different factors and how often they occur, in the order of `Groups`."""
    return sorted(Counter(pattern).items(), key=lambda entry: (entry[0][2], entry[1], entry[0]))


def degrees_of(pattern: tuple[Factor, ...]) -> Groups:
    """What the invariants of a product depend on."""
    return tuple((degree, count) for (_, _, degree), count in grouped(pattern))


def basis_of(species: int, degrees: tuple[Degrees, ...]) -> Basis:
    """The basis for centres of each species, with degrees of its own."""
    orders = len(degrees[0].total)
    by_order: dict[int, list[tuple[Factor, ...]]] = {}
    at: list[set] = [set() for _ in degrees]
    for order in ORDERS:
        if order <= orders:
            for mine, limits in zip(at, degrees, strict=True):
                mine.update(patterns(order, species, limits))
        by_order[order] = sorted(product for product in set.union(*at) if len(product) == order)
    spec = _spec([*chain(*by_order.values())])
    places = {tuple(row): n for n, row in enumerate(spec.tolist())}
    functions: list[tuple[Factor, ...]] = []
    products = {order: _products(order, by_order[order], functions, places) for order in ORDERS}
    has = np.array([[product in mine for product in functions] for mine in at]).reshape(len(at), -1)
    singles = max(_singles(species, product) for product in degrees)
    return Basis(species, singles, tuple(functions), spec, products, has)


def _singles(species: int, degrees: Degrees) -> int:
    """Radial functions of order 1 of the species that has the most, which are spherical."""
    return int(degrees.total[0] + EPSILON - 1 / species) + 1


def _spec(given: list[tuple[Factor, ...]]) -> Int[np.ndarray, "factor 4"]:
    factors = sorted({factor for product in given for factor in product})
    rows = [(*factor, m) for factor in factors for m in range(-factor[2], factor[2] + 1)]
    return np.array(rows, np.int64).reshape(-1, 4)


def _products(
    order: int,
    given: list[tuple[Factor, ...]],
    functions: list[tuple[Factor, ...]],
    places: dict[tuple[int, ...], int],
) -> Products:
    """Products of one order; their functions are appended to `functions`."""
    numbers: dict[tuple[int, ...], int] = {}
    entries, values = [], []
    for pattern in given:
        factors = [factor for factor, count in grouped(pattern) for _ in range(count)]
        monomials, rows = invariants(degrees_of(pattern))
        for monomial, column in zip(monomials, rows.T, strict=True):
            product = tuple(
                sorted(places[(*factor, m)] for factor, m in zip(factors, monomial, strict=True))
            )
            number = numbers.setdefault(product, len(numbers))
            used = np.flatnonzero(column)
            entries += [(len(functions) + int(row), number) for row in used]
            values += column[used].tolist()
        functions += [pattern] * len(rows)
    every = np.array(list(numbers), np.int64).reshape(-1, order)
    rank = np.lexsort(every.T[::-1])
    back = np.argsort(rank)
    pairs = np.array(entries, np.int64).reshape(-1, 2)
    pairs[:, 1] = back[pairs[:, 1]]
    return Products(every[rank], pairs, np.array(values))
