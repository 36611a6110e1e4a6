"""Potentials that break in known ways, for some molecules only: the analytic one with a flaw."""

import numpy as np

from scatter.potentials.analytic import Analytic
from scatter.potentials.base import Evaluator, Potential

DEPTH, WIDTH = 25.0, 0.9  # eV, Å: of the hole, which is exactly zero beyond three widths


class Flawed(Potential):
    """The analytic potential with something wrong for a molecule that is low on one side.

    "NaN" and "explosion" are met below a height and at x < `side`; "hole" is a well without a floor
    around one atom of the top layer, conservative, that drags atoms into it.
    """

    def __init__(self, flaw, below=1.5, side=1.3):
        self.model, self.flaw, self.below, self.side = Analytic(), flaw, below, side
        self.elements, self.cutoff = self.model.elements, self.model.cutoff
        self.description, self.identity = f"analytic with {flaw}", f"{flaw} {below} {side}"

    def bind(self, system, slots):
        evaluator = self.model.bind(system, slots)
        both = len(system) > 2 and int((system.numbers == 1).sum()) == 2
        return FlawedEvaluator(self, evaluator, system) if both else evaluator


class FlawedEvaluator(Evaluator):
    def __init__(self, potential, evaluator, system):
        self.potential, self.evaluator, self.system = potential, evaluator, system

    def begin(self, slots, positions):
        return self.flawed(positions, *self.evaluator.begin(slots, positions))

    def __call__(self, positions):
        return self.flawed(positions, *self.evaluator(positions))

    def keep(self, slots):
        self.evaluator.keep(slots)

    def flawed(self, positions, energies, forces):
        atoms = positions[:, -2:]
        heights = atoms[:, :, 2].min(axis=1) - positions[:, self.system.top, 2].mean(axis=1)
        low = (heights < self.potential.below) & (atoms[:, 0, 0] < self.potential.side)
        energies, forces = energies.copy(), forces.copy()
        if self.potential.flaw == "NaN":
            forces[low] = np.nan
        elif self.potential.flaw == "explosion":
            forces[low, -1, 2] += 1e4
        else:
            self.hole(positions, energies, forces)
        return energies, forces

    def hole(self, positions, energies, forces):
        """E = -D Σ exp(-d²/w²), d from the molecule's atoms to the first of the top layer."""
        centre = int(self.system.top[0])
        for atom in (-2, -1):
            apart = positions[:, atom] - positions[:, centre]
            squares = (apart**2).sum(axis=1)
            well = DEPTH * np.exp(-squares / WIDTH**2) * (squares < (3 * WIDTH) ** 2)
            pull = (2 * well / WIDTH**2)[:, None] * apart
            energies -= well
            forces[:, atom] -= pull
            forces[:, centre] += pull
