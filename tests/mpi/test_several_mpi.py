"""Slab convergence, paired campaigns and adsorbed starts on all ranks: bits and tables of one rank.

Each is killed in the middle on one rank and gone on with by all, or the other way round.
"""

import signal
import sys
from pathlib import Path

import pytest
from own_launches import BIN, TESTS, WORLD, launch, on_rank_0

from scatter import store
from scatter.results.read import read_results
from scatter.validation.comparison import FIRST, SECOND, TABLE

pytestmark = pytest.mark.mpi

FEW = {"sampling__trajectories": 5, "frames__trajectories": 0, "run__slots": 3}
ADSORBED = """
[run]
seed = 3
threads = 1
slots = 3
output = "{folder}"
[molecule]
formula = "H"
[incidence]
kind = "adsorbed"
site = "fcc"
[surface]
element = "Cu"
size = [2, 2, 3]
frozen_layers = 1
temperature_K = 300
lattice_constant_A = 3.6
images = true
thermalise = {{equilibrate_fs = 30, decorrelate_fs = 10, replicas = 4, snapshots = 8}}
[potential]
kind = "ase"
calculator = "ase.calculators.emt:EMT"
[dynamics]
timestep_fs = 0.5
max_time_fs = 20
bath = "bottom"
bath_layers = 1
bath_per_fs = 0.02
[guards]
most_unsettled = 1.0
coupling_eV = 10.0
[sampling]
trajectories = 8
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """One folder for all ranks, and one cache."""
    shared = WORLD.bcast(tmp_path)
    monkeypatch.setenv("SCATTER_CACHE", str(shared / "cache"))
    return shared


def ended(*arguments, ranks):
    """Run the command line to its end; what it wrote."""
    code, out, err = launch(BIN / "scatter", *arguments, ranks=ranks)
    assert code == 0, (out, err)
    return out


def killed(block, *arguments):
    """Run it on one rank, and kill it in the middle of a block of this number."""
    dying = [sys.executable, TESTS / "dying.py", "block", str(block), "0"]
    code, out, err = launch(*dying, *arguments, ranks=1)
    assert code == -signal.SIGKILL, (out, err)


def bits(folder: Path):
    return read_results(folder)[1].tobytes()


def tables(folder: Path):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.csv"))}


def test_all_ranks_converge_a_slab_as_one_does(folder, write_tiny):
    """The kill comes on the second slab."""

    def make():
        path = write_tiny(folder, **FEW)
        command = ["converge", path, "--layers", "3,4", "--frozen", "2", "--output"]
        ended(*command, folder / "one", ranks=1)
        killed(12, *command, folder / "all")
        assert 0 < len(store.trajectories(folder / "all" / "2x2x4_frozen2")) < 10
        ended(*command, folder / "all", ranks=2)
        return [folder / name for name in ("one", "all")]

    one, every = on_rank_0(make)
    for size in ("2x2x3_frozen2", "2x2x4_frozen2"):
        assert bits(every / size) == bits(one / size)
        assert tables(every / size) == tables(one / size)
    assert tables(every) == tables(one)
    assert {*tables(one)} == {"converge.csv"}


def test_all_ranks_compare_two_inputs_as_one_does(folder, write_tiny):
    """The kill comes on the second input."""

    def make():
        paths = []
        for name, step in (("fine", 0.25), ("coarse", 0.5)):
            (folder / name).mkdir()
            path = write_tiny(folder / name, **FEW, dynamics__timestep_fs=step)
            paths.append(path.rename(folder / f"{name}.toml"))
        command = ["compare", *paths, "--output"]
        ended(*command, folder / "one", ranks=1)
        killed(12, *command, folder / "all")
        assert 0 < len(store.trajectories(folder / "all" / SECOND)) < 10
        ended(*command, folder / "all", ranks=2)
        return [folder / name for name in ("one", "all")]

    one, every = on_rank_0(make)
    for name in (FIRST, SECOND):
        assert bits(every / name) == bits(one / name)
        assert tables(every / name) == tables(one / name)
    assert tables(every) == tables(one)
    assert TABLE in tables(one)


def test_all_ranks_run_adsorbed_starts_as_one_does(folder, monkeypatch):
    """All begin, thermal states and all, until one is killed; and one goes on alone."""

    def make():
        paths = [folder / f"{name}.toml" for name in ("one", "all")]
        for path in paths:
            path.write_text(ADSORBED.format(folder=path.with_suffix("")))
        ended("run", paths[0], ranks=1)
        monkeypatch.setenv("SCATTER_CACHE", str(folder / "cache of all"))
        code, *told = launch(sys.executable, TESTS / "dying.py", "block", "1", "1", "run", paths[1])
        assert code != 0, told
        assert not (folder / "all" / "results.h5").exists()
        ended("run", paths[1], ranks=1)
        return [path.with_suffix("") for path in paths]

    one, every = on_rank_0(make)
    assert bits(every) == bits(one)
    assert tables(every) == tables(one)
    assert len(read_results(one)[1]) == 8
