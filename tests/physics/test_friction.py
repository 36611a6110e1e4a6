"""Laws of electronic friction: what it takes, what noise gives, and what both leave alone."""

from dataclasses import replace
from math import pi, sqrt

import numpy as np
import pytest
from ase.build import fcc111
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
from moving_systems import H, colliding
from scipy import constants
from scipy.stats import kstest
from test_motions import BOND

from scatter.dynamics.baths import Edge, EdgeBath
from scatter.dynamics.motions import Verlet
from scatter.dynamics.multistep import MultiStep
from scatter.dynamics.noise import Purpose, standard_normal
from scatter.dynamics.sight import kinetic_energy
from scatter.friction.course import Constant, Course
from scatter.friction.electron_gas import ATOMIC, BOHR, TABLE, curve, ldfa, spline
from scatter.friction.free_atoms import FreeAtoms, fitted
from scatter.friction.motion import GIVEN, ElectronEnergy, ElectronicFriction, Friction
from scatter.friction.tabled import CUTOFF
from scatter.kernels.friction import normal
from scatter.potentials.analytic import Analytic
from scatter.settings import UserError
from scatter.state import State, System, lone
from scatter.units import K, fs

STRONG = 0.05 / fs * H  # a friction of hydrogen, amu / time unit: γ = 0.05 per fs


class Alike:
    """A friction that depends on the height of each atom alone, or on nothing."""

    identity = "alike"

    def __init__(self, eta, tensor=None):
        self.eta, self.tensor = eta, tensor

    def __call__(self, positions):
        own = len(positions), 2 if positions.shape[1] > 1 else 1
        heights = positions[:, -own[1] :, 2]
        eta = np.asarray(self.eta(heights) if callable(self.eta) else np.full(own, self.eta))
        values = eta if self.tensor is None else self.tensor(positions, eta)
        return Friction(values, np.zeros(len(positions), np.int64))


def felt(motion, system, eta, T_K=300.0, tensor=None):
    return ElectronicFriction(motion, system, Alike(eta, tensor), Constant(T_K))


def atoms(slots, momentum=(0.0, 0.0, 0.0), well=0.0, mass=H, seed=3):
    """Atoms that are free, or in a harmonic well about z = 0; and what evaluates them."""

    def evaluate(positions):
        forces = -well * positions
        return 0.5 * well * (positions**2).sum(axis=(1, 2)), forces

    positions = np.zeros((slots, 1, 3))
    stream = np.random.default_rng(seed).integers(0, 2**32, (slots, 3))
    energies, forces = evaluate(positions)
    momenta = np.tile(np.array(momentum), (slots, 1, 1))
    masses = np.full((slots, 1, 1), mass)
    state = State(
        positions, momenta, forces, energies, masses, np.zeros(slots), np.arange(slots), stream
    )
    return state, evaluate


def moved(state, evaluate, motion, steps, timestep_fs, see=None):
    """Move a batch; the memory of the motion afterwards."""
    memory, dt = motion.begin(state), np.full(len(state), timestep_fs * fs)
    for _ in range(steps):
        motion.step(state, memory, evaluate, dt)
        state.time += dt
        if see:
            see(state, memory)
    return memory


def test_units_of_friction_have_six_digits():
    assert ATOMIC * fs == pytest.approx(0.0226790, abs=5e-8)  # amu/fs
    assert pytest.approx(0.230884, abs=5e-7) == ATOMIC
    in_SI = ATOMIC * fs * constants.atomic_mass * 1e15  # kg/s
    assert in_SI / constants.e * 1e-5 == pytest.approx(2.35052, abs=5e-6)  # meV ps/Å²
    assert BOHR**3 == pytest.approx(0.148185, rel=2e-6)
    assert 0.2 * ATOMIC * fs * 1e3 / 1.00782503 == pytest.approx(4.5006, rel=1e-5)  # of H, 1/ps


