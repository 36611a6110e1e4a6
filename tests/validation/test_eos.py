import numpy as np
import pytest
from ase.units import GPa

from scatter.potentials.analytic import Analytic
from scatter.potentials.base import Evaluator, Potential
from scatter.settings import UserError
from scatter.validation.eos import bulk_crystal

LATTICE, ENERGY, MODULUS, DERIVATIVE = 3.7, -3.3, 140.0, 5.5


class Birch(Potential, Evaluator):
    """A crystal whose equation of state is the third-order one of Birch and Murnaghan."""

    elements, description, cutoff, identity = frozenset({29}), "a crystal of Birch's", 5.0, "birch"

    def __init__(self, sign=1.0):
        self.sign = sign

    def bind(self, system, slots):
        self.volume = abs(np.linalg.det(system.cell)) / len(system)
        self.atoms = len(system)
        return self

    def begin(self, slots, positions):
        f = ((LATTICE**3 / 4 / self.volume) ** (2 / 3) - 1) / 2  # Eulerian strain
        B, V0 = MODULUS * GPa, LATTICE**3 / 4
        strain = 4.5 * B * V0 * f**2 * (1 + (DERIVATIVE - 4) * f)
        energies = np.full(len(positions), self.atoms * (ENERGY + self.sign * strain))
        return energies, np.zeros_like(positions)


def test_an_exact_equation_of_state_is_found_again():
    found = bulk_crystal(Birch())
    assert found.lattice_constant == pytest.approx(LATTICE, abs=1e-6)
    assert found.energy == pytest.approx(ENERGY, abs=1e-9)
    assert found.bulk_modulus == pytest.approx(MODULUS, rel=1e-5)
    assert found.pressure_derivative == pytest.approx(DERIVATIVE, rel=1e-3)
    assert found(found.lattice_constants) == pytest.approx(found.energies, abs=1e-9)


def test_the_bulk_modulus_is_the_curvature_of_the_energy_by_the_volume():
    found = bulk_crystal(Analytic())
    V0 = found.lattice_constant**3 / 4
    V = V0 * np.array([0.999, 1.0, 1.001])
    below, middle, above = found((4 * V) ** (1 / 3))
    curvature = (below - 2 * middle + above) / (0.001 * V0) ** 2
    assert V0 * curvature / GPa == pytest.approx(found.bulk_modulus, rel=1e-4)
    assert found(found.lattice_constants) == pytest.approx(found.energies, abs=5e-5)


def test_a_potential_beside_itself_differs_in_no_row():
    found = bulk_crystal(Analytic())
    rows = found.rows(found)
    assert [row.unit for row in rows] == ["Å", "GPa", "eV"]
    assert [row.difference for row in rows] == [0, 0, 0]
    assert rows[0].potential == found.lattice_constant


def test_a_potential_that_holds_no_crystal_is_refused():
    with pytest.raises(UserError, match="holds no fcc crystal of Cu"):
        bulk_crystal(Birch(sign=-1.0))
