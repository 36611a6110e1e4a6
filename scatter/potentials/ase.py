"""Any calculator of ASE: general and slow, for trying a potential and for checking another.

Each slot has a calculator of its own, reset when a trajectory enters, so that what a calculator
remembers (lists, wave functions, guesses) comes from its own trajectory alone.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import ase
import numpy as np
from ase import Atoms
from ase.calculators import emt
from ase.calculators.calculator import (
    BaseCalculator,
    CalculatorError,
    FileIOCalculator,
    get_calculator_class,
)
from ase.calculators.genericfileio import GenericFileIOCalculator
from ase.data import atomic_numbers
from jaxtyping import Float, Int

from scatter.potentials.base import refuse_unknown_elements
from scatter.settings import UserError
from scatter.state import System

UNKNOWN_CUTOFF = 10.0  # Å: calculators do not tell theirs, and few reach so far


class AseCalculator:
    """A calculator of ASE by its name, such as "emt".

    The energy is ASE's `energy`, not `free_energy`; where these two differ (a smeared electronic
    occupation), the forces belong to the latter and the sum of kinetic energy and `energy` drifts.
    """

    def __init__(self, calculator: str, parameters: Mapping[str, Any] | None = None):
        """Find the calculator and try its parameters.

        Args:
            calculator: the name by which ASE knows it, in lower case.
            parameters: keyword arguments of the calculator.

        Raises:
            UserError: ASE has no such calculator, it refuses the parameters, or it runs another
                program through files.
        """
        self.parameters = dict(parameters or {})
        self.name = calculator
        self.kind = _calculator_class(calculator)
        first = self.new()
        self.elements = frozenset(range(1, 119))
        self.cutoff = UNKNOWN_CUTOFF
        if isinstance(first, emt.EMT):
            self.elements = frozenset(atomic_numbers[symbol] for symbol in emt.parameters)
            first.initialize(Atoms(numbers=sorted(self.elements)))
            self.cutoff = float(first.rc_list)
        written = json.dumps(self.parameters, sort_keys=True, default=repr)
        self.description = f"ASE calculator {calculator}" + (f" {written}" if parameters else "")
        self.identity = hashlib.sha256(
            f"{calculator} {written} ase {ase.__version__}".encode()
        ).hexdigest()

    def new(self) -> BaseCalculator:
        """A calculator that remembers nothing."""
        try:
            return self.kind(**self.parameters)
        except Exception as error:  # each calculator has its own way of refusing
            raise UserError(
                f"[potential] calculator = '{self.name}': refuses parameters = {self.parameters} "
                f"({error})"
            ) from error

    def bind(self, system: System, slots: int) -> "AseEvaluator":
        """An evaluator for `slots` replicas of `system`."""
        refuse_unknown_elements(self, system)
        return AseEvaluator(self, system, slots)


class AseEvaluator:
    """One calculator and one `Atoms` per slot."""

    def __init__(self, potential: AseCalculator, system: System, slots: int):
        self.potential, self.system = potential, system
        self.calculators = [potential.new() for _ in range(slots)]
        self.atoms = [self._atoms() for _ in range(slots)]

    def _atoms(self) -> Atoms:
        return Atoms(self.system.numbers, cell=self.system.cell, pbc=self.system.pbc)

    def begin(
        self, slots: Int[np.ndarray, " new"], positions: Float[np.ndarray, "new atom 3"]
    ) -> tuple[Float[np.ndarray, " new"], Float[np.ndarray, "new atom 3"]]:
        """Energies and forces of the replicas that enter `slots`, with calculators reset.

        Raises:
            UserError: the calculator cannot evaluate this system.
        """
        for slot in slots:
            self.calculators[slot].reset()
            self.atoms[slot] = self._atoms()
        try:
            return self._evaluate(slots, positions)
        except (CalculatorError, NotImplementedError, KeyError) as error:
            raise UserError(
                f"[potential] calculator = '{self.potential.name}': cannot evaluate "
                f"{self.atoms[0].get_chemical_formula()} ({error})"
            ) from error

    def __call__(
        self, positions: Float[np.ndarray, "slot atom 3"]
    ) -> tuple[Float[np.ndarray, " slot"], Float[np.ndarray, "slot atom 3"]]:
        """Energies (eV) and forces (eV/Å) of every slot."""
        return self._evaluate(np.arange(len(positions)), positions)

    def keep(self, slots: Int[np.ndarray, " kept"]) -> None:
        """Go on with the replicas in `slots` only."""
        self.calculators = [self.calculators[slot] for slot in slots]
        self.atoms = [self.atoms[slot] for slot in slots]

    def _evaluate(
        self, slots: Int[np.ndarray, " new"], positions: Float[np.ndarray, "new atom 3"]
    ) -> tuple[Float[np.ndarray, " new"], Float[np.ndarray, "new atom 3"]]:
        energies, forces = np.full(len(slots), np.nan), np.full(positions.shape, np.nan)
        for row in np.flatnonzero(np.isfinite(positions).all(axis=(1, 2))):
            atoms, calculator = self.atoms[slots[row]], self.calculators[slots[row]]
            atoms.positions[:] = positions[row]
            # Forces first: what computes them knows the energy too, and not the other way round.
            forces[row] = calculator.get_property("forces", atoms)
            energies[row] = calculator.get_property("energy", atoms)
        forces[:, ~self.system.moving] = 0.0
        return energies, forces


def _calculator_class(name: str) -> Callable[..., BaseCalculator]:
    try:
        found: Any = get_calculator_class(name)
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"[potential] calculator = '{name}': ASE finds no calculator of that name "
            f"({error}); names are in lower case, such as 'emt' or 'lj'"
        ) from error
    if isinstance(found, type) and issubclass(found, (FileIOCalculator, GenericFileIOCalculator)):
        raise UserError(
            f"[potential] calculator = '{name}': runs another program through files in one "
            "directory, which many trajectories at once cannot share; choose one that computes in "
            "this process, such as 'emt'"
        )
    return found
