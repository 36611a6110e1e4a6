"""A slab that somebody else made: its file, as the atoms of a slab that stands in an upright cell.

What the file says of its atoms (elements, masses, which are held) is obeyed or refused by name.
Its places change by whole lattice vectors only. Lengths in Å.
"""

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.constraints import FixAtoms
from ase.data import atomic_masses
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from scatter.foreign import shown
from scatter.initial.outermost import images, inside, widths
from scatter.settings import UserError
from scatter.structures import held, read_structure

FLAT = 1e-6  # Å that a vector may lean and still count as lying or standing
OPEN = 6.0  # Å: a slab whose atoms leave so much empty sideways does not go on there
TOUCHING = 0.3  # Å: nearer ones are one atom that was written twice
APART = 4.0  # Å: atoms that have none nearer are not part of the slab, nor do they lie on it
# Isotopes' masses relative to the standard weight: 3He 0.75, 6Li 0.87, 48Ca 1.20; D 2, T 3.
ISOTOPES, OF_HYDROGEN = (0.7, 1.5), (0.1, 3.5)


def read_slab(file: str, place: str, vacuum: float | None = None) -> Atoms:
    """The atoms of a slab in an upright cell, not wrapped along z, as its file has them otherwise.

    A slab that crosses the cell's edge along z is put together at its widest gap. A third lattice
    vector that leans is made upright, which no atom feels through the vacuum.

    Args:
        file: extended XYZ or a POSCAR.
        place: what errors call it.
        vacuum: that the cell is to have above the slab instead of its own, Å.

    Raises:
        UserError: it cannot be read, or is not a slab.
    """
    atoms = read_structure(Path(file), place)
    _refuse_no_slab(place, atoms)
    cell = atoms.cell.array.copy()
    atoms.positions = _together(atoms.positions, cell)
    if not np.allclose(cell[2, :2], 0, atol=FLAT):
        cell[2, :2] = 0.0
    if vacuum is not None:
        cell[2, 2] = float(np.ptp(atoms.positions[:, 2])) + vacuum
    atoms.set_cell(cell)
    _refuse_gaps(place, atoms)
    _refuse_what_coincides(place, atoms)
    _refuse_what_hangs(place, atoms)
    return atoms


def held_atoms(place: str, atoms: Atoms) -> Bool[np.ndarray, " atom"]:
    """Which atoms the file holds.

    Raises:
        UserError: one is held along some directions only, which the dynamics cannot do.
    """
    axes = held(atoms, place)
    partly = np.flatnonzero(axes.any(axis=1) & ~axes.all(axis=1))
    if len(partly):
        kinds = {
            type(kind).__name__ for kind in atoms.constraints if not isinstance(kind, FixAtoms)
        }
        atom = int(partly[0])
        raise UserError(
            f"{place}: atom {atom} ({atoms.symbols[atom]}, counted from 0) and {len(partly) - 1} "
            f"more are held along {int(axes[atom].sum())} of three directions "
            f"({', '.join(sorted(kinds))}); here an atom is held along all three or moves, so mark "
            "it F F F or T T T"
        )
    return np.asarray(axes.all(axis=1))


def masses_of(place: str, atoms: Atoms) -> Float[np.ndarray, " atom"] | None:
    """Masses of the file's atoms, amu; None where it has none, or only the standard weights.

    Raises:
        UserError: one is not a mass of its element's isotopes.
    """
    column = next((name for name in ("masses", "mass") if name in atoms.arrays), None)
    if column is None:
        return None
    masses, standard = atoms.arrays[column], atomic_masses[atoms.numbers]
    if masses.dtype.kind not in "iuf" or masses.shape != standard.shape:
        raise UserError(f"{place}: its column '{column}' is not one number for each atom")
    least, most = (
        np.where(atoms.numbers == 1, *ends) for ends in zip(OF_HYDROGEN, ISOTOPES, strict=True)
    )
    wrong = np.flatnonzero(~((masses > least * standard) & (masses < most * standard)))
    if len(wrong):
        atom = int(wrong[0])
        raise UserError(
            f"{place}: {column} gives atom {atom} ({atoms.symbols[atom]}, counted from 0) "
            f"{shown(masses[atom])} amu, and the element has {standard[atom]:.3f}; write isotopes' "
            "masses in amu, or leave the column out"
        )
    return None if np.array_equal(masses, standard) else masses.astype(float)


