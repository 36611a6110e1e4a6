"""How near trajectories came to an event: the largest stretch while they are low, or time there."""

import numpy as np
import pytest

from scatter.dynamics.score import ESCAPES_eV, Stay, Stretch
from scatter.dynamics.sight import Sight
from scatter.state import State, System
from scatter.units import fs

NEAR = 4.0
PAIR, NONE, ONE = np.array([[0, 1]]), np.zeros(1), np.ones(1)


def sight(bond, Z, time_fs=0.0, rising=-1.0, atoms=2):
    """One slot: atoms of 1 amu along x at a height above an atom of the slab."""
    system = System(
        np.ones(1 + atoms, int), 20 * np.eye(3), (True,) * 3, np.ones(1 + atoms, bool),
        top=np.zeros(1, int), projectile=atoms,
    )  # fmt: skip
    positions, momenta = np.zeros((2, 1, 1 + atoms, 3))
    positions[0, 1:, 2], momenta[0, 1:, 2] = Z, rising / atoms
    positions[0, 2:, 0] = bond
    state = State(
        positions, momenta, 0 * momenta, np.zeros(1), np.ones((1, 1 + atoms, 1)),
        np.array([time_fs * fs]), np.zeros(1, int),
    )  # fmt: skip
    return Sight(system, state, np.zeros(1), np.zeros(1))


def seen(score, *sights):
    """The memory after some instants."""
    memory = score.begin(sights[0])
    for each in sights:
        memory = score.see(memory, each)
    return memory


def test_the_largest_bond_counts_only_below_a_height():
    score = Stretch(NEAR, -np.inf, PAIR, NONE, ONE)
    memory = seen(score, sight(1.5, 5.0), sight(0.8, 3.9), sight(1.1, 1.0), sight(0.9, 2.0))
    assert memory["best"].tolist() == [1.1]


def test_the_most_stretched_of_several_bonds_counts():
    pairs, rest, broken = np.array([[0, 1], [0, 2]]), np.array([1.0, 2.0]), np.array([2.0, 6.0])
    score = Stretch(NEAR, -np.inf, pairs, rest, broken)
    assert seen(score, sight([1.3, 2.8], 1.0, atoms=3))["best"] == pytest.approx([0.3])
    assert seen(score, sight([1.1, 3.6], 1.0, atoms=3))["best"] == pytest.approx([0.4])


def test_atoms_are_scored_by_the_time_they_are_low():
    score = Stay(NEAR)
    times = [(0, 5.0), (10, 3.5), (30, 1.0), (60, 4.5), (100, 2.0)]
    memory = seen(score, *(sight([], Z, t, atoms=1) for t, Z in times))
    assert memory["best"] == pytest.approx([10 + 20 + 40])  # steps that end below 4 Å


@pytest.mark.parametrize(
    ("best", "Z", "energy", "cut"),
    [
        (0.9, 4.1, 2 * ESCAPES_eV, True),
        (1.2, 4.1, 2 * ESCAPES_eV, False),  # reached the level
        (0.9, 3.9, 2 * ESCAPES_eV, False),  # not out yet
        (0.9, 4.1, 0.5 * ESCAPES_eV, False),  # may come back
        (0.9, 4.1, -2 * ESCAPES_eV, False),  # falls
    ],
)
def test_what_leaves_below_its_level_is_cut_off(best, Z, energy, cut):
    score = Stretch(NEAR, 1.0, PAIR, NONE, ONE)
    rising = np.sign(energy) * np.sqrt(2 * 2.0 * abs(energy))  # two atoms of 1 amu
    assert score.met({"best": np.array([best])}, sight(0.8, Z, rising=rising)).tolist() == [cut]
