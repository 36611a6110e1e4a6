"""Molecules of bonds and angles, whose frequencies have closed forms: a potential for tests."""

import numpy as np

from scatter.initial.lone_molecule import LoneMolecule
from scatter.potentials.base import Potential
from scatter.units import ISOTOPES


class Bonded(Potential):
    """Morse (or harmonic) bonds and angles ½ κ (cos θ - cos θ₀)², or κ (1 + cos θ) of a line.

    Args of one molecule, by the indices of its atoms:
        bonds: (i, j): (curvature k, length r₀, steepness a; harmonic where a is 0).
        angles: (i, j, k) about j: (κ, cos θ₀); cos θ₀ = -1 for a line.
    """

    description, identity, cutoff = "bonds and angles", "bonded", 20.0
    elements = frozenset(Z for Z, _ in ISOTOPES.values())

    def __init__(self, bonds, angles):
        self.bonds, self.angles = bonds, angles
        self.identity = f"bonded {bonds} {angles}"

    def energies_and_forces(self, system, positions):
        energies, forces = np.zeros(len(positions)), np.zeros_like(positions)
        for (i, j), (k, length, a) in self.bonds.items():
            bond = positions[:, j] - positions[:, i]
            r = np.sqrt((bond * bond).sum(axis=1))
            if a:
                decay = np.exp(-a * (r - length))
                energies += k / (2 * a * a) * (1 - decay) ** 2
                slope = k / a * (1 - decay) * decay
            else:
                energies += 0.5 * k * (r - length) ** 2
                slope = k * (r - length)
            push = (slope / r)[:, None] * bond
            forces[:, i] += push
            forces[:, j] -= push
        for (i, j, k), (kappa, cosine) in self.angles.items():
            u, v = positions[:, i] - positions[:, j], positions[:, k] - positions[:, j]
            a, b = (np.sqrt((each * each).sum(axis=1))[:, None] for each in (u, v))
            u, v = u / a, v / b
            c = (u * v).sum(axis=1)
            line = cosine == -1
            energies += kappa * (1 + c) if line else 0.5 * kappa * (c - cosine) ** 2
            slope = (kappa * np.ones_like(c) if line else kappa * (c - cosine))[:, None]
            first, last = slope * (v - c[:, None] * u) / a, slope * (u - c[:, None] * v) / b
            forces[:, i] -= first
            forces[:, k] -= last
            forces[:, j] += first + last
        return energies, forces


def water(steepness=2.1, isotopes="OHH"):
    """A bent molecule like water, and its potential."""
    bond = (48.0, 0.958, steepness)
    theta = np.deg2rad(104.5)
    potential = Bonded({(0, 1): bond, (0, 2): bond}, {(1, 0, 2): (4.6, float(np.cos(theta)))})
    x, z = 0.958 * np.sin(theta / 2), 0.958 * np.cos(theta / 2)
    return of(isotopes, [[0, 0, 0], [x, 0, z], [-x, 0, z]]), potential


def carbon_dioxide(steepness=0.0, isotopes="COO"):
    """A linear molecule like CO2, and its potential."""
    bond = (100.0, 1.16, steepness)
    potential = Bonded({(0, 1): bond, (0, 2): bond}, {(1, 0, 2): (4.9, -1)})
    return of(isotopes, [[0, 0, 0], [0, 0, 1.16], [0, 0, -1.16]]), potential


def methane(steepness=1.9, isotopes="CHHHH"):
    """A tetrahedral molecule like methane, and its potential."""
    bonds = {(0, n): (32.0, 1.09, steepness) for n in range(1, 5)}
    angles = {(i, 0, k): (3.6, -1 / 3) for i in range(1, 5) for k in range(i + 1, 5)}
    corners = [[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]
    return of(isotopes, np.array(corners) * (1.09 / np.sqrt(3))), Bonded(bonds, angles)


def of(isotopes, positions):
    """A molecule of isotopes at positions (Å)."""
    numbers, masses = zip(*(ISOTOPES[symbol] for symbol in isotopes), strict=True)
    return LoneMolecule(numbers, np.array(masses), np.array(positions, dtype=float))


def water_potential():
    """The same potential for its atoms as H, H, O."""
    potential = water()[1]
    bonds = {(2, other - 1): bond for (_, other), bond in potential.bonds.items()}
    return Bonded(bonds, {(0, 2, 1): [*potential.angles.values()][0]})
