"""Verlet lists, and what a potential sums over them, against ASE's search for neighbours."""

from collections import Counter

import numpy as np
import pytest
from ase.build import bulk
from ase.neighborlist import primitive_neighbor_list

from scatter.potentials.analytic import Analytic
from scatter.potentials.neighbours import VerletLists
from scatter.potentials.replicas import SKIN
from scatter.state import System

CUTOFF, WIDTH = 2.6, 0.4
EVERYWHERE = (True, True, True)
LOW = np.array([[2.5, 0.7, 0], [1.2, 2.2, 0], [0, 0, 3.0]])
CELLS = {
    "cubic": (6.5 * np.eye(3), EVERYWHERE),
    "skewed": (np.array([[5.0, 0, 0], [3.9, 4.1, 0], [-2.2, 3.3, 4.7]]), EVERYWHERE),
    "left-handed": (np.array([[0, 5.5, 0], [6.0, 0, 0], [0, 1.0, 7.0]]), EVERYWHERE),
    "shorter than the radius": (np.array([[1.7, 0, 0], [0.6, 2.1, 0], [0.3, 0.4, 8]]), EVERYWHERE),
    "open along one vector": (LOW, (True, True, False)),
    "open along two vectors": (LOW, (False, True, False)),
    "open": (np.eye(3), (False, False, False)),
}  # fmt: skip


def system(cell, pbc, atoms):
    return System(np.full(atoms, 29), np.array(cell, float), pbc, np.ones(atoms, bool))


def scattered_atoms(cell, slots=3, atoms=8, wander=0, seed=5):
    """Random atoms in and around a cell, then moved by up to `wander` lattice vectors."""
    rng = np.random.default_rng(seed)
    fractions = rng.uniform(-0.2, 1.2, (slots, atoms, 3))
    fractions += rng.integers(-wander, wander + 1, fractions.shape)
    return fractions @ cell


def listed(lists, slot, system):
    """How often each (i, j, translation in lattice vectors) is in the list of a slot."""
    n = lists.counts[slot]
    steps = lists.shift[slot, :n] @ np.linalg.inv(system.cell)
    assert steps == pytest.approx(steps.round(), abs=1e-9)
    rows = np.column_stack([lists.first[slot, :n], lists.second[slot, :n], steps.round()])
    return Counter(tuple(int(value) for value in row) for row in rows)


def both_ways(pairs):
    """A half list, and the same pairs seen from their other atoms."""
    return pairs + Counter({(j, i, -a, -b, -c): n for (i, j, a, b, c), n in pairs.items()})


def of_ase(positions, system, radius):
    i, j, S = primitive_neighbor_list("ijS", system.pbc, system.cell, positions, radius)
    return Counter(tuple(int(value) for value in row) for row in np.column_stack([i, j, S]))


@pytest.mark.parametrize("wander", [0, 40])
@pytest.mark.parametrize("shape", CELLS)
def test_each_pair_within_the_radius_is_listed_once(shape, wander):
    cell, pbc = CELLS[shape]
    positions = scattered_atoms(cell, wander=wander * np.array(pbc))
    sort = system(cell, pbc, positions.shape[1])
    lists = VerletLists(sort, len(positions), CUTOFF, WIDTH)
    lists.update(positions)
    for slot, x in enumerate(positions):
        expected = of_ase(x, sort, CUTOFF + WIDTH)
        assert expected
        assert both_ways(listed(lists, slot, sort)) == expected


def test_a_list_that_overflows_makes_room_for_every_slot():
    crowd = system(3 * np.eye(3), EVERYWHERE, 6)
    positions = scattered_atoms(crowd.cell, atoms=6)
    lists = VerletLists(crowd, len(positions), 4.0, 1.0)
    capacity = lists.first.shape[1]
    lists.update(positions)
    assert lists.counts.min() > capacity
    for slot, x in enumerate(positions):
        assert both_ways(listed(lists, slot, crowd)) == of_ase(x, crowd, 5.0)


