"""Campaigns on slabs at rest: what their rows say of the slab."""

import numpy as np
import pytest
from tiny_runs import TINY

from scatter.results.folder import ResultsFile


@pytest.fixture
def rows(monkeypatch, write_tiny, run_tiny, tmp_path):
    def ran(**keys):
        warm = {key: value for key, value in TINY.items() if key != "surface.thermalise"}
        monkeypatch.setattr("tiny_runs.TINY", warm)
        changes = {f"surface__{key}": value for key, value in keys.items()}
        folder = run_tiny(tmp_path, sampling__trajectories=6, **changes)
        return ResultsFile.of(folder)

    return ran


@pytest.mark.slow
def test_the_slab_of_a_rigid_surface_never_has_kinetic_energy_and_energy_is_conserved(rows):
    results = rows(frozen_layers="all")
    ended = results.trajectories
    assert not ended["initial_kinetic_slab_eV"].any()
    assert not ended["final_kinetic_slab_eV"].any()
    assert np.ptp(ended["final_potential_slab_eV"]) == 0
    assert np.abs(ended["energy_error_eV"]).max() < 0.05
    assert results.surfaces == {"111": "rigid Cu(111)"}


@pytest.mark.slow
def test_the_slab_at_0_K_begins_at_rest_and_is_set_in_motion_by_the_molecule(rows):
    ended = rows(temperature_K=0, lattice_constant_A="auto").trajectories
    assert not ended["initial_kinetic_slab_eV"].any()
    assert np.ptp(ended["initial_potential_slab_eV"]) == 0
    assert (ended["final_kinetic_slab_eV"] > 0.001).all()
    assert set(ended["snapshot"]) == {0}
    assert np.abs(ended["energy_error_eV"]).max() < 0.05
