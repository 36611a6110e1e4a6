"""Potentials and calculators that are handed in, as objects or by the name of a module."""

import pickle
import sys

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

from scatter.potentials.ase import AseObject
from scatter.potentials.base import Potential
from scatter.potentials.check import deviations
from scatter.potentials.own import open_own
from scatter.potentials.table import PotentialTable, open_potential
from scatter.settings import UserError

MODULE = """
import numpy as np
from ase.calculators.emt import EMT
import scatter

class Springs(scatter.Potential):
    elements, cutoff = frozenset({1, 29}), 5.0
    def __init__(self, strength=1.0):
        self.strength = strength
        self.description = self.identity = f"springs {strength}"
    def energies_and_forces(self, system, positions):
        return 0.5 * self.strength * (positions**2).sum(axis=(1, 2)), -self.strength * positions

def metal(fast=False):
    return EMT(asap_cutoff=fast)

number = 3
def nothing():
    return 3
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The name of a module that can be imported."""
    (tmp_path / "my_surface.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield "my_surface"
    sys.modules.pop("my_surface", None)


def test_an_object_answers_as_ase_does_and_every_slot_has_its_own(hydrogen_on_copper):
    system, positions = hydrogen_on_copper(replicas=2)
    evaluator = AseObject(EMT()).bind(system, 2)
    energies, _ = evaluator.begin(np.arange(2), positions)
    assert len({id(slot.calculator) for slot in evaluator.slots}) == 2
    for energy, x in zip(energies, positions, strict=True):
        atoms = Atoms(system.numbers, x, cell=system.cell, pbc=system.pbc, calculator=EMT())
        assert energy == atoms.get_potential_energy()


def test_the_identity_follows_what_the_object_is():
    one, same, other = (AseObject(LennardJones(sigma=sigma)).identity for sigma in (1.0, 1.0, 1.1))
    assert one == same != other
    assert AseObject(EMT()).identity != one
    assert AseObject(lambda: EMT(), identity="mine").identity == "mine"


class Unpickled(LennardJones):
    """Holds what cannot be pickled, nor copied."""

    def __getstate__(self):
        raise pickle.PicklingError("no")


def test_one_that_cannot_be_copied_is_asked_for_as_a_function():
    with pytest.raises(UserError, match="cannot be copied for every slot .*function that makes"):
        AseObject(Unpickled())
    one, other = AseObject(Unpickled), AseObject(Unpickled)
    assert one.identity != other.identity  # nothing tells whether they are the same


def test_a_function_that_makes_none_is_refused():
    with pytest.raises(UserError, match="makes a int, which is not a calculator"):
        AseObject(lambda: 3)


def test_a_module_names_a_potential_or_a_calculator(module):
    springs = open_potential(
        PotentialTable(kind="ase", calculator=f"{module}:Springs", parameters={"strength": 2.0})
    )
    assert isinstance(springs, Potential)
    assert springs.identity == "springs 2.0"
    metal, fast = (open_own(f"{module}:metal", {"fast": fast}) for fast in (False, True))
    assert isinstance(metal, AseObject)
    assert metal.identity != fast.identity
    assert metal.identity == open_own(f"{module}:metal", {"fast": False}).identity


def test_another_text_of_the_module_is_another_potential(module, tmp_path):
    before = open_own(f"{module}:metal", {}).identity
    (tmp_path / "my_surface.py").write_text(MODULE + "\n# changed\n")
    assert open_own(f"{module}:metal", {}).identity != before


@pytest.mark.parametrize(
    ("named", "parameters", "told"),
    [
        ("no_such_module:Name", {}, "cannot be imported .*PYTHONPATH"),
        ("my_surface:Missing", {}, "cannot be imported"),
        ("my_surface:number", {}, "is not a class or function"),
        ("my_surface:nothing", {}, "neither a scatter.Potential nor a calculator"),
        ("my_surface:metal", {"slow": 1}, "refuses parameters"),
    ],
)
@pytest.mark.usefixtures("module")
def test_what_is_none_is_refused_in_a_sentence(named, parameters, told):
    with pytest.raises(UserError, match=told):
        open_own(named, parameters)


class Pairs(Potential):
    """Springs between all atoms, held ones included."""

    elements, cutoff = frozenset({1, 29}), 100.0
    description = identity = "pairs"

    def energies_and_forces(self, system, positions):
        assert np.isfinite(positions).all()
        centre = positions.mean(axis=1, keepdims=True)
        return 0.05 * ((positions - centre) ** 2).sum(axis=(1, 2)), -0.1 * (positions - centre)


def test_a_plain_function_becomes_an_evaluator(hydrogen_on_copper):
    system, positions = hydrogen_on_copper(replicas=3)
    evaluator = Pairs().bind(system, 3)
    broken = positions.copy()
    broken[1, 0, 0] = np.nan
    energies, forces = evaluator(broken)
    alone = evaluator.begin(np.arange(1), positions[2:])
    assert np.isfinite(energies).tolist() == [True, False, True]
    assert energies[2] == alone[0][0]
    assert np.array_equal(forces[2], alone[1][0])
    assert not forces[:, ~system.moving].any()


def test_it_keeps_the_laws_of_every_potential(hydrogen_on_copper):
    system, positions = hydrogen_on_copper(replicas=2)
    found = deviations(Pairs(), system, positions, np.random.default_rng(1))
    assert "gradient" not in found.broken()


def test_a_potential_with_neither_says_so(hydrogen_on_copper):
    class Empty(Potential):
        elements, cutoff, description, identity = frozenset({1, 29}), 5.0, "", ""

    system, positions = hydrogen_on_copper(replicas=1)
    with pytest.raises(NotImplementedError, match="Empty has neither"):
        Empty().bind(system, 1)(positions)
