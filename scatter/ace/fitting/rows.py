"""From structures to the rows of the least squares, by way of neighbours and radial functions."""

from dataclasses import dataclass
from functools import cached_property
from math import factorial, sqrt

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from scatter.ace.file import ORDERS
from scatter.ace.fitting.basis import Basis
from scatter.ace.fitting.radial import Radial
from scatter.ace.kernels import rows as ace_rows
from scatter.ace.kernels.rows import Functions, Neighbours, Tables
from scatter.potentials.calculator import system_of
from scatter.potentials.neighbours import VerletLists
from scatter.settings import UserError

SKIN = 0.05  # Å; structures do not move


@dataclass(frozen=True)
class Design:
    """A basis, its radial functions, and a column for each of its functions and centre species.

    Columns of a centre species follow one another: functions of one neighbour, by its species, then
    those B_f that the species has.

    Attributes:
        numbers: atomic numbers of the species.
        basis: functions of several neighbours.
        radial: R_n, by centre and neighbour species.
        pair: functions of the pair potential, alike.
    """

    numbers: tuple[int, ...]
    basis: Basis
    radial: tuple[tuple[Radial, ...], ...]
    pair: tuple[tuple[Radial, ...], ...]

    @property
    def cutoff(self) -> float:
        """The largest, Å."""
        return max(radial.cutoff for row in self.radial for radial in row)

    @property
    def singles(self) -> int:
        """Functions of one neighbour, for each species of it: R_n of order 1, and of the pair."""
        return self.basis.singles + self.pair[0][0].count

    @cached_property
    def starts(self) -> Int[np.ndarray, " boundary"]:
        """Where the columns of each species begin, and the end."""
        each = len(self.numbers) * self.singles + self.basis.has.sum(axis=1)
        return np.concatenate([[0], np.cumsum(each)])

    @property
    def columns(self) -> int:
        """How many."""
        return int(self.starts[-1])

    @property
    def values(self) -> int:
        """Values of functions that an atom has, those of other species' centres included."""
        return len(self.numbers) * self.singles + len(self.basis.patterns)

    @cached_property
    def functions(self) -> Functions:
        """What the kernel takes."""
        species, has, spec = len(self.numbers), self.basis.has, self.basis.spec
        singles = np.arange(species * self.singles).reshape(species, self.singles)
        many = np.full(has.shape, -1)
        for z, start in enumerate(self.starts[:-1]):
            many[z, has[z]] = start + species * self.singles + np.arange(has[z].sum())
        products = [self.basis.products[order] for order in ORDERS]
        counts = [len(group.factors) for group in products]
        padded = [
            np.pad(group.factors, np.array(((0, 0), (0, 4 - order))), constant_values=-1)
            for order, group in zip(ORDERS, products, strict=True)
        ]
        shift = np.cumsum([0, *counts])
        entries = [
            group.entries + [0, ahead] for group, ahead in zip(products, shift, strict=False)
        ]
        return Functions(
            two_body=self.starts[:-1, None, None] + singles,
            many_body=many,
            spec=spec,
            ranges=np.searchsorted(spec[:, 0], np.arange(species + 1)),
            norms=norms(int(spec[:, 2].max(initial=0))),
            products=np.concatenate(padded),
            orders=np.repeat(ORDERS, counts),
            entries=np.concatenate(entries),
            values=np.concatenate([group.values for group in products]),
        )

    def rows(self, frame: Atoms, where: str) -> Float[np.ndarray, "column row"]:
        """The energy of each column for a structure, and the forces on all its atoms."""
        return self.rows_and_sites(frame, where, np.arange(len(frame)))[0]

    def rows_and_sites(
        self, frame: Atoms, where: str, atoms: Int[np.ndarray, " atom"], virial: bool = False
    ) -> tuple[Float[np.ndarray, "column row"], Float[np.ndarray, "atom value"]]:
        """All functions of a structure, summed over its atoms, and minus their slopes.

        Args:
            frame: the structure.
            where: what to call it in an error.
            atoms: whose forces are wanted.
            virial: whether the virial is wanted.

        Returns:
            For each column the energy, the components of the force on each atom and perhaps xx, yy,
            zz, yz, xz and xy of the virial; and for each atom of the structure the values of its
            functions, in the order of `LinearAce.leverage`.

        Raises:
            UserError: it holds an element that is not fitted, or its cell has no volume.
        """
        pairs = self.neighbours(frame, where, atoms, self.cutoff)
        after = 1 + 3 * len(atoms)
        rows = np.zeros((self.columns, after + 3 + (6 if virial else 0)))
        sites = np.zeros((len(frame), self.values))
        ace_rows.add_rows(pairs, self.tables(pairs), self.functions, rows, sites)
        return np.hstack([rows[:, :after], -rows[:, after + 3 :]]), sites

    def neighbours(
        self, frame: Atoms, where: str, atoms: Int[np.ndarray, " atom"], cutoff: float
    ) -> Neighbours:
        """All pairs within a cutoff (Å), in both directions; forces are wanted on some atoms."""
        unknown = sorted(set(frame.numbers.tolist()) - set(self.numbers))
        if unknown:
            raise UserError(f"{where}: holds the atomic numbers {unknown}, which are not fitted")
        lists = VerletLists(system_of(frame, where), 1, cutoff, SKIN)
        positions = np.array(frame.positions)
        lists.update(positions[None])
        count = lists.counts[0]
        first, second = lists.first[0, :count], lists.second[0, :count]
        apart = positions[second] - positions[first] + lists.shift[0, :count]
        centre, other = np.concatenate([first, second]), np.concatenate([second, first])
        apart = np.concatenate([apart, -apart])
        r = np.sqrt((apart**2).sum(axis=1))
        order = np.argsort(centre, kind="stable")
        order = order[r[order] < cutoff]
        index = np.zeros(1 + max(self.numbers), np.int64)
        index[list(self.numbers)] = np.arange(len(self.numbers))
        species = index[frame.numbers]
        centre, other = centre[order].astype(np.int64), other[order].astype(np.int64)
        unit = apart[order] / r[order, None]
        place = np.full(len(frame), len(atoms))
        place[atoms] = np.arange(len(atoms))
        of_ends, places = (species[centre], species[other]), len(atoms) + 1
        return Neighbours(centre, other, *of_ends, unit, r[order], place, places)

    def tables(self, pairs: Neighbours) -> Tables:
        """Radial functions of all pairs."""
        count = len(pairs.r)
        radial = np.zeros((2, count, self.basis.radial))
        singles = np.zeros((2, count, self.singles))
        for i, row in enumerate(self.radial):
            for j, functions in enumerate(row):
                mine = (pairs.of_centre == i) & (pairs.of_other == j)
                values = np.stack(functions(pairs.r[mine]))
                radial[:, mine] = values[:, :, : self.basis.radial]
                single = values[:, :, : self.basis.singles]
                paired = np.stack(self.pair[i][j](pairs.r[mine]))
                singles[:, mine] = np.concatenate([single, paired], axis=2)
        return Tables(radial[0], radial[1], singles[0], singles[1])


def norms(degree: int) -> Float[np.ndarray, " row"]:
    """N_lm at k² + k + m, for a mean square of one over the sphere."""
    factors = np.zeros((degree + 1) ** 2)
    for k in range(degree + 1):
        for m in range(-k, k + 1):
            twice = 2 if m else 1
            ratio = factorial(k - abs(m)) / factorial(k + abs(m))
            factors[k * k + k + m] = sqrt((2 * k + 1) * twice * ratio)
    return factors
