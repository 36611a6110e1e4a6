"""The friction of an atom in a homogeneous electron gas, by the density of the gas.

The local density friction approximation gives every atom the friction η(r_s) that it would have in
a gas of the bare surface's density n where it is, r_s = (3 / 4πn)^(1/3).

Source: Juaristi, Alducin, Díez Muiño, Busnengo & Salin, Phys. Rev. Lett. 100, 116102 (2008).
"""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256

import numpy as np
from scipy import constants
from scipy.interpolate import CubicSpline

from scatter.friction.ldfa import Density, Ldfa
from scatter.friction.tabled import Curve
from scatter.settings import UserError
from scatter.units import fs

BOHR = constants.value("Bohr radius") * 1e10  # Å
ATOMIC = (  # one atomic unit of friction, m_e E_h / ħ, in amu / time unit
    constants.value("electron mass in u") / (constants.value("atomic unit of time") * 1e15 * fs)
)
SOURCE = "Gerrits, Juaristi & Meyer, Phys. Rev. B 102, 155130 (2020)"
DENSEST, END = 1.5, 10.0  # r_s of the first value; r_s where there is no friction any more

# η in atomic units, by atomic number and r_s. That of fluorine at 2.0 is oxygen's in the files that
# are passed around, a slip, and stands nowhere here.
TABLE: dict[int, dict[float, float]] = {
    1: {1.5: 0.311, 2.5: 0.208, 3.5: 0.127, 5.0: 0.060},
    2: {1.5: 0.758, 2.0: 0.429, 2.5: 0.240, 3.5: 0.079, 5.0: 0.019},
    6: {1.5: 1.690, 2.0: 0.878, 2.5: 0.519, 3.5: 0.257, 5.0: 0.135},
    7: {1.5: 1.785, 2.0: 0.831, 2.5: 0.447, 3.5: 0.194, 5.0: 0.095},
    8: {1.5: 1.643, 2.0: 0.643, 2.5: 0.300, 3.5: 0.110, 5.0: 0.052},
    9: {1.5: 1.357, 2.5: 0.170, 3.5: 0.053, 5.0: 0.027},
    10: {1.5: 1.053, 2.0: 0.269, 2.5: 0.086, 3.5: 0.016, 5.0: 0.002},
    16: {1.5: 1.519, 2.0: 1.066, 2.5: 0.594, 3.5: 0.168, 5.0: 0.057},
    17: {1.5: 1.954, 2.0: 1.223, 2.5: 0.564, 3.5: 0.107, 5.0: 0.028},
    18: {1.5: 2.384, 2.0: 1.367, 2.5: 0.559, 3.5: 0.065, 5.0: 0.005},
    36: {1.5: 1.905, 2.0: 1.370, 2.5: 0.735, 3.5: 0.120, 5.0: 0.006},
    54: {1.5: 1.278, 2.0: 1.160, 2.5: 0.889, 3.5: 0.274, 5.0: 0.021},
}


@cache
def spline(number: int) -> CubicSpline:
    """η(r_s) of an element in atomic units: the natural cubic spline through its knots, 0 at 10.

    Args:
        number: atomic number.

    Raises:
        UserError: there is no table for it.
    """
    if number not in TABLE:
        from ase.data import chemical_symbols

        known = ", ".join(chemical_symbols[z] for z in TABLE)
        raise UserError(
            f'[friction] kind = "ldfa": there is no table of the friction of '
            f"{chemical_symbols[number]} in an electron gas; there are those of {known}"
        )
    knots = {**TABLE[number], END: 0.0}
    return CubicSpline([*knots], [*knots.values()], bc_type="natural")


@cache
def curve(number: int) -> Curve:
    """η of an element by the density of electrons around it.

    The spline of `spline`; below r_s = 1.5, its value there; beyond 10, and where the spline
    undershoots, 0.

    Args:
        number: atomic number.

    Raises:
        UserError: there is no table for the element.
    """
    its = spline(number)
    return Curve(np.ascontiguousarray(its.x), np.ascontiguousarray(ATOMIC * its.c), BOHR)


def ldfa(density: Density, numbers: Sequence[int]) -> Ldfa:
    """The approximation for a projectile of these atomic numbers.

    Raises:
        UserError: there is no friction of one of them in an electron gas.
    """
    knots = [spline(number).c.tobytes() for number in sorted(set(numbers))]
    curves = [curve(number) for number in numbers]
    return Ldfa(density, curves, sha256(b"".join(knots)).hexdigest()[:16])
