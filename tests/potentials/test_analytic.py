from heapq import heappop, heappush

import numba
import numpy as np
import pytest
from ase.build import bulk, fcc111
from scipy.constants import physical_constants

from scatter.ebk import Curve, level
from scatter.potentials.analytic import BOND, DEPTH, STEEPNESS, A, Analytic
from scatter.potentials.check import deviations
from scatter.potentials.sharing import Sharing
from scatter.settings import UserError
from scatter.state import System, lone
from scatter.units import ISOTOPES

GPA = 160.21766  # of one eV/Å³
EVERYWHERE = (True, True, True)


def copper(size=(2, 2, 3), a=3.62):
    """A Cu(111) slab with its lowest layer frozen, and its positions, the top layer at z = 0."""
    atoms = fcc111("Cu", size, a=a, vacuum=8.0)
    z = atoms.positions[:, 2] - atoms.positions[:, 2].max()
    atoms.positions[:, 2] = z
    top = np.flatnonzero(z > -0.1)
    return System(atoms.numbers, atoms.cell.array, EVERYWHERE, z > z.min() + 0.1, top), (
        atoms.positions
    )


def answer(system, positions):
    """Energies and forces of the replicas, each in its own slot."""
    return Analytic().bind(system, len(positions))(np.ascontiguousarray(positions))


