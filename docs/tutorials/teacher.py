"""SevenNet for scatter: a calculator for every slot, and one model for all of them.

    pip install torch==2.13.0 && pip install sevenn     # on a machine without a GPU

The package holds the weights. Making a model takes a second or more, so all calculators share one.
"""

import warnings
from functools import cache

from ase.calculators.calculator import Calculator, all_changes


@cache
def model(name):
    """A model of the package, on a CPU."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sevenn.calculator import SevenNetCalculator

        return SevenNetCalculator(name, device="cpu")


class SevenNet0(Calculator):
    """SevenNet-0 of July 2024: energies, forces and stresses of PBE, learned from MPtrj."""

    implemented_properties = ("energy", "forces", "stress")
    weights = "7net-0"

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        """Ask the model."""
        super().calculate(atoms, properties, system_changes)
        answer = model(self.weights)
        answer.calculate(self.atoms, properties, all_changes)
        self.results = {name: answer.results[name] for name in self.implemented_properties}


class SevenNetL3i5(SevenNet0):
    """SevenNet-l3i5, of the same data: more exact, and three times the cost."""

    weights = "7net-l3i5"
