"""The same structures with and without a mask, with true or zeroed held forces: one potential."""

import json
from pathlib import Path

import numpy as np
import pytest
from ase.constraints import FixCartesian
from ase.io import read, write
from labelled_sets import FREE, rattled, write_set, written
from test_finetune import TRAINING, write_foundation
from tiny_sets import tiny_set
from typer.testing import CliRunner

from scatter.ace.file import LinearAce
from scatter.ace.fitting.fit import Fitting, fit_ace
from scatter.ace.fitting.gather import Gathering
from scatter.ace.fitting.labelled import Weights
from scatter.ace.fitting.recipe import Recipe
from scatter.cli import app
from scatter.fitting.sets import read_set
from scatter.labels import STANDARD, Keys, read_labelled
from scatter.mace.file import FoldedMace
from scatter.mace.training.distil import Lessons, distil
from scatter.mace.training.finetune import Foundation, finetune
from scatter.mace.training.frozen import counting_labels, labels_alone
from scatter.mace.training.student import Student
from scatter.settings import UserError

# The ways that differ most of those whose labels are the same (tests/labels/test_labels.py).
UNLIKE = [("zero",), ("cartesian",)]
RECIPE = Recipe(("Cu", "H"), degrees=(5, 4, 3), cutoff_A=4.5, pair_degree=4)


def arrays(model):
    told = ("provenance", "source_sha256")  # of what it was made
    return {name: np.asarray(one) for name, one in vars(model).items() if name not in told}


def assert_same(one, other):
    for name, array in arrays(one).items():
        assert array.tobytes() == arrays(other)[name].tobytes(), name


def reported(folder, part="test"):
    found = json.loads((folder / part / "validation.json").read_text())
    return found["errors"]["errors"][0]


@pytest.mark.slow
def test_a_linear_ace_is_the_same_whatever_is_written_for_held_atoms(tmp_path):
    frames, fitted = rattled(30), []
    for n, held in enumerate(UNLIKE):
        write(tmp_path / f"{n}.extxyz", written(frames, held))
        folder = fit_ace(tmp_path / f"{n}.extxyz", tmp_path / f"{n}.npz", RECIPE, Fitting(), print)
        fitted.append((LinearAce.read(tmp_path / f"{n}.npz"), reported(folder)))
    for model, errors in fitted[1:]:
        assert_same(model, fitted[0][0])
        assert errors["forces"] == fitted[0][1]["forces"]
    assert fitted[0][1]["forces"]["n"] == 3 * len(FREE) * fitted[0][1]["frames"]


def test_a_held_component_has_no_row_in_a_fit(tmp_path):
    frames = rattled(4)
    for frame in frames:
        frame.set_constraint([FixCartesian(n, [False, False, True]) for n in (0, 9)])
    write(tmp_path / "set.extxyz", frames)
    [[frame, *_]] = read_labelled([tmp_path / "set.extxyz"])
    gathering = Gathering(RECIPE.design(), np.zeros(2), frozenset({1}), Weights(), 0)
    rows = gathering.rows(frame, 0)
    assert (len(rows["force"]), len(rows["molecule"])) == (3 * 8 - 1, 3 * 2 - 1)
    assert all(np.isfinite(one).all() for one in rows.values())


@pytest.mark.slow
def test_forces_that_were_zeroed_cost_a_fit_no_accuracy(tmp_path):
    """A cell's energy is known as well without the true forces of held atoms; not so with zeros."""
    frames, found = rattled(60), {}
    for name, held in (("true", ()), ("zeroed", ("zero",))):
        write(tmp_path / f"{name}.extxyz", written(frames, held))
        folder = fit_ace(
            tmp_path / f"{name}.extxyz", tmp_path / f"{name}.npz", RECIPE, Fitting(), print
        )
        found[name] = reported(folder)
    for quantity in ("energy", "molecule"):
        true, zeroed = (found[name][quantity]["rmse"] for name in ("true", "zeroed"))
        assert zeroed == pytest.approx(true, rel=0.25)


