"""Einstein-Brillouin-Keller quantisation of a diatomic, both ways.

Before a trajectory, quantum numbers (v, J) become a bond length and momenta; after it, those
become real-valued v and J. With V_eff(r) = V(r) + L²/2μr² and the radial momentum p, the rules are

    p² = 2μ (E - V_eff(r)),    ∮ p dr = 2πħ (v + 1/2),    L² = J(J+1) ħ²  (Langer: (J+1/2)² ħ²)

The well is the inner one: from the repulsive wall to the first maximum of V_eff beyond its
minimum, which is the centrifugal barrier, a spurious bump of a machine-learned V, or the end of
the curve. Units: Å, eV, amu and the time they imply.

Source: Larkoski, Ellis & Curtis, Am. J. Phys. 74, 572 (2006); Langer, Phys. Rev. 51, 669 (1937).
"""

from scatter.ebk.curve import Curve, Unbound
from scatter.ebk.energies import Level, angular_momentum, level, level_rows, levels, reduced_mass
from scatter.ebk.numbers import rovibrational, vibrational_number
from scatter.ebk.vibration import Vibration

__all__ = [
    "Curve",
    "Level",
    "Unbound",
    "Vibration",
    "angular_momentum",
    "level",
    "level_rows",
    "levels",
    "reduced_mass",
    "rovibrational",
    "vibrational_number",
]
