"""What every motion of a closed system promises, and what each adds, on the analytic potential."""

import numpy as np
import pytest
from moving_systems import H, begun, colliding, energy, vibrating

from scatter.dynamics.motions import Verlet
from scatter.dynamics.multistep import MultiStep
from scatter.initial.bond_curve import bond_curve
from scatter.initial.projectile import FADES, GONE, Diatomic
from scatter.potentials.analytic import Analytic
from scatter.state import State, lone
from scatter.units import ISOTOPES, fs

CURVE = bond_curve(Analytic(), 1, 1)
BOND = Diatomic((1, 1), np.array([H, H]), CURVE).reference
VERLET, MULTISTEP = Verlet(), MultiStep(BOND, 8)
# A motion, and the time step that it is made for, fs.
every_motion = pytest.mark.parametrize(
    ("motion", "step"), [(VERLET, 0.25), (MULTISTEP, 1.0)], ids=["verlet", "multistep"]
)
# A motion, and a time step in which its error is nothing but that of its order, fs.
every_order = pytest.mark.parametrize(
    ("motion", "step"), [(VERLET, 0.1), (MultiStep(BOND, 4), 0.2)], ids=["verlet", "multistep"]
)
each_system = pytest.mark.parametrize("make", [vibrating, colliding])


def errors(motion, made, time_fs, step):
    """Total energy less that at the start, after every step."""
    state, evaluator = made
    memory, start, found = motion.begin(state), energy(state), []
    for _ in range(round(time_fs / step)):
        motion.step(state, memory, evaluator, np.array([step * fs]))
        found.append(energy(state) - start)
    return np.array(found)


def end(motion, make, time_fs, step):
    state, evaluator = make()
    errors(motion, (state, evaluator), time_fs, step)
    return state.positions[0]


def stretched(*bonds):
    """H2 along a slanted line, with these bonds, Å; shape (bond, 2, 3)."""
    line = np.array([0.48, 0.6, 0.64])
    return np.array([[-0.5 * r * line, 0.5 * r * line] for r in bonds])


@each_system
@every_order
def test_the_energy_error_is_second_order(motion, step, make):
    coarse, fine = (abs(errors(motion, make(), 40, dt)).max() for dt in (step, step / 2))
    assert coarse / fine == pytest.approx(4, rel=0.05)


@each_system
@every_order
def test_the_path_is_second_order(motion, step, make):
    exact = end(motion, make, 40, step / 8)
    coarse, fine = (abs(end(motion, make, 40, dt) - exact).max() for dt in (2 * step, step))
    assert coarse / fine == pytest.approx(4, rel=0.1)


@every_motion
def test_a_trajectory_runs_back_the_way_it_came(motion, step):
    state, evaluator = colliding()
    positions, momenta = state.positions.copy(), state.momenta.copy()
    errors(motion, (state, evaluator), 60, step)
    assert abs(state.positions - positions).max() > 1
    state.momenta *= -1
    errors(motion, (state, evaluator), 60, step)
    assert state.positions == pytest.approx(positions, abs=1e-9)
    assert -state.momenta == pytest.approx(momenta, abs=1e-9)


@pytest.mark.parametrize("motion", [VERLET, MultiStep(BOND, 4)])
def test_the_map_of_a_step_is_symplectic(motion):
    """J^T Ω J = Ω for the Jacobian J of one step of H2 with a stretched bond."""
    positions, masses = stretched(1.1)[0], np.array([H, 2 * H])
    evaluator = Analytic().bind(lone(1, 1), 25)
    at = np.concatenate([positions.ravel(), np.array([0.3, -0.2, 0.4, -0.1, 0.5, 0.2])])
    shift = 2e-7
    starts = at + shift * np.concatenate([np.eye(12), -np.eye(12)])
    x, p = (part.reshape(24, 2, 3).copy() for part in (starts[:, :6], starts[:, 6:]))
    energies, forces = evaluator.begin(np.arange(24), x)
    weights = np.broadcast_to(masses[None, :, None], (24, 2, 1))
    state = State(x, p, forces, energies, weights, np.zeros(24), np.arange(24))
    motion.step(state, motion.begin(state), evaluator, np.full(24, 1.0 * fs))
    ends = np.concatenate([state.positions.reshape(24, 6), state.momenta.reshape(24, 6)], axis=1)
    J = (ends[:12] - ends[12:]).T / (2 * shift)
    omega = np.kron([[0, 1], [-1, 0]], np.eye(6))
    assert abs(J - np.eye(12)).max() > 0.1
    assert J.T @ omega @ J == pytest.approx(omega, abs=1e-6)


