"""Phonons of a crystal by finite displacements, and its free energy by quasi-harmonic volumes.

Frequencies are in THz; an imaginary one is negative. The free energy of an atom at a volume is

    F(V, T) = E(V) + (1/N) Σ_qs w_q [ħω/2 + k T ln(1 - exp(-ħω / k T))],

and that at zero pressure its least value by V.

Sources: phonopy (Togo, J. Phys. Soc. Jpn. 92, 012001 (2023)); paths by seekpath (Hinuma et al.,
Comput. Mater. Sci. 128, 140 (2017)).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from jaxtyping import Float
from scipy.constants import e as eV
from scipy.constants import h, k
from scipy.interpolate import CubicSpline

from scatter.potentials.base import Potential
from scatter.potentials.calculator import system_of
from scatter.potentials.evaluate import energies_and_forces
from scatter.validation.materials.cells import library, quiet

REACH_A, QUICK_A = 12.0, 8.0  # least lengths of the supercell's vectors
DISPLACED_A = 0.01
MESH = 60.0  # phonopy's length, Å: q-points along a vector times its length
OF_PATH = 41  # q-points of a stretch of the path
SOFT = 0.05  # THz: what noise makes of the translations
GREEK = {"Gamma": "Γ", "Sigma": "Σ", "Delta": "Δ", "Lambda": "Λ"}
THZ = h * 1e12 / eV  # hν of one THz, eV
K = k / eV


@dataclass(frozen=True)
class Dispersion:
    """Frequencies along a path of high symmetry, and their density.

    Attributes:
        distances: of the q-points of each stretch of the path, 1/Å.
        frequencies: THz, shape (q-point, branch), of each stretch.
        labels: of the ends of each stretch.
        grid: frequencies at which the density is given, THz.
        density: states of an atom by frequency, 1/THz.
    """

    distances: list[Float[np.ndarray, " q"]]
    frequencies: list[Float[np.ndarray, "q branch"]]
    labels: list[tuple[str, str]]
    grid: Float[np.ndarray, " point"]
    density: Float[np.ndarray, " point"]

    @property
    def all(self) -> Float[np.ndarray, " frequency"]:
        """All frequencies of the path."""
        return np.concatenate([each.ravel() for each in self.frequencies])


def force_constants(potential: Potential, cell: Atoms, reach_A: float) -> Any:
    """The force constants of a primitive cell, as an object of phonopy.

    Args:
        potential: any.
        cell: primitive, its atoms at rest.
        reach_A: least length of the supercell's vectors.
    """
    repeat = np.ceil(reach_A / cell.cell.lengths() - 1e-9).astype(int)
    unit = library("phonopy.structure.atoms").PhonopyAtoms(
        numbers=cell.numbers, cell=cell.cell.array, scaled_positions=cell.get_scaled_positions()
    )
    with quiet():
        phonons = library("phonopy").Phonopy(unit, np.diag(repeat), primitive_matrix=np.eye(3))
        phonons.generate_displacements(distance=DISPLACED_A)
        moved = phonons.supercells_with_displacements
        whole = Atoms(moved[0].numbers, cell=moved[0].cell, pbc=True)
        positions = np.array([each.positions for each in moved])
        phonons.forces = energies_and_forces(potential, system_of(whole, "supercell"), positions)[1]
        phonons.produce_force_constants(show_drift=False)
    return phonons


def dispersion(phonons: Any) -> Dispersion:
    """Frequencies along the path that seekpath suggests, and the density of states."""
    with quiet():
        path = library("phonopy.phonon.band_structure").get_band_qpoints_by_seekpath
        stretches, names, joined = path(phonons.primitive, OF_PATH)
        phonons.run_band_structure(stretches, path_connections=joined, labels=names)
        bands = phonons.get_band_structure_dict()
        phonons.run_mesh(MESH)
        phonons.run_total_dos()
        density = phonons.get_total_dos_dict()
    labels = [_symbol(str(name)) for name in names]
    return Dispersion(
        [np.asarray(each) for each in bands["distances"]],
        [np.asarray(each) for each in bands["frequencies"]],
        _ends(labels, joined),
        np.asarray(density["frequency_points"]),
        np.asarray(density["total_dos"]) / len(phonons.primitive),
    )


def _symbol(name: str) -> str:
    """A point of high symmetry, from phonopy's TeX."""
    bare = re.sub(r"[$\\{}]|mathrm", "", name)
    return GREEK.get(bare.capitalize(), bare)


def _ends(labels: Sequence[str], joined: Sequence[bool]) -> list[tuple[str, str]]:
    """The names of both ends of each stretch: phonopy names a joint once."""
    ends, at = [], 0
    for follows in joined:
        ends.append((labels[at], labels[at + 1]))
        at += 1 if follows else 2
    return ends


def vibrational_free_energies(
    phonons: Any, kelvins: Sequence[float]
) -> Float[np.ndarray, " temperature"] | None:
    """Σ_qs of the free energies of oscillators, eV of an atom; None where one is imaginary."""
    with quiet():
        phonons.run_mesh(MESH)
        mesh = phonons.get_mesh_dict()
    weights = mesh["weights"][:, None] / mesh["weights"].sum() / len(phonons.primitive)
    nu = mesh["frequencies"]
    if nu.min() < -SOFT:
        return None
    known = nu > SOFT
    energies, each = THZ * nu[known], np.broadcast_to(weights, nu.shape)[known]
    return np.array([(each * _oscillator(energies, kelvin)).sum() for kelvin in kelvins])


def _oscillator(energies: Float[np.ndarray, " mode"], kelvin: float) -> Float[np.ndarray, " mode"]:
    if kelvin == 0:
        return energies / 2
    return energies / 2 + K * kelvin * np.log1p(-np.exp(-energies / (K * kelvin)))


def least(
    volumes: Float[np.ndarray, " volume"], energies: Float[np.ndarray, " volume"]
) -> tuple[float, float] | None:
    """The volume of least energy, and the energy, of a spline; None where it is not among them.

    NaN is left out; of what it parts only the stretch about the least is looked at.
    """
    if not np.isfinite(energies).any():
        return None
    lowest = int(np.nanargmin(energies))
    unknown = np.flatnonzero(~np.isfinite(energies))
    begin = max([n + 1 for n in unknown if n < lowest], default=0)
    end = min([n for n in unknown if n > lowest], default=len(energies))
    if not begin < lowest < end - 1 or end - begin < 4:
        return None
    curve = CubicSpline(volumes[begin:end], energies[begin:end])
    turns = curve.derivative().roots(extrapolate=False)
    volume = float(turns[np.argmin(curve(turns))])
    return volume, float(curve(volume))
