"""Files of a GPU elsewhere that are sound as archives and say what cannot be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from batch_systems import COPPER, SLAB

from scatter.campaign.collected import belongs
from scatter.campaign.electrons import Electrons
from scatter.config import points, read
from scatter.dynamics.conditions import Finished
from scatter.dynamics.motions import Verlet
from scatter.errors import UserError
from scatter.files import write_arrays
from scatter.friction.course import Constant
from scatter.friction.course import Course as Temperatures
from scatter.friction.free_atoms import FreeAtoms
from scatter.friction.motion import CLIPPED, GIVEN
from scatter.gpu.electrons import PreparedElectrons
from scatter.gpu.endings import Endings
from scatter.gpu.legs import Limits, PreparedLeg
from scatter.gpu.prepared import PreparedCampaign, Results
from scatter.outcomes import Outcome, Reason
from scatter.saved import flat
from scatter.units import fs

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
        "shortest_bond": 0.3, "lowest": -np.inf,
        "stream": np.arange(6).reshape(2, 3),
    }  # fmt: skip
    return PreparedLeg(**told | changes)


def prepared(
    precision="float32", limits=(0.25, 3000.0, 0.1, 2.25, 7.1, 3.0), guards_every=20, **changes
):
    return PreparedCampaign(Limits(*limits), "{}", "0", precision, guards_every, [leg(**changes)])


def felt(**changes):
    """Electrons of that leg."""
    told = {
        "tables": np.zeros((1, 602, 4)), "species": np.zeros(2, int), "bohr_A": 0.529,
        "knots": np.tile([1.5, 5.0, 10.0], (2, 1)), "pieces": np.zeros((2, 4, 2)),
        "time_fs": np.array([0.0, 1.0]), "T_K": np.full(2, 300.0),
    }  # fmt: skip
    return {"electrons": [PreparedElectrons(**told | changes)]}


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
    told = endings(memories={"bath": {"given": np.array([0.1, -0.2])}})
    found = read_back(tmp_path / "d.npz", Results("{}", "0", "cuda", [told])).legs[0]
    assert [one.memories["bath"]["given"] for one in found] == [0.1, -0.2]
    bare = endings()
    del bare.memories["leverage"]
    found = read_back(tmp_path / "c.npz", Results("{}", "0", "cuda", [bare])).legs[0]
    assert ["leverage" in one.memories for one in found] == [False, False]


@pytest.mark.parametrize(("changes", "told"), [
    ({"cell": np.diag([5.0, 5.0, 0.01])}, "no thickness"),  # 10⁸ images of every atom
    ({"cell": np.zeros((3, 3))}, "no thickness"),
    ({"snapshot": np.array([0, 1])}, "'snapshot' has a value"),
    ({"top": np.array([4])}, "'top' has a value"),
    ({"masses": np.zeros((2, 2))}, "'masses' has a value"),
    ({"positions": np.full((2, 2, 3), np.nan)}, "'legs.0.positions' holds values that are not fin"),
    ({"positions": np.zeros((2, 2, 3), "f4")}, "'legs.0.positions' has .* kind float32"),
    ({"positions": np.zeros((2, 2, 3), ">f8")}, "'legs.0.positions' has .* kind >f8"),
    ({"number": np.array([0])}, r"'legs.0.number' has shape \(1,\)"),
    ({"numbers": np.array([29, 1, 1]), "moving": np.ones(3, bool)}, "not all atoms"),
    ({"inner_steps": -1}, "'inner_steps' has a value"),
    ({"inner_steps": 4, "bond_force": np.zeros(1)}, "'inner_steps' has a value"),
    ({"bond_force": np.array([0.0, np.inf])}, "'legs.0.bond_force' holds values"),
    ({"bond_shortest": 0.0}, "'bond_shortest' has a value"),
    ({"stream": np.full((2, 3), 2**32)}, "'stream' has a value"),
    ({"stream": np.zeros((2, 2), int)}, r"'legs.0.stream' has shape \(2, 2\)"),
    ({"bath_atoms": np.array([2]), "bath_per_fs": np.ones(1)}, "'bath_atoms' has a value"),
    ({"bath_atoms": np.array([1, 1]), "bath_per_fs": np.ones(2)}, "'bath_atoms' has a value"),
    ({"bath_atoms": np.array([1]), "bath_per_fs": np.ones(2)}, "'legs.0.bath_per_fs' has shape"),
    ({"bath_atoms": np.array([1]), "bath_per_fs": np.array([-1.0])}, "'bath_per_fs' has a value"),
    ({"bath_T_K": np.nan}, "'legs.0.bath_T_K' holds values that are not finite"),
    ({"bath_T_K": -1.0}, "'bath_T_K' has a value"),
    ({"electrons": 2 * felt()["electrons"]}, "'electrons' has a value"),
    (felt(species=np.array([0, 1])), "'species' has a value"),
    (felt(species=np.array([0])), "'electrons.species' has a value"),
    (felt(tables=np.zeros((1, 9, 4))), "'tables' has a value"),
    (felt(tables=np.ones((1, 602, 4))), "'tables' has a value"),
    (felt(knots=np.tile([5.0, 1.5, 10.0], (2, 1))), "'knots' has a value"),
    (felt(knots=np.ones((1, 3)), pieces=np.zeros((1, 4, 2))), "'electrons.knots' has a value"),
    (felt(pieces=np.zeros((2, 4, 3))), "'pieces' has a value"),
    (felt(bohr_A=0.0), "'bohr_A' has a value"),
    (felt(time_fs=np.zeros(2)), "'time_fs' has a value"),
    (felt(T_K=np.array([300.0, -1.0])), "'T_K' has a value"),
    ({"limits": (0.25, 3000.0, 0.1, "auto", 7.1, 3.0)}, "'limits.dissociated_A' has .* kind <U4"),
    ({"limits": (0.25, 3000.0, 0.1, 2.0, "never", 3.0)}, "'limits.scattered_A' is never"),
    ({"precision": "exit"}, "'precision' is exit, none of"),
    ({"limits": (0.25, float("nan"), 0.1, 2.25, 7.1, 3.0)}, "'limits.max_time_fs' holds values"),
    ({"limits": (0.25, -1.0, 0.1, 2.25, 7.1, 3.0)}, "'max_time_fs' is not a positive number"),
    ({"guards_every": 0}, "'guards_every' is not a number from 1 on"),
    ({"guards_every": 2.5}, "'guards_every' has .* kind float64"),
])  # fmt: skip
def test_a_prepared_campaign_that_cannot_be_is_refused(tmp_path, changes, told):
    with pytest.raises(UserError, match=f"prepared.npz: its .*{told}.*scatter prepare"):
        read_back(tmp_path / "prepared.npz", prepared(**changes))


@pytest.mark.parametrize(("changes", "told"), [
    ({"outcome": np.array([0, 2])}, "'outcome' has a value"),
    ({"reason": np.array([0, 99])}, "'reason' has a value"),
    ({"point": np.array([0, -1])}, "'point' has a value"),
    ({"steps": np.array([1.0, 2.0])}, "'legs.0.steps' has .* kind float64"),
    ({"momenta": np.zeros((2, 5, 3))}, r"'legs.0.momenta' has shape \(2, 5, 3\)"),
    ({"memories": {"leverage": peak(time=np.array([1.0, -1.0]))}}, "'leverage.time' has a value"),
    ({"memories": {"electrons": {GIVEN: np.zeros((2, 3)), CLIPPED: np.zeros(2, int)}}},
     r"'electrons.electrons_given' has shape \(2, 3\)"),
    ({"memories": {"leverage": peak(value=np.zeros(3))}}, r"'leverage.value' has shape \(3,\)"),
    ({"memories": {"leverage": {"value": np.ones(2)}}}, "'leverage' holds value"),
    ({"memories": {"stranger": peak()}}, "'memories' has a value"),
])  # fmt: skip
def test_results_that_cannot_be_are_refused(tmp_path, changes, told):
    with pytest.raises(UserError, match=f"results.npz: its .*{told}.*scatter.gpu"):
        read_back(tmp_path / "results.npz", Results("{}", "0", "cuda", [endings(**changes)]))


@pytest.mark.parametrize(("spoil", "told"), [
    (lambda held: held.pop("version"), "is not a prepared campaign of layout 7"),
    (lambda held: held.update(version=np.array(4)), "has the layout 4, and .* reads 7"),
    (lambda held: held.update(words=np.array("{}")), "is not a prepared campaign"),
    (lambda held: held.pop("legs.0.top"), "its 'legs.0' is not a prepared leg"),
    (lambda held: held.update({"legs.0.top.x": held["version"]}), "both an array and a part"),
    (lambda held: held.update({"legs.2.top": held["version"]}), "are not numbered from 0 on"),
    (lambda held: held.update(legs=held["version"]), "both an array and a part"),
    (lambda held: held.update({"identity.x": held.pop("identity")}), "'identity' is not an array"),
    (lambda held: held.update(identity=np.array("[]")), "identity is not a table"),
    (lambda held: held.update(identity=np.array("x" * 9)), "identity is not JSON"),
])  # fmt: skip
def test_a_file_of_something_else_is_refused(tmp_path, spoil, told):
    held = flat(prepared())
    spoil(held)
    write_arrays(tmp_path / "some.npz", held)
    with pytest.raises(UserError, match=f"some.npz: .*{told}.*; make it with `scatter prepare"):
        PreparedCampaign.read(tmp_path / "some.npz")


def test_electrons_that_have_travelled_give_the_friction_that_they_give_here(tmp_path):
    system = SLAB.slab.with_projectile(7, 1)
    atoms = COPPER.positions
    x = np.stack([np.vstack([atoms, atoms[-1] + [[0.3, 0.2, h], [0.9, 0.6, 1.2]]]) for h in (1, 4)])
    course = Temperatures(np.array([0.0, 9.0, 20.0]), np.array([300.0, 900.0, 500.0]))
    for hot in (Constant(450.0), course):
        here = Electrons(FreeAtoms({}), {"111": hot}, {}, {}, {})
        travelled = read_back(
            tmp_path / "a.npz",
            prepared(
                numbers=system.numbers, cell=system.cell, moving=system.moving,
                slab_positions=atoms[None], slab_momenta=np.zeros((1, 12, 3)),
                slab_masses=np.full(12, 63.5), closest=np.ones((2, 12)),
                electrons=[here.tables("111", system)],
            ),
        ).legs[0].felt  # fmt: skip
        due = here.felt("111", Verlet(), system, 2)
        assert travelled.friction(x).values.tolist() == due.friction(x).values.tolist()
        assert (due.friction(x).values > 0).any(axis=0).all()
        time = np.array([-1.0, 0.0, 5.0, 15.0, 30.0]) * fs
        assert travelled.electrons.kT(time) == pytest.approx(due.electrons.kT(time), rel=1e-14)


def test_of_no_trajectory_the_endings_are_read_too(tmp_path):
    none = Endings.of([], leg())
    found = read_back(tmp_path / "none.npz", Results("{}", "0", "cuda", [none, endings()]))
    assert [len(ended) for ended in found.legs] == [0, 2]
    assert list(found.legs[0]) == []


def test_many_legs_are_read_back(tmp_path):
    """As many as a campaign of a hundred temperatures has."""
    many = replace(prepared(), legs=[leg() for _ in range(100)])
    assert len(read_back(tmp_path / "many.npz", many).legs) == 100


def test_trajectories_that_a_campaign_does_not_have_are_none_of_it():
    found = points(read(INPUT).input)
    assert belongs(endings(), found, 10)
    assert not belongs(endings(point=np.array([0, len(found)])), found, 10)
    assert not belongs(endings(number=np.array([0, 10])), found, 10)
    assert not belongs(endings(point=np.array([0, 0])), found, 10)  # the same one twice
    other = replace(found[1], T_K=found[1].T_K + 1)
    assert not belongs(endings(), [found[0], other, *found[2:]], 10)
