"""A campaign whose slab is in a bath: its rows, ledger and folder, and a replay."""

import json

import numpy as np
import pytest
from tiny_runs import run_in

import scatter
from scatter import store
from scatter.analysis.ledger import ledgers
from scatter.analysis.ledger_tables import ledger_means
from scatter.campaign.replay import replay
from scatter.dynamics.motions import Verlet
from scatter.results.folder import ResultsFile
from scatter.rows import ROW
from scatter.settings import UserError

pytestmark = pytest.mark.slow

BATH = {
    "dynamics__bath": "bottom",
    "dynamics__bath_layers": 1,
    "sampling__trajectories": 5,
    "frames__trajectories": 0,
}
KINDS = ("kinetic_molecule", "kinetic_slab", "potential_molecule", "potential_slab", "coupling")


@pytest.fixture(scope="module")
def bathed(write_tiny, tmp_path_factory):
    """The folder of a tiny campaign in a bath."""
    return run_in(write_tiny(tmp_path_factory.mktemp("bathed"), **BATH).parent)


def rows_of(folder):
    rows = store.trajectories(folder)
    return rows[np.lexsort((rows["number"], rows["point"]))]


def test_a_row_tells_what_the_bath_was_given_and_the_energies_add_up(bathed):
    rows = rows_of(bathed)
    assert rows.dtype.names == (*ROW.names, "bath_eV")
    change = sum(rows[f"final_{kind}_eV"] - rows[f"initial_{kind}_eV"] for kind in KINDS)
    assert np.all(np.abs(change + rows["bath_eV"]) <= rows["energy_error_eV"] + 1e-9)
    assert np.abs(rows["bath_eV"]).max() > 5 * rows["energy_error_eV"].max()


def test_the_ledger_closes_with_a_term_for_the_bath(bathed):
    results = ResultsFile.of(bathed)
    ledger = ledgers(results.points, results.trajectories, results.molecules)
    assert np.all(np.abs(ledger["deviation_eV"]) <= ledger["energy_error_eV"] + 1e-9)
    assert (ledger["bath_eV"] == results.trajectories["bath_eV"]).all()
    assert "bath" in set(ledger_means(results.points, ledger).term)


def test_the_folder_tells_of_the_bath(bathed):
    manifest = store.read_manifest(bathed)
    [(name, told)] = manifest["baths"].items()
    assert name == "111 600 K"
    assert told["atoms"] == [8, 9, 10, 11]
    assert 0.01 < told["per_fs"][0] < 0.04
    assert [column[0] for column in manifest["columns"]] == ["bath_eV"]
    results = ResultsFile.of(bathed)
    assert json.loads(results.description["baths"]) == manifest["baths"]


@pytest.mark.parametrize("changes", [{"run__slots": 1}, {"run__slots": 3, "run__threads": 2}])
def test_how_it_is_run_changes_no_bit(bathed, run_tiny, tmp_path, changes):
    assert rows_of(run_tiny(tmp_path, **BATH, **changes)).tobytes() == rows_of(bathed).tobytes()


def test_a_campaign_that_goes_on_has_the_same_bits(bathed, run_tiny, tmp_path):
    run_tiny(tmp_path, **BATH | {"sampling__trajectories": 2})
    assert rows_of(run_tiny(tmp_path, **BATH)).tobytes() == rows_of(bathed).tobytes()


def test_a_trajectory_is_replayed_to_the_bit(bathed):
    again = replay(bathed, 1, 3, None, False, lambda words: None)
    assert not again.differs
    errors = np.abs([frame.info["energy_error_eV"] for frame in again.frames])
    assert errors.max() == pytest.approx(again.row["energy_error_eV"], rel=0.5)
    assert errors.max() < 0.2 * abs(again.row["bath_eV"])


def test_a_motion_of_ones_own_is_in_the_bath_too(bathed, write_tiny, tmp_path):
    path = write_tiny(tmp_path, **BATH)
    found = scatter.run(path, motion=Verlet()).trajectories
    expected = rows_of(bathed)
    for name in ("bath_eV", "final_kinetic_slab_eV"):
        assert np.sort(found[name].to_numpy()).tobytes() == np.sort(expected[name]).tobytes()


def test_another_bath_is_another_campaign(bathed, write_tiny, tmp_path):
    changes = {**BATH, "dynamics__bath_per_fs": 0.03, "run__output": str(bathed)}
    with pytest.raises(UserError, match=r'bath_per_fs was "auto" and is now 0.03'):
        run_in(write_tiny(tmp_path, **changes).parent)


def test_a_slab_that_leaves_no_layer_outside_is_refused(write_tiny, tmp_path):
    path = write_tiny(tmp_path, **{**BATH, "dynamics__bath_layers": 2})
    with pytest.raises(UserError, match="bath_layers = 2: 2 of the slab's 4 layers move"):
        run_in(path.parent)
    assert not (tmp_path / "out/blocks").exists()
