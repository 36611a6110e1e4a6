import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numba
import numpy as np
import pytest
from ase.io import read as read_frames
from killed_run import killed

import scatter
from scatter import store
from scatter.campaign import provenance as provenance_module
from scatter.config import read
from scatter.kernels import kernel
from scatter.phrases import counted
from scatter.potentials import sharing
from scatter.potentials.analytic import Analytic
from scatter.potentials.calculator import PotentialCalculator
from scatter.results.read import read_results
from scatter.rows import ROW
from scatter.settings import UserError
from scatter.units import K

SCATTER = str(Path(sys.executable).with_name("scatter"))


def rows(folder):
    return read_results(folder)[1]


def same(one, other):
    """Whether two tables hold the same bits (NaN included)."""
    return one.dtype == other.dtype == ROW and one.tobytes() == other.tobytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"run__slots": 1},
        {"run__slots": 5},
        {"run__slots": 64},
        {"run__slots": "auto"},
        {"frames__trajectories": 0},
    ],
)
def test_how_a_campaign_is_run_changes_no_bit_of_its_rows(undisturbed, run_tiny, tmp_path, changes):
    assert same(rows(run_tiny(tmp_path, **changes)), rows(undisturbed))


@pytest.mark.slow
def test_a_campaign_on_two_threads_has_the_rows_of_one_thread(
    undisturbed, run_tiny, tmp_path, capsys, monkeypatch
):
    # from call to call, shared or not
    monkeypatch.setattr(sharing, "WINDOW_S", 0.0)
    monkeypatch.setattr(sharing, "COST", float("inf"))
    # few, since threads that wait for one another at every step are slow on a busy machine
    few = rows(run_tiny(tmp_path, run__threads=2, sampling__trajectories=1))
    threads = min(2, numba.config.NUMBA_NUM_THREADS)
    fewer = "" if threads == 2 else " (not 2: it has no more cores)"
    assert f"1 rank with {counted(threads, 'thread')}{fewer} each" in capsys.readouterr().out
    whole = rows(undisturbed)
    assert same(few, whole[whole["number"] == 0])


@pytest.mark.slow
def test_another_seed_gives_other_trajectories(undisturbed, run_tiny, tmp_path):
    other = rows(run_tiny(tmp_path, run__seed=8, sampling__trajectories=2))
    assert not np.isin(other["impact_x_A"], rows(undisturbed)["impact_x_A"]).any()


@pytest.mark.slow
def test_an_energy_put_between_others_changes_none_of_their_rows(undisturbed, run_tiny, tmp_path):
    more = rows(run_tiny(tmp_path, incidence__energy_eV=[0.9, 1.05, 1.2]))
    kept = more[more["point"] != 1].copy()
    kept["point"] //= 2
    assert same(kept, rows(undisturbed))


@pytest.mark.slow
def test_the_same_command_again_changes_nothing(undisturbed, run_tiny, tmp_path):
    folder = run_tiny(tmp_path)
    blocks = {path.name for path in (folder / "blocks").iterdir()}
    assert run_tiny(tmp_path) == folder
    assert {path.name for path in (folder / "blocks").iterdir()} == blocks
    assert same(rows(folder), rows(undisturbed))


@pytest.mark.slow
def test_more_trajectories_extend_a_campaign_and_keep_its_rows(undisturbed, run_tiny, tmp_path):
    run_tiny(tmp_path, sampling__trajectories=5)
    first = rows(tmp_path / "out")
    folder = run_tiny(tmp_path, sampling__trajectories=12)
    assert same(rows(folder), rows(undisturbed))
    assert same(rows(folder)[rows(folder)["number"] < 5], first)
    text = store.read_manifest(folder)["input"]
    assert text == (tmp_path / "in.toml").read_text()
    with pytest.raises(UserError, match=r"trajectories was 12 and is now 5 \(it can grow"):
        run_tiny(tmp_path, sampling__trajectories=5)