def test_friction_in_a_gas_goes_through_the_published_values_and_ends():
    for number, values in TABLE.items():
        for r_s, eta in values.items():
            n = 3 / (4 * pi * (r_s * BOHR) ** 3)
            assert curve(number)(np.array(n)) == pytest.approx(ATOMIC * eta, rel=1e-9)
    r_s = [1.5, 1.75, 2, 2.25, 2.5, 3, 3.5, 4, 5, 6, 8]
    expected = [0.311, 0.284307, 0.257992, 0.23243, 0.208, 0.163774, 0.127, 0.098519, 0.06, 0.03482,
                0.008624]  # fmt: skip
    assert spline(1)(r_s) == pytest.approx(expected, abs=6e-7)
    dense = curve(1)(np.array([0.0, 1e-3, 100.0, -1.0, np.nan]))
    assert dense[:2].tolist() == [0, 0]
    assert dense[2] == pytest.approx(0.311 * ATOMIC)
    assert dense[3] == 0
    assert np.isnan(dense[4])
    for number in TABLE:
        eta = curve(number)(np.geomspace(1e-4, 10, 2000))
        assert (eta >= 0).all()


def test_friction_of_hydrogen_agrees_with_another_parametrisation():
    # a polynomial in the density after Puska & Nieminen (1983) and Li & Wahnström (1992), as ħγ
    n = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4])
    meV = np.array([0.699, 1.226, 2.207, 3.118, 3.983, 4.365, 4.542])
    gamma = curve(1)(n) / 1.00794 * fs * 1e15
    assert constants.hbar / constants.e * 1e3 * gamma == pytest.approx(meV, rel=0.05)


def test_an_element_without_a_table_is_refused():
    with pytest.raises(UserError, match="friction of Cu in an electron gas"):
        curve(29)(np.array([0.1]))


SURFACE = fcc111("Cu", (3, 3, 6), a=3.66, vacuum=15, orthogonal=False)
TOP = SURFACE.positions[-9:]
SITES = {
    "top": TOP[4],
    "bridge": (TOP[4] + TOP[5]) / 2,
    "hollow": (TOP[0] + TOP[1] + TOP[3]) / 3,
}


def on_surface(*own, pbc=(True, True, False), cell=None):
    cell = SURFACE.cell.array if cell is None else cell
    slab = System(SURFACE.numbers, cell, pbc, np.ones(54, bool)).with_projectile(*[1] * len(own))
    return slab, np.vstack([SURFACE.positions, *own])[None]


@pytest.mark.parametrize(
    ("site", "height", "n"),
    [("top", 0.75, 1.217), ("top", 1.5, 0.0523), ("top", 2, 0.0131), ("bridge", 0.75, 0.1066),
     ("bridge", 1.25, 0.0444), ("hollow", 1, 0.0608), ("hollow", 2, 0.0089)],
)  # fmt: skip
def test_densities_of_free_atoms_above_copper_are_those_computed_elsewhere(site, height, n):
    system, positions = on_surface(SITES[site] + [0, 0, height])
    assert FreeAtoms({}).bind(system, 1)(positions)[0, 0] == pytest.approx(n, rel=4e-3)


def test_superposed_densities_are_sums_over_all_images_whatever_the_cell():
    rng = np.random.default_rng(2)
    tilted = SURFACE.cell.array + np.array([[0, 0, 0.4], [0, 0, -0.3], [1.0, 0.5, 0]])
    for cell, pbc in ((None, (True, True, True)), (tilted, (True, True, True))):
        own = SITES["bridge"] + rng.uniform(-30, 30) * SURFACE.cell.array[0] + [0.3, 0.2, 1.1]
        system, positions = on_surface(own, pbc=pbc, cell=cell)
        total, turns = 0.0, range(-40, 41)
        for i in turns:
            for j in range(-4, 5):
                for k in (-1, 0, 1):
                    shift = np.array([i, j, k]) @ system.cell
                    r = np.linalg.norm(SURFACE.positions + shift - own, axis=1)
                    total += fitted("Cu", r[r < CUTOFF]).sum()
        assert FreeAtoms({}).bind(system, 1)(positions)[0, 0] == pytest.approx(total, rel=2e-6)
        positions[0, -1, 0] = np.nan
        assert np.isnan(FreeAtoms({}).bind(system, 1)(positions)).all()


