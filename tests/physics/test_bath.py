"""Laws of the thermostatted edge: a chain of springs whose lowest moving atoms are in a bath."""

from dataclasses import replace
from math import pi, sqrt

import numpy as np
import pytest
from batch_systems import (
    SLAB,
    WALL,
    Wall,
    assert_same_bits,
    by_trajectory,
    conditions,
    copper_start,
    ended,
    flat,
    wall_start,
)
from spring_chains import AUTO, MASS, RATE, SPRING, T, chain, hardening, springs, thermal
from test_motions import BOND

from scatter.dynamics import baths
from scatter.dynamics.baths import GIVEN, BathEnergy, Edge, EdgeBath
from scatter.dynamics.motions import Verlet
from scatter.dynamics.multistep import MultiStep
from scatter.dynamics.sight import kinetic_energy
from scatter.dynamics.stop import Dynamics
from scatter.initial.edge import debye_frequency
from scatter.potentials.analytic import Analytic
from scatter.units import K, fs


def edge(atoms=1, per_fs=AUTO, T_K=T):
    return Edge(np.arange(1, atoms + 1), np.full(atoms, per_fs), T_K)


def total(state):
    return state.energies + kinetic_energy(state.momenta, state.masses)


def moved(state, motion, time_fs, timestep_fs=4.0, evaluate=springs, see=None):
    """Move a batch; answers E, what the bath was given and what is conserved, at each step."""
    memory, dt, seen = motion.begin(state), np.full(len(state), timestep_fs * fs), []
    for _ in range(round(time_fs / timestep_fs)):
        motion.step(state, memory, evaluate, dt)
        E = total(state)
        seen.append((E, memory[GIVEN], motion.conserved(state, memory, E)))
        if see:
            see(state)
    return np.array(seen)


@pytest.fixture(autouse=True)
def _only_along_z(monkeypatch, request):
    """The chain has one dimension: its noise has no other."""
    if "chain" in request.node.name:
        whole = baths.standard_normal
        monkeypatch.setattr(baths, "standard_normal", lambda *a: whole(*a) * [0.0, 0.0, 1.0])


def in_bath(on, edge):
    motion = EdgeBath(on.motion, edge)
    return replace(on, motion=motion, observers=(*on.observers, BathEnergy()))


@pytest.mark.parametrize("motion", [Verlet(), MultiStep(BOND, 4)])
def test_without_friction_every_bit_is_that_of_constant_energy(motion):
    starts = [replace(copper_start(i), stream=np.array([i, 2, 3])) for i in range(4)]
    on = replace(conditions(SLAB, 4), motion=motion)
    expected = by_trajectory(ended(starts, Analytic(), on))
    still = Edge(np.arange(4, 8), np.zeros(4), T)
    for number, one in by_trajectory(ended(starts, Analytic(), in_bath(on, still))).items():
        assert one.memories.pop("bath") == {"given": 0.0}
        assert_same_bits(one, expected[number])


def test_a_chain_at_the_temperature_of_the_bath_stays_there():
    slots, atoms = 300, 6
    state, temperatures = thermal(slots, atoms, T), []
    seen = moved(state, EdgeBath(Verlet(), edge()), 4000, see=lambda state: temperatures.append(
        kinetic_energy(state.momenta, state.masses).mean() * 2 / (atoms - 1) / K))  # fmt: skip
    error = T * sqrt(2 / (slots * (atoms - 1)))
    assert abs(np.array(temperatures[::50]) - T).max() < 5 * error
    given = seen[-1, 1]  # as much one way as the other, and not nothing
    assert abs(given.mean()) < 5 * given.std() / sqrt(slots)
    assert given.std() > 0.5 * T * K


def reflected(half_period_fs, layers, per_fs=AUTO):
    """The part of a packet's energy that comes back from the end of a chain."""
    q = 2 * np.arcsin(pi / half_period_fs / (2 * RATE))
    n, width, middle = 130, 12.0, 56
    state, site = chain(1, n), np.arange(n)
    omega, speed = 2 * RATE * np.sin(q / 2), RATE * np.cos(q / 2)  # 1/fs; sites per fs
    there = 0.02 * np.exp(-0.5 * ((site - middle) / width) ** 2)
    state.positions[0, 1:, 2] = (there * np.cos(q * site))[1:]
    falling = omega * np.sin(q * site) + speed * (site - middle) / width**2 * np.cos(q * site)
    state.momenta[0, 1:, 2] = -(MASS / fs * there * falling)[1:]
    state.energies, state.forces = springs(state.positions)
    before = total(state)[0]
    seen = moved(state, EdgeBath(Verlet(), edge(layers, per_fs, 0.0)), 2 * middle / speed, 6.0)
    return seen[-1, 0, 0] / before


