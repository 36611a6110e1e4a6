"""Which atoms of a slab are in a bath, and with which friction."""

from dataclasses import replace
from math import pi, sqrt

import numpy as np
import pytest

from scatter.dynamics.stop import Dynamics
from scatter.initial.edge import debye_frequency, edge_atoms, edge_of
from scatter.initial.slab import build, slab_masses
from scatter.initial.snapshots import Snapshots
from scatter.initial.surface import Surface
from scatter.potentials.base import Evaluator, Potential
from scatter.settings import UserError
from scatter.units import K, fs

SIZES = {"111": [3, 3, 6], "100": [3, 3, 6], "110": [3, 3, 6], "211": [3, 4, 6]}
STIFF = 3.0, 2.0, 1.0  # eV/Å² along x, y and z


class Einstein(Potential, Evaluator):
    """Every atom has springs of its own."""

    elements, cutoff = frozenset({29}), 5.0
    description = identity = "springs"

    def bind(self, system, slots):
        self.moving = system.moving
        return self

    def begin(self, slots, positions):
        return self(positions)

    def __call__(self, positions):
        forces = -np.array(STIFF) * positions * self.moving[:, None]
        return np.zeros(len(positions)), forces

    def keep(self, slots):
        pass


def slab(facet="111", **changes):
    size = changes.pop("size", SIZES[facet])
    return build(Surface(facet=facet, temperature_K=300, size=size, **changes), facet, 3.66)


@pytest.mark.parametrize("facet", SIZES)
@pytest.mark.parametrize("layers", [1, 3])
def test_the_lowest_layers_that_move_are_in_the_bath(facet, layers):
    system, ideal = slab(facet)
    atoms = edge_atoms(Dynamics(bath="bottom", bath_layers=layers), system, ideal)
    each = len(ideal) // 6
    assert atoms.tolist() == list(range(2 * each, (2 + layers) * each))


def test_without_a_bath_no_atom_is_in_it():
    system, ideal = slab()
    assert not len(edge_atoms(Dynamics(), system, ideal))
    assert edge_of(Dynamics(), Einstein(), system, ideal, thermal(system, 300.0, 2), 300.0) is None


def test_adsorbates_are_never_in_the_bath():
    system, ideal = slab(size=[2, 2, 4], frozen_layers=2)
    lifted = replace(system, adsorbates=np.array([13, 15]))
    with pytest.raises(UserError, match="2 of the slab's 4 layers move"):
        edge_atoms(Dynamics(bath="bottom", bath_layers=2), lifted, ideal)
    lower = replace(system, adsorbates=np.array([9]))
    atoms = edge_atoms(Dynamics(bath="bottom", bath_layers=1), lower, ideal)
    assert 9 not in atoms
    assert len(atoms)


def test_a_slab_of_which_no_layer_is_left_is_refused():
    system, ideal = slab(size=[2, 2, 4], frozen_layers=3)
    with pytest.raises(UserError, match="bath_layers = 1: 1 of the slab's 4 layers move"):
        edge_atoms(Dynamics(bath="bottom", bath_layers=1), system, ideal)
    rigid = replace(system, moving=np.zeros(len(system), bool))
    with pytest.raises(UserError, match="0 of the slab's 4 layers move"):
        edge_atoms(Dynamics(bath="bottom", bath_layers=1), rigid, ideal)


def thermal(system, T_K, count):
    """Snapshots of the springs in equilibrium."""
    rng, shape = np.random.default_rng(2), (count, len(system), 3)
    positions = rng.normal(size=shape) * np.sqrt(T_K * K / np.array(STIFF))
    number = np.arange(count)
    still = np.zeros(shape)
    return Snapshots(number, number, number + 0.0, positions, still, number + 0.0)


def test_the_automatic_friction_is_that_of_the_forces_in_the_snapshots():
    system, ideal = slab()
    snapshots = thermal(system, 600.0, 100)
    edge = edge_of(
        Dynamics(bath="bottom", bath_layers=1), Einstein(), system, ideal, snapshots, 600.0
    )
    omega = sqrt(5 / 3 * sum(STIFF) / 3 / slab_masses(system)[0])
    # 64 snapshots of 9 atoms along three axes
    assert edge.per_fs[0] == pytest.approx(pi / 6 * omega * fs, rel=5 / 2 * sqrt(2 / (64 * 27)))
    assert (edge.per_fs == edge.per_fs[0]).all()
    assert edge.per_fs[0] == float(f"{edge.per_fs[0]:.4g}")
    assert edge.T_K == 600.0
    given = Dynamics(bath="bottom", bath_layers=1, bath_per_fs=0.03)
    assert edge_of(given, Einstein(), system, ideal, snapshots, 600.0).per_fs[0] == 0.03


def test_the_debye_frequency_of_copper_is_that_of_its_debye_temperature():
    """θ = 343 K, ħω = 29.6 meV: of forces whose mean square is 3 m kT (3/5) ω²."""
    kT, mass, omega = 300 * K, 63.546, 0.0449 / fs
    rng = np.random.default_rng(4)
    forces = rng.normal(size=(4000, 2, 3)) * sqrt(0.6 * mass * kT) * omega
    found = debye_frequency(forces, np.full(2, mass), kT)
    assert found == pytest.approx(omega, rel=5 / 2 * sqrt(2 / 24000))
    assert pi / 6 * found * fs == pytest.approx(0.0235, abs=0.0004)
