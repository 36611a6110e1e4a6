"""The calculators of ASE that a batch works with, one a slot, and those that wait for the next."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from jaxtyping import Float

from scatter.state import System

if TYPE_CHECKING:
    from scatter.potentials.ase import AseCalculator


class Spare:
    """Calculators of evaluators that no longer exist, for the next one of the same system.

    Making one may take a second, and for the modes of a molecule there are many short evaluators.
    """

    def __init__(self):
        self.idle: dict[bytes, list[Any]] = {}

    def of(self, system: System) -> list[Any]:
        """Those that have worked on this system alone."""
        key = system.numbers.tobytes() + system.cell.tobytes() + repr(system.pbc).encode()
        return self.idle.setdefault(key, [])


class Slot:
    """A calculator, the atoms that it knows, and its folder where it works through files."""

    def __init__(self, potential: "AseCalculator", system: System, folder: Path | None):
        self.potential, self.system, self.folder = potential, system, folder
        self.atoms = Atoms()
        self.calculator: Any = None
        if not folder:
            idle = potential.spare.of(system)
            self.calculator = idle.pop() if idle else potential.new()

    def enter(self) -> None:
        """Forget all that the last trajectory has left."""
        self.atoms = Atoms(self.system.numbers, cell=self.system.cell, pbc=self.system.pbc)
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            self.calculator = self.potential.new(self.folder)
        else:
            self.calculator.reset()

    def answer(self, x: Float[np.ndarray, "atom 3"]) -> tuple[float, Float[np.ndarray, "atom 3"]]:
        """Energy (eV) and forces (eV/Å) at these positions."""
        self.atoms.positions[:] = x
        # Forces first: what computes them knows the energy too, and not the other way round.
        forces = self.calculator.get_property("forces", self.atoms)
        return self.calculator.get_property("energy", self.atoms), forces