def _refuse_no_slab(place: str, atoms: Atoms) -> None:
    """Raise UserError unless the cell is a slab's."""
    cell = atoms.cell.array
    flat = np.allclose(cell[:2, 2], 0, atol=FLAT)
    if flat and not cell[2].any() and cell[:2].any():
        raise UserError(
            f"{place}: its third lattice vector is missing; write the cell with its vacuum, along z"
        )
    if not (flat and cell[2, 2] > 0 and abs(np.linalg.det(cell)) > 1e-6):
        rows = "; ".join(" ".join(f"{x:.3f}" for x in row) for row in cell)
        raise UserError(
            f"{place}: its cell ({rows}) is not a slab's; the first two lattice vectors must lie "
            "in the xy plane and the third along z"
        )
    if atoms.pbc[0] != atoms.pbc[1]:  # neither is what ASE writes where nobody has said
        raise UserError(
            f"{place}: says that it is periodic along one of its first two lattice vectors only "
            '(pbc); a slab is along both: write pbc="T T T" or "T T F"'
        )


def _together(
    positions: Float[np.ndarray, "atom 3"], cell: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "atom 3"]:
    """The atoms with those above the widest gap along z moved down by the third vector."""
    turns = np.floor(positions[:, 2] / cell[2, 2])
    if len(np.unique(turns)) > 1 and np.ptp(positions[:, 2]) > cell[2, 2]:
        positions = positions - turns[:, None] * cell[2]  # unwrapped, and farther than one cell
    z = np.sort(positions[:, 2])
    gaps = np.diff(z, append=z[0] + cell[2, 2])
    widest = int(gaps.argmax())
    if widest == len(z) - 1:
        return positions
    above = positions[:, 2] > z[widest]
    return positions - above[:, None] * cell[2]


def _refuse_gaps(place: str, atoms: Atoms) -> None:
    """Raise UserError if the slab does not go on sideways."""
    wide = widths(atoms.cell.array)
    for axis, name in enumerate(("first", "second")):
        fractions = np.sort(atoms.get_scaled_positions()[:, axis] % 1.0)
        gap = float(np.diff(fractions, append=fractions[0] + 1).max() * wide[axis])
        if gap > OPEN:
            raise UserError(
                f"{place}: its atoms leave {gap:.1f} Å empty along the {name} lattice vector; a "
                "slab goes on along the first two, and its vacuum lies along the third: turn it, "
                "so that the surface's normal is z"
            )


def _refuse_what_coincides(place: str, atoms: Atoms) -> None:
    """Raise UserError if two atoms stand at one place, as at both edges of a cell."""
    same = fragments(atoms.positions, atoms.cell.array, TOUCHING)
    places, counts = np.unique(same, return_counts=True)
    if len(places) < len(atoms):
        first, second, *_ = np.flatnonzero(same == places[counts.argmax()]).tolist()
        raise UserError(
            f"{place}: atoms {first} and {second} (counted from 0) stand at one place; an atom at "
            "both edges of the cell is to be written once"
        )


def _refuse_what_hangs(place: str, atoms: Atoms) -> None:
    """Raise UserError if some atoms are far from all the others: a molecule in the vacuum."""
    parts = fragments(atoms.positions, atoms.cell.array, APART)
    hanging = np.flatnonzero(parts != np.bincount(parts).argmax())
    if len(hanging):
        rest = np.delete(atoms.positions[:, 2], hanging)
        lowest = float(atoms.positions[hanging, 2].min() - rest.max())
        names = ", ".join(f"{i} ({atoms.symbols[i]})" for i in hanging[:4].tolist())
        raise UserError(
            f"{place}: atoms {names}{' ...' if len(hanging) > 4 else ''} (counted from 0) hang in "
            f"the vacuum, {lowest:.1f} Å above the slab; take them out: the molecule comes from "
            "[molecule]"
        )


def fragments(
    positions: Float[np.ndarray, "atom 3"], cell: Float[np.ndarray, "3 3"], reach: float
) -> Int[np.ndarray, " atom"]:
    """The number of the fragment of each atom; atoms nearer than `reach` (Å) share one.

    Args:
        positions: Å.
        cell: lattice vectors as rows; periodic along the first two.
        reach: Å.
    """
    places = inside(positions, cell)
    others = KDTree(images(places, cell, reach))
    near = KDTree(places).sparse_distance_matrix(others, reach, output_type="coo_matrix")
    row, column = near.row, near.col % len(positions)
    graph = coo_matrix((np.ones(len(row)), (row, column)), shape=(len(positions),) * 2)
    return connected_components(graph, directed=False)[1]
