"""Laws of the two-temperature model: it keeps energy, and has closed forms where nothing flows."""

from math import exp, sqrt

import numpy as np
import pytest

from scatter.friction.table import Laser
from scatter.friction.two_temperature import CELL_nm, Metal, heated, profiles, times_of
from scatter.settings import UserError

T = 300.0


def absorbed_J_per_m2(laser, both):
    """What electrons and lattice have taken up at the end, by temperatures of all cells."""
    hot, lattice = both[0::2, -1], both[1::2, -1]
    metal = Metal(laser)
    steps = np.linspace(0, 1, 400)[:, None]
    heat = metal.lattice_heat(T + steps * (lattice - T))
    taken = np.trapezoid(heat, dx=1 / 399, axis=0) * (lattice - T)
    return ((0.5 * laser.heat_J_per_m3K2 * (hot**2 - T**2) + taken) * metal.width).sum()


@pytest.mark.parametrize(
    "laser",
    [Laser(fluence_mJ_per_cm2=4.0), Laser(fluence_mJ_per_cm2=1.0, peaks_fs=[300.0, 900.0]),
     Laser(fluence_mJ_per_cm2=3.0, thickness_nm=20.0, fwhm_fs=50.0)],
)  # fmt: skip
def test_all_energy_of_the_pulses_is_in_electrons_and_lattice(laser):
    both = profiles(laser, T, times_of(laser, 2500.0))
    due = 10 * laser.fluence_mJ_per_cm2 * len(laser.peaks_fs)
    assert absorbed_J_per_m2(laser, both) == pytest.approx(due, rel=1e-3)


def test_where_nothing_flows_electrons_are_as_hot_as_their_heat_capacity_says():
    laser = Laser(fluence_mJ_per_cm2=2.0, coupling_W_per_m3K=1.0, conductivity_W_per_mK=0.0)
    hot = profiles(laser, T, times_of(laser, 800.0))[0::2, -1]
    depth, cell = laser.depth_nm, CELL_nm
    share = (1 - exp(-cell / depth)) / (1 - exp(-laser.thickness_nm / depth)) / (cell * 1e-9)
    expected = sqrt(T**2 + 2 * 20.0 * share / laser.heat_J_per_m3K2)
    assert hot[0] == pytest.approx(expected, rel=1e-5)
    assert hot[10] ** 2 - T**2 == pytest.approx((hot[0] ** 2 - T**2) * exp(-10 / depth), rel=1e-4)


def test_a_thin_film_ends_at_one_temperature():
    laser = Laser(fluence_mJ_per_cm2=1.0, thickness_nm=10.0, coupling_W_per_m3K=5e17)
    both = profiles(laser, T, times_of(laser, 5000.0))[:, -1]
    assert np.ptp(both) < 0.5
    assert both[0] > T + 20


def test_the_lattice_of_a_cold_metal_takes_up_less_heat():
    laser = Laser(fluence_mJ_per_cm2=1.0)
    heat = Metal(laser).lattice_heat(np.array([0.0, 10.0, 34.3, 343.0, 5000.0]))
    hot = laser.lattice_J_per_m3K
    assert heat[0] == 0
    assert heat[2] / hot == pytest.approx(4 * np.pi**4 / 5 * 0.1**3, rel=0.03)  # Debye's T³ law
    assert heat[3] / hot == pytest.approx(0.952, abs=0.001)
    assert heat[4] == hot


def test_the_surface_of_copper_is_hottest_after_the_pulse_and_lines_describe_it():
    laser = Laser(fluence_mJ_per_cm2=5.0)
    surface = heated(laser, T, 6000.0)
    peak = surface.electrons_K.argmax()
    assert 300 < surface.time_fs[peak] < 450
    assert 3000 < surface.electrons_K[peak] < 6000
    assert surface.lattice_K.max() < 500
    assert (np.diff(surface.time_fs) > 0).all()
    between = 0.5 * (surface.time_fs[1:] + surface.time_fs[:-1])
    line = np.interp(between, surface.time_fs, surface.electrons_K)
    exact = profiles(laser, T, np.append(between, 6000.0))[0, :-1]
    assert line == pytest.approx(exact, rel=2e-3)


def test_a_surface_at_0_K_is_refused():
    with pytest.raises(UserError, match="needs a surface above 0 K"):
        heated(Laser(fluence_mJ_per_cm2=1.0), 0.0, 1000.0)
