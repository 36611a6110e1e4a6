"""An ending of your own: trapped, once the molecule has been bound for ten bounces."""

import numpy as np

import scatter


class Trapped(scatter.Ending):
    """At ten bounces in a row the molecule has less energy than far from the surface at rest."""

    name, sticks = "trapped", True

    def __init__(self, potential, bounces=10):
        self.potential, self.bounces = potential, bounces

    def inner(self, sight):
        """Kinetic energy of the molecule, and its potential energy alone and with the slab, eV."""
        slab = sight.state.positions[:, : -sight.system.projectile]
        evaluator = self.potential.bind(sight.system.slab, len(slab))
        alone = evaluator.begin(np.arange(len(slab)), slab)[0]
        kinetic = (sight.momenta**2).sum(axis=2) / (2 * sight.masses)
        return kinetic.sum(axis=1) + sight.state.energies - alone

    def begin(self, sight):
        mass = sight.masses.sum(axis=1)
        moving = (sight.momenta.sum(axis=1) ** 2).sum(axis=1) / (2 * mass)
        none = np.zeros(len(mass), int)
        return {"at_rest": self.inner(sight) - moving, "falling": sight.rising < 0, "turns": none}

    def see(self, memory, sight):
        turned, turns = memory["falling"] & (sight.rising > 0), memory["turns"]
        if turned.any():
            bound = self.inner(sight) < memory["at_rest"]
            turns = np.where(turned, np.where(bound, turns + 1, 0), turns)
        return {**memory, "falling": sight.rising < 0, "turns": turns}

    def met(self, memory, sight):
        return memory["turns"] >= self.bounces
