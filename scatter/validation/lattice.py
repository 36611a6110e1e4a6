"""Thermal expansion: the lattice constant of an fcc crystal at several temperatures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from scatter.initial.lattice import lattice_constant_at, static_lattice_constant
from scatter.initial.surface import Thermalise
from scatter.potentials.base import Potential
from scatter.settings import UserError
from scatter.validation.rows import Row

TEMPERATURES_K = (200.0, 400.0, 600.0, 800.0, 1000.0)

Progress = Callable[[float], object]


@dataclass(frozen=True)
class Expansion:
    """The lattice constant at zero pressure at several temperatures."""

    element: str  # chemical symbol
    temperatures_K: Float[np.ndarray, " temperature"]  # K
    lattice_constants: Float[np.ndarray, " temperature"]  # Å
    errors: Float[np.ndarray, " temperature"]  # standard errors of these, Å
    at_rest: float  # static lattice constant, without zero-point motion, Å

    def rows(self, reference: "Expansion") -> list[Row]:
        """Each lattice constant and its standard error beside those of a reference.

        Raises:
            ValueError: the reference has other temperatures.
        """
        if not np.array_equal(self.temperatures_K, reference.temperatures_K):
            raise ValueError("the two were not computed at the same temperatures")
        rows = []
        for n, kelvin in enumerate(self.temperatures_K):
            name = f"lattice constant of {self.element} at {kelvin:g} K"
            for quantity, values, references in (
                (name, self.lattice_constants, reference.lattice_constants),
                (f"standard error of the {name}", self.errors, reference.errors),
            ):
                rows.append(Row(quantity, "Å", float(values[n]), float(references[n])))
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

    Each takes 23 ps of 8 replicas of 108 atoms, and is kept in the cache. The atoms are classical,
    so the limit at 0 K is the static value, without zero-point motion.

    Args:
        potential: must take and return NumPy arrays.
        element: chemical symbol of the metal.
        temperatures_K: one or more, K.
        settings: of the Langevin dynamics: time step, friction, equilibration.
        seed: of its random numbers.
        progress: called with the fraction done (0 to 1) from time to time.

    Raises:
        UserError: a temperature is not positive, or the crystal melts or has no stable volume.
    """
    kelvins = [float(kelvin) for kelvin in temperatures_K]
    if not kelvins or not all(0 < kelvin < np.inf for kelvin in kelvins):
        given = ", ".join(f"{kelvin:g}" for kelvin in kelvins) or "none"
        raise UserError(
            f"thermal expansion: temperatures must be positive numbers in K; given: {given}"
        )
    settings = settings or Thermalise()
    constants = []
    for n, kelvin in enumerate(kelvins):

        def done(fraction: float, before: int = n) -> None:
            if progress:
                progress((before + fraction) / len(kelvins))

        constants.append(lattice_constant_at(potential, element, kelvin, settings, seed, done))
        done(1.0)
    values, errors = np.array(constants).T
    at_rest = static_lattice_constant(potential, element)
    return Expansion(element, np.array(kelvins), values, errors, at_rest)