def test_the_free_atom_of_an_element_is_read_from_a_file(tmp_path):
    r = np.arange(0.1, 8, 0.1)
    file = tmp_path / "cu.dat"
    np.savetxt(file, np.stack([r, fitted("Cu", r)], axis=1), header="r n")
    system, positions = on_surface(SITES["top"] + [0, 0, 1.2])
    read, known = (FreeAtoms(files).bind(system, 1) for files in ({"Cu": str(file)}, {}))
    assert read(positions) == pytest.approx(known(positions), rel=1e-3)
    assert read.identity != known.identity
    platinum = System(np.array([78]), np.eye(3), (False, False, False), np.ones(1, bool))
    with pytest.raises(UserError, match="the free atom of Pt is not known"):
        FreeAtoms({}).bind(platinum.with_projectile(1), 1)
    for text, why in (("1 2 3\n" * 9, "two columns"), ("1 1\n2 1\n", "at least 8 rows")):
        file.write_text(text)
        with pytest.raises(UserError, match=why):
            FreeAtoms({"Cu": str(file)}).bind(system, 1)


def test_both_atoms_have_their_own_friction_and_may_be_exchanged():
    system, positions = on_surface(SITES["top"] + [0, 0, 1.2], SITES["hollow"] + [0, 0, 2.0])
    exchanged = positions[:, [*range(54), 55, 54]]
    given = ldfa(FreeAtoms({}).bind(system, 1), (1, 1))
    first, second = given(positions).values[0]
    assert given(exchanged).values[0].tolist() == [second, first]
    assert first > 2 * second > 0
    mixed = ldfa(FreeAtoms({}).bind(system, 1), (7, 1))(positions).values[0]
    assert mixed[1] == second
    assert mixed[0] > 2 * first


def test_the_compiled_normal_numbers_are_those_of_the_array_code():
    stream, xi = np.random.default_rng(8).integers(0, 2**32, 3), np.empty(3)
    due = standard_normal(stream[None], np.array([[7, 2**31]]), np.arange(3), Purpose.FRICTION)[0]
    for place, draw in enumerate((7, 2**31)):
        for atom in range(3):
            normal(stream, draw, atom, int(Purpose.FRICTION), xi)
            assert xi == pytest.approx(due[place, atom], rel=1e-12, abs=1e-13)


def test_a_free_particle_slows_down_and_warms_up_as_ornstein_and_uhlenbeck_say():
    T, gamma, n = 800.0, 0.02, 8_000
    state, evaluate = atoms(n, momentum=(3.0, 0.0, 0.0))
    moved(state, evaluate, felt(Verlet(), lone(1), gamma / fs * H, T), 60, 1.0)
    t, kT, left = 60.0, T * K, np.exp(-gamma * 60.0)
    v, x = state.momenta[:, 0] / H, state.positions[:, 0]
    assert abs(v[:, 0].mean() - 3.0 / H * left) < 4 * sqrt(kT / H / n)
    variance = kT / H * (1 - left**2)
    assert v.var(axis=0) == pytest.approx(variance, rel=4 * sqrt(2 / n))
    gt = gamma * t
    spread = kT / H * (fs / gamma) ** 2 * (2 * gt - 3 + 4 * left - left**2)
    assert x.var(axis=0) == pytest.approx(spread, rel=4 * sqrt(2 / n) + 1e-3)
    assert kstest(v[:, 2] / sqrt(variance), "norm").pvalue > 1e-5


def test_without_noise_a_straight_flight_loses_the_integral_of_friction_along_its_path():
    def eta(z):
        return STRONG * np.exp(-((z - 1.0) ** 2))

    heavy = 1e6  # it hardly slows down
    state, evaluate = atoms(1, momentum=(0.0, 0.0, heavy * 0.2), mass=heavy)
    state.positions[:, 0, 2] = -4.0
    memory = moved(state, evaluate, felt(Verlet(), lone(1), eta, 0.0), 5000, 0.1)
    path = np.linspace(-4, state.positions[0, 0, 2], 20_001)
    expected = np.trapezoid(eta(path) * 0.2, path)
    given, dissipated, centre, bond = memory[GIVEN][0]
    assert given == pytest.approx(expected, rel=1e-5)
    assert dissipated == pytest.approx(given, rel=1e-9)
    assert (centre, bond) == (pytest.approx(dissipated), 0)


