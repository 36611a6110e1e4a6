"""Samplers of one's own: branches and weights in rows, which nobody counts as if all were alike."""

import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from forked_sampler import FIRST, LOW, Forked
from numba_threads import threads_as_before
from rich.console import Console
from test_extending import settings

import scatter
from scatter import store
from scatter.analysis import in_turn, sticking
from scatter.campaign.course import Course
from scatter.config import Point, stream
from scatter.report.page import write_report
from scatter.report.status import status
from scatter.report.sticking import analyse, plot
from scatter.results.export import export
from scatter.results.read import read_results
from scatter.rows import ROW
from scatter.validation.sticking import read_paired

SCRIPT = Path(__file__).parents[1] / "forked_sampler.py"


@pytest.fixture(autouse=True)
def _threads():
    with threads_as_before():
        yield


@pytest.fixture(scope="module")
def forked(write_tiny, tmp_path_factory):
    """The folder of a campaign with branches and weights."""
    folder = tmp_path_factory.mktemp("forked") / "out"
    with threads_as_before():
        scatter.run(settings(), sampler=Forked(), folder=folder)
    return folder


def killed(folder, block):
    """Run until a block of this number is half written, and kill; the rows on the disk."""
    command = [sys.executable, str(SCRIPT), str(folder), str(block)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    return store.trajectories(folder)


def test_branches_begin_elsewhere_and_rows_hold_what_they_weigh(forked, undisturbed):
    rows, usual = store.trajectories(forked), store.trajectories(undisturbed)
    assert rows.dtype.names == (*ROW.names, "branch", "weight")
    first, others = rows[rows["branch"] == 0], rows[rows["branch"] > 0]
    due = usual[usual["number"] < FIRST]
    for name in ROW.names:
        assert first[name].tobytes() == due[name].tobytes(), name
    low = first[first["lowest_Z_A"] < LOW]
    assert 0 < len(low) < len(first)
    assert others["branch"].tolist() == len(low) * [1, 2]
    assert others["number"].tolist() == np.repeat(low["number"], 2).tolist()
    assert (first["weight"] == 2).all()
    assert (others["weight"] == 1).all()
    assert len({row.tobytes() for row in rows[["impact_x_A", "impact_y_A"]]}) == len(rows)


def test_a_branch_has_random_numbers_of_its_own_and_0_has_those_of_the_number():
    drawn = [stream(7, 2**40, 3, *branch).random() for branch in ((), (0,), (1,), (2,))]
    assert drawn[0] == drawn[1]
    assert len({*drawn}) == 3


@pytest.mark.slow
@pytest.mark.parametrize("slots", [1, 64])
def test_slots_change_no_bit_of_a_branch(forked, slots):
    rows = scatter.run(settings(run__slots=slots), sampler=Forked()).read.trajectories
    assert rows.tobytes() == read_results(forked, weighted=True)[1].tobytes()


@pytest.mark.slow
def test_a_campaign_killed_in_both_rounds_ends_with_the_rows_of_one_that_was_not(forked, tmp_path):
    first, second = killed(tmp_path / "out", 3), killed(tmp_path / "out", 11)
    assert not first["branch"].any()
    assert second["branch"].any()
    assert len(second) < len(store.trajectories(forked))
    found = scatter.run(settings(), sampler=Forked(), folder=tmp_path / "out")
    assert found.read.trajectories.tobytes() == store.trajectories(forked).tobytes()
    again = scatter.run(settings(), sampler=Forked(), folder=tmp_path / "out")
    assert again.trajectories.equals(found.trajectories)


@pytest.mark.slow
def test_trajectories_with_weights_are_listed_and_never_counted_without(forked, tmp_path):
    found, console = scatter.Results.open(forked), Console(file=StringIO())
    assert found.trajectories["weight"].tolist() == store.trajectories(forked)["weight"].tolist()
    (tmp_path / "potential").symlink_to(forked)
    (tmp_path / "teacher").symlink_to(forked)
    for count in (
        found.sticking, found.fits, found.states, found.rotation, found.temperatures, found.report,
        lambda: analyse(forked, console), lambda: status(forked, console), lambda: plot([forked]),
        lambda: export(forked), lambda: write_report(forked), lambda: read_paired(tmp_path),
    ):  # fmt: skip
        with pytest.raises(scatter.UserError, match="no weighted estimates"):
            count()
    points, rows, told = read_results(forked, weighted=True)
    assert told.weighted
    for count in (lambda: in_turn(rows), lambda: sticking(points, rows)):
        with pytest.raises(ValueError, match="weights cannot be counted"):
            count()


def test_a_terminal_shows_no_probability_of_trajectories_with_weights(forked):
    text = StringIO()
    console = Console(file=text, force_terminal=True, width=120)
    found = scatter.run(settings(), sampler=Forked(), console=console)
    assert f"{len(found.trajectories)} trajectories, " in text.getvalue()
    assert "S0" not in text.getvalue()


@pytest.mark.parametrize("sampler", [None, Forked(6)])
def test_a_folder_is_gone_on_with_by_the_same_sampler_alone(forked, sampler):
    with pytest.raises(scatter.UserError, match="before a change of parts"):
        scatter.run(settings(), sampler=sampler, folder=forked)


@pytest.mark.slow
def test_a_sampler_that_changes_no_row_may_be_exchanged(undisturbed, tmp_path):
    due = store.trajectories(undisturbed)
    for sampler, numbers in ((scatter.Plain(2), 2), (scatter.Rounds(4, 4, 0.1), 4), (None, 12)):
        scatter.run(settings(), sampler=sampler, folder=tmp_path / "out")
        rows = store.trajectories(tmp_path / "out")
        assert rows.tobytes() == due[due["number"] < numbers].tobytes()


class Asking(scatter.Sampler):
    """Asks for what it is given, again and again."""

    def __init__(self, wanted):
        self.wanted = wanted

    def next(self, ended):
        return self.wanted


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (scatter.requests([0, 2], 0), "a point that the campaign does not have"),
        (scatter.requests([0, 0], 0), "a trajectory twice"),
        (scatter.requests(0, 0), "what has ended"),
        (scatter.requests(0, 0, weight=2), "its `columns` lack WEIGHT"),
        (scatter.requests(0, 0, weight=np.nan), "not a positive number"),
        (scatter.requests(0, 0, branch=1), "its `columns` lack BRANCH"),
    ],
)
def test_what_a_sampler_cannot_ask_for_is_an_error(wanted, told):
    point = Point("111", 300.0, "H2", 0, 0, None, 0.1, 0.0, None)
    none = np.zeros(0, [("point", "u4"), ("number", "u4"), ("outcome", "u1")])
    course = Course(Asking(wanted), 2 * [point], none)
    with pytest.raises(ValueError, match=told):
        two_rounds(course)


def two_rounds(course):
    """Ask twice; what was asked for first has dissociated by then."""
    missing = course.round().missing
    rows = np.ones(len(missing), course.rows.dtype)
    rows["point"], rows["number"] = missing["point"], missing["number"]
    course.add([rows])
    course.round()


class Reading(Forked):
    reads = ("nothing",)


class Writing(Forked):
    columns = (scatter.Column("other", "f8", "", "of no use"),)


class Weighing(scatter.Observer):
    name, columns = "weighing", (scatter.WEIGHT,)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"sampler": Reading()}, "reads nothing, which no part of the campaign writes"),
        ({"sampler": Writing()}, "a sampler writes BRANCH and WEIGHT alone"),
        ({"observers": [Weighing()]}, "weight is a sampler's to write"),
    ],
)
def test_columns_that_cannot_be_are_refused(parts, told):
    with pytest.raises(scatter.UserError, match=told):
        scatter.run(settings(), **parts)
