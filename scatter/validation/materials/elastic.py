"""Elastic constants of a crystal at rest, from the stress of strained cells."""

import numpy as np
from ase import Atoms
from ase.optimize import BFGS
from ase.units import GPa

from scatter.potentials.base import Potential
from scatter.potentials.calculator import PotentialCalculator
from scatter.shapes import Float
from scatter.validation.materials.cells import AT_REST, STEPS, library, quiet, scaled, symmetry_of

STRAIN, POINTS = 2e-3, 5  # between cells, and how many for each strain
# pairs of Voigt's indices that are one constant, for crystals of a system's highest symmetry
CUBIC = {"C11": ((1, 1), (2, 2), (3, 3)), "C12": ((1, 2), (1, 3), (2, 3))}
CUBIC |= {"C44": ((4, 4), (5, 5), (6, 6))}
HEXAGONAL = {"C11": ((1, 1), (2, 2)), "C12": ((1, 2),), "C13": ((1, 3), (2, 3)), "C33": ((3, 3),)}
HEXAGONAL |= {"C44": ((4, 4), (5, 5))}
TETRAGONAL = HEXAGONAL | {"C66": ((6, 6),)}
OTHERS = {f"C{i}{j}": ((i, j),) for i, j in ((1, 1), (2, 2), (3, 3), (1, 2), (1, 3), (2, 3))}
OTHERS |= {f"C{i}{i}": ((i, i),) for i in (4, 5, 6)}


def elastic_constants(potential: Potential, cell: Atoms) -> dict[str, float]:
    """The independent constants by name, and Voigt's bulk modulus as B, GPa.

    Slopes of the stress by each of six strains, through five cells 0.2 % apart whose atoms are at
    rest; all 21 constants come of it, and those that symmetry makes equal are averaged. Of systems
    below the tetragonal the nine of the orthorhombic are given.

    Args:
        potential: gives stresses.
        cell: at rest, in its standard setting.

    Source: matscipy (Grigorev et al., J. Open Source Softw. 9, 5668 (2024)).
    """
    atoms = scaled(cell, 1.0)
    atoms.calc = PotentialCalculator(potential)
    rested = {"optimizer": BFGS, "fmax": AT_REST, "steps": STEPS} if len(atoms) > 1 else {}
    with quiet():
        all_of_them, _ = library("matscipy.elasticity").fit_elastic_constants(
            atoms, "triclinic", N_steps=POINTS, delta=STRAIN, verbose=False, **rested
        )
    return _independent(np.asarray(all_of_them) / GPa, _system(cell))


def _independent(
    whole: Float[np.ndarray, "6 6"], system: dict[str, tuple[tuple[int, int], ...]]
) -> dict[str, float]:
    constants = {
        name: float(np.mean([whole[i - 1, j - 1] for i, j in pairs]))
        for name, pairs in system.items()
    }
    return constants | {"B": float(whole[:3, :3].mean())}


def _system(cell: Atoms) -> dict[str, tuple[tuple[int, int], ...]]:
    with quiet():
        number = library("spglib").get_symmetry_dataset(symmetry_of(cell)).number
    if number >= 195:
        return CUBIC
    if number >= 143:
        return HEXAGONAL
    return TETRAGONAL if number >= 75 else OTHERS
