"""Campaigns whose points are split, from the input to the report."""

import re
import shutil

import numpy as np
import pytest
from rich.console import Console
from tiny_runs import RARE, run_in

import scatter
from scatter import store
from scatter.analysis import pilots
from scatter.campaign.inspect import inspect
from scatter.campaign.processes import Stopped
from scatter.campaign.watch import Watch
from scatter.config import Sampling, read
from scatter.errors import UserError
from scatter.report.sticking import analyse, plot
from scatter.results.folder import COUNTED, ResultsFile
from scatter.results.together import results_of


@pytest.fixture(scope="module")
def rare(write_tiny, tmp_path_factory):
    """The folder of a point that is split; tests leave it as it is."""
    return run_in(write_tiny(tmp_path_factory.mktemp("rare"), **RARE).parent)


def told(folder):
    return store.replicates(folder)


def test_replicates_come_through_every_level(rare):
    rows = told(rare)
    assert set(rows["replicate"]) == {0, 1, 2, 3}
    own = rows[rows["replicate"] > 0]
    levels = own[own["replicate"] == 1]
    assert (levels["level"] == np.arange(1, len(levels) + 1)).all()
    assert levels["threshold"][-1] == np.inf
    assert (np.diff(levels["threshold"][:-1]) > 0).all()
    assert (own["starts"] == 24).all()
    assert (own["trajectories"] == np.where(own["level"] == 1, 24, 2 * 8)).all()


def test_the_results_give_S0_by_replicates(rare):
    results = scatter.Results.open(rare)
    (row,) = ResultsFile.of(rare, COUNTED).rows
    (table,) = results.sticking().itertuples()
    (point,) = results.splitting().itertuples()
    P = [
        np.prod(r["survivors"] / r["starts"])
        for r in (told(rare)[told(rare)["replicate"] == n] for n in (1, 2, 3))
    ]
    assert point.P == row.S0 == table.S0 == pytest.approx(np.mean(P))
    assert point.each == pytest.approx(P)
    assert point.spread == pytest.approx(np.std(P, ddof=1) / np.mean(P))
    assert len(results.replicates) == len(told(rare))
    assert (rare / "splitting.csv").exists()


def test_the_report_says_what_was_split(rare, capsys):
    analyse(rare, Console(width=80))
    text = capsys.readouterr().out
    assert re.search(r"split +S0 +95 % +δ +R +K +kept +anc +run +gain", text)
    assert max(map(len, text.splitlines()[:5])) <= 80
    assert plot([rare], logarithmic=True).exists()


def test_stopped_and_extended_the_same_bits_come_out(rare, write_tiny, tmp_path, monkeypatch):
    fewer = {**RARE, "run__slots": 3, "sampling__replicates": 2}
    path = write_tiny(tmp_path, **fewer)
    meet, met = Watch.meet, []

    def stopped_at(count):
        def stopping(self):
            met.append(self)
            if len(met) == count:
                raise Stopped
            meet(self)

        return stopping

    for count in (4, 12):  # in the pilot, and among the replicates
        monkeypatch.setattr(Watch, "meet", stopped_at(count))
        with pytest.raises(Stopped, match="continues from there"):
            run_in(path.parent)
    monkeypatch.setattr(Watch, "meet", meet)
    before = told(run_in(path.parent))
    assert before.tobytes() == told(rare)[told(rare)["replicate"] < 3].tobytes()
    after = told(run_in(write_tiny(tmp_path, **RARE).parent))
    key = ["replicate", "level"]
    assert np.sort(after, order=key).tobytes() == np.sort(told(rare), order=key).tobytes()
    with pytest.raises(UserError, match="moves = 2, and now it is 3"):
        run_in(write_tiny(tmp_path, **{**RARE, "sampling__moves": 3}).parent)


