"""A committee that watches a campaign, and the same starts on each of its members."""

import csv
import io
import shutil
from dataclasses import replace

import numpy as np
import pytest
from ase.io import read as read_frames
from numba_threads import threads_as_before
from rich.console import Console
from tiny_runs import run_in

from scatter.analysis import Sticking
from scatter.analysis.committee import CommitteeSticking, committee_sticking
from scatter.campaign.committee import committee
from scatter.campaign.inspect import inspect
from scatter.columns import GUARDED
from scatter.mace.file import FoldedMace
from scatter.outcomes import Outcome
from scatter.potentials.evaluate import evaluate
from scatter.potentials.families import SHIPPED
from scatter.potentials.table import PotentialTable, open_potential
from scatter.results.read import read_results
from scatter.rows import ROW
from scatter.settings import UserError
from scatter.store.earlier import ADDED

pytestmark = pytest.mark.slow

ON_MACE = {
    "potential__kind": "default", "surface__images": True, "sampling__trajectories": 3,
    "frames__trajectories": 0,
}  # fmt: skip
COLUMNS = [name for name in ROW.names if name not in ADDED]


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    """Two potentials that differ from the shipped one by the weights of the last layer."""
    folder, shipped = tmp_path_factory.mktemp("members"), FoldedMace.read(SHIPPED)
    paths = [folder / "a.npz", folder / "b.npz"]
    for path, factor in zip(paths, (1.02, 0.95), strict=True):
        replace(shipped, energy_2=factor * shipped.energy_2).write(path)
    return [str(path) for path in paths]


@pytest.fixture(scope="module")
def unwatched(write_tiny, tmp_path_factory):
    return run_in(write_tiny(tmp_path_factory.mktemp("alone"), **ON_MACE).parent)


@pytest.fixture(scope="module")
def watched(write_tiny, members, tmp_path_factory):
    """The same campaign, its committee asked every four steps, and run on every member."""
    path = write_tiny(
        tmp_path_factory.mktemp("watched"), potential__committee=members, guards__every=4,
        guards__disagreement_eV_per_A=0.02, **ON_MACE,
    )  # fmt: skip
    with threads_as_before():
        committee(path)
    return path.parent / "out"


def test_where_S0_is_not_known_the_exit_code_is_3_and_what_ran_is_written(
    write_tiny, members, tmp_path
):
    on_mace = ON_MACE | {"dynamics__max_time_fs": 100}
    path = write_tiny(tmp_path, potential__committee=members[:1], **on_mace)
    with threads_as_before(), pytest.raises(UserError, match="S0 is not known at") as refusal:
        committee(path)
    assert refusal.value.code == 3
    assert (tmp_path / "out/sticking.csv").is_file()


def rows(folder):
    return read_results(folder)[1]


def test_a_committee_changes_no_bit_of_the_dynamics(watched, unwatched):
    one, other = rows(watched), rows(unwatched)
    for name in COLUMNS:
        assert one[name].tobytes() == other[name].tobytes(), name
    for name in GUARDED:
        assert np.isnan(other[name]).all()
    assert (one["disagreement_eV_per_A"] > 0).all()
    assert (one["disagreement_time_fs"] <= one["time_fs"]).all()
    assert np.isnan(one["leverage"]).all()


def test_the_largest_disagreement_has_the_same_bits_in_any_batch(
    watched, members, run_tiny, tmp_path
):
    again = run_tiny(
        tmp_path, run__slots=1, potential__committee=members, guards__every=4, **ON_MACE
    )
    assert rows(again).tobytes() == rows(watched).tobytes()