@pytest.mark.slow
def test_a_student_is_the_same_whatever_is_written_for_held_atoms(tmp_path):
    frames, made = rattled(12), []
    for n, held in enumerate(UNLIKE):
        data, told = write_set(tmp_path / f"set{n}", written(frames, held)), []
        distil(
            data, tmp_path / f"{n}.npz", Student(), Lessons(epochs=2, batch=2), 1,
            lambda _, epoch, told=told: told.append((epoch.energy, epoch.forces)),
        )  # fmt: skip
        made.append((FoldedMace.read(tmp_path / f"{n}.npz"), told))
    for model, told in made[1:]:
        assert told == made[0][1]
        assert_same(model, made[0][0])


def test_zeroed_forces_of_held_atoms_do_not_move_a_student(tmp_path):
    frames, told = rattled(12), {}
    for name, held in (("true", ()), ("zeroed", ("zero",))):
        data = write_set(tmp_path / name, written(frames, held))
        told[name] = []
        distil(
            data, tmp_path / f"{name}.npz", Student(), Lessons(epochs=1, batch=2), 1,
            lambda _, epoch, to=told[name]: to.append(epoch),
        )  # fmt: skip
    assert told["true"] != told["zeroed"]  # true forces are labels


@pytest.fixture(scope="module")
def finetuned(tmp_path_factory):
    """What a fine-tuning finds of a set with zeros, and with a mask and true forces."""
    folder = tmp_path_factory.mktemp("finetune")
    foundation = write_foundation(folder / "foundation.model", (1, 29))
    frames, found = rattled(16), {}
    for name, held in (("zeroed", ("zero",)), ("masked", ("cartesian",))):
        data, told = write_set(folder / name, written(frames, held)), []
        start = Foundation(foundation.name, "embedding", trust_pickle=True)
        made = finetune(
            data, folder / f"{name}.model", start, TRAINING,
            lambda _, epoch, told=told: told.append(epoch),
        )  # fmt: skip
        found[name] = made, told
    return found


def test_a_fine_tuned_model_is_the_same_whatever_is_written_for_held_atoms(finetuned):
    (one, told), (other, also) = finetuned["zeroed"], finetuned["masked"]
    assert told == also
    assert one.after.forces == other.after.forces
    assert one.before.energy == other.before.energy


def test_the_errors_that_a_fine_tuning_tells_are_those_of_labels(finetuned):
    made, told = finetuned["zeroed"]
    assert made.after.forces.n == 3 * len(FREE) * 4
    assert told[-1].forces == pytest.approx(made.after.forces.rmse, rel=1e-3)


class Batch(dict):
    """As much of mace-torch's as a loss looks at."""

    def __getattr__(self, name):
        return self[name]


def test_a_force_that_is_no_label_adds_nothing_to_the_loss_and_pulls_at_nothing():
    torch = pytest.importorskip("torch")
    true = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=torch.float64)
    guess = torch.zeros_like(true).requires_grad_()
    batch = Batch(forces=true.clone(), weight=torch.ones(1), forces_weight=torch.ones(1),
                  ptr=torch.tensor([0, 2]))  # fmt: skip
    whole = labels_alone(lambda ref, pred, ddp: "mace-torch's own")
    assert whole(batch, {"forces": guess}) == "mace-torch's own"
    batch["forces"][0] = torch.nan
    loss = whole(batch, {"forces": guess})
    loss.backward()
    assert loss.item() == pytest.approx((16 + 25 + 36) / 3)
    assert guess.grad is not None
    assert guess.grad[0].tolist() == [0, 0, 0]
    assert guess.grad[1].tolist() == pytest.approx([-8 / 3, -10 / 3, -4])


def test_errors_that_are_gathered_leave_out_what_is_no_label():
    torch = pytest.importorskip("torch")

    class Metric:
        fs, delta_fs = [torch.tensor([[1.0, torch.nan]])], [torch.tensor([2.0, torch.nan])]

    counting_labels(lambda metric, batch, output: None)(Metric, None, None)
    assert Metric.fs[0].tolist() == [1.0]
    assert Metric.delta_fs[0].tolist() == [2.0]


