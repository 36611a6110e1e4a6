"""The slab: its ideal atoms in their cell.

Lengths in Å. The slab stands on z = 0 and its lateral lattice vectors lie in the xy plane; the
third lattice vector points along z and is the slab's height plus the vacuum.
"""

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import fcc100, fcc110, fcc111, fcc211
from ase.constraints import FixAtoms
from ase.data import atomic_masses
from jaxtyping import Bool, Float, Int

from scatter.initial.surface import Surface
from scatter.settings import UserError
from scatter.state import System
from scatter.structures import read_structure

LAYER_GAP = 0.4  # Å; rows of (211) are 0.7 Å apart, and a layer ripples less than this


def build(
    surface: Surface, facet: str, lattice_constant: float | None
) -> tuple[System, Float[np.ndarray, "atom 3"]]:
    """The ideal slab: which atoms in which cell, and where they stand.

    Atoms are numbered from the bottom up. A layer is n1 n2 atoms (on (211) a stack of three rows),
    so the top is the outermost layer: on (211) the edge, the terrace and the foot row, whose mean
    lies one row spacing, a/(2 sqrt 6), below the edge. Directions are those of `ase.build`, but on
    (211) the slab is turned over, so that the terraces descend along +x from the edges.

    The cell is periodic along z too: the vacuum is then part of the system that every potential
    sees alike, and a vacuum that is too thin shows (`clear_height`) instead of being ignored.

    Args:
        surface: the table `[surface]`.
        facet: one of `surface.labels`.
        lattice_constant: Å; None for a slab from a file.

    Returns:
        The system, and the positions of its atoms in Å, the lowest at z = 0.

    Raises:
        UserError: the file cannot be read, or what it holds is no slab.
    """
    if surface.file is not None:
        return _read(surface.file, surface.frozen_layers)
    make = {"111": fcc111, "100": fcc100, "110": fcc110, "211": fcc211}[facet]
    atoms = make(surface.element, tuple(surface.size), a=lattice_constant)
    if facet == "211":  # which alone ase.build numbers from the top down
        atoms.positions[:, 2] *= -1
    height = float(np.ptp(atoms.positions[:, 2]))
    atoms.cell[2] = [0.0, 0.0, height + surface.vacuum_A]
    in_layer = surface.size[0] * surface.size[1]
    number = np.arange(len(atoms))
    frozen = number < surface.frozen_layers * in_layer
    return _slab(atoms, frozen, number[-in_layer:])


def slab_masses(system: System) -> Float[np.ndarray, " atom"]:
    """Standard atomic weights of the slab's atoms, amu."""
    return atomic_masses[system.numbers]


def layers(positions: Float[np.ndarray, "atom 3"]) -> list[Int[np.ndarray, " layer"]]:
    """Indices of the atoms of each layer, from the bottom up; gaps in z of 0.4 Å part layers.

    On (211) each row is a layer of its own here.
    """
    order = np.argsort(positions[:, 2], kind="stable")
    gaps = np.diff(positions[order, 2]) > LAYER_GAP
    return np.split(order, np.flatnonzero(gaps) + 1)


def clear_height(system: System, positions: Float[np.ndarray, "atom 3"]) -> float:
    """From the top plane up to the lowest atom of the slab's next image, Å."""
    top = positions[system.top, 2].mean()
    return float(positions[:, 2].min() + system.cell[2, 2] - top)


def nearest_neighbour(system: System, positions: Float[np.ndarray, "atom 3"]) -> float:
    """Shortest distance between two atoms, images along the first two vectors included, Å."""
    shifts = [i * system.cell[0] + j * system.cell[1] for i in (-1, 0, 1) for j in (-1, 0, 1)]
    pairs = positions[:, None, None] - positions[None, :, None] + np.array(shifts)
    squares = (pairs**2).sum(axis=-1)
    return float(np.sqrt(squares[squares > 1e-6].min()))


def _slab(
    atoms: Atoms, frozen: Bool[np.ndarray, " atom"], top: Int[np.ndarray, " top"]
) -> tuple[System, Float[np.ndarray, "atom 3"]]:
    positions = atoms.positions.copy()
    positions[:, 2] -= positions[:, 2].min()
    cell = atoms.cell.array.copy()
    return System(atoms.numbers.copy(), cell, (True, True, True), ~frozen, top), positions


def _read(file: str, frozen_layers: int) -> tuple[System, Float[np.ndarray, "atom 3"]]:
    place = f"[surface] file = '{file}'"
    atoms = read_structure(Path(file), place)
    _refuse_what_is_no_slab(place, atoms.cell.array.copy())
    found = layers(atoms.positions)
    fixed = [c.index for c in atoms.constraints if isinstance(c, FixAtoms)]
    if not fixed and frozen_layers >= len(found):
        raise UserError(
            f"{place}: frozen_layers = {frozen_layers} leaves none of its {len(found)} layers "
            "to move; freeze fewer, or mark the frozen atoms in the file"
        )
    frozen = np.zeros(len(atoms), bool)
    frozen[np.concatenate(fixed or found[:frozen_layers])] = True
    if frozen.all():
        raise UserError(f"{place}: all its atoms are frozen; some must move")
    return _slab(atoms, frozen, np.sort(found[-1]))


def _refuse_what_is_no_slab(place: str, cell: Float[np.ndarray, "3 3"]) -> None:
    flat = np.allclose(cell[:2, 2], 0, atol=1e-6)
    upright = np.allclose(cell[2, :2], 0, atol=1e-6) and cell[2, 2] > 0
    if not (flat and upright and abs(np.linalg.det(cell)) > 1e-6):
        rows = "; ".join(" ".join(f"{x:.3f}" for x in row) for row in cell)
        raise UserError(
            f"{place}: its cell ({rows}) is not a slab's; the first two lattice vectors must lie "
            "in the xy plane and the third along z"
        )
