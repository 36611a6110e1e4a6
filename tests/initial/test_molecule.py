"""The molecule: scans of states, and the laws that drawn molecules obey."""

from itertools import count, takewhile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import kstest

from scatter.ebk import Curve, level, reduced_mass, rovibrational
from scatter.initial.bond_curve import bond_curve
from scatter.initial.formulas import isotopes
from scatter.initial.molecule import Molecule
from scatter.initial.rovibrational import RovibrationalState
from scatter.potentials.base import Evaluator, Potential
from scatter.settings import UserError
from scatter.units import ISOTOPES, hbar

THREE_SIGMA = 0.0027
H, D = ISOTOPES["H"][1], ISOTOPES["D"][1]


def morse(r):
    return 4.7446 * (1 - np.exp(-1.9428 * (r - 0.7414))) ** 2 - 30.0


H2 = Curve.of(morse, 0.2, 14.0)


class Pair(Potential, Evaluator):
    """A potential of two atoms, in slots as every potential."""

    elements = frozenset({1})
    description = "pair"
    identity = "pair"

    def __init__(self, V, cutoff):
        self.V, self.cutoff = V, cutoff

    def bind(self, system, slots):
        assert list(system.numbers) == [1, 1]
        self.slots = slots
        return self

    def begin(self, slots, positions):
        assert len(slots) == len(positions) <= self.slots
        r = np.linalg.norm(positions[:, 1] - positions[:, 0], axis=1)
        return self.V(r), np.zeros_like(positions)


def state(v, J, m_J=None, masses=(H, D)):
    return RovibrationalState(v, J, m_J, masses, H2)


def drawn(state, number=1500, seed=3):
    rng = np.random.default_rng(seed)
    return [state.sample(rng) for _ in range(number)]


def angular_momenta(molecules):
    return np.array([np.cross(m.positions, m.momenta).sum(axis=0) for m in molecules])


def bonds(molecules):
    vectors = np.array([m.positions[1] - m.positions[0] for m in molecules])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_the_conditions_are_the_product_in_a_stable_order():
    table = Molecule(formula=["H2", "HD"], v=[0, 1], j=1, mj=[0, 1])
    assert table.conditions == [
        (formula, v, 1, m_J, None) for formula in ("H2", "HD") for v in (0, 1) for m_J in (0, 1)
    ]
    pairs = Molecule(formula="D2", states=[[1, 1], [0, 2]])
    assert pairs.conditions == [("D2", 1, 1, None, None), ("D2", 0, 2, None, None)]


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ({"formula": "H3"}, "v applies to diatomics only, and H3 is not one"),
        ({"formula": "Uu2"}, '"Uu2" is not a formula of H, D, T'),
        ({"formula": "2H"}, '"2H" is not a formula'),
        ({"formula": "H"}, "v applies to diatomics only, and H is not one"),
        ({"formula": ["H", "H2"]}, r"mixes H \(atom\) and H2 \(diatomic\)"),
        ({"modes": {"1": 1}}, "modes applies to polyatomics only, and H2 is not one"),
        ({"formula": "CH4", "v": None, "j": None, "modes": {"0": 1}}, 'names mode "0"'),
        (
            {"formula": "CH4", "v": None, "j": None, "modes": {}, "vibration_K": 300.0},
            "modes and vibration_K both",
        ),
        ({"formula": "CH4", "v": None, "rotation_K": 30.0}, "j and rotation_K both"),
        ({"formula": 2}, "valid string"),
        ({"formula": ["HD", "DH"]}, "same molecule twice"),
        ({"v": None}, "v is missing"),
        ({"states": [[0, 0]]}, "give either both v and j, or states"),
        ({"v": -1}, "greater than or equal to 0"),
        ({"v": 1.0}, "valid integer"),
        ({"v": True}, "valid integer"),
        ({"j": [1, -1]}, "greater than or equal to 0"),
        ({"v": [1, 1]}, "v = 1, j = 1 is named twice"),
        ({"mj": 2}, "mj = 2 is impossible for j = 1"),
        ({"j": [2, 1], "mj": -2}, "mj = -2 is impossible for j = 1"),
        ({"v": None, "j": None, "states": [[0]]}, "at least 2 items"),
        ({"v": None, "j": None, "states": []}, "at least 1 item"),
        ({"masses_amu": {"D": 2.0}}, "masses_amu names D, which is in no formula"),
        ({"masses_amu": {"H": 0.0}}, "greater than 0"),
        ({"J": 1}, "not permitted"),
    ],
)
def test_a_bad_value_is_refused_with_its_rule(keys, rule):
    with pytest.raises(ValidationError, match=rule):
        Molecule.model_validate({"formula": "H2", "v": 0, "j": 1} | keys)


