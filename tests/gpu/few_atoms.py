"""Few atoms for slow interpreters, and how near a device must come to the kernels of the CPU."""

import numpy as np
from mace_models import hydrogen_on_copper

from scatter.mace.cpu import MaceFused
from scatter.mace.family import MaceDevice
from scatter.state import System

ALLOWED = {"float64": (1e-9, 1e-7), "float32": (2e-5, 5e-5)}  # eV, eV/Å


def few_atoms(replicas=1):
    """The lowest and the highest copper atom of the rippled slab, and its molecule nearer by."""
    system, positions = hydrogen_on_copper(replicas=3)
    some = np.array([0, 5, 6, 7])
    x = positions[:replicas][:, some].copy()
    x[:, 2:, 2] -= 0.4
    numbers, moving = system.numbers[some], system.moving[some]
    return System(numbers, system.cell, system.pbc, moving, projectile=2), x


def answers(potential, system, positions):
    return potential.bind(system, len(positions)).begin(np.arange(len(positions)), positions)


def agrees(found, expected, precision):
    energy, force = ALLOWED[precision]
    assert abs(found[0] - expected[0]).max() < energy
    assert abs(found[1] - expected[1]).max() < force


def fused_as_on_the_cpu(model, precision):
    """The fused kernels of a device give what the kernel of the CPU does, and no frozen force."""
    system, positions = few_atoms()
    expected = answers(MaceFused(model, "float64"), system, positions)
    found = answers(MaceDevice(model, precision, "cpu", kernels="fused"), system, positions)
    agrees(found, expected, precision)
    assert abs(expected[1]).max() > 1e-3
    assert (found[1][:, ~system.moving] == 0).all()
