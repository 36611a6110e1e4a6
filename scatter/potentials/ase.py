"""Any calculator of ASE: general and slow, for trying a potential and for checking another.

Each slot has a calculator of its own, reset when a trajectory enters, so that what a calculator
remembers (lists, wave functions, guesses) comes from its own trajectory alone. One that runs
another program through files has a folder of its own besides, empty when a trajectory enters, which
no other slot or process writes to.
"""

import copy
import hashlib
import json
import pickle
import shutil
import sys
import tempfile
import uuid
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ase
import numpy as np
from ase import Atoms
from ase.calculators import emt
from ase.calculators.calculator import BaseCalculator, CalculatorError
from ase.data import atomic_numbers
from ase.stress import voigt_6_to_full_3x3_stress
from jaxtyping import Float, Int

from scatter.potentials.ase_names import (
    TOLD_AT_FIRST,
    calculator_class,
    refuse_missing_program,
    refuse_parameters,
    why_no_answer,
    why_none,
    works_by_files,
)
from scatter.potentials.ase_slots import Slot, Spare
from scatter.potentials.base import Evaluator, Potential, refuse_unknown_elements
from scatter.settings import UserError
from scatter.state import System

UNKNOWN_CUTOFF = 10.0  # Å: calculators do not tell theirs, and few reach so far


class AseCalculator(Potential):
    """A calculator of ASE by its name, such as "emt".

    The energy is ASE's `energy`, not `free_energy`; where these two differ (a smeared electronic
    occupation), the forces belong to the latter and the sum of kinetic energy and `energy` drifts.

    Attributes:
        by_files: whether each calculator runs a program in a folder.
    """

    def __init__(self, calculator: str, parameters: Mapping[str, Any] | None = None):
        """Find the calculator and try its parameters.

        Args:
            calculator: the name by which ASE knows it, in lower case.
            parameters: keyword arguments of the calculator; of one that works through files,
                `directory` is where the folders of slots are made and left, in place of temporary
                ones.

        Raises:
            UserError: ASE has no such calculator, it refuses the parameters, or what it needs is
                not installed.
        """
        self.parameters, self.name = dict(parameters or {}), calculator
        self.kind = calculator_class(calculator)
        refuse_parameters(calculator, self.kind, self.parameters)
        self.by_files = works_by_files(calculator, self.kind)
        self.directory, self.spare = self._place(), Spare()
        with tempfile.TemporaryDirectory(prefix="scatter-") as folder:
            first = self.new(Path(folder))
        refuse_missing_program(calculator, first)
        self.elements = frozenset(range(1, 119))
        self.cutoff = UNKNOWN_CUTOFF
        if isinstance(first, emt.EMT):
            self.elements = frozenset(atomic_numbers[symbol] for symbol in emt.parameters)
            first.initialize(Atoms(numbers=sorted(self.elements)))
            self.cutoff = float(first.rc_list)
        written = json.dumps(self.parameters, sort_keys=True, default=repr)
        arguments = f" {written}" if self.parameters else ""
        self.description = f"ASE calculator {calculator}{arguments}"
        self.identity = hashlib.sha256(
            f"{calculator} {written} ase {ase.__version__}".encode()
        ).hexdigest()

    def _place(self) -> Path | None:
        """Where the user wants the folders of slots; the potential is the same wherever they are.

        Raises:
            UserError: this is not a folder's name.
        """
        named = self.parameters.pop("directory", None) if self.by_files else None
        if named is not None and not (isinstance(named, str) and named):
            raise UserError(
                f"[potential] parameters: directory = {named!r} must be the name of a folder"
            )
        return Path(named).absolute() if named else None

    def new(self, folder: Path | None = None) -> BaseCalculator:
        """A calculator that remembers nothing, and works in this folder if it works through files.

        Raises:
            UserError: it refuses its parameters.
        """
        # others refuse the argument, or a label that they have by default beside it
        at_once = folder and self.name in TOLD_AT_FIRST
        where = {"directory": str(folder)} if at_once else {}
        try:
            made: Any = self.kind(**copy.deepcopy(self.parameters), **where)
        except Exception as error:  # each calculator has its own way of refusing
            raise why_none(self.name, self.parameters, error) from error
        if folder and self.by_files and not at_once:
            made.directory = folder
        return made

    def bind(self, system: System, slots: int) -> "AseEvaluator":
        """An evaluator for `slots` replicas of `system`."""
        refuse_unknown_elements(self, system)
        return AseEvaluator(self, system, slots)

    def virial(
        self, system: System, positions: Float[np.ndarray, "atom 3"]
    ) -> Float[np.ndarray, "3 3"] | None:
        """dE/dε of one structure, eV, where the calculator gives a stress."""
        if self.by_files:  # a second calculation of each structure
            return None
        calculator: Any = self.new()
        if "stress" not in calculator.implemented_properties:
            return None
        atoms = Atoms(system.numbers, positions, cell=system.cell, pbc=system.pbc)
        try:
            stress = calculator.get_property("stress", atoms)
        except (CalculatorError, NotImplementedError):
            return None
        return voigt_6_to_full_3x3_stress(stress) * atoms.get_volume()


