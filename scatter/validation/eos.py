"""The equation of state of an fcc crystal: how its energy depends on its volume.

Source: Birch, Phys. Rev. 71, 809 (1947), third order; as `ase.eos` fits it.
"""

from dataclasses import dataclass

import numpy as np
from ase.eos import EquationOfState
from ase.eos import birchmurnaghan as birch_murnaghan
from ase.units import GPa
from jaxtyping import Float

from scatter.initial.lattice import crystal, static_lattice_constant
from scatter.potentials.base import Potential
from scatter.validation.rows import Row, compared

STRAINS = np.linspace(-0.01, 0.01, 13)  # of the lattice constant; 3 % of the volume either way
REPEAT = 2  # cubic cells along each side
ATOMS = 4  # of the cubic cell


@dataclass(frozen=True)
class BulkCrystal:
    """The equation of state of an fcc crystal."""

    element: str  # chemical symbol
    lattice_constants: Float[np.ndarray, " point"]  # at which the energy was computed, Å
    energies: Float[np.ndarray, " point"]  # per atom there, eV
    lattice_constant: float  # of lowest energy, Å
    energy: float  # per atom there, eV
    bulk_modulus: float  # there, GPa
    pressure_derivative: float  # of the bulk modulus there

    def __call__(self, a: Float[np.ndarray, " point"]) -> Float[np.ndarray, " point"]:
        """Fitted energy per atom (eV) at lattice constants (Å)."""
        minimum = self.lattice_constant**3 / ATOMS
        return birch_murnaghan(
            a**3 / ATOMS, self.energy, self.bulk_modulus * GPa, self.pressure_derivative, minimum
        )

    def rows(self, reference: "BulkCrystal") -> list[Row]:
        """Its three numbers beside those of a reference.

        Energies are on each potential's own scale, so a difference in scale shows.
        """
        quantities = (
            (f"lattice constant of {self.element} at rest", "Å", "lattice_constant"),
            (f"bulk modulus of {self.element}", "GPa", "bulk_modulus"),
            (f"energy of an atom of {self.element}", "eV", "energy"),
        )
        return compared(self, reference, quantities)


def bulk_crystal(potential: Potential, element: str = "Cu") -> BulkCrystal:
    """The equation of state on a potential: energies of 32 atoms at 13 volumes around the minimum.

    Over a wider range the fit gives a larger bulk modulus: by 1 GPa at twice, 3 at three times it.

    Raises:
        UserError: the potential has no fcc crystal of this metal.
    """
    constants = static_lattice_constant(potential, element) * (1 + STRAINS)
    energies = np.array([_energy(potential, element, a) for a in constants])
    fit = EquationOfState(constants**3 / ATOMS, energies, eos="birchmurnaghan")
    volume, energy, modulus = (float(value) for value in fit.fit())
    return BulkCrystal(
        element=element,
        lattice_constants=constants,
        energies=energies,
        lattice_constant=(ATOMS * volume) ** (1 / 3),
        energy=energy,
        bulk_modulus=modulus / GPa,
        pressure_derivative=float(fit.eos_parameters[2]),
    )


def _energy(potential: Potential, element: str, a: float) -> float:
    system, positions = crystal(element, a, REPEAT)
    energies, _ = potential.bind(system, 1).begin(np.arange(1), positions[None])
    return float(np.asarray(energies)[0]) / len(system)
