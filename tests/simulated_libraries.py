"""Libraries of made-up sticking probabilities, and the levels of a molecule like H2."""

from functools import cache
from math import exp

import numpy as np

from scatter.analysis import Beam, Curve, Library, Sticking, wilson
from scatter.ebk import Level
from scatter.units import ISOTOPES

ENERGIES = np.linspace(0.05, 2.5, 36)
MASS_amu = 2 * ISOTOPES["H"][1]
BEAM = Beam(6000.0, 1500.0, 1400.0)


def levels_of(v_max=2, J_max=9):
    """Of a molecule like H2; its vibration is harmonic, its rotation rigid."""
    return [
        Level(float(v), float(J), False, -4.5 + 0.5 * v + 0.0075 * J * (J + 1), 0.6, 0.9, 0.75, 1.0)
        for v in range(v_max + 1)
        for J in range(J_max + 1)
    ]


LEVELS = levels_of()
STATES = [(int(level.v), int(level.J)) for level in LEVELS]


def row(energy, stuck, n=1000, state=(0, 0), unsettled=0):
    ended = (int(stuck), n - int(stuck) - unsettled, unsettled, 0)
    return Sticking("111", 925.0, "H2", *state, None, float(energy), 0.0, None, *ended)


interval_of = cache(wilson)


def library(S0, energies=ENERGIES, states=STATES, n=10**8, polar=0.0):
    """The library that these probabilities give exactly; by `Library.of` it takes long to check."""
    x, curves = np.array(energies, float), {}
    for state in states:
        ends = [interval_of(round(n * S0(E, *state)), n) for E in energies]
        p, low, high = np.array(ends).T
        curves[state] = Curve("", {}, "energy_eV", x, p, low, high, p, p)
    return Library("H2", polar, curves)


def rising(E, v, J):
    return 0.9 / (1 + exp(-(E - 0.7 + 0.25 * v + 0.01 * J) / 0.08))


def of_table(table):
    return lambda E, v, J: table[E, (v, J)]
