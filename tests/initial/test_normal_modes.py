"""Normal modes against closed forms, and the geometry that they belong to."""

import numpy as np
import pytest
from ase import Atoms
from bonded_molecules import carbon_dioxide, methane, of, water

from scatter.initial.lone_molecule import from_atoms, from_formula, isotopes_of
from scatter.initial.normal_modes import PER_CM, inertia, normal_modes
from scatter.potentials.analytic import Analytic, W
from scatter.settings import UserError
from scatter.units import ISOTOPES

CARBON, OXYGEN, HYDROGEN = (ISOTOPES[symbol][1] for symbol in "COH")


def test_the_frequencies_of_a_linear_molecule_of_springs_are_those_of_the_closed_form():
    modes = normal_modes(*carbon_dioxide())
    k, kappa, r = 100.0, 4.9, 1.16
    bend = np.sqrt(kappa * (2 / OXYGEN + 4 / CARBON)) / r
    expected = [bend, bend, np.sqrt(k / OXYGEN), np.sqrt(k * (1 / OXYGEN + 2 / CARBON))]
    np.testing.assert_allclose(modes.omega, expected, rtol=1e-6)
    assert modes.top == "linear"
    assert modes.bends == [(0, 1)]


def test_the_frequency_of_hydrogen_is_that_of_the_morse_curve():
    modes = normal_modes(from_formula("H2"), Analytic())
    assert modes.wavenumbers == pytest.approx([W / PER_CM], rel=1e-6)
    assert modes.force < 1e-10


@pytest.mark.parametrize(
    ("make", "light", "heavy"),
    [(water, "OHH", "ODH"), (methane, "CHHHH", "CHDDD"), (methane, "CHHHH", "CDDDD")],
)
def test_isotopologues_obey_the_product_rule_of_teller_and_redlich(make, light, heavy):
    first, second = (normal_modes(*make(isotopes=isotopes)) for isotopes in (light, heavy))
    products = [
        (modes.masses.prod() / modes.masses.sum()) ** 1.5
        * modes.omega.prod()
        / np.sqrt(modes.moments.prod())
        for modes in (first, second)
    ]
    assert products[1] == pytest.approx(products[0], rel=1e-6)


@pytest.mark.parametrize("make", [water, carbon_dioxide, methane])
def test_modes_are_orthonormal_and_keep_the_eckart_conditions(make):
    modes = normal_modes(*make())
    flat = modes.vectors.reshape(len(modes), -1)
    np.testing.assert_allclose(flat @ flat.T, np.eye(len(modes)), atol=1e-12)
    moved = np.sqrt(modes.masses)[:, None] * modes.vectors
    np.testing.assert_allclose(moved.sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(np.cross(modes.positions, moved).sum(axis=1), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("isotopes", "top", "unique"),
    [("CHHHH", "spherical", None), ("CHDDD", "symmetric", 6.381), ("CHHHD", "symmetric", 3.193)],
)
def test_a_molecule_rests_in_its_principal_axes_with_a_unique_one_along_z(isotopes, top, unique):
    modes = normal_modes(*methane(isotopes=isotopes))
    tensor = inertia(modes.positions, modes.masses)
    np.testing.assert_allclose(tensor, np.diag(modes.moments), atol=1e-9)
    np.testing.assert_allclose((modes.masses[:, None] * modes.positions).sum(axis=0), 0, atol=1e-12)
    assert modes.top == top
    if unique:
        assert modes.moments[0] == pytest.approx(modes.moments[1], rel=1e-6)
        assert modes.moments[2] == pytest.approx(unique, abs=0.01)


def test_a_geometry_far_from_the_minimum_relaxes_to_it():
    molecule, potential = water()
    shaken = of("OHH", molecule.positions + np.random.default_rng(1).normal(0, 0.1, (3, 3)))
    relaxed = normal_modes(shaken, potential)
    np.testing.assert_allclose(relaxed.omega, normal_modes(molecule, potential).omega, rtol=1e-9)


def test_a_saddle_is_refused_with_its_imaginary_modes():
    molecule, potential = carbon_dioxide()
    (angle,) = potential.angles
    potential.angles = {angle: (-1.0, -1)}
    with pytest.raises(
        UserError, match=r"not a minimum \(2 modes are imaginary, the softest i \d+"
    ):
        normal_modes(molecule, potential)


def test_a_potential_that_does_not_know_an_element_is_refused():
    with pytest.raises(UserError, match="does not know C"):
        normal_modes(from_formula("CH4"), Analytic())


def test_a_formula_names_isotopes_in_its_order():
    assert isotopes_of("CHD3") == ("C", "H", "D", "D", "D")
    molecule = from_formula("CH3CH2OH")
    assert molecule.numbers == (6, 1, 1, 1, 6, 1, 1, 8, 1)
    deuterated = from_formula("CHD3", {"C": 13.0})
    np.testing.assert_array_equal(deuterated.masses, [13.0, HYDROGEN, *[ISOTOPES["D"][1]] * 3])
    assert deuterated.name == "CHD3"


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("ch4", "is not a formula"),
        ("C(CH3)4", "is not a formula"),
        ("CuO2", "is not a formula of H, D, T.* give the molecule as atoms"),
        ("C2H6O", "may be CH3CH2OH, CH3OCH3"),
        ("CH3OD", "does not say which H atom of the molecule is D and which is H"),
        ("CH5", "no start geometry"),
    ],
)
def test_a_formula_that_means_no_geometry_is_refused(formula, sentence):
    with pytest.raises(UserError, match=sentence):
        from_formula(formula)


def test_masses_of_atoms_that_are_handed_in_are_kept_and_others_are_of_isotopes():
    frame = Atoms("CuOH", positions=np.eye(3))
    np.testing.assert_array_equal(
        from_atoms(frame).masses, [frame.get_masses()[0], OXYGEN, HYDROGEN]
    )
    frame.set_masses([32.0, 18.0, 2.0])
    np.testing.assert_array_equal(from_atoms(frame).masses, [32.0, 18.0, 2.0])
