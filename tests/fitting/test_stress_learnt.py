"""Stresses as labels that potentials are trained on and fitted to."""

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write
from labelled_sets import write_set
from numpy.testing import assert_allclose
from test_finetune import write_foundation
from typer.testing import CliRunner

from scatter.ace.cpu import Ace
from scatter.ace.file import LinearAce
from scatter.ace.fitting.fold import folded, inner_distances
from scatter.ace.fitting.gather import Gathering, gather
from scatter.ace.fitting.labelled import Weights
from scatter.ace.fitting.recipe import Recipe
from scatter.ace.fitting.strength import choose
from scatter.cli import app
from scatter.fitting.sets import plain_files, read_set
from scatter.labels import STANDARD, Keys, labelled, results_of, summary
from scatter.labels.stress import require_stress, virial_of
from scatter.mace.cpu import MaceFused
from scatter.mace.training.learning import Lessons, Training
from scatter.mace.training.student import Student
from scatter.potentials.evaluate import stress_on
from scatter.settings import UserError

COPPER = Recipe(("Cu",), degrees=(6, 5, 4), cutoff_A=4.5, pair_degree=5)
SIX = [0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]


def strained_crystals(count, stress=True, seed=0):
    """Rattled, strained cells of four copper atoms, labelled by EMT."""
    rng, frames = np.random.default_rng(seed), []
    for n in range(count):
        atoms = bulk("Cu", a=3.6, cubic=True)
        atoms.set_cell(atoms.cell @ (np.eye(3) + rng.normal(0, 0.03, (3, 3))), scale_atoms=True)
        atoms.rattle(0.05, rng=rng)
        atoms.info["trajectory"] = f"t{n:03d}"
        atoms.calc = EMT()
        labels = {"energy": atoms.get_potential_energy(), "forces": atoms.get_forces()}
        labels |= {"stress": atoms.get_stress()} if stress else {}
        atoms.calc = SinglePointCalculator(atoms, **labels)
        frames.append(atoms)
    return frames


def named(frames):
    return [f"x, frame {n}" for n in range(len(frames))]


def test_stresses_are_labels_where_asked_for_and_are_counted():
    frames = strained_crystals(4)
    del frames[1].calc.results["stress"]
    frames[2].pbc = False  # so its stress says nothing
    read = labelled(frames, named(frames), stress=True)
    assert ["stress" in results_of(frame) for frame in read] == [True, False, False, True]
    assert "stresses of 2 of 4 structures" in summary({"train": read})
    whole = frames[0].get_volume() * frames[0].get_stress(voigt=False)
    assert_allclose(virial_of(read[0]), whole, rtol=1e-12)
    assert np.isnan(virial_of(read[1])).all()
    plain = labelled(frames, named(frames))
    assert not any("stress" in results_of(frame) for frame in plain)
    with pytest.raises(UserError, match="no structure of x has a stress"):
        require_stress(plain, "x")


def test_the_key_of_a_stress_is_asked_for_and_its_units_are_looked_at():
    frames = strained_crystals(2)
    for frame in frames:
        frame.info["REF_stress"] = frame.calc.results.pop("stress")
    with pytest.raises(UserError, match="give --stress-key REF_stress"):
        labelled(frames, named(frames), stress=True)
    read = labelled(frames, named(frames), Keys(stress="REF_stress"), stress=True)
    assert all("stress" in results_of(frame) for frame in read)
    frames[1].info["REF_stress"] = 160.2 * frames[1].info["REF_stress"]
    with pytest.raises(UserError, match="frame 1: has a stress of .* too much for eV/Å³"):
        labelled(frames, named(frames), Keys(stress="REF_stress"), stress=True)


def moved_along(frame, strain):
    moved = frame.copy()
    moved.set_cell(frame.cell @ (np.eye(3) + strain), scale_atoms=True)
    return moved


