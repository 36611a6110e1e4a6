"""Calculators that run a program through files: a folder for each slot, and the same answers."""

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import external_calculators
from ase.calculators.emt import EMT
from ase.calculators.genericfileio import BaseProfile, CalculatorTemplate, GenericFileIOCalculator
from ase_programs import install_dftb

from scatter.potentials.ase import AseCalculator
from scatter.settings import UserError

H_ON_CU = {"Hamiltonian_MaxAngularMomentum_H": "s", "Hamiltonian_MaxAngularMomentum_Cu": "d"}


@pytest.fixture
def dftb(tmp_path):
    """What makes a DFTB+ calculator, the folders it ran in, and a switch that makes it fail."""
    command, log, fails = install_dftb(tmp_path)

    def make(**parameters):
        return AseCalculator("dftb", {"command": command, **H_ON_CU, **parameters})

    return make, lambda: log.read_text().splitlines(), fails


def emt(system, x):
    atoms = Atoms(system.numbers, x, cell=system.cell, pbc=system.pbc, calculator=EMT())
    return atoms.get_potential_energy(), atoms.get_forces() * system.moving[:, None]


@pytest.mark.slow
def test_a_program_gives_what_the_same_calculator_gives_in_this_process(dftb, hydrogen_on_copper):
    make, ran_in, _ = dftb
    system, positions = hydrogen_on_copper(replicas=2)
    evaluator = make().bind(system, 2)
    energies, forces = evaluator.begin(np.arange(2), positions)
    for slot in range(2):
        energy, force = emt(system, positions[slot])
        assert energies[slot] == pytest.approx(energy, abs=1e-8)  # what its input file holds
        assert np.allclose(forces[slot], force, atol=1e-8)
    assert len(ran_in()) == 2 == len(set(ran_in()))


@pytest.mark.slow
def test_each_slot_has_a_folder_that_is_empty_when_a_trajectory_enters(
    dftb, hydrogen_on_copper, tmp_path
):
    make, ran_in, _ = dftb
    system, positions = hydrogen_on_copper(replicas=2)
    potential = make(directory=str(tmp_path / "mine"))
    evaluator, other = potential.bind(system, 2), potential.bind(system, 1)
    evaluator.begin(np.arange(2), positions)
    evaluator(positions + 0.01)
    first, second = sorted({*ran_in()})
    assert [(tmp_path / "mine") in each.folder.parents for each in evaluator.slots] == [True, True]
    evaluator.begin(np.array([0]), positions[:1])
    other.begin(np.array([0]), positions[:1])
    (third,) = {*ran_in()} - {first, second}  # of another evaluator, as of another rank
    runs = [(each.folder / "runs").read_text() for each in (*evaluator.slots, *other.slots)]
    assert runs == ["1", "2", "1"]
    evaluator.keep(np.array([1]))
    evaluator(positions[1:] + 0.02)
    assert ran_in()[-1] == second
    assert third not in (first, second)


def test_folders_that_nobody_asked_for_go_with_the_evaluator(dftb, hydrogen_on_copper, tmp_path):
    make, ran_in, _ = dftb
    system, positions = hydrogen_on_copper(replicas=1)
    evaluator = make().bind(system, 1)
    evaluator.begin(np.arange(1), positions)
    folder = evaluator.slots[0].folder
    assert folder.is_dir()
    assert str(folder) in ran_in()
    del evaluator
    assert not folder.parent.exists()


def test_where_the_folders_are_makes_no_other_potential(dftb, tmp_path):
    make, _, _ = dftb
    here, there = make(directory=str(tmp_path / "here")), make()
    assert here.identity == there.identity
    assert here.description == there.description


@pytest.mark.parametrize("directory", ["", 3, True])
def test_a_folder_that_is_none_is_refused(dftb, directory):
    with pytest.raises(UserError, match=r"directory = .* must be the name of a folder"):
        dftb[0](directory=directory)


def test_a_folder_that_cannot_be_made_is_refused(dftb, hydrogen_on_copper, tmp_path):
    (tmp_path / "file").write_text("")
    system, _ = hydrogen_on_copper(replicas=1)
    with pytest.raises(UserError, match="no folder can be made"):
        dftb[0](directory=str(tmp_path / "file")).bind(system, 1)


def test_a_program_that_fails_at_once_is_a_sentence(dftb, hydrogen_on_copper):
    make, _, fails = dftb
    system, positions = hydrogen_on_copper(replicas=1)
    fails.write_text("")
    with pytest.raises(UserError, match=r"cannot evaluate H2Cu6 \(.*error code 3\)"):
        make().bind(system, 1).begin(np.arange(1), positions)


@pytest.mark.slow
def test_a_calculation_that_fails_later_ends_its_trajectory_alone(dftb, hydrogen_on_copper, capsys):
    make, _, fails = dftb
    system, positions = hydrogen_on_copper(replicas=1)
    evaluator = make().bind(system, 1)
    evaluator.begin(np.arange(1), positions)
    fails.write_text("")
    energies, forces = evaluator(positions + 0.01)
    assert np.isnan(energies).all()
    assert np.isnan(forces[:, system.moving]).all()
    assert "this trajectory counts as failed" in capsys.readouterr().err


class Template(CalculatorTemplate):
    """Writes positions, and reads the energy that its command makes of them: their number."""

    def __init__(self):
        super().__init__("counts", ["energy", "forces"])

    def write_input(self, profile, directory, atoms, parameters, properties):
        parameters.pop("used", None)  # as some do with what they are given
        np.savetxt(directory / "in", atoms.positions)

    def execute(self, directory, profile):
        profile.run(directory, "in", "out")

    def read_results(self, directory):
        lines = int((directory / "out").read_text().split()[0])
        return {"energy": float(lines), "forces": np.zeros((lines, 3))}

    def load_profile(self, cfg, **kwargs):
        raise NotImplementedError


class Profile(BaseProfile):
    def get_calculator_command(self, inputfile):
        return [inputfile]

    def version(self):
        return ""


class Counts(GenericFileIOCalculator):
    def __init__(self, command="wc -l", directory=".", **parameters):
        super().__init__(
            template=Template(), profile=Profile(command), directory=directory,
            parameters=parameters,
        )  # fmt: skip


def test_calculators_of_ases_other_class_have_their_folders_too(monkeypatch, hydrogen_on_copper):
    monkeypatch.setitem(external_calculators, "counts", Counts)
    system, positions = hydrogen_on_copper(replicas=2)
    evaluator = AseCalculator("counts", {"used": [1]}).bind(system, 2)
    for _ in range(2):
        assert list(evaluator.begin(np.arange(2), positions)[0]) == [len(system)] * 2
    assert all((each.folder / "out").exists() for each in evaluator.slots)


def test_a_program_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setitem(external_calculators, "counts", Counts)
    with pytest.raises(UserError, match="its program 'no-such-program' is not found; install it"):
        AseCalculator("counts", {"command": "no-such-program -l"})
