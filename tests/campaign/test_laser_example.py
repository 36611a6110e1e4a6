"""The example of a laser pulse: hot electrons heat what is adsorbed, and the lighter one more."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from numba_threads import threads_as_before

import scatter
from scatter.state import System

EXAMPLE = Path(__file__).parents[2] / "docs" / "tutorials" / "laser.py"


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    made = importlib.util.spec_from_file_location("laser_example", EXAMPLE)
    module = importlib.util.module_from_spec(made)
    with pytest.MonkeyPatch.context() as patch, threads_as_before():
        patch.setenv("SCATTER_CACHE", str(tmp_path_factory.mktemp("cache")))
        made.loader.exec_module(module)
        yield module


def test_forces_are_the_slope_of_the_energy(example):
    numbers = np.append(np.full(12, 29), 1)
    rng = np.random.default_rng(0)
    ideal = np.concatenate([example.SITES, [[1.2, 0.7, example.SITES[-1, 2] + 1.4]]])
    moving = np.arange(13) > 3
    system = System(numbers, np.eye(3) * 9, (True, True, False), moving, projectile=1)
    x = ideal + 0.1 * rng.standard_normal(ideal.shape)
    well, step = example.Well(), 1e-5
    forces = well.energies_and_forces(system, x[None])[1][0]
    assert (forces[~moving] == 0).all()
    for atom, axis in ((5, 0), (9, 2), (12, 2)):
        shift = np.zeros_like(x)
        shift[atom, axis] = step
        ends = well.energies_and_forces(system, np.stack([x + shift, x - shift]))[0]
        slope = (ends[1] - ends[0]) / (2 * step)
        assert forces[atom, axis] == pytest.approx(slope, abs=1e-7)


@pytest.mark.slow
def test_a_pulse_heats_the_light_isotope_more(example):
    given = example.settings(8.0, trajectories=100, max_time_fs=500)
    with pytest.warns(UserWarning, match="S0 is not known"):  # some are on their way at the end
        rows = scatter.run(given, potential=example.Well()).trajectories
    taken = -rows.groupby("molecule")["electrons_eV"].mean()
    assert taken["H"] > 1.3 * taken["D"] > 0
    spread = rows["energy_error_eV"].max()  # of the energy with that of the electrons
    assert spread < 0.02
