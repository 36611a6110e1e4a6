"""A potential of your own, in NumPy: hydrogen bound by a Morse curve, over springs of copper."""

import numpy as np

import scatter

DEPTH, STEEP, BOND, SPRING = 4.75, 1.94, 0.7417, 5.0  # eV, 1/Å, Å, eV/Å²


class Wall(scatter.Potential):
    """V = Morse(H-H) + a repulsive wall at the top plane for each H + springs to the sites."""

    elements, cutoff = frozenset({1, 29}), 6.0
    description, identity = "a wall of copper", "wall of copper, 1"

    def __init__(self, sites):
        self.sites = sites  # of the slab's atoms, Å

    def energies_and_forces(self, system, positions):
        energies, forces = np.zeros(len(positions)), np.zeros_like(positions)
        copper, hydrogen = system.numbers == 29, np.flatnonzero(system.numbers == 1)
        if copper.any():
            stretch = positions[:, copper] - self.sites
            energies += 0.5 * SPRING * (stretch**2).sum(axis=(1, 2))
            forces[:, copper] = -SPRING * stretch
            for atom in hydrogen:
                push = np.exp(-3.0 * (positions[:, atom, 2] - self.sites[:, 2].max() - 1.0))
                energies += push
                forces[:, atom, 2] += 3.0 * push
        if len(hydrogen) == 2:
            along = positions[:, hydrogen[1]] - positions[:, hydrogen[0]]
            r = np.sqrt((along**2).sum(axis=1))
            x = np.exp(-STEEP * (r - BOND))
            energies += DEPTH * ((1 - x) ** 2 - 1)
            pull = (2 * DEPTH * STEEP * (1 - x) * x / r)[:, None] * along
            forces[:, hydrogen[0]] += pull
            forces[:, hydrogen[1]] -= pull
        return energies, forces
