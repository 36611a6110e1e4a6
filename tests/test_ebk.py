"""EBK quantisation against the closed forms of Morse and Kratzer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scatter.ebk import (
    Curve,
    Unbound,
    Vibration,
    level,
    level_rows,
    levels,
    rovibrational,
    vibrational_number,
)
from scatter.units import ISOTOPES, fs, hbar

MASS = ISOTOPES["H"][1]
MU = MASS / 2
DEPTH, STEEPNESS, R_E = 4.7446, 1.9428, 0.7414  # H2: eV, 1/Å, Å
OMEGA = STEEPNESS * np.sqrt(2 * DEPTH / MU)
V_MAX = int(np.sqrt(2 * MU * DEPTH) / (STEEPNESS * hbar) - 0.5)
INVERSE_CM = 1.239841984e-4  # eV


def morse(r):
    return DEPTH * (1 - np.exp(-STEEPNESS * (r - R_E))) ** 2 - DEPTH


def morse_level(v):
    quantum = hbar * OMEGA * (v + 0.5)
    return quantum - quantum**2 / (4 * DEPTH) - DEPTH


def bumped(r):
    """A curve as machine-learned ones are: a bump beyond 2 Å, an outer well, a hole within."""
    bump = 0.4 * np.exp(-(((r - 2.2) / 0.2) ** 2)) - 3.0 * np.exp(-(((r - 3.4) / 0.3) ** 2))
    return morse(r) + bump - 30 * np.exp(-(((r - 0.1) / 0.1) ** 2))


H2 = Curve.of(morse, 0.2, 14.0)
BUMPED = Curve.of(bumped, 0.2, 6.0)


@pytest.mark.parametrize("v", range(V_MAX + 1))
def test_morse_levels_are_exact(v):
    assert level(v, 0, H2, MU).energy == pytest.approx(morse_level(v), abs=1e-11)


@pytest.mark.parametrize("langer", [False, True])
@pytest.mark.parametrize(("v", "J"), [(0, 0), (0, 7), (2, 1), (5, 12)])
def test_kratzer_levels_are_exact_at_every_J(v, J, langer):
    # V = B0/r² - A/r, for which ∮ p dr = 2π (A sqrt(μ/2|E|) - sqrt(2μB)), B = B0 + L²/2μ.
    A, B0 = 2 * DEPTH * R_E, DEPTH * R_E**2
    curve = Curve.of(lambda r: B0 / r**2 - A / r, 0.2, 8.0)
    L = hbar * (J + 0.5) if langer else hbar * np.sqrt(J * (J + 1))
    radial = hbar * (v + 0.5) + np.sqrt(2 * MU * B0 + L**2)
    expected = -MU * A**2 / (2 * radial**2)
    assert level(v, J, curve, MU, langer).energy == pytest.approx(expected, abs=1e-10)


def test_the_levels_of_hydrogen_lie_where_spectroscopy_finds_them():
    # Zero-point energy, fundamental, first rotational spacing: Huber & Herzberg (1979).
    ground = level(0, 0, H2, MU).energy
    assert ground - H2.minimum == pytest.approx(2179.3 * INVERSE_CM, rel=0.01)
    assert level(1, 0, H2, MU).energy - ground == pytest.approx(4161.2 * INVERSE_CM, rel=0.02)
    assert level(0, 1, H2, MU).energy - ground == pytest.approx(118.49 * INVERSE_CM, rel=0.02)


def test_a_curve_keeps_the_scale_of_its_energies_and_knows_its_minimum():
    shifted = Curve.of(lambda r: morse(r) - 1000.0, 0.2, 14.0)
    assert shifted.minimum == pytest.approx(-1000 - DEPTH, abs=1e-9)
    assert shifted.r_e == pytest.approx(R_E, abs=1e-9)
    assert level(3, 0, shifted, MU).energy + 1000 == pytest.approx(morse_level(3), abs=1e-9)


def test_a_curve_passes_on_value_and_slope_and_is_unknown_outside():
    r = np.linspace(0.35, 5, 50)
    decay = np.exp(-STEEPNESS * (r - R_E))
    np.testing.assert_allclose(H2(r), morse(r), atol=1e-10)
    np.testing.assert_allclose(
        H2.slope(r), 2 * DEPTH * STEEPNESS * decay * (1 - decay), rtol=1e-8, atol=1e-8
    )
    assert np.isnan(H2(np.array([0.1, 15.0]))).all()


def test_a_curve_without_a_minimum_is_refused():
    with pytest.raises(Unbound, match=r"no minimum between 0\.300 and 5\.000 Å"):
        Curve.of(lambda r: 1 / r, 0.3, 5.0)


@pytest.mark.slow
@settings(max_examples=30, deadline=None, derandomize=True)
@given(fraction=st.floats(1e-6, 0.9), J=st.floats(0, 25))
def test_energy_to_number_to_level_is_a_round_trip_up_to_nine_tenths_of_the_well(fraction, J):
    rotation = np.array([J * (J + 1) * hbar**2 / (2 * MU)])
    well = H2.wells(rotation)
    energy = well.bottom + fraction * (well.rim - well.bottom)
    v = vibrational_number(energy, np.array([J]), H2, MU)
    assert level(float(v[0]), J, H2, MU).energy == pytest.approx(energy[0], abs=1e-9)


@pytest.mark.parametrize("v", [0, 1, 5, 14])
def test_the_phase_follows_the_exact_motion_of_a_morse_oscillator(v):
    # e^{a(r - r_e)} = (1 - sqrt(ε) cos 2πu) / (1 - ε) with ε = E/D above the minimum.
    found = level(v, 0, H2, MU)
    epsilon = (found.energy + DEPTH) / DEPTH
    vibration = Vibration(found, H2, MU)
    phases = np.linspace(0, 1, 101, endpoint=False)
    swing = 1 - np.sqrt(epsilon) * np.cos(2 * np.pi * phases)
    exact = R_E + np.log(swing / (1 - epsilon)) / STEEPNESS
    sampled = np.array([vibration.at(float(u)) for u in phases])
    np.testing.assert_allclose(sampled[:, 0], exact, atol=1e-7)
    kinetic = sampled[:, 1] ** 2 / (2 * MU)
    np.testing.assert_allclose(kinetic + H2(sampled[:, 0]), found.energy, atol=1e-12)
    assert (sampled[1:50, 1] > 0).all()
    assert (sampled[51:, 1] < 0).all()
    assert found.period == pytest.approx(2 * np.pi / (OMEGA * np.sqrt(1 - epsilon)), rel=1e-8)
    mean = R_E + np.log((1 + np.sqrt(1 - epsilon)) / (2 * (1 - epsilon))) / STEEPNESS
    assert found.mean == pytest.approx(mean, rel=1e-8)


def test_the_phase_is_uniform_in_time_for_a_rotating_molecule():
    found = level(2, 15, H2, MU)
    vibration = Vibration(found, H2, MU)
    u, step = 0.31, 1e-5
    (before, _), (_, p), (after, _) = (vibration.at(u + shift) for shift in (-step, 0, step))
    assert MU * (after - before) / (2 * step * found.period) == pytest.approx(p, rel=1e-5)
    phases = (np.arange(200) + 0.5) / 200
    mean = np.mean([vibration.at(float(u))[0] for u in phases])
    assert mean == pytest.approx(found.mean, abs=1e-8)


@pytest.mark.parametrize(
    ("v", "J", "curve", "sentence"),
    [
        (V_MAX + 1, 0, H2, rf"v = {V_MAX + 1}, J = 0 .* 4\.7446 eV deep \(the curve ends at 14\.0"),
        (
            8,
            30,
            H2,
            r"v = 8, J = 30 is not bound: .* \(its barrier stands at \d\.\d+ Å\) and holds",
        ),
        (0, 60, H2, r"v = 0, J = 60 is not bound: .* no minimum up to 14\.000 Å"),
        (15, 0, BUMPED, r"\(its barrier stands at 2\.\d+ Å\)"),
    ],
)
def test_what_is_not_bound_is_refused_by_name(v, J, curve, sentence):
    with pytest.raises(Unbound, match=sentence):
        level(v, J, curve, MU)


def test_a_spurious_bump_bounds_the_inner_well_and_its_outer_well_binds_nothing():
    found = levels(20, 0, BUMPED, MU)
    assert 8 < len(found) < V_MAX + 1
    assert max(each.outer for each in found) < 2.5
    np.testing.assert_allclose(
        [e.energy for e in found[:3]], [morse_level(v) for v in range(3)], atol=1e-6
    )
    positions = np.zeros((2, 2, 3))
    positions[:, 1, 2] = [R_E, 3.4]
    v, J = rovibrational(positions, np.zeros((2, 2, 3)), np.full(2, MASS), BUMPED)
    assert v[0] == pytest.approx(-0.5, abs=1e-6)
    assert np.isnan([v[1], J[1]]).all()


def test_a_hole_at_bonds_much_too_short_ends_the_wall():
    assert 0.22 < BUMPED.shortest < 0.3
    assert BUMPED.r_e == pytest.approx(R_E, abs=1e-3)


def moving(count, spread, seed=1):
    rng = np.random.default_rng(seed)
    positions = rng.normal(size=(count, 2, 3))
    bond = rng.normal(size=(count, 3))
    bond *= rng.uniform(0.6, 1.1, (count, 1)) / np.linalg.norm(bond, axis=1, keepdims=True)
    positions[:, 1] = positions[:, 0] + bond
    return positions, rng.normal(0, spread, (count, 2, 3))


def test_numbers_depend_to_the_bit_on_no_other_molecule():
    positions, momenta = moving(1100, 1.0)
    masses = np.array([MASS, 2 * MASS])
    together = np.array(rovibrational(positions, momenta, masses, H2))
    back = np.array(rovibrational(positions[::-1], momenta[::-1], masses, H2))
    np.testing.assert_array_equal(together, back[:, ::-1])
    for i in range(0, 1100, 50):
        alone = rovibrational(positions[i : i + 1], momenta[i : i + 1], masses, H2)
        np.testing.assert_array_equal(np.concatenate(alone), together[:, i])


def test_numbers_do_not_change_with_the_frame():
    positions, momenta = moving(50, 1.0)
    masses = np.array([MASS, 2 * MASS])
    drift = masses[:, None] * np.array([0.3, -0.1, 2.0])
    np.testing.assert_allclose(
        rovibrational(positions + 5.0, momenta + drift, masses, H2),
        rovibrational(positions, momenta, masses, H2),
        atol=1e-9,
    )


@pytest.mark.parametrize("langer", [False, True])
def test_rotation_and_energy_give_the_numbers(langer):
    r, p = 0.8, np.array([0.0, 0.7, 0.4])  # of the second atom, about a bond along z
    positions = np.array([[[0, 0, 0], [0, 0, r]]])
    momenta = np.array([-p, p])[None]
    v, J = rovibrational(positions, momenta, np.full(2, MASS), H2, langer)
    squared = (r * 0.7 / hbar) ** 2
    assert squared == pytest.approx((J[0] + 0.5) ** 2 if langer else J[0] * (J[0] + 1), rel=1e-12)
    energy = p @ p / (2 * MU) + morse(r)
    assert level(float(v[0]), float(J[0]), H2, MU, langer).energy == pytest.approx(energy, abs=1e-9)


def test_a_molecule_that_only_rotates_has_half_a_quantum_less_than_none():
    # On a circle E is the bottom of the well, above or below it by rounding.
    J = np.arange(20.0)
    L = hbar * np.sqrt(J * (J + 1))
    r = H2.wells(L**2 / (2 * MU)).r_min
    positions, momenta = np.zeros((20, 2, 3)), np.zeros((20, 2, 3))
    positions[:, 1, 0] = r
    momenta[:, 1, 1] = 2 * L / r
    v, found = rovibrational(positions, momenta, np.full(2, MASS), H2)
    np.testing.assert_allclose(v, -0.5, atol=1e-6)
    np.testing.assert_allclose(found, J, atol=1e-9)


def test_what_flies_apart_has_no_numbers():
    positions, momenta = moving(20, 0.1)
    momenta[:, 1] += 6.0
    assert np.isnan(rovibrational(positions, momenta, np.full(2, MASS), H2)).all()


def test_no_molecules_give_no_numbers():
    v, J = rovibrational(np.zeros((0, 2, 3)), np.zeros((0, 2, 3)), np.full(2, MASS), H2)
    assert len(v) == len(J) == 0


def test_the_table_of_levels_counts_from_the_minimum_and_from_the_ground_state():
    rows = level_rows(1, 2, H2, MU)
    assert [(row["v"], row["J"]) for row in rows] == [(v, J) for v in (0, 1) for J in (0, 1, 2)]
    ground, excited = (level(v, 0, H2, MU) for v in (0, 1))
    assert rows[0]["spacing_eV"] == 0
    assert rows[3]["energy_eV"] == excited.energy - H2.minimum
    assert rows[3]["spacing_eV"] == excited.energy - ground.energy
    assert rows[0]["inner_A"] < rows[0]["mean_A"] < rows[0]["outer_A"]
    assert rows[3]["period_fs"] == pytest.approx(excited.period / fs)


def test_the_levels_end_where_the_well_does():
    assert len(levels(V_MAX + 5, 0, H2, MU)) == V_MAX + 1
