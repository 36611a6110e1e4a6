"""What velocity Verlet promises, on the analytic H2/Cu potential."""

import numpy as np
import pytest
from ase.build import fcc111

from scatter.dynamics.integrators import velocity_verlet
from scatter.dynamics.sight import kinetic_energy
from scatter.potentials.analytic import Analytic
from scatter.state import State, System, lone
from scatter.units import ISOTOPES, K, fs

H = ISOTOPES["H"][1]


def begun(system, positions, momenta, masses):
    """The state of one replica, and what evaluates it."""
    evaluator = Analytic().bind(system, 1)
    energies, forces = evaluator.begin(np.array([0]), positions[None])
    state = State(
        positions[None].copy(), momenta[None].copy(), forces, energies, masses[None, :, None],
        np.zeros(1), np.zeros(1, int),
    )  # fmt: skip
    return state, evaluator


def vibrating():
    """H2 with about 0.8 eV of vibration and some rotation, in free flight."""
    positions = np.array([[0, 0, 0], [0, 0, 0.62]])
    momenta = np.array([[0.3, 0.1, -0.2], [-0.1, 0.3, 0.4]])
    return begun(lone(1, 1), positions, momenta, np.array([H, H]))


def colliding(kelvin=600.0, frozen=True):
    """H2 with 0.5 eV falls on hot Cu(111); or all atoms are free, and nothing is held."""
    rng = np.random.default_rng(4)
    atoms = fcc111("Cu", (2, 2, 4), a=3.68, vacuum=12)
    top = atoms.positions[:, 2].max()
    moving = atoms.positions[:, 2] > (atoms.positions[:, 2].min() + 0.1 if frozen else -1)
    slab = System(atoms.numbers, atoms.cell.array, (True, True, True), moving)
    positions = np.vstack([atoms.positions, [1.0, 0.6, top + 3.2], [1.3, 0.9, top + 3.8]])
    masses = np.append(atoms.get_masses(), [H, H])
    momenta = rng.normal(size=positions.shape) * np.sqrt(masses[:, None] * K * kelvin)
    momenta[:-2][~moving] = 0
    momenta[-2:] = [0, 0, -H * np.sqrt(0.5 / H)]
    return begun(slab.with_projectile(1, 1), positions, momenta, masses)


def energy(state):
    return float(state.energies[0] + kinetic_energy(state.momenta, state.masses)[0])


def errors(state, evaluator, time_fs, timestep_fs):
    """Total energy less that at the start, after every step."""
    start, found = energy(state), []
    for _ in range(round(time_fs / timestep_fs)):
        velocity_verlet(state, evaluator, timestep_fs * fs)
        found.append(energy(state) - start)
    return np.array(found)


def end(make, time_fs, timestep_fs):
    state, evaluator = make()
    errors(state, evaluator, time_fs, timestep_fs)
    return state.positions[0]


@pytest.mark.parametrize("make", [vibrating, colliding])
def test_the_energy_error_is_second_order(make):
    coarse, fine = (abs(errors(*make(), 40, dt)).max() for dt in (0.1, 0.05))
    assert coarse / fine == pytest.approx(4, rel=0.05)


@pytest.mark.parametrize("make", [vibrating, colliding])
def test_the_path_is_second_order(make):
    exact = end(make, 40, 0.0125)
    coarse, fine = (abs(end(make, 40, dt) - exact).max() for dt in (0.2, 0.1))
    assert coarse / fine == pytest.approx(4, rel=0.1)


def test_a_trajectory_runs_back_the_way_it_came():
    state, evaluator = colliding()
    positions, momenta = state.positions.copy(), state.momenta.copy()
    errors(state, evaluator, 60, 0.25)
    assert abs(state.positions - positions).max() > 1
    state.momenta *= -1
    errors(state, evaluator, 60, 0.25)
    assert state.positions == pytest.approx(positions, abs=1e-9)
    assert -state.momenta == pytest.approx(momenta, abs=1e-9)


def test_the_momentum_of_a_free_system_stays():
    state, evaluator = colliding(frozen=False)
    before = state.momenta[0].sum(axis=0)
    errors(state, evaluator, 100, 0.25)
    assert state.momenta[0].sum(axis=0) == pytest.approx(before, abs=1e-10)


def test_the_angular_momentum_of_a_molecule_stays():
    state, evaluator = vibrating()
    before = np.cross(state.positions[0], state.momenta[0]).sum(axis=0)
    errors(state, evaluator, 100, 0.25)
    after = np.cross(state.positions[0], state.momenta[0]).sum(axis=0)
    assert after == pytest.approx(before, abs=1e-11)


def test_frozen_atoms_stay_to_the_bit():
    state, evaluator = colliding()
    held = ~evaluator.system.moving
    before = state.positions[:, held].copy()
    errors(state, evaluator, 50, 0.25)
    assert held.sum() == 4
    assert (state.positions[:, held] == before).all()


def test_the_energy_of_a_trajectory_on_copper_is_bounded():
    found = errors(*colliding(), 1000, 0.25)
    first, second = abs(found[:2000]).max(), abs(found[2000:]).max()
    assert first < 0.02
    assert second < 1.5 * first
    assert abs(np.polyfit(np.arange(len(found)), found, 1)[0]) * len(found) < 0.002


def test_a_time_step_of_zero_holds_a_replica_still_to_the_bit():
    state, evaluator = colliding()
    before = state.positions.copy(), state.momenta.copy(), state.energies.copy()
    velocity_verlet(state, evaluator, np.zeros((1, 1, 1)))
    for found, expected in zip(
        (state.positions, state.momenta, state.energies), before, strict=True
    ):
        assert (found == expected).all()
