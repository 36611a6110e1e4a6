"""Sums of products as few multiplications: E = Σ_v value_v (c_v + Σ_k c_vk value_k).

Values are numbers A, then nodes, each the product of two A. Every product of three A is a node and
an A, one of four is two nodes.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import combinations


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
    splits = set()
    for pair in combinations(range(len(product)), 2):
        rest = tuple(product[k] for k in range(len(product)) if k not in pair)
        splits.add(((product[pair[0]], product[pair[1]]), rest))
    return splits


def factored(
    products: list[tuple[tuple[int, ...], float]], factors: int, beside: Sum | None = None
) -> Sum:
    """A sum of products, each of two to four increasing numbers, with few nodes.

    Args:
        products: and their coefficients.
        factors: number of A, with φ and what fills registers.
        beside: another sum, whose nodes it shares.
    """
    popular: Counter = Counter()
    for product, _ in products:
        if len(product) > 2:
            popular.update(set(combinations(product, 2)))
    total = Sum(factors) if beside is None else Sum(factors, beside.nodes, known=beside.known)
    for product, c in sorted(products, key=lambda each: -len(each[0])):
        total.add(product, c, popular)
    return total


def rows_of(whole: Sum) -> dict[int, list[tuple[int, float]]]:
    """The terms (k, c_vk) of every row v; of its two values, a term's row is the more frequent."""
    frequency = Counter(value for pair in whole.terms for value in pair)
    rows: dict[int, list[tuple[int, float]]] = {value: [] for value in whole.constants}
    for (left, right), c in whole.terms.items():
        row, value = (left, right) if frequency[left] >= frequency[right] else (right, left)
        rows.setdefault(row, []).append((value, c))
    return {row: sorted(rows[row]) for row in sorted(rows)}
