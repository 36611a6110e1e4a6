import signal
import sys

import numpy as np
import pytest
from ase.io import read
from processes import finished
from tiny_sets import tiny_set

from scatter.mace.cpu import MaceFused
from scatter.mace.file import VectorMace
from scatter.mace.training.distil import Lessons, distil
from scatter.mace.training.student import Student
from scatter.potentials.evaluate import evaluate
from scatter.settings import UserError

pytestmark = pytest.mark.slow

LESSONS = Lessons(epochs=12, batch=1)


@pytest.fixture(scope="module")
def distilled(tmp_path_factory):
    """A set, a student of few epochs, and what was told of each."""
    folder = tmp_path_factory.mktemp("distil")
    told = []
    made = distil(
        tiny_set(folder / "set"), folder / "s.npz", Student(), LESSONS, 1,
        lambda name, epoch: told.append((name, epoch)),
    )  # fmt: skip
    return folder, told, made


def test_a_student_learns_from_its_teachers_labels_and_is_read_by_the_engine(distilled):
    folder, told, [potential] = distilled
    assert potential == folder / "s.npz"
    assert [epoch.number for _, epoch in told] == [*range(12)]
    assert {name for name, _ in told} == {"s.npz"}
    assert told[-1][1].forces < 0.7 * told[0][1].forces
    fused = MaceFused.read(potential, "float64")
    assert fused.elements == {1, 29}
    assert fused.cutoff == 5.0


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_the_files_errors_are_those_that_the_training_told(distilled, precision):
    folder, told, [potential] = distilled
    labels = read(folder / "set" / "valid.extxyz", ":")
    out = folder / f"{precision}.extxyz"
    evaluate(MaceFused.read(potential, precision), folder / "set" / "valid.extxyz", out)
    found = read(out, ":")
    forces = [a.get_forces() - b.get_forces() for a, b in zip(labels, found, strict=True)]
    energies = [
        a.get_potential_energy() - b.get_potential_energy()
        for a, b in zip(labels, found, strict=True)
    ]
    last = told[-1][1]
    assert 1e3 * np.sqrt(np.mean(np.square(forces))) == pytest.approx(last.forces, rel=1e-3)
    assert 1e3 * np.sqrt(np.mean(np.square(energies))) == pytest.approx(last.energy, rel=1e-3)


@pytest.mark.parametrize(
    "student",
    [
        Student(l_max=1, correlation=1),
        Student(correlation=3),
        Student(vectors=True),
        Student(vectors=True, l_max=2, correlation=3),
    ],
)
def test_every_shape_learns(distilled, tmp_path, student):
    told = []
    distil(
        distilled[0] / "set", tmp_path / "s.npz", student, LESSONS, 1,
        lambda name, epoch: told.append(epoch),
    )  # fmt: skip
    assert told[-1].forces < 0.8 * told[0].forces
    made = MaceFused.read(tmp_path / "s.npz").folded
    assert made.product_1[:, 5:].any() == (student.correlation == 3)
    assert isinstance(made, VectorMace) == student.vectors
    if isinstance(made, VectorMace):
        assert made.product_v[:, :4].all()
        assert made.product_v[:, 4:].any() == (student.correlation == 3)
        assert not made.density_1.any()


def test_a_committee_has_members_of_other_seeds(distilled, tmp_path):
    lessons = Lessons(epochs=1, batch=4)
    data = distilled[0] / "set"
    both = distil(data, tmp_path / "c.npz", Student(), lessons, 2, lambda *each: None)
    assert [path.name for path in both] == ["c-1.npz", "c-2.npz"]
    first, second = (MaceFused.read(path).folded.up for path in both)
    assert not np.isin(first, second).any()


# Dies at once after the sixth epoch, of which nothing is kept but what was saved before.
KILLED = """
import os, signal, sys
from pathlib import Path
from scatter.mace.training import distil
from scatter.mace.training.student import Student

distil.SAVED_S = 0

def tell(name, epoch):
    if epoch.number == 5:
        os.kill(os.getpid(), signal.SIGKILL)

folder = Path(sys.argv[1])
distil.distil(folder / "set", Path(sys.argv[2]), Student(), distil.Lessons(12, 1), 1, tell)
"""


def test_a_training_that_was_killed_ends_with_the_bits_of_one_that_was_not(distilled, tmp_path):
    folder, _, [whole] = distilled
    out = tmp_path / "s.npz"
    command = [sys.executable, "-c", KILLED, str(folder), str(out)]
    ended = finished(command)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert not out.exists()
    told = []
    distil(folder / "set", out, Student(), LESSONS, 1, lambda name, epoch: told.append(epoch))
    assert [epoch.number for epoch in told] == [*range(5, 12)]
    assert out.read_bytes() == whole.read_bytes()


def test_the_same_command_again_trains_nothing(distilled):
    folder, _, made = distilled
    before, told = (folder / "s.npz").read_bytes(), []
    again = distil(
        folder / "set", folder / "s.npz", Student(), LESSONS, 1, lambda *each: told.append(each)
    )
    assert (again, told) == (made, [])
    assert (folder / "s.npz").read_bytes() == before


def test_another_training_in_the_same_folder_is_refused(distilled):
    folder, _, _ = distilled
    with pytest.raises(UserError, match="cutoff_A was 5.0 and is now 4.0; name another folder"):
        distil(folder / "set", folder / "s.npz", Student(cutoff_A=4.0), LESSONS, 1, print)


def test_a_set_without_labels_or_parts_is_refused_before_anything_is_written(tmp_path):
    folder = tiny_set(tmp_path / "set", label=False)
    with pytest.raises(UserError, match="label it with `scatter evaluate TEACHER train.extxyz"):
        distil(folder, tmp_path / "s.npz", Student(), LESSONS, 1, print)
    (folder / "valid.extxyz").unlink()
    with pytest.raises(UserError, match=r"holds no valid.extxyz; make a set with `scatter select`"):
        distil(folder, tmp_path / "s.npz", Student(), LESSONS, 1, print)
    with pytest.raises(UserError, match=r"the name must end in .npz"):
        distil(folder, tmp_path / "s.model", Student(), LESSONS, 1, print)
    with pytest.raises(UserError, match="--channels 24: must be a multiple of 16"):
        distil(folder, tmp_path / "s.npz", Student(channels=24), LESSONS, 1, print)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]


def test_more_threads_than_there_are_cores_are_refused(tmp_path):
    with pytest.raises(UserError, match="--threads 4096: .*threads"):
        distil(
            tiny_set(tmp_path / "set"), tmp_path / "s.npz", Student(),
            Lessons(batch=1, threads=4096), 1, print,
        )  # fmt: skip


def test_at_the_end_energies_of_species_leave_nothing_for_least_squares_to_find(distilled):
    folder, _, [potential] = distilled
    labels, out = read(folder / "set" / "train.extxyz", ":"), folder / "train.extxyz"
    evaluate(MaceFused.read(potential, "float64"), folder / "set" / "train.extxyz", out)
    energies = [
        [one.get_potential_energy() for one in frames] for frames in (labels, read(out, ":"))
    ]
    counts = np.array([[sum(one.numbers == z) for z in (1, 29)] for one in labels], float)
    left = np.linalg.lstsq(counts, np.subtract(*energies), rcond=None)[0]
    assert np.allclose(left, 0, atol=1e-6)
