"""Chains of springs that hang on an atom which does not move, at rest and in equilibrium."""

from math import pi, sqrt

import numpy as np

from scatter.state import State
from scatter.units import K, fs

MASS, RATE = (
    63.546,
    0.0224,
)  # amu; sqrt(k/m) of a chain in which sound is as fast as in copper, 1/fs
SPRING = MASS * (RATE / fs) ** 2
T = 600.0
AUTO = pi / 6 * sqrt(5 / 3 * 2) * RATE  # of the chain: <ω²> = 2 k/m


def springs(positions):
    """A chain along z that hangs on its first atom, which does not move."""
    stretch = np.diff(positions[:, :, 2], axis=1)
    forces = np.zeros_like(positions)
    forces[:, :-1, 2] += SPRING * stretch
    forces[:, 1:, 2] -= SPRING * stretch
    forces[:, 0] = 0
    return 0.5 * SPRING * (stretch**2).sum(axis=1), forces


def hardening(positions):
    """The same with springs that become stiffer."""
    stretch = np.diff(positions[:, :, 2], axis=1)
    energy, forces = springs(positions)
    pull = 40 * SPRING * stretch**3
    forces[:, :-1, 2] += pull
    forces[:, 1:, 2] -= pull
    forces[:, 0] = 0
    return energy + 10 * SPRING * (stretch**4).sum(axis=1), forces


def chain(slots, atoms, evaluate=springs, seed=3):
    """At rest; every slot with a stream of its own."""
    x = np.zeros((slots, atoms, 3))
    energies, forces = evaluate(x)
    weights = np.full((slots, atoms, 1), MASS)
    stream = np.random.default_rng(seed).integers(0, 2**32, (slots, 3))
    return State(
        x, np.zeros_like(x), forces, energies, weights, np.zeros(slots), np.arange(slots), stream
    )


def thermal(slots, atoms, T_K, seed=3):
    """In equilibrium along z: momenta and stretches are normal numbers."""
    state, rng = chain(slots, atoms, seed=seed), np.random.default_rng(seed)
    kT = T_K * K
    state.momenta[:, 1:, 2] = rng.normal(0, sqrt(MASS * kT), (slots, atoms - 1))
    stretch = rng.normal(0, sqrt(kT / SPRING), (slots, atoms - 1))
    state.positions[:, 1:, 2] = np.cumsum(stretch, axis=1)
    state.energies, state.forces = springs(state.positions)
    return state
