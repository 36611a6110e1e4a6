"""Beads on springs: a potential for tests of any projectile above any slab, in a few lines."""

from itertools import combinations

import numpy as np

from scatter.potentials.base import Potential


class Beads(Potential):
    """Slab atoms tied to their sites, Morse bonds among listed pairs, and walls between all others.

    Everything is a sum over pairs, so that nothing but distances matters.
    """

    elements = frozenset(range(1, 93))
    description, identity = "beads on springs", "beads"

    def __init__(self, sites=None, spring=4.0, bonds=(), wall=(60.0, 4.0), depth=4.5, cutoff=5.0):
        self.sites, self.spring, self.bonds = sites, spring, bonds
        self.height, self.steep = wall
        self.depth, self.cutoff = depth, cutoff

    def energies_and_forces(self, system, positions):
        energies, forces = np.zeros(len(positions)), np.zeros_like(positions)
        slab = len(system) - system.projectile
        if self.sites is not None and slab:
            away = positions[:, :slab] - self.sites[:slab]
            energies += 0.5 * self.spring * (away**2).sum(axis=(1, 2))
            forces[:, :slab] -= self.spring * away
        own = range(slab, len(system))
        bonded = {(slab + i, slab + j): r for i, j, r in self.bonds if slab + j < len(system)}
        for i, j in combinations(range(len(system)), 2):
            if i < slab and j < slab:
                continue
            self._pair(energies, forces, positions, i, j, bonded.get((i, j)), j in own and i in own)
        forces[:, ~system.moving] = 0
        return energies, forces

    def _pair(self, energies, forces, positions, i, j, rest, own):
        along = positions[:, j] - positions[:, i]
        r = np.sqrt((along**2).sum(axis=1))
        if rest is not None:
            x = np.exp(-1.9 * (r - rest))
            energies += self.depth * (x * x - 2 * x)
            slope = 2 * self.depth * 1.9 * (x - x * x)
        elif own:
            slope = np.zeros_like(r)
        else:
            push = self.height * (np.exp(-self.steep * r))
            energies += push
            slope = -self.steep * push
        forces[:, i] += (slope / r)[:, None] * along
        forces[:, j] -= (slope / r)[:, None] * along
