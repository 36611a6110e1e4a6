"""Whole campaigns on several ranks, and how they end when one rank fails.

What must not disturb these ranks runs as a launch of its own, begun by rank 0 while the others
sleep.
"""

import runpy
import sys

import pytest
from forked_sampler import Forked
from own_launches import BIN, TESTS, WORLD, launch, on_rank_0
from tiny_runs import RARE

import scatter
from scatter import store
from scatter.results.read import read_results
from scatter.settings import UserError

pytestmark = pytest.mark.mpi


@pytest.fixture
def folder(tmp_path):
    """One folder for all ranks."""
    return WORLD.bcast(tmp_path)


def alone(folder, write_tiny, changes):
    """The folder of a tiny campaign that one rank has run, in a launch of its own."""
    (folder / "one").mkdir()
    ended = launch(BIN / "scatter", "run", write_tiny(folder / "one", **changes), ranks=1)
    assert ended[0] == 0, ended
    return folder / "one" / "out"


@pytest.fixture(scope="module")
def one_rank(write_tiny, tmp_path_factory):
    """Rows of the tiny campaign on one rank; its cache of slabs is that of all ranks after it."""
    folder = WORLD.bcast(tmp_path_factory.mktemp("one"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCATTER_CACHE", str(folder / "cache"))

        def make():
            ended = launch(BIN / "scatter", "run", write_tiny(folder), ranks=1)
            assert ended[0] == 0, ended
            return read_results(folder / "out")[1]

        yield on_rank_0(make)


def run_here(folder, write_tiny, **changes):
    """Run the campaign on all ranks of this launch."""
    from scatter.campaign.run import run

    if WORLD.rank == 0:
        folder.mkdir(exist_ok=True)
        write_tiny(folder, **changes)
    WORLD.Barrier()
    return run(folder / "in.toml")


def test_all_ranks_together_give_the_bits_of_one(folder, one_rank, write_tiny):
    made = run_here(folder / "all", write_tiny, run__slots=3)
    rows = on_rank_0(lambda: read_results(made)[1])
    assert rows.tobytes() == one_rank.tobytes()
    assert {path.name for path in (made / "frames").iterdir()} == {
        "point000-000000.extxyz", "point001-000000.extxyz",
    }  # fmt: skip
    assert not (made / "lock").exists()
    writers = {path.name.split("-")[1] for path in (made / "blocks").iterdir()}
    assert writers == {f"{rank:04d}" for rank in range(WORLD.size)}


def test_all_ranks_together_grow_a_campaign_of_one_rank(folder, one_rank, write_tiny):
    own = folder / "grown"

    def begin():
        own.mkdir()
        path = write_tiny(own, incidence__energy_eV=1.2)
        return launch(BIN / "scatter", "run", path, ranks=1)

    ended = on_rank_0(begin)
    assert ended[0] == 0, ended
    made = run_here(own, write_tiny, run__slots=3)
    rows = on_rank_0(lambda: read_results(made)[1]).copy()
    rows["point"] = 1 - rows["point"]
    assert rows[rows["point"].argsort(kind="stable")].tobytes() == one_rank.tobytes()


def test_slabs_made_by_all_ranks_are_those_of_one(folder, one_rank, write_tiny, monkeypatch):
    monkeypatch.setenv("SCATTER_CACHE", str(folder / "cache of all"))
    made = run_here(folder / "all", write_tiny)
    rows = on_rank_0(lambda: read_results(made)[1])
    assert rows.tobytes() == one_rank.tobytes()


def test_all_ranks_go_on_with_what_one_rank_began(folder, one_rank, write_tiny):
    def begin():
        (folder / "all").mkdir()
        path = write_tiny(folder / "all", sampling__trajectories=4)
        return launch(BIN / "scatter", "run", path, ranks=1)

    assert on_rank_0(begin)[0] == 0
    made = run_here(folder / "all", write_tiny)
    rows = on_rank_0(lambda: read_results(made)[1])
    assert rows.tobytes() == one_rank.tobytes()


def test_all_ranks_together_stop_at_a_target_where_one_does(folder, one_rank, write_tiny):
    aimed = {
        "incidence__energy_eV": [0.7, 1.2], "sampling__target_error": 0.15,
        "sampling__max_trajectories": 60, "frames__trajectories": 0,
    }  # fmt: skip

    one = on_rank_0(lambda: read_results(alone(folder, write_tiny, aimed))[1])
    made = run_here(folder / "all", write_tiny, run__slots=3, **aimed)
    rows = on_rank_0(lambda: read_results(made)[1])
    assert rows.tobytes() == one.tobytes()
    assert 24 < len(rows) < 120
    writers = {path.name.split("-")[1] for path in (made / "blocks").iterdir()}
    assert writers == {f"{rank:04d}" for rank in range(WORLD.size)}


def test_all_ranks_together_choose_the_time_step_of_one(folder, one_rank, write_tiny):
    auto = {"dynamics__timestep_fs": "auto", "dynamics__scheme": "multistep"}
    strict = {**auto, "dynamics__energy_tolerance_eV": 0.01, "sampling__trajectories": 3}

    one = on_rank_0(lambda: read_results(alone(folder, write_tiny, strict))[1])
    made = run_here(folder / "all", write_tiny, **strict)
    assert store.read_manifest(made)["timestep_fs"] == 0.25
    assert on_rank_0(lambda: read_results(made)[1]).tobytes() == one.tobytes()


def test_all_ranks_together_run_the_branches_of_a_sampler(folder, one_rank):
    settings = runpy.run_path(str(TESTS / "test_extending.py"))["settings"]

    def alone():
        ended = launch(sys.executable, TESTS / "forked_sampler.py", folder / "one", ranks=1)
        assert ended[0] == 0, ended
        return store.trajectories(folder / "one")

    one = on_rank_0(alone)
    found = scatter.run(settings(), sampler=Forked(), folder=folder / "all")
    assert found.read.trajectories.tobytes() == one.tobytes()
    assert (one["branch"] > 0).any()
    writers = {path.name.split("-")[1] for path in (folder / "all" / "blocks").iterdir()}
    assert writers == {f"{rank:04d}" for rank in range(WORLD.size)}


FELT = {
    "friction__kind": "ldfa", "friction__laser": {"fluence_mJ_per_cm2": 8.0, "peaks_fs": [150.0]},
    "dynamics__bath": "bottom", "dynamics__bath_layers": 1, "sampling__trajectories": 4,
    "frames__trajectories": 0,
}  # fmt: skip


def test_all_ranks_together_heat_electrons_as_one_does(folder, one_rank, write_tiny):
    one = on_rank_0(lambda: read_results(alone(folder, write_tiny, FELT))[1])
    made = run_here(folder / "all", write_tiny, run__slots=3, **FELT)
    assert on_rank_0(lambda: read_results(made)[1]).tobytes() == one.tobytes()
    assert (one["electrons_noise_eV"] != 0).any()


def test_all_ranks_together_compare_what_one_does(folder, one_rank, write_tiny):
    from scatter.validation.comparison import compare

    def alone():
        few = {"sampling__trajectories": 4, "frames__trajectories": 0}
        for name, more in (("plain", {}), ("felt", {"friction__kind": "ldfa"})):
            (folder / name).mkdir()
            write_tiny(folder / name, **few, **more)
        command = "compare", *inputs, "--output", folder / "one"
        ended = launch(BIN / "scatter", *command, ranks=1)
        assert ended[0] == 0, ended

    inputs = [folder / name / "in.toml" for name in ("plain", "felt")]
    on_rank_0(alone)
    compare(*inputs, folder / "all")

    def same():
        for name in ("first", "second"):
            one, all_of_them = (read_results(folder / who / name)[1] for who in ("one", "all"))
            assert one.tobytes() == all_of_them.tobytes()
        tables = [(folder / who / "comparison.csv").read_bytes() for who in ("one", "all")]
        assert tables[0] == tables[1]

    on_rank_0(same)


def test_a_refusal_is_raised_on_all_ranks_and_leaves_nothing(folder, write_tiny):
    with pytest.raises(UserError, match="v = 40"):
        run_here(folder / "bad", write_tiny, molecule__v=40)
    WORLD.Barrier()
    assert [path.name for path in (folder / "bad").iterdir()] == ["in.toml"]


# A command line in which something goes wrong on rank 1 alone.
BROKEN = """
import sys
from mpi4py import MPI
from scatter.settings import UserError
from scatter.campaign import run, work

def wrong(before, fail):
    def after(*arguments):
        if MPI.COMM_WORLD.rank == 1:
            fail()
        return before(*arguments)
    return after

def mistake():
    raise UserError("rank 1 has no such file")

def bug():
    raise ZeroDivisionError("a bug on rank 1")

run.open_potential = wrong(run.open_potential, {opening})
work.Trajectories.end = wrong(work.Trajectories.end, {ending})
from scatter.cli import main
sys.argv = ["scatter", "run", {path!r}]
main()
"""


def broken(folder, write_tiny, opening="lambda: None", ending="lambda: None"):
    """How a launch ends in which rank 1 fails where an expression says."""

    def make():
        path = str(write_tiny(folder, sampling__trajectories=30))
        (folder / "broken.py").write_text(BROKEN.format(opening=opening, ending=ending, path=path))
        return launch(sys.executable, folder / "broken.py")

    return on_rank_0(make)


def test_a_mistake_that_one_rank_meets_ends_all_with_one_sentence(folder, one_rank, write_tiny):
    code, out, err = broken(folder, write_tiny, opening="mistake")
    assert code == 2
    assert err == "scatter: rank 1 has no such file\n"
    assert "Traceback" not in out + err
    assert not (folder / "out").exists()


def test_a_mistake_in_the_midst_of_work_ends_all_with_one_sentence(folder, one_rank, write_tiny):
    code, out, err = broken(folder, write_tiny, ending="mistake")
    assert code not in (0, 1)
    assert err.count("scatter: rank 1 has no such file\n") == 1
    assert "Traceback" not in out + err


def test_an_error_on_one_rank_ends_all_ranks(folder, one_rank, write_tiny):
    code, out, err = broken(folder, write_tiny, ending="bug")
    assert code != 0
    assert err.count("ZeroDivisionError: a bug on rank 1") == 1
    again = on_rank_0(lambda: launch(BIN / "scatter", "run", folder / "in.toml"))
    assert again[0] == 0, again


def test_a_mistake_in_the_input_is_said_once_by_all_ranks(folder, write_tiny):
    def make():
        return launch(BIN / "scatter", "run", write_tiny(folder, molecule__v=40))

    code, _, err = on_rank_0(make)
    assert code == 2
    assert err.startswith("scatter: ")
    assert err.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["in.toml"]


def test_too_many_failures_are_said_once_and_all_ranks_leave_with_3(folder, one_rank, write_tiny):
    def make():
        path = write_tiny(folder, guards__shortest_bond_A=0.72)
        return launch(BIN / "scatter", "run", path)

    code, out, err = on_rank_0(make)
    assert code == 3
    assert err.count("trajectories failed") == err.count("\n") == 1
    assert "bond shorter than the domain's" in err
    assert "sticking.csv" in out
    rows = on_rank_0(lambda: read_results(folder / "out")[1])
    assert len(rows) == 24


def test_all_ranks_together_split_a_point_as_one_does(folder, one_rank, write_tiny):
    fewer = {"trajectories": 12, "replicates": 2, "moves": 1}
    rare = RARE | {f"sampling__{name}": count for name, count in fewer.items()}

    one = on_rank_0(lambda: store.replicates(alone(folder, write_tiny, rare)))
    made = run_here(folder / "all", write_tiny, run__slots=3, **rare)
    assert on_rank_0(lambda: store.replicates(made)).tobytes() == one.tobytes()
    assert len(one) > 2  # more than one level
