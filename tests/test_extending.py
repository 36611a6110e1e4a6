"""What docs/extending shows, run as it stands there: each opens the house in under forty lines."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from numba_threads import threads_as_before
from tiny_runs import TINY

import scatter
from scatter.initial.slab import build
from scatter.initial.surface import Surface
from scatter.potentials.check import deviations
from scatter.potentials.families import SHIPPED, family, kinds
from scatter.potentials.table import (
    PotentialTable,
    open_committee,
    open_potential,
    potential_from_name,
)
from scatter.settings import UserError
from scatter.state import System

FOLDER = Path(__file__).parents[1] / "docs" / "extending"
LONGEST = 40  # lines


@pytest.fixture(autouse=True)
def cached(write_tiny):
    """The cache of slabs of `write_tiny`, which tiny campaigns have filled."""
    with threads_as_before():
        yield


def shown(name):
    return runpy.run_path(str(FOLDER / f"{name}.py"))


def settings(**changes):
    """The tiny campaign, some keys changed (table__key=value)."""
    tables = {name: dict(keys) for name, keys in TINY.items() if "." not in name}
    tables["surface"]["thermalise"] = dict(TINY["surface.thermalise"])
    tables["frames"]["trajectories"] = 0
    for key, value in changes.items():
        table, name = key.split("__")
        tables.setdefault(table, {})[name] = value
    return tables


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.stem)
def test_an_example_is_short(file):
    assert len(file.read_text().splitlines()) < LONGEST


def sites():
    """Ideal positions of the tiny campaign's slab, Å."""
    keys = {k: v for k, v in TINY["surface"].items() if k != "thermalise"}
    return build(Surface(**keys), "111", 3.68)[1]


def well(wall):
    """The wall with a well of 0.15 eV for each atom before it, which moves with the top layer."""

    class Well(wall):
        identity = "well"

        def energies_and_forces(self, system, positions):
            energies, forces = super().energies_and_forces(system, positions)
            top = np.flatnonzero(self.sites[:, 2] > self.sites[:, 2].max() - 0.1)
            hydrogen = np.flatnonzero(system.numbers == 1) if (system.numbers == 29).any() else []
            for atom in hydrogen:
                off = (positions[:, atom, 2] - positions[:, top, 2].mean(axis=1) - 2.0) / 0.6
                deep = 0.15 * np.exp(-(off**2))
                energies -= deep
                forces[:, atom, 2] -= 2 * deep * off / 0.6
                forces[:, top, 2] += (2 * deep * off / 0.6 / len(top))[:, None]
            return energies, forces

    return Well(sites())


@pytest.mark.slow
def test_an_own_ending_ends_trajectories_and_counts_as_stuck():
    potential = well(shown("potential")["Wall"])
    slow = settings(
        molecule__masses_amu={"H": 20.0}, surface__temperature_K=100, incidence__energy_eV=0.05,
        dynamics__max_time_fs=3000, sampling__trajectories=5, guards__most_unsettled=1,
    )  # fmt: skip
    ending = shown("ending")["Trapped"](potential, bounces=2)
    both = [scatter.run(slow, potential=potential, endings=one) for one in ([ending], [])]
    found, usual = (one.trajectories for one in both)
    trapped = found["ended"] == "trapped"
    (row,) = both[0].sticking().to_dict("records")
    assert row["trapped"] == row["n"] * row["S0"] == trapped.sum()
    assert 0 < trapped.sum() < 5
    # a molecule that leaves after fewer bounces leaves as it would have; the others stay for longer
    assert found[~trapped].equals(usual[~trapped])
    assert (found["time_fs"][trapped] < usual["time_fs"][trapped]).all()
    assert (found["turning_points"][trapped] >= 3).all()  # two below, one above


@pytest.mark.slow
def test_an_own_observer_writes_a_column_and_changes_no_bit():
    made = shown("observer")["TimeAtop"]()
    watched = scatter.run(settings(), observers=[made]).trajectories
    alone = scatter.run(settings()).trajectories
    assert (watched["atop_fs"] >= 0).all()
    assert (watched["atop_fs"] > 0).any()
    assert (watched["atop_fs"] <= watched["time_fs"]).all()
    assert watched.drop(columns="atop_fs").equals(alone)


@pytest.mark.slow
def test_an_own_start_is_turned_whole():
    upright = shown("start")["Upright"]
    found = scatter.run(settings(), projectile=upright).trajectories
    usual = scatter.run(settings()).trajectories
    assert (found["theta_deg"] == 0).all()
    along = found["initial_z2_A"] - found["initial_z1_A"]
    assert along.to_numpy() == pytest.approx(found["bond_A"].to_numpy(), abs=1e-12)
    assert found["bond_A"].to_numpy() == pytest.approx(usual["bond_A"].to_numpy(), abs=1e-12)
    kinetic = "initial_kinetic_molecule_eV"
    assert found[kinetic].to_numpy() == pytest.approx(usual[kinetic].to_numpy(), abs=1e-9)
    assert not np.allclose(found["initial_vx1_A_per_fs"], usual["initial_vx1_A_per_fs"])


