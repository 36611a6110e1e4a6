import numpy as np
import pytest
from scipy.optimize import root

from scatter.potentials.analytic import Analytic
from scatter.potentials.base import Evaluator, Potential
from scatter.potentials.calculator import PotentialCalculator
from scatter.settings import UserError
from scatter.validation.neb import Band, minimum_energy_path

pytestmark = pytest.mark.slow

BOND, STRETCH, STIFF, HEIGHT, WIDTH = 0.75, 1.5, 8.0, 1.8, 0.4


class Valley(Potential):
    """A reaction valley whose saddle is known in closed form.

    s(Z) goes from 0 far away to 1 at the surface, and

        E = 4 B s (1 - s) - D s + k/2 (r - r_e - c s)²,

    whose saddle lies at s = (4B - D) / 8B, with E = (4B - D)² / 16B. The slab is rigid.
    """

    elements, cutoff, identity = frozenset({1, 29}), 5.0, "valley"
    description = "a valley"

    def __init__(self, barrier=0.7, depth=0.4):
        self.barrier, self.depth = barrier, depth

    def bind(self, system, slots):
        return Bound(self, system)


class Bound(Evaluator):
    def __init__(self, potential, system):
        self.potential, self.hydrogen, copper = potential, system.numbers == 1, system.numbers == 29
        self.copper = np.flatnonzero(copper)
        self.crystal = not self.hydrogen.any()
        self.rest = (np.linalg.det(system.cell) ** (1 / 3) / 7.2 - 1) ** 2

    def begin(self, slots, positions):
        return self(positions)

    def __call__(self, positions):
        forces = np.zeros_like(positions)
        if self.crystal:
            return np.full(len(positions), self.rest), forces
        first, second = np.moveaxis(positions[:, self.hydrogen], 1, 0)
        r = np.linalg.norm(second - first, axis=1)
        Z = np.full(len(r), 1e3)
        if len(self.copper):
            Z = (first + second)[:, 2] / 2 - positions[:, self.copper, 2].max(axis=1)
        s = 1 / (1 + np.exp(np.minimum((Z - HEIGHT) / WIDTH, 50.0)))
        B, D = self.potential.barrier, self.potential.depth
        off = r - BOND - STRETCH * s
        energy = 4 * B * s * (1 - s) - D * s + STIFF / 2 * off**2
        by_s = 4 * B * (1 - 2 * s) - D - STIFF * STRETCH * off
        up = np.outer(by_s * s * (1 - s) / WIDTH / 2, [0, 0, 1])
        along = (STIFF * off / r)[:, None] * (second - first)
        forces[:, self.hydrogen] = np.stack([up + along, up - along], axis=1)
        return energy, forces

    def keep(self, slots):
        raise AssertionError("there is one replica")


@pytest.fixture(scope="module")
def bridge():
    return minimum_energy_path(Analytic(), "111")


@pytest.mark.slow
def test_a_saddle_known_in_closed_form_is_found():
    B, D = 0.7, 0.4
    found = minimum_energy_path(Valley(B, D), "100", band=Band(force=0.01))
    s = (4 * B - D) / (8 * B)
    assert found.barrier == pytest.approx((4 * B - D) ** 2 / (16 * B), abs=5e-4)
    assert found.bond == pytest.approx(BOND + STRETCH * s, abs=0.01)
    assert found.height == pytest.approx(HEIGHT + WIDTH * np.log(1 / s - 1), abs=0.01)


def test_the_barrier_over_a_symmetric_site_is_that_of_the_cut_through_it(bridge):
    probe = bridge.frames[bridge.saddle].copy()
    probe.calc = PotentialCalculator(Analytic())
    middle, top = probe.positions[-2:].mean(axis=0), probe.positions[:-2, 2].max()

    def slopes(cut):
        r, Z = cut
        probe.positions[-2:] = [*middle[:2], top + Z]
        probe.positions[-2:, 1] += [-r / 2, r / 2]
        forces = probe.get_forces(apply_constraint=False)[-2:]
        return [forces[1, 1] - forces[0, 1], forces[:, 2].sum()]

    r, Z = root(slopes, (bridge.bond, bridge.height)).x
    slopes((r, Z))
    climbed = probe.get_potential_energy()
    slopes((bridge.bonds[0], 15.0))
    assert bridge.barrier == pytest.approx(climbed - probe.get_potential_energy(), abs=1e-3)
    assert bridge.bond == pytest.approx(r, abs=0.02)
    assert bridge.height == pytest.approx(Z, abs=0.02)


