"""The lattice constants a and c of a hcp crystal."""

import numpy as np
import pytest

from scatter.initial.crystals import bulk_crystal
from scatter.initial.hexagonal import (
    HexagonalIsotherm,
    free_of_stress,
    hexagonal_at,
    static_hexagonal,
)
from scatter.initial.surface import Thermalise
from scatter.potentials.base import Evaluator, Potential
from scatter.settings import UserError
from scatter.units import K

REST = np.array([2.7, 4.3])
STIFFNESS = np.array([[60.0, 15.0], [15.0, 40.0]])  # of an atom, in strains of a and c, eV
SOFTENING = np.array([9.0, 5.0])  # of a spring, with strains of a and c
SPRING, KELVIN = 4.0, 500.0
QUICK = Thermalise(timestep_fs=5, equilibrate_fs=300, friction_per_fs=0.02)


class Grueneisen(Potential):
    """A hcp crystal whose thermal expansion is known exactly.

    Per atom, U = e K e / 2 + k u² / 2 with e = (ln a/a0, ln c/c0) and k = k0 exp(-m e), so that
    the mean stresses are zero at K e = 3/2 m k_B T.
    """

    elements = frozenset({44})
    description = "springs that soften as the crystal expands"
    cutoff = 1.0

    def __init__(self, stiffness=STIFFNESS, spring=SPRING):
        self.stiffness, self.spring, self.identity, self.calls = stiffness, spring, "g", 0

    def bind(self, system, slots):
        return Bound(self, system)


class Bound(Evaluator):
    """Sites of the cell that is a multiple of the orthorhombic one."""

    def __init__(self, potential, system):
        self.potential = potential
        lengths = np.diag(system.cell)
        repeat = np.round(lengths / [REST[0], np.sqrt(3) * REST[0], REST[1]]).astype(int)
        x, y, c = lengths / repeat
        self.system, sites = bulk_crystal("Ru", "hcp", x, c, tuple(repeat.tolist()))
        self.sites = sites * [1, y / (np.sqrt(3) * x), 1]
        strains = np.log([(x * y / np.sqrt(3)) ** 0.5 / REST[0], c / REST[1]])
        self.rest = len(sites) * strains @ potential.stiffness @ strains / 2
        self.spring = potential.spring * np.exp(-SOFTENING @ strains)

    def begin(self, slots, positions):
        return self(positions)

    def __call__(self, positions):
        self.potential.calls += 1
        u = positions - self.sites
        return self.rest + 0.5 * self.spring * (u**2).sum(axis=(1, 2)), -self.spring * u

    def keep(self, slots):
        raise AssertionError("no replica ends before the others")


def expanded(kelvin):
    return REST * np.exp(np.linalg.solve(STIFFNESS, 1.5 * SOFTENING * kelvin * K))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path))


def test_both_constants_at_rest_are_where_the_energy_is_least():
    assert static_hexagonal(Grueneisen(), "Ru") == pytest.approx(REST, abs=2e-6)
    at_rest, errors = hexagonal_at(Grueneisen(), "Ru", 0.0, QUICK, 1)
    assert at_rest == pytest.approx(REST, abs=2e-6)
    assert (errors == 0).all()


@pytest.mark.slow
def test_both_stresses_are_those_of_the_exact_equation_of_state():
    isotherm = HexagonalIsotherm(Grueneisen(), "Ru", KELVIN, QUICK, 3)
    pair = REST * [1.01, 0.98]
    volume = np.sqrt(0.75) * pair[0] ** 2 * pair[1] / 2
    # <U> of the strains; k u²/2 is 3 kT/2 for each atom, and falls by m with the strain
    slopes = STIFFNESS @ np.log(pair / REST) - 1.5 * SOFTENING * KELVIN * K
    # the strained atoms move with the cell, so that no kinetic term is left of springs to sites
    exact = -slopes / volume / [2, 1]
    means, errors = isotherm.stresses(pair, 60, 0)
    assert (np.abs(means - exact) < 4 * errors).all()
    assert (errors < 0.01 * np.abs(exact)).all()


def test_both_constants_expand_as_the_exact_equation_of_state_says():
    values, errors = hexagonal_at(Grueneisen(), "Ru", KELVIN, QUICK, 1)
    assert (errors < 0.001).all()
    assert (np.abs(values - expanded(KELVIN)) < 4 * errors).all()
    assert (values - REST > 10 * errors).all()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bits_from_the_cache_or_anew(tmp_path, monkeypatch):
    first = hexagonal_at(Grueneisen(), "Ru", KELVIN, QUICK, 1)
    kept = Grueneisen()
    again = hexagonal_at(kept, "Ru", KELVIN, QUICK, 1)
    assert kept.calls == 0
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path / "empty"))
    told = []
    anew = hexagonal_at(Grueneisen(), "Ru", KELVIN, QUICK, 1, told.append)
    for values in (again, anew):
        assert (np.array(values) == np.array(first)).all()
    assert told == sorted(told)
    assert told[-1] == 1


def test_the_root_of_exact_lines_is_exact():
    root, slopes = np.array([2.71, 4.32]), np.array([[-3.0, -1.0], [-0.5, -2.0]])
    tried = [REST * (1 + np.array(s)) for s in ((0, 0), (0.01, 0), (-0.01, 0), (0, 0.01))]
    stresses = [(slopes @ np.log(pair / root), np.full(2, 0.01)) for pair in tried]
    found, errors = free_of_stress(tried, stresses)
    assert found == pytest.approx(root)
    _, wider = free_of_stress(tried, [(mean, 2 * error) for mean, error in stresses])
    assert wider == pytest.approx(2 * errors)


@pytest.mark.parametrize(
    "slopes", [[[3.0, 0.0], [0.0, -2.0]], [[-1.0, -3.0], [-3.0, -1.0]], [[-0.01, 0], [0, -0.01]]]
)
def test_a_crystal_that_is_not_stable_or_whose_root_is_far_is_refused(slopes):
    tried = [REST * (1 + np.array(s)) for s in ((0, 0), (0.01, 0), (0, 0.01))]
    stresses = [(np.array(slopes) @ np.log(pair / REST) + 0.01, np.full(2, 0.01)) for pair in tried]
    with pytest.raises(UserError, match="fall to no zero nearby"):
        free_of_stress(tried, stresses)


def test_a_potential_without_a_hcp_crystal_or_one_that_melts_is_refused():
    with pytest.raises(UserError, match="holds no hcp crystal of Ru between a = 2.27 and 3.13"):
        static_hexagonal(Grueneisen(-STIFFNESS), "Ru")
    isotherm = HexagonalIsotherm(Grueneisen(spring=0.2), "Ru", KELVIN, QUICK, 3)
    with pytest.raises(UserError, match=r"at 500 K and a = 2.700 Å .* the crystal melts"):
        isotherm.stresses(REST, 5, 0)
