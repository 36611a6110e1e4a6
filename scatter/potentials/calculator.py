"""A potential of ours as a calculator of ASE, for its optimisers and paths."""

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from scatter.potentials.base import Evaluator, Potential
from scatter.settings import UserError
from scatter.shapes import Float
from scatter.state import System


def system_of(frame: Atoms, where: str) -> System:
    """All atoms of the frame, free to move; a cell vector it lacks is one of unit length.

    Args:
        frame: the atoms.
        where: what to call them in an error.

    Raises:
        UserError: it is periodic along a vector of no length, or its cell has no volume.
    """
    if (frame.pbc & ~frame.cell.mask()).any():
        raise UserError(
            f"{where}: is periodic along a lattice vector of zero length; correct its cell"
        )
    cell = np.array(frame.cell.complete())
    if abs(np.linalg.det(cell)) < 1e-6:
        raise UserError(f"{where}: its lattice vectors enclose no volume; correct its cell")
    first, second, third = (bool(periodic) for periodic in frame.pbc)
    return System(frame.numbers, cell, (first, second, third), np.ones(len(frame), bool))


class PotentialCalculator(Calculator):
    """Energy (eV) and forces (eV/Å, on every atom) of a `Potential`, one structure at a time.

    And the stress (eV/Å³) where it is asked for.
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, potential: Potential):
        """Calculate with this potential."""
        super().__init__()
        self.potential = potential
        self.evaluator: Evaluator | None = None

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes) -> None:
        """Compute the energy and forces of `atoms`; lists are kept while only positions change.

        Raises:
            UserError: the potential does not know an element, or gives no stress that is wanted;
                the cell has no volume.
        """
        super().calculate(atoms, properties, system_changes)
        assert self.atoms is not None
        positions = np.array(self.atoms.positions)[None]
        if self.evaluator is None or set(system_changes) - {"positions"}:
            self.evaluator = self.potential.bind(system_of(self.atoms, "structure"), 1)
            energies, forces = self.evaluator.begin(np.arange(1), positions)
        else:
            energies, forces = self.evaluator(positions)
        energy = float(np.asarray(energies)[0])
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "forces": np.asarray(forces)[0],
        }
        if "stress" in properties:
            self.results["stress"] = full_3x3_to_voigt_6_stress(self._stress(self.atoms))

    def _stress(self, atoms: Atoms) -> Float[np.ndarray, "3 3"]:
        virial = self.potential.virial(system_of(atoms, "structure"), np.array(atoms.positions))
        if virial is None:
            raise UserError(f"{self.potential.description} gives no stress, which is needed here")
        return virial / atoms.get_volume()
