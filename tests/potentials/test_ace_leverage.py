from dataclasses import replace

import numpy as np
import pytest
from ace_formulas import harmonic, tables
from ace_invariant import invariant_ace
from ase import Atoms
from ase.neighborlist import neighbor_list
from mace_models import hydrogen_on_copper

from scatter.ace.cpu import Ace
from scatter.ace.file import ORDERS


@pytest.fixture(scope="module")
def model():
    bare = invariant_ace(cutoff=5.0)
    size = 2 * bare.two_body.shape[3] + bare.weights.shape[1]
    root = np.triu(np.random.default_rng(5).normal(size=(2, size, size)))
    root[:, :, 4:][(bare.weights == 0)[:, None, :].repeat(size, axis=1)] = 0
    return replace(bare, leverage=root)


def values(model, atoms, atom):
    """b of one atom by the formulas."""
    z = np.array([model.numbers.tolist().index(number) for number in atoms.numbers])
    i, j, r, d = neighbor_list("ijdD", atoms, float(model.cutoff.max()))
    j, r, d = (each[i == atom] for each in (j, r, d))
    mine = np.full(len(j), z[atom])
    radial, _ = tables(model, model.radial, mine, z[j], r)
    two_body, _ = tables(model, model.two_body, mine, z[j], r)
    a = np.array(
        [((z[j] == s) * radial[:, n] * harmonic(k, m, d)[0]).sum() for s, n, k, m in model.spec]
    )
    b = np.zeros(model.weights.shape[1])
    for order in ORDERS:
        function, product = getattr(model, f"coupling_{order}").T
        products = a[model.products(order)].prod(axis=1)
        np.add.at(b, function, getattr(model, f"coupling_values_{order}") * products[product])
    return np.concatenate([*(two_body[z[j] == s].sum(axis=0) for s in (0, 1)), b])


def test_the_leverage_is_that_of_the_formulas(model):
    system, positions = hydrogen_on_copper()
    (guard,) = Ace(model).guards
    found = guard.bind(system, 3)(positions)
    for x, leverage in zip(positions, found, strict=True):
        atoms = Atoms(system.numbers, x, cell=system.cell, pbc=system.pbc)
        last = len(atoms) - 2, len(atoms) - 1
        each = [model.leverage[0] @ values(model, atoms, atom) for atom in last]
        assert leverage == pytest.approx(max((one**2).sum() for one in each), rel=1e-10)


def test_functions_make_the_energy_with_their_weights(model):
    """So the values are those of the fit, and not only of the test."""
    system, positions = hydrogen_on_copper(replicas=1)
    atoms = Atoms(system.numbers, positions[0], cell=system.cell, pbc=system.pbc)
    z = [model.numbers.tolist().index(number) for number in atoms.numbers]
    weights = [[*model.two_body_weights[c].ravel(), *model.weights[c]] for c in (0, 1)]
    expected = sum(
        model.constant[z[atom]] + np.dot(weights[z[atom]], values(model, atoms, atom))
        for atom in range(len(atoms))
    )
    energies, _ = Ace(model).bind(system, 1).begin(np.zeros(1, int), positions)
    assert energies[0] == pytest.approx(expected, rel=1e-10)


def test_a_replica_is_measured_alike_in_any_company(model):
    system, positions = hydrogen_on_copper(replicas=5)
    measure = Ace(model).guards[0].bind(system, 5)
    together = measure(positions)
    for order in ([3], [4, 0], [2, 2, 1]):
        assert np.array_equal(measure(positions[order]), together[order])


def test_a_lost_replica_has_no_leverage(model):
    system, positions = hydrogen_on_copper(replicas=2)
    measure = Ace(model).guards[0].bind(system, 2)
    lost = positions.copy()
    lost[1, -1] = np.nan
    assert measure(lost)[0] == measure(positions)[0]
    assert np.isnan(measure(lost)[1])


def test_a_model_without_a_leverage_has_no_guard():
    potential = Ace(invariant_ace())
    assert potential.guards == ()


def test_a_guard_says_what_it_is(model):
    (guard,) = Ace(model).guards
    assert guard.column == "leverage"
    assert guard.identity == model.sha256()