def thermal(replicas=4, size=(2, 2, 3), seed=1):
    """H2 at many heights and bonds over a rippled slab, far from and at the barrier."""
    rng = np.random.default_rng(seed)
    slab, ideal = copper(size)
    positions = np.empty((replicas, len(slab) + 2, 3))
    positions[:, :-2] = ideal + 0.1 * rng.normal(size=(replicas, *ideal.shape))
    axis = rng.normal(size=(replicas, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    bond = rng.uniform(0.6, 1.6, (replicas, 1))
    centre = rng.uniform(0, 1, (replicas, 2)) @ slab.cell[:2] + [0, 0, 1.0]
    centre[:, 2] += np.linspace(0.6, 2.6, replicas)
    positions[:, -2], positions[:, -1] = centre - bond * axis / 2, centre + bond * axis / 2
    return slab.with_projectile(1, 1), positions


def test_forces_are_the_slopes_of_the_energy():
    system, positions = thermal()
    free = System(system.numbers, system.cell, system.pbc, np.ones(len(system), bool))
    h = 1e-5
    steps = h * np.eye(3 * len(system)).reshape(-1, len(system), 3)
    for x in positions:
        slopes = (answer(free, x + steps)[0] - answer(free, x - steps)[0]) / (2 * h)
        forces = answer(free, x[None])[1][0]
        assert abs(forces).max() > 0.1
        assert forces.ravel() == pytest.approx(-slopes, abs=1e-7)


def test_the_analytic_potential_keeps_the_laws_of_every_potential():
    system, positions = thermal()
    assert (~system.moving).sum() == 4
    found = deviations(Analytic(), system, positions, np.random.default_rng(8))
    tight = {law: 1e-10 for law in ("translation", "image", "rotation", "permutation")}
    assert found.broken(held=0.0, memory=0.0, **tight) == []


def test_a_replica_has_the_same_bits_in_any_batch_slot_and_number_of_threads(monkeypatch):
    monkeypatch.setattr(Sharing, "__call__", lambda self, amount, work: work())  # by all threads
    system, positions = thermal(replicas=7)
    energies, forces = answer(system, positions)
    threads = numba.get_num_threads()
    orders = [[3], [6, 5, 4, 3, 2, 1, 0], [2, 2, 5], [0, 1, 2, 3, 4, 5, 6]]
    try:
        for count in {1, min(2, numba.config.NUMBA_NUM_THREADS)}:
            numba.set_num_threads(count)
            for order in orders:
                found = answer(system, positions[order])
                assert (found[0] == energies[order]).all()
                assert (found[1] == forces[order]).all()
    finally:
        numba.set_num_threads(threads)


@pytest.mark.parametrize("atom", [0, 5, -1])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_positions_that_are_not_finite_have_no_energy_and_disturb_no_other(bad, atom):
    system, positions = thermal(replicas=3)
    energies, forces = answer(system, positions)
    broken = positions.copy()
    broken[1, atom, 0] = bad
    seen = Analytic().bind(system, 3)
    seen(positions)
    begun = Analytic().bind(system, 3).begin(np.arange(3), broken)
    for found in (answer(system, broken), seen(broken), begun):
        assert np.isnan(found[0][1])
        assert (found[0][[0, 2]] == energies[[0, 2]]).all()
        assert (found[1][[0, 2]] == forces[[0, 2]]).all()
        assert (found[1][:, ~system.moving] == 0).all()


def morse(r):
    x = np.exp(-STEEPNESS * (r - BOND))
    return DEPTH * (x * x - 2 * x)


def bonds(r):
    """Two atoms at each distance."""
    positions = np.zeros((len(r), 2, 3))
    positions[:, 1, 2] = r
    return positions


def test_a_lone_molecule_is_the_measured_morse_oscillator():
    r = np.linspace(0.3, 6, 300)
    energies, forces = answer(lone(1, 1), bonds(r))
    assert energies == pytest.approx(morse(r), abs=1e-12)
    x = np.exp(-STEEPNESS * (r - BOND))
    assert forces[:, 1, 2] == pytest.approx(2 * DEPTH * STEEPNESS * (x * x - x), abs=1e-11)


def test_the_levels_of_h2_are_those_of_its_spectroscopic_constants():
    curve = Curve.of(lambda r: answer(lone(1, 1), bonds(r))[0], 0.3, 4.0)
    mu = ISOTOPES["H"][1] / 2
    energies = [level(v, 0, curve, mu).energy for v in (0, 1, 2)]
    per_cm = 100 * physical_constants["inverse meter-electron volt relationship"][0]
    w, wx = 4401.213 * per_cm, 121.336 * per_cm  # Huber & Herzberg, 1979
    assert energies[0] == pytest.approx(-(w**2) / (4 * wx) + w / 2 - wx / 4, abs=1e-9)
    assert energies[1] - energies[0] == pytest.approx(w - 2 * wx, abs=1e-9)
    assert energies[2] - energies[1] == pytest.approx(w - 4 * wx, abs=1e-9)


def test_beyond_the_cutoff_molecule_and_slab_do_not_feel_one_another():
    system, positions = thermal(replicas=1)
    x = positions[:1]
    x[0, -2:, 2] += x[0, :-2, 2].max() + Analytic.cutoff - x[0, -2:, 2].min() + 1e-9
    energy, forces = answer(system, x)
    slab, molecule = answer(system.slab, x[:, :-2]), answer(system.alone, x[:, -2:])
    assert energy == pytest.approx(slab[0] + molecule[0], abs=1e-12)
    assert (forces == np.concatenate([slab[1], molecule[1]], axis=1)).all()
    x[0, -2:, 2] -= 0.5
    assert abs(answer(system, x)[0] - slab[0] - molecule[0]) > 1e-8


def test_nothing_jumps_at_the_cutoff():
    """The tail is of third order in the distance to the cutoff, so the force is smooth there."""
    cell = System(np.array([29, 1, 1]), np.eye(3), (False,) * 3, np.ones(3, bool))
    inside = np.array([0.1, 0.05, 0.025])
    positions = np.zeros((3, 3, 3))
    positions[:, 1, 2] = Analytic.cutoff - inside
    positions[:, 2, 2] = positions[:, 1, 2] + BOND
    tail = answer(cell, positions)[0] - morse(BOND)
    assert tail[:-1] / tail[1:] == pytest.approx(8, rel=0.2)


def crystal(a):
    """Energy per atom of fcc copper; every neighbour of the one atom is its own image."""
    primitive = bulk("Cu", a=a)
    system = System(primitive.numbers, primitive.cell.array, EVERYWHERE, np.ones(1, bool))
    return answer(system, np.zeros((1, 1, 3)))[0][0]


def test_copper_has_its_cohesive_energy_lattice_constant_and_bulk_modulus():
    h = 0.01
    less, energy, more = (crystal(a) for a in (A - h, A, A + h))
    assert energy == pytest.approx(-3.519, abs=1e-3)
    assert (more - less) / (2 * h) == pytest.approx(0, abs=5e-3)
    curvature = (more - 2 * energy + less) / h**2
    assert 4 / (9 * A) * curvature * GPA == pytest.approx(138, abs=5)


def site(name, a=3.71):
    """Foot of the molecule's centre and the direction of its bond, on the ideal (111) surface."""
    along, across = np.array([a / np.sqrt(2), 0, 0]), np.array([0, 1.0, 0])
    return {"bridge": (along / 2, across), "top": (0 * along, across)}[name]


def elbow(name, r, Z):
    """Energy over (bond r, height Z) on rigid Cu(111), less that of H2 far away."""
    slab, ideal = copper((3, 3, 4), a=3.71)
    foot, axis = site(name)
    R, height = (grid.ravel()[:, None] for grid in np.meshgrid(r, Z, indexing="ij"))
    x = np.empty((R.size, len(slab) + 2, 3))
    x[:, :-2] = ideal
    centre = ideal[slab.top[0]] + foot + height * np.array([0, 0, 1.0])
    x[:, -2], x[:, -1] = centre - R * axis / 2, centre + R * axis / 2
    energies = answer(slab.with_projectile(1, 1), x)[0] - answer(slab, ideal[None])[0]
    return energies.reshape(len(r), len(Z)) + DEPTH


def highest_on_the_lowest_path(E, start, end):
    """The saddle point between two points of a grid (Dijkstra, the greatest value as length)."""
    queue, seen = [(E[start], start, start)], set()
    while queue:
        highest, where, here = heappop(queue)
        if here == end:
            return highest, where
        if here in seen:
            continue
        seen.add(here)
        for i, j in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            there = (here[0] + i, here[1] + j)
            if 0 <= there[0] < E.shape[0] and 0 <= there[1] < E.shape[1]:
                heappush(queue, max((highest, where), (E[there], there)) + (there,))
    raise AssertionError("every point of a grid can be reached")


def barrier(name):
    r, Z = np.linspace(0.55, 2.4, 75), np.linspace(0.4, 4.2, 77)
    E = elbow(name, r, Z)
    start = (int(abs(r - BOND).argmin()), len(Z) - 1)
    end = (len(r) - 1, int(E[-1].argmin()))
    energy, (i, j) = highest_on_the_lowest_path(E, start, end)
    return energy, r[i], Z[j]


def test_the_barrier_on_rigid_cu111_is_that_of_the_density_functional():
    energy, r, Z = barrier("bridge")
    assert energy == pytest.approx(0.6, abs=0.05)
    assert r == pytest.approx(1.0, abs=0.1)
    assert Z == pytest.approx(1.2, abs=0.1)
    assert barrier("top")[0] > energy + 0.1


def test_a_molecule_that_wandered_many_cells_away_feels_the_same():
    system, positions = thermal()
    energies, forces = answer(system, positions)
    positions[:, -2:] += 7 * system.cell[0] - 12 * system.cell[1]
    found = answer(system, positions)
    assert found[0] == pytest.approx(energies, abs=1e-10)
    assert found[1] == pytest.approx(forces, abs=1e-10)


def repeated(system, positions):
    """The slab repeated twice along its two lateral lattice vectors; the molecule once."""
    shifts = [i * system.cell[0] + j * system.cell[1] for i in (0, 1) for j in (0, 1)]
    slab = np.concatenate([positions[:, :-2] + shift for shift in shifts], axis=1)
    numbers = np.append(np.tile(system.numbers[:-2], 4), system.numbers[-2:])
    moving = np.append(np.tile(system.moving[:-2], 4), [True, True])
    cell = system.cell * [[2], [2], [1]]
    larger = System(numbers, cell, system.pbc, moving, projectile=2)
    return larger, np.concatenate([slab, positions[:, -2:]], axis=1)


@pytest.mark.parametrize("size", [(2, 2, 3), (1, 1, 3)])
def test_a_cell_smaller_than_the_cutoff_equals_its_repetition(size):
    system, positions = thermal(size=size)
    assert np.linalg.norm(system.cell[0]) < 2 * Analytic.cutoff
    larger, more = repeated(system, positions)
    slab, slabs = answer(system.slab, positions[:, :-2]), answer(larger.slab, more[:, :-2])
    assert slabs[0] == pytest.approx(4 * slab[0], abs=1e-9)
    assert slabs[1][:, : len(system) - 2] == pytest.approx(slab[1], abs=1e-10)
    adsorbed, apart = answer(system, positions), answer(larger, more)
    assert adsorbed[0] - slab[0] == pytest.approx(apart[0] - slabs[0], abs=1e-9)
    assert adsorbed[1][:, -2:] == pytest.approx(apart[1][:, -2:], abs=1e-10)


@pytest.mark.parametrize("numbers", [[1], [1, 1, 1], [29, 1], [29, 79], [29, 1, 8]])
def test_what_is_not_one_h2_on_copper_is_refused(numbers):
    system = System(np.array(numbers), np.eye(3), (False,) * 3, np.ones(len(numbers), bool))
    unknown = sorted(set(numbers) - {1, 29})
    with pytest.raises(UserError, match="does not know" if unknown else "two or none"):
        Analytic().bind(system, 1)
