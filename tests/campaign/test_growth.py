"""Conditions added to a campaign in its folder: a campaign that grew is the one run at once."""

import csv
import json

import numpy as np
import pytest
from killed_run import killed

import scatter
from scatter import store
from scatter.results.folder import ResultsFile, conditions_in
from scatter.settings import UserError

FEW = {"sampling__trajectories": 1}


def by_conditions(folder):
    """Rows of a campaign by their conditions and number, as bytes but for the point's number."""
    results = ResultsFile.of(folder)
    own = dict(zip(results.points["point"].tolist(), conditions_in(results.points), strict=True))
    rows = results.ended.copy()
    names = [own[point] for point in rows["point"].tolist()]
    numbers = rows["number"].tolist()
    rows["point"] = 0
    keys = zip(names, numbers, strict=True)
    return {key: row.tobytes() for key, row in zip(keys, rows, strict=True)}


def blocks(folder):
    return {path.name: path.read_bytes() for path in (folder / "blocks").iterdir()}


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        {"incidence__energy_eV": [0.9, 1.05, 1.2], "incidence__polar_deg": [30, 0]},
        {"molecule__formula": ["D2", "H2", "HD"], "molecule__v": [1, 0], "molecule__j": [2, 1]},
        {"surface__facet": ["100", "111"]},
    ],
    ids=["approach", "molecule", "surface"],
)
def test_a_campaign_that_grew_is_the_one_run_at_once(run_tiny, tmp_path, more):
    for folder in ("grown", "whole"):
        (tmp_path / folder).mkdir()
    grown = run_tiny(tmp_path / "grown", **FEW)
    before = by_conditions(grown), blocks(grown)
    assert run_tiny(tmp_path / "grown", **FEW, **more) == grown
    whole = run_tiny(tmp_path / "whole", **FEW, **more)
    assert before[1].items() <= blocks(grown).items()
    assert before[0].items() < by_conditions(grown).items()
    assert by_conditions(grown) == by_conditions(whole)


@pytest.mark.slow
def test_a_temperature_brings_its_slab_and_its_lattice_constant(run_tiny, tmp_path):
    alike = {**FEW, "thermalise__equilibrate_fs": 200}
    table = {"surface__lattice_constant_A": {"600": 3.68}}
    run_tiny(tmp_path, **alike, **table)
    kept = by_conditions(tmp_path / "out")
    both = {"surface__temperature_K": [300, 600], **alike}
    wrong = {"surface__lattice_constant_A": {"600": 3.69, "300": 3.66}}
    with pytest.raises(UserError, match=r"\[surface\] lattice_constant_A was .* is now"):
        run_tiny(tmp_path, **both, **wrong)
    run_tiny(tmp_path, **both, surface__lattice_constant_A={"600": 3.68, "300": 3.66})
    assert kept.items() < by_conditions(tmp_path / "out").items()
    assert {*store.read_manifest(tmp_path / "out")["slabs_sha256"]} == {"111 600 K", "111 300 K"}


@pytest.mark.slow
def test_tables_of_a_campaign_that_grew_are_sorted_by_conditions(run_tiny, tmp_path):
    folder = run_tiny(tmp_path, **FEW)
    run_tiny(tmp_path, **FEW, incidence__energy_eV=[0.9, 1.2, 1.05])
    run_tiny(tmp_path, **FEW, incidence__energy_eV=[0.9, 1.2, 1.05, 1.0])
    with open(folder / "sticking.csv", newline="") as file:
        energies = [float(row["energy_eV"]) for row in csv.DictReader(file)]
    assert energies == [0.9, 1.0, 1.05, 1.2]
    results = scatter.Results.open(folder)
    assert results.points.energy_eV.to_dict() == {0: 0.9, 3: 1.0, 2: 1.05, 1: 1.2}
    assert len(store.read_manifest(folder)["grown"]) == 2
    impacts = results.trajectories.groupby("energy_eV").impact_x_A.apply(list)
    lone = run_tiny(tmp_path, **FEW, run__output=str(tmp_path / "x"), incidence__energy_eV=1.0)
    assert scatter.Results.open(lone).trajectories.impact_x_A.tolist() == impacts[1.0]


@pytest.mark.slow
def test_a_kill_in_the_middle_of_growth_loses_nothing(run_tiny, write_tiny, tmp_path):
    (tmp_path / "whole").mkdir()
    long = {"sampling__trajectories": 20, "run__slots": 2}
    more = {"incidence__energy_eV": [1.2, 0.9, 1.3]}
    folder = run_tiny(tmp_path, **long, incidence__energy_eV=0.9)
    kept = by_conditions(folder)
    ended = killed(write_tiny(tmp_path, **long, **more), 4)
    assert 20 < ended < 60
    run_tiny(tmp_path, **long, **more)
    assert kept.items() < by_conditions(folder).items()
    whole = run_tiny(tmp_path / "whole", **long, **more)
    assert by_conditions(folder) == by_conditions(whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fewer", "sentence"),
    [
        ({"incidence__energy_eV": [1.2, 1.5]}, r"\[incidence\] energy_eV was \[0.9, 1.2\] and is"),
        (
            {"molecule__j": 2},
            r"\[molecule\] j was \[1\] and is now \[2\] \(conditions can be added",
        ),
        ({"surface__size": [3, 2, 4]}, r"\[surface\] size was"),
    ],
)
def test_a_condition_that_is_taken_away_is_refused_in_one_sentence(
    undisturbed, run_tiny, tmp_path, fewer, sentence
):
    told, held = (undisturbed / "campaign.json").read_bytes(), blocks(undisturbed)
    with pytest.raises(UserError, match=sentence) as refusal:
        run_tiny(tmp_path, run__output=str(undisturbed), **fewer)
    assert "\n" not in str(refusal.value)
    assert (undisturbed / "campaign.json").read_bytes() == told
    assert blocks(undisturbed) == held


@pytest.mark.slow
def test_growth_on_another_slab_is_refused(run_tiny, tmp_path):
    folder = run_tiny(tmp_path, **FEW)
    told = store.read_manifest(folder)
    edited = {**told, "slabs_sha256": {"111 600 K": "another"}}
    (folder / "campaign.json").write_text(json.dumps(edited))
    with pytest.raises(UserError, match="holds this campaign on a different slab"):
        run_tiny(tmp_path, **FEW, incidence__energy_eV=[0.9, 1.0, 1.2])


@pytest.mark.slow
def test_two_campaigns_are_compared_point_by_point_whatever_the_order_they_grew_in(
    run_tiny, tmp_path
):
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
    one = run_tiny(tmp_path / "one", **FEW, incidence__energy_eV=1.2)
    run_tiny(tmp_path / "one", **FEW, incidence__energy_eV=[0.9, 1.2])
    other = run_tiny(tmp_path / "other", **FEW, incidence__energy_eV=[0.9, 1.2])
    first, second = ResultsFile.of(one), ResultsFile.of(other)
    again = second.numbered_as(first)
    assert [row.energy_eV for row in again.rows] == [row.energy_eV for row in first.rows]
    ordered = np.sort(again.ended, order=["point", "number"])
    assert ordered.tobytes() == np.sort(first.ended, order=["point", "number"]).tobytes()


@pytest.mark.slow
def test_a_campaign_that_is_done_says_so_and_shows_its_table(
    undisturbed, run_tiny, tmp_path, capsys
):
    run_tiny(tmp_path, run__output=str(undisturbed))
    shown = capsys.readouterr().out
    assert "all 24 trajectories have already ended, so nothing is left to run" in shown
    assert "steps/s" not in shown
    assert "95 %" in shown