def test_a_slot_has_a_new_list_once_an_atom_moved_half_the_skin_and_no_sooner():
    gas = system(*CELLS["cubic"], 8)
    positions = scattered_atoms(gas.cell)
    lists = VerletLists(gas, 3, CUTOFF, WIDTH)
    lists.update(positions)
    moved = positions.copy()
    moved[0, 3, 1] += 0.49 * WIDTH
    moved[1, 3, 1] += 0.51 * WIDTH
    lists.update(moved)
    assert (lists.reference[[0, 2]] == positions[[0, 2]]).all()
    assert (lists.reference[1] == moved[1]).all()


def test_slots_that_are_kept_keep_their_lists_and_those_forgotten_get_new_ones():
    gas = system(*CELLS["cubic"], 8)
    positions = scattered_atoms(gas.cell)
    lists = VerletLists(gas, 3, CUTOFF, WIDTH)
    lists.update(positions)
    lists.keep(np.array([1, 2]))
    lists.forget(np.array([0]))
    nudged = positions[[1, 2]] + 0.01
    lists.update(nudged)
    assert (lists.reference == np.stack([nudged[0], positions[2]])).all()
    assert both_ways(listed(lists, 0, gas)) == of_ase(nudged[0], gas, CUTOFF + WIDTH)
    assert both_ways(listed(lists, 1, gas)) == of_ase(positions[2], gas, CUTOFF + WIDTH)


@pytest.mark.parametrize("atoms", [8, 80])  # the denser newcomers overflow their lists
def test_replicas_that_enter_bring_their_lists_along(atoms):
    crowd = system(9 * np.eye(3), EVERYWHERE, atoms)
    positions = scattered_atoms(crowd.cell, slots=5, atoms=atoms)
    if atoms > 8:
        positions[3:] *= 0.2
    lists, fresh = (VerletLists(crowd, slots, CUTOFF, WIDTH) for slots in (3, 2))
    lists.update(positions[:3])
    fresh.update(positions[3:])
    assert (fresh.first.shape[1] == lists.first.shape[1]) == (atoms == 8)
    lists.enter(np.array([2, 0]), fresh)
    made_at = positions[[4, 1, 3]]
    now = made_at + 0.01
    lists.update(now)
    if atoms > 8:
        made_at = now
    assert (lists.reference == made_at).all()
    for slot, x in enumerate(made_at):
        assert both_ways(listed(lists, slot, crowd)) == of_ase(x, crowd, CUTOFF + WIDTH)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_positions_that_are_no_positions_hang_nothing_and_disturb_no_other_slot(bad):
    gas = system(*CELLS["skewed"], 8)
    positions = scattered_atoms(gas.cell)
    positions[1, 4, 2] = bad
    lists = VerletLists(gas, 3, CUTOFF, WIDTH)
    for _ in range(2):
        lists.update(positions)
        for slot in (0, 2):
            expected = of_ase(positions[slot], gas, CUTOFF + WIDTH)
            assert both_ways(listed(lists, slot, gas)) == expected


def test_an_earlier_list_gives_the_same_bits_as_a_fresh_one():
    crystal = bulk("Cu", cubic=True).repeat(3)
    sort = system(crystal.cell.array, EVERYWHERE, len(crystal))
    rng = np.random.default_rng(3)
    cells_away = rng.integers(-20, 21, (4, len(crystal), 3)) @ sort.cell
    here = crystal.positions + rng.uniform(-0.1, 0.1, cells_away.shape) + cells_away
    there = here + rng.uniform(-0.2, 0.2, here.shape)
    earlier, fresh = Analytic().bind(sort, 4), Analytic().bind(sort, 4)
    earlier(here)
    assert np.linalg.norm(there - here, axis=2).max() < SKIN / 2
    for found, expected in zip(earlier(there), fresh(there), strict=True):
        assert (found == expected).all()
    assert (earlier.lists.reference == here).all()
