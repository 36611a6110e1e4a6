"""The density of a surface's electrons on a model whose energy it is."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scatter.arrays import array_namespace
from scatter.potentials.base import CPU, Place, Potential
from scatter.potentials.families import Options, family
from scatter.settings import UserError
from scatter.shapes import Float
from scatter.state import Array, System


@dataclass(frozen=True)
class ModelDensities:
    """A model of the density, for any slab of its elements.

    Attributes:
        model: whose energy of a slab and one atom is the density at this atom, 1/Å³.
    """

    model: Potential

    @classmethod
    def read(cls, file: Path, place: Place = CPU) -> "ModelDensities":
        """The linear ACE in a file, computed in double precision where positions will be.

        Raises:
            UserError: it cannot be read.
        """
        ace = family("ace")
        try:
            if isinstance(place.array(np.zeros(1)), np.ndarray):
                return cls(ace.open(Options(file=str(file))))
            return cls(ace.on["cuda"](ace.read(file), "float64", place.device, name=file.name))
        except UserError as error:
            text = str(error).replace("[potential] file =", "[friction] density =")
            raise UserError(text) from error

    def bind(self, system: System, slots: int) -> "ModelDensity":
        """The density at the projectile's atoms of so many replicas of a system.

        Raises:
            UserError: the model does not know an element of the slab, or of the projectile.
        """
        unknown = {int(z) for z in system.numbers} - self.model.elements
        if unknown:
            from ase.data import chemical_symbols

            names, known = (
                ", ".join(chemical_symbols[z] for z in sorted(each))
                for each in (unknown, self.model.elements)
            )
            raise UserError(
                f"[friction] density: {self.model.description} does not know {names}; it knows "
                f"{known}"
            )
        return ModelDensity(self.model, system, slots)


class ModelDensity:
    """n of a model at the projectile's atoms, of one at a time above the slab.

    Where an atom is out of the model's reach above or below the slab, n is 0.
    """

    def __init__(self, model: Potential, system: System, slots: int):
        """Bind the model to a slab with a projectile."""
        self.reach, self.slab = model.cutoff, len(system) - system.projectile
        self.identity = f"density {model.identity}"
        self.energies = model.with_each(system, slots)

    def __call__(self, positions: Float[Array, "slot atom 3"]) -> Float[Array, "slot own"]:
        """n, 1/Å³; NaN where positions are not finite, or atoms touch."""
        xp, z = array_namespace(positions), positions[:, :, 2]
        slab, own = z[:, : self.slab], z[:, self.slab :]
        low, high = xp.min(slab, axis=1)[:, None], xp.max(slab, axis=1)[:, None]
        away = (own > high + self.reach) | (own < low - self.reach)
        return xp.where(away, 0.0, self.energies(positions, ~away))
