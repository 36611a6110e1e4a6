"""The values that a linear ACE makes its energy of, and where they are.

An atom's values are its A by species, l, n and m (with φ after the last n of l = 0), then nodes,
each the product of two A; the energy is a `Sum` of these. NumPy alone is needed.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from scatter.ace.file import ORDERS, LinearAce
from scatter.ace.kernels.harmonics import norm
from scatter.ace.kernels.layout import ALONE, Layout
from scatter.ace.sum import Sum, factored


def layout_of(model: LinearAce, pairs: int = 1, forces: bool = True) -> np.ndarray:
    """An empty array whose record says what belongs to each l, for so many φ; see `Layout`."""
    used = np.unique(np.concatenate([model.products(order).ravel() for order in ORDERS]))
    _, n, degree, _ = model.spec[used].T
    kinds: list[Any] = [("pairs", "f8", (pairs,))]
    if not forces:
        kinds.append((ALONE, "f8", (1,)))
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
    total = factored(products, places.total, energy)
    for z in range(places.species):
        total.constants[places.of_pair(z, int(energy is not None))] = 1.0
    return total


def seen_alone(whole: Sum, seen: int, places: Places, beside: Sum | None = None) -> Sum:
    """What is left of a sum for an atom that sees these species only (a bit each)."""

    def present(value: int) -> bool:
        parts = whole.nodes[value - places.total] if value >= places.total else (value,)
        return all(seen >> (part // places.factors) & 1 for part in parts)

    left = factored([], places.total, beside)

    def moved(value: int) -> int:
        return left.node(whole.nodes[value - places.total]) if value >= places.total else value

    for (first, second), c in whole.terms.items():
        if present(first) and present(second):
            left.terms[moved(first), moved(second)] = c
    for value, c in whole.constants.items():
        if present(value):
            left.constants[moved(value)] = c
    return left


def samples_of(model: LinearAce, layout: Layout, pairs: Sequence[np.ndarray]) -> np.ndarray:
    """Samples of all R_n that products need and of the φ, shape (pair of species, sample, column).

    Args:
        model: of the R_n.
        layout: of the columns.
        pairs: the φ, shape (species, species, sample) each.
    """
    radial = model.radial[..., : layout.columns - len(pairs)]
    missing = layout.columns - len(pairs) - radial.shape[3]  # where no product needs any
    radial = np.pad(radial, np.array(((0, 0), (0, 0), (0, 0), (0, missing))))
    columns = [radial, *(pair[..., None] for pair in pairs)]
    return np.concatenate(columns, axis=3).reshape(-1, model.radial.shape[2], layout.columns)
