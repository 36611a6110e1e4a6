import numpy as np
import pytest

from scatter.initial.lattice import (
    Isotherm,
    crystal,
    lattice_constant_at,
    static_lattice_constant,
    zero_pressure,
)
from scatter.initial.surface import Thermalise
from scatter.potentials.base import Evaluator, Potential
from scatter.settings import UserError
from scatter.units import K

REST, STIFFNESS, SPRING, SOFTENING, KELVIN = 3.6, 8.0, 3.0, 12, 600.0
QUICK = Thermalise(timestep_fs=5, equilibrate_fs=300, friction_per_fs=0.02)


class Grueneisen(Potential):
    """A crystal whose thermal expansion is known exactly.

    Per atom, U = c (a - a0)²/2 + k(a) u²/2 with k = k0 (a0/a)^m, so that the pressure is
    P = (4/a³) (m k_B T / 2 - c a (a - a0) / 3).
    """

    elements = frozenset({29})
    description = "springs that soften as the crystal expands"
    cutoff = 1.0

    def __init__(self, spring=SPRING, stiffness=STIFFNESS):
        self.spring, self.stiffness, self.identity, self.calls = spring, stiffness, "g", 0

    def bind(self, system, slots):
        repeat = round((len(system) / 4) ** (1 / 3))
        return Bound(self, *crystal("Cu", system.cell[0, 0] / repeat, repeat), repeat)


class Bound(Evaluator):
    def __init__(self, potential, system, sites, repeat):
        self.potential, self.sites, a = potential, sites, system.cell[0, 0] / repeat
        self.rest = len(sites) * potential.stiffness * (a - REST) ** 2 / 2
        self.spring = potential.spring * (REST / a) ** SOFTENING

    def begin(self, slots, positions):
        return self(positions)

    def __call__(self, positions):
        self.potential.calls += 1
        u = positions - self.sites
        return self.rest + 0.5 * self.spring * (u**2).sum(axis=(1, 2)), -self.spring * u

    def keep(self, slots):
        raise AssertionError("no replica ends before the others")


def expanded(kelvin):
    """The root of P: a (a - a0) = 3 m k_B T / 2 c."""
    return REST / 2 + np.sqrt(REST**2 / 4 + 1.5 * SOFTENING * kelvin * K / STIFFNESS)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path))


def test_the_crystal_is_fcc():
    system, positions = crystal("Cu", 3.6, 2)
    assert len(system) == 32
    assert system.cell == pytest.approx(7.2 * np.eye(3))
    assert system.moving.all()
    distances = np.linalg.norm(positions[1:] - positions[0], axis=1)
    assert distances.min() == pytest.approx(3.6 / np.sqrt(2))


def test_the_lattice_constant_at_rest_is_where_the_energy_is_least():
    assert static_lattice_constant(Grueneisen(), "Cu") == pytest.approx(REST, abs=1e-6)


def test_copper_of_ackland_and_others_has_the_lattice_constant_it_was_fitted_to():
    from scatter.potentials.analytic import Analytic

    assert static_lattice_constant(Analytic(), "Cu") == pytest.approx(3.615, abs=1e-4)


@pytest.mark.slow
def test_the_pressure_is_that_of_the_exact_equation_of_state():
    isotherm = Isotherm(Grueneisen(), "Cu", KELVIN, QUICK, 3)
    for number, a in enumerate((3.58, 3.66)):
        exact = 4 / a**3 * (SOFTENING * KELVIN * K / 2 - STIFFNESS * a * (a - REST) / 3)
        pressure, error = isotherm.pressure(a, 60, number)
        assert abs(pressure - exact) < 3 * error
        assert error < 0.001


def test_the_lattice_constant_expands_as_the_exact_equation_of_state_says():
    value, error = lattice_constant_at(Grueneisen(), "Cu", KELVIN, QUICK, 1)
    assert error < 0.001
    assert abs(value - expanded(KELVIN)) < 3 * error
    assert value - REST > 20 * error


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bits_from_the_cache_or_anew(tmp_path, monkeypatch):
    first = lattice_constant_at(Grueneisen(), "Cu", KELVIN, QUICK, 1)
    kept = Grueneisen()
    assert lattice_constant_at(kept, "Cu", KELVIN, QUICK, 1) == first
    assert kept.calls == 0
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path / "empty"))
    told = []
    assert lattice_constant_at(Grueneisen(), "Cu", KELVIN, QUICK, 1, told.append) == first
    assert told == sorted(told)
    assert told[-1] == 1


def test_the_root_of_an_exact_line_is_exact_and_its_error_that_of_the_line():
    tried = [3.60, 3.62, 3.64]
    pressures = [(2.0 * (3.625 - a), 0.01) for a in tried]
    root, error = zero_pressure(tried, pressures)
    assert root == pytest.approx(3.625)
    spread = 2 * 0.02**2
    assert error == pytest.approx(0.01 / 2 * np.sqrt(1 / 3 + 0.005**2 / spread))


@pytest.mark.parametrize(("slope", "root"), [(2.0, 3.62), (-0.01, 33.6)])
def test_a_pressure_that_rises_or_has_its_root_far_away_is_refused(slope, root):
    tried = [3.60, 3.62, 3.64]
    with pytest.raises(UserError, match="fall to no zero nearby"):
        zero_pressure(tried, [(slope * (a - root), 0.01) for a in tried])


def test_a_crystal_that_melts_is_refused():
    with pytest.raises(UserError, match=r"at 600 K and a = 3.600 Å .* the crystal melts"):
        Isotherm(Grueneisen(spring=0.3), "Cu", KELVIN, QUICK, 3).pressure(3.6, 5, 0)


def test_a_potential_without_a_crystal_is_refused():
    with pytest.raises(UserError, match="holds no fcc crystal of Cu between 3.03 and 4.19 Å"):
        static_lattice_constant(Grueneisen(stiffness=-1.0), "Cu")
