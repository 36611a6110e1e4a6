"""Campaigns that sample until S0 is known well enough."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from killed_run import killed
from rich.console import Console
from tiny_runs import run_in

from scatter.analysis import sticking_of_counts
from scatter.analysis.rounds import Aim
from scatter.campaign.course import Round
from scatter.campaign.frames import every_frame
from scatter.campaign.progress import Progress
from scatter.campaign.samplers import up_to
from scatter.config import parse, points, points_table
from scatter.outcomes import Outcome
from scatter.report.status import status
from scatter.report.table import sticking_table
from scatter.report.targets import compared, verdict
from scatter.results.read import read_results
from scatter.settings import UserError
from scatter.validation.sticking import read_conditions

pytestmark = pytest.mark.slow

FILE = Path("in.toml")

# Two points of which one is settled by its first round, and the other is not.
AIMED = {
    "incidence__energy_eV": [0.7, 1.2],
    "sampling__trajectories": 12,
    "sampling__target_error": 0.15,
    "sampling__max_trajectories": 60,
    "frames__trajectories": 0,
}


def rows(folder):
    return read_results(folder)[1]


def each(folder):
    """Trajectories of each point."""
    return np.bincount(rows(folder)["point"]).tolist()


def blocks(folder):
    return {path.name for path in (folder / "blocks").iterdir()}


@pytest.fixture
def spoken():
    """A console that keeps what it is told."""
    return Console(record=True, width=120, file=io.StringIO())


@pytest.fixture(scope="module")
def aimed(write_tiny, tmp_path_factory):
    """The folder of a campaign with a target."""
    return run_in(write_tiny(tmp_path_factory.mktemp("aimed"), **AIMED).parent)


def test_the_points_that_need_more_trajectories_get_them(aimed):
    first, second = each(aimed)
    assert 12 < second < first <= 60
    for point in (0, 1):
        numbers = rows(aimed)["number"][rows(aimed)["point"] == point]
        assert numbers.tolist() == [*range(len(numbers))]


@pytest.mark.parametrize("slots", [1, 7, 64])
def test_what_is_run_does_not_depend_on_the_slots(aimed, run_tiny, tmp_path, slots):
    assert rows(run_tiny(tmp_path, **AIMED, run__slots=slots)).tobytes() == rows(aimed).tobytes()


def test_a_campaign_killed_in_two_rounds_ends_with_the_rows_of_one_that_was_not(
    aimed, write_tiny, run_tiny, tmp_path
):
    path = write_tiny(tmp_path, **AIMED, run__slots=2)
    first, second = killed(path, 3), killed(path, 24)
    assert 0 < first < 24 < second < len(rows(aimed))  # 24: those of the first round
    folder = run_tiny(tmp_path, **AIMED, run__slots=5)
    assert rows(folder).tobytes() == rows(aimed).tobytes()


def test_a_tighter_target_extends_a_campaign_to_what_it_would_have_been(
    aimed, run_tiny, tmp_path, capsys
):
    loose = AIMED | {"sampling__target_error": 0.22}
    before = rows(run_tiny(tmp_path, **loose))
    assert len(before) < len(rows(aimed))
    folder = run_tiny(tmp_path, **AIMED)
    assert rows(folder).tobytes() == rows(aimed).tobytes()
    written = blocks(folder)
    capsys.readouterr()
    for looser in (loose, loose | {"sampling__max_trajectories": 40}):  # nothing is run
        assert rows(run_tiny(tmp_path, **looser)).tobytes() == rows(aimed).tobytes()
        assert blocks(folder) == written
        assert "met by 2 of 2 points" in capsys.readouterr().out


def test_a_campaign_of_a_fixed_number_can_be_given_a_target_and_lose_it_again(
    aimed, run_tiny, tmp_path
):
    fixed = {key: value for key, value in AIMED.items() if "target" not in key and "max" not in key}
    assert each(run_tiny(tmp_path, **fixed)) == [12, 12]
    assert rows(run_tiny(tmp_path, **AIMED)).tobytes() == rows(aimed).tobytes()
    assert rows(run_tiny(tmp_path, **fixed)).tobytes() == rows(aimed).tobytes()


def test_a_target_that_was_missed_is_said_with_its_points(run_tiny, tmp_path, capsys, spoken):
    changes = AIMED | {"sampling__target_error": 0.05, "sampling__max_trajectories": 20}
    folder = run_tiny(tmp_path, **changes)
    told = capsys.readouterr().out
    assert "2 points of 12 to 20 trajectories, until the error of S0 is at most 0.05" in told
    assert "round 2: 2 of 2 points go on, to 40 trajectories in all; cannot be reached with" in told
    missed = "missed, max_trajectories = 20 reached: 0.7 eV; 1.2 eV: raise it and run the same"
    assert missed in told
    status(folder, spoken)
    assert missed in spoken.export_text()


def test_status_says_what_is_not_known_well_enough_yet(write_tiny, tmp_path, spoken):
    killed(write_tiny(tmp_path, **AIMED, run__slots=2), 24)
    status(tmp_path / "out", spoken)
    text = " ".join(spoken.export_text().split())
    assert "> 0.15" in text
    assert "target error 0.15: met by " in text
    assert "not yet met: 0.7 eV" in text


def some_rows(*numbers, energies=(0.3, 0.7)):
    """Rows of points with these numbers of dissociated and scattered trajectories."""
    listed = ", ".join(map(str, energies[: len(numbers)]))
    text = (
        '[molecule]\nformula = "H2"\nv = 0\nj = 0\n[surface]\ntemperature_K = 600\n'
        f"[incidence]\nenergy_eV = [{listed}]\n"
    )
    table = points_table(points(parse(FILE, text).input))
    counts = np.zeros((len(numbers), len(Outcome)), int)
    counts[:, [Outcome.DISSOCIATED, Outcome.SCATTERED]] = numbers
    return table, counts, sticking_of_counts(table, counts)


@pytest.mark.parametrize(
    ("aim", "numbers", "text"),
    [
        (Aim(1, 9, error=0.01), (500, 500), "0.0309 > 0.01"),
        (Aim(1, 9, error=0.05), (500, 500), "0.0309 ≤ 0.05"),
        (Aim(1, 9, relative=0.1), (500, 500), "6.2 % ≤ 10 %"),
        (Aim(1, 9, relative=0.1), (0, 500), "∞ > 10 %"),
        (Aim(1, 9, error=0.01, relative=0.1), (500, 500), "6.2 % ≤ 10 %"),
        (Aim(1, 9, error=0.01, relative=0.1), (0, 500), "0.0038 ≤ 0.01"),
    ],
)
def test_the_table_shows_the_error_of_each_point_beside_its_target(aim, numbers, text, spoken):
    *_, found = some_rows(numbers)
    assert compared(found[0], aim) == text
    spoken.print(sticking_table(found, aim))
    assert text in spoken.export_text()


def test_a_relative_error_of_no_sticking_is_said_to_need_another_target():
    *_, found = some_rows((0, 90), (80, 10))
    told = verdict(["0.3 eV", "0.7 eV"], found, Aim(10, 90, relative=0.1))
    assert "missed, max_trajectories = 90 reached: 0.3 eV: raise it" in told
    assert "or give target_error too" in told


def test_a_target_that_shared_snapshots_keep_from_being_met_is_said_to_need_more_of_them():
    *_, (row,) = some_rows((500, 500))
    aim = Aim(10, 2000, error=0.04)
    assert "met by 1 of 1 points" in verdict(["0.3 eV"], [row], aim)
    told = verdict(["0.3 eV"], [replace(row, design=4.0)], aim)
    assert "met by 0 of 1 points" in told
    assert 'end alike: 0.3 eV: begin anew with [surface.thermalise] snapshots = "auto"' in told


def test_the_live_line_tells_rounds_and_about_how_many_there_will_be(spoken):
    table, counts, _ = some_rows((1, 99), (50, 50))
    aim, none = Aim(100, 10_000, error=0.05), 0 * counts
    progress = Progress(spoken, table, aim, {"111": "Cu(111)"}, 0.01)
    progress.open_round(Round(1, none, none, up_to(np.zeros(2, int), np.full(2, 100))), 0)
    half = progress.line(1000, counts // 2)
    assert half.startswith("round 1: 99 of about ")
    assert "about " in half.partition("/s, ")[2]
    further = up_to(np.full(2, 100), np.array([100, 398]))
    progress.open_round(Round(2, counts, none, further), 0)
    assert "round 2: 1 of 2 points go on, to 498 trajectories" in spoken.export_text()


def test_the_rate_leaves_compilation_out(spoken, monkeypatch):
    table, counts, _ = some_rows((1, 99), (50, 50))
    now = [0.0]
    monkeypatch.setattr("scatter.campaign.progress.time.monotonic", lambda: now[0])
    progress = Progress(spoken, table, Aim(100, 100), {"111": "Cu(111)"}, 0.01)
    all_of_them = up_to(np.zeros(2, int), np.full(2, 100))
    progress.open_round(Round(1, 0 * counts, 0 * counts, all_of_them), 0)
    for at, steps, done in ((60.0, 16, 0 * counts), (70.0, 1016, counts // 2)):
        now[0] = at
        progress.show(steps, done)
    assert "99 of 200 trajectories, 100 trajectory-steps/s, 10 s left" in progress.line(1016, done)


def test_a_log_gets_a_view_after_one_two_and_four_minutes(monkeypatch):
    table, counts, _ = some_rows((1, 99), (50, 50))
    now = [0.0]
    monkeypatch.setattr("scatter.campaign.progress.time.monotonic", lambda: now[0])
    log = Console(file=io.StringIO(), width=120)
    progress = Progress(log, table, Aim(400, 400), {"111": "Cu(111)"}, 0.01)
    all_of_them = up_to(np.zeros(2, int), np.full(2, 400))
    progress.open_round(Round(1, 0 * counts, 0 * counts, all_of_them), 0)
    shown = []
    for second in range(0, 300, 5):
        now[0] = float(second)
        progress.show(16 * second, counts)
        shown.append((second, log.file.getvalue().count("left")))
    more = [at for (at, n), (_, before) in zip(shown[1:], shown, strict=False) if n > before]
    assert more == [60, 120, 240]
    text = log.file.getvalue()
    assert "200 of 800 trajectories" in text
    assert text.count(" 0.5000 ") == 3


def test_all_trajectories_that_a_target_may_ask_for_are_recorded(write_tiny, tmp_path):
    text = write_tiny(tmp_path, **AIMED).read_text()
    assert every_frame(parse(FILE, text).input, 5.0).frames.trajectories == 60


def test_pairs_of_two_potentials_cannot_have_a_target(write_tiny, tmp_path):
    with pytest.raises(UserError, match="can be asked for here, since the trajectories of two"):
        read_conditions(write_tiny(tmp_path, **AIMED))


@pytest.mark.parametrize(
    ("sampling", "sentence"),
    [
        ("max_trajectories = 50", "max_trajectories = 50 limits a target error, and"),
        (
            "trajectories = 60\nmax_trajectories = 50\ntarget_error = 0.1",
            "max_trajectories = 50 is less than the first round, trajectories = 60; raise",
        ),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_with_one_sentence(sampling, sentence):
    text = (
        '[molecule]\nformula = "H2"\nv = 0\nj = 0\n[surface]\ntemperature_K = 600\n'
        f"[incidence]\nenergy_eV = 0.3\n[sampling]\n{sampling}\n"
    )
    with pytest.raises(UserError, match=sentence):
        parse(FILE, text)