def test_the_virials_of_the_functions_are_their_slopes_by_strain():
    design = COPPER.design()
    [frame] = strained_crystals(1)
    rows = design.rows_and_sites(frame, "x", np.arange(2), virial=True)[0]
    assert rows.shape[1] == 1 + 3 * 2 + 6
    assert_allclose(rows[:, :-6], design.rows_and_sites(frame, "x", np.arange(2))[0], atol=0)
    for column, (a, b) in enumerate(zip(*SIX, strict=True)):
        strain, ends = np.zeros((3, 3)), []
        strain[a, b] = 1e-4
        for times in (1, -1, 2, -2):
            ends.append(design.rows(moved_along(frame, times * strain), "x")[:, 0])
        slope = (8 * (ends[0] - ends[1]) - (ends[2] - ends[3])) / 12e-4
        size = np.abs(slope).max()
        assert_allclose(rows[:, 7 + column], slope, rtol=0, atol=1e-6 * size)


def planted(design, frames, c):
    """The frames with the labels of these coefficients."""
    for frame in frames:
        rows = c @ design.rows_and_sites(frame, "x", np.arange(len(frame)), virial=True)[0]
        stress = rows[[-6, -5, -4, -3, -2, -1]] / frame.get_volume()
        labels = {"forces": rows[1:-6].reshape(-1, 3), "stress": stress}
        frame.calc = SinglePointCalculator(frame, energy=rows[0], **labels)
    return frames


def test_a_fit_to_stresses_alone_recovers_the_stress_of_a_planted_potential():
    design = COPPER.design()
    frames = strained_crystals(40)
    size = np.sqrt(1 + (design.rows(frames[0], "x") ** 2).sum(axis=1))
    c = np.random.default_rng(0).normal(size=design.columns) / size
    frames = planted(design, frames, c)
    weights = Weights(energy=0.0, force=0.0, stress=1.0)
    gathering = Gathering(design, np.zeros(1), frozenset(), weights, 0)
    parts = {
        name: gather(gathering, some, 1, lambda done: None)
        for name, some in (("train", frames[:34]), ("valid", frames[34:37]))
    }
    assert parts["train"]["virial"].rows == 6 * 34 > design.columns
    fit = choose(parts, design, weights, COPPER.weight_l, 0.0, 4)
    assert fit.strengths.errors["virial of an atom (meV)"]["valid"][fit.strengths.chosen] < 0.01
    model = Ace(folded(design, np.zeros(1), fit.c, inner_distances(design, frames), {}, "x"))
    for frame in frames[37:]:
        own, known = stress_on(model, frame, "x"), frame.get_stress(voigt=False)
        assert_allclose(own, known, rtol=0, atol=1e-4 * np.abs(known).max())