def test_isotopes_differ_by_mass_alone_and_the_input_may_give_others():
    assert isotopes("H2", {}) == ((1, H), (1, H))
    assert isotopes("HD", {}) == ((1, H), (1, D))
    assert isotopes("HCl", {"H": 1.00794}) == ((1, 1.00794), ISOTOPES["Cl"])
    assert isotopes("CO", {}) == (ISOTOPES["C"], ISOTOPES["O"])


@pytest.mark.parametrize("cutoff", [4.9, float("inf")])
def test_the_curve_of_a_potential_gives_its_levels(cutoff):
    curve = bond_curve(Pair(morse, cutoff), 1, 1)
    assert curve.longest == pytest.approx(min(cutoff, 6.0))
    for v, J in [(0, 0), (1, 5), (10, 0)]:
        expected = level(v, J, H2, H / 2).energy
        assert level(v, J, curve, H / 2).energy == pytest.approx(expected, abs=1e-8)


def test_the_rounding_of_a_float32_potential_moves_levels_by_less_than_1e_6_eV():
    curve = bond_curve(Pair(lambda r: (morse(r) + 30).astype(np.float32), 6.0), 1, 1)
    for v in (0, 5, 10):
        expected = level(v, 0, H2, H / 2).energy + 30
        assert level(v, 0, curve, H / 2).energy == pytest.approx(expected, abs=1e-6)


def test_a_potential_that_does_not_bind_the_molecule_is_refused():
    with pytest.raises(UserError, match="pair does not bind .* V\\(r\\) has no minimum"):
        bond_curve(Pair(lambda r: 1 / r, 5.0), 1, 1)


def test_a_potential_that_is_not_finite_is_refused():
    with pytest.raises(UserError, match=r"pair gives nan for two atoms 0\.31 Å apart"):
        bond_curve(Pair(lambda r: np.where(r < 0.32, np.nan, morse(r)), 5.0), 1, 1)


def test_an_unbound_state_is_one_sentence_for_the_user():
    table = Molecule(formula="H2", v=30, j=1)
    with pytest.raises(UserError, match=r"\[molecule\] formula = 'H2', v = 30, j = 1: .*lower"):
        table.state(table.conditions[0], H2)


def test_the_table_prepares_a_state_with_its_masses():
    table = Molecule(formula="HD", v=0, j=2, mj=1, masses_amu={"D": 2.0})
    prepared = table.state(table.conditions[0], H2)
    assert prepared.masses == (H, 2.0)
    assert (prepared.level.v, prepared.level.J, prepared.m_J) == (0, 2, 1)


@pytest.mark.slow
@pytest.mark.parametrize("J", [0, 1, 20])
def test_every_level_up_to_nine_tenths_of_the_well_survives_the_round_trip(J):
    masses = (H, D)
    mu = reduced_mass(*masses)
    well = H2.wells(np.array([J * (J + 1) * hbar**2 / (2 * mu)]))
    limit = well.bottom[0] + 0.9 * (well.rim[0] - well.bottom[0])
    numbers = list(takewhile(lambda v: level(v, J, H2, mu).energy < limit, count()))
    assert len(numbers) > 8
    for number in numbers:
        molecules = drawn(state(number, J), 20)
        v, found = rovibrational(
            np.array([m.positions for m in molecules]),
            np.array([m.momenta for m in molecules]),
            np.array(masses),
            H2,
        )
        np.testing.assert_allclose(v, number, atol=1e-6)
        np.testing.assert_allclose(found, J, atol=1e-6)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    v=st.integers(0, 8),
    J=st.integers(0, 15),
    seed=st.integers(0, 2**32),
    masses=st.sampled_from([(H, H), (H, D), (D, D)]),
)
def test_any_state_of_any_isotope_survives_the_round_trip(v, J, seed, masses):
    (molecule,) = drawn(state(v, J, masses=masses), 1, seed)
    found = rovibrational(molecule.positions[None], molecule.momenta[None], np.array(masses), H2)
    np.testing.assert_allclose(np.ravel(found), [v, J], atol=1e-6)


