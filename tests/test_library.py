"""scatter from Python: the same bits as the command, tables, and sentences for mistakes."""

import io

import numpy as np
import pytest
from numba_threads import threads_as_before
from rich.console import Console
from test_extending import settings
from tiny_runs import slab_from_a_file

import scatter
from scatter import store
from scatter.report.status import status
from scatter.report.sticking import analyse
from scatter.results.export import export
from scatter.rows import ROW
from scatter.structures import read_structure
from scatter.units import fs


@pytest.fixture(autouse=True)
def _threads():
    with threads_as_before():
        yield


@pytest.mark.slow
def test_a_dictionary_gives_the_rows_of_the_same_input_file(undisturbed, write_tiny):
    found = scatter.run(settings())
    rows, due = found.read.trajectories, store.trajectories(undisturbed)
    assert rows.tobytes() == due.tobytes()
    assert found.folder is None
    assert found.sticking()["n"].tolist() == [12, 12]
    opened = scatter.Results.open(undisturbed)
    assert opened.sticking().equals(found.sticking())
    assert opened.trajectories.equals(found.trajectories)
    assert set(opened.trajectories["ended"]) == {"dissociated", "scattered"}
    assert opened.report().is_file()


@pytest.mark.slow
def test_a_folder_is_gone_on_with(write_tiny, tmp_path):
    told = [io.StringIO() for _ in range(2)]
    for number, console in zip((5, 8), told, strict=True):
        found = scatter.run(
            settings(sampling__trajectories=number), folder=tmp_path / "kept",
            console=Console(file=console, width=100),
        )  # fmt: skip
        assert found.sticking()["n"].tolist() == [number, number]
    assert "10 trajectories, " in told[0].getvalue()
    assert "6 trajectories, " in told[1].getvalue()


def test_a_slab_that_is_handed_in_is_the_slab_of_a_file(write_tiny, tmp_path):
    path = write_tiny(tmp_path, sampling__trajectories=2)
    slab_from_a_file(path, tmp_path / "slab.xyz")
    by_file = scatter.run(path)
    tables = settings(sampling__trajectories=2)
    for key in ("size", "lattice_constant_A"):
        del tables["surface"][key]
    slab = read_structure(tmp_path / "slab.xyz", "slab")
    handed = scatter.run(tables, surface=slab)
    assert handed.read.trajectories.tobytes() == by_file.read.trajectories.tobytes()
    tables["surface"]["file"] = str(tmp_path / "slab.xyz")
    with pytest.raises(scatter.UserError, match="is handed in, and .* file names another"):
        scatter.run(tables, surface=slab)


@pytest.mark.slow
def test_fits_states_and_rotation_are_tables(undisturbed):
    found = scatter.Results.open(undisturbed)
    states = found.states("histogram")
    by_point = states.groupby("point")["P_scattered"].sum()
    assert by_point.to_numpy() == pytest.approx(1.0)
    assert {"v_final", "J_final", "low", "high"} <= set(states)
    rotation = found.rotation()
    assert rotation.groupby(["point", "v_final"])["P"].sum().to_numpy() == pytest.approx(1.0)
    with pytest.raises(scatter.UserError, match="must be one of histogram, gaussian, parity"):
        found.states("nearest")
    with pytest.raises(scatter.UserError):  # two points do not make a curve
        found.fits()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"molecule__formula": "Xx"}, "formula"),
        ({"molecule__j": object()}, "must be a number, text"),
        ({"sampling__trajektories": 3}, "did you mean"),
    ],
)
def test_a_mistake_is_a_sentence(changes, told):
    with pytest.raises(scatter.UserError, match=told):
        scatter.run(settings(**changes))


def test_arrays_of_numpy_are_settings_too():
    found = scatter.run(
        settings(incidence__energy_eV=np.array([0.9, 1.2]), sampling__trajectories=np.int64(2))
    )
    assert found.sticking()["energy_eV"].tolist() == [0.9, 1.2]


