"""Heights that follow from the reach of the potential leave the law of the results as it is."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import ks_2samp

from scatter import store
from scatter.campaign.prepare import prepare
from scatter.campaign.ranks import Ranks
from scatter.campaign.replay import replay
from scatter.campaign.work import Trajectories
from scatter.config import points, read
from scatter.dynamics.batch import propagate
from scatter.dynamics.endings import Ending
from scatter.dynamics.sight import kinetic_energy
from scatter.outcomes import Outcome
from scatter.potentials.table import open_potential
from scatter.state import Key

STARTS = 400
SLAB = {"thermalise__replicas": 128, "thermalise__snapshots": 512}
AUTO = {"incidence__height_A": "auto", "stop__scattered_A": "auto"}


class Arrived(Ending):
    """The centre of mass is lower than a height z, Å."""

    name = "arrived"

    def __init__(self, z):
        self.z = z

    def met(self, memory, sight):
        return sight.Z + sight.top < self.z


def prepared(path):
    input = read(path).input
    made = prepare(input, open_potential(input.potential), Ranks(), lambda line: None)
    (slab,) = made.slabs
    return SimpleNamespace(
        input=input, prepared=made, slab=slab, work=Trajectories(input, points(input), made, slab)
    )


@pytest.fixture(scope="module")
def automatic(write_tiny, tmp_path_factory):
    return prepared(write_tiny(tmp_path_factory.mktemp("auto"), **AUTO, **SLAB))


@pytest.fixture(scope="module")
def high(write_tiny, tmp_path_factory):
    return prepared(write_tiny(tmp_path_factory.mktemp("high"), incidence__height_A=7.5, **SLAB))


def centre(start):
    masses = start.masses[-2:, None]
    return (masses * start.positions[-2:]).sum(axis=0) / masses.sum()


def test_a_start_is_beyond_the_reach_of_every_snapshot(automatic):
    starts = [automatic.work.begin(n, Key(0, n)) for n in range(50)]
    reach = automatic.prepared.potential.cutoff
    highest = automatic.slab.snapshots.positions[:, :, 2].max()
    lowest = np.array([start.positions[-2:, 2].min() for start in starts])
    assert (lowest >= highest + reach).all()
    assert lowest.min() < highest + reach + 0.2
    assert len({round(centre(start)[2], 9) for start in starts}) == 1


def test_the_rest_of_a_start_is_that_of_any_height(automatic, high):
    for n in range(10):
        low, above = (each.work.begin(n, Key(1, n)) for each in (automatic, high))
        assert np.array_equal(low.momenta, above.momenta)
        assert np.array_equal(low.positions[:-2], above.positions[:-2])
        own, other = (start.positions[-2:] - centre(start) for start in (low, above))
        assert own == pytest.approx(other)
        assert centre(low)[:2] == pytest.approx(centre(above)[:2])  # along the normal


def measures(state, masses, slab):
    """What is compared: bond, its momentum and angle, and the slab's state; one row each."""
    along = state.positions[:, -1] - state.positions[:, -2]
    bond = np.linalg.norm(along, axis=1)
    relative = (state.momenta[:, -1] - state.momenta[:, -2]) / 2
    top, weights = (
        state.positions[:, slab.system.top, 2],
        np.tile(masses[:-2, None], (len(bond), 1, 1)),
    )
    return {
        "bond": bond,
        "momentum": (relative * along).sum(axis=1) / bond,
        "cosine": along[:, 2] / bond,
        "plane": top.mean(axis=1),
        "highest": top.max(axis=1),
        "slab_eV": kinetic_energy(state.momenta[:, :-2], weights),
    }


@pytest.mark.slow
def test_those_that_flew_down_have_the_law_of_those_that_start_there(automatic, high):
    """The snapshots are stationary and the phase is uniform: the joint law is the same."""
    starts = [high.work.begin(n, Key(0, n)) for n in range(STARTS)]
    begun = [automatic.work.begin(n, Key(0, STARTS + n)) for n in range(STARTS)]
    z = centre(begun[0])[2]
    conditions = high.prepared.conditions(high.input, high.slab, (1, 1), 64)
    conditions = replace(conditions, endings=(Arrived(z),), observers=())
    flown = list(propagate(iter(starts), high.prepared.potential, conditions))
    masses = starts[0].masses
    arrived = SimpleNamespace(
        positions=np.stack([each.positions for each in flown]),
        momenta=np.stack([each.momenta for each in flown]),
    )
    there = SimpleNamespace(
        positions=np.stack([each.positions for each in begun]),
        momenta=np.stack([each.momenta for each in begun]),
    )
    ones, others = (measures(each, masses, high.slab) for each in (arrived, there))
    for name in ones:
        assert ks_2samp(ones[name], others[name]).pvalue > 0.01, name
    names = list(ones)  # and together: correlations agree within three of their standard errors
    apart = np.corrcoef([ones[name] for name in names]) - np.corrcoef([others[n] for n in names])
    assert abs(apart).max() < 3.5 * np.sqrt(2 / STARTS)


def test_the_scattered_are_out_of_reach_and_the_rest_ends_as_before(run_tiny, tmp_path, automatic):
    ended = store.trajectories(run_tiny(tmp_path, **AUTO))
    scattered = ended[ended["outcome"] == Outcome.SCATTERED]
    assert len(scattered) > 3
    lowest = np.minimum(scattered["final_z1_A"], scattered["final_z2_A"]) - scattered["final_top_A"]
    reach = automatic.prepared.potential.cutoff
    assert (lowest > reach).all()
    assert lowest.min() < reach + 1.5
    assert abs(scattered["final_coupling_eV"]).max() < 1e-9
    assert set(ended["outcome"]) == {Outcome.SCATTERED, Outcome.DISSOCIATED}


def test_a_trajectory_is_replayed_to_its_bits(run_tiny, tmp_path):
    changes = {**AUTO, "thermalise__snapshots": "auto", "dynamics__scheme": "multistep"}
    folder = run_tiny(tmp_path, **changes, sampling__trajectories=3)
    again = replay(folder, 1, 2, None, False, lambda line: None)
    assert not again.differs


@pytest.mark.slow
def test_the_sticking_probability_does_not_depend_on_the_height(run_tiny, tmp_path):
    some = {"sampling__trajectories": 120, "run__slots": 64, **SLAB}
    folders = [tmp_path / "auto", tmp_path / "high"]
    for folder in folders:
        folder.mkdir()
    ones = store.trajectories(run_tiny(folders[0], **AUTO, **some))
    others = store.trajectories(run_tiny(folders[1], **some))
    for point in np.unique(ones["point"]):
        low, above = (
            rows["outcome"][rows["point"] == point] == Outcome.DISSOCIATED
            for rows in (ones, others)
        )
        error = np.sqrt(low.var() / len(low) + above.var() / len(above))
        assert abs(low.mean() - above.mean()) < 3 * error + 1e-12
    assert ones["steps"].mean() < 0.85 * others["steps"].mean()