@every_motion
def test_the_momentum_of_a_free_system_stays(motion, step):
    state, evaluator = colliding(frozen=False)
    before = state.momenta[0].sum(axis=0)
    errors(motion, (state, evaluator), 100, step)
    assert state.momenta[0].sum(axis=0) == pytest.approx(before, abs=1e-10)


@every_motion
def test_the_angular_momentum_of_a_molecule_stays(motion, step):
    state, evaluator = vibrating()
    before = np.cross(state.positions[0], state.momenta[0]).sum(axis=0)
    errors(motion, (state, evaluator), 100, step)
    after = np.cross(state.positions[0], state.momenta[0]).sum(axis=0)
    assert after == pytest.approx(before, abs=1e-11)


@every_motion
def test_frozen_atoms_stay_to_the_bit(motion, step):
    state, evaluator = colliding()
    held = ~evaluator.system.moving
    before = state.positions[:, held].copy()
    errors(motion, (state, evaluator), 50, step)
    assert held.sum() == 4
    assert (state.positions[:, held] == before).all()


@every_motion
def test_a_time_step_of_zero_holds_a_replica_still_to_the_bit(motion, step):
    state, evaluator = colliding()
    before = state.positions.copy(), state.momenta.copy(), state.energies.copy()
    motion.step(state, motion.begin(state), evaluator, np.zeros(1))
    for found, expected in zip(
        (state.positions, state.momenta, state.energies), before, strict=True
    ):
        assert (found == expected).all()


@every_motion
def test_the_bits_of_a_trajectory_do_not_depend_on_the_batch(motion, step):
    one, _ = colliding()
    x = np.concatenate([one.positions, one.positions + [0.1, 0.2, 0.0], one.positions])
    p = np.concatenate([one.momenta, one.momenta, 0.7 * one.momenta])

    def ended(slots):
        evaluator = Analytic().bind(colliding()[1].system, len(slots))
        energies, forces = evaluator.begin(np.arange(len(slots)), x[slots])
        masses = np.repeat(one.masses, len(slots), axis=0)
        times, each = np.zeros(len(slots)), np.arange(len(slots))
        state = State(x[slots], p[slots], forces, energies, masses, times, each)
        memory = motion.begin(state)
        for _ in range(round(20 / step)):
            motion.step(state, memory, evaluator, np.full(len(slots), step * fs))
        return state

    together, backwards = ended([0, 1, 2]), ended([2, 1, 0])
    for slot in range(3):
        alone = ended([slot])
        for other, place in ((together, slot), (backwards, 2 - slot)):
            assert (other.positions[place] == alone.positions[0]).all()
            assert (other.momenta[place] == alone.momenta[0]).all()


@every_motion
def test_the_energy_of_a_trajectory_on_copper_is_bounded(motion, step):
    found = errors(motion, colliding(), 1000, step)
    first, second = np.array_split(abs(found), 2)
    assert first.max() < 0.02
    assert second.max() < 1.5 * first.max()
    assert abs(np.polyfit(np.arange(len(found)), found, 1)[0]) * len(found) < 0.002