def test_what_is_no_potential_is_refused():
    with pytest.raises(scatter.UserError, match="neither a scatter.Potential nor a calculator"):
        scatter.run(settings(), potential=3)


class Early(scatter.Ending):
    """Over after 50 fs."""

    name = "early"

    def __init__(self, last_fs=50.0):
        self.last_fs = last_fs

    def met(self, memory, sight):
        return sight.time > self.last_fs * fs


class Longest(scatter.Observer):
    """The longest bond."""

    name = "longest"
    columns = (scatter.Column("longest_bond_A", "f8", "Å", "longest bond along the way"),)

    def begin(self, sight):
        return {"bond": sight.bond + 0}

    def see(self, memory, sight):
        return {"bond": np.maximum(memory["bond"], sight.bond)}

    def row(self, memory, masses):
        return {"longest_bond_A": memory["bond"]}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder with an ending and a column of one's own."""
    folder = tmp_path_factory.mktemp("own") / "out"
    with threads_as_before():
        scatter.run(settings(), endings=[Early(140.0)], observers=[Longest()], folder=folder)
    return folder


@pytest.mark.slow
def test_every_reader_knows_an_ending_and_a_column_of_ones_own(own):
    console = Console(file=io.StringIO(), width=100)
    analyse(own, console)
    status(own, console)
    text = console.file.getvalue()
    assert text.count("early") >= 2
    table = (own / "sticking.csv").read_text().splitlines()
    assert table[0].endswith(",left_early")
    done = export(own)
    assert done.outcomes["early"] > 0
    header = done.output.read_text().splitlines()[0].split(",")
    assert header[-1] == "longest_bond_A"
    told = done.output.with_name(f"{done.output.name}-metadata.json").read_text()
    assert "longest bond along the way" in told
    assert export(own, "parquet").outcomes == done.outcomes
    assert export(own, "extxyz").outcomes == done.outcomes
    found = scatter.Results.open(own)
    assert (found.trajectories["longest_bond_A"] >= found.trajectories["bond_A"]).all()
    counts = found.sticking()
    assert counts["early"].sum() > 0
    assert (counts["S0"] == counts["dissociated"] / counts["n"]).all()
    assert found.report().is_file()


def test_an_own_row_is_the_usual_one_with_columns_behind(own, undisturbed):
    found, due = store.trajectories(own), store.trajectories(undisturbed)
    assert found.dtype.names == (*ROW.names, "longest_bond_A")
    same = found["outcome"] != 5
    assert 0 < same.sum() < len(same)
    for name in ROW.names:
        assert found[name][same].tobytes() == due[name][same].tobytes(), name


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"endings": [Early(150.0)], "observers": [Longest()]},
        {"endings": [Early(140.0)]},
    ],
)
def test_a_folder_is_gone_on_with_by_the_same_parts_alone(own, parts):
    with pytest.raises(scatter.UserError, match="before a change of parts"):
        scatter.run(settings(sampling__trajectories=20), folder=own, **parts)


class Twice(Longest):
    name = "twice"


class Silent(Longest):
    name = "silent"

    def row(self, memory, masses):
        return {}


@pytest.mark.parametrize(
    ("observers", "error", "told"),
    [
        ([Longest(), Longest()], scatter.UserError, "written twice"),
        ([Silent()], ValueError, "both must name the same"),
    ],
)
def test_parts_that_contradict_themselves_are_refused(observers, error, told):
    with pytest.raises(error, match=told):
        scatter.run(settings(sampling__trajectories=1), observers=observers)


def test_two_parts_of_one_name_are_refused():
    same = Twice()
    same.name, same.columns = "longest", ()
    with pytest.raises(scatter.UserError, match="same name"):
        scatter.run(settings(sampling__trajectories=1), observers=[Longest(), same])


def test_public_names_are_there():
    for name in scatter.PUBLIC:
        assert getattr(scatter, name).__doc__
    assert "run" in dir(scatter)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        scatter.nothing  # noqa: B018