@pytest.mark.parametrize("tensor", [False, True])
def test_equilibrium_is_boltzmanns_whatever_the_friction_from_place_to_place(tensor):
    def eta(z):
        return STRONG * (1.0 + 0.9 * np.tanh(z / 0.1))

    def matrix(positions, values):
        return values[:, :, None] * np.eye(3)

    T, well, n = 1000.0, 20.0, 2000
    state, evaluate = atoms(n, well=well)
    rng = np.random.default_rng(5)
    state.momenta[:] = rng.normal(size=state.momenta.shape) * sqrt(H * K * T)
    state.positions[:] = rng.normal(size=state.momenta.shape) * sqrt(K * T / well)
    state.energies, state.forces = evaluate(state.positions)
    motion = felt(Verlet(), lone(1), eta, T, matrix if tensor else None)
    moved(state, evaluate, motion, 240, 0.5)  # six relaxation times where it is strong
    scaled = state.momenta[:, 0] / sqrt(H * K * T)
    assert (scaled**2).mean(axis=0) == pytest.approx(1.0, abs=5 * sqrt(2 / n))
    for axis in range(3):
        places = state.positions[:, 0, axis] / sqrt(K * T / well)
        assert kstest(places, "norm").pvalue > 3e-7  # 5 sigma
        assert kstest(scaled[:, axis], "norm").pvalue > 3e-7


def test_energy_changes_by_what_friction_takes_and_noise_gives():
    n, T, gamma = 8_000, 500.0, 0.004
    state, evaluate = atoms(n, momentum=(1.0, -2.0, 0.5), well=10.0)
    seen = []

    def see(state, memory):
        seen.append((kinetic_energy(state.momenta, state.masses).mean(), memory[GIVEN].mean(0)))

    motion = felt(Verlet(), lone(1), gamma / fs * H, T)
    moved(state, evaluate, motion, 40, 0.5, see)
    kinetic, given = np.array([k for k, _ in seen]), np.array([g for _, g in seen])
    rate = 2 * gamma * kinetic - 3 * gamma * K * T  # d<E>/dt = -<vΛv> + kT Tr(Λ/m), 1/fs
    due = np.trapezoid(rate, dx=0.5)
    assert given[-1, 0] - given[0, 0] == pytest.approx(due, abs=4e-3)
    assert given[-1, 1] - given[-1, 0] == pytest.approx(3 * gamma * K * T * 20, abs=3.5e-3)


def turned(rng):
    Q, R = np.linalg.qr(rng.normal(size=(3, 3)))
    return Q * np.sign(np.diag(R)) * np.sign(np.linalg.det(Q) * np.prod(np.sign(np.diag(R))))


def two_atoms(slots, seed=4):
    """Two atoms of different masses that move freely."""
    rng = np.random.default_rng(seed)
    positions, momenta = rng.normal(size=(2, slots, 2, 3))
    masses = np.tile([[[1.0], [2.0]]], (slots, 1, 1))
    stream = rng.integers(0, 2**32, (slots, 3))
    return State(
        positions, momenta, np.zeros_like(positions), np.zeros(slots), masses, np.zeros(slots),
        np.arange(slots), stream,
    )  # fmt: skip


def free(positions):
    return np.zeros(len(positions)), np.zeros_like(positions)


def test_a_diagonal_tensor_gives_the_numbers_of_friction_by_atoms():
    def eta(z):
        return STRONG * (1.2 + np.tanh(z))

    def matrix(positions, values):
        return np.repeat(values, 3, axis=1)[:, :, None] * np.eye(6)

    states = [two_atoms(5) for _ in range(2)]
    memories = [
        moved(state, free, felt(Verlet(), lone(1, 1), eta, 400.0, tensor), 50, 0.5)
        for state, tensor in zip(states, (None, matrix), strict=True)
    ]
    assert states[1].momenta == pytest.approx(states[0].momenta, rel=1e-11, abs=1e-11)
    assert memories[1][GIVEN] == pytest.approx(memories[0][GIVEN], rel=1e-10, abs=1e-12)


