"""Systems to run batches of, and what comes of them: an atom with a wall, and hot copper."""

import numpy as np
from ase.build import fcc111

from scatter.arrays import array_namespace
from scatter.dynamics.batch import propagate
from scatter.dynamics.conditions import Conditions
from scatter.dynamics.endings import Faults, of_a_diatomic
from scatter.dynamics.observers import standard
from scatter.dynamics.sight import Sight
from scatter.dynamics.stop import Dynamics, Stop
from scatter.potentials.base import Evaluator, Place, Potential
from scatter.state import Start, System
from scatter.units import K

H, CU = 1.00782503, 63.546
FAR = 100.0  # Å along x; a start so marked meets the flaw of a flawed potential
STOP = Stop(scattered_A=3.2, near_A=1.6)
DYNAMICS = Dynamics(timestep_fs=0.5, max_time_fs=120, energy_tolerance_eV=0.3)


class Wall(Potential, Evaluator):
    """A Morse molecule over one surface atom: both feel a wall; the surface atom has a spring."""

    elements = frozenset({1, 29})
    description = "a wall for tests"
    identity = "wall"
    cutoff = 10.0

    def bind(self, system, slots):
        return self

    def begin(self, slots, positions):
        return self(positions)

    def keep(self, slots):
        pass

    def __call__(self, positions):
        xp = array_namespace(positions)
        forces = xp.zeros_like(positions)
        surface, first, second = (positions[:, k, :] for k in (1, 2, 3))
        forces[:, 1, :] = -4.0 * surface
        along = second - first
        r = xp.sqrt(xp.sum(along * along, axis=1))
        x = xp.exp(-1.94 * (r - 0.74))
        energy = 2.0 * xp.sum(surface * surface, axis=1) + 4.5 * (x * x - 2 * x)
        pull = (2 * 4.5 * 1.94 * (x * x - x) / r)[:, None] * along
        forces[:, 3, :] += pull
        forces[:, 2, :] -= pull
        for atom in (2, 3):
            push = 3.0 * xp.exp(-3.0 * (positions[:, atom, 2] - surface[:, 2]))
            energy = energy + push
            forces[:, atom, 2] += 3.0 * push
            forces[:, 1, 2] -= 3.0 * push
        return energy, forces


WALL = System(
    np.array([29, 29, 1, 1]), 10 * np.eye(3), (False,) * 3, np.array([False, True, True, True]),
    np.array([1]), projectile=2,
)  # fmt: skip


def wall_start(i, marked=False):
    """One of three kinds: falling, falling and shaken apart, at rest far above."""
    rng = np.random.default_rng([7, i])
    positions, momenta = np.zeros((4, 3)), np.zeros((4, 3))
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    centre = np.array([FAR if marked else rng.uniform(-1, 1), 0, 2.6])
    positions[0, 2] = -2.0
    positions[2:] = centre + np.array([-0.37, 0.37])[:, None] * axis
    momenta[1] = rng.normal(size=3) * np.sqrt(CU * K * 600)
    momenta[2:, 2] = -rng.uniform(0.6, 1.2) * H
    if i % 3 == 1:
        momenta[2:] += np.array([-2.4, 2.4])[:, None] * axis * H
    if i % 3 == 2:
        momenta[:] = 0
    return Start(i, positions, momenta, np.array([CU, CU, H, H]))


COPPER = fcc111("Cu", (2, 2, 3), a=3.7, vacuum=10)
COPPER.positions[:, 2] -= COPPER.positions[:, 2].max()
SLAB = System(
    COPPER.numbers, COPPER.cell.array, (True, True, True), COPPER.positions[:, 2] > -3,
    np.arange(8, 12),
).with_projectile(1, 1)  # fmt: skip


def copper_start(i):
    """H2 over hot Cu(111), with between 0.4 and 1.4 eV."""
    rng = np.random.default_rng([11, i])
    masses = np.append(COPPER.get_masses(), [H, H])
    axis = rng.normal(size=3)
    axis *= rng.uniform(0.65, 0.9) / np.linalg.norm(axis)
    centre = rng.uniform(size=2) @ SLAB.cell[:2] + [0, 0, 3.0]
    positions = np.vstack([COPPER.positions, centre - axis / 2, centre + axis / 2])
    momenta = rng.normal(size=positions.shape) * np.sqrt(masses[:, None] * K * 700)
    momenta[~SLAB.moving] = 0
    momenta[-2:, 2] = -H * np.sqrt(rng.uniform(0.4, 1.4) / H)
    return Start(i, positions, momenta, masses)


class Glimpse(Sight):
    """What is seen, as it is told."""

    time = None

    def __init__(self, **told):
        vars(self).update(told)


class Somewhere(Place):
    """A place that is told what it is like."""

    def __init__(self, every=1, idle=0.0, array=np.asarray, stepping=None):
        self.every, self.idle, self.array = every, idle, array
        self.stepping = stepping or (lambda batch: batch.step)

    def numpy(self, array):
        return np.array(array if isinstance(array, np.ndarray) else array.cpu().numpy())


def conditions(
    system, slots, dynamics=DYNAMICS, stop=STOP, guards=(), guards_every=20, bounds=None, **place
):
    """How a diatomic's trajectories are run, in a place that is told what it is like."""
    return Conditions(
        system,
        dynamics.timestep_fs,
        Faults(dynamics.energy_tolerance_eV, dynamics.timestep_fs, bounds),
        of_a_diatomic(dynamics, stop),
        standard(stop.near_A, guards, guards_every, system, slots),
        slots,
        place=Somewhere(**place),
    )


def flat(memories):
    """What all observers of a trajectory remember, by name; no two use the same."""
    return {name: value for memory in memories.values() for name, value in memory.items()}


def ended(starts, potential, conditions, after_step=None):
    """Every `Finished`, in the order in which they came."""
    return list(propagate(iter(starts), potential, conditions, after_step))


def by_trajectory(finished):
    found = {one.trajectory: one for one in finished}
    assert len(found) == len(finished)
    return found


def assert_same_bits(found, expected):
    """Two endings of one trajectory agree in every field; NaN agrees with NaN."""
    for name, value in vars(expected).items():
        if name == "memories":
            assert value.keys() == found.memories.keys()
            here = flat(found.memories)
            for key, due in flat(value).items():
                np.testing.assert_array_equal(here[key], due, err_msg=key)
        else:
            np.testing.assert_array_equal(getattr(found, name), value, err_msg=name)