@pytest.mark.slow
def test_trajectories_of_a_lost_block_are_run_again_and_no_others(undisturbed, run_tiny, tmp_path):
    folder = run_tiny(tmp_path)
    kept, lost = sorted((folder / "blocks").iterdir())[0], sorted((folder / "blocks").iterdir())[-1]
    before = kept.read_bytes()
    lost.write_bytes(lost.read_bytes()[:-5])
    with pytest.raises(UserError, match=f"{lost}: this block of finished trajectories is damaged"):
        run_tiny(tmp_path)
    lost.unlink()
    assert same(rows(run_tiny(tmp_path)), rows(undisturbed))
    assert kept.read_bytes() == before


LONG = {"sampling__trajectories": 160, "run__slots": 4, "incidence__energy_eV": 0.9}


@pytest.mark.slow
def test_a_campaign_killed_twice_ends_with_the_rows_of_one_that_was_not(
    write_tiny, run_tiny, tmp_path
):
    (tmp_path / "whole").mkdir()
    whole = run_tiny(tmp_path / "whole", **LONG)
    path = write_tiny(tmp_path, **LONG)
    first = killed(path, 3)
    second = killed(path, 20)
    assert 0 < first < second < 160
    folder = run_tiny(tmp_path, **{**LONG, "run__slots": 7})
    assert same(rows(folder), rows(whole))
    assert not (folder / "lock").exists()


def test_results_say_what_made_them(undisturbed):
    _, _, told = read_results(undisturbed)
    input = undisturbed.parent / "in.toml"
    assert told["input"] == input.read_text()
    assert told["seed"] == 7
    assert told["version"] == scatter.__version__
    assert told["potential_sha256"] == Analytic().identity
    assert told["kernel"] == kernel()
    assert os.uname().nodename in told["machine"]
    assert json.loads(told["lattice_constant_A"]) == {"111 600 K": 3.68}
    root = Path(scatter.__file__).parents[1]
    head = subprocess.run(["git", "-C", root, "cat-file", "-t", told["commit"]], check=False)
    assert head.returncode == 0 or told["commit"] == ""


def test_an_installed_package_does_not_claim_the_commit_of_a_repository_around_it(
    tmp_path, monkeypatch
):
    package = tmp_path / "env" / "site-packages" / "scatter"
    package.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    commit = ["commit", "-q", "--allow-empty", "-m", "theirs"]
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *who, "-C", tmp_path, *commit], check=True)
    monkeypatch.setattr(scatter, "__file__", str(package / "__init__.py"))
    assert provenance_module._commit() == ""


def test_every_point_stands_in_the_results_with_its_conditions(undisturbed):
    with h5py.File(undisturbed / "results.h5") as file:
        points = file["points"][:]
    assert points["energy_eV"].tolist() == [0.9, 1.2]
    assert points["molecule"].tolist() == [b"H2", b"H2"]
    assert points["T_K"].tolist() == [600, 600]


def edited(folder, key, value):
    """Make a campaign's folder say something else of it."""
    told = store.read_manifest(folder)
    (folder / "campaign.json").write_text(json.dumps({**told, key: value}))


@pytest.mark.parametrize("key", ["potential_sha256", "kernel", "schema"])
def test_a_folder_with_the_same_campaign_made_otherwise_is_refused(
    undisturbed, run_tiny, tmp_path, key
):
    folder = run_tiny(tmp_path, sampling__trajectories=1)
    before = rows(folder)
    edited(folder, key, "another")
    with pytest.raises(UserError, match=f"from before a change of {key} \\(another, and"):
        run_tiny(tmp_path, sampling__trajectories=2)
    assert same(rows(folder), before)
    assert not (folder / "lock").exists()