@pytest.mark.parametrize(("J", "m_J"), [(0, None), (3, None), (3, 0), (3, -3)])
def test_energy_is_that_of_the_level_and_the_centre_of_mass_rests(J, m_J):
    prepared = state(1, J, m_J)
    for m in drawn(prepared, 50):
        kinetic = np.sum(m.momenta**2 / (2 * np.array([[H], [D]])))
        energy = kinetic + morse(np.linalg.norm(m.positions[1] - m.positions[0]))
        assert energy == pytest.approx(prepared.level.energy, abs=1e-11)
        np.testing.assert_allclose(np.array([H, D]) @ m.positions, 0, atol=1e-15)
        np.testing.assert_array_equal(m.momenta.sum(axis=0), 0)


@pytest.mark.parametrize(("J", "m_J"), [(1, None), (5, None), (1, 1), (4, -2), (6, 0)])
def test_angular_momentum_has_its_length_and_stands_on_the_bond(J, m_J):
    molecules = drawn(state(0, J, m_J), 50)
    L = angular_momenta(molecules) / hbar
    np.testing.assert_allclose(np.sum(L**2, axis=1), J * (J + 1), rtol=1e-12)
    np.testing.assert_allclose(np.sum(L * bonds(molecules), axis=1), 0, atol=1e-12)
    np.testing.assert_allclose([m.m_J for m in molecules], L[:, 2], atol=1e-12)
    if m_J is not None:
        np.testing.assert_allclose(L[:, 2], m_J, atol=1e-12)


def test_a_molecule_that_does_not_rotate_has_no_angular_momentum():
    for m_J in (None, 0):
        molecules = drawn(state(1, 0, m_J), 300)
        np.testing.assert_allclose(angular_momenta(molecules), 0, atol=1e-14)
        assert kstest((bonds(molecules)[:, 2] + 1) / 2, "uniform").pvalue > THREE_SIGMA


def test_orientations_are_isotropic():
    molecules = drawn(state(0, 3))
    for vectors in (bonds(molecules), angular_momenta(molecules) / (hbar * np.sqrt(12))):
        for axis in range(3):
            assert kstest((vectors[:, axis] + 1) / 2, "uniform").pvalue > THREE_SIGMA
        turns = np.arctan2(vectors[:, 1], vectors[:, 0]) / (2 * np.pi) % 1
        assert kstest(turns, "uniform").pvalue > THREE_SIGMA


def test_angular_momentum_is_uniform_around_the_bond():
    molecules = drawn(state(0, 3))
    bond, L = bonds(molecules), angular_momenta(molecules)
    across = np.cross([0, 0, 1], bond)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    along = np.cross(bond, across)
    turns = np.arctan2(np.sum(L * along, axis=1), np.sum(L * across, axis=1)) / (2 * np.pi) % 1
    assert kstest(turns, "uniform").pvalue > THREE_SIGMA


def test_with_m_J_the_bond_is_uniform_in_the_plane_of_rotation():
    # z of a unit vector uniform on a circle tilted by Θ is sin Θ cos χ with χ uniform.
    molecules = drawn(state(0, 3, 2))
    tilt = np.sqrt(1 - 4 / 12)
    heights = np.clip(bonds(molecules)[:, 2] / tilt, -1, 1)
    assert kstest(np.arccos(heights) / np.pi, "uniform").pvalue > THREE_SIGMA
    L = angular_momenta(molecules)
    turns = np.arctan2(L[:, 1], L[:, 0]) / (2 * np.pi) % 1
    assert kstest(turns, "uniform").pvalue > THREE_SIGMA


def test_the_angles_describe_the_bond():
    for m in drawn(state(0, 2), 20):
        along = np.array(
            [np.sin(m.theta) * np.cos(m.phi), np.sin(m.theta) * np.sin(m.phi), np.cos(m.theta)]
        )
        np.testing.assert_allclose(m.positions[1] - m.positions[0], m.bond * along, atol=1e-14)


def test_every_sample_takes_four_numbers_of_its_stream():
    for J, m_J in [(0, None), (2, None), (2, 1)]:
        used, counted = np.random.default_rng(8), np.random.default_rng(8)
        state(0, J, m_J).sample(used)
        counted.random(4)
        assert used.random() == counted.random()