@pytest.mark.slow
def test_an_own_potential_conserves_energy():
    wall = shown("potential")["Wall"](sites())
    found = scatter.run(settings(), potential=wall).trajectories
    assert (found["ended"] == "scattered").all()  # nothing pulls the atoms apart
    assert found["energy_error_eV"].max() < 0.05


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The example of a family as a package that is installed, and a file of it."""
    (tmp_path / "morse_pairs.py").write_text((FOLDER / "family.py").read_text())
    described = tmp_path / "morse_pairs-1.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: morse-pairs\nVersion: 1\n")
    entry = "[scatter.potentials]\nmorse = morse_pairs:MorseFamily\n"
    (described / "entry_points.txt").write_text(entry)
    monkeypatch.syspath_prepend(tmp_path)
    model = {"elements": ["H", "Cu"], "D_eV": 0.34, "a_per_A": 1.36, "r0_A": 2.87}
    file = tmp_path / "copper.morse"
    file.write_text(json.dumps(model))
    yield file
    family.cache_clear()
    sys.modules.pop("morse_pairs", None)


def test_an_own_family_is_a_kind_and_its_files_are_known(installed):
    named = potential_from_name(str(installed))
    table = PotentialTable(kind="morse", file=str(installed), committee=[str(installed)])
    opened = open_potential(table)
    committee = open_committee(table, opened)
    assert type(opened).__name__ == "Morse"
    assert opened.identity == named.identity == committee.members[1].identity
    system = System(np.array([29, 29, 1, 1]), 9 * np.eye(3), (True, True, False), np.arange(4) > 0)
    some = np.random.default_rng(1).normal(2.5, 1.0, (3, 4, 3))
    laws = deviations(opened, system, some, np.random.default_rng(2))
    assert not laws.broken(separation=np.inf)  # nothing ends at the cutoff
    with pytest.raises(UserError, match="'morse' runs on cpu only"):
        open_potential(PotentialTable(kind="morse", file=str(installed), device="cuda"))
    with pytest.raises(ValueError, match="kind = 'morse' needs the key 'file'"):
        PotentialTable(kind="morse")


def test_a_family_is_imported_only_when_it_is_asked_for(installed):
    known = [entry.name for entry in kinds()]
    assert "morse" in known
    open_potential(PotentialTable())
    potential_from_name(str(SHIPPED))
    assert "morse_pairs" not in sys.modules
    with pytest.raises(ValueError, match="'mace', 'ace' or 'ase'"):
        PotentialTable(kind="morze")
    (installed.parent / "morse_pairs.py").write_text("1 / 0")
    with pytest.raises(UserError, match="morse_pairs:MorseFamily cannot be imported"):
        potential_from_name(str(installed))


@pytest.mark.slow
def test_a_calculator_of_ase_runs_as_it_is():
    found = shown("calculator")["run"]()
    assert len(found.trajectories) == 2
    assert found.trajectories["energy_error_eV"].max() < 0.1


def test_an_own_slab_keeps_its_constraints_and_masses():
    found = shown("slab")["run"]()
    assert found.sticking()["n"].tolist() == [10]
    assert found.trajectories["energy_error_eV"].max() < 0.1
    assert found.points["facet"].tolist() == ["slab"]


@pytest.mark.slow
def test_an_own_sampler_spends_its_budget_where_S0_is_known_least():
    sampler = shown("sampler")["Budget"](pilot=10, total=60)
    found = scatter.run(settings(incidence__energy_eV=[0.3, 0.9]), sampler=sampler).sticking()
    assert found["n"].sum() in (59, 60)
    error = found["S0"] * (1 - found["S0"])
    assert error.is_monotonic_increasing
    assert 10 < found["n"][0] < found["n"][1]


@pytest.mark.slow
def test_the_notebook_runs_and_answers_what_it_keeps():
    notebook = runpy.run_path(str(FOLDER.parents[1] / "scripts" / "notebook.py"))
    kept = notebook["cells"]()
    cells = json.loads(json.dumps(kept))
    for cell in cells:  # a third of the trajectories, on a slab that is soon hot
        for n, line in enumerate(cell["source"]):
            line = line.replace('"trajectories": 30', '"trajectories": 10')
            hot = '"snapshots": 8, "equilibrate_fs": 400'
            cell["source"][n] = line.replace('"snapshots": 32', hot)
    names = notebook["run"](cells)
    for cell, before in zip(cells, kept, strict=True):
        assert kinds_of(cell) == kinds_of(before)
    lines = [line for cell in kept if cell["cell_type"] == "code" for line in cell["source"]]
    assert len([line for line in lines if line.strip()]) < 30
    sticking = names["sticking"]
    assert sticking["n"].tolist() == 6 * [10]
    assert sticking["S0"].iloc[-1] > sticking["S0"].iloc[0]


def kinds_of(cell):
    """What kinds of answers a cell has, and the columns of its tables; their numbers follow from
    the instructions of a machine, as those of all trajectories do.
    """
    answers = [one.get("data", {}) for one in cell.get("outputs", [])]
    return [
        (sorted(one), one["text/plain"][0].split() if "text/html" in one else []) for one in answers
    ]