def vibrating_and_colliding():
    """H2 with 0.5 eV along the normal and about 0.7 eV of vibration falls on hot Cu(111)."""
    state, evaluator = colliding()
    along = state.positions[:, -1] - state.positions[:, -2]
    push = np.sqrt(0.7 * H) * along / np.linalg.norm(along)
    state.momenta[:, -2] -= push
    state.momenta[:, -1] += push
    return state, evaluator


# The multistep scheme


def test_the_energy_is_kept_better_than_by_verlet_at_half_the_step():
    plain = errors(VERLET, vibrating_and_colliding(), 100, 0.5)
    split = errors(MULTISTEP, vibrating_and_colliding(), 100, 1.0)
    assert abs(split).max() < 0.5 * abs(plain).max()


def test_one_inner_step_is_velocity_verlet():
    ends = [end(motion, colliding, 60, 0.25) for motion in (MultiStep(BOND, 1), VERLET)]
    assert ends[0] == pytest.approx(ends[1], abs=1e-10)


def test_a_molecule_alone_follows_the_inner_steps():
    """Within the bonds where the reference is whole, nothing is left for the outer step."""
    split, evaluator = vibrating()
    split.momenta *= 0.2
    split.positions[:, 1, 2] = 0.7
    plain, plainly = begun(lone(1, 1), split.positions[0], split.momenta[0], np.array([H, H]))
    split.energies, split.forces = evaluator(split.positions)
    errors(MultiStep(BOND, 16), (split, evaluator), 100, 2.0)
    for _ in range(800):
        VERLET.step(plain, {}, plainly, np.array([0.125 * fs]))
        assert np.linalg.norm(plain.positions[0, 1] - plain.positions[0, 0]) < FADES * CURVE.r_e
    assert split.positions == pytest.approx(plain.positions, abs=1e-5)


def test_the_reference_is_the_slope_of_the_curve_until_it_fades():
    bonds = np.linspace(CURVE.shortest + 0.05, FADES * CURVE.r_e, 40)
    forces = BOND(stretched(*bonds))
    pull = (forces[:, 1] * stretched(1.0)[0, 1] * 2).sum(axis=1)
    slope = (CURVE(bonds + 1e-4) - CURVE(bonds - 1e-4)) / 2e-4
    assert pull == pytest.approx(-slope, abs=2e-3)
    assert (forces[:, 0] == -forces[:, 1]).all()


def test_the_reference_is_gone_where_a_surface_breaks_the_bond():
    assert (BOND(stretched(GONE * CURVE.r_e + 0.01, 2.2, 3.0)) == 0).all()
    near = BOND(stretched(*np.linspace(0.9, 1.55, 14)))[:, 1]
    full = CURVE.slope(np.linspace(0.9, 1.55, 14))
    part = np.linalg.norm(near, axis=1) / full
    assert (np.diff(part) < 0).all()


def test_the_period_is_that_of_the_lightest_isotopes():
    mass = ISOTOPES["H"][1] / 2
    left, middle, right = CURVE(CURVE.r_e + np.array([-0.01, 0, 0.01]))
    stiffness = (left - 2 * middle + right) / 1e-4
    period = 2 * np.pi * np.sqrt(mass / stiffness) / fs
    assert BOND.period_fs == pytest.approx(period, rel=0.01)
    assert MultiStep.of(BOND, 1.0).inner == np.ceil(60 / BOND.period_fs)
    assert MultiStep.of(BOND, 1.0, 3).inner == 3


@pytest.mark.parametrize("bond", [np.nan, np.inf, 0.0, 1e-300, 1e9])
def test_any_number_has_a_force(bond):
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        assert BOND(stretched(bond)).shape == (1, 2, 3)


def test_torch_gives_the_forces_of_numpy():
    torch = pytest.importorskip("torch")
    atoms = stretched(0.3, 0.74, 1.0, 1.4, 2.5)
    forces = BOND(torch.as_tensor(atoms))
    assert forces.numpy() == pytest.approx(BOND(atoms), abs=1e-12)
