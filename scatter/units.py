"""Units: Å, eV and amu inside the package, and the time unit they imply (10.18 fs).

Multiply on the way in (`dt = 0.2 * fs`), divide on the way out (`time / fs`). Source: CODATA 2022.
"""

from math import pi, sqrt

# SI units; e and k are exact. A test compares them with SciPy's.
atomic_mass, e = 1.66053906892e-27, 1.602176634e-19
k, hbar_Js = 1.380649e-23, 1.0545718176461565e-34

fs = 1e-5 / sqrt(atomic_mass / e)  # femtosecond, in Å sqrt(amu/eV)
ps = 1000 * fs  # picosecond
K = k / e  # kelvin as an energy (k_B T), in eV
hbar = hbar_Js / e * 1e15 * fs  # reduced Planck constant, in eV · time unit
degree = pi / 180  # in rad

# Atomic number and mass (amu) by the symbols of a formula: H, D and T, else the most abundant
# isotope. Source: AME2020, Chinese Phys. C 45, 030003 (2021).
ISOTOPES = {
    "H": (1, 1.00782503190),
    "D": (1, 2.01410177784),
    "T": (1, 3.01604928132),
    "He": (2, 4.00260325413),
    "C": (6, 12.0),
    "N": (7, 14.00307400425),
    "O": (8, 15.99491461926),
    "F": (9, 18.99840316207),
    "Ne": (10, 19.9924401753),
    "Na": (11, 22.989769282),
    "Si": (14, 27.9769265349),
    "P": (15, 30.97376199768),
    "S": (16, 31.97207117354),
    "Cl": (17, 34.968852694),
    "Ar": (18, 39.962383122),
    "Br": (35, 78.9183376),
    "Kr": (36, 83.91149773),
    "I": (53, 126.9044719),
    "Xe": (54, 131.90415508),
}


HYDROGEN = {round(mass): symbol for symbol, (number, mass) in ISOTOPES.items() if number == 1}


def isotope(element: str, mass: float) -> str:
    """The symbol of an atom of a mass (amu): of hydrogen H, D or T, else the element's."""
    return HYDROGEN.get(round(mass), element) if element == "H" else element


def lightest(number: int) -> float:
    """Mass of the lightest isotope here of an atomic number, amu."""
    return min(mass for Z, mass in ISOTOPES.values() if number == Z)
