"""Shots under an umbrella from settings to tables: bits, kills, what is refused and said."""

import json
import shutil

import h5py
import numpy as np
import pytest
from rich.console import Console
from short_desorption import SETTINGS, shorten

import scatter
from scatter import store
from scatter.campaign import chained
from scatter.campaign.processes import Stopped
from scatter.campaign.watch import Watch
from scatter.report.sticking import analyse
from scatter.settings import UserError

UMBRELLA = {"range_eV": [0.4, 0.9], "state": [0, 1], "shots": 48}
SHORT = {"CHAINS": 6, "MOVES": 4, "EVERY": 2, "WINDOWS": (1, 2), "PILOT": 2, "SETTLE": 1}


def settings(**keys):
    """Those of a short campaign with an umbrella, some of whose keys are changed."""
    return {**SETTINGS, "incidence": {**SETTINGS["incidence"], "umbrella": {**UMBRELLA, **keys}}}


@pytest.fixture(scope="module", autouse=True)
def _short_chains(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        for name, value in SHORT.items():
            patch.setattr(chained, name, value)
        patch.setenv("SCATTER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("under") / "out"
    scatter.run(settings(), folder=folder)
    return folder


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")


def test_chains_tell_every_other_move_how_their_molecules_left(folder):
    rows = store.left(folder)
    assert rows["move"].tolist() == np.repeat([2, 4, 6, 8], 6).tolist()
    assert rows["chain"].tolist() == [*range(6)] * 4
    numbers = np.array([rows[name] for name in ("energy_eV", "v", "J", "lateral_eV")])
    assert np.isfinite(numbers).all()
    assert rows["came"].max() == 1
    told = json.loads((folder / "campaign.json").read_text())["umbrellas"]["0"]
    assert (told["low_eV"], told["high_eV"], told["v"], told["J"]) == (0.4, 0.9, 0, 1)
    assert told["moves"] == 48
    assert 0 < told["accepted"] < 48


def test_rows_stand_in_the_results_with_their_units(folder):
    with h5py.File(folder / "results.h5") as file:
        table = file["umbrella"]
        assert isinstance(table, h5py.Dataset)
        assert table.attrs["energy_eV.unit"] == "eV"
        assert np.array_equal(table[()], store.left(folder))
    assert np.array_equal(scatter.Results.open(folder).read.left, store.left(folder))


def test_more_moves_continue_as_if_they_had_been_asked_for_at_first(folder, copy, tmp_path):
    scatter.run(settings(shots=96), folder=copy)
    scatter.run(settings(shots=96), folder=tmp_path / "whole")
    assert len(store.left(copy)) == 48
    assert np.array_equal(store.left(copy), store.left(tmp_path / "whole"))
    assert np.array_equal(store.left(copy)[:24], store.left(folder))


def test_a_stop_loses_no_more_than_a_round(folder, tmp_path, monkeypatch):
    """Stopped once in each of several rounds, and continued, the rows are the same."""
    out, meets = tmp_path / "stopped", []
    meet = Watch.meet

    def stopping(watch):
        meet(watch)
        meets.append(1)
        if len(meets) in (2, 5, 7):
            raise Stopped

    monkeypatch.setattr(Watch, "meet", stopping)
    for _ in range(3):
        with pytest.raises(Stopped, match="all rounds before are written"):
            scatter.run(settings(), folder=out)
    scatter.run(settings(), folder=out)
    assert np.array_equal(store.left(out), store.left(folder))


def test_rows_of_a_round_that_is_run_again_are_not_told_twice(folder, copy):
    """A kill between the two files leaves rows of a round that the chains have not made."""
    path = store.umbrella_file(copy, 0, "npz")
    walk = chained.Walk.read(path)
    scatter.run(settings(shots=96), folder=copy)
    walk.write(path)
    scatter.run(settings(shots=96), folder=copy)
    rows = store.left(copy)
    assert len(rows) == len(np.unique(rows[["chain", "move"]])) == 48


def test_an_umbrella_may_be_added_to_shots_that_are_there(folder, tmp_path):
    out = tmp_path / "first"
    scatter.run(SETTINGS, folder=out)
    before = scatter.Results.open(out).trajectories
    scatter.run(settings(), folder=out)
    assert np.array_equal(store.left(out), store.left(folder))
    assert scatter.Results.open(out).trajectories.equals(before)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"state": [0, 2]}, r"chains there have \[incidence.umbrella\] state = \[0.0, 1.0\], and"),
        ({"range_eV": [0.3, 0.9]}, r"range_eV = \[0.4, 0.9\], and now it is \[0.3, 0.9\]"),
    ],
)
def test_chains_of_another_umbrella_are_not_continued(copy, keys, sentence):
    with pytest.raises(UserError, match=sentence):
        scatter.run(settings(**keys), folder=copy)


