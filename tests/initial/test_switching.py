"""Adiabatic switching against exact levels, and the motion in normal coordinates."""

import numpy as np
import pytest
from bonded_molecules import Bonded, carbon_dioxide, methane, of, water
from scipy.stats import ks_2samp

from scatter import ebk
from scatter.initial import switching
from scatter.initial.bond_curve import bond_curve
from scatter.initial.lone_molecule import from_formula
from scatter.initial.normal_modes import normal_modes
from scatter.initial.pools import Sampling, phase_points, pooled
from scatter.initial.switching import on_torus, switched, torus
from scatter.initial.watson import Watson
from scatter.potentials.analytic import WX, Analytic, W
from scatter.units import ISOTOPES, hbar

H = ISOTOPES["H"][1]
QUICK = Sampling(points=48, periods=10)
EVEN = (np.arange(48) / 48)[:, None]  # turns


@pytest.fixture(scope="module")
def hydrogen():
    return normal_modes(from_formula("H2"), Analytic())


@pytest.fixture(scope="module")
def bent():
    molecule, potential = water()
    return normal_modes(molecule, potential), potential


def morse_level(v):
    return W * (v + 0.5) - WX * (v + 0.5) ** 2


def morse_number(energy):
    """v of an energy above the minimum: the inverse of the above."""
    return (W - np.sqrt(W * W - 4 * WX * energy)) / (2 * WX) - 0.5


@pytest.mark.parametrize(("v", "energy"), [(0, 0.26908), (1, 0.78467), (2, 1.27018)])
def test_levels_of_a_morse_molecule_come_out_of_ten_periods(hydrogen, v, energy):
    assert morse_level(v) == pytest.approx(energy, abs=1e-5)
    pool = pooled(
        *(hydrogen, Analytic(), (v,)),
        *switched(hydrogen, Analytic(), *on_torus(hydrogen, (v,), EVEN), 10),
    )
    assert pool.mean_eV == pytest.approx(morse_level(v), abs=1e-6)
    numbers = morse_number(pool.energies)
    assert numbers.mean() == pytest.approx(v, abs=1e-5)
    assert numbers.std() < 5e-4


@pytest.mark.parametrize(("v", "error"), [(0, 0.007), (1, 0.064), (2, 0.179)])
def test_normal_modes_alone_miss_the_levels_of_a_morse_molecule(hydrogen, v, error):
    Q, P = on_torus(hydrogen, (v,), EVEN)
    pool = pooled(hydrogen, Analytic(), (v,), Q, P)
    assert pool.mean_eV - morse_level(v) == pytest.approx(error, abs=2e-3)


def test_switched_hydrogen_is_that_of_ebk(hydrogen):
    potential = Analytic()
    curve = bond_curve(potential, 1, 1)
    level = ebk.level(1, 0, curve, H / 2)
    pool = pooled(
        *(hydrogen, potential, (1,)),
        *phase_points(hydrogen, potential, (1,), Sampling(points=250, periods=10)),
    )
    assert pool.mean_eV == pytest.approx(level.energy - curve.minimum, abs=1e-5)
    bonds = np.linalg.norm(pool.positions[:, 1] - pool.positions[:, 0], axis=1)
    vibration = ebk.Vibration(level, curve, H / 2)
    exact = [vibration.at(phase)[0] for phase in np.random.default_rng(1).random(4000)]
    assert ks_2samp(bonds, exact).pvalue > 0.003


def test_a_harmonic_molecule_keeps_its_exact_energies():
    potential = Bonded({(0, 1): (30.0, 1.0, 0.0)}, {})
    modes = normal_modes(of("HD", [[0, 0, 0], [0, 0, 1.01]]), potential)
    pool = pooled(modes, potential, (3,), *phase_points(modes, potential, (3,), QUICK))
    np.testing.assert_allclose(pool.energies, 3.5 * modes.quanta_eV[0], rtol=1e-5)


def test_a_phase_point_is_the_same_in_every_pool_and_batch(bent, monkeypatch):
    modes, potential = bent
    whole = phase_points(modes, potential, (0, 1, 0), Sampling(points=7, periods=1))
    few = phase_points(modes, potential, (0, 1, 0), Sampling(points=2, periods=1))
    alone = phase_points(modes, potential, (0, 1, 0), Sampling(periods=1), [6])
    monkeypatch.setattr(switching, "AT_ONCE", 3)
    batches = phase_points(modes, potential, (0, 1, 0), Sampling(points=7, periods=1))
    for n in range(2):
        np.testing.assert_array_equal(few[n], whole[n][:2])
        np.testing.assert_array_equal(alone[n][0], whole[n][6])
        np.testing.assert_array_equal(batches[n], whole[n])


