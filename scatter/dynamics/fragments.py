"""What a graph of bonds falls into: fragments, where they are, and what they are called."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
from ase.data import atomic_numbers, covalent_radii
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from scatter.shapes import Bool, Float, Int
from scatter.units import isotope

# Order of elements in a formula, after IUPAC's sequence (Red Book 2005, table VI), with the
# isotopes of hydrogen behind one another.
ORDER = "B Si C Sb As P N H D T Te Se S I Br Cl O F".split()
USUAL = {"HO": "OH", "DO": "OD", "TO": "OT"}  # as chemists write them
BONDED = 1.3  # of the sum of covalent radii: atoms that are closer at rest are bonded
STRETCHED, STRETCHED_H = 1.8, 2.0  # lengths of a bond at rest at which it is broken; of X-H
FORMED = 1.2  # lengths of a bond at rest below which one forms


@dataclass(frozen=True)
class Graph:
    """The atoms whose bonds are watched, and the limits of each pair. Lengths in Å.

    Attributes:
        atoms: indices of the adsorbates' atoms and then the projectile's.
        symbols: of each; D and T of adsorbates, of the projectile elements, since batches mix
            its isotopes.
        own: how many of them, at the end, are the projectile's.
        bonded: whether each pair is bonded at the start; pairs as `combinations` gives them.
        broken: a bond that is longer breaks.
        formed: atoms that are closer form one.
        hold_broken_fs: for so long.
        hold_formed_fs: for so long.
        gas_A: a fragment with all atoms higher above the top plane, and rising, is in the gas.
        absorbed_A: one with an atom farther below the top plane is in the slab.
    """

    atoms: Int[np.ndarray, " node"]
    symbols: tuple[str, ...]
    own: int
    bonded: Bool[np.ndarray, " pair"]
    broken: Float[np.ndarray, " pair"]
    formed: Float[np.ndarray, " pair"]
    hold_broken_fs: float = 0.0
    hold_formed_fs: float = 20.0
    gas_A: float = 7.1
    absorbed_A: float = 0.5

    def of_isotopes(self, masses: Float[np.ndarray, " own"]) -> "Graph":
        """The same with the projectile's isotopes, by their masses (amu)."""
        others, own = self.symbols[: -self.own], self.symbols[-self.own :]
        return replace(self, symbols=(*others, *map(isotope, own, masses.tolist())))

    @cached_property
    def pairs(self) -> Int[np.ndarray, "pair 2"]:
        """The two nodes of each pair."""
        return pairs_of(len(self.atoms))

    @cached_property
    def belongs(self) -> Bool[np.ndarray, " pair"]:
        """Whether both atoms of a pair are the projectile's."""
        return np.all(self.pairs >= len(self.atoms) - self.own, axis=1)


def pairs_of(nodes: int) -> Int[np.ndarray, "pair 2"]:
    """The pairs of so many nodes, in the order of `itertools.combinations`."""
    return np.array([*combinations(range(nodes), 2)], np.int64).reshape(-1, 2)


def limits(
    symbols: Sequence[str],
    lengths: Float[np.ndarray, " pair"],
    given: dict[str, float],
) -> tuple[Bool[np.ndarray, " pair"], Float[np.ndarray, " pair"], Float[np.ndarray, " pair"]]:
    """Which pairs are bonded at rest, and the lengths at which each breaks and forms, Å.

    A pair nearer than 1.3 times the sum of its covalent radii is bonded; its bond breaks at 2.0
    times its length at rest where hydrogen takes part, else at 1.8 times; it forms at 1.2 times.
    Of a pair that is not bonded at rest, the sum of the covalent radii stands for that length
    (Cordero et al., Dalton Trans. 2832 (2008)).

    Args:
        symbols: elements of the nodes.
        lengths: of all pairs at rest; infinite for a pair that is never together at rest.
        given: lengths at which bonds break, by pairs such as "C-H", in place of the factors.
    """
    pairs = [*combinations(symbols, 2)]
    radii = np.array([_radius(first) + _radius(second) for first, second in pairs])
    bonded = lengths < BONDED * radii
    rest = np.where(bonded, lengths, radii)
    hydrogen = np.array(["H" in pair for pair in pairs], bool)
    broken = np.where(hydrogen, STRETCHED_H, STRETCHED) * rest
    for n, (first, second) in enumerate(pairs):
        names = (f"{a}-{b}" for a, b in ((first, second), (second, first)))
        broken[n] = next((given[name] for name in names if name in given), broken[n])
    return bonded, broken, np.minimum(FORMED * rest, broken)


