"""Files of a GPU elsewhere that are sound as archives and say what cannot be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scatter.campaign.elsewhere import belongs
from scatter.config import points, read
from scatter.dynamics.conditions import Finished
from scatter.errors import UserError
from scatter.gpu.legs import Limits, PreparedLeg
from scatter.gpu.prepared import Endings, PreparedCampaign, Results
from scatter.outcomes import Outcome, Reason

INPUT = Path(__file__).parents[2] / "inputs" / "h2_cu111.toml"


def leg(**changes):
    """Two trajectories over a slab of two atoms."""
    told = {
        "numbers": np.array([29, 29, 1, 1]), "cell": np.diag([5.0, 5.0, 30.0]),
        "pbc": np.ones(3, bool), "moving": np.ones(4, bool), "top": np.array([1]),
        "slab_positions": np.zeros((1, 2, 3)), "slab_momenta": np.zeros((1, 2, 3)),
        "slab_masses": np.full(2, 63.5), "point": np.array([0, 1]), "number": np.array([0, 0]),
        "snapshot": np.array([0, 0]), "positions": np.zeros((2, 2, 3)),
        "momenta": np.zeros((2, 2, 3)), "masses": np.ones((2, 2)), "closest": np.ones((2, 2)),
        "shortest_bond": np.array(0.3), "lowest": np.array(-np.inf),
    }  # fmt: skip
    return PreparedLeg(**told | changes)


def prepared(
    precision="float32", limits=(0.25, 3000.0, 0.1, 2.25, 7.1, 3.0), guards_every=20, **changes
):
    return PreparedCampaign(Limits(*limits), "{}", "0", precision, guards_every, [leg(**changes)])


def endings(**changes):
    still = np.zeros((4, 3))
    memories = {
        "faults": {"potential": 1.0, "energy": 1.0, "error": 1.0},
        "lowest": {"lowest": 1.0, "atoms": np.zeros((2, 3)), "top": 1.0, "when": 1.0},
        "turns": {"falling": True, "turns": 1},
        "residence": {"first_below": np.nan, "last_below": np.nan},
        "leverage": {"value": 2.5, "time": 1.0, "positions": still, "momenta": still},
    }
    ended = [
        Finished(n, Outcome.SCATTERED, Reason.NONE, 9, still, still, 0.0, memories)
        for n in range(2)
    ]
    found = Endings.of(ended, leg())
    found.memories.update(changes.pop("memories", {}))
    return replace(found, **changes)


def peak(**changes):
    still = np.zeros((2, 4, 3))
    told = {"value": np.ones(2), "time": np.ones(2), "positions": still, "momenta": still}
    return told | changes


def read_back(file, whole):
    whole.write(file)
    return type(whole).read(file)


def test_what_is_written_is_read(tmp_path):
    found = read_back(tmp_path / "a.npz", prepared()).legs[0]
    assert np.array_equal(found.start(1).masses, leg().start(1).masses)
    found = read_back(tmp_path / "b.npz", Results("{}", "0", "cuda", [endings()])).legs[0]
    assert [one.outcome for one in found] == [Outcome.SCATTERED] * 2
    assert [one.memories["leverage"]["value"] for one in found] == [2.5, 2.5]
    bare = endings()
    del bare.memories["leverage"]
    found = read_back(tmp_path / "c.npz", Results("{}", "0", "cuda", [bare])).legs[0]
    assert ["leverage" in one.memories for one in found] == [False, False]


@pytest.mark.parametrize(("changes", "told"), [
    ({"cell": np.diag([5.0, 5.0, 0.01])}, "cell has a value"),  # 10⁸ images of every atom
    ({"cell": np.zeros((3, 3))}, "cell has a value"),
    ({"snapshot": np.array([0, 1])}, "snapshot has a value"),
    ({"top": np.array([4])}, "top has a value"),
    ({"masses": np.zeros((2, 2))}, "masses has a value"),
    ({"positions": np.full((2, 2, 3), np.nan)}, "positions has a value"),
    ({"positions": np.zeros((2, 2, 3), "f4")}, "positions is not of its type"),
    ({"number": np.array([0])}, "number has 1 where others have 2"),
    ({"numbers": np.array([29, 1, 1]), "moving": np.ones(3, bool)}, "not all atoms"),
    ({"inner_steps": np.array(-1)}, "inner_steps has a value"),
    ({"inner_steps": np.array(4), "bond_force": np.zeros(1)}, "inner_steps has a value"),
    ({"bond_force": np.array([0.0, np.inf])}, "bond_force has a value"),
    ({"bond_shortest": np.array(0.0)}, "bond_shortest has a value"),
    ({"limits": (0.25, 3000.0, 0.1, "auto", 7.1, 3.0)}, "dissociated_A is not a positive number"),
    ({"precision": "exit"}, "precision is none of"),
    ({"limits": (0.25, float("nan"), 0.1, 2.25, 7.1, 3.0)}, "max_time_fs is not a positive number"),
    ({"guards_every": 0}, "guards_every is not a whole number"),
    ({"guards_every": 2.5}, "guards_every is not a whole number"),
])  # fmt: skip
def test_a_prepared_campaign_that_cannot_be_is_refused(tmp_path, changes, told):
    with pytest.raises(UserError, match=f"cannot be read.*{told}.*scatter prepare"):
        read_back(tmp_path / "prepared.npz", prepared(**changes))


@pytest.mark.parametrize(("changes", "told"), [
    ({"outcome": np.array([0, 2])}, "outcome has a value"),
    ({"reason": np.array([0, 99])}, "reason has a value"),
    ({"point": np.array([0, -1])}, "point has a value"),
    ({"steps": np.array([1.0, 2.0])}, "steps is not of its type"),
    ({"momenta": np.zeros((2, 5, 3))}, "momenta has 5 where others have 4"),
    ({"memories": {"leverage": peak(time=np.array([1.0, -1.0]))}}, "leverage_time has a value"),
    ({"memories": {"leverage": peak(value=np.zeros(3))}}, "peak_leverage_value has 3 where"),
])  # fmt: skip
def test_results_that_cannot_be_are_refused(tmp_path, changes, told):
    with pytest.raises(UserError, match=f"cannot be read.*{told}.*scatter.gpu"):
        read_back(tmp_path / "results.npz", Results("{}", "0", "cuda", [endings(**changes)]))


def test_trajectories_that_a_campaign_does_not_have_are_none_of_it():
    found = points(read(INPUT).input)
    assert belongs(endings(), found, 10)
    assert not belongs(endings(point=np.array([0, len(found)])), found, 10)
    assert not belongs(endings(number=np.array([0, 10])), found, 10)
    assert not belongs(endings(point=np.array([0, 0])), found, 10)  # the same one twice
    other = replace(found[1], T_K=found[1].T_K + 1)
    assert not belongs(endings(), [found[0], other, *found[2:]], 10)
