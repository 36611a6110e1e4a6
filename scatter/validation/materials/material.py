"""One crystal on one potential: its numbers, the vectors that are compared, and its curves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import nan

import numpy as np
from ase import Atoms
from jaxtyping import Float

from scatter.potentials.base import Potential
from scatter.potentials.calculator import system_of
from scatter.potentials.evaluate import energies_and_forces
from scatter.validation.materials.cells import at_rest, primitive, rattled, scaled, settled
from scatter.validation.materials.crystals import Crystal
from scatter.validation.materials.elastic import elastic_constants
from scatter.validation.materials.phonons import (
    QUICK_A,
    REACH_A,
    SOFT,
    Dispersion,
    dispersion,
    force_constants,
    least,
    vibrational_free_energies,
)

KELVINS = (0.0, 1000.0, 2000.0)
LENGTHS = 1 + np.arange(-2, 7) / 100  # of the cell at rest: its volume from 0.94 to 1.19
AT_REST, ABOVE = "energy of an atom at rest", "free energy of an atom above that at rest"
RATTLED, SEED = 12, 1  # cells whose energies, forces and virials are compared


@dataclass
class Material:
    """What was found for a crystal on a potential.

    Attributes:
        cell: primitive, at rest.
        energy: of an atom there, eV.
        lengths: of the conventional cell, Å, those that differ.
        elastic: constants by name, GPa.
        volumes: of an atom in the scaled cells, Å³.
        energies: of an atom there, eV.
        phonons: of the cell at rest.
        free: volume (Å³) and free energy (eV) of an atom at zero pressure, by temperature; none
            where the crystal is not stable.
        failures: a sentence for each number that there is not.
    """

    cell: Atoms
    energy: float
    lengths: dict[str, float]
    elastic: dict[str, float]
    volumes: Float[np.ndarray, " volume"]
    energies: Float[np.ndarray, " volume"]
    phonons: Dispersion
    free: dict[float, tuple[float, float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def numbers(self) -> dict[tuple[str, str], float]:
        """Values by quantity and unit, for people."""
        every = self.phonons.all
        return {
            **{(f"lattice constant {name}", "Å"): each for name, each in self.lengths.items()},
            (AT_REST, "eV"): self.energy,
            **{(_constant(name), "GPa"): each for name, each in self.elastic.items()},
            ("lowest phonon", "THz"): round(float(every.min()), 4) + 0.0,  # no minus before zero
            ("highest phonon", "THz"): float(every.max()),
            **{
                (f"{name} at {kelvin:g} K", unit): value
                for kelvin, (volume, energy) in self.free.items()
                for name, unit, value in (
                    ("volume of an atom", "Å³", volume),
                    (ABOVE, "eV", energy - self.energy),
                )
            },
        }

    def vectors(self) -> dict[str, Float[np.ndarray, " number"]]:
        """What is compared by categories, where only ratios enter; NaN is not there."""
        above = self.energies - self.energies.min()
        free = [self.free[T][1] - self.energy if T in self.free else nan for T in KELVINS]
        return {
            "lattice": np.array([*self.lengths.values()]),
            "energy and volume": above,
            "elastic constants": np.array([*self.elastic.values()]),
            "phonons": self.phonons.all,
            "free energies": np.array(free),
        }


def _constant(name: str) -> str:
    return "bulk modulus" if name == "B" else name


def material(
    potential: Potential, crystal: Crystal, quick: bool, say: Callable[[str], None]
) -> Material:
    """Everything about a crystal on a potential.

    Args:
        potential: gives stresses.
        crystal: any cell of it.
        quick: a smaller supercell of the phonons, and no free energies.
        say: called with what is done.

    Raises:
        UserError: the potential gives no stress, or does not know an element, or the crystal does
            not come to rest.
    """
    say(f"{crystal.name} on {potential.description} ...")
    cell = at_rest(potential, crystal.atoms, crystal.name)
    reach = QUICK_A if quick else REACH_A
    cells = [scaled(cell, by) for by in LENGTHS]
    if len(cell) > 1:
        for each in cells:
            settled(potential, each, crystal.name)
    energies = np.array([energy_of(potential, each) for each in cells])
    measured = Material(
        cell,
        energy_of(potential, cell),
        _lengths(cell),
        elastic_constants(potential, cell),
        np.array([each.get_volume() for each in cells]) / len(cell),
        energies,
        dispersion(force_constants(potential, cell, reach)),
    )
    lowest = measured.phonons.all.min()
    if lowest < -SOFT:
        measured.failures.append(
            f"free energies of {crystal.name} on {potential.description}: a phonon is imaginary, "
            f"{-lowest:.2f}i THz"
        )
    elif not quick:
        _add_free_energies(measured, potential, cells, reach, crystal.name)
    return measured


def _lengths(cell: Atoms) -> dict[str, float]:
    """Of the conventional cell: b and c where they differ from those before."""
    lengths = primitive(cell, whole=True).cell.lengths()
    named: dict[str, float] = {}
    for name, length in zip("abc", lengths.tolist(), strict=True):
        if not any(np.isclose(length, other, rtol=1e-5) for other in named.values()):
            named[name] = length
    return named


def energy_of(potential: Potential, cell: Atoms) -> float:
    """Of an atom, eV."""
    system = system_of(cell, "cell")
    energies, _ = energies_and_forces(potential, system, np.array(cell.positions)[None])
    return float(energies[0]) / len(cell)


def _add_free_energies(
    measured: Material, potential: Potential, cells: Sequence[Atoms], reach: float, name: str
) -> None:
    vibrating = [
        vibrational_free_energies(force_constants(potential, cell, reach), KELVINS)
        for cell in cells
    ]
    none = np.full(len(KELVINS), np.nan)
    added = np.array([none if each is None else each for each in vibrating])
    for n, kelvin in enumerate(KELVINS):
        minimum = least(measured.volumes, measured.energies + added[:, n])
        if minimum is None:
            among = f"{measured.volumes[0]:.2f} to {measured.volumes[-1]:.2f} Å³ of an atom"
            measured.failures.append(
                f"free energy of {name} at {kelvin:g} K on {potential.description}: no least one "
                f"among volumes from {among} at which all phonons are real"
            )
        else:
            measured.free[kelvin] = minimum


def answers_on(potential: Potential, cell: Atoms) -> dict[str, Float[np.ndarray, " number"]]:
    """Energies (their mean taken off, eV of an atom), forces (eV/Å) and virials (eV of an atom).

    Of strained and rattled supercells of a cell, the same for every potential.
    """
    energies, forces, virials = [], [], []
    for atoms in rattled(cell, RATTLED, SEED):
        system, positions = system_of(atoms, "cell"), np.array(atoms.positions)
        energy, force = energies_and_forces(potential, system, positions[None])
        energies.append(energy[0] / len(atoms))
        forces.append(force[0].ravel())
        virial = potential.virial(system, positions)
        assert virial is not None  # or it had not come to rest
        virials.append(virial.ravel() / len(atoms))
    return {
        "energies": np.array(energies) - np.mean(energies),
        "forces": np.concatenate(forces),
        "virials": np.concatenate(virials),
    }
