"""A molecule by its formula: atoms in its order, isotopes, and where they are at first."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from ase import Atoms
from ase.build import molecule as g2_molecule
from ase.collections import g2
from ase.data import chemical_symbols, covalent_radii
from jaxtyping import Float

from scatter.initial.formulas import atom_symbols
from scatter.settings import UserError
from scatter.units import ISOTOPES, isotope

ALIKE = 0.05  # Å: distances of the start geometry that agree better belong to equivalent atoms


@dataclass(frozen=True)
class LoneMolecule:
    """Atoms of a molecule in no cell.

    Attributes:
        numbers: atomic numbers.
        masses: amu.
        positions: Å.
    """

    numbers: tuple[int, ...]
    masses: Float[np.ndarray, " atom"]
    positions: Float[np.ndarray, "atom 3"]

    @property
    def name(self) -> str:
        """What it consists of, such as CH4; D is written for deuterium, T for tritium."""
        elements = [chemical_symbols[Z] for Z in self.numbers]
        symbols = map(isotope, elements, self.masses.tolist())
        groups = [(symbol, len([*same])) for symbol, same in groupby(symbols)]
        return "".join(symbol + (str(count) if count > 1 else "") for symbol, count in groups)


def isotopes_of(formula: str) -> tuple[str, ...]:
    """The isotopes of a formula, one an atom, in its order: "CHD3" -> C, H, D, D, D.

    Raises:
        UserError: it is not a formula of the isotopes in `scatter.units`.
    """
    try:
        return atom_symbols(formula)
    except ValueError as error:
        raise UserError(f"formula = {error}, or give the molecule as atoms with masses") from error


def from_formula(formula: str, masses_amu: Mapping[str, float] | None = None) -> LoneMolecule:
    """A molecule in the geometry that the G2 set has for it, its atoms in the formula's order.

    Args:
        formula: D and T are isotopes of hydrogen, other symbols mean the most abundant isotope.
        masses_amu: what replaces the isotopes' own masses, by symbol, amu.

    Raises:
        UserError: the set has no such molecule, or several; or the formula does not say which
            atom is which isotope.
    """
    isotopes, given = isotopes_of(formula), masses_amu or {}
    for symbol in given:
        if symbol not in isotopes:
            raise UserError(f'masses_amu names {symbol}, which is not in formula = "{formula}"')
    numbers = [ISOTOPES[symbol][0] for symbol in isotopes]
    frame = _geometry(formula, numbers)
    _refuse_ambiguous(formula, isotopes, frame)
    left = {Z: [*np.flatnonzero(frame.numbers == Z)] for Z in set(numbers)}
    order = [left[Z].pop(0) for Z in numbers]
    masses = np.array([given.get(symbol, ISOTOPES[symbol][1]) for symbol in isotopes])
    return LoneMolecule(tuple(numbers), masses, np.array(frame.positions[order]))


def from_atoms(frame: Atoms) -> LoneMolecule:
    """A molecule of ASE, its atoms in their order.

    Masses are those it has been given; else those of the most abundant isotopes, and of other
    elements than those of `scatter.units.ISOTOPES` the standard atomic weights.
    """
    masses = np.array(frame.get_masses())
    if not frame.has("masses"):
        for atom, symbol in enumerate(frame.get_chemical_symbols()):
            masses[atom] = ISOTOPES.get(symbol, (0, masses[atom]))[1]
    numbers = tuple(int(Z) for Z in frame.numbers)
    return LoneMolecule(numbers, masses, np.array(frame.positions))


def _geometry(formula: str, numbers: Sequence[int]) -> Atoms:
    """The molecule of the G2 set with these atoms.

    Raises:
        UserError: there is none, or there are several.
    """
    plain = re.sub("[DT]", "H", formula)
    if len(numbers) == 1 or len(numbers) == 2:
        return _diatomic(numbers)
    if plain in g2.names and sorted(g2_molecule(plain).numbers) == sorted(numbers):
        return g2_molecule(plain)
    same = [name for name in g2.names if sorted(g2[name].numbers) == sorted(numbers)]
    if not same:
        raise UserError(
            f'formula = "{formula}": ASE has no start geometry of this molecule (ase.build.'
            "molecule); give its atoms, as a file or an Atoms object"
        )
    if len(same) > 1:
        raise UserError(
            f'formula = "{formula}" may be {", ".join(same)}; write one of these names, or give '
            "its atoms, as a file or an Atoms object"
        )
    return g2_molecule(same[0])


def _diatomic(numbers: Sequence[int]) -> Atoms:
    """One or two atoms, these at the sum of their covalent radii."""
    frame = Atoms(numbers=numbers, positions=np.zeros((len(numbers), 3)))
    if len(numbers) == 2:
        frame.positions[1, 2] = covalent_radii[numbers[0]] + covalent_radii[numbers[1]]
    return frame


def _refuse_ambiguous(formula: str, isotopes: Sequence[str], frame: Atoms) -> None:
    """Raise UserError where an element has several isotopes on atoms that are not equivalent."""
    for Z in {ISOTOPES[symbol][0] for symbol in isotopes}:
        its = {symbol for symbol in isotopes if ISOTOPES[symbol][0] == Z}
        seen = [_surroundings(frame, atom) for atom in np.flatnonzero(frame.numbers == Z).tolist()]
        alike = all(np.allclose(each, seen[0], rtol=0, atol=ALIKE) for each in seen)
        if len(its) > 1 and not alike:
            raise UserError(
                f'formula = "{formula}" does not say which {chemical_symbols[Z]} atom of the '
                f"molecule is {' and which is '.join(sorted(its))}, and they are not equivalent; "
                "give its atoms, as a file or an Atoms object with masses"
            )


def _surroundings(frame: Atoms, atom: int) -> np.ndarray:
    """Distances to all atoms, those of each element in increasing order, Å."""
    distances = np.linalg.norm(frame.positions - frame.positions[atom], axis=1)
    return distances[np.lexsort((distances, frame.numbers))]
