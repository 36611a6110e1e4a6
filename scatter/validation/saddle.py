"""The saddle of a minimum-energy path as quantum mechanics sees it: zero point and tunnelling.

From the Hessian in the six coordinates of the molecule, with the slab fixed,

    ZPE_TS = ½ ħ Σ ω_k   over the five real modes,     T_c = ħ |ω_b| / 2πk

with ω_b the imaginary frequency along the path. Below the crossover temperature T_c tunnelling
rules the rate of a thermal reaction (Gillan, J. Phys. C 20, 3621 (1987)).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from scatter.initial.normal_modes import PER_CM
from scatter.potentials.base import Potential
from scatter.potentials.calculator import PotentialCalculator
from scatter.settings import UserError
from scatter.units import K, hbar
from scatter.validation.neb import EnergyPath, molecular_hessian


@dataclass(frozen=True)
class Threshold:
    """What a molecule needs to react over a saddle.

    Attributes:
        facet: such as "111".
        molecule: formula, whose isotopes count.
        site: of the path.
        barrier_eV: V_b, above the molecule at rest far away.
        zero_point_eV: ZPE_TS.
        imaginary_per_cm: |ω_b|, inverse centimetres.
    """

    facet: str
    molecule: str
    site: str
    barrier_eV: float
    zero_point_eV: float
    imaginary_per_cm: float

    @property
    def threshold_eV(self) -> float:
        """V_b + ZPE_TS."""
        return self.barrier_eV + self.zero_point_eV

    @property
    def crossover_K(self) -> float:
        """T_c, K."""
        return self.imaginary_per_cm * PER_CM / (2 * np.pi * K)


def threshold_of(
    path: EnergyPath, potential: Potential, formula: str, masses: Float[np.ndarray, "2"]
) -> Threshold:
    """The threshold over the saddle of a path, for a molecule of these masses (amu).

    Raises:
        UserError: the saddle is not one of first order for it.
    """
    frame = path.frames[path.saddle].copy()
    frame.calc = PotentialCalculator(potential)
    weights = np.repeat(masses, 3)
    H = molecular_hessian(frame) / np.sqrt(np.outer(weights, weights))
    squares = np.linalg.eigvalsh(H)
    if not squares[0] < 0 < squares[1]:
        raise UserError(
            f"{formula} at {path.place}: the highest image has {int((squares < 0).sum())} "
            "imaginary modes, and a saddle has one; choose another site"
        )
    omega = np.sqrt(np.abs(squares))
    zero_point = 0.5 * hbar * float(omega[1:].sum())
    along = hbar * float(omega[0]) / PER_CM
    return Threshold(path.facet, formula, path.site, path.barrier, zero_point, along)
