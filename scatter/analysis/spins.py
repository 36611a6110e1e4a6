"""How many nuclear-spin states go with even and with odd J of a diatomic.

Under the exchange of two like nuclei, the whole wave function changes its sign if they are
fermions (odd mass number), and does not if they are bosons. Of the (2I+1)² spin states of two
nuclei of spin I, (I+1)(2I+1) are symmetric and I(2I+1) antisymmetric; rotational states of even J
are symmetric and those of odd J antisymmetric in an electronic state Σg+, and the other way round
in Σg- (O2; there J stands for N, the rotation without the electrons' spin). So

                      even J          odd J
    bosons,   Σg+     (I+1)(2I+1)     I(2I+1)           D2 6:3, N2 6:3
    fermions, Σg+     I(2I+1)         (I+1)(2I+1)       H2 1:3, F2 1:3, Cl2 6:10, I2 15:21
    bosons,   Σg-     I(2I+1)         (I+1)(2I+1)       16O2, 32S2 0:1

Source: Herzberg, Spectra of Diatomic Molecules (1950), III.2(f); nuclear spins: Kondev et al.,
NUBASE2020, Chinese Phys. C 45, 030001 (2021); ground states: Huber & Herzberg, Constants of
Diatomic Molecules (1979).
"""

from collections.abc import Sequence

from scatter.initial.formulas import symbols
from scatter.settings import UserError
from scatter.units import ISOTOPES

# Mass number and twice the nuclear spin, by atomic number.
SPINS = {
    1: {1: 1, 2: 2, 3: 1},
    2: {3: 1, 4: 0},
    6: {12: 0, 13: 1, 14: 0},
    7: {14: 2, 15: 1},
    8: {16: 0, 17: 5, 18: 0},
    9: {19: 1},
    10: {20: 0, 22: 0},
    11: {23: 3},
    14: {28: 0, 29: 1, 30: 0},
    15: {31: 1},
    16: {32: 0, 33: 3, 34: 0},
    17: {35: 3, 37: 3},
    18: {40: 0},
    35: {79: 3, 81: 3},
    36: {84: 0},
    53: {127: 5, 129: 7},
    54: {129: 1, 131: 3, 132: 0},
}
# The sign of the electronic ground state, Σg+ or Σg-, of two like atoms, by atomic number.
SIGMA: dict[int, int] = {8: -1, 14: -1, 16: -1}
SIGMA |= dict.fromkeys((1, 2, 6, 7, 9, 10, 11, 15, 17, 18, 35, 36, 53, 54), 1)
NEAR_amu = 0.1  # an isotope's mass from its mass number, and natural oxygen's from that of 16O


def nuclei(
    molecule: str, masses_amu: Sequence[float] | None = None
) -> tuple[tuple[int, float], tuple[int, float]]:
    """Atomic number and mass (amu) of both nuclei.

    Args:
        molecule: formula.
        masses_amu: of its atoms; by default those of the isotopes that it names.
    """
    first, second = (ISOTOPES[symbol] for symbol in symbols(molecule))
    if masses_amu is None:
        return first, second
    return (first[0], float(masses_amu[0])), (second[0], float(masses_amu[1]))


def homonuclear(molecule: str, masses_amu: Sequence[float] | None = None) -> bool:
    """Whether both atoms of a diatomic are the same isotope: H2 and D2, not HD.

    Args:
        molecule: formula.
        masses_amu: of its atoms; by default those of the isotopes that it names.
    """
    (Z1, m1), (Z2, m2) = nuclei(molecule, masses_amu)
    return Z1 == Z2 and abs(m1 - m2) < NEAR_amu


def spin_weights(molecule: str, masses_amu: Sequence[float] | None = None) -> tuple[int, int]:
    """Nuclear-spin weights of even and odd J; for unlike nuclei all J have one weight, here 1.

    Args:
        molecule: formula.
        masses_amu: of its atoms, which tell the isotopes; by default those that it names.

    Raises:
        UserError: the nuclei are alike, and their mass is that of no isotope of known spin.
    """
    (Z, mass), _ = nuclei(molecule, masses_amu)
    if not homonuclear(molecule, masses_amu):
        return 1, 1
    A = round(mass)
    if abs(mass - A) > NEAR_amu or A not in SPINS[Z]:
        known = ", ".join(f"{n}" for n in SPINS[Z])
        raise UserError(
            f"{molecule} with atoms of {mass:g} amu: that is the mass of no isotope whose nuclear "
            f"spin is known here (mass numbers {known}), so the weights of even and odd J are not "
            "known; give one isotope's mass in [molecule] masses_amu, or leave it out"
        )
    twice = SPINS[Z][A]
    symmetric, antisymmetric = (twice + 2) * (twice + 1) // 2, twice * (twice + 1) // 2
    boson, plus = A % 2 == 0, SIGMA[Z] > 0
    return (symmetric, antisymmetric) if boson == plus else (antisymmetric, symmetric)