def _radius(symbol: str) -> float:
    return float(covalent_radii[atomic_numbers[symbol]])


def components(bonded: Bool[np.ndarray, " pair"], nodes: int) -> list[list[int]]:
    """The nodes of each fragment, in the order of their first ones."""
    first, second = pairs_of(nodes)[bonded].T
    graph = coo_matrix((np.ones(len(first)), (first, second)), shape=(nodes, nodes))
    count, of = connected_components(graph, directed=False)
    return [np.flatnonzero(of == name).tolist() for name in range(count)]


def formula(symbols: Sequence[str]) -> str:
    """The formula of some atoms, as "CHD2", "OH" or "H2O"."""
    counts = Counter(symbols)
    ordered = sorted(counts, key=lambda s: (ORDER.index(s), s) if s in ORDER else (-1, s))
    text = "".join(f"{s}{counts[s] if counts[s] > 1 else ''}" for s in ordered)
    return USUAL.get(text, text)


def flown(
    graph: Graph,
    bonded: Bool[np.ndarray, " pair"],
    height: Float[np.ndarray, " node"],
    rising: Float[np.ndarray, " node"],
) -> list[int]:
    """Atoms of the largest fragment in the gas that holds one of the projectile's, or none.

    The intact projectile itself is not meant; of equal ones the first counts.
    """
    nodes = len(graph.symbols)
    own, largest = [*range(nodes - graph.own, nodes)], []
    for members in components(bonded, nodes):
        mine = any(node in own for node in members)
        gone = _place(graph, height[members], float(rising[members].sum()), -np.inf) == "(g)"
        if mine and gone and members != own and len(members) > len(largest):
            largest = members
    return graph.atoms[largest].tolist() if largest else []


def label(
    graph: Graph,
    bonded: Bool[np.ndarray, " pair"],
    height: Float[np.ndarray, " node"],
    rising: Float[np.ndarray, " node"],
    deepest: float = -np.inf,
) -> str:
    """What there is at the end: fragments with a projectile's atom, and whatever flies off.

    "CHD2* + D*", "HD(g) + *" (a vacancy where an adsorbate was), "H(sub)". Larger fragments come
    first; relabelling atoms of one symbol changes nothing.

    Args:
        graph: the atoms.
        bonded: whether each pair is bonded now.
        height: of each node above the top plane, Å.
        rising: vertical momentum of each.
        deepest: height below which a fragment has passed through the slab, Å.
    """
    nodes = len(graph.symbols)
    named, vacant = [], 0
    for members in components(bonded, nodes):
        mine = [node for node in members if node >= nodes - graph.own]
        place = _place(graph, height[members], float(rising[members].sum()), deepest)
        if mine or place == "(g)":
            named.append((-len(members), formula([graph.symbols[n] for n in members]) + place))
        if place == "(g)":
            vacant += len(members) - len(mine)
    return " + ".join([*_counted([name for _, name in sorted(named)]), *["*"] * vacant])


def _counted(names: Sequence[str]) -> list[str]:
    """Names with how often each occurs, where that is more than twice."""
    counts = Counter(names)
    several = {name: [f"{n} {name}"] if n > 2 else [name] * n for name, n in counts.items()}
    return [text for name in counts for text in several[name]]


def _place(graph: Graph, height: Float[np.ndarray, " node"], rising: float, deepest: float) -> str:
    """Where a fragment is: "(g)", "*", "(sub)" or "(t)"."""
    if height.min() > graph.gas_A and rising > 0:
        return "(g)"
    if height.max() < deepest:
        return "(t)"
    return "(sub)" if height.min() < -graph.absorbed_A else "*"