def test_s0_is_refused_where_the_chains_have_not_gone_to_and_fro(folder, capsys):
    analyse(folder, Console())
    said = " ".join(capsys.readouterr().out.split())
    assert "umbrella over v = 0, J = 1, 0.4 to 0.9 eV: S0 needs 200 that desorbed" in said
    with pytest.raises(UserError, match="S0 needs 200 that desorbed"):
        scatter.Results.open(folder).resolved(umbrella=True)


def test_shots_without_an_umbrella_have_no_such_s0(tmp_path):
    scatter.run(SETTINGS, folder=tmp_path / "none")
    with pytest.raises(UserError, match=r"there is no umbrella; give \[incidence.umbrella\]"):
        scatter.Results.open(tmp_path / "none").resolved(umbrella=True)


def test_a_surface_from_which_nothing_leaves_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(chained, "TRIES", 1)
    with pytest.raises(UserError, match="from none of 1 starts .* nearer to the barrier"):
        scatter.run(settings(), folder=tmp_path / "out")


def test_results_that_do_not_say_their_umbrella_are_refused(copy):
    with h5py.File(copy / "results.h5", "r+") as file:
        file.attrs["umbrellas"] = json.dumps({"0": {"u": [0.0, "x"], "a": []}})
    with pytest.raises(UserError, match="does not say the umbrella of point 0"):
        scatter.Results.open(copy).desorption()


@pytest.mark.parametrize(("name", "value"), [("energy_eV", np.nan), ("point", 3)])
def test_rows_that_cannot_be_are_refused(copy, name, value):
    with h5py.File(copy / "results.h5", "r+") as file:
        table = file["umbrella"]
        assert isinstance(table, h5py.Dataset)
        rows = table[()]
        rows[name][2] = value
        table[...] = rows
    with pytest.raises(UserError, match="what left under an umbrella belongs to no point, or is"):
        scatter.Results.open(copy)


def test_an_umbrella_goes_with_desorption_alone():
    beam = {
        **SETTINGS,
        "molecule": {"formula": "HD", "v": 0, "j": 0},
        "incidence": {"energy_eV": 0.5, "umbrella": UMBRELLA},
    }
    with pytest.raises(UserError, match='umbrella applies to kind = "desorption"'):
        scatter.run(beam)


def test_a_run_says_how_far_its_chains_are(folder, tmp_path, capsys, monkeypatch):
    """With what they have done, and the time left."""
    monkeypatch.setattr(chained, "say", lambda console, text: print(text))
    scatter.run(settings(), folder=tmp_path / "said")
    lines = [line for line in capsys.readouterr().out.split("\n") if "umbrella: " in line]
    assert "weights found" in lines[0]
    assert "50% done" in lines[1]
    assert "% of moves taken, 0 round trips, worth " in lines[2]
    assert lines[2].endswith("0 s left")


def test_a_damaged_table_of_an_umbrella_is_named(copy):
    path = store.umbrella_file(copy, 0, "table")
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(UserError, match="this file of shots is damaged"):
        scatter.run(settings(shots=96), folder=copy)
