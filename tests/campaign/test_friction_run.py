"""Campaigns whose projectiles feel electrons: rows, ledger, folder, replay, and what is refused."""

import json

import h5py
import numpy as np
import pytest
from killed_run import killed
from tiny_runs import run_in

import scatter
from scatter import store
from scatter.analysis.ledger import ledgers
from scatter.analysis.ledger_tables import ledger_means
from scatter.campaign.elsewhere import write_prepared
from scatter.campaign.replay import replay
from scatter.columns import ELECTRONS, ELECTRONS_OF_A_BOND
from scatter.results.folder import ResultsFile
from scatter.rows import ROW
from scatter.settings import UserError

pytestmark = pytest.mark.slow

FELT = {"friction__kind": "ldfa", "sampling__trajectories": 4, "frames__trajectories": 0}
KINDS = ("kinetic_molecule", "kinetic_slab", "potential_molecule", "potential_slab", "coupling")


@pytest.fixture(scope="module")
def felt(write_tiny, tmp_path_factory):
    """The folder of a tiny campaign with electronic friction."""
    return run_in(write_tiny(tmp_path_factory.mktemp("felt"), **FELT).parent)


def rows_of(folder):
    rows = store.trajectories(folder)
    return rows[np.lexsort((rows["number"], rows["point"]))]


def test_a_row_tells_what_electrons_were_given_and_the_energies_add_up(felt):
    rows = rows_of(felt)
    columns = [*ELECTRONS, *ELECTRONS_OF_A_BOND]
    assert rows.dtype.names == (*ROW.names, *(column.name for column in columns))
    change = sum(rows[f"final_{kind}_eV"] - rows[f"initial_{kind}_eV"] for kind in KINDS)
    assert np.all(np.abs(change + rows["electrons_eV"]) <= rows["energy_error_eV"] + 1e-9)
    assert np.abs(rows["electrons_eV"]).max() > 3 * rows["energy_error_eV"].max()
    dissipated = rows["electrons_dissipated_eV"]
    assert rows["electrons_noise_eV"] + dissipated == pytest.approx(rows["electrons_eV"])
    assert np.all(dissipated > 0)
    for part in ("bond", "centre"):
        assert np.all((rows[f"electrons_{part}_eV"] > 0) & (rows["electrons_bond_eV"] < dissipated))


def test_the_ledger_closes_with_a_term_for_the_electrons(felt):
    results = ResultsFile.of(felt)
    ledger = ledgers(results.points, results.trajectories, results.molecules)
    assert np.all(np.abs(ledger["deviation_eV"]) <= ledger["energy_error_eV"] + 1e-9)
    assert (ledger["electrons_eV"] == results.trajectories["electrons_eV"]).all()
    assert "electrons" in set(ledger_means(results.points, ledger).term)


@pytest.mark.parametrize("changes", [{"run__slots": 1}, {"run__slots": 3, "run__threads": 2}])
def test_how_it_is_run_changes_no_bit(felt, run_tiny, tmp_path, changes):
    assert rows_of(run_tiny(tmp_path, **FELT, **changes)).tobytes() == rows_of(felt).tobytes()


def test_a_campaign_that_goes_on_has_the_same_bits(felt, run_tiny, tmp_path):
    run_tiny(tmp_path, **FELT | {"sampling__trajectories": 2})
    assert rows_of(run_tiny(tmp_path, **FELT)).tobytes() == rows_of(felt).tobytes()


def test_a_trajectory_is_replayed_to_the_bit(felt):
    again = replay(felt, 1, 3, None, False, lambda words: None)
    assert not again.differs
    errors = np.abs([frame.info["energy_error_eV"] for frame in again.frames])
    assert errors.max() < 0.5 * abs(again.row["electrons_eV"])


def test_other_electrons_are_another_campaign(felt, write_tiny, tmp_path):
    changes = {**FELT, "friction__electrons_K": 900, "run__output": str(felt)}
    with pytest.raises(UserError, match="electrons_K was not given and is now 900"):
        run_in(write_tiny(tmp_path, **changes).parent)


def test_a_file_of_temperatures_that_changes_is_noticed(write_tiny, tmp_path):
    file = tmp_path / "hot.csv"
    file.write_text("time_fs,T_K\n0,600\n50,2000\n100,600\n")
    path = write_tiny(tmp_path, **FELT | {"sampling__trajectories": 2},
                      friction__electrons_K=str(file))  # fmt: skip
    folder = run_in(path.parent)
    assert not replay(folder, 0, 1, None, False, lambda words: None).differs
    file.write_text("time_fs,T_K\n0,600\n50,2100\n100,600\n")
    with pytest.raises(UserError, match="holds this campaign from before a change of friction"):
        run_in(path.parent)
    with pytest.raises(UserError, match="the temperature of .friction. differs from what"):
        replay(folder, 0, 1, None, False, lambda words: None)


@pytest.mark.parametrize(
    ("text", "why"),
    [("time,T\n0,1\n1,2\n", "first line must be time_fs,T_K"), ("time_fs,T_K\n0,1\n", "two rows"),
     ("time_fs,T_K\n0,1\n0,2\n", "must be finite and increase"),
     ("time_fs,T_K\n0,-1\n1,2\n", "row 2: T_K = -1"), ("time_fs,T_K\n0,a\n1,2\n", "row 2")],
)  # fmt: skip
def test_temperatures_that_cannot_be_are_refused(write_tiny, tmp_path, text, why):
    file = tmp_path / "hot.csv"
    file.write_text(text)
    path = write_tiny(tmp_path, **FELT, friction__electrons_K=str(file))
    with pytest.raises(UserError, match=why):
        run_in(path.parent)


