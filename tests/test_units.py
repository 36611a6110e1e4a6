import pytest
import scipy.constants

from scatter import units


def test_constants_are_those_of_scipy():
    """They are written down, so that a machine without SciPy has them too."""
    assert units.atomic_mass == scipy.constants.atomic_mass
    assert (units.e, units.k) == (scipy.constants.e, scipy.constants.k)
    assert units.hbar_Js == scipy.constants.hbar


def test_the_time_unit_is_ten_femtoseconds():
    assert 1 / units.fs == pytest.approx(10.1805, abs=1e-4)
