import numpy as np
import pytest

from scatter.analysis import PARITY, Binning, homonuclear, spin_weights
from scatter.analysis.spins import SIGMA, SPINS
from scatter.settings import UserError
from scatter.units import ISOTOPES


@pytest.mark.parametrize(
    ("molecule", "even", "odd"),
    [
        ("H2", 1, 3), ("D2", 6, 3), ("T2", 1, 3), ("N2", 6, 3), ("O2", 0, 1), ("C2", 1, 0),
        ("F2", 1, 3), ("Cl2", 6, 10), ("Br2", 6, 10), ("I2", 15, 21),
        ("HD", 1, 1), ("HT", 1, 1), ("CO", 1, 1), ("HCl", 1, 1), ("NO", 1, 1),
    ],
)  # fmt: skip
def test_weights_of_even_and_odd_J_are_those_of_the_spins(molecule, even, odd):
    assert spin_weights(molecule) == (even, odd)


@pytest.mark.parametrize(
    ("molecule", "mass", "weights"),
    [
        ("H2", 1.00794, (1, 3)), ("H2", 2.014, (6, 3)), ("D2", 3.016, (1, 3)),
        ("O2", 15.999, (0, 1)), ("O2", 17.999, (0, 1)), ("O2", 16.999, (21, 15)),
        ("N2", 15.0001, (1, 3)), ("C2", 13.00335, (1, 3)), ("C2", 12.011, (1, 0)),
        ("Cl2", 36.966, (6, 10)), ("Br2", 80.916, (6, 10)),
    ],
)  # fmt: skip
def test_a_mass_tells_the_isotope_and_the_isotope_its_spin(molecule, mass, weights):
    assert spin_weights(molecule, (mass, mass)) == weights


@pytest.mark.parametrize(
    ("molecule", "mass"), [("Cl2", 35.453), ("Br2", 79.904), ("H2", 1.5), ("O2", 19.0)]
)
def test_a_mass_of_no_isotope_is_refused_in_a_sentence(molecule, mass):
    with pytest.raises(UserError, match=f"{molecule} with atoms of {mass:g} amu: that is the mass"):
        spin_weights(molecule, (mass, mass))


def test_every_isotope_that_a_formula_may_name_has_a_spin_and_every_pair_a_ground_state():
    for symbol, (Z, mass) in ISOTOPES.items():
        assert round(mass) in SPINS[Z], symbol
        assert SIGMA[Z] in (1, -1)


def test_spin_states_of_two_nuclei_are_all_counted():
    for Z, spins in SPINS.items():
        symbol = next(name for name, (number, _) in ISOTOPES.items() if number == Z)
        for A, twice in spins.items():
            found = spin_weights(f"{symbol}2", (A, A))
            assert sum(found) == (twice + 1) ** 2


@pytest.mark.parametrize(
    ("molecule", "masses", "alike"),
    [
        ("H2", None, True), ("HD", None, False), ("O2", None, True), ("CO", None, False),
        ("HD", (2.014, 2.014), True), ("HD", (1.008, 2.014), False), ("H2", (1.5, 1.5), True),
        ("NO", (15.0, 15.0), False), ("HT", None, False), ("DT", None, False), ("T2", None, True),
        ("N2", (14.003, 15.0001), False), ("O2", (15.995, 17.999), False),
        ("Cl2", (34.969, 36.966), False), ("N2", (15.0001, 15.0001), True),
    ],
)  # fmt: skip
def test_nuclei_are_alike_if_element_and_mass_are(molecule, masses, alike):
    assert homonuclear(molecule, masses) == alike


def test_J_changes_evenly_where_the_nuclei_are_alike_whatever_the_formula_says():
    assert [PARITY.step(one) for one in ("H2", "O2", "HD")] == [2, 2, 1]
    told = Binning(parity=True, alike=frozenset({"HD"}))
    assert [told.step(one) for one in ("HD", "H2")] == [2, 1]
    assert [told.name(one) for one in ("HD", "H2")] == ["histogram, even ΔJ", "histogram"]


@pytest.mark.parametrize(
    ("molecule", "changes"),
    [("H2", {0, 2}), ("D2", {0, 2}), ("HD", {0, 1, 2}), ("HT", {0, 1, 2}), ("DT", {0, 1, 2})],
)
def test_J_of_unlike_nuclei_changes_by_odd_numbers_too(molecule, changes):
    ends = np.linspace(1.0, 3.4, 100)
    binned = PARITY.classes(np.zeros(100), ends, 1, molecule)
    assert {*(binned.J - 1).tolist()} == changes
