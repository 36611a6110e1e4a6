"""Crystals of one element: which one an element has, what was measured of it, its bulk cell.

Lengths in Å; c is the height of an hcp cell, and 0 for cubic crystals.
"""

from math import sqrt

import numpy as np
from ase.build import bulk
from ase.data import atomic_numbers, covalent_radii, reference_states
from jaxtyping import Float

from scatter.facets import CRYSTALS
from scatter.state import System

ATOMS = {"fcc": 4, "bcc": 2, "hcp": 2, "diamond": 8}  # of the cubic cell, or the hexagonal one
NEIGHBOUR = {"fcc": sqrt(0.5), "bcc": sqrt(0.75), "hcp": 1.0, "diamond": sqrt(3) / 4}  # in a
IDEAL = sqrt(8 / 3)  # c/a of close-packed spheres
# Cells along each side of a periodic box, as long as that of copper; of hcp orthorhombic ones
REPEAT = {"fcc": (3, 3, 3), "bcc": (4, 4, 4), "hcp": (4, 2, 3), "diamond": (2, 2, 2)}


def crystal_of(element: str, structure: str | None = None) -> str:
    """The crystal of an element: the one that is asked for, or that of ASE's reference state.

    Raises:
        ValueError: there is no such element, or its own crystal is none that is built.
    """
    if element not in atomic_numbers or element == "X":
        raise ValueError(f"element = {element!r} is not a chemical symbol, such as 'Cu'")
    if structure is not None:
        return structure
    state = reference_states[atomic_numbers[element]]
    symmetry = state["symmetry"] if state else None
    if symmetry not in CRYSTALS:
        raise ValueError(
            f"element = {element!r} has no crystal that is built ({symmetry or 'none is known'}); "
            f"choose one of {', '.join(CRYSTALS)} by structure, or give the slab as a file"
        )
    return symmetry


def measured(element: str, crystal: str) -> tuple[float, float]:
    """The lattice constants a and c of a crystal, Å, by ASE's table of reference states.

    For another crystal than that of the table a is guessed: of the same volume per atom, or where
    that has no known volume, with neighbours two covalent radii apart; c/a is then ideal.
    """
    state = reference_states[atomic_numbers[element]] or {"symmetry": "unknown"}
    own = state["symmetry"]
    ratio = IDEAL if crystal == "hcp" else 0.0
    if own == crystal:
        a = float(state["a"])
        return a, float(state["c/a"]) * a if crystal == "hcp" else 0.0
    if own not in CRYSTALS:
        a = 2 * float(covalent_radii[atomic_numbers[element]]) / NEIGHBOUR[crystal]
    else:
        volume = _volume(own, *measured(element, own))
        a = (volume / _volume(crystal, 1.0, ratio)) ** (1 / 3)
    return a, ratio * a


def _volume(crystal: str, a: float, c: float) -> float:
    """Of an atom."""
    return (sqrt(0.75) * a * a * c if crystal == "hcp" else a**3) / ATOMS[crystal]


def bulk_crystal(
    element: str, crystal: str, a: float, c: float, repeat: tuple[int, int, int]
) -> tuple[System, Float[np.ndarray, "atom 3"]]:
    """The perfect crystal in so many cubic (of hcp, orthorhombic) cells, all atoms free to move.

    Returns:
        The system, and its atoms' positions.
    """
    if crystal == "hcp":
        atoms = bulk(element, crystal, a=a, c=c, orthorhombic=True).repeat(repeat)
    else:
        atoms = bulk(element, crystal, a=a, cubic=True).repeat(repeat)
    free = np.ones(len(atoms), bool)
    system = System(atoms.numbers, atoms.cell.array.copy(), (True, True, True), free)
    return system, atoms.positions.copy()
