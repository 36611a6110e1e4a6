"""Desorption of H and D by a laser pulse: hot electrons, adsorbed starts, a potential of one's own.

    python docs/tutorials/laser.py [TRAJECTORIES]

The potential is analytic, a well above copper on springs: the yields are those of this model,
and of no real surface.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from ase.build import fcc111

import scatter

A, DEPTH, ABOVE, STEEP, SPRING = 3.61, 0.5, 1.1, 1.5, 4.0  # Å, eV, Å, 1/Å, eV/Å²
SITES = fcc111("Cu", (2, 2, 3), a=A).positions
SITES[:, 2] -= SITES[:, 2].min()
FLUENCES = (1.0, 2.0, 4.0, 8.0)  # absorbed, mJ/cm²


class Well(scatter.Potential):
    """Atoms of the slab on springs, and a Morse well along z for all others."""

    elements, cutoff = frozenset({1, 29}), 6.0
    description = identity = "a Morse well of 0.5 eV above copper on springs"

    def energies_and_forces(self, system, positions):
        copper = system.numbers == 29
        forces, energies = np.zeros_like(positions), np.zeros(len(positions))
        if copper.any():
            forces[:, copper] = SPRING * (SITES - positions[:, copper])
            energies += (forces[:, copper] ** 2).sum(axis=(1, 2)) / (2 * SPRING)
        if copper.any() and not copper.all():
            height = positions[:, ~copper, 2] - SITES[-1, 2] - ABOVE
            fall = np.exp(-STEEP * height)
            energies += DEPTH * (fall**2 - 2 * fall).sum(axis=1)
            forces[:, ~copper, 2] = 2 * STEEP * DEPTH * (fall**2 - fall)
        return energies, forces * system.moving[:, None]


def settings(fluence, trajectories=16, max_time_fs=400):
    """Atoms on copper at 300 K, and a pulse of 100 fs that is strongest after 200."""
    thermal = {"equilibrate_fs": 200, "decorrelate_fs": 50, "replicas": 16, "snapshots": 64}
    return {
        "molecule": {"formula": ["H", "D"]},
        "incidence": {"kind": "adsorbed", "place_A": [1.2, 0.7]},
        "surface": {"size": [2, 2, 3], "frozen_layers": 1, "temperature_K": 300}
        | {"lattice_constant_A": A, "images": True, "thermalise": thermal},
        "friction": {"kind": "ldfa", "laser": {"fluence_mJ_per_cm2": fluence, "peaks_fs": [200]}},
        "dynamics": {"timestep_fs": 0.5, "max_time_fs": max_time_fs},
        "guards": {"coupling_eV": 1.0},  # this well reaches the height at which atoms count as gone
        "sampling": {"trajectories": trajectories},
    }


def yields(fluence, **given):
    """Results of one pulse, and the share of each isotope that leaves, with 95 % intervals."""
    results = scatter.run(settings(fluence, **given), potential=Well())
    table = results.products()
    return results, table[table["products"].str.contains("(g)", regex=False)]


def drawn(tables, path):
    """Yields against fluence, both axes logarithmic."""
    figure, axes = plt.subplots(figsize=(4, 3), layout="constrained")
    for molecule, mark in (("H", "o"), ("D", "s")):
        rows = [(x, *t.loc[t["molecule"] == molecule, ["P", "low", "high"]].iloc[0])
                for x, t in tables.items() if (t["molecule"] == molecule).any()]  # fmt: skip
        x, p, low, high = np.array(rows).T
        axes.errorbar(x, p, (p - low, high - p), fmt=f"{mark}-", capsize=3, label=molecule)
    axes.set(xscale="log", yscale="log", xlabel="Absorbed fluence (mJ/cm²)")
    axes.set(ylabel="Desorption per pulse", title="Analytic well on Cu(111), 300 K")
    axes.set_xticks([*tables], [f"{x:g}" for x in tables])
    axes.set_xticks([], minor=True)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=200)


if __name__ == "__main__":
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    found = {x: yields(x, trajectories=many, max_time_fs=3000)[1] for x in FLUENCES}
    for fluence, table in found.items():
        print(f"{fluence:g} mJ/cm²\n", table[["molecule", "P", "low", "high"]])
    drawn(found, "laser.png")