def test_a_tensor_that_turns_with_the_system_turns_what_it_does_to_it():
    rng = np.random.default_rng(6)
    A, R = rng.normal(size=(6, 6)), turned(rng)
    whole, both = A @ A.T * 0.3, np.kron(np.eye(2), R)

    def one(positions, values):
        return np.broadcast_to(whole, (len(positions), 6, 6))

    def other(positions, values):
        return np.broadcast_to(both @ whole @ both.T, (len(positions), 6, 6))

    states = [two_atoms(3) for _ in range(2)]
    states[1].positions, states[1].momenta = (states[0].__dict__[k] @ R.T for k in
                                              ("positions", "momenta"))  # fmt: skip
    memories = [
        moved(state, free, felt(Verlet(), lone(1, 1), 0.0, 0.0, tensor), 20, 0.5)
        for state, tensor in zip(states, (one, other), strict=True)
    ]
    assert states[1].momenta == pytest.approx(states[0].momenta @ R.T, rel=1e-9, abs=1e-9)
    assert memories[1][GIVEN] == pytest.approx(memories[0][GIVEN], rel=1e-9, abs=1e-12)
    assert (memories[0][GIVEN][:, 2:] < memories[0][GIVEN][:, 1:2]).all()


def test_noise_of_a_tensor_has_its_covariance():
    rng = np.random.default_rng(7)
    A, n, T, dt = rng.normal(size=(6, 6)), 8_000, 600.0, 3.0
    whole = A @ A.T * 0.2

    state = two_atoms(n)
    state.momenta[:] = 0
    motion = felt(Verlet(), lone(1, 1), 0.0, T, lambda x, eta: np.broadcast_to(whole, (n, 6, 6)))
    moved(state, free, motion, 4, dt / 4)
    roots = np.sqrt(np.repeat([1.0, 2.0], 3))
    values, vectors = np.linalg.eigh(whole / np.outer(roots, roots))
    expected = vectors * (K * T * -np.expm1(-2 * values * dt * fs)) @ vectors.T
    u = state.momenta.reshape(n, 6) / roots
    spread = np.sqrt(np.outer(np.diag(expected), np.diag(expected)) * 2 / n)
    assert (abs(u.T @ u / n - expected) < 5 * spread).all()


def bound(slots, eta=None, T_K=300.0, motion=None):
    """Conditions of hot copper and hydrogen, with electrons of free atoms or a friction of η."""
    on = conditions(SLAB, slots)
    friction = ldfa(FreeAtoms({}).bind(SLAB, slots), (1, 1)) if eta is None else Alike(eta)
    felt = ElectronicFriction(motion or on.motion, SLAB, friction, Constant(T_K))
    return replace(on, motion=felt, observers=(*on.observers, ElectronEnergy(True)))


@pytest.mark.parametrize(
    "motion",
    [Verlet(), MultiStep(BOND, 4), EdgeBath(Verlet(), Edge(np.arange(4, 8), np.full(4, 0.02), 9))],
)
def test_without_friction_every_bit_is_that_of_the_motion_alone(motion):
    starts = [copper_start(i) for i in range(3)]
    alone = by_trajectory(ended(starts, Analytic(), replace(conditions(SLAB, 3), motion=motion)))
    for number, one in by_trajectory(
        ended(starts, Analytic(), bound(3, eta=0.0, motion=motion))
    ).items():
        electrons = one.memories.pop("electrons")
        assert not electrons[GIVEN].any()
        assert_same_bits(one, alone[number])


def test_a_trajectory_with_friction_has_the_same_bits_in_any_batch():
    starts = [replace(copper_start(i), stream=np.array([i, 5, 6])) for i in range(5)]
    together = by_trajectory(ended(starts, Analytic(), bound(5)))
    for start in starts[::2]:
        for slots in (1, 2):
            found = by_trajectory(ended(starts[: start.trajectory + 1], Analytic(), bound(slots)))
            assert_same_bits(found[start.trajectory], together[start.trajectory])
    given = [flat(one.memories)[GIVEN][0] for one in together.values()]
    assert max(map(abs, given)) > 0.01
    [other] = ended([replace(starts[0], stream=np.array([9, 9, 9]))], Analytic(), bound(1))
    assert (other.positions != together[0].positions).any()


def strays(motion, timestep_fs):
    """How far what a motion conserves strays in a collision, and what electrons were given, eV."""
    state, evaluator = colliding()
    memory, dt, seen = motion.begin(state), np.full(1, timestep_fs * fs), []
    for _ in range(round(80 / timestep_fs)):
        E = state.energies + kinetic_energy(state.momenta, state.masses)
        seen.append(float(motion.conserved(state, memory, E)[0]))
        motion.step(state, memory, evaluator, dt)
    return np.ptp(seen), float(memory[GIVEN][0, 0]) if GIVEN in memory else 0.0