class AseObject(AseCalculator):
    """A calculator that is handed in: every slot gets a copy of it, or one that a function makes.

    Its identity is the hash of what it pickles to, so that slabs and trajectories of another one
    are never taken for its own; of one that cannot be pickled it is new in every process.
    """

    def __init__(
        self,
        calculator: BaseCalculator | Callable[[], BaseCalculator],
        elements: Collection[int] = range(1, 119),
        cutoff: float = UNKNOWN_CUTOFF,
        identity: str | None = None,
    ):
        """Take a calculator.

        Args:
            calculator: of ASE, or a function without arguments that makes one.
            elements: atomic numbers that it can evaluate.
            cutoff: Å, beyond which groups of atoms do not feel one another.
            identity: names all that determines its values, where it cannot be pickled.

        Raises:
            UserError: it cannot be copied, or the function makes none.
        """
        self.given, self.parameters, self.by_files, self.directory = calculator, {}, False, None
        self.spare = Spare()
        first = self.new()
        self.name = type(first).__name__
        self.elements, self.cutoff = frozenset(elements), cutoff
        self.description = f"calculator {self.name}"
        self.identity = identity or _identity_of(first)

    def new(self, folder: Path | None = None) -> BaseCalculator:
        """A copy that remembers nothing.

        Raises:
            UserError: it cannot be copied, or the function makes no calculator.
        """
        if isinstance(self.given, BaseCalculator):
            try:
                return copy.deepcopy(self.given)
            except Exception as error:  # each calculator has its own way of refusing
                raise UserError(
                    f"potential: the calculator {type(self.given).__name__} cannot be copied for "
                    f"every slot ({error}); hand in a function that makes one"
                ) from error
        made = self.given()
        if not isinstance(made, BaseCalculator):
            raise UserError(
                f"potential: the function makes a {type(made).__name__}, which is not a calculator "
                "of ASE"
            )
        return made


def _identity_of(calculator: BaseCalculator) -> str:
    """Hash of all that a calculator consists of; of what cannot be pickled, a name of its own."""
    kind = f"{type(calculator).__module__}.{type(calculator).__qualname__} ase {ase.__version__}"
    try:
        content = pickle.dumps(calculator)
    except Exception:  # whatever a calculator holds may refuse in its own way
        content = uuid.uuid4().bytes
    return hashlib.sha256(kind.encode() + content).hexdigest()


class AseEvaluator(Evaluator):
    """One calculator and one `Atoms` per slot.

    What a calculator cannot do at all shows in its first answer. Later a calculation may fail now
    and then, say because it does not converge; that replica's energy and forces are NaN.
    """

    def __init__(self, potential: AseCalculator, system: System, slots: int):
        self.potential, self.system, self.tried = potential, system, False
        folders = self._folders(potential, slots) if potential.by_files else [None] * slots
        self.slots = [Slot(potential, system, folder) for folder in folders]
        if not potential.by_files:
            mine = [slot.calculator for slot in self.slots]
            weakref.finalize(self, potential.spare.of(system).extend, mine).atexit = False

    def _folders(self, potential: AseCalculator, slots: int) -> list[Path]:
        """A folder for each slot, in one that no other process or evaluator has.

        Raises:
            UserError: it cannot be made.
        """
        try:
            if potential.directory:
                potential.directory.mkdir(parents=True, exist_ok=True)
            own = Path(tempfile.mkdtemp(prefix=f"{potential.name}-", dir=potential.directory))
        except OSError as error:
            raise UserError(
                f"[potential] parameters: in directory = '{potential.directory}' no folder can be "
                f"made ({error.strerror})"
            ) from error
        if not potential.directory:
            weakref.finalize(self, shutil.rmtree, own, ignore_errors=True)
        return [own / f"slot-{slot:03d}" for slot in range(slots)]

    def begin(
        self, slots: Int[np.ndarray, " new"], positions: Float[np.ndarray, "new atom 3"]
    ) -> tuple[Float[np.ndarray, " new"], Float[np.ndarray, "new atom 3"]]:
        """Energies and forces of the replicas that enter `slots`, with calculators reset.

        Raises:
            UserError: the calculator cannot evaluate this system.
        """
        for slot in slots:
            self.slots[slot].enter()
        return self._evaluate(slots, positions)

    def __call__(
        self, positions: Float[np.ndarray, "slot atom 3"]
    ) -> tuple[Float[np.ndarray, " slot"], Float[np.ndarray, "slot atom 3"]]:
        """Energies (eV) and forces (eV/Å) of every slot."""
        return self._evaluate(np.arange(len(positions)), positions)

    def keep(self, slots: Int[np.ndarray, " kept"]) -> None:
        """Continue with the replicas in `slots` only."""
        self.slots = [self.slots[slot] for slot in slots]

    def _evaluate(
        self, slots: Int[np.ndarray, " new"], positions: Float[np.ndarray, "new atom 3"]
    ) -> tuple[Float[np.ndarray, " new"], Float[np.ndarray, "new atom 3"]]:
        energies, forces = np.full(len(slots), np.nan), np.full(positions.shape, np.nan)
        for row in np.flatnonzero(np.isfinite(positions).all(axis=(1, 2))):
            with self._failing():
                energies[row], forces[row] = self.slots[slots[row]].answer(positions[row])
        forces[:, ~self.system.moving] = 0.0
        return energies, forces

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Say which calculation fails, and end the program if it is the first."""
        any_error = (
            self.potential.by_files or not self.tried
        )  # those of a reader are of every class
        expected: type[Exception] = Exception if any_error else CalculatorError
        try:
            yield
        except expected as error:
            formula = Atoms(self.system.numbers).get_chemical_formula()
            failure = why_no_answer(self.potential.name, formula, error)
            if not self.tried:
                raise failure from error
            print(f"{failure}: this trajectory counts as failed", file=sys.stderr, flush=True)
        else:
            self.tried = True
