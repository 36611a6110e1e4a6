"""Paired sticking on several ranks: the bits of one."""

import io
import json

import pytest
from ase.io import write
from mpi4py import MPI
from rich.console import Console
from tiny_structures import hydrogen_on_copper

from scatter.campaign.processes import Agreed
from scatter.campaign.ranks import Ranks
from scatter.potentials.analytic import Analytic
from scatter.results.read import read_results
from scatter.validation.sticking import read_conditions, run_paired
from scatter.validation.validate import validate
from scatter.validation.wanted import Wanted

pytestmark = pytest.mark.mpi

WORLD = MPI.COMM_WORLD


class Other(Analytic):
    """The analytic potential under another name."""

    def __init__(self):
        super().__init__()
        self.identity = "another"


@pytest.fixture
def folder(tmp_path):
    """One folder for all ranks."""
    return WORLD.bcast(tmp_path)


def paired(folder, write_tiny, potential, communicator=None, **changes):
    ranks = Ranks(communicator)
    source = ranks.share(lambda: read_conditions(write_tiny(folder, **changes)))
    quiet = Console(file=io.StringIO())
    return run_paired(source, potential, Analytic(), folder, ranks, quiet)


def test_all_ranks_together_give_the_pairs_of_one(folder, write_tiny, monkeypatch):
    monkeypatch.setattr("scatter.campaign.ranks._refuse_singletons", lambda: None)
    rows = paired(folder, write_tiny, Other())
    alone = WORLD.bcast(folder / "alone" if WORLD.rank == 0 else None)
    if WORLD.rank == 0:
        alone.mkdir()
        paired(alone, write_tiny, Other(), MPI.COMM_SELF)
    WORLD.Barrier()
    for name in ("teacher", "potential"):
        found = [read_results(one / name)[1].tobytes() for one in (folder, alone)]
        assert found[0] == found[1]
    assert [row.counts.sum() for row in rows] == [12, 12]
    assert not (folder / "potential" / "lock").exists()


def test_a_state_that_the_potential_does_not_hold_is_refused_on_all_ranks(folder, write_tiny):
    with pytest.raises(Agreed, match="v = 40"):
        paired(folder, write_tiny, Other(), molecule__v=40)


def test_another_potential_in_the_folder_is_refused_on_all_ranks(folder, write_tiny):
    paired(folder, write_tiny, Other(), sampling__trajectories=1)
    with pytest.raises(Agreed, match="trajectories of another potential"):
        paired(folder, write_tiny, Analytic(), sampling__trajectories=1)


def test_a_whole_validation_runs_on_all_ranks_and_is_reported_once(folder, write_tiny, monkeypatch):
    path = write_tiny(folder, sampling__trajectories=2)
    structures = folder / "structures.extxyz"
    if WORLD.rank == 0:
        frames = [hydrogen_on_copper(seed) for seed in range(3)]
        write(structures, frames, parallel=False)
    monkeypatch.setattr("scatter.campaign.bench.ENOUGH_S", 0.0)
    WORLD.Barrier()
    for _ in range(2):  # from nothing, and from what is finished
        out = folder / "out"
        validate(Wanted("analytic", "analytic", out, structures, path, quick=True))
        WORLD.Barrier()
        told = json.loads((out / "validation.json").read_text())
        assert told["errors"]["frames"] == 3
        assert told["properties"]["barriers"]["rows"]
        assert [point["paired"]["n"] for point in told["sticking"]["points"]] == [2, 2]
        assert not (out / "lock").exists()