def test_the_worst_frame_above_the_threshold_is_kept_to_be_labelled(watched, tmp_path):
    table = rows(watched)
    over = table[table["disagreement_eV_per_A"] > 0.02]
    frames = read_frames(watched / "uncertain.extxyz", ":")
    assert 0 < len(frames) == len(over)
    for frame, row in zip(frames, over, strict=True):
        assert frame.info["trajectory"] == f"point{row['point']:03d}-{row['number']:06d}"
        assert frame.info["disagreement_eV_per_A"] == pytest.approx(row["disagreement_eV_per_A"])
        assert frame.info["time_fs"] == pytest.approx(row["disagreement_time_fs"])
    teacher = open_potential(PotentialTable())
    labelled = tmp_path / "labelled.extxyz"
    assert evaluate(teacher, watched / "uncertain.extxyz", labelled).frames == len(frames)


def test_members_run_the_same_starts_and_the_band_holds_their_spread(watched):
    own = rows(watched)
    found = [rows(watched / "members" / name) for name in ("1-a", "2-b")]
    initial = [name for name in ROW.names if name.startswith("initial_") and "potential" not in name
               and "coupling" not in name]  # fmt: skip
    for other in found:
        for name in ("v", "bond_A", "snapshot", *initial):
            assert other[name].tobytes() == own[name].tobytes(), name
        assert (other["final_x1_A"] != own["final_x1_A"]).any()
    with open(watched / "committee.csv") as file:
        told = list(csv.DictReader(file))
    assert [float(row["energy_eV"]) for row in told] == [0.9, 1.2]
    for point, row in enumerate(told):
        for name, other in (("S0", own), ("S0_1", found[0]), ("S0_2", found[1])):
            stuck = other["outcome"][other["point"] == point] == Outcome.DISSOCIATED
            assert float(row[name]) == pytest.approx(stuck.mean())
    assert (watched / "committee.png").exists()


@pytest.mark.parametrize("name", ["", "members/1-a", "members/2-b"])
def test_a_trajectory_of_any_member_is_run_again_to_its_bits(watched, tmp_path, name):
    told = Console(file=io.StringIO(), width=200)
    inspect(watched / name, 1, 2, 5.0, tmp_path / "seen.extxyz", False, told)
    assert "the same bits as stored, in every column" in told.file.getvalue()


def test_another_committee_is_not_gone_on_with(watched, members, write_tiny, tmp_path):
    shutil.copytree(watched, tmp_path / "out")
    write_tiny(tmp_path, potential__committee=members[:1], guards__every=4, **ON_MACE)
    with pytest.raises(UserError, match=r"different campaign: \[potential\] committee was"):
        run_in(tmp_path)


def test_without_a_committee_or_with_a_target_there_is_no_band(write_tiny, members, tmp_path):
    with pytest.raises(UserError, match="names no committee"):
        committee(write_tiny(tmp_path, **ON_MACE))
    with pytest.raises(UserError, match="neither a target error nor splitting can be asked for"):
        committee(write_tiny(
            tmp_path, potential__committee=members, sampling__target_error=0.1, **ON_MACE
        ))  # fmt: skip


def point(dissociated, n=100):
    return Sticking("111", 600, "H2", 0, 1, None, 0.9, 0, None, dissociated, n - dissociated, 0, 0)


def test_members_that_agree_leave_wilsons_interval():
    [row] = committee_sticking([[point(30)], [point(30)], [point(30)]])
    assert row.spread == 0
    assert (row.low, row.high) == pytest.approx((row.own.low, row.own.high))


def test_the_band_adds_spread_and_sampling_in_squares():
    row = CommitteeSticking((point(30), point(40), point(50)))
    assert row.spread == pytest.approx(0.1)
    assert row.model == pytest.approx(4.302653 * 0.1, rel=1e-6)  # Student's, two degrees
    assert row.own.S0 - row.low == pytest.approx(0.3)  # cut at 0
    row = CommitteeSticking((point(500, 1000), point(510, 1000), point(490, 1000)))
    half = row.own.high - row.own.S0
    assert row.high - row.own.S0 == pytest.approx(np.hypot(half, 4.302653 * 0.01), rel=1e-6)