def test_a_pilot_has_no_more_starts_than_its_levels_need(write_tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(pilots, "MOST_STARTS", 16)
    rows = told(run_in(write_tiny(tmp_path, **RARE).parent))
    first = rows[rows["level"] == 1]
    assert (first["starts"] == np.where(first["replicate"] == 0, 16, 24)).all()


def test_common_events_are_counted_where_splitting_is_automatic(write_tiny, tmp_path):
    common = {**RARE, "incidence__energy_eV": [1.2], "sampling__method": "auto"}
    folder = run_in(write_tiny(tmp_path, **common).parent)
    (row,) = ResultsFile.of(folder, COUNTED).rows
    assert row.n == 24
    assert row.repeated is None
    assert not len(told(folder))


def test_a_damaged_table_is_named(rare, write_tiny, tmp_path):
    store.write_replicates(tmp_path, 0, told(rare))
    path = store.splitting_file(tmp_path, 0, "table")
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match="this file of replicates is damaged"):
        told(tmp_path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"frames__trajectories": 1}, r"\[frames\] trajectories = 1 applies to crude trajectories"),
        ({"sampling__method": "crude"}, "moves = 2 applies to splitting"),
        ({"sampling__max_replicates": 9}, "limits a target"),
        ({"sampling__max_replicates": 2, "sampling__target_error": 0.1}, "at least replicates = 3"),
        ({"sampling__target_product": "H* + H*"}, "applies to atoms and polyatomics"),
    ],
)
def test_what_splitting_cannot_do_is_refused(write_tiny, tmp_path, changes, sentence):
    with pytest.raises(UserError, match=sentence):
        read(write_tiny(tmp_path, **{**RARE, **changes}))


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"sampler": scatter.Plain(5)}, "a custom sampler"),
        (
            {"observers": [type("Named", (scatter.Observer,), {"name": "named"})()]},
            "custom observers",
        ),
        ({"projectile": type("Upright", (scatter.Diatomic,), {})}, "a custom projectile"),
    ],
)
def test_parts_that_cannot_take_part_are_refused(write_tiny, tmp_path, parts, sentence):
    with pytest.raises(UserError, match=sentence):
        scatter.run(write_tiny(tmp_path, **RARE), **parts)


def test_a_product_may_be_what_is_rare_without_a_target():
    assert Sampling(method="splitting", target_product="CD3* + H*").splits
    with pytest.raises(ValueError, match="names what a target or splitting is for"):
        Sampling(target_product="CD3* + H*")


def test_starts_that_came_to_the_event_are_rows_that_add_up_to_P(rare):
    results = scatter.Results.open(rare)
    (point,) = results.splitting().itertuples()
    rows = results.reactive
    assert (rows.ended == "dissociated").all()
    assert rows.weight.sum() == pytest.approx(point.P)
    parts = rows.groupby("replicate").weight.sum() * point.replicates
    assert parts.tolist() == pytest.approx([P for P in point.each if P])
    assert rows.number.tolist() == [*range(len(rows))]
    total = sum(
        rows[f"{when}_{part}_eV"] * sign
        for when, sign in (("initial", -1), ("final", 1))
        for part in (
            *("kinetic_molecule", "kinetic_slab", "potential_molecule", "potential_slab"),
            "coupling",
        )
    )
    assert abs(total).max() < 0.1  # the ledger holds the energy of the slab that it began on
    assert not len(results.trajectories)


def test_a_reactive_start_is_replayed_to_the_bit(rare, capsys):
    inspect(rare, 0, 1, None, None, False, Console(width=80), reactive=True)
    assert "the same bits as stored" in capsys.readouterr().out
    assert len([*(rare / "inspected").glob("*_reactive.extxyz")]) == 1
    with pytest.raises(UserError, match="has not ended there"):
        inspect(rare, 0, 10**6, None, None, False, Console(), reactive=True)


def test_split_points_stand_beside_those_of_other_campaigns(rare, write_tiny, tmp_path):
    crude = {**RARE, "incidence__energy_eV": [0.4, 0.9], "sampling__method": "crude"}
    for name in ("replicates", "moves"):
        crude.pop(f"sampling__{name}")
    beside = run_in(write_tiny(tmp_path, **crude).parent)
    together = results_of([beside, rare])
    assert [row.energy_eV for row in together.rows] == [0.4, 0.52, 0.9]
    assert [*together.passages] == [1]
    assert together.rows[1].S0 == ResultsFile.of(rare, COUNTED).rows[0].S0
    with pytest.raises(UserError, match="are those of one campaign; open it alone"):
        _ = scatter.Results.open(beside, rare).reactive
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(rare / "results.h5", copy)
    with pytest.raises(UserError, match="share points that were split"):
        results_of([copy, rare])


def test_replicates_of_other_moves_are_not_continued(rare, write_tiny, tmp_path):
    shutil.copytree(rare, tmp_path / "out")
    file = store.splitting_file(tmp_path / "out", 0, "pilot.npz")
    with np.load(file) as held:
        arrays = {**held, "version": np.array(1)}
    np.savez(file, **arrays)
    more = {**RARE, "sampling__replicates": 4}
    with pytest.raises(UserError, match="has the layout 1, and this version of scatter reads 3"):
        run_in(write_tiny(tmp_path, **more).parent)
