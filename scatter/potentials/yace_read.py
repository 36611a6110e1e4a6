"""A `.yace` potential of pacemaker, or of any program that writes such files, as a linear ACE.

Radial functions are tabulated, products of complex A become products of real ones. What is more
than linear (embeddings with a power, tabulated or ZBL radial functions, products of more than four)
is refused by name.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase.data import atomic_numbers

from scatter.potentials.ace_complex import Factor, to_real
from scatter.potentials.ace_file import MARGIN, ORDERS, VERSION, LinearAce
from scatter.potentials.yace_file import Tree, read_tree
from scatter.potentials.yace_radial import core, functions
from scatter.settings import UserError

SPACING = 0.002  # Å, of the tables
NAMES = ("ChebPow", "ChebExpCos", "SBessel")
INNER = ("density", "distance")
DEFAULTS = {"rcut_in": 0.0, "dcut_in": 0.0, "inner_cutoff_type": "density"}
WORDS = ("radbasename", "inner_cutoff_type")
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
    def of(cls, found: Tree) -> "Bond":
        """A bond of the file.

        Raises:
            ValueError: it is not complete, or of a kind that is not supported.
        """
        keys = {**DEFAULTS, **found}
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
            raise ValueError("radcoefficients are no array of n, l and k")
        return cls(keys, radial)


@dataclass
class Pace:
    """What a file holds, in numbers.

    Attributes:
        elements: symbols.
        bonds: by centre and neighbour species.
        weights: of each density of each centre species, which is linear.
        singles: coefficient of g_k by centre, neighbour and k, from 0.
        products: coefficients of products of complex A, for each centre species.
    """

    elements: list[str]
    bonds: dict[tuple[int, int], Bond]
    weights: list[np.ndarray]
    singles: dict[tuple[int, int, int], float]
    products: list[list[tuple[tuple[Factor, ...], float]]]

    @property
    def species(self) -> range:
        """Their indices."""
        return range(len(self.elements))

    def shape(self, axis: int) -> int:
        """The largest number of n, l or k that a bond has."""
        return max(bond.radial.shape[axis] for bond in self.bonds.values())


def read_yace(file: Path) -> LinearAce:
    """The potential in a file.

    Raises:
        UserError: it cannot be read, is not complete, or not linear.
    """
    tree = read_tree(file)
    try:
        return read_model(tree, file.name)
    except KeyError as error:
        raise UserError(f"[potential] file = '{file}': lacks the key {error}") from error
    except (ValueError, TypeError, IndexError) as error:
        raise UserError(f"[potential] file = '{file}': {error}") from error


def read_model(tree: Tree, name: str) -> LinearAce:
    """The potential of a tree.

    Args:
        tree: of a file.
        name: of the file, for people.

    Raises:
        KeyError: it is not complete.
        ValueError: it makes no sense, or needs what is not supported; so do TypeError, IndexError.
    """
    return _model(parsed(tree), [float(each) for each in tree["E0"]], name)


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
    weights = [_weights(tree["embeddings"][z], elements[z]) for z in species]
    found = Pace(elements, bonds, weights, defaultdict(float), [[] for _ in species])
    for z in species:
        for function in tree["functions"].get(z) or []:
            _add(found, z, function)
    return found


def _weights(embedding: Tree, symbol: str) -> np.ndarray:
    """w_p of the densities of a species, all of which enter the energy linearly."""
    kind, parameters = embedding["npoti"], np.array(embedding["FS_parameters"], float)
    if not str(kind).startswith("FinnisSinclair") or len(parameters) != 2 * embedding["ndensity"]:
        raise ValueError(f"the embedding of {symbol} is {kind} with {len(parameters)} parameters")
    powers = parameters[1::2]
    if (abs(powers - 1) > 1e-10).any():
        raise ValueError(
            f"the embedding of {symbol} has the powers {powers.tolist()}; only 1 (linear) is "
            "supported"
        )
    if float(embedding["rho_core_cutoff"]) < LEAST_eV:
        raise ValueError(f"rho_core_cutoff of {symbol} is below {LEAST_eV:g} eV")
    return parameters[0::2]


def _add(found: Pace, centre: int, function: Tree) -> None:
    """Add a function of the file to the sums."""
    rank, count = int(function["rank"]), int(function["num_ms_combs"])
    mus, ns, ls = (list(function[key]) for key in ("mus", "ns", "ls"))
    ms = np.array(function["ms_combs"], int).reshape(count, rank)
    weights = found.weights[centre]
    c = np.array(function["ctildes"], float).reshape(count, -1)
    if c.shape[1] > len(weights) or not {len(mus), len(ns), len(ls)} == {rank}:
        raise ValueError(f"a function of {found.elements[centre]} has lists of other lengths")
    if not 1 <= rank <= max(ORDERS):
        raise ValueError(f"a function has rank {rank}; up to {max(ORDERS)} is supported")
    most = found.shape(2) if rank == 1 else found.shape(0)
    if min(ns) < 1 or max(ns) > most or max(ls) >= found.shape(1) or min(mus) < 0:
        raise ValueError(f"a function of rank {rank} has n = {ns}, l = {ls}, species {mus}")
    for row, value in zip(ms.tolist(), (c @ weights[: c.shape[1]]).tolist(), strict=True):
        if rank == 1:
            found.singles[centre, mus[0], ns[0] - 1] += value
        else:
            factors = zip(mus, [n - 1 for n in ns], ls, row, strict=True)
            found.products[centre].append((tuple(factors), value))


def _columns(found: Pace) -> tuple[dict[tuple[int, int], int], list[tuple[int, int]]]:
    """Which table holds R_nl, alike ones together; and one n and l of each table."""
    used = {(n, degree) for each in found.products for key, _ in each for _, n, degree, _ in key}
    tables: dict[bytes, int] = {}
    which, first = {}, []
    for n, degree in sorted(used, key=lambda pair: pair[::-1]):
        content = b"".join(
            _padded(found.bonds[pair].radial, found)[n, degree].tobytes()
            for pair in sorted(found.bonds)
        )
        if content not in tables:
            tables[content] = len(first)
            first.append((n, degree))
        which[n, degree] = tables[content]
    return which, first


def _padded(radial: np.ndarray, found: Pace) -> np.ndarray:
    sizes = [found.shape(axis) - radial.shape[axis] for axis in range(3)]
    return np.pad(radial, [(0, size) for size in sizes])


def _tables(
    found: Pace, first: list[tuple[int, int]], cutoff: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """R_n and φ of all pairs of species."""
    samples = int(np.ceil(cutoff.max() / SPACING)) + 1
    r = (np.arange(samples + 2 * MARGIN) - MARGIN) * cutoff.max() / (samples - 1)
    shape = (*cutoff.shape, len(r))
    radial, pair = np.zeros((*shape, len(first))), np.zeros(shape)
    for (i, j), bond in found.bonds.items():
        g = functions(r, bond.keys, found.shape(2))
        c = _padded(bond.radial, found)
        for k, (n, degree) in enumerate(first):
            radial[i, j, :, k] = g @ c[n, degree]
        singles = [found.singles.get((i, j, k), 0.0) for k in range(g.shape[1])]
        pair[i, j] = g @ np.array(singles) + core(r, bond.keys)
        if bond.keys["rcut"] < cutoff[i, j]:
            radial[i, j, r >= bond.keys["rcut"]] = pair[i, j, r >= bond.keys["rcut"]] = 0.0
    return radial, pair


def _model(found: Pace, constant: list[float], name: str) -> LinearAce:
    own = np.array([[found.bonds[i, j].keys["rcut"] for j in found.species] for i in found.species])
    cutoff = np.maximum(own, own.T)
    which, first = _columns(found)
    radial, pair = _tables(found, first, cutoff)
    sums = [
        to_real(
            (tuple(sorted((z, which[n, degree], degree, m) for z, n, degree, m in key)), c)
            for key, c in products
        )
        for products in found.products
    ]
    everything = sorted({key for each in sums for key in each}, key=lambda key: (len(key), key))
    spec = sorted({factor for key in everything for factor in key})
    place = {factor: k for k, factor in enumerate(spec)}
    arrays, weights = {}, []
    for order in ORDERS:
        keys = [key for key in everything if len(key) == order]
        rows = np.array([[place[f] for f in key] for key in keys], np.int64).reshape(-1, order)
        c = np.array([[each.get(key, 0.0) for key in keys] for each in sums]).reshape(-1, len(keys))
        at = sum(part.shape[1] for part in weights)
        arrays |= {
            f"products_{order}": rows, f"coefficients_{order}": c,
            f"coupling_{order}": np.stack([at + np.arange(len(rows)), np.arange(len(rows))], 1),
            f"coupling_values_{order}": np.ones(len(rows)),
        }  # fmt: skip
        weights.append(c)
    count = len(found.elements)
    return LinearAce(
        version=VERSION, kind="ace",
        numbers=np.array([atomic_numbers[each] for each in found.elements]), cutoff=cutoff,
        constant=np.array(constant), radial=radial, pair=pair,
        spec=np.array(spec, np.int64).reshape(-1, 4), **arrays,
        two_body=pair[..., None].copy(), two_body_weights=np.ones((count, count, 1)),
        weights=np.concatenate(weights, axis=1), leverage=np.zeros((count, 0, 0)),
        provenance=name,
    )  # fmt: skip
