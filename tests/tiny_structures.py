"""Structures of a few atoms to compare potentials on."""

import numpy as np
from ase import Atoms
from ase.build import fcc111


def hydrogen_on_copper(seed=0, layers=2, **info):
    """H2 about 2 Å above a rattled slab of 2x2 copper atoms in each layer."""
    rng = np.random.default_rng(seed)
    frame = fcc111("Cu", (2, 2, layers), a=3.65)
    frame.info.clear()
    bond = rng.normal(size=3)
    bond *= 0.4 / np.linalg.norm(bond)
    above = [0.5, 0.5, frame.positions[:, 2].max() + 2 + rng.random()]
    frame += Atoms("H2", [above - bond, above + bond])
    frame.positions += rng.normal(0, 0.05, frame.positions.shape)
    frame.center(6, axis=2)
    frame.pbc = True
    frame.info |= info
    return frame
