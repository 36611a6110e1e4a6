"""The analytic H2/Cu potential: real H2 levels, elastic copper, a barrier of 0.6 eV; qualitative.

It serves where no fitted potential is at hand, and wherever exact bits matter more than chemistry.
"""

from hashlib import sha256

import numpy as np

from scatter.kernels import leps
from scatter.potentials.base import Potential, refuse_unknown_elements
from scatter.potentials.neighbours import VerletLists
from scatter.potentials.replicas import Answer, Positions, Replicas
from scatter.settings import UserError
from scatter.state import System
from scatter.units import ISOTOPES, hbar

# Copper: knots of Ackland et al., Philos. Mag. A 56, 735 (1987), in units of a = 3.615 Å.
A = 3.615
V_RADII = A * np.array([1.2247449, 1.1547054, 1.1180065, 1.0, 0.8660254, 0.7071068])
V_HEIGHTS = np.array([29.059214, -140.05681, 130.07331, -17.48135, 31.82546, 71.58749]) / A**3
F_RADII = A * np.array([1.2247449, 1.0])
F_HEIGHTS = np.array([9.806694, 16.774638]) / A**3

# H2: the Morse curve with the measured ω_e, ω_e x_e and r_e (Huber & Herzberg, 1979; cm⁻¹, Å),
# whose lower levels are those of the molecule: E = ω (v + 1/2) - ωx (v + 1/2)² for J = 0.
PER_CM = 1.2398419843320026e-4  # eV
W, WX, BOND = 4401.213 * PER_CM, 121.336 * PER_CM, 0.74144
DEPTH = W**2 / (4 * WX)
STEEPNESS = np.sqrt(ISOTOPES["H"][1] * WX) / hbar  # a = sqrt(2 μ ωx) / ħ, μ = m/2

# Ours, chosen so that the barrier on rigid Cu(111) (bridge, a = 3.71 Å) is 0.6 eV at a bond of
# 1.0 Å, 1.2 Å above the top layer, and hollow, bridge and top sites hold H as they do in copper.
SATO_BOND, SATO_SURFACE = -0.05, 0.035
SURFACE_DEPTH, DECAY, CONTACT, REPULSION = 2.7, 1.6, 1.4, 0.7

METAL = (V_HEIGHTS, V_RADII, F_HEIGHTS, F_RADII)
PARAMETERS = np.array(
    [
        DEPTH,
        STEEPNESS,
        BOND,
        SATO_BOND,
        SURFACE_DEPTH,
        SATO_SURFACE,
        DECAY,
        CONTACT,
        V_RADII[0],
        REPULSION,
    ]
)


class Analytic(Potential):
    """H2 (any isotopes) on copper: `scatter.kernels.leps` with Verlet lists.

    A system holds copper and one pair of hydrogen atoms, or none. Images of the molecule feel the
    slab, not one another.
    """

    elements = frozenset({1, 29})
    description = "analytic LEPS potential for H2 on copper (qualitative)"
    cutoff = float(V_RADII[0])

    def __init__(self):
        values = np.concatenate([*METAL, PARAMETERS])
        self.identity = sha256(b"leps 1" + values.tobytes()).hexdigest()

    def bind(self, system: System, slots: int) -> Replicas:
        """An evaluator for `slots` replicas; see `scatter.potentials.base.Potential.bind`.

        Raises:
            UserError: an element other than H and Cu, or a number of H atoms other than 0 or 2.
        """
        refuse_unknown_elements(self, system)
        count = int((system.numbers == 1).sum())
        if count not in (0, 2):
            raise UserError(
                f"[potential] kind = 'analytic': {count} hydrogen atoms in one cell; it describes "
                "one H2 molecule, so there must be two or none"
            )
        hydrogen = system.numbers == 1

        def evaluate(lists: VerletLists, positions: Positions) -> Answer:
            return leps.evaluate(
                positions,
                hydrogen,
                system.moving,
                lists.first,
                lists.second,
                lists.shift,
                lists.counts,
                METAL,
                PARAMETERS,
            )

        return Replicas(system, slots, self.cutoff, evaluate)