def test_a_folder_with_another_campaign_is_refused(run_tiny, tmp_path):
    run_tiny(tmp_path, sampling__trajectories=1)
    with pytest.raises(UserError, match=r"different campaign: \[molecule\] j was \[1\] and is now"):
        run_tiny(tmp_path, sampling__trajectories=1, molecule__j=2)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"molecule__v": 40}, "v = 40"),
        ({"molecule__formula": "N2"}, "does not know this molecule's elements"),
        ({"surface__element": "Ni"}, "Ni"),
        ({"surface__vacuum_A": 9.0}, "add at least"),
    ],
)
def test_what_cannot_be_run_is_refused_and_leaves_nothing(run_tiny, tmp_path, changes, sentence):
    with pytest.raises(UserError, match=sentence) as refusal:
        run_tiny(tmp_path, run__output=str(tmp_path / "runs" / "new"), **changes)
    assert "\n" not in str(refusal.value)
    assert [path.name for path in tmp_path.iterdir()] == ["in.toml"]


@pytest.fixture(scope="module")
def frames(undisturbed):
    """Frames of the first trajectory of each point."""
    return [
        read_frames(undisturbed / "frames" / f"point{point:03d}-000000.extxyz", ":")
        for point in (0, 1)
    ]


def test_only_the_chosen_trajectories_are_recorded(undisturbed, frames):
    assert len([*(undisturbed / "frames").iterdir()]) == 2


def test_frames_follow_one_another_every_so_many_steps_until_the_end(undisturbed, frames):
    ends = rows(undisturbed)[rows(undisturbed)["number"] == 0]["time_fs"]
    for taken, end in zip(frames, ends, strict=True):
        times = [frame.info["time_fs"] for frame in taken]
        steps = np.diff(times)
        assert steps[:-1] == pytest.approx(np.full(len(times) - 2, 10.0))
        assert 0 < steps[-1] <= 10.0
        assert (times[0], times[-1]) == (0.0, end)


def test_frames_conserve_energy_and_their_frozen_atoms_stand_still(undisturbed, frames):
    input = read(undisturbed.parent / "in.toml").input
    frozen = input.surface.frozen_layers * 4
    errors = rows(undisturbed)[rows(undisturbed)["number"] == 0]["energy_error_eV"]
    for taken, error in zip(frames, errors, strict=True):
        totals = [frame.get_total_energy() for frame in taken]
        assert np.ptp(totals) <= 2 * error + 1e-6  # files hold eight digits
        for frame in taken:
            assert not frame.get_momenta()[:frozen].any()
            slab = frame[:-2].get_kinetic_energy() / (1.5 * K * 8)
            assert 100 < slab < 2000  # eight moving atoms at 600 K


def test_frames_hold_the_forces_of_all_atoms_as_if_none_were_frozen(frames):
    for taken in frames:
        for frame in (taken[0], taken[len(taken) // 2], taken[-1]):
            free = frame.copy()
            free.calc = PotentialCalculator(Analytic())
            assert frame.get_potential_energy() == pytest.approx(free.get_potential_energy())
            assert frame.get_forces() == pytest.approx(free.get_forces(), abs=1e-5)
            assert np.abs(frame.get_forces()[:4]).max() > 0.01  # the lowest layer, cut off below


def test_frames_say_where_they_come_from(undisturbed, frames):
    for point, (taken, energy) in enumerate(zip(frames, (0.9, 1.2), strict=True)):
        row = rows(undisturbed)[rows(undisturbed)["number"] == 0][point]
        for frame in taken:
            assert frame.info["trajectory"] == f"point{point:03d}-000000"
            assert str(frame.info["facet"]) == "111"
            told = [frame.info[key] for key in ("T_K", "v", "J", "energy_eV")]
            assert told == [600, 0, 1, energy]
        heights = [frame.info["Z_A"] for frame in taken]
        assert heights[0] == pytest.approx(7.0)
        assert min(heights) == pytest.approx(row["lowest_Z_A"], abs=0.5)


def test_the_first_and_the_last_frame_are_the_start_and_the_end(undisturbed, frames):
    for taken, row in zip(frames, rows(undisturbed)[rows(undisturbed)["number"] == 0], strict=True):
        for when, frame in (("initial", taken[0]), ("final", taken[-1])):
            for atom in (1, 2):
                there = np.array([row[f"{when}_{axis}{atom}_A"] for axis in "xyz"])
                assert frame.positions[-3 + atom] == pytest.approx(there, abs=1e-6)
