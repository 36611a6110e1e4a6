"""A wall that acts on the molecule's centre of mass alone, above a slab that it does not feel."""

import numpy as np

from scatter.potentials.analytic import Analytic
from scatter.potentials.base import Evaluator, Potential

POSITION, LENGTH = 9.0, 0.2  # Å: where the wall is 1 eV high, and how fast it rises


class Wall(Potential):
    """Slab and molecule as in the analytic potential, each alone, and exp((z₀ - Z)/ℓ) eV."""

    def __init__(self):
        self.model = Analytic()
        self.elements, self.cutoff = self.model.elements, self.model.cutoff
        self.description, self.identity = "a wall for the centre of mass", "wall"

    def bind(self, system, slots):
        if not {1, 29} <= set(system.numbers.tolist()):
            return self.model.bind(system, slots)
        parts = self.model.bind(system.slab, slots), self.model.bind(system.alone, slots)
        return WallEvaluator(*parts)


class WallEvaluator(Evaluator):
    def __init__(self, slab, molecule):
        self.slab, self.molecule = slab, molecule

    def begin(self, slots, positions):
        slab, molecule = apart(positions)
        return joined(positions, self.slab.begin(slots, slab), self.molecule.begin(slots, molecule))

    def __call__(self, positions):
        slab, molecule = apart(positions)
        return joined(positions, self.slab(slab), self.molecule(molecule))

    def keep(self, slots):
        self.slab.keep(slots)
        self.molecule.keep(slots)


def apart(positions):
    """Those of slab and molecule, in arrays for which the kernel was compiled before."""
    return np.ascontiguousarray(positions[:, :-2]), np.ascontiguousarray(positions[:, -2:])


def joined(positions, slab, molecule):
    """Energies and forces of both parts and of the wall, for two atoms of equal mass."""
    height = 0.5 * (positions[:, -2, 2] + positions[:, -1, 2])
    wall = np.exp((POSITION - height) / LENGTH)
    forces = np.concatenate([slab[1], molecule[1]], axis=1)
    forces[:, -2:, 2] += 0.5 * wall[:, None] / LENGTH
    return slab[0] + molecule[0] + wall, forces
