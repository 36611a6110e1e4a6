"""Laws of Langevin dynamics on a dividing surface: HD above a slab of one atom on a spring."""

import numpy as np
import pytest

from scatter.dynamics import constrained
from scatter.dynamics.constrained import (
    DividingSurface,
    constrained_baoab,
    project,
    relative_momenta,
)
from scatter.dynamics.sight import kinetic_energy
from scatter.state import State
from scatter.units import ISOTOPES, K, fs

T = 900.0
kT = K * T
MASSES = np.array([63.5, ISOTOPES["H"][1], ISOTOPES["D"][1]])
SURFACE = DividingSurface(1.4, 2.0, 4.0)
SPRING, TILT = 4.0, 0.2  # eV/Å², and eV of V = -a cos² θ


def free(positions):
    """A slab on a spring, and nothing else."""
    forces = np.zeros_like(positions)
    forces[:, 0] = -SPRING * positions[:, 0]
    return 0.5 * SPRING * (positions[:, 0] ** 2).sum(axis=1), forces


def tilted(positions):
    """Besides, the bond likes to stand upright, and is heavy: -a (s_z / r)² and a slope in z."""
    energies, forces = free(positions)
    s = positions[:, 2] - positions[:, 1]
    r2 = (s * s).sum(axis=1)
    energies = energies - TILT * s[:, 2] ** 2 / r2
    pull = 2 * TILT * (s[:, 2] / r2)[:, None] * (np.array([0, 0, 1]) - s * (s[:, 2] / r2)[:, None])
    forces[:, 2] += pull
    forces[:, 1] -= pull
    return energies, forces


def started(slots, evaluate, seed=3):
    rng = np.random.default_rng(seed)
    positions = np.zeros((slots, 3, 3))
    axis = rng.normal(size=(slots, 3))
    axis *= SURFACE.bond / np.linalg.norm(axis, axis=1)[:, None]
    centre = np.stack([*rng.random((2, slots)), rng.uniform(2.0, 4.0, slots)], axis=1)
    share = MASSES[1:] / MASSES[1:].sum()
    positions[:, 0] = rng.normal(0, np.sqrt(kT / SPRING), (slots, 3))
    positions[:, 1], positions[:, 2] = centre - share[1] * axis, centre + share[0] * axis
    masses = np.repeat(MASSES[None, :, None], slots, axis=0)
    momenta = np.sqrt(kT * masses) * rng.normal(size=positions.shape)
    energies, forces = evaluate(positions)
    each = np.arange(slots)
    state = State(positions, momenta, forces, energies, masses, np.zeros(slots), each)
    project(state)
    return state, rng


def moved(state, rng, evaluate, steps, dt_fs=1.0, friction_per_fs=0.02, see=None):
    for _ in range(steps):
        noise = rng.normal(size=state.positions.shape)
        constrained_baoab(state, evaluate, dt_fs * fs, friction_per_fs / fs, kT, noise, SURFACE)
        if see:
            see(state)


def bonds(state):
    return state.positions[:, 2] - state.positions[:, 1]


def test_bond_and_its_velocity_are_held():
    state, rng = started(50, tilted)
    moved(state, rng, tilted, 1000)
    s = bonds(state)
    assert abs(np.linalg.norm(s, axis=1) - SURFACE.bond).max() < 1e-12
    p = relative_momenta(state.momenta, state.masses)
    assert abs((p * s).sum(axis=1)).max() < 1e-12
    centre = (MASSES[1:, None] * state.positions[:, 1:]).sum(axis=1)[:, 2] / MASSES[1:].sum()
    assert centre.min() > SURFACE.floor
    assert centre.max() < SURFACE.ceiling


def test_without_friction_the_motion_goes_back_the_way_it_came():
    state, rng = started(20, tilted)
    before = state.positions.copy()
    moved(state, rng, tilted, 300, friction_per_fs=0.0)
    assert abs(state.positions - before).max() > 0.5
    state.momenta *= -1
    moved(state, rng, tilted, 300, friction_per_fs=0.0)
    assert abs(state.positions - before).max() < 1e-9


def test_without_friction_the_energy_error_is_second_order():
    def error(dt_fs):
        state, rng = started(40, tilted)
        total = []
        moved(
            state, rng, tilted, round(100 / dt_fs), dt_fs, 0.0,
            lambda s: total.append(s.energies + kinetic_energy(s.momenta, s.masses)),
        )  # fmt: skip
        return np.abs(np.array(total) - total[0]).max(axis=0).mean()

    assert error(2.0) / error(1.0) == pytest.approx(4, rel=0.1)


def test_five_of_six_degrees_of_freedom_of_the_molecule_are_at_the_temperature():
    state, rng = started(400, free)
    seen = []
    moved(state, rng, free, 400, see=lambda s: seen.append(
        (
            kinetic_energy(s.momenta[:, 1:], s.masses[:, 1:]).mean(),
            kinetic_energy(s.momenta[:, :1], s.masses[:, :1]).mean(),
        )
    ))  # fmt: skip
    molecule, slab = np.mean(seen[100:], axis=0) / kT
    # velocities forget one another in 50 steps: some 400 · 300/100 independent values
    assert molecule == pytest.approx(2.5, abs=4 * np.sqrt(2.5 / 1200))
    assert slab == pytest.approx(1.5, abs=4 * np.sqrt(1.5 / 1200))


def test_a_free_rotor_turns_any_way_at_any_height():
    state, rng = started(400, free)
    seen = []
    moved(state, rng, free, 800, see=lambda s: seen.append(
        (bonds(s)[:, 2] ** 2 / SURFACE.bond**2, s.positions[:, 1:, 2].mean(axis=1))
    ))  # fmt: skip
    upright, height = np.array(seen[::50]).mean(axis=(0, 2))
    assert upright == pytest.approx(1 / 3, abs=0.02)
    assert height == pytest.approx(3.0, abs=0.05)


def test_orientations_follow_boltzmann_without_another_weight():
    """Of unequal masses: <cos² θ> by exp(a cos² θ/kT) over the sphere."""
    state, rng = started(400, tilted)
    seen = []
    moved(state, rng, tilted, 1200, see=lambda s: seen.append(bonds(s)[:, 2] ** 2))
    found = np.array(seen[400::40]) / SURFACE.bond**2
    u = np.linspace(-1, 1, 4001)
    law = np.exp(TILT * u**2 / kT)
    due = np.trapezoid(u**2 * law, u) / np.trapezoid(law, u)
    error = found.mean(axis=0).std() / np.sqrt(found.shape[1])
    assert error < 0.012
    assert abs(found.mean() - due) < 4 * error


def test_momenta_lie_along_the_surface_whenever_the_bond_turns(monkeypatch):
    whole, seen = constrained.drift, []

    def watched(state, dt, surface):
        p = relative_momenta(state.momenta, state.masses)
        seen.append(abs((p * bonds(state)).sum(axis=1)).max())
        whole(state, dt, surface)

    monkeypatch.setattr(constrained, "drift", watched)
    state, rng = started(20, tilted)
    moved(state, rng, tilted, 20)
    assert len(seen) == 40
    assert max(seen) < 1e-12
