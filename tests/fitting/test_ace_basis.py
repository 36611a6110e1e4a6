"""The basis of a linear ACE: as many functions as there are, all different, and invariant."""

from collections import Counter
from itertools import combinations_with_replacement

import numpy as np
import pytest
from ace_designs import design
from ace_formulas import harmonic
from scipy.spatial.transform import Rotation
from tiny_structures import hydrogen_on_copper

from scatter.ace.fitting.basis import Degrees, basis_of, degrees_of, patterns
from scatter.ace.fitting.coupling import invariants
from scatter.ace.fitting.rows import norms
from scatter.ace.kernels.rows import harmonics

CAPPED = (Degrees(most={1: 2}), Degrees(most={1: 1}))  # species 1 is the molecule's


def invariants_by_weights(groups):
    """Rotations' invariants among symmetric products: states of M = 0, less those of M = 1."""
    states = Counter({0: 1})
    for degree, count in groups:
        every = combinations_with_replacement(range(-degree, degree + 1), count)
        mine, before = Counter(map(sum, every)), states
        states = Counter()
        for a, many in before.items():
            for b, more in mine.items():
                states[a + b] += many * more
    return states[0] - states[1]


@pytest.mark.parametrize(("weight_l", "count"), [(1.5, 1052), (2.0, 813), (1.0, 1743)])
def test_there_are_as_many_functions_as_weights_count(weight_l, count):
    basis = basis_of(2, (Degrees(weight_l=weight_l),) * 2)
    kinds = Counter(map(degrees_of, set(basis.patterns)))
    expected = sum(n * invariants_by_weights(groups) for groups, n in kinds.items())
    assert len(basis.patterns) == expected
    assert len(basis.patterns) + 2 * basis.singles == count  # as the published basis


def test_caps_leave_the_published_number_of_columns():
    assert design(CAPPED).columns == 1673
    assert design((Degrees(), Degrees())).columns == 2176


def test_every_factor_is_in_a_product():
    basis = basis_of(2, (Degrees((6, 6, 6, 6), weight_l=1.0),) * 2)
    used = np.unique(np.concatenate([one.factors.ravel() for one in basis.products.values()]))
    assert used.tolist() == [*range(len(basis.spec))]


def test_no_product_has_more_of_an_element_than_its_cap():
    for pattern in patterns(4, 2, Degrees(most={1: 2})):
        assert sum(z == 1 for z, _, _ in pattern) <= 2


@pytest.mark.parametrize("groups", [((1, 2),), ((2, 3),), ((1, 1), (1, 1), (2, 2)), ((2, 4),),
                                    ((1, 3), (3, 1)), ((4, 1), (4, 1))])  # fmt: skip
def test_invariants_are_what_no_rotation_changes(groups):
    monomials, rows = invariants(groups)
    assert len(rows) == invariants_by_weights(groups)
    rng = np.random.default_rng(0)
    # factors alike are sums over neighbours of their own, others have other neighbours
    clouds = [rng.normal(size=(3, 3)) for _ in groups]
    turn = Rotation.random(random_state=1).as_matrix()
    values = []
    for points in (clouds, [cloud @ turn.T for cloud in clouds], [-cloud for cloud in clouds]):
        a = [
            [harmonic(degree, m, cloud)[0].sum() for m in range(-degree, degree + 1)]
            for cloud, (degree, _) in zip(points, groups, strict=True)
        ]
        which = [k for k, (_, count) in enumerate(groups) for _ in range(count)]
        products = [
            np.prod([a[k][m + groups[k][0]] for k, m in zip(which, one, strict=True)])
            for one in monomials
        ]
        values.append(rows @ products)
    assert np.abs(values[0]).min() > 1e-3
    assert np.allclose(values[1], values[0], rtol=1e-11, atol=1e-12)
    assert np.allclose(values[2], values[0], rtol=1e-11, atol=1e-12)


def test_odd_degrees_have_no_invariant_that_reflections_keep():
    assert len(invariants(((1, 1), (2, 1), (2, 1)))[1]) == 0


def test_the_kernels_harmonics_are_those_of_the_formulas():
    unit = np.array([0.36, -0.48, 0.8])
    values, gradients = np.zeros(49), np.zeros((49, 3))
    harmonics(unit, norms(6), values, gradients)
    for degree in range(7):
        for m in range(-degree, degree + 1):
            value, gradient = harmonic(degree, m, unit[None])
            row = degree * degree + degree + m
            assert values[row] == pytest.approx(value[0], abs=1e-12)
            assert np.allclose(gradients[row], gradient[0], rtol=0, atol=1e-11)


SMALL = (Degrees((6, 5, 4.5, 4), most={1: 2}), Degrees((6, 5, 4.5, 4), most={1: 1}))


def test_functions_are_independent():
    one = design(SMALL, pair=0)
    rng = np.random.default_rng(0)
    values = []
    for seed in range(60):
        frame = hydrogen_on_copper(seed)
        frame.positions += rng.normal(0, 0.2, frame.positions.shape)
        values.append(one.rows(frame, "frame"))
    found = np.concatenate(values, axis=1)
    h_cu, cu_h = one.functions.two_body[1, 0], one.functions.two_body[0, 1]
    assert np.allclose(found[h_cu], found[cu_h])  # each pair is seen from either end
    found = np.delete(found, h_cu, axis=0)
    found /= np.linalg.norm(found, axis=1)[:, None]
    assert np.linalg.svd(found, compute_uv=False).min() > 1e-9


def test_functions_do_not_change_with_rotation_reflection_or_the_order_of_atoms():
    one, frame = design(SMALL), hydrogen_on_copper()
    rng, count = np.random.default_rng(2), len(hydrogen_on_copper())
    turn = Rotation.random(random_state=3).as_matrix() @ np.diag([1.0, 1.0, -1.0])
    order = rng.permutation(count)
    moved = frame[order]
    moved.set_cell(frame.cell.array @ turn.T)
    moved.positions = frame.positions[order] @ turn.T
    before, after = one.rows(frame, "frame"), one.rows(moved, "frame")
    scale = np.abs(before).max(axis=1, keepdims=True) + 1e-30
    assert np.allclose(after[:, 0] / scale[:, 0], before[:, 0] / scale[:, 0], rtol=0, atol=1e-11)
    forces = before[:, 1:].reshape(-1, count, 3)[:, order] @ turn.T
    assert np.allclose(after[:, 1:] / scale, forces.reshape(len(before), -1) / scale, atol=1e-11)


def test_forces_of_every_function_are_slopes_of_its_energy():
    one, frame = design(SMALL), hydrogen_on_copper()
    rows = one.rows(frame, "frame")
    for atom, axis in ((0, 0), (6, 1), (len(frame) - 1, 2)):
        energies = {}
        for step in (-2, -1, 1, 2):
            moved = frame.copy()
            moved.positions[atom, axis] += step * 1e-3
            energies[step] = one.rows(moved, "frame")[:, 0]
        slopes = 8 * (energies[1] - energies[-1]) - (energies[2] - energies[-2])
        scale = np.maximum(1, np.abs(rows).max(axis=1))
        assert np.abs((slopes / 12e-3 + rows[:, 1 + 3 * atom + axis]) / scale).max() < 1e-7
