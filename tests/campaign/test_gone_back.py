"""A campaign whose steps are made again where a list had no room, as on a GPU."""

import io

import numpy as np
import pytest
from rich.console import Console

from scatter import store
from scatter.campaign.frames import FRAMES
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import carry_out
from scatter.config import read
from scatter.potentials.analytic import Analytic
from scatter.potentials.base import Evaluator, Place

pytestmark = pytest.mark.slow


class FifthStep(Place):
    """Looked at every fifth step."""

    every = 5


class Crowded(Analytic):
    """Looked at every fifth step; some lists are found to be too short, and what follows is NaN."""

    host, place = Analytic(), FifthStep()

    def __init__(self, spoilt=()):
        super().__init__()
        self.spoilt = spoilt  # calls of an evaluator

    def bind(self, system, slots):
        return CrowdedEvaluator(super().bind(system, slots), self.spoilt)


class CrowdedEvaluator(Evaluator):
    grows = True

    def __init__(self, inner, spoilt):
        self.begin, self.keep, self.inner = inner.begin, inner.keep, inner
        self.spoilt, self.calls, self.full = spoilt, 0, False

    def __call__(self, positions):
        self.calls += 1
        self.full |= self.calls in self.spoilt
        energies, forces = self.inner(positions)
        return (np.nan * energies, np.nan * forces) if self.full else (energies, forces)

    def grow(self):
        full, self.full = self.full, False
        return full


@pytest.fixture(scope="module")
def ran(write_tiny, tmp_path_factory):
    """What came of a campaign without and with steps that were made again, and what it said."""
    found = []
    for spoilt in ((), (6, 8, 13, 21, 124, 309)):
        folder = tmp_path_factory.mktemp("crowded")
        source = read(write_tiny(folder, frames__every=2, frames__trajectories=4))
        told = io.StringIO()
        with store.only_writer(folder / "out"):
            carry_out(source, Crowded(spoilt), folder / "out", Ranks(), Console(file=told))
        found.append((folder / "out", told.getvalue()))
    return found


def test_frames_are_those_of_the_steps_that_were_made_again(ran):
    (ample, _), (crowded, _) = ran
    names = sorted(path.name for path in (ample / FRAMES).iterdir())
    assert len(names) == 8
    for name in names:
        assert (crowded / FRAMES / name).read_bytes() == (ample / FRAMES / name).read_bytes()
    assert store.trajectories(crowded).tobytes() == store.trajectories(ample).tobytes()


def test_steps_that_were_made_again_count_once(ran):
    (_, ample), (_, crowded) = ran
    steps = [told.partition("24 trajectories, ")[2].split()[0] for told in (ample, crowded)]
    assert int(steps[0].replace(",", "")) > 1000
    assert steps[0] == steps[1]
