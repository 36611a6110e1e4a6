"""Kills of campaigns that split points, and of those that start on a dividing surface."""

import pytest
from launches import Launch, output, run, same_bits
from tiny_runs import RARE, write_tiny_input

from scatter import store
from scatter.results.read import read_content, read_reactive

pytestmark = pytest.mark.slow

DESORBING = {
    "incidence__kind": "desorption",
    "incidence__divide_A": 1.2,
    "incidence__every_fs": 5,
    "surface__temperature_K": 900,
    "stop__scattered_A": 5.5,
    "sampling__trajectories": 40,
    "frames__trajectories": 0,
}


def dies(path, folder, place, number):
    """Have a campaign die at a place."""
    cache = str(folder / "cache")
    code, _, err = Launch(path, 1, folder, (place, number, 0), SCATTER_CACHE=cache).end()
    assert code == -9, (place, number, code, err)


def written(folder, changes, without=()):
    """The input of a tiny campaign in a new folder, without some keys."""
    folder.mkdir()
    path = write_tiny_input(folder, **changes)
    kept = [line for line in path.read_text().splitlines() if line.split(" = ")[0] not in without]
    path.write_text("\n".join(kept) + "\n")
    return path


def whole_run(path, folder):
    """The rows of a campaign that nobody disturbs any more."""
    return run(path, 1, folder, SCATTER_CACHE=str(folder / "cache"))


def test_splitting_goes_on_after_kills_with_the_same_bits(tmp_path):
    paths = [written(tmp_path / name, RARE) for name in ("whole", "killed")]
    whole_run(paths[0], tmp_path)
    _, killed = paths
    # Files of arrays: the pilot's rounds, then those of its replicates, then their starts.
    for place, number in (("slab", 4), ("slab", 9), ("events", 1), ("table", 1)):
        before = len(store.replicates(output(killed)))
        dies(killed, tmp_path, place, number)
        assert len(store.replicates(output(killed))) >= before, place
    whole_run(killed, tmp_path)
    whole, after = (read_content(output(path)).replicates for path in paths)
    assert after.tobytes() == whole.tobytes()
    whole, after = (read_reactive(output(path)) for path in paths)
    assert len(whole)
    assert after.tobytes() == whole.tobytes()


def test_shots_from_a_dividing_surface_go_on_after_kills_with_the_same_bits(tmp_path):
    names = ("whole", "killed")
    paths = [written(tmp_path / name, DESORBING, ("v", "j", "energy_eV")) for name in names]
    _, killed = paths
    dies(killed, tmp_path, "slab", 2)  # the first file of arrays is of the bare slab, then chains
    dies(killed, tmp_path, "block", 5)
    rows = store.trajectories(output(killed))
    assert len(rows) >= 4
    ended = whole_run(killed, tmp_path)
    assert ended.tobytes() == whole_run(paths[0], tmp_path).tobytes()
    assert same_bits(rows, ended)
