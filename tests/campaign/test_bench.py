import io

import numba
import pytest
from numba_threads import threads_as_before
from rich.console import Console

from scatter.campaign import bench
from scatter.potentials.analytic import Analytic
from scatter.settings import UserError


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    monkeypatch.setattr(bench, "ENOUGH_S", 0.0)
    with threads_as_before(min(2, numba.config.NUMBA_NUM_THREADS)):
        yield


def test_every_batch_is_timed_and_the_campaign_follows_from_the_fastest():
    spoken = Console(file=io.StringIO(), width=200)
    found = bench.bench(Analytic(), trajectories=1000, timestep_fs=0.5, console=spoken)
    assert {timing.slots for timing in found} == {*bench.BATCHES}
    assert all(timing.seconds > 0 for timing in found)
    said = spoken.file.getvalue()
    assert "1,000 trajectories of 200 fs in steps of 0.5 fs" in said
    cost = 400_000 * min(timing.seconds for timing in found)
    assert f"about {bench.clock(cost)} of forces" in said


def test_a_potential_without_hydrogen_is_refused(monkeypatch):
    monkeypatch.setattr(Analytic, "elements", frozenset({29}))
    with pytest.raises(UserError, match="does not know H"):
        bench.bench(Analytic(), 10, 0.25, Console(quiet=True))
