"""Formulas of projectiles: their atoms, isotopes and masses, and what kind they are."""

import re
from collections.abc import Mapping

from scatter.units import ISOTOPES

MOST_ATOMS = 50  # of a projectile


def atom_symbols(formula: str) -> tuple[str, ...]:
    """The isotopes of a formula, in its order: "CHD3" -> ("C", "H", "D", "D", "D").

    Raises:
        ValueError: it is not a formula of the isotopes in `scatter.units`.
    """
    parts = re.findall(r"([A-Z][a-z]?)([1-9]\d?)?", formula)
    written = "".join(symbol + count for symbol, count in parts)
    known = {symbol for symbol, _ in parts} <= set(ISOTOPES)
    atoms = tuple(symbol for symbol, count in parts for _ in range(int(count or 1)))
    if not parts or written != formula or not known or len(atoms) > MOST_ATOMS:
        raise ValueError(
            f'"{formula}" is not a formula of {", ".join(ISOTOPES)}; '
            'write it as "H", "H2", "HD", "CO" or "CHD3"'
        )
    return atoms


def symbols(formula: str) -> tuple[str, str]:
    """The two isotopes of a diatomic: "HD" -> ("H", "D"), "N2" -> ("N", "N").

    Raises:
        ValueError: it is not a diatomic of the isotopes in `scatter.units`.
    """
    pair = atom_symbols(formula)
    if len(pair) != 2:
        raise ValueError(f'"{formula}" is not a diatomic, such as "H2", "HD" or "CO"')
    return pair[0], pair[1]


def kind_of(formula: str) -> str:
    """The kind of projectile: "atom", "diatomic" or "polyatomic"."""
    return {1: "atom", 2: "diatomic"}.get(len(atom_symbols(formula)), "polyatomic")


def atoms_of(formula: str, masses: Mapping[str, float]) -> list[tuple[int, float]]:
    """Atomic number and mass (amu) of each atom of a formula, in its order.

    Args:
        formula: such as "CHD3".
        masses: what replaces the isotopes' own masses, by symbol, amu.
    """
    named = [(symbol, *ISOTOPES[symbol]) for symbol in atom_symbols(formula)]
    return [(number, masses.get(symbol, mass)) for symbol, number, mass in named]


def isotopes(
    formula: str, masses: Mapping[str, float]
) -> tuple[tuple[int, float], tuple[int, float]]:
    """Atomic number and mass (amu) of each atom of a diatomic.

    Args:
        formula: such as "HD".
        masses: what replaces the isotopes' own masses, by symbol, amu.
    """
    symbols(formula)  # for what it refuses
    first, second = atoms_of(formula, masses)
    return first, second