def exact(half_period_fs, layers):
    """The same of an endless wave: the motion of the damped atoms, from the wall up."""
    w = pi / half_period_fs / RATE
    q, u = 2 * np.arcsin(w / 2), [0.0, 1.0 + 0j]
    for n in range(1, layers + 1):
        u.append((2 * np.cos(q) - 1j * w * AUTO / RATE) * u[n] - u[n - 1])
    waves = np.exp(1j * q * np.outer([layers, layers + 1], [-1, 1]))
    inwards, outwards = np.linalg.solve(waves, u[layers:])
    return abs(outwards / inwards) ** 2


@pytest.mark.slow
@pytest.mark.parametrize(("half_period_fs", "layers"), [(125, 1), (250, 2), (250, 1)])
def test_a_chain_absorbs_what_runs_into_its_end(half_period_fs, layers):
    came_back, due = reflected(half_period_fs, layers), exact(half_period_fs, layers)
    assert came_back == pytest.approx(due, abs=0.02)
    assert (due < 0.2) == ((half_period_fs, layers) != (250, 1))  # long waves need two layers


@pytest.mark.parametrize("half_period_fs", [100, 150, 200, 250, 300])
def test_as_many_layers_as_are_usual_reflect_less_than_a_fifth(half_period_fs):
    assert exact(half_period_fs, Dynamics(bath="bottom").bath_layers) < 0.2


def test_a_chain_without_friction_reflects_all():
    assert reflected(150, 1, 0.0) == pytest.approx(1, abs=0.01)


def test_a_struck_chain_returns_to_the_temperature_of_the_bath():
    slots, atoms = 200, 5
    state = thermal(slots, atoms, T)
    state.momenta[:, -1, 2] -= sqrt(2 * MASS * 1.0)  # 1 eV
    start = total(state)
    seen = moved(state, EdgeBath(Verlet(), edge(2)), 3000)
    E, given, conserved = seen[-1]
    assert start.mean() > 0.8 + (atoms - 1) * T * K
    assert E.mean() == pytest.approx((atoms - 1) * T * K, abs=5 * E.std() / sqrt(slots))
    assert E.std() == pytest.approx(sqrt(atoms - 1) * T * K, rel=0.3)
    assert abs(seen[:, 2] - start).max() < 0.01 * start.max()
    assert given == pytest.approx(start - E, abs=0.01 * start.max())


@pytest.mark.parametrize("T_K", [0.0, T])
def test_the_error_of_what_a_chain_conserves_is_second_order(T_K):
    """Of energy and bath together: it is that of the motion, whatever the bath gives and takes."""
    largest = []
    for dt in (4.0, 2.0):
        state = thermal(40, 6, T)
        start = total(state)
        conserved = moved(state, EdgeBath(Verlet(), edge(1, AUTO, T_K)), 800, dt)[:, 2]
        largest.append(np.sqrt(((conserved - start) ** 2).mean()))
    # the paths of two time steps differ in their noise
    assert largest[0] / largest[1] == pytest.approx(4, rel=0.05 if T_K == 0 else 0.25)


def linear_step(monkeypatch, timestep_fs):
    """One step of a chain of two as z -> A z + B ξ, with z = (x, p) of both atoms."""
    noise = np.zeros(2)
    monkeypatch.setattr(
        baths, "standard_normal",
        lambda stream, draws, atoms, purpose: noise[draws][:, :, None, None] * [0.0, 0.0, 1.0],
    )  # fmt: skip

    def after(z, xi):
        state = chain(1, 3)
        state.positions[0, 1:, 2], state.momenta[0, 1:, 2] = z[:2], z[2:]
        state.energies, state.forces = springs(state.positions)
        noise[:] = xi
        moved(state, EdgeBath(Verlet(), edge()), timestep_fs, timestep_fs)
        return np.concatenate([state.positions[0, 1:, 2], state.momenta[0, 1:, 2]])

    A = np.stack([after(z, np.zeros(2)) for z in np.eye(4)], axis=1)
    B = np.stack([after(np.zeros(4), xi) for xi in np.eye(2)], axis=1)
    flat_C = np.linalg.solve(np.eye(16) - np.kron(A, A), (B @ B.T).ravel())
    return A, flat_C.reshape(4, 4)


def test_each_step_and_its_reverse_are_equally_frequent(monkeypatch):
    """Detailed balance: <z(1) z(0)'> is the same backwards in time, exactly, at any time step."""
    for dt in (4.0, 20.0):
        A, C = linear_step(monkeypatch, dt)
        back = np.diag([1, 1, -1, -1])
        forwards = A @ C
        scale = np.sqrt(np.outer(np.diag(C), np.diag(C)))
        assert abs((forwards - back @ forwards.T @ back) / scale).max() < 1e-12