def renamed(folder):
    """The same set with labels under other keys."""
    for file in folder.glob("*.extxyz"):
        text = file.read_text().replace(" energy=", " REF_energy=")
        file.write_text(text.replace(":forces:", ":REF_forces:"))
    return folder


KEYS = ["--energy-key", "REF_energy", "--forces-key", "REF_forces"]


def run(*words):
    return CliRunner().invoke(app, [*map(str, words)])


@pytest.mark.parametrize("verb", ["fit ace", "distil", "finetune", "select", "validate"])
def test_labels_under_other_keys_are_refused_before_any_work_with_the_options(
    tmp_path, monkeypatch, verb
):
    monkeypatch.chdir(tmp_path)
    renamed(write_set(Path("set"), rattled(12)))
    words = {
        "fit ace": ["set", "out.npz"], "distil": ["set", "out.npz"],
        "finetune": ["set", "out.model", "--foundation", "small", "--batch", 4],
        "select": ["set/train.extxyz", "--output", "out", "--number", 3],
        "validate": ["analytic", "--against", "set/train.extxyz", "--no-properties"],
    }[verb]  # fmt: skip
    with pytest.raises(UserError) as error:
        raise run(*verb.split(), *words).exception
    for word in ("REF_energy", "REF_forces", *KEYS):
        assert word in str(error.value)
    left = {path.name for path in tmp_path.iterdir()} - {"set", "runs"}
    assert left == set()


@pytest.mark.slow
def test_a_set_with_other_keys_gives_what_the_usual_keys_give(tmp_path):
    frames = rattled(12)
    usual, other = (write_set(tmp_path / name, frames) for name in ("usual", "other"))
    renamed(other)
    keys = Keys("REF_energy", "REF_forces")
    fit_ace(usual, tmp_path / "a.npz", RECIPE, Fitting(), print)
    fit_ace(other, tmp_path / "b.npz", RECIPE, Fitting(keys=keys), print)
    assert_same(*(LinearAce.read(tmp_path / name) for name in ("a.npz", "b.npz")))


@pytest.mark.slow
def test_what_select_writes_has_the_usual_keys(tmp_path):
    frames = rattled(24)
    for frame in frames:
        frame.info["other_energy"] = 1.0
    write(tmp_path / "pool.extxyz", frames)
    text = (tmp_path / "pool.extxyz").read_text().replace(" energy=", " REF_energy=")
    (tmp_path / "pool.extxyz").write_text(text)
    asked = run("select", tmp_path / "pool.extxyz", "--output", tmp_path / "no", "--number", 12)
    assert isinstance(asked.exception, UserError)
    words = ["--output", tmp_path / "set", "--number", 12, "--energy-key", "REF_energy"]
    assert run("select", tmp_path / "pool.extxyz", *words).exit_code == 0
    chosen = read(tmp_path / "set" / "train.extxyz", ":")
    energies = {round(frame.get_potential_energy(), 6) for frame in frames}
    assert {round(frame.get_potential_energy(), 6) for frame in chosen} <= energies
    fit_ace(tmp_path / "set", tmp_path / "a.npz", RECIPE, Fitting(), print)  # needs no keys


@pytest.mark.slow
def test_validate_compares_under_the_keys_that_were_named(tmp_path):
    data = renamed(write_set(tmp_path / "set", written(rattled(12), ("atoms",))))
    words = ["analytic", "--against", data / "train.extxyz", "--no-properties", "--output"]
    found = run("validate", *words, tmp_path / "v", *KEYS)
    assert found.exit_code == 0
    [errors] = json.loads((tmp_path / "v" / "validation.json").read_text())["errors"]["errors"]
    assert errors["forces"]["n"] == 3 * len(FREE) * 8
    assert errors["forces"]["rmse"] < 1e-4
    refused = run("validate", "analytic", "--against", "ase:emt", "--structures",
                  data / "train.extxyz", *KEYS)  # fmt: skip
    assert "no labels are read" in str(refused.exception)


def test_a_set_selected_without_a_test_part_is_a_set_all_the_same(tmp_path):
    folder = tiny_set(tmp_path / "set")
    (folder / "test.extxyz").write_text("")
    assert {*read_set(folder, 4, STANDARD).frames} == {"train", "valid"}