@pytest.mark.parametrize("inside", [Verlet(), MultiStep(BOND, 4)])
@pytest.mark.parametrize("T_K", [0.0, 2000.0])
def test_energy_less_what_electrons_gave_strays_as_that_of_the_motion_alone(T_K, inside):
    friction = ldfa(FreeAtoms({}).bind(COLLIDING, 1), (1, 1))
    motion = ElectronicFriction(inside, COLLIDING, friction, Constant(T_K))
    for timestep_fs in (0.5, 0.25):
        alone, _ = strays(inside, timestep_fs)
        error, given = strays(motion, timestep_fs)
        assert error < 4 * alone
        assert abs(given) > 20 * error


def slab_of_colliding():
    atoms = fcc111("Cu", (2, 2, 4), a=3.68, vacuum=12)
    moving = atoms.positions[:, 2] > atoms.positions[:, 2].min() + 0.1
    return System(atoms.numbers, atoms.cell.array, (True, True, True), moving).with_projectile(1, 1)


COLLIDING = slab_of_colliding()


@pytest.mark.parametrize(("inside", "step"), [(Verlet(), 0.1), (MultiStep(BOND, 4), 0.2)])
def test_the_path_with_friction_is_second_order(inside, step):
    def end(timestep_fs):
        state, evaluator = colliding()
        top = state.positions[0, :-2, 2].max()
        motion = felt(inside, COLLIDING, lambda z: STRONG * (1 - np.tanh(z - top - 2.5)), 0.0)
        memory = moved(state, evaluator, motion, round(40 / timestep_fs), timestep_fs)
        return np.append(state.positions[0, -2:], memory[GIVEN][0])

    exact = end(step / 8)
    coarse, fine = (abs(end(dt) - exact) for dt in (2 * step, step))
    assert exact[6] > 0.2  # eV
    assert coarse[:6].max() / fine[:6].max() == pytest.approx(4, rel=0.1)
    assert coarse[6] / fine[6] == pytest.approx(4, rel=0.1)


def test_molecules_in_the_multistep_scheme_have_half_a_kT_in_every_momentum():
    T, n = 1500.0, 1500
    evaluator, rng = Analytic().bind(lone(1, 1), n), np.random.default_rng(10)
    x = np.tile([[0.0, 0, 0], [0.45, 0.33, 0.5]], (n, 1, 1))
    energies, forces = evaluator.begin(np.arange(n), x)
    masses, stream = np.full((n, 2, 1), H), rng.integers(0, 2**32, (n, 3))
    still = np.zeros_like(x)
    state = State(x, still, forces, energies, masses, np.zeros(n), np.arange(n), stream)
    moved(state, evaluator, felt(MultiStep(BOND, 4), lone(1, 1), STRONG, T), 240, 0.5)
    scaled = state.momenta**2 / (H * K * T)
    along = state.positions[:, 1] - state.positions[:, 0]
    relative = (state.momenta[:, 1] - state.momenta[:, 0]) / sqrt(2 * H * K * T)
    vibration = (along * relative).sum(axis=1) ** 2 / (along**2).sum(axis=1)
    assert scaled.mean() == pytest.approx(1.0, abs=5 * sqrt(2 / (6 * n)))
    assert vibration.mean() == pytest.approx(1.0, abs=5 * sqrt(2 / n))


def test_electrons_follow_their_temperature_in_time():
    course = Course(np.array([0.0, 10.0, 20.0]), np.array([100.0, 300.0, 200.0]))
    times = np.array([-5.0, 0.0, 5.0, 10.0, 17.5, 20.0, 99.0]) * fs
    assert course.kT(times) / K == pytest.approx([100, 100, 200, 300, 225, 200, 200])
    assert course.identity != replace(course, T_K=course.T_K + 1).identity
    cold_then_hot = Course(np.array([0.0, 20.0, 20.1]), np.array([0.0, 0.0, 900.0]))
    state, evaluate = atoms(50, momentum=(1.0, 0.0, 0.0))
    motion = ElectronicFriction(Verlet(), lone(1), Alike(STRONG), cold_then_hot)
    memory = moved(state, evaluate, motion, 19, 1.0)
    assert memory[GIVEN][:, 0] == pytest.approx(memory[GIVEN][:, 1], rel=1e-9)
    moved(state, evaluate, motion, 20, 1.0)
    assert state.momenta[:, 0, 1].std() > 0.1 * sqrt(H * K * 900)


