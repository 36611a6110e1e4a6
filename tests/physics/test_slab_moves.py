"""Moves of a slab by other momenta a while ago, on springs, whose law is known."""

import numpy as np
import pytest

from scatter.initial.slab import slab_masses
from scatter.initial.surface import Thermalise
from scatter.initial.thermalise import evolved, stirred
from scatter.potentials.base import Potential
from scatter.state import System
from scatter.units import K, fs

T_K, SPRING, MANY = 600.0, 3.0, 6000
SYSTEM = System(np.array([29, 29]), 10 * np.eye(3), (True,) * 3, np.array([False, True]))
SETTINGS = Thermalise(timestep_fs=4.0, friction_per_fs=0.01)


class Springs(Potential):
    """Every atom on a spring to the origin."""

    elements, description, identity, cutoff = frozenset({29}), "springs", "springs", 5.0

    def energies_and_forces(self, system, positions):
        return 0.5 * SPRING * (positions**2).sum(axis=(1, 2)), -SPRING * positions


def thermal(rng):
    """Positions and momenta by the canonical law; the frozen atom at rest."""
    mass = slab_masses(SYSTEM)[1]
    x, p = rng.standard_normal((2, MANY, 2, 3))
    x *= np.sqrt(T_K * K / SPRING)
    p *= np.sqrt(T_K * K * mass)
    x[:, 0] = p[:, 0] = 0.0
    return x, p


def moved(x, p, step, seed=3):
    rngs = np.random.default_rng(seed).spawn(len(x))
    return stirred(SYSTEM, Springs(), x, p, T_K, SETTINGS, rngs, step, 60.0)


@pytest.fixture(scope="module")
def pairs():
    """Slabs before a move, and after a short and the longest one."""
    before = thermal(np.random.default_rng(1))
    return before, moved(*before, 0.3), moved(*before, 1.0)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_equipartition_holds_before_and_after(pairs, which):
    x, p = (values[:, 1] for values in pairs[which])
    for energy in (SPRING * x**2, p**2 / slab_masses(SYSTEM)[1]):
        error = energy.std() / np.sqrt(energy.size)
        slow = 0.25 * SPRING / slab_masses(SYSTEM)[1] * (4.0 * fs) ** 2  # of Verlet's momenta
        assert abs(energy.mean() - T_K * K) < 5 * error + slow * T_K * K


def unlike(before, after):
    """<x p'> - <p x'>, in its standard errors; 0 of moves as likely as their reverse."""
    difference = (before[0] * after[1] - before[1] * after[0])[:, 1]
    return difference.mean() / (difference.std() / np.sqrt(difference.size))


def test_a_move_is_as_likely_as_its_reverse(pairs):
    before, *after = pairs
    assert all(abs(unlike(before, each)) < 5 for each in after)
    rngs = np.random.default_rng(3).spawn(MANY)
    aged = evolved(SYSTEM, Springs(), *before, T_K, SETTINGS, rngs, 60.0)
    assert abs(unlike(before, aged)) > 20  # as the passing of time is not


def test_a_short_move_changes_both_positions_and_momenta_a_little(pairs):
    """Of the variance of each, s² times the part that was momentum then is new."""
    before, after, _ = pairs
    for then, now in zip(before, after, strict=True):
        scale = (then[:, 1] ** 2).mean()
        changed = ((now - then)[:, 1] ** 2).mean() / (2 * scale)
        assert 0.2 * 0.3**2 / 2 < changed < 0.3**2 / 2


def test_frozen_atoms_stay_and_a_move_is_that_of_its_own_stream(pairs):
    (x, p), (there, _), _ = pairs
    assert (there[:, 0] == 0).all()
    one = slice(11, 12)
    rngs = [np.random.default_rng(3).spawn(MANY)[11]]
    alone, _ = stirred(SYSTEM, Springs(), x[one], p[one], T_K, SETTINGS, rngs, 0.3, 60.0)
    assert alone[0].tobytes() == there[11].tobytes()