def test_phase_points_are_all_different(bent):
    Q, _ = torus(bent[0], (0, 0, 0), 1, range(20))
    other, _ = torus(bent[0], (0, 0, 0), 2, range(20))
    assert len(np.unique(Q[:, 0])) == len(np.unique(Q[:, 2])) == 20
    assert not np.isin(Q, other).any()


def test_shorter_steps_lead_to_the_same_phase_points_at_second_order(bent, monkeypatch):
    modes, potential = bent
    start, ends = torus(modes, (1, 1, 1), 1, range(3)), []
    for steps in (40, 80, 320):
        monkeypatch.setattr(switching, "STEPS", steps)
        ends.append(np.stack(switched(modes, potential, *start, 0.3)))
    far, near = (np.abs(end - ends[-1]).max() for end in ends[:-1])
    assert 3.5 < far / near < 4.6  # 4, and a little of the next order


@pytest.mark.parametrize("make", [water, carbon_dioxide, methane])
def test_phase_points_neither_rotate_nor_fly(make):
    molecule, potential = make()
    modes = normal_modes(molecule, potential)
    quick = Sampling(points=5, periods=0.3)
    quanta = tuple(k % 2 for k in range(len(modes)))
    pool = pooled(modes, potential, quanta, *phase_points(modes, potential, quanta, quick))
    L = np.cross(pool.positions, pool.momenta).sum(axis=1)
    np.testing.assert_allclose(L / hbar, 0, atol=1e-11)
    np.testing.assert_allclose(pool.momenta.sum(axis=1), 0, atol=1e-12)


def test_switching_narrows_the_energies_of_normal_modes(bent):
    modes, potential = bent
    Q, P = torus(modes, (0, 0, 0), 1, range(24))
    plain = pooled(modes, potential, (0, 0, 0), Q, P)
    pool = pooled(modes, potential, (0, 0, 0), *switched(modes, potential, Q, P, 10))
    assert pool.spread_eV < 0.1 * plain.spread_eV
    assert pool.doubt == ""
    assert "energies spread" in plain.doubt


@pytest.mark.parametrize("make", [water, carbon_dioxide, methane])
def test_the_kinetic_energy_is_that_of_watson(make):
    modes = normal_modes(*make())
    watson, quanta = Watson(modes), (1,) * len(modes)
    Q, P = torus(modes, quanta, 5, range(6))
    L = np.random.default_rng(2).normal(size=(6, watson.axes))
    p = watson.momenta(Q, P, L)
    turning = np.cross(watson.positions(Q), p).sum(axis=1)
    np.testing.assert_allclose(turning[:, : watson.axes], L, atol=1e-12)
    kinetic = (p * p / (2 * modes.masses[:, None])).sum(axis=(1, 2))
    apart = 0.5 * (P * P).sum(axis=1) + watson.rotational(Q, L - watson.coriolis(Q, P))
    np.testing.assert_allclose(kinetic, apart, rtol=1e-12)


def test_the_drift_of_watson_is_along_the_gradient_of_its_energy(bent):
    watson = Watson(bent[0])
    Q, P = torus(bent[0], (1, 1, 1), 5, range(4))

    def energy(Q, P):
        return watson.rotational(Q, watson.coriolis(Q, P))

    time, step = 1e-5, 1e-4
    there = watson.drift(Q, P, time)
    for k, shift in enumerate(step * np.eye(3)):
        by_Q = (energy(Q + shift, P) - energy(Q - shift, P)) / (2 * step)
        by_P = (energy(Q, P + shift) - energy(Q, P - shift)) / (2 * step)
        np.testing.assert_allclose((there[0] - Q)[:, k] / time, by_P, rtol=1e-3, atol=1e-8)
        np.testing.assert_allclose((there[1] - P)[:, k] / time, -by_Q, rtol=1e-3, atol=1e-8)
    far = watson.drift(Q, P, 0.05)
    np.testing.assert_allclose(energy(*far), energy(Q, P), rtol=1e-5)
