"""A crystal's primitive cell, at rest on a potential, and strained."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from ase import Atoms
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS

from scatter.potentials.base import Potential
from scatter.potentials.calculator import PotentialCalculator
from scatter.settings import UserError

NEEDED = ("matscipy", "phonopy", "seekpath", "spglib")
SAME = 1e-3  # Å: places that are the same by symmetry
AT_REST, STEPS = 5e-4, 400  # eV/Å; of the optimiser


def require_libraries() -> None:
    """Refuse, in one sentence, where the libraries of the extra are not installed."""
    lacking = [name for name in NEEDED if find_spec(name) is None]
    if lacking:
        raise UserError(
            f"--materials needs {', '.join(lacking)}: pip install 'surface-scatter[materials]'"
        )


def library(name: str) -> Any:
    """A module of the extra; imported where it is used alone."""
    return import_module(name)


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings of others' libraries."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def symmetry_of(atoms: Atoms) -> tuple[Any, Any, Any]:
    """A structure as spglib takes it."""
    return atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers


def primitive(atoms: Atoms, whole: bool = False) -> Atoms:
    """The standard primitive cell (or the conventional cell), its axes along those of the crystal.

    Cubic axes are along x, y and z, the axis of a hexagonal crystal along z. So it does not matter
    which cell of a crystal one begins with.

    Raises:
        UserError: the atoms are too near to one another for a crystal.
    """
    with quiet():
        standard = library("spglib").standardize_cell(
            symmetry_of(atoms), to_primitive=not whole, no_idealize=False, symprec=SAME
        )
    if standard is None:
        raise UserError(f"{atoms.get_chemical_formula()}: has no symmetry that spglib finds")
    cell, places, numbers = standard
    return Atoms(numbers, cell=cell, scaled_positions=places, pbc=True)


def at_rest(potential: Potential, atoms: Atoms, name: str) -> Atoms:
    """The primitive cell where it feels no stress and its atoms no force, its symmetry kept.

    Raises:
        UserError: the potential gives no stress, or does not know an element; the cell does not
            come to rest.
    """
    cell = primitive(atoms)
    _relax(FrechetCellFilter, potential, cell, name)
    return primitive(cell)


def settled(potential: Potential, atoms: Atoms, name: str) -> None:
    """Let the atoms come to rest in their cell, their symmetry kept, in place."""
    _relax(lambda cell: cell, potential, atoms, name)


def _relax(free: Any, potential: Potential, atoms: Atoms, name: str) -> None:
    from ase.constraints import FixSymmetry

    with quiet():
        atoms.set_constraint(FixSymmetry(atoms, symprec=SAME))
        atoms.calc = PotentialCalculator(potential)
        rested = BFGS(free(atoms), logfile=None).run(fmax=AT_REST, steps=STEPS)
    atoms.set_constraint()
    if not rested:
        raise UserError(f"{name}: does not come to rest in {STEPS} steps")


def scaled(atoms: Atoms, by: float) -> Atoms:
    """The cell with all its lengths multiplied."""
    larger = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)
    larger.set_cell(by * atoms.cell.array, scale_atoms=True)
    return larger


def rattled(atoms: Atoms, count: int, seed: int) -> list[Atoms]:
    """Strained and rattled supercells of some sixteen atoms: 2 % and 0.08 Å of a normal law."""
    rng = np.random.default_rng(seed)
    repeat = max(1, round((16 / len(atoms)) ** (1 / 3)))
    cells = []
    for _ in range(count):
        cell = scaled(atoms, 1.0) * repeat
        strain = rng.normal(0, 0.02, (3, 3))
        cell.set_cell(cell.cell @ (np.eye(3) + (strain + strain.T) / 2), scale_atoms=True)
        cell.positions += rng.normal(0, 0.08, cell.positions.shape)
        cells.append(cell)
    return cells
