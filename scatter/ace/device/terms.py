"""The products of a linear ACE as the kernels of a GPU read them: sparse rows, in groups of terms.

With E = Σ_v c_v v + ½ Σ_vk S_vk v k over an atom's values (A, then nodes, each the product of two
A), a row holds c_v and the S_vk of one v. A group is `GROUP` terms that need the same species
around the atom; what fills the last one has the coefficient zero.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from scatter.ace.file import LinearAce
from scatter.ace.sum import Sum
from scatter.ace.values import Places, energy_of

GROUP = 4
Term = tuple[tuple[int, ...], float]  # numbers of values, and a coefficient


@dataclass
class Rows:
    """Rows of terms, one row after another.

    Attributes:
        groups: where the groups of each row begin, and the end.
        needs: the species that each group needs, a bit for each.
        terms: the values of each term, shape (term, values of a term).
        coefficients: of each term.
    """

    groups: list[int] = field(default_factory=lambda: [0])
    needs: list[int] = field(default_factory=list)
    terms: list[tuple[int, ...]] = field(default_factory=list)
    coefficients: list[float] = field(default_factory=list)

    def add(self, terms: Iterable[tuple[int, Term]]) -> None:
        """Add a row: each term with the species that it needs."""
        kinds: dict[int, list[Term]] = {}
        for need, term in sorted(terms):
            kinds.setdefault(need, []).append(term)
        for need, some in kinds.items():
            some = some + [(some[0][0], 0.0)] * (-len(some) % GROUP)
            self.needs += [need] * (len(some) // GROUP)
            self.terms += [values for values, _ in some]
            self.coefficients += [c for _, c in some]
        self.groups.append(len(self.needs))


@dataclass
class Terms:
    """The energies of all centre species, species after species.

    Attributes:
        factors: values of an atom that are A; nodes follow.
        node_first: where the nodes of each species begin, and the end.
        nodes: the two A of each node.
        node_constants: c_v of each node.
        node_masks: the species that it needs.
        of_nodes: rows of the nodes; a term is one value.
        constants: c_v of each A, `factors` for each species.
        masks: the species that it needs.
        of_a: rows of the A.
        holders: rows of the A; a term is a node with it and the node's other A.
    """

    factors: int
    node_first: list[int] = field(default_factory=lambda: [0])
    nodes: list[tuple[int, int]] = field(default_factory=list)
    node_constants: list[float] = field(default_factory=list)
    node_masks: list[int] = field(default_factory=list)
    of_nodes: Rows = field(default_factory=Rows)
    constants: list[float] = field(default_factory=list)
    masks: list[int] = field(default_factory=list)
    of_a: Rows = field(default_factory=Rows)
    holders: Rows = field(default_factory=Rows)

    @property
    def most_nodes(self) -> int:
        """Nodes of the species that has most."""
        return int(np.diff(self.node_first).max(initial=0))

    def add(self, energy: Sum, places: Places) -> None:
        """Add the energy of one centre species."""
        masks = [1 << value // places.factors for value in range(self.factors)]
        masks += [masks[left] | masks[right] for left, right in energy.nodes]
        symmetric: list[list[tuple[int, Term]]] = [[] for _ in masks]
        for (left, right), c in energy.terms.items():
            symmetric[left].append((masks[right], ((right,), c)))
            symmetric[right].append((masks[left], ((left,), c)))
        holding: list[list[tuple[int, Term]]] = [[] for _ in range(self.factors)]
        for node, (left, right) in enumerate(energy.nodes):
            need = masks[self.factors + node]
            holding[left].append((need, ((node, right), 1.0)))
            holding[right].append((need, ((node, left), 1.0)))
        for value, terms in enumerate(symmetric):
            (self.of_a if value < self.factors else self.of_nodes).add(terms)
        for terms in holding:
            self.holders.add(terms)
        c = [energy.constants.get(value, 0.0) for value in range(len(masks))]
        self.constants += c[: self.factors]
        self.node_constants += c[self.factors :]
        self.masks += masks[: self.factors]
        self.node_masks += masks[self.factors :]
        self.nodes += energy.nodes
        self.node_first.append(len(self.nodes))


def terms_of(model: LinearAce, places: Places) -> Terms:
    """The terms of a model whose A are at these places."""
    terms = Terms(places.total)
    for centre in range(places.species):
        terms.add(energy_of(model, centre, places), places)
    return terms
