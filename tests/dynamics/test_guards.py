from dataclasses import replace

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import fcc111
from ase.geometry import get_distances
from batch_systems import Glimpse

from scatter.dynamics.bounds import Bounds, margins, outside
from scatter.dynamics.guards import Guards, bounds_of
from scatter.dynamics.stop import Stop
from scatter.outcomes import Reason
from scatter.potentials.domain import Domain
from scatter.settings import UserError
from scatter.state import System

COPPER = fcc111("Cu", (2, 2, 3), a=3.7, vacuum=10)
SYSTEM = System(
    COPPER.numbers, COPPER.cell.array, (True, True, True), np.ones(12, bool), np.arange(8, 12)
).with_projectile(1, 1)
DOMAIN = Domain(np.array([1, 29]), np.array([[0.4, 1.2], [1.2, 1.9]]), np.diag([2.4, 0]))


def scattered_about(count, seed=0):
    """Molecules near and far, anywhere in the plane, images of the cell included."""
    rng = np.random.default_rng(seed)
    slab = COPPER.positions + rng.normal(0, 0.1, (count, 12, 3))
    top = COPPER.positions[-1, 2]
    centre = np.stack([*rng.uniform(-9, 9, (2, count)), rng.uniform(top, top + 4, count)], axis=1)
    half = rng.normal(0, 0.4, (count, 3))
    turns = rng.integers(-2, 3, (count, 14, 3)) * np.array([1, 1, 0])
    molecule = np.stack([centre - half, centre + half], axis=1)
    return np.concatenate([slab, molecule], axis=1) + turns @ SYSTEM.cell


def sight_of(positions):
    top = positions[:, SYSTEM.top, 2].mean(axis=1)
    atoms = positions[:, -2:]
    bond = np.linalg.norm(atoms[:, 1] - atoms[:, 0], axis=1)
    return Glimpse(top=top, height=atoms[:, :, 2].min(axis=1) - top, closest=bond)


def bounds(**given):
    return bounds_of(DOMAIN, Guards(**given), Stop(), SYSTEM)


def test_margins_are_those_of_the_nearest_images_that_ase_finds():
    positions = scattered_about(40)
    found = margins(bounds(), positions)
    for one, margin in zip(positions, found, strict=True):
        frame = Atoms(SYSTEM.numbers, one, cell=SYSTEM.cell, pbc=True)
        _, lengths = get_distances(
            frame.positions[-2:], frame.positions[:-2], cell=frame.cell, pbc=True
        )
        if lengths.min() < 2.2:  # half the narrowest width of the cell
            assert margin == pytest.approx(lengths.min() - 1.2, abs=1e-9)
        else:
            assert margin > 0.5


def test_the_margin_of_a_replica_has_the_same_bits_in_any_batch():
    positions = scattered_about(33)
    whole = margins(bounds(), positions)
    for few in (1, 2, 7, 32):
        assert margins(bounds(), positions[:few]).tobytes() == whole[:few].tobytes()


def test_every_pair_within_its_bound_is_found_where_it_is_due_and_no_other():
    positions = scattered_about(200, seed=4)
    positions = positions[np.linalg.norm(positions[:, -1] - positions[:, -2], axis=1) > 0.4]
    due = np.arange(len(positions)) % 2 == 0
    codes = outside(bounds(), positions, sight_of(positions), due)
    broken = margins(bounds(), positions) < 0
    assert 0 < broken[due].sum() < due.sum()
    assert (codes == np.where(broken & due, int(Reason.DISTANCE), 0)).all()


def test_a_short_bond_and_a_low_atom_are_told_at_any_step():
    positions = scattered_about(3)
    sight = sight_of(positions)
    sight.closest[:] = 0.39, 0.41, 0.41
    sight.height[:] = 1.0, -2.1, 1.0
    found = outside(bounds(lowest_A=-2.0), positions, sight, np.zeros(3, bool))
    assert found.tolist() == [Reason.BOND, Reason.HEIGHT, 0]


def test_positions_that_are_not_finite_break_no_bound():
    positions = scattered_about(2)
    positions[1, -1] = np.nan
    with np.errstate(invalid="ignore"):
        codes = outside(bounds(), positions, sight_of(positions), np.ones(2, bool))
    assert codes[1] == 0


def test_on_torch_the_same_bounds_are_broken():
    positions = scattered_about(60, seed=4)
    due = np.ones(60, bool)
    expected = outside(bounds(), positions, sight_of(positions), due)
    sight = Glimpse(**{k: torch.as_tensor(v) for k, v in vars(sight_of(positions)).items()})
    found = outside(
        bounds().on(torch.as_tensor), torch.as_tensor(positions), sight, torch.as_tensor(due)
    )
    assert expected.any()
    assert found.tolist() == expected.tolist()


def test_bounds_of_the_input_replace_those_of_the_domain_one_by_one():
    assert bounds().closest == pytest.approx(np.full((2, 12), 1.2))
    assert bounds().shortest_bond == 0.4
    given = bounds(shortest_A={"Cu-H": 1.0})
    assert given.closest == pytest.approx(np.full((2, 12), 1.0))
    assert given.shortest_bond == 0.4
    assert bounds(shortest_bond_A=0.5).closest == pytest.approx(np.full((2, 12), 1.2))
    assert bounds(domain=False).none
    assert bounds_of(None, Guards(), Stop(), SYSTEM).none
    assert not bounds_of(None, Guards(lowest_A=0.0), Stop(), SYSTEM).none


def test_elements_that_a_domain_does_not_know_are_not_bounded():
    nickel = replace(SYSTEM, numbers=np.where(SYSTEM.numbers == 29, 28, SYSTEM.numbers))
    assert not bounds_of(DOMAIN, Guards(), Stop(), nickel).closest.any()


def test_trajectories_beyond_the_longest_bond_are_refused():
    with pytest.raises(UserError, match=r"dissociated_A = 2\.5: .* bonds up to 2\.4 Å"):
        bounds_of(DOMAIN, Guards(), Stop(dissociated_A=2.5), SYSTEM)
    bounds_of(DOMAIN, Guards(longest_bond_A=2.6), Stop(dissociated_A=2.5), SYSTEM)
    with pytest.raises(UserError, match=r"bonds up to 2 Å"):
        bounds_of(None, Guards(longest_bond_A=2.0), Stop(), SYSTEM)


def test_a_system_without_other_atoms_has_no_pairs():
    nothing = Bounds(0.0, np.zeros((2, 0)), -np.inf, np.eye(3), (False,) * 3)
    assert margins(nothing, np.zeros((3, 2, 3))).tolist() == [np.inf] * 3