def test_a_bath_follows_the_temperature_of_a_lattice():
    course = Course(np.array([0.0, 5.0, 5.1]), np.array([0.0, 0.0, 900.0]))
    state, evaluate = atoms(200)
    motion = EdgeBath(Verlet(), Edge(np.arange(1), np.full(1, 0.1), 50.0, course))
    moved(state, evaluate, motion, 5, 1.0)
    assert not state.momenta.any()
    moved(state, evaluate, motion, 40, 1.0)
    assert (state.momenta**2).mean() / H / K == pytest.approx(900, rel=0.2)


def test_torch_gives_the_densities_and_the_friction_of_numpy():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(9)
    tilted = SURFACE.cell.array + np.array([[0, 0, 0.4], [0, 0, -0.3], [1.0, 0.5, 0]])
    for cell in (None, tilted):
        own = SITES["bridge"] + rng.uniform(-9, 9, (4, 2, 3)) * [1, 1, 0.1] + [0, 0, 1.5]
        system, _ = on_surface(*own[0], pbc=(True, True, True), cell=cell)
        x = np.stack([np.vstack([SURFACE.positions, *each]) for each in own])
        x[3, -1, 0] = np.nan
        density = FreeAtoms({}).bind(system, 4)
        due, found = density(x), density(torch.as_tensor(x)).numpy()
        assert found == pytest.approx(due, rel=1e-11, nan_ok=True)
        assert np.isnan(found).tolist() == np.isnan(due).tolist()
        for numbers in ((1, 1), (7, 1)):
            due, found = (ldfa(density, numbers)(each) for each in (x, torch.as_tensor(x)))
            assert found.values.numpy() == pytest.approx(due.values, rel=1e-10, nan_ok=True)
            assert found.clipped.tolist() == due.clipped.tolist()
    n = np.array([0, -1, np.nan, *np.geomspace(1e-4, 10, 200)])
    for number in TABLE:
        found = curve(number)(torch.as_tensor(n)).numpy()
        assert found == pytest.approx(curve(number)(n), rel=1e-9, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("motion", [Verlet(), MultiStep(BOND, 4)])
def test_with_friction_torch_gives_the_trajectories_of_numpy(motion):
    torch = pytest.importorskip("torch")
    starts = [replace(wall_start(i), stream=np.array([i, 7, 9])) for i in range(9)]
    course = Course(np.array([0.0, 20.0, 60.0]), np.array([300.0, 4000.0, 900.0]))
    friction = ldfa(FreeAtoms({}).bind(WALL, 5), (1, 1))
    felt = ElectronicFriction(motion, WALL, friction, course)
    found = []
    for place in ({}, {"every": 4, "array": torch.as_tensor}):
        on = conditions(WALL, 5, **place)
        on = replace(on, motion=felt, observers=(*on.observers, ElectronEnergy(True)))
        found.append(by_trajectory(ended(starts, Wall(), on)))
    given = [flat(one.memories)[GIVEN] for one in found[0].values()]
    assert np.abs(given).max(axis=0).min() > 1e-3
    for number, due in found[0].items():
        one = found[1][number]
        assert (one.outcome, one.steps) == (due.outcome, due.steps)
        assert one.momenta == pytest.approx(due.momenta, abs=1e-9)
        for key, value in flat(due.memories).items():
            assert flat(one.memories)[key] == pytest.approx(value, abs=1e-9, nan_ok=True)


def test_a_matrix_of_friction_is_refused_where_arrays_are_not_those_of_numpy():
    torch = pytest.importorskip("torch")

    class Matrix:
        identity = "artificial"

        def __call__(self, positions):
            whole = torch.eye(6).expand(len(positions), 6, 6)
            return Friction(whole, torch.zeros(len(positions), dtype=torch.int64))

    on = conditions(WALL, 1, every=4, array=torch.as_tensor)
    on = replace(on, motion=ElectronicFriction(Verlet(), WALL, Matrix(), Constant(300.0)))
    with pytest.raises(UserError, match="artificial is a matrix, which acts on a CPU alone"):
        ended([replace(wall_start(0), stream=np.array([0, 7, 9]))], Wall(), on)
