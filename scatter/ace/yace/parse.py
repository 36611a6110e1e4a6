"""What a `.yace` file says, in numbers, and whether it is all understood."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase.data import atomic_numbers

from scatter.ace.file import ORDERS
from scatter.ace.yace.file import Tree
from scatter.ace.yace.harmonics import Factor

NAMES = ("ChebPow", "ChebExpCos", "SBessel")
INNER = ("density", "distance")
SHIFTED = "FinnisSinclairShiftedScaled"
DEFAULTS = {"rcut_in": 0.0, "dcut_in": 0.0, "inner_cutoff_type": "density"}
LISTS = ("radparameters", "radcoefficients")
LEAST_eV = 1000.0  # core repulsions above which ML-PACE may switch the rest off


@dataclass(frozen=True)
class Bond:
    """A pair of species: its keys, and what they make.

    Attributes:
        keys: of the file, with defaults.
        radial: radcoefficients, shape (n, l, k).
    """

    keys: dict[str, Any]
    radial: np.ndarray

    @classmethod
    def of(cls, table: Tree) -> "Bond":
        """A bond of the file.

        Raises:
            ValueError: it is not complete, or of a kind that is not supported.
        """
        keys = {**DEFAULTS, **table}
        for name in ("prehc", "lambdahc", "rcut", "dcut", *LISTS, "radbasename"):
            if name not in keys:
                raise ValueError(f"a bond lacks the key '{name}'")
        for name, known in (("radbasename", NAMES), ("inner_cutoff_type", INNER)):
            if keys[name] not in known:
                raise ValueError(f"{name} = {keys[name]} is not supported ({', '.join(known)} are)")
        for name in ("prehc", "lambdahc", "rcut", "dcut", "rcut_in", "dcut_in"):
            keys[name] = float(keys[name])
        keys["radparameters"] = [float(each) for each in keys["radparameters"]]
        radial = np.array(keys["radcoefficients"], float)
        if radial.ndim != 3 or not np.isfinite(radial).all():
            raise ValueError("radcoefficients are not an array of n, l and k")
        return cls(keys, radial)


@dataclass(frozen=True)
class Densities:
    """What an atom's densities ρ_p do: E = Σ_p w_p ρ_p + w F(ρ_q), where only q has a power.

    Attributes:
        weights: w_p; zero for q.
        embedded: q; -1 if there is none.
        parameters: w and m of F, and whether it is shifted.
    """

    weights: np.ndarray
    embedded: int = -1
    parameters: tuple[float, float, float] = (0.0, 2.0, 1.0)

    @classmethod
    def of(cls, embedding: Tree, symbol: str) -> "Densities":
        """The densities of an element.

        Raises:
            ValueError: more than one has a power, or the keys make no sense.
        """
        kind, parameters = str(embedding["npoti"]), np.array(embedding["FS_parameters"], float)
        known = kind in ("FinnisSinclair", SHIFTED)
        if not known or len(parameters) != 2 * embedding["ndensity"]:
            raise ValueError(f"the embedding of {symbol} is {kind} with {len(parameters)} numbers")
        if float(embedding["rho_core_cutoff"]) < LEAST_eV:
            raise ValueError(f"rho_core_cutoff of {symbol} is below {LEAST_eV:g} eV")
        weights, powers = parameters[0::2], parameters[1::2]
        bent = np.flatnonzero((abs(powers - 1) > 1e-10) & (weights != 0)).tolist()
        if len(bent) > 1 or not (powers > 0).all():
            raise ValueError(
                f"the densities of {symbol} have the powers {powers.tolist()}; one other than 1 "
                "is supported"
            )
        if not bent:
            return cls(weights)
        (q,) = bent
        table = float(weights[q]), float(powers[q]), float(kind == SHIFTED)
        return cls(np.where(np.arange(len(weights)) == q, 0.0, weights), q, table)


@dataclass
class Terms:
    """A sum of functions.

    Attributes:
        singles: coefficient of g_k by centre, neighbour and k, from 0.
        products: coefficients of products of complex A, for each centre species.
    """

    singles: dict[tuple[int, int, int], float]
    products: list[list[tuple[tuple[Factor, ...], float]]]

    def add(self, centre: int, factors: tuple[Factor, ...], c: float) -> None:
        """Add a function."""
        if len(factors) == 1:
            ((z, k, *_),) = factors
            self.singles[centre, z, k] += c
        else:
            self.products[centre].append((factors, c))


@dataclass
class Pace:
    """What a file holds, in numbers.

    Attributes:
        elements: symbols.
        bonds: by centre and neighbour species.
        densities: of each centre species.
        energy: what the linear densities sum to.
        density: what those with a power are.
    """

    elements: list[str]
    bonds: dict[tuple[int, int], Bond]
    densities: list[Densities]
    energy: Terms
    density: Terms

    @property
    def species(self) -> range:
        """Their indices."""
        return range(len(self.elements))

    def shape(self, axis: int) -> int:
        """The largest number of n, l or k that a bond has."""
        return max(bond.radial.shape[axis] for bond in self.bonds.values())


def parsed(tree: Tree) -> Pace:
    """What a tree holds.

    Raises:
        ValueError: it makes no sense, or needs what is not supported.
    """
    elements = list(tree["elements"])
    unknown = [each for each in elements if each not in atomic_numbers]
    if unknown or not elements:
        raise ValueError(f"its elements are {elements}")
    species = range(len(elements))
    if len(tree["E0"]) != len(elements):
        raise ValueError(f"E0 has {len(tree['E0'])} values for {len(elements)} elements")
    if tree.get("summed_neighbour_A"):
        raise ValueError("summed_neighbour_A is not supported")
    bonds = {(i, j): Bond.of(tree["bonds"][i, j]) for i in species for j in species}
    densities = [Densities.of(tree["embeddings"][z], elements[z]) for z in species]
    energy, density = (Terms(defaultdict(float), [[] for _ in species]) for _ in range(2))
    pace = Pace(elements, bonds, densities, energy, density)
    for z in species:
        for function in tree["functions"].get(z) or []:
            _add(pace, z, function)
    return pace


def _add(pace: Pace, centre: int, function: Tree) -> None:
    """Add a function of the file to the sums."""
    rank, count = int(function["rank"]), int(function["num_ms_combs"])
    mus, ns, ls = (list(function[key]) for key in ("mus", "ns", "ls"))
    ms = np.array(function["ms_combs"], int).reshape(count, rank)
    c = np.array(function["ctildes"], float).reshape(count, -1)
    mine = pace.densities[centre]
    if c.shape[1] > len(mine.weights) or not {len(mus), len(ns), len(ls)} == {rank}:
        raise ValueError(f"a function of {pace.elements[centre]} has lists of other lengths")
    if not 1 <= rank <= max(ORDERS):
        raise ValueError(f"a function has rank {rank}; up to {max(ORDERS)} is supported")
    most = pace.shape(2) if rank == 1 else pace.shape(0)
    if min(ns) < 1 or max(ns) > most or max(ls) >= pace.shape(1) or min(mus) < 0:
        raise ValueError(f"a function of rank {rank} has n = {ns}, l = {ls}, species {mus}")
    linear = (c @ mine.weights[: c.shape[1]]).tolist()
    for row, value, own in zip(ms.tolist(), linear, c.tolist(), strict=True):
        factors = tuple(zip(mus, [n - 1 for n in ns], ls, row, strict=True))
        pace.energy.add(centre, factors, value)
        if 0 <= mine.embedded < len(own):
            pace.density.add(centre, factors, own[mine.embedded])
