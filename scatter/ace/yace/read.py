"""A `.yace` potential of pacemaker, or of any program that writes such files, as a linear ACE.

Radial functions are tabulated, products of complex A become products of real ones. One density of
an atom may have a power other than one. What is beyond that (a second such density, tabulated or
ZBL radial functions, products of more than four) is refused by name.
"""

from pathlib import Path

import numpy as np
from ase.data import atomic_numbers

from scatter.ace.assembly import Assembly
from scatter.ace.file import MARGIN, LinearAce
from scatter.ace.program import Embedding
from scatter.ace.yace.file import Tree, read_tree
from scatter.ace.yace.harmonics import to_real
from scatter.ace.yace.parse import Pace, Terms, parsed
from scatter.ace.yace.radial import core, functions
from scatter.foreign import reason, shown
from scatter.settings import UserError

SPACING = 0.002  # Å, of the tables


def read_yace(file: Path) -> tuple[LinearAce, Embedding | None]:
    """The potential in a file, and what it has beyond a linear ACE.

    Raises:
        UserError: it cannot be read, is not complete, or needs what is not supported.
    """
    tree = read_tree(file)
    try:
        return read_model(tree, file.name)
    except KeyError as error:
        raise UserError(f"[potential] file = '{file}': lacks the key {shown(error)}") from error
    except (ValueError, TypeError, IndexError, ArithmeticError, AttributeError) as error:
        raise UserError(f"[potential] file = '{file}': {reason(error)}") from error


def read_model(tree: Tree, name: str) -> tuple[LinearAce, Embedding | None]:
    """The potential of a tree, and what it has beyond a linear ACE.

    Args:
        tree: of a file.
        name: of the file, for people.

    Raises:
        KeyError: it is not complete.
        ValueError: it makes no sense, or needs what is not supported; so do TypeError, IndexError.
    """
    return _models(parsed(tree), [float(each) for each in tree["E0"]], name)


def _columns(pace: Pace) -> tuple[dict[tuple[int, int], int], list[tuple[int, int]]]:
    """Which table holds R_nl, alike ones together; and one n and l of each table."""
    everything = pace.energy.products + pace.density.products
    used = {(n, degree) for each in everything for key, _ in each for _, n, degree, _ in key}
    tables: dict[bytes, int] = {}
    which, first = {}, []
    for n, degree in sorted(used, key=lambda pair: pair[::-1]):
        content = b"".join(
            _padded(pace.bonds[pair].radial, pace)[n, degree].tobytes()
            for pair in sorted(pace.bonds)
        )
        if content not in tables:
            tables[content] = len(first)
            first.append((n, degree))
        which[n, degree] = tables[content]
    return which, first


def _padded(radial: np.ndarray, pace: Pace) -> np.ndarray:
    sizes = [pace.shape(axis) - radial.shape[axis] for axis in range(3)]
    return np.pad(radial, np.array([(0, size) for size in sizes]))


class Tables:
    """Radial functions of all pairs of species, on one grid."""

    def __init__(self, pace: Pace, first: list[tuple[int, int]]):
        """Compute them.

        Args:
            pace: of the file.
            first: n and l of each table that products need.
        """
        rcut = [[pace.bonds[i, j].keys["rcut"] for j in pace.species] for i in pace.species]
        self.pace, self.cutoff = pace, np.maximum(np.array(rcut), np.array(rcut).T)
        samples = int(np.ceil(self.cutoff.max() / SPACING)) + 1
        self.r = (np.arange(samples + 2 * MARGIN) - MARGIN) * self.cutoff.max() / (samples - 1)
        self.g = {
            pair: functions(self.r, bond.keys, pace.shape(2)) * self._inside(*pair)[:, None]
            for pair, bond in pace.bonds.items()
        }
        self.radial = np.zeros((*self.cutoff.shape, len(self.r), len(first)))
        for pair, bond in pace.bonds.items():
            c = _padded(bond.radial, pace)
            for k, (n, degree) in enumerate(first):
                self.radial[(*pair, slice(None), k)] = self.g[pair] @ c[n, degree]

    def _inside(self, i: int, j: int) -> np.ndarray:
        """Zero beyond the bond's cutoff, where the other direction's is longer."""
        own = self.pace.bonds[i, j].keys["rcut"]
        return np.where((self.r < own) | (own == self.cutoff[i, j]), 1.0, 0.0)

    def pair(self, terms: Terms, repulsion: bool) -> np.ndarray:
        """φ of a sum of functions."""
        pair = np.zeros((*self.cutoff.shape, len(self.r)))
        for (i, j), g in self.g.items():
            c = [terms.singles.get((i, j, k), 0.0) for k in range(g.shape[1])]
            pair[i, j] = g @ np.array(c)
            if repulsion:
                pair[i, j] += core(self.r, self.pace.bonds[i, j].keys) * self._inside(i, j)
        return pair


def _models(pace: Pace, constant: list[float], name: str) -> tuple[LinearAce, Embedding | None]:
    which, first = _columns(pace)
    tables = Tables(pace, first)
    sums = [
        [
            to_real(
                (tuple(sorted((z, which[n, degree], degree, m) for z, n, degree, m in key)), c)
                for key, c in products
            )
            for products in part.products
        ]
        for part in (pace.energy, pace.density)
    ]
    everything = sorted({key for part in sums for each in part for key in each})
    numbers = [atomic_numbers[each] for each in pace.elements]
    make = Assembly(numbers, tables.cutoff, tables.radial, everything, name)
    model = make.model(sums[0], tables.pair(pace.energy, True), np.array(constant))
    if all(each.embedded < 0 for each in pace.densities):
        return model, None
    density = make.model(sums[1], tables.pair(pace.density, False), np.zeros(len(constant)))
    parameters = np.array([each.parameters for each in pace.densities])
    return model, Embedding(density, parameters)
