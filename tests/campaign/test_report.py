import csv
import shutil
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from processes import begun, end_all, wait_until
from rich.console import Console

from scatter import store
from scatter.report.status import status
from scatter.report.sticking import analyse, plot
from scatter.results.read import read_results
from scatter.settings import UserError

SCATTER = str(Path(sys.executable).with_name("scatter"))


@pytest.fixture
def wide():
    """A console that keeps what it is told."""
    return Console(record=True, width=200)


@pytest.fixture
def alone(undisturbed, tmp_path):
    """A folder with nothing but the `results.h5` of the tiny campaign."""
    shutil.copy(undisturbed / "results.h5", tmp_path)
    return tmp_path


def test_the_table_is_made_again_from_the_results_alone(undisturbed, alone, wide):
    analyse(alone, wide)
    again = (alone / "sticking.csv").read_bytes()
    assert again == (undisturbed / "sticking.csv").read_bytes()


def test_the_table_counts_every_row_of_the_results(undisturbed):
    rows = store.trajectories(undisturbed)
    with open(undisturbed / "sticking.csv", newline="") as file:
        points = list(csv.DictReader(file))
    assert [float(point["energy_eV"]) for point in points] == [0.9, 1.2]
    for number, point in enumerate(points):
        mine = rows[rows["point"] == number]
        for code, name in enumerate(("dissociated", "scattered", "undecided", "failed"), 1):
            assert int(point[name]) == (mine["outcome"] == code).sum()
        assert float(point["S0"]) == pytest.approx(np.mean(mine["outcome"] == 1), abs=1e-6)
        assert float(point["low"]) < float(point["S0"]) < float(point["high"]) or (
            float(point["S0"]) in (0, 1)
        )


@pytest.mark.slow
@pytest.mark.usefixtures("whole_figures")
def test_the_figure_is_drawn_again_from_the_results_alone(run_tiny, tmp_path):
    folder = run_tiny(tmp_path)
    before = [(folder / f"sticking.{suffix}").read_bytes() for suffix in ("png", "pdf")]
    shutil.copy(folder / "results.h5", tmp_path)
    assert plot([tmp_path]) == tmp_path / "sticking.png"
    assert [(tmp_path / f"sticking.{suffix}").read_bytes() for suffix in ("png", "pdf")] == before
    assert min(map(len, before)) > 1000


def test_another_curve_can_be_laid_over_the_figure(undisturbed, alone):
    path = plot([alone], [undisturbed / "sticking.csv"], 0.5, alone / "both.png")
    assert path == alone / "both.png"
    both, one = (matplotlib.image.imread(path) for path in (path, undisturbed / "sticking.png"))
    assert both.shape != one.shape or not np.array_equal(both, one)


@pytest.mark.slow
@pytest.mark.usefixtures("whole_figures")
def test_two_campaigns_are_drawn_in_one_figure(undisturbed, alone):
    assert plot([alone, undisturbed], output=alone / "two") == alone / "two.png"
    assert (alone / "two.png").stat().st_size > 10_000


def test_what_is_not_there_cannot_be_analysed_or_drawn(tmp_path, wide):
    for verb in (lambda: analyse(tmp_path, wide), lambda: plot([tmp_path])):
        with pytest.raises(UserError, match="there is no such file; `scatter status"):
            verb()
    with pytest.raises(UserError, match="no campaign was run there"):
        status(tmp_path, wide)
    assert list(tmp_path.iterdir()) == []


def test_the_status_of_an_ended_campaign_makes_its_results_again(undisturbed, tmp_path, wide):
    folder = tmp_path / "copy"
    shutil.copytree(undisturbed, folder)
    before = read_results(folder)[1]
    (folder / "results.h5").unlink()
    status(folder, wide)
    assert read_results(folder)[1].tobytes() == before.tobytes()
    assert "24 trajectories at 2 points" in wide.export_text()


def test_a_damaged_block_stops_the_status_and_leaves_the_results(undisturbed, tmp_path, wide):
    folder = tmp_path / "copy"
    shutil.copytree(undisturbed, folder)
    before = (folder / "results.h5").read_bytes()
    block = next((folder / "blocks").iterdir())
    block.write_bytes(block.read_bytes()[:-1])
    with pytest.raises(UserError, match="is damaged"):
        status(folder, wide)
    assert (folder / "results.h5").read_bytes() == before


def test_the_status_of_a_running_campaign_shows_what_has_finished_and_who_writes(
    write_tiny, tmp_path, wide
):
    path = write_tiny(tmp_path, sampling__trajectories=2000, run__slots=2)
    running, folder = begun([SCATTER, "run", path]), tmp_path / "out"
    try:
        wait_until(lambda: store.block_files(folder), running)
        status(folder, wide)
        assert running.poll() is None
    finally:
        end_all(running)
        running.communicate()
    text = wide.export_text()
    assert f"being written by process {running.pid} on" in text
    assert 0 < len(read_results(folder)[1]) < 4000
    status(folder, wide)
    assert "no process is writing to it" in wide.export_text()
