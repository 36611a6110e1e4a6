"""Potentials that break: each trajectory that meets it fails with its reason, no other notices."""

import io

import numpy as np
import pytest
from ase.io import read as read_frames
from broken_potentials import Flawed
from numba_threads import threads_as_before
from rich.console import Console

from scatter.campaign import replay as replay_module
from scatter.campaign.inspect import inspect
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import carry_out
from scatter.config import read
from scatter.outcomes import Outcome, Reason
from scatter.potentials.analytic import Analytic
from scatter.report.failures import refuse_failures
from scatter.report.status import list_wrong
from scatter.results.read import read_results
from scatter.settings import Untrusted, UserError

pytestmark = pytest.mark.slow

HOLE = {"guards__shortest_A": {"H-Cu": 1.0}, "dynamics__timestep_fs": 0.1}
BROKEN = {
    "NaN": (Reason.NOT_FINITE, {}),
    "explosion": (Reason.ENERGY_ERROR, {}),
    "hole": (Reason.DISTANCE, HOLE),
}


def carried_out(path, potential):
    """The folder and the rows of a campaign on a potential that no input can name."""
    folder, quiet = path.parent / "out", Console(file=io.StringIO())
    with threads_as_before():
        carry_out(read(path), potential, folder, Ranks(), quiet)
    return folder, read_results(folder)[1]


@pytest.fixture(scope="module", params=BROKEN)
def broken(request, write_tiny, tmp_path_factory):
    """Flaw, expected reason, folder and rows of its campaign, rows of the sound one."""
    reason, changes = BROKEN[request.param]
    paths = [write_tiny(tmp_path_factory.mktemp(name), **changes) for name in ("broken", "sound")]
    folder, rows = carried_out(paths[0], Flawed(request.param))
    _, sound = carried_out(paths[1], Analytic())
    return request.param, reason, folder, rows, sound


def test_a_trajectory_that_meets_a_flaw_fails_with_its_reason_and_is_kept(broken):
    _, reason, _, rows, sound = broken
    failed = rows["outcome"] == Outcome.FAILED
    assert len(rows) == len(sound) == 24
    assert 0 < failed.sum() < 24
    assert set(rows["reason"][failed]) == {reason}
    assert not rows["reason"][~failed].any()


def test_a_trajectory_that_meets_no_flaw_keeps_all_bits(broken):
    flaw, _, _, rows, sound = broken
    others = rows["outcome"] != Outcome.FAILED
    if flaw == "hole":  # it reaches further than it drags
        others &= rows["final_x1_A"] == sound["final_x1_A"]
        assert others.sum() > 3
    assert rows[others].tobytes() == sound[others].tobytes()


@pytest.mark.slow
def test_any_batch_sees_the_same_failures_to_the_bit(broken, write_tiny, tmp_path):
    flaw, _, _, rows, _ = broken
    path = write_tiny(tmp_path, run__slots=3, **BROKEN[flaw][1])
    assert carried_out(path, Flawed(flaw))[1].tobytes() == rows.tobytes()


def test_what_failed_is_replayed_to_its_bits_and_seen(broken, monkeypatch):
    flaw, reason, folder, rows, _ = broken
    monkeypatch.setattr(replay_module, "open_potential", lambda table: Flawed(flaw))
    row = rows[rows["outcome"] == Outcome.FAILED][0]
    told = Console(file=io.StringIO(), width=200)
    inspect(folder, int(row["point"]), int(row["number"]), None, None, False, told)
    assert "the same bits as stored" in told.file.getvalue()
    name = f"point{row['point']:03d}-{row['number']:06d}.extxyz"
    frames = read_frames(folder / "inspected" / name, ":")
    assert frames[0].info["time_fs"] == 0
    step = 0.1 if flaw == "hole" else 0.5
    assert row["time_fs"] - frames[-1].info["time_fs"] <= step * (1 + 1e-9)
    assert np.isfinite(frames[-1].get_forces()).all()
    assert frames[-1].info["height_A"] < 1.6
    if reason == Reason.DISTANCE:
        assert frames[-1].info["margin_A"] < 0 < frames[0].info["margin_A"]
        assert abs(frames[-1].info["energy_error_eV"]) < 0.1  # nothing else would have told


def test_too_many_failures_are_refused_and_the_commonest_reason_named(broken):
    _, reason, folder, rows, _ = broken
    failed = int((rows["outcome"] == Outcome.FAILED).sum())
    words = {Reason.NOT_FINITE: "not finite", Reason.ENERGY_ERROR: "energy error"}
    with pytest.raises(Untrusted, match=words.get(reason, "closer to an atom")) as refusal:
        refuse_failures(folder, (failed - 1) / 24)
    assert refusal.value.code == 3
    assert f"scatter inspect {folder}" in str(refusal.value)
    refuse_failures(folder, failed / 24)


def test_the_list_names_every_failure_and_how_to_see_one(broken):
    _, _, folder, rows, _ = broken
    console = Console(file=io.StringIO(), width=200)
    list_wrong(folder, console)
    text = console.file.getvalue()
    assert text.count("failed: ") == 1 + (rows["outcome"] == Outcome.FAILED).sum()
    assert f"scatter inspect {folder} --point" in text


def test_another_potential_than_the_campaigns_is_refused_by_inspect(broken):
    _, _, folder, _, _ = broken
    with pytest.raises(UserError, match="was run with another potential_sha256"):
        inspect(folder, 0, 0, None, None, False, Console(file=io.StringIO()))
