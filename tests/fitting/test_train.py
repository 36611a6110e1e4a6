"""Training by mace-torch's own program."""

import signal

import pytest
from tiny_sets import tiny_set

from scatter.fitting.progress import Epoch, Teller
from scatter.fitting.sets import read_set
from scatter.labels import STANDARD
from scatter.mace.training.student import Student
from scatter.mace.training.train import Training, _started, train
from scatter.settings import UserError


def test_a_training_that_fails_shows_the_programs_last_words(tmp_path):
    parts = read_set(tiny_set(tmp_path / "set"), 1, STANDARD).files
    with pytest.raises(
        UserError, match=r"(?s)the training failed; mace-torch's last words:.*error"
    ):
        train(tmp_path / "t", parts, Training(batch=1, device="abacus"), Student().options(), print)


@pytest.fixture
def heeded():
    """Ctrl-C is heeded, which a job in the background would ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
def test_an_interrupted_training_leaves_no_process_behind(tmp_path, number, heeded):
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
    monkeypatch.setattr("scatter.fitting.progress.time.monotonic", lambda: next(moments))
    teller = Teller(5, lines.append)
    for number in range(5):
        teller("s.npz", Epoch(number, 10.0 - number, 20.0))
    assert lines == [
        "s.npz: epoch 1 of 5, validation RMSE E 10.0 meV, F 20.0 meV/Å",
        "s.npz: epoch 3 of 5, validation RMSE E 8.0 meV, F 20.0 meV/Å, 40 s left",
        "s.npz: epoch 5 of 5, validation RMSE E 6.0 meV, F 20.0 meV/Å, 0 s left",
    ]
