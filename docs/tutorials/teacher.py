"""SevenNet-0 for scatter: a calculator for every slot, and one model for all of them.

    pip install torch==2.13.0 && pip install sevenn     # on a machine without a GPU

The package holds the weights. Making a model takes a second or more, so all calculators share one.
"""

import warnings
from functools import cache

from ase.calculators.calculator import Calculator, all_changes


@cache
def model():
    """SevenNet-0 of July 2024 on a CPU."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sevenn.calculator import SevenNetCalculator

        return SevenNetCalculator("7net-0", device="cpu")


class SevenNet0(Calculator):
    """Energies and forces of PBE, learned from MPtrj."""

    implemented_properties = ("energy", "forces")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        """Ask the model."""
        super().calculate(atoms, properties, system_changes)
        answer = model()
        answer.calculate(self.atoms, properties, all_changes)
        self.results = {name: answer.results[name] for name in self.implemented_properties}
