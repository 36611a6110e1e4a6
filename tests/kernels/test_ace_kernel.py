from dataclasses import replace

import numpy as np
import pytest
from ace_formulas import energy_and_forces, harmonic
from ace_invariant import invariant_ace
from ace_models import KINDS, random_ace
from ase import Atoms
from mace_models import hydrogen_on_copper
from numba import njit

from scatter.ace.cpu import Ace
from scatter.ace.kernels.harmonics import norm, polynomials, pull, row
from scatter.kernels import lanes
from scatter.kernels.intrinsics import written
from scatter.kernels.memory import aligned
from scatter.potentials.check import deviations

MODELS = KINDS | {"invariant": lambda: invariant_ace()}
COMPILED = [*KINDS][0], "invariant"  # which other tests need too
FIRST = [
    *COMPILED,
    *(pytest.param(k, marks=pytest.mark.attack) for k in MODELS if k not in COMPILED),
]


@pytest.fixture(scope="module")
def invariant():
    return Ace(invariant_ace(cutoff=5.0))


def ours(potential, system, positions):
    return potential.bind(system, len(positions)).begin(np.arange(len(positions)), positions)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FIRST)
def test_energies_and_forces_are_those_of_the_formulas(kind):
    model = MODELS[kind]()
    system, positions = hydrogen_on_copper()
    energies, forces = ours(Ace(model), system, positions)
    for x, energy, force in zip(positions, energies, forces, strict=True):
        atoms = Atoms(system.numbers, x, cell=system.cell, pbc=system.pbc)
        expected, slopes = energy_and_forces(model, atoms)
        size = abs(slopes).max()
        assert energy == pytest.approx(expected, rel=1e-12)
        assert force[system.moving] == pytest.approx(slopes[system.moving], abs=1e-11 * size)
        assert not force[~system.moving].any()


def test_the_laws_of_potentials_hold(invariant):
    system, positions = hydrogen_on_copper()
    assert not deviations(invariant, system, positions, np.random.default_rng(1)).broken()


def test_a_model_that_is_not_invariant_is_noticed():
    system, positions = hydrogen_on_copper()
    found = deviations(Ace(random_ace()), system, positions, np.random.default_rng(1))
    assert [sentence.split(":")[0] for sentence in found.broken()] == ["rotation"]


def test_freezing_changes_no_force_on_others(invariant):
    system, positions = hydrogen_on_copper()
    free = ours(invariant, replace(system, moving=np.ones(len(system), bool)), positions)
    held = ours(invariant, system, positions)
    assert held[0] == pytest.approx(free[0], rel=1e-13)
    assert held[1][:, system.moving] == pytest.approx(free[1][:, system.moving], abs=1e-13)
    assert abs(free[1][:, ~system.moving]).max() > 0.01


def test_frozen_atoms_that_see_nothing_that_moves_keep_their_products(invariant):
    system, positions = hydrogen_on_copper()
    far = positions.copy()
    far[:, -2:, 2] += 6.0
    slab = np.arange(len(system)) < len(system) - 2
    cell = system.cell * [[1], [1], [3]]
    free = replace(system, cell=cell, moving=np.ones(len(system), bool))
    held = ours(invariant, replace(free, moving=~slab), far)
    expected = ours(invariant, free, far)
    assert held[0] == pytest.approx(expected[0], rel=1e-12)
    assert held[1][:, -2:] == pytest.approx(expected[1][:, -2:], abs=1e-12)


@pytest.mark.parametrize("degree", [1, 3, 6])
def test_harmonics_are_those_of_the_formulas_and_slopes_are_theirs(degree):
    rng = np.random.default_rng(degree)
    d = rng.normal(size=(20, 3))
    d /= np.linalg.norm(d, axis=1)[:, None]
    found = polynomials(*d.T, degree)
    for n in range(1, degree + 1):
        for m in range(-n, n + 1):
            y, slopes = harmonic(n, m, d)
            assert norm(n, m) * found[row(n, m)] == pytest.approx(y, abs=1e-12)
            bars = [np.zeros(len(d))] * len(found)
            bars[row(n, m)] = np.full(len(d), norm(n, m))
            by_n = np.array([np.broadcast_to(each, len(d)) for each in pull(*d.T, bars)]).T
            along = (by_n * d).sum(axis=1)[:, None] * d  # off the sphere they may differ
            assert by_n - along == pytest.approx(slopes, abs=1e-11)


@written
def _shuffles(w, totals, transposed, source):
    vectors = [source[k] for k in range(w.lanes)]
    totals[0] = w.totals(vectors)
    for k, vector in enumerate(w.transposed(vectors)):
        transposed[k] = vector


@njit
def _shuffled(totals, transposed, source):
    _shuffles(totals, transposed, source)


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_vectors_are_summed_and_transposed(kind):
    width = lanes(8 * np.dtype(kind).itemsize)
    source = aligned(np.arange(width**2, dtype=kind) ** 2)
    totals, transposed = aligned(np.zeros(width, kind)), aligned(np.zeros(width**2, kind))
    _shuffled(totals, transposed, source)
    rows = source.reshape(width, width)
    assert np.array_equal(transposed.reshape(width, width), rows.T)
    assert totals == pytest.approx(rows.sum(axis=1))