def test_the_energy_is_shared_equally_to_second_order(monkeypatch):
    errors = []
    for dt in (4.0, 2.0):
        C = linear_step(monkeypatch, dt)[1]
        spring = C[0, 0], C[0, 0] + C[1, 1] - 2 * C[0, 1]
        shares = np.array([C[2, 2] / MASS, C[3, 3] / MASS, *(SPRING * each for each in spring)])
        errors.append(abs(shares / (T * K) - 1))
    assert errors[0].max() < 0.01
    assert errors[0].max() / errors[1].max() == pytest.approx(4, rel=0.02)


def test_in_a_chain_of_other_springs_a_path_and_its_reverse_are_equally_frequent():
    state, path = chain(400, 3, hardening), []

    def see(state):
        path.append((state.positions[:, 2, 2].copy(), state.momenta[:, 2, 2].copy()))

    moved(state, EdgeBath(Verlet(), edge(per_fs=0.05)), 8000, 8.0, hardening, see)
    x, p = np.array(path[400:]).swapaxes(0, 1)
    assert (p**2).mean() / MASS == pytest.approx(T * K, rel=0.05)
    lag = 6
    for f, g, sign in ((x, x**3, 1), (x**2, p**2, 1), (p, x, -1), (p, x**3, -1)):
        mean = (f[:-lag] * g[lag:] - sign * g[:-lag] * f[lag:]).mean(axis=0)
        assert abs(mean.mean()) < 4 * mean.std() / sqrt(len(mean) - 1)


def test_a_time_step_of_zero_holds_a_chain_still_to_the_bit():
    state, motion = thermal(3, 5, T), EdgeBath(Verlet(), edge(2))
    memory = motion.begin(state)
    motion.step(state, memory, springs, np.full(3, 2 * fs))
    before = state.positions.copy(), state.momenta.copy(), memory[GIVEN].copy()
    motion.step(state, memory, springs, np.zeros(3))
    for now, then in zip((state.positions, state.momenta, memory[GIVEN]), before, strict=True):
        assert (now == then).all()
    assert (memory["bath_steps"] == 1).all()


@pytest.mark.parametrize(("slots", "every"), [(1, 5), (3, 1), (8, 5)])
def test_a_trajectory_in_a_bath_has_the_same_bits_in_any_batch(slots, every):
    starts = [replace(copper_start(i), stream=np.array([i, 7, 9])) for i in range(8)]
    hot = Edge(np.array([4, 5, 6, 7]), np.full(4, 0.05), T)
    expected = by_trajectory(ended(starts, Analytic(), in_bath(conditions(SLAB, 4), hot)))
    on = in_bath(conditions(SLAB, slots, every=every), hot)
    found = by_trajectory(ended(starts[::-1], Analytic(), on))
    assert found.keys() == expected.keys()
    for number, one in expected.items():
        assert_same_bits(found[number], one)
        assert one.memories["bath"]["given"] != 0
    alike = [replace(start, stream=np.array([1, 1, 1])) for start in starts[:1]]
    [other] = ended(alike, Analytic(), in_bath(conditions(SLAB, 1), hot))
    assert (other.positions != expected[0].positions).any()


def test_in_a_bath_torch_gives_the_trajectories_of_numpy():
    torch = pytest.importorskip("torch")
    starts = [replace(wall_start(i), stream=np.array([i, 7, 9])) for i in range(9)]
    hot = Edge(np.array([1]), np.array([0.05]), T)
    expected = by_trajectory(ended(starts, Wall(), in_bath(conditions(WALL, 5), hot)))
    on = in_bath(conditions(WALL, 5, every=4, array=torch.as_tensor), hot)
    for number, one in by_trajectory(ended(starts, Wall(), on)).items():
        due = expected[number]
        assert (one.outcome, one.steps) == (due.outcome, due.steps)
        assert one.momenta == pytest.approx(due.momenta, abs=1e-9)
        for key, value in flat(due.memories).items():
            assert flat(one.memories)[key] == pytest.approx(value, abs=1e-9, nan_ok=True)


def test_the_debye_frequency_of_a_chain_follows_from_its_thermal_forces():
    state = thermal(4000, 4, T)
    inner = state.forces[:, 1:3] * np.sqrt([0, 0, 3])  # as if it were stiff along x and y as well
    omega = debye_frequency(inner, np.full(2, MASS), T * K)
    assert pi / 6 * omega * fs == pytest.approx(AUTO, rel=5 / sqrt(2 * 2 * 4000))
