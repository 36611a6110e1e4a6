import signal

import numpy as np
import pytest
from ase.io import read
from tiny_sets import tiny_set

from scatter.fitting.distil import Student, distil
from scatter.fitting.train import Epoch, Teller, Training, _started
from scatter.potentials.evaluate import evaluate
from scatter.potentials.mace_fused import MaceFused
from scatter.settings import UserError

TRAINING = Training(epochs=10, batch=1, precision="float32", device="cpu")


@pytest.fixture(scope="module")
def distilled(tmp_path_factory):
    """A set, a student of few epochs, and what was told of each."""
    folder = tmp_path_factory.mktemp("distil")
    told = []
    made = distil(
        tiny_set(folder / "set"), folder / "s.npz", Student(), TRAINING, 1,
        lambda name, epoch: told.append((name, epoch)),
    )  # fmt: skip
    return folder, told, made


def test_a_student_learns_from_its_teachers_labels_and_is_read_by_the_engine(distilled):
    folder, told, [(potential, agreements)] = distilled
    assert potential == folder / "s.npz"
    assert [epoch.number for _, epoch in told] == [*range(10)]
    assert {name for name, _ in told} == {"s.npz"}
    assert told[-1][1].forces < 0.9 * told[0][1].forces
    fused = MaceFused.read(potential, "float64")
    assert fused.elements == {1, 29}
    assert fused.cutoff == 5.0
    assert [each.precision for each in agreements] == ["float64", "float32"]


def test_the_files_errors_are_those_that_the_training_told(distilled):
    folder, told, [(potential, _)] = distilled
    labels = read(folder / "set" / "valid.extxyz", ":")
    out = folder / "evaluated.extxyz"
    evaluate(MaceFused.read(potential, "float64"), folder / "set" / "valid.extxyz", out)
    found = read(out, ":")
    difference = [a.get_forces() - b.get_forces() for a, b in zip(labels, found, strict=True)]
    # the best epoch of the second stage, here its only one, is what is kept
    rmse = 1e3 * np.sqrt(np.mean(np.square(difference)))
    assert rmse == pytest.approx(told[-1][1].forces, rel=1e-3)


def test_the_same_command_again_trains_nothing(distilled):
    folder, _, made = distilled
    before = (folder / "s.npz").read_bytes()
    told = []
    again = distil(
        folder / "set", folder / "s.npz", Student(), TRAINING, 1, lambda *each: told.append(each)
    )
    assert (again, told) == (made, [])
    assert (folder / "s.npz").read_bytes() == before


def test_another_training_in_the_same_folder_is_refused(distilled):
    folder, _, _ = distilled
    with pytest.raises(UserError, match="r_max was 5.0 and is now 4.0; name another folder"):
        distil(folder / "set", folder / "s.npz", Student(cutoff_A=4.0), TRAINING, 1, print)


def test_a_set_without_labels_or_parts_is_refused_before_anything_is_written(tmp_path):
    folder = tiny_set(tmp_path / "set", label=False)
    with pytest.raises(UserError, match="label it with `scatter evaluate TEACHER train.extxyz"):
        distil(folder, tmp_path / "s.npz", Student(), TRAINING, 1, print)
    (folder / "valid.extxyz").unlink()
    with pytest.raises(UserError, match=r"holds no valid.extxyz; make a set with `scatter select`"):
        distil(folder, tmp_path / "s.npz", Student(), TRAINING, 1, print)
    with pytest.raises(UserError, match=r"the name must end in .npz"):
        distil(folder, tmp_path / "s.model", Student(), TRAINING, 1, print)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]


def test_a_training_that_fails_shows_the_programs_last_words(tmp_path):
    folder = tiny_set(tmp_path / "set")
    with pytest.raises(
        UserError, match=r"(?s)the training failed; mace-torch's last words:.*error"
    ):
        distil(folder, tmp_path / "s.npz", Student(), Training(batch=1, device="abacus"), 1, print)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
def test_an_interrupted_training_leaves_no_process_behind(tmp_path, number):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), _started(["sleep", "60"], tmp_path, 1) as running:
        signal.raise_signal(number)
    assert running.returncode == -signal.SIGTERM
    assert signal.getsignal(number) == before


def test_energies_weigh_more_in_the_last_fifth_when_the_learning_rate_has_fallen_to_a_hundredth():
    assert Training(epochs=2).options()["start_swa"] == 1
    options = Training(epochs=1500, learning_rate=0.01).options()
    assert options["start_swa"] == 1200
    assert options["lr_scheduler_gamma"] ** 1200 == pytest.approx(0.01)
    assert options["swa_energy_weight"] > options["energy_weight"]


def test_progress_is_told_now_and_then_and_at_the_end(monkeypatch):
    moments, lines = iter([0.0, 10.0, 40.0, 41.0, 42.0]), []
    monkeypatch.setattr("scatter.fitting.train.time.monotonic", lambda: next(moments))
    teller = Teller(5, lines.append)
    for number in range(5):
        teller("s.npz", Epoch(number, 10.0 - number, 20.0))
    assert lines == [
        "s.npz: epoch 1 of 5, validation RMSE E 10.0 meV, F 20.0 meV/Å",
        "s.npz: epoch 3 of 5, validation RMSE E 8.0 meV, F 20.0 meV/Å, 40 s left",
        "s.npz: epoch 5 of 5, validation RMSE E 6.0 meV, F 20.0 meV/Å, 0 s left",
    ]
