"""Langevin dynamics samples the canonical distribution, as oscillators and a double well show."""

from math import sqrt

import numpy as np
import pytest

from scatter.dynamics.integrators import baoab, velocity_verlet
from scatter.state import State

KT, SPRING, MASS, FRICTION = 0.05, 4.0, 2.0, 0.3
OMEGA = sqrt(SPRING / MASS)


def springs(positions):
    return 0.5 * SPRING * (positions**2).sum(axis=(1, 2)), -SPRING * positions


def double_well(positions):
    x2 = positions**2
    return 0.2 * ((x2 - 1) ** 2).sum(axis=(1, 2)), -0.8 * positions * (x2 - 1)


def oscillators(slots, positions=0.0, momenta=0.0, evaluate=springs, atoms=1):
    shape = (slots, atoms, 3)
    x = np.full(shape, positions, float)
    energies, forces = evaluate(x)
    return State(
        positions=x,
        momenta=np.full(shape, momenta, float),
        forces=forces,
        energies=energies,
        masses=np.full((slots, atoms, 1), MASS),
        time=np.zeros(slots),
        trajectory=np.arange(slots),
    )


def test_positions_in_a_harmonic_well_have_their_exact_variance_at_any_time_step():
    # The stationary covariance solves C = A C A' + B B' of the linear map of one step.
    for dt in (0.2 / OMEGA, 1.0 / OMEGA, 1.5 / OMEGA):
        columns = []
        for x, p, noise in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)):
            state = oscillators(1, x, p)
            baoab(state, springs, dt, FRICTION, KT, np.full((1, 1, 3), noise))
            columns.append([state.positions[0, 0, 0], state.momenta[0, 0, 0]])
        step, kick = np.array(columns[:2]).T, np.array(columns[2])
        flat = np.linalg.solve(np.eye(4) - np.kron(step, step), np.kron(kick, kick))
        (xx, xp), (_, pp) = flat.reshape(2, 2)
        assert xx == pytest.approx(KT / SPRING, rel=1e-12)
        assert xp == pytest.approx(0, abs=1e-12)
        assert pp == pytest.approx(MASS * KT * (1 - (OMEGA * dt) ** 2 / 4), rel=1e-12)


@pytest.mark.parametrize("evaluate", [springs, double_well])
def test_a_path_and_its_reverse_are_equally_frequent(evaluate):
    # Detailed balance: <f(0) g(t)> = ± <g(0) f(t)>, minus where f g is odd in the momenta.
    rng = np.random.default_rng(7)
    state = oscillators(400, 0.7, evaluate=evaluate)
    path = []
    for _ in range(2000):
        baoab(state, evaluate, 0.15, 0.6, KT, rng.standard_normal(state.momenta.shape))
        path.append((state.positions[:, 0].copy(), state.momenta[:, 0].copy()))
    x, p = np.array(path[400:]).swapaxes(0, 1)
    lag = 5
    for f, g, sign in ((x, x**3, 1), (x**2, p**2, 1), (p, x, -1), (p, x**3, -1)):
        current = f[:-lag] * g[lag:] - sign * g[:-lag] * f[lag:]
        mean = current.mean(axis=(0, 2))
        assert abs(mean.mean()) < 3 * mean.std() / sqrt(len(mean) - 1)


def test_atoms_without_force_and_noise_stay_where_they_are_to_the_bit():
    def half_frozen(positions):
        energies, forces = springs(positions)
        forces[:, ::2] = 0
        return energies, forces

    rng = np.random.default_rng(1)
    state = oscillators(3, 0.3, evaluate=half_frozen, atoms=4)
    for _ in range(50):
        noise = rng.standard_normal(state.momenta.shape)
        noise[:, ::2] = 0
        baoab(state, half_frozen, 0.2, FRICTION, KT, noise)
    assert (state.positions[:, ::2] == 0.3).all()
    assert (state.momenta[:, ::2] == 0).all()
    assert (state.positions[:, 1::2] != 0.3).all()


def test_without_friction_langevin_dynamics_is_velocity_verlet():
    mine, theirs = oscillators(2, 0.4, 0.1), oscillators(2, 0.4, 0.1)
    for _ in range(100):
        baoab(mine, springs, 0.2, 0.0, KT, np.ones((2, 1, 3)))
        velocity_verlet(theirs, springs, 0.2)
    assert mine.positions == pytest.approx(theirs.positions, rel=1e-12)


def test_a_step_on_torch_arrays_is_the_step_on_numpy_arrays():
    torch = pytest.importorskip("torch")
    noise = np.random.default_rng(3).standard_normal((5, 1, 3))
    mine, theirs = oscillators(5, 0.4, 0.1), oscillators(5, 0.4, 0.1)
    for name in ("positions", "momenta", "forces", "energies", "masses"):
        setattr(theirs, name, torch.as_tensor(getattr(theirs, name)))
    baoab(mine, springs, 0.2, FRICTION, KT, noise)
    baoab(theirs, springs, 0.2, FRICTION, KT, torch.as_tensor(noise))
    assert theirs.momenta.numpy() == pytest.approx(mine.momenta, rel=1e-14)
    assert theirs.positions.numpy() == pytest.approx(mine.positions, rel=1e-14)
