"""Thermal expansion: the lattice constant of a fcc crystal at several temperatures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from scatter.initial.lattice import lattice_constant_at, static_lattice_constant
from scatter.initial.surface import Thermalise
from scatter.potentials.base import Potential
from scatter.settings import UserError
from scatter.validation.rows import Row

TEMPERATURES_K = (200.0, 400.0, 600.0, 800.0, 1000.0)

Progress = Callable[[float], Any]


@dataclass(frozen=True)
class Expansion:
    """The lattice constant at which a crystal has no pressure, at several temperatures.

    Attributes:
        element: chemical symbol.
        temperatures_K: K.
        lattice_constants: Å.
        errors: standard errors of these, Å.
        at_rest: lattice constant of least energy, without zero-point motion, Å.
    """

    element: str
    temperatures_K: Float[np.ndarray, " temperature"]
    lattice_constants: Float[np.ndarray, " temperature"]
    errors: Float[np.ndarray, " temperature"]
    at_rest: float

    def rows(self, reference: "Expansion") -> list[Row]:
        """Each lattice constant and its standard error beside those of a reference.

        Raises:
            ValueError: the reference has other temperatures.
        """
        if not np.array_equal(self.temperatures_K, reference.temperatures_K):
            raise ValueError("the two were not measured at the same temperatures")
        rows = []
        for n, kelvin in enumerate(self.temperatures_K):
            name = f"lattice constant of {self.element} at {kelvin:g} K"
            ours, theirs = self.lattice_constants[n], reference.lattice_constants[n]
            rows.append(Row(name, "Å", float(ours), float(theirs)))
            ours, theirs = self.errors[n], reference.errors[n]
            rows.append(Row(f"standard error of the {name}", "Å", float(ours), float(theirs)))
        return rows


def thermal_expansion(
    potential: Potential,
    element: str = "Cu",
    temperatures_K: Sequence[float] = TEMPERATURES_K,
    settings: Thermalise | None = None,
    seed: int = 1,
    progress: Progress | None = None,
) -> Expansion:
    """The lattice constant at each temperature, by `scatter.initial.lattice.lattice_constant_at`.

    Each takes 23 ps of 8 replicas of 108 atoms, and is kept in the cache. The atoms are classical:
    towards 0 K the value at rest is reached, without zero-point motion.

    Args:
        potential: must take and answer NumPy arrays.
        element: chemical symbol of the metal.
        temperatures_K: K, at least one.
        settings: of the Langevin dynamics: time step, friction, equilibration.
        seed: of its random numbers.
        progress: told the fraction done (0 to 1) from time to time.

    Raises:
        UserError: a temperature is not positive, or the crystal melts or has no stable volume.
    """
    kelvins = [float(kelvin) for kelvin in temperatures_K]
    if not kelvins or not all(0 < kelvin < np.inf for kelvin in kelvins):
        given = ", ".join(f"{kelvin:g}" for kelvin in kelvins) or "none"
        raise UserError(
            f"thermal expansion: temperatures must be positive numbers in K; given: {given}"
        )
    tell = progress or (lambda fraction: None)
    found = []
    for n, kelvin in enumerate(kelvins):

        def done(fraction: float, before: int = n) -> None:
            tell((before + fraction) / len(kelvins))

        found.append(
            lattice_constant_at(potential, element, kelvin, settings or Thermalise(), seed, done)
        )
        tell((n + 1) / len(kelvins))
    values, errors = np.array(found).T
    at_rest = static_lattice_constant(potential, element)
    return Expansion(element, np.array(kelvins), values, errors, at_rest)
