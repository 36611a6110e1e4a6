"""A bonded molecule above a slab on springs: a cheap potential for campaigns of polyatomics."""

import numpy as np
from ase.build import fcc111
from bead_potential import Beads
from bonded_molecules import Bonded, methane, water

from scatter.potentials.base import Potential
from scatter.state import lone

SETTINGS = {
    "run": {"seed": 5, "threads": 1, "slots": 8},
    "incidence": {"energy_eV": [0.6], "height_A": 6.5},
    "surface": {
        "element": "Cu", "size": [2, 2, 2], "frozen_layers": 1, "temperature_K": 300,
        "lattice_constant_A": 3.68, "images": True,
        "thermalise": {
            "equilibrate_fs": 50, "decorrelate_fs": 20, "replicas": 4, "snapshots": 4,
            "timestep_fs": 1.0,
        },
    },
    "dynamics": {"timestep_fs": 0.25, "max_time_fs": 900, "energy_tolerance_eV": 0.2},
    "stop": {"scattered_A": 6.0},
    "guards": {"most_unsettled": 1.0},
    "sampling": {"trajectories": 6},
}  # fmt: skip


SITES = fcc111("Cu", SETTINGS["surface"]["size"], a=SETTINGS["surface"]["lattice_constant_A"])
SITES = SITES.positions - [0, 0, SITES.positions[:, 2].min()]


class OnSlab(Potential):
    """Copper on springs about its ideal sites, a molecule, and soft walls between both."""

    elements = frozenset({1, 6, 8, 29})
    description, cutoff = "a molecule above beads", 6.0

    def __init__(self, molecule: Bonded, wall=(2e4, 5.0)):
        self.molecule, self.beads = molecule, Beads(wall=wall, cutoff=4.0)
        self.identity = f"on slab {molecule.identity} {wall}"

    def energies_and_forces(self, system, positions):
        slab = int((system.numbers == 29).sum())
        energies, forces = np.zeros(len(positions)), np.zeros_like(positions)
        if slab:
            away = positions[:, :slab] - SITES
            energies += 2.0 * (away**2).sum(axis=(1, 2))
            forces[:, :slab] -= 4.0 * away
        if slab < len(system):
            own = lone(*system.numbers[slab:].tolist())
            inner, pull = self.molecule.energies_and_forces(own, positions[:, slab:])
            energies += inner
            forces[:, slab:] += pull
        for i in range(slab):
            for j in range(slab, len(system)):
                self.beads._pair(energies, forces, positions, i, j, None, own=False)
        forces[:, ~system.moving] = 0
        return energies, forces


def atoms_on_slab():
    return OnSlab(Bonded({}, {}))


def water_on_slab():
    return OnSlab(water()[1])


def methane_on_slab(wall=(2e4, 5.0)):
    return OnSlab(methane()[1], wall)
