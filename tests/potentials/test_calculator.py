import numpy as np
import pytest
from ase.build import fcc111
from ase.calculators.fd import calculate_numerical_forces

from scatter.potentials.analytic import Analytic
from scatter.potentials.calculator import PotentialCalculator
from scatter.settings import UserError


@pytest.fixture
def slab():
    atoms = fcc111("Cu", (2, 2, 3), a=3.68, vacuum=10.0)
    atoms.rattle(0.05, seed=1)
    atoms.calc = PotentialCalculator(Analytic())
    return atoms


def test_the_forces_are_the_slope_of_the_energy_on_every_atom(slab):
    expected = calculate_numerical_forces(slab, 1e-4)
    assert np.allclose(slab.get_forces(), expected, atol=1e-5)
    assert abs(expected).min(axis=0).max() > 0


def test_a_calculator_that_has_seen_other_atoms_cells_and_elements_forgets_them(slab):
    calculator = slab.calc
    changed = slab.copy()
    changed.set_cell(slab.cell * 1.02, scale_atoms=True)
    fewer = slab[:7]
    for atoms in (slab, changed, fewer, slab):
        atoms.calc = calculator
        found = atoms.get_potential_energy()
        atoms.calc = PotentialCalculator(Analytic())
        assert found == atoms.get_potential_energy()
    assert changed.get_potential_energy() != slab.get_potential_energy()


def test_a_cell_without_volume_is_refused(slab):
    slab.set_cell(slab.cell * [[1], [1], [0]])
    slab.pbc = True
    with pytest.raises(UserError, match="lattice vector of zero length"):
        slab.get_potential_energy()
