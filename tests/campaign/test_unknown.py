"""S0 that is not known, where too many are undecided or failed: every verb says so."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from scatter import store
from scatter.analysis.rounds import Aim
from scatter.campaign.progress import Progress
from scatter.campaign.run import run_all
from scatter.config import identity, parse
from scatter.outcomes import Outcome
from scatter.report.averages import Wanted, average
from scatter.report.page import write_report
from scatter.report.status import status
from scatter.report.sticking import analyse, plot
from scatter.results.read import read_results
from scatter.settings import Untrusted, UserError

pytestmark = pytest.mark.slow

# In this time all of 1.2 eV end; those of 0.9 eV that scatter are still on their way up.
SHORT = {"dynamics__max_time_fs": 145, "sampling__trajectories": 12, "frames__trajectories": 0}


def spoken():
    return Console(file=io.StringIO(), width=80)


def text_of(console):
    return console.file.getvalue()


@pytest.fixture(scope="module")
def cut_short(write_tiny, tmp_path_factory):
    """The folder of a campaign some of whose trajectories are undecided, and what `run` said."""
    path = write_tiny(tmp_path_factory.mktemp("short"), **SHORT)
    run_all(path)
    return path.parent / "out"


def table(folder):
    with open(folder / "sticking.csv") as file:
        return list(csv.DictReader(file))


def unsettled(folder):
    """Points of which more than one in a hundred is undecided or failed."""
    rows = store.trajectories(folder)
    open_ = np.isin(rows["outcome"], (Outcome.UNDECIDED, Outcome.FAILED))
    return [point for point in (0, 1) if open_[rows["point"] == point].mean() > 0.01]


def test_one_of_two_points_is_cut_short(cut_short):
    assert unsettled(cut_short) == [0]


@pytest.mark.parametrize("verb", [analyse, status])
def test_the_table_says_that_it_is_not_known_and_the_exit_code_is_3(cut_short, verb):
    console = spoken()
    with pytest.raises(Untrusted, match="S0 is not known at") as refusal:
        verb(cut_short, console)
    assert refusal.value.code == 3
    assert "[guards] most_unsettled = 0.01" in str(refusal.value)
    assert "max_time_fs" in str(refusal.value)
    lines = [line for line in text_of(console).splitlines() if " not known  " in line]
    assert len(lines) == len(unsettled(cut_short))
    first = next(line for line in lines if line.startswith("0.9 eV"))
    row = table(cut_short)[0]
    bounds = f"{float(row['lowest']):.3f}-{float(row['highest']):.3f}"
    assert first.split()[-1] == bounds


@pytest.mark.slow
def test_run_exits_with_3_too_and_writes_all(run_tiny, tmp_path):
    with pytest.raises(UserError, match="S0 is not known at 1 of 2 points") as refusal:
        run_tiny(tmp_path, **SHORT)
    assert refusal.value.code == Untrusted.code
    for name in ("results.h5", "sticking.csv", "sticking.png"):
        assert (tmp_path / "out" / name).is_file()


def test_the_table_file_has_bounds_in_place_of_S0(cut_short):
    rows = store.trajectories(cut_short)
    for point, row in enumerate(table(cut_short)):
        outcome = rows["outcome"][rows["point"] == point]
        stuck, left = (np.mean(outcome == one) for one in (Outcome.DISSOCIATED, Outcome.SCATTERED))
        assert float(row["lowest"]) == pytest.approx(stuck)
        assert float(row["highest"]) == pytest.approx(1 - left)
        assert float(row["low"]) <= stuck <= 1 - left <= float(row["high"])
        assert (row["S0"] == "nan") == (point in unsettled(cut_short))


@pytest.mark.slow
def test_the_page_says_so(cut_short, tmp_path):
    page = write_report(cut_short).read_text()
    assert "S0 is not known at" in page
    assert "Fits and scalings leave these points out." in page


def test_no_average_takes_bounds_for_S0(cut_short):
    with pytest.raises(UserError, match="S0 is not known at .* so an average would be meaningless"):
        average(cut_short, Wanted(gases_K=[1000.0]), spoken())


def test_the_figure_is_drawn(cut_short, tmp_path):
    assert plot([cut_short], output=tmp_path / "one").is_file()
    # its own table beside it, where the same points have brackets
    assert plot([cut_short], [cut_short / "sticking.csv"], output=tmp_path / "two").is_file()


@pytest.mark.slow
def test_who_allows_it_gets_S0_from_the_same_trajectories(run_tiny, tmp_path):
    with pytest.raises(UserError, match="not known"):
        run_tiny(tmp_path, **SHORT)
    before = store.trajectories(tmp_path / "out").tobytes()
    folder = run_tiny(tmp_path, **SHORT, guards__most_unsettled=1)
    assert store.trajectories(folder).tobytes() == before
    console = spoken()
    analyse(folder, console)
    status(folder, console)
    assert "not known" not in text_of(console)
    assert all(row["S0"] == row["lowest"] for row in table(folder))


def test_what_is_allowed_is_no_part_of_a_campaigns_identity():
    text = ('[molecule]\nformula = "H2"\nv = 0\nj = 0\n[surface]\ntemperature_K = 600\n'
            "[incidence]\nenergy_eV = 0.3\n")  # fmt: skip
    one, other = (
        identity(parse(Path("in.toml"), text + more).input)
        for more in ("", "[guards]\nmost_unsettled = 0.5\n")
    )
    assert one == other


def test_the_live_table_says_so(cut_short):
    points, rows, _ = read_results(cut_short)
    counts = np.zeros((2, len(Outcome)), int)
    np.add.at(counts, (rows["point"], rows["outcome"]), 1)
    console = Console(file=io.StringIO(), width=80, height=40, force_terminal=True)
    for most, shown in ((0.01, True), (1.0, False)):
        progress = Progress(console, points, Aim(12, 12), {"111": "Cu(111)"}, most)
        progress.show(10, counts, period_s=0)
        progress.close()
        assert ("not known" in text_of(console)) == shown
        console.file.truncate(0)