def test_a_laser_heats_the_electrons_and_its_temperatures_are_stored(write_tiny, tmp_path):
    laser = {"fluence_mJ_per_cm2": 8.0, "peaks_fs": [60.0], "fwhm_fs": 40.0}
    changes = {**FELT, "sampling__trajectories": 3, "dynamics__bath": "bottom",
               "dynamics__bath_layers": 1,
               "friction__laser": laser, "dynamics__max_time_fs": 900.0}  # fmt: skip
    folder = run_in(write_tiny(tmp_path, **changes).parent)
    with h5py.File(folder / "results.h5") as file:
        stored = {name: file[f"temperatures/111 600 K/{name}"][()] for name in
                  ("time_fs", "electrons_K", "lattice_K")}  # fmt: skip
    assert stored["electrons_K"][0] == stored["lattice_K"][0] == 600
    assert 3000 < stored["electrons_K"].max() < 9000
    assert 600 < stored["lattice_K"].max() < 900
    rows = rows_of(folder)
    change = sum(rows[f"final_{kind}_eV"] - rows[f"initial_{kind}_eV"] for kind in KINDS)
    given = rows["electrons_eV"] + rows["bath_eV"]
    assert np.all(np.abs(change + given) <= rows["energy_error_eV"] + 1e-9)
    assert not replay(folder, 0, 1, None, False, lambda words: None).differs
    assert len(scatter.Results.open(folder).trajectories) == 6


def test_a_campaign_with_a_laser_that_is_killed_goes_on_to_the_same_bits(write_tiny, tmp_path):
    changes = {**FELT, "dynamics__bath": "bottom", "dynamics__bath_layers": 1,
               "friction__laser": {"fluence_mJ_per_cm2": 8.0, "peaks_fs": [60.0], "fwhm_fs": 40.0},
               "dynamics__max_time_fs": 900.0}  # fmt: skip
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole = run_in(write_tiny(tmp_path / "whole", **changes).parent)
    path = write_tiny(tmp_path / "killed", **changes)
    assert 0 < killed(path, 3) < killed(path, 3) < 8
    folder = run_in(path.parent)
    assert rows_of(folder).tobytes() == rows_of(whole).tobytes()
    with h5py.File(whole / "results.h5") as one, h5py.File(folder / "results.h5") as other:
        for name in ("time_fs", "electrons_K", "lattice_K"):
            place = f"temperatures/111 600 K/{name}"
            assert one[place][()].tobytes() == other[place][()].tobytes()


def test_an_element_that_has_no_friction_is_refused(write_tiny, tmp_path):
    path = write_tiny(tmp_path, **FELT, friction__atoms={"Cu": str(tmp_path / "none.dat")})
    with pytest.raises(UserError, match="friction. atoms = {Cu = .*none.dat'}: .*no such file"):
        run_in(path.parent)


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"friction__density": "h2cu.json"}, "a model of the density is not computed on a GPU"),
     ({"friction__laser": {"fluence_mJ_per_cm2": 8.0}, "dynamics__bath": "bottom"},
      "a bath that a laser heats is not computed on a GPU")],
)  # fmt: skip
def test_friction_is_refused_where_it_is_not_computed(write_tiny, tmp_path, changes, why):
    path = write_tiny(tmp_path, **FELT, **changes)
    with pytest.raises(UserError, match=why):
        write_prepared(path, tmp_path / "out.npz")


def test_the_folder_tells_of_the_electrons(felt):
    manifest = store.read_manifest(felt)
    assert [*manifest["friction"]["friction"]] == ["H2 on 111 600 K"]
    assert manifest["friction"]["temperature"] == {"111 600 K": "600.0 K"}
    results = ResultsFile.of(felt)
    assert json.loads(results.description["friction"]) == manifest["friction"]


def test_hydrogen_gives_more_to_electrons_than_deuterium(write_tiny, tmp_path):
    """Of one path friction takes ∫ η v ds: at one energy v, and so the loss, falls as m^-½."""
    both = {"sampling__trajectories": 48, "molecule__formula": ["H2", "D2"], "molecule__v": 1}
    friction = {"friction__kind": "ldfa", "friction__electrons_K": 0}
    paths = []
    for name, changes in (("off", both), ("on", both | friction)):
        (tmp_path / name).mkdir()
        out = str(tmp_path / name / "out")
        paths.append(write_tiny(tmp_path / name, **changes, run__output=out))
    found = scatter.compare(*paths, tmp_path / "both").observables
    means = found[found["among"] == "all"].set_index(["name", "molecule"])
    given = {m: means.loc["electrons_eV", m]["difference"].mean() for m in ("H2", "D2")}
    assert given["D2"] > 0.01
    assert 1.2 < given["H2"] / given["D2"] < 1.65  # √2, and what paths differ by
    for molecule in ("H2", "D2"):
        S0 = means.loc["dissociated", molecule]
        assert np.all(S0["low"] <= 0)  # no more stick
