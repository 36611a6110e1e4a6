import numpy as np
import pytest
from ase.build import fcc110, fcc111
from hypothesis import given, settings
from hypothesis import strategies as st

from scatter.fitting.descriptor import (
    WEIGHTS,
    descriptors,
    images,
    longest_gap,
    sizes,
    standardised,
)

SLAB = fcc110("Cu", (2, 3, 3), a=3.65, vacuum=12.0)
CELL, PERIODIC = SLAB.cell.array.copy(), (True, True, True)
TOP = SLAB.positions[:, 2].max()


def frame(seed=0, height=1.2):
    """A displaced slab with two atoms over it, shape (1, atom, 3)."""
    rng = np.random.default_rng(seed)
    slab = SLAB.positions + rng.normal(0, 0.1, SLAB.positions.shape)
    first = np.array([*rng.uniform(0, 5, 2), TOP + height])
    return np.vstack([slab, first, first + rng.normal(0, 0.7, 3)])[None]


def described(positions, cell=CELL):
    return descriptors(positions, cell, PERIODIC)[0]


def rotation(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def test_the_two_atoms_of_the_molecule_may_change_places():
    found, swapped = frame(), frame()
    swapped[:, -2:] = swapped[:, :-3:-1].copy()
    assert not np.array_equal(found, swapped)
    assert described(swapped) == pytest.approx(described(found), abs=1e-10)


def test_atoms_of_the_slab_may_change_places():
    found = frame()
    shuffled = found[:, [*np.random.default_rng(1).permutation(len(SLAB)), -2, -1]]
    assert described(shuffled) == pytest.approx(described(found), abs=1e-10)


@settings(deadline=None, max_examples=20)
@given(st.floats(0, 6.3), st.tuples(*[st.floats(-9, 9)] * 3))
def test_a_turn_about_the_normal_a_mirror_and_a_shift_change_nothing(angle, shift):
    found = frame(seed=2)
    turn = rotation(angle) @ np.diag([1.0, -1.0, 1.0])
    assert described(found @ turn + shift, CELL @ turn) == pytest.approx(described(found), abs=1e-9)


def test_a_molecule_that_has_left_the_cell_sees_what_it_would_see_inside():
    found, away = frame(), frame()
    away[:, -2:] += 3 * CELL[0] - 2 * CELL[1]
    assert described(away) == pytest.approx(described(found), abs=1e-9)


def test_a_cell_repeated_along_the_surface_shows_the_molecule_the_same():
    surroundings = slice(1, 1 + sizes()["surroundings"])
    slab = fcc111("Cu", (1, 1, 3), a=3.65, vacuum=12.0)
    wide = slab.repeat((4, 4, 1))
    molecule = slab.positions.max(axis=0) + [[0.3, 0.2, 1.1], [0.5, 0.9, 1.7]]
    one, many = (
        descriptors(np.vstack([s.positions, molecule])[None], s.cell.array, PERIODIC)[0]
        for s in (slab, wide)
    )
    assert one[surroundings].any()
    assert many[surroundings] == pytest.approx(one[surroundings], abs=1e-9)


def test_images_reach_as_far_as_the_cutoff_and_not_along_the_vacuum():
    shifts = images(np.diag([3.0, 8.0, 40.0]), (True, True, True), 5.0)
    assert {tuple(shift) for shift in shifts} == {
        (3.0 * i, 8.0 * j, 0.0) for i in range(-2, 3) for j in (-1, 0, 1)
    }
    assert len(images(np.diag([3.0, 8.0, 40.0]), (False, False, False), 5.0)) == 1


def test_a_molecule_out_of_reach_differs_from_others_by_its_bond_alone():
    rng = np.random.default_rng(4)
    far = np.repeat(frame(height=5.5), 2, axis=0)
    far[:, -2:, :2] = rng.uniform(0, 5, (2, 2, 2))
    far[:, -2:, 2] = TOP + 5.5  # the slab's own displacements are less than the half that is left
    found = descriptors(far, CELL, PERIODIC)
    assert found[0, 0] != found[1, 0]
    assert found[0, 1:] == pytest.approx(found[1, 1:])


def test_nearby_frames_are_near_and_other_sites_heights_and_tilts_are_not():
    found = frame(seed=5)

    def apart(change):
        moved = found.copy()
        moved[0, -2:] += change
        return np.linalg.norm(described(moved) - described(found))

    jiggled = apart(np.full((2, 3), 1e-4))
    assert jiggled < 1e-2
    for change in ([0.9, 0.0, 0.0], [0.0, 0.0, 0.5], [[0, 0, 0.4], [0, 0, -0.4]]):
        assert apart(change) > 20 * jiggled


def test_strain_and_heat_of_the_slab_are_seen():
    found, hot = frame(), frame()
    hot[:, :-2] += np.random.default_rng(6).normal(0, 0.1, (len(SLAB), 3))
    slab = slice(-sizes()["slab"], None)
    assert np.abs(described(found * 1.01, CELL * 1.01) - described(found))[slab].max() > 0.05
    assert np.abs(described(hot) - described(found))[slab].max() > 0.05


def test_each_block_of_standardised_descriptors_has_its_weight_as_variance():
    pool = np.vstack([descriptors(frame(seed), CELL, PERIODIC) for seed in range(50)])
    variances = standardised(pool).var(axis=0)
    edges = np.cumsum([0, *sizes().values()])
    for (block, weight), a, b in zip(WEIGHTS.items(), edges[:-1], edges[1:], strict=True):
        assert variances[a:b].sum() == pytest.approx(weight, rel=0.05), block


def test_a_feature_that_never_varies_counts_for_nothing():
    pool = np.vstack([described(frame())] * 5)
    assert np.abs(standardised(pool)).max() < 1e-9


WATER, METHANE = (8, 1, 1), (6, 1, 1, 1, 1)


def over(molecule, seed=0, height=1.5):
    """A displaced slab with a molecule's atoms over it at random places, shape (1, atom, 3)."""
    rng = np.random.default_rng(seed)
    slab = SLAB.positions + rng.normal(0, 0.1, SLAB.positions.shape)
    first = np.array([*rng.uniform(0, 5, 2), TOP + height])
    return np.vstack([slab, first + rng.normal(0, 0.7, (len(molecule), 3))])[None]


@pytest.mark.parametrize("molecule", [(1,), WATER, METHANE])
def test_a_molecule_of_any_size_is_described_whatever_the_order_of_its_atoms(molecule):
    found = over(molecule)
    one = descriptors(found, CELL, PERIODIC, molecule)[0]
    assert len(one) == sum(sizes(molecule).values())
    order = np.random.default_rng(3).permutation(len(molecule))
    found[:, len(SLAB) :] = found[:, len(SLAB) :][:, order]
    turn = rotation(1.1)
    shuffled = tuple(np.array(molecule)[order].tolist())
    other = descriptors(found @ turn, CELL @ turn, PERIODIC, shuffled)[0]
    assert other == pytest.approx(one, abs=1e-9)


def test_which_element_of_a_molecule_is_where_is_seen():
    found, molecule = over((6, 8)), (6, 8)
    swapped = found.copy()
    swapped[:, -2:] = swapped[:, :-3:-1].copy()
    first, second = (descriptors(each, CELL, PERIODIC, molecule)[0] for each in (found, swapped))
    assert np.abs(first - second).max() > 0.1


@pytest.mark.parametrize("molecule", [(1,), WATER, METHANE])
def test_blocks_of_molecules_of_any_size_have_their_weights(molecule):
    frames = [over(molecule, seed) for seed in range(40)]
    pool = np.vstack([descriptors(each, CELL, PERIODIC, molecule) for each in frames])
    variances = standardised(pool, molecule).var(axis=0)
    edges = np.cumsum([0, *sizes(molecule).values()])
    for (block, weight), a, b in zip(WEIGHTS.items(), edges[:-1], edges[1:], strict=True):
        expected = weight if b > a else 0.0  # an atom has no bonds
        assert variances[a:b].sum() == pytest.approx(expected, rel=0.05), block


def test_the_longest_gap_is_a_diatomics_bond_and_that_of_the_atom_that_leaves():
    rng = np.random.default_rng(8)
    pairs = rng.normal(size=(5, 2, 3))
    assert longest_gap(pairs) == pytest.approx(np.linalg.norm(pairs[:, 1] - pairs[:, 0], axis=1))
    water = np.array(
        [[[0, 0, 0], [0.96, 0, 0], [0, 0.96, 0]], [[0, 0, 0], [0.96, 0, 0], [0, 3, 0]]]
    )
    assert longest_gap(water) == pytest.approx([0.96, 3.0])
    chain = np.array([[[0, 0, 0], [0, 0, 5.0], [0, 0, 1.0], [0, 0, 3.5], [0, 0, 2.2]]])
    assert longest_gap(chain) == pytest.approx([1.5])
    assert np.isnan(longest_gap(np.zeros((1, 1, 3)))).all()
