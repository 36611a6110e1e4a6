"""Thermal atoms that strike a bcc slab at their own temperature leave with 2kT, bath and all."""

import numpy as np
import pytest
from numba_threads import threads_as_before
from scipy.special import roots_genlaguerre

import scatter
from scatter.initial.slab import build
from scatter.initial.surface import Surface
from scatter.potentials.base import Potential
from scatter.units import K

T = 600
SURFACE = {
    "element": "Fe", "facet": "110", "size": [2, 2, 3], "frozen_layers": 1,
    "lattice_constant_A": 2.87, "temperature_K": T,
}  # fmt: skip
OWN, BETWEEN = 1.2, 1.2  # eV/Å²: springs of the slab's atoms to their sites, and between layers
WALL, LENGTH = 2.7, 0.35  # Å


class Springs(Potential):
    """Iron on springs, with soft walls around the atoms of its top layer."""

    elements, cutoff = frozenset({18, 26}), 5.5
    identity = description = "walls on springs"

    def __init__(self):
        self.system, self.sites = build(Surface(**SURFACE), "110", SURFACE["lattice_constant_A"])

    def energies_and_forces(self, system, positions):
        energies, forces = np.zeros(len(positions)), np.zeros_like(positions)
        slab = int((system.numbers == 26).sum())
        if not slab:
            return energies, forces
        away = positions[:, :slab] - self.sites
        stretch = away[:, 4:] - away[:, :-4]
        energies += 0.5 * (OWN * (away**2).sum(axis=(1, 2)))
        energies += 0.5 * BETWEEN * (stretch**2).sum(axis=(1, 2))
        forces[:, :slab] -= OWN * away
        forces[:, 4:slab] -= BETWEEN * stretch
        forces[:, : slab - 4] += BETWEEN * stretch
        for atom in range(slab, len(system)):
            self._wall(energies, forces, positions, slab, atom)
        forces[:, ~system.moving] = 0
        return energies, forces

    def _wall(self, energies, forces, positions, slab, atom):
        """Each pair with its nearest image sideways."""
        apart = positions[:, atom : atom + 1] - positions[:, slab - 4 : slab]
        cell = self.system.cell
        turns = np.round(apart[..., :2] @ np.linalg.inv(cell[:2, :2]))
        apart[..., :2] -= turns @ cell[:2, :2]
        r = np.sqrt((apart**2).sum(axis=-1))
        high = np.where(r < self.cutoff, np.exp((WALL - r) / LENGTH), 0.0)
        push = (high / (LENGTH * r))[..., None] * apart
        energies += high.sum(axis=1)
        forces[:, atom] += push.sum(axis=1)
        forces[:, slab - 4 : slab] -= push


def beams():
    """Energies and polar angles with their weights in a gas's flux: E exp(-E/kT) cos ϑ sin ϑ."""
    x, w = roots_genlaguerre(3, 1)
    u, v = np.polynomial.legendre.leggauss(2)
    cos = np.sqrt(0.5 * (u + 1))  # cos² ϑ is uniform
    return x * K * T, w, np.degrees(np.arccos(cos)), 0.5 * v


@pytest.mark.slow
def test_thermal_argon_leaves_thermal_iron_with_2kT(tmp_path, monkeypatch):
    """Detailed balance: what a gas brings, a surface at its temperature gives back."""
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path))
    energies, of_energy, angles, of_angle = beams()
    with threads_as_before():
        rows = scatter.run(
            {
                "run": {"seed": 3, "threads": 1, "slots": 256},
                "molecule": {"formula": "Ar"},
                "incidence": {
                    "energy_eV": energies.tolist(), "polar_deg": angles.tolist(), "height_A": 7.8,
                },
                "surface": {
                    **SURFACE, "images": True,
                    "thermalise": {
                        "equilibrate_fs": 400, "decorrelate_fs": 100, "replicas": 64,
                        "snapshots": 128,
                    },
                },
                "dynamics": {
                    "bath": "bottom", "bath_layers": 1, "bath_per_fs": 0.03, "timestep_fs": 2.0,
                    "max_time_fs": 12000,
                },
                "stop": {"scattered_A": 7.7},
                "sampling": {"trajectories": 64},
            },
            potential=Springs(),
        ).trajectories  # fmt: skip
    assert {*rows["ended"]} == {"scattered"}
    by_beam = rows.groupby(["energy_eV", "polar_deg"])["final_translational_eV"]
    weight = np.outer(of_energy, of_angle).ravel()
    weight /= weight.sum()
    came = (weight.reshape(len(energies), -1).sum(axis=1) * energies).sum()
    ordered = [by_beam.get_group((E, angle)) for E in energies for angle in angles]
    mean = (weight * [each.mean() for each in ordered]).sum()
    error = np.sqrt((weight**2 * [each.var() / len(each) for each in ordered]).sum())
    changed = rows["energy_loss_eV"].std()
    assert changed > 0.3 * K * T  # and not because nothing were exchanged
    assert came == pytest.approx(2 * K * T, rel=1e-9)
    assert mean == pytest.approx(came, abs=4 * error)
