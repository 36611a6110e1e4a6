import numpy as np
import pytest

from scatter.initial.surface import Thermalise
from scatter.potentials.analytic import Analytic
from scatter.settings import UserError
from scatter.validation import lattice
from scatter.validation.lattice import thermal_expansion

QUICK = Thermalise(timestep_fs=5, equilibrate_fs=200, friction_per_fs=0.02)


@pytest.fixture
def linear(monkeypatch):
    """Crystals that expand by 1e-4 Å/K."""

    def measured(potential, element, temperature_K, settings, seed, progress):
        progress(0.5)
        return 3.6 + 1e-4 * temperature_K, 1e-6 * temperature_K

    monkeypatch.setattr(lattice, "lattice_constant_at", measured)


@pytest.mark.slow
def test_a_hot_crystal_is_larger_than_one_at_rest(tmp_path, monkeypatch):
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path))
    found = thermal_expansion(Analytic(), "Cu", [400], QUICK)
    assert found.lattice_constants[0] - found.at_rest > 10 * found.errors[0]
    assert 0 < found.errors[0] < 0.003


def test_every_temperature_has_its_own_lattice_constant_and_error(linear):
    told = []
    found = thermal_expansion(Analytic(), "Cu", [300, 200, 900], progress=told.append)
    assert found.lattice_constants == pytest.approx([3.63, 3.62, 3.69])
    assert found.errors == pytest.approx([3e-4, 2e-4, 9e-4])
    assert told == sorted(told)
    assert told[-1] == 1


def test_rows_pair_the_same_temperature(linear):
    found = thermal_expansion(Analytic(), "Cu", [300, 900])
    values = found.rows(found)[::2]
    assert [row.quantity for row in values] == [
        "lattice constant of Cu at 300 K",
        "lattice constant of Cu at 900 K",
    ]
    assert [row.potential for row in values] == pytest.approx([3.63, 3.69])
    with pytest.raises(ValueError, match="same temperatures"):
        found.rows(thermal_expansion(Analytic(), "Cu", [300, 800]))


@pytest.mark.parametrize("temperatures", [[], [300, 0], [-1], [np.nan]])
def test_a_temperature_that_is_none_is_refused(temperatures):
    with pytest.raises(UserError, match="temperatures must be positive"):
        thermal_expansion(Analytic(), "Cu", temperatures)
