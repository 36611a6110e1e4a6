import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes, external_calculators
from ase.calculators.emt import EMT

from scatter.potentials.ase import AseCalculator
from scatter.settings import UserError
from scatter.state import System


@pytest.mark.parametrize("parameters", [{}, {"asap_cutoff": True}])
def test_the_answer_is_that_of_ase(parameters, hydrogen_on_copper):
    system, positions = hydrogen_on_copper(replicas=2)
    evaluator = AseCalculator("emt", parameters).bind(system, 2)
    energies, forces = evaluator.begin(np.arange(2), positions)
    for n, x in enumerate(positions):
        atoms = Atoms(
            system.numbers, x, cell=system.cell, pbc=system.pbc, calculator=EMT(**parameters)
        )
        assert energies[n] == atoms.get_potential_energy()
        assert np.array_equal(forces[n, system.moving], atoms.get_forces()[system.moving])
    assert not forces[:, ~system.moving].any()


class Counting(Calculator):
    """Its energy is the number of calls since it was reset."""

    implemented_properties = ["energy", "forces"]
    calls = 0

    def reset(self):
        super().reset()
        self.calls = 0

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.calls += 1
        self.results = {"energy": float(self.calls), "forces": np.zeros((len(self.atoms), 3))}


def test_what_a_calculator_remembers_ends_with_its_trajectory(monkeypatch, hydrogen_on_copper):
    monkeypatch.setitem(external_calculators, "counting", Counting)
    system, positions = hydrogen_on_copper(replicas=3)
    evaluator = AseCalculator("counting").bind(system, 3)
    assert list(evaluator.begin(np.arange(3), positions)[0]) == [1, 1, 1]
    assert list(evaluator(positions + 0.1)[0]) == [2, 2, 2]
    assert list(evaluator.begin(np.array([1]), positions[:1])[0]) == [1]
    evaluator.keep(np.array([1, 2]))
    assert list(evaluator(positions[:2] + 0.2)[0]) == [2, 3]


def test_the_identity_follows_the_parameters():
    plain, other = AseCalculator("emt"), AseCalculator("emt", {"asap_cutoff": True})
    assert plain.identity == AseCalculator("emt", {}).identity != other.identity


def test_an_element_that_emt_does_not_know_is_refused():
    iron = System(np.array([26]), np.eye(3), (False, False, False), np.ones(1, bool))
    with pytest.raises(UserError, match="does not know Fe; it knows H, C"):
        AseCalculator("emt").bind(iron, 1)


@pytest.mark.parametrize(
    ("calculator", "parameters", "sentence"),
    [
        ("nosuch", {}, "finds no calculator"),
        ("EMT", {}, "lower case"),
        ("eam", {"nonsense": 3}, "refuses parameters = {'nonsense': 3}"),
        ("dftb", {}, "runs another program"),
        ("espresso", {}, "runs another program"),
    ],
)
def test_a_calculator_that_cannot_be_used_is_refused(calculator, parameters, sentence):
    with pytest.raises(UserError, match=sentence):
        AseCalculator(calculator, parameters)


def test_a_calculator_that_cannot_do_the_system_is_a_sentence(monkeypatch, hydrogen_on_copper):
    class Picky(Counting):
        def calculate(self, *args, **kwargs):
            raise NotImplementedError("no parameters for Cu")

    monkeypatch.setitem(external_calculators, "picky", Picky)
    system, positions = hydrogen_on_copper(replicas=1)
    with pytest.raises(UserError, match=r"cannot evaluate H2Cu6 \(no parameters for Cu\)"):
        AseCalculator("picky").bind(system, 1).begin(np.arange(1), positions)
