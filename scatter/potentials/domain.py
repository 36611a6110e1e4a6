"""Where a potential holds: the distances between atoms that it has been trained on."""

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from scatter.shapes import Float, Int


@dataclass(frozen=True)
class Domain:
    """Bounds on distances, by pairs of species.

    Attributes:
        numbers: atomic numbers of the species.
        closest: shortest distance of two atoms, Å; 0 where nothing is known. For the two species
            of a molecule it is the shortest bond too.
        longest: longest bond of a molecule of these two species, Å; 0 where nothing is known.
    """

    numbers: Int[np.ndarray, " species"]
    closest: Float[np.ndarray, "species species"]
    longest: Float[np.ndarray, "species species"]

    def closest_of(self, first: int, second: int) -> float:
        """Shortest distance of two atoms of these atomic numbers, Å; 0 for no bound."""
        return self._of(self.closest, first, second)

    def longest_of(self, first: int, second: int) -> float:
        """Longest bond of a molecule of these atomic numbers, Å; infinite for no bound."""
        return self._of(self.longest, first, second) or np.inf

    def _of(self, table: np.ndarray, first: int, second: int) -> float:
        known = self.numbers.tolist()
        if first not in known or second not in known:
            return 0.0
        return float(table[known.index(first), known.index(second)])

    def record(self) -> dict[str, Any]:
        """The bounds as plain values, by name and pair, such as "closest H-Cu": 1.1 (Å)."""
        from ase.data import chemical_symbols  # here, since only people need names

        names = [chemical_symbols[z] for z in self.numbers]
        tables = {"closest": self.closest, "longest": self.longest}
        return {
            f"{name} {names[i]}-{names[j]}": float(table[i, j])
            for name, table in tables.items()
            for i, j in combinations_with_replacement(range(len(names)), 2)
            if table[i, j]
        }
