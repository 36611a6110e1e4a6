"""Automatic snapshots: enough of them, and the same ones however a campaign grows."""

import numpy as np
import pytest

from scatter import store
from scatter.initial import surface
from scatter.initial.surface import Thermalise

AUTO = {"thermalise__snapshots": "auto", "thermalise__replicas": 2}


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    monkeypatch.setattr(surface, "FEWEST", 4)
    monkeypatch.setattr(surface, "SHARERS", 2)


def test_as_many_trajectories_draw_from_each_snapshot():
    table = Thermalise(snapshots="auto")
    pools = [table.pool(number) for number in range(64)]
    assert pools[0] == pools[7] == range(4)
    assert pools[8] == pools[15] == range(4, 8)
    assert pools[16] == range(8, 16)
    each = sum(np.bincount(pool, np.full(len(pool), 1 / len(pool)), 32) for pool in pools)
    assert each == pytest.approx(np.full(32, 2.0))
    assert table.for_trajectories(64).snapshots == 32
    assert table.for_trajectories(65).snapshots == 64


def test_a_number_of_snapshots_is_what_every_trajectory_draws_from():
    table = Thermalise(snapshots=100)
    assert table.pool(0) == table.pool(10**6) == range(100)
    assert table.for_trajectories(10).snapshots == 100


def test_a_campaign_that_grows_is_one_that_was_as_long_from_the_start(run_tiny, tmp_path):
    grown = run_tiny(tmp_path, **AUTO, incidence__height_A="auto", sampling__trajectories=6)
    few = store.trajectories(grown)
    run_tiny(tmp_path, **AUTO, incidence__height_A="auto", sampling__trajectories=12)
    rows = store.trajectories(grown)
    once = tmp_path / "once"
    once.mkdir()
    whole = store.trajectories(
        run_tiny(once, **AUTO, incidence__height_A="auto", sampling__trajectories=12)
    )
    assert rows.tobytes() == whole.tobytes()
    assert len(few) == 12
    early = rows["number"] < 8
    assert (rows["snapshot"] < 4).tolist() == early.tolist()
    assert set(rows["snapshot"][~early]) <= set(range(4, 8))