def test_the_path_goes_from_the_molecule_over_the_saddle_to_its_atoms(bridge):
    assert (np.diff(bridge.coordinate) > 0).all()
    assert bridge.coordinate[bridge.saddle] == 0
    assert bridge.energies[0] == pytest.approx(0, abs=1e-3)
    assert (np.diff(bridge.energies[bridge.saddle :]) < 0).all()
    assert bridge.bonds[0] == pytest.approx(0.74144, abs=1e-5)
    assert bridge.heights[0] == pytest.approx(4)
    assert bridge.bonds[-1] > 1.3


def test_every_image_keeps_its_energy_and_the_forces_on_all_atoms(bridge):
    for frame in bridge.frames:
        again = frame.copy()
        again.calc = PotentialCalculator(Analytic())
        assert frame.get_potential_energy() == pytest.approx(again.get_potential_energy(), abs=1e-9)
        forces = frame.get_forces(apply_constraint=False)
        assert np.allclose(forces, again.get_forces(apply_constraint=False), atol=1e-9)
        assert abs(forces[:-2]).max() > 0
    absolute = [frame.get_potential_energy() for frame in bridge.frames]
    assert np.ptp(np.subtract(absolute, bridge.energies)) < 1e-9


@pytest.mark.slow
def test_a_path_leaves_a_ridge_unless_symmetry_is_asked_for():
    flat = minimum_energy_path(Analytic(), "100", band=Band(images=11, symmetric=True))
    tilted = minimum_energy_path(Analytic(), "100", band=Band(images=11, force=0.03))
    assert flat.tilt_deg == pytest.approx(0, abs=0.1)
    assert tilted.tilt_deg > 5
    assert tilted.barrier < flat.barrier - 0.01
    assert [negative_curvatures(path) for path in (flat, tilted)] == [2, 1]


def negative_curvatures(path):
    probe = path.frames[path.saddle].copy()
    probe.calc = PotentialCalculator(Analytic())
    place, rows = probe.positions[-2:].copy(), []
    for step in 1e-3 * np.eye(6).reshape(6, 2, 3):
        forces = []
        for way in (step, -step):
            probe.positions[-2:] = place + way
            forces.append(probe.get_forces(apply_constraint=False)[-2:].ravel())
        rows.append((forces[1] - forces[0]) / 2e-3)
    return int((np.linalg.eigvalsh(np.array(rows)) < -0.05).sum())


@pytest.mark.parametrize(("relax", "moving"), [(False, 0), (True, 36)])
def test_held_atoms_stay_where_they_are(relax, moving):
    found = minimum_energy_path(Analytic(), "111", band=Band(relax_slab=relax, force=0.05))
    slabs = np.stack([frame.positions[:-2] for frame in found.frames])
    moved = np.ptp(slabs, axis=0).max(axis=1) > 0
    assert moved.sum() == moving
    assert not moved[:18].any()


def test_a_valley_that_only_falls_has_no_barrier():
    with pytest.raises(UserError, match="there is no barrier"):
        minimum_energy_path(Valley(barrier=0.0, depth=1.0), "111")


def test_atoms_that_come_together_again_are_refused():
    with pytest.raises(UserError, match="recombine"):
        minimum_energy_path(Valley(barrier=0.0, depth=-1.0), "111")


def test_a_path_that_does_not_converge_is_refused_with_the_force_that_is_left():
    with pytest.raises(UserError, match=r"not converged after 3 steps; a force of 0\.\d+ eV/Å"):
        minimum_energy_path(Analytic(), "111", band=Band(steps=3))


@pytest.mark.parametrize(
    ("facet", "options", "said"),
    [
        ("321", {}, "no facet '321'; known: 111, 100, 110, 211"),
        ("111", {"site": "top"}, r"\(111\) has no site 'top'; known: bridge"),
        ("111", {"formula": "H2O"}, "not a diatomic"),
        ("111", {"element": "Kryptonite"}, "not a chemical symbol"),
        ("111", {"element": "Ni"}, "does not know Ni"),
    ],
)
def test_what_cannot_be_built_is_refused(facet, options, said):
    with pytest.raises(UserError, match=said):
        minimum_energy_path(Analytic(), facet, **options)


def test_a_path_beside_itself_differs_in_no_row(bridge):
    rows = bridge.rows(bridge)
    assert [row.unit for row in rows] == ["eV", "Å", "Å", "°"]
    assert rows[0].quantity == "barrier, Cu(111) bridge"
    assert rows[0].potential == bridge.barrier
    assert not any(row.difference for row in rows)