def test_rows_of_virials_are_gathered_only_where_they_are_learnt():
    frame = strained_crystals(1)[0]
    for stress, present in ((None, False), (2.0, True)):
        gathering = Gathering(COPPER.design(), np.zeros(1), frozenset(), Weights(stress=stress), 0)
        assert ("virial" in gathering.rows(frame, 0)) == present
        assert ("virial" in gathering.triangles([(0, frame)])) == present
    virial = gathering.rows(frame, 0)["virial"][:, -1]
    known = frame.get_volume() * frame.get_stress(voigt=False)[SIX] / 2  # over the root of 4 atoms
    assert_allclose(virial, known, rtol=1e-12)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A set of crystals, of which two have no stress."""
    frames = strained_crystals(18) + strained_crystals(2, stress=False, seed=1)
    frames = [*frames[-2:], *frames[:-2]]
    return write_set(tmp_path_factory.mktemp("stresses") / "set", frames)


def training_on(data, stress, epochs=1):
    labels = read_set(data, 4, STANDARD, stress=bool(stress))
    return Training(Student(), Lessons(epochs, 4, stress=stress), labels)


def test_the_gradient_of_a_training_with_stresses_is_the_difference_of_its_loss(data):
    training, chosen = training_on(data, 50.0), np.arange(4)
    gradient, d = training._gradient(chosen, 1.0), training.structures

    def loss():
        errors, squares, of_virials = training._residuals(d)
        assert np.count_nonzero(of_virials) == 14  # of 16, two have no label
        emphasised = (d.emphasis.reshape(16, 4) * squares).sum(axis=1)
        each = (errors / 4) ** 2 + 100 * emphasised / 12 + 50.0 * of_virials / (9 * 4**2)
        return each[chosen].mean()

    for name, slope in gradient.items():
        along = slope / np.linalg.norm(slope)
        step, before, ends = 1e-4, training.factors[name].copy(), []
        for sign in (1, -1):
            training.factors[name] = before + sign * step * along
            ends.append(loss())
        training.factors[name] = before
        assert_allclose(
            (ends[0] - ends[1]) / (2 * step), (slope * along).sum(), rtol=2e-6, err_msg=name
        )


@pytest.mark.slow
def test_a_student_that_learns_stresses_knows_them_better(data):
    errors = []
    for stress in (None, 1000.0):
        training = training_on(data, stress, epochs=25)
        for _ in range(25):
            training.run_epoch()
        judge = training_on(data, 1.0)
        judge.kernel, judge.factors, judge.scales = (
            training.kernel, training.factors, training.scales,
        )  # fmt: skip
        errors.append(np.sqrt(np.mean(judge._residuals(judge.valid)[2])))
        assert ("virial" in training.by_element()) == bool(stress)
    assert errors[1] < 0.7 * errors[0]


@pytest.mark.slow
def test_the_command_line_learns_stresses_and_says_of_how_many(data, tmp_path):
    command = ["distil", str(data), str(tmp_path / "s.npz"), "--epochs", "2", "--batch", "4"]
    said = CliRunner().invoke(app, [*command, "--stress"], catch_exceptions=False).output
    assert "stresses of 18 of 20 structures" in said
    assert "; virial " in said
    assert MaceFused.read(tmp_path / "s.npz").elements == {29}
    with pytest.raises(UserError, match="--stress-weight: means nothing without --stress"):
        CliRunner().invoke(app, [*command, "--stress-weight", "3"], catch_exceptions=False)
    bare = write_set(tmp_path / "bare", strained_crystals(8, stress=False))
    command[1] = str(bare)
    with pytest.raises(UserError, match="has a stress, `stress`"):
        CliRunner().invoke(app, [*command, "--stress"], catch_exceptions=False)


def test_mace_torch_gets_the_virials_of_those_that_have_a_stress(data, tmp_path):
    labels = read_set(data, 4, STANDARD, stress=True)
    files = plain_files(labels, tmp_path)
    for part, frames in labels.frames.items():
        for frame, copy in zip(frames, read(files[part], ":"), strict=True):
            assert ("REF_virials" in copy.info) == ("stress" in results_of(frame))
            if "stress" in results_of(frame):
                assert_allclose(copy.info["REF_virials"], -virial_of(frame), atol=1e-6)


@pytest.mark.slow
def test_a_foundation_is_fine_tuned_on_stresses(data, tmp_path):
    from scatter.mace.training.finetune import Foundation, finetune
    from scatter.mace.training.train import Training as Tuning

    foundation = write_foundation(tmp_path / "foundation.model", (1, 29))
    tuning = Tuning(25, 4, 0.02, precision="float32", device="cpu", stress=1000.0)
    told, said = [], []
    found = finetune(
        data, tmp_path / "f.model", Foundation(foundation.name, "none", trust_pickle=True), tuning,
        lambda name, epoch: told.append(epoch), say=said.append,
    )  # fmt: skip
    assert len(told) >= 25
    assert ", stresses of " in said[0]
    assert found.before.stress.n == found.after.stress.n == 6 * 4
    assert found.after.stress.rmse < 0.5 * found.before.stress.rmse
    assert "meV/Å³" in str(found)


@pytest.mark.slow
def test_an_ace_is_fitted_to_stresses_and_its_report_tells_their_error(tmp_path):
    write(tmp_path / "set.extxyz", strained_crystals(30))
    command = ["fit", "ace", str(tmp_path / "set.extxyz"), str(tmp_path / "a.npz"), "--stress"]
    command += ["--degrees", "6,5,4", "--cutoff", "4.5", "--pair-degree", "5"]
    said = CliRunner().invoke(app, command, catch_exceptions=False).output
    assert "stresses of 30 of 30 structures" in said
    assert LinearAce.read(tmp_path / "a.npz").numbers.tolist() == [29]
    assert "stress (meV/Å³)" in (tmp_path / "a.fit" / "valid" / "report.md").read_text()
