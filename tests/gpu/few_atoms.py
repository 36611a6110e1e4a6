"""Few atoms for slow interpreters, and how near a device must come to the kernels of the CPU."""

import numpy as np
from mace_models import hydrogen_on_copper

from scatter.state import System

ALLOWED = {"float64": (1e-9, 1e-7), "float32": (2e-5, 5e-5)}  # eV, eV/Å


def few_atoms(replicas=1, images=True):
    """The lowest and the highest copper atom of the rippled slab, and its molecule nearer by.

    They see dozens of images, which fill many blocks of pairs; or hardly any, for tests of
    something else, which then take a fraction of the time.
    """
    system, positions = hydrogen_on_copper(replicas=3)
    some = np.array([0, 5, 6, 7])
    x = positions[:replicas][:, some].copy()
    x[:, 2:, 2] -= 0.4
    numbers, moving = system.numbers[some], system.moving[some]
    cell = system.cell if images else system.cell * [[2], [4], [1]]
    return System(numbers, cell, system.pbc, moving, projectile=2), x


def answers(potential, system, positions):
    return potential.bind(system, len(positions)).begin(np.arange(len(positions)), positions)


def agrees(found, expected, precision):
    energy, force = ALLOWED[precision]
    assert abs(found[0] - expected[0]).max() < energy
    assert abs(found[1] - expected[1]).max() < force
