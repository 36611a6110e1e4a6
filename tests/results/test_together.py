"""Several campaigns as one: the numbers of a campaign of all their points, or a refusal."""

import csv
import json
import shutil

import h5py
import numpy as np
import pytest
from rich.console import Console

import scatter
from scatter.report.averages import Wanted, average
from scatter.report.page import write_report
from scatter.results.folder import ResultsFile
from scatter.results.together import differences, results_of
from scatter.settings import UserError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def apart(write_tiny, tmp_path_factory):
    """The points of the tiny campaign in a folder each, and those of the second by another seed."""
    from scatter.campaign.run import run

    folders = []
    for energy, seed in ((1.2, 7), (0.9, 7), (0.9, 8)):
        folder = tmp_path_factory.mktemp("apart")
        run(write_tiny(folder, incidence__energy_eV=energy, run__seed=seed))
        folders.append(folder / "out")
    return folders


def test_campaigns_of_different_points_are_the_campaign_of_all(apart, undisturbed):
    one, whole = results_of(apart[:2]), ResultsFile.of(undisturbed)
    assert one.rows == whole.rows
    assert one.trajectories.tobytes() == whole.trajectories.tobytes()
    assert one.words == whole.words
    assert differences(one) == []


def test_points_of_two_seeds_are_pooled(apart):
    one = results_of(apart)
    assert [row.n for row in one.rows] == [24, 12]
    each = [results_of([folder]).rows[0] for folder in apart]
    assert one.rows[0].dissociated == each[1].dissociated + each[2].dissociated
    table = scatter.Results.open(*apart).sticking()
    assert table.n.tolist() == [24, 12]


def test_a_page_and_an_average_of_several_are_those_of_all(apart, undisturbed, tmp_path):
    copy = tmp_path / "whole"
    copy.mkdir()
    shutil.copy(undisturbed / "results.h5", copy)
    wanted, quiet = Wanted(gases_K=[2000.0], nearest_J=True), Console(quiet=True)
    due, found = (average(folders, wanted, quiet, tmp_path) for folders in (copy, apart[:2]))
    assert found == due
    assert (tmp_path / "averages.csv").is_file()
    page = write_report(apart[:2], output=tmp_path / "both").read_text()
    assert "24 trajectories of 2 campaigns at 2 points" in page
    with open(tmp_path / "both/report/sticking.csv", newline="") as file:
        assert [row["energy_eV"] for row in csv.DictReader(file)] == ["0.9", "1.2"]
    assert not (apart[0] / "report.html").exists()


def edited(folder, copy, change):
    """A copy of a campaign's results whose file says something else."""
    copy.mkdir()
    shutil.copy(folder / "results.h5", copy)
    with h5py.File(copy / "results.h5", "r+") as file:
        change(file)
    return copy


def says(key, value):
    def change(file):
        file.attrs["identity"] = json.dumps({**json.loads(file.attrs["identity"]), key: value})

    return change


def other_potential(file):
    file.attrs["potential_sha256"] = "another"


def other_masses(file):
    file["molecules/H2/masses_amu"][:] = np.array([1.0, 1.1])


def other_metal(file):
    file.attrs["input"] = file.attrs["input"].replace("[surface]", '[surface]\nelement = "Ni"')


def other_lattice(file):
    file.attrs["lattice_constant_A"] = json.dumps({"111 600 K": 3.7})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (other_potential, "have different potentials"),
        (other_masses, "give H2 different masses"),
        (other_metal, r"different surfaces by 111 \(Cu\(111\); Ni\(111\)\)"),
        (other_lattice, r"with different lattice constants \(3.68 and 3.7 Å\)"),
        (says("stop.dissociated_A", 1.9), r"differ in \[stop\] dissociated_A \(2.25; 1.9\)"),
    ],
)
def test_what_does_not_go_together_is_refused(apart, tmp_path, change, sentence):
    with pytest.raises(UserError, match=sentence) as refusal:
        results_of([apart[0], edited(apart[1], tmp_path / "other", change)])
    assert "\n" not in str(refusal.value)


def test_the_same_point_twice_with_one_seed_is_refused(apart, undisturbed):
    with pytest.raises(UserError, match="hold 1 point twice, with the same seed"):
        results_of([apart[1], undisturbed])
    with pytest.raises(UserError, match="is named twice"):
        results_of([apart[1], apart[1]])


def test_another_time_step_is_said_of_other_points_and_refused_of_the_same(apart, tmp_path):
    other = edited(apart[2], tmp_path / "other", says("dynamics.timestep_fs", 0.25))
    assert differences(results_of([apart[0], other])) == ["[dynamics] timestep_fs: 0.5, 0.25"]
    with pytest.raises(UserError, match=r"differ in \[dynamics\] timestep_fs \(0.5; 0.25\)"):
        results_of([apart[1], other])
