"""Orders of diffraction: the reciprocal lattice, its cells, and what no channel is open to."""

import numpy as np
import pytest
from trajectory_rows import some_points, some_rows

from scatter.analysis.diffraction import diffraction_orders, nearest, reciprocal, reduced
from scatter.analysis.sites import surface_cell
from scatter.outcomes import Outcome
from scatter.units import fs, hbar

MASSES = {"H2": np.array([1.0, 1.0])}
A = 3.6
CONSTANTS = {"111 925 K": A, "100 925 K": A}
HEXAGONAL = surface_cell("111", "fcc", A)


def thrown(before, after, points=1, **conditions):
    """Points and scattered trajectories with these velocities, Å in time units."""
    before, after = (np.broadcast_to(v, (len(after), 3)) for v in (before, after))
    rows = some_rows(len(after), Outcome.SCATTERED, points)
    for when, velocity in (("initial", before), ("final", after)):
        for axis, letter in enumerate("xyz"):
            for atom in (1, 2):
                rows[f"{when}_v{letter}{atom}_A_per_fs"] = np.tile(velocity[:, axis] * fs, points)
        rows[f"{when}_kinetic_molecule_eV"] = np.tile((velocity**2).sum(axis=1), points)
    return some_points(points, **conditions), rows


def orders(before, after, **conditions):
    return diffraction_orders(*thrown(before, after, **conditions), MASSES, CONSTANTS, "fcc")


def velocity_of(K):
    """Of a molecule with this wave vector along the surface, 1/Å."""
    return np.asarray(K) * hbar / MASSES["H2"].sum()


def test_the_reciprocal_lattice_is_the_reciprocal_of_the_lattice():
    b = reciprocal(HEXAGONAL)
    assert b @ HEXAGONAL.T == pytest.approx(2 * np.pi * np.eye(2))
    assert np.hypot(*b[0]) == pytest.approx(4 * np.pi / (np.sqrt(3) * A * np.sqrt(0.5)))


@pytest.mark.parametrize("skew", [0, 1, -3])
def test_the_nearest_of_all_vectors_is_found_however_skew_the_lattice(skew):
    b = reciprocal(HEXAGONAL)
    skewed = np.array([b[0], b[1] + skew * b[0]])
    change = np.random.default_rng(0).normal(0, 8, (500, 2))
    n = nearest(change, skewed)
    every = np.array([(i, j) for i in range(-40, 41) for j in range(-15, 16)])
    best = ((change[:, None] - every @ skewed) ** 2).sum(axis=-1).min(axis=1)
    assert ((change - n @ skewed) ** 2).sum(axis=1) == pytest.approx(best, abs=1e-9)
    short, whole = reduced(skewed)
    assert whole @ skewed == pytest.approx(short)


def test_a_flat_surface_reflects_into_the_specular_order_alone():
    table = orders([0.3, 0.1, -1.0], [[0.3, 0.1, 1.0]] * 7)
    assert table[["n1", "n2", "count", "P", "closed"]].values.tolist() == [[0, 0, 7, 1, 0]]


def test_whole_quanta_are_counted_for_their_order_and_the_probabilities_sum_to_one():
    b, rng = reciprocal(HEXAGONAL), np.random.default_rng(1)
    n = rng.integers(-2, 3, (300, 2))
    inside = rng.uniform(-0.3, 0.3, (300, 2)) @ b
    K = np.array([1.0, -2.0])
    after = np.column_stack([velocity_of(K + n @ b + inside), np.full(300, 3.0)])
    table = orders([*velocity_of(K), -3.0], after)
    assert table.P.sum() == pytest.approx(1)
    whole, counts = np.unique(n, axis=0, return_counts=True)
    due = dict(zip(map(tuple, whole.tolist()), counts.tolist(), strict=True))
    assert dict(zip(zip(table.n1, table.n2, strict=True), table["count"], strict=True)) == due
    G = table[["n1", "n2"]].to_numpy() @ b
    assert table[["Gx_per_A", "Gy_per_A"]].to_numpy() == pytest.approx(G)


def test_another_lattice_vector_of_momentum_is_another_order_and_nothing_else():
    b = reciprocal(surface_cell("100", "fcc", A))
    shift = velocity_of(np.array([1, -2]) @ b)
    after = np.array([[0.2, 0.05, 4.0], [0.02, 0.0, 4.0], [-0.3, 0.4, 4.0]])
    one = orders([0.0, 0.0, -4.0], after, facet="100")
    other = orders([0.0, 0.0, -4.0], after + [*shift, 0.0], facet="100")
    assert other.n1.tolist() == (one.n1 + 1).tolist()
    assert other.n2.tolist() == (one.n2 - 2).tolist()
    assert other["count"].tolist() == one["count"].tolist()


def test_closed_channels_are_empty_and_what_is_nearest_to_them_is_told():
    b = reciprocal(HEXAGONAL)
    grazing = velocity_of(0.6 * b[0])  # nearest to b1, which takes more than it has
    table = orders([0.0, 0.0, -1.0], [[*grazing, 0.01], [0.0, 0.0, 1.0]])
    assert table[["n1", "n2", "count", "n", "closed"]].values.tolist() == [[0, 0, 1, 1, 1]]


def test_slabs_without_a_known_cell_are_left_out():
    assert not len(orders([0.0, 0.0, -1.0], [[0.0, 0.0, 1.0]], facet="311"))
