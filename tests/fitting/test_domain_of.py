import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read
from tiny_sets import tiny_set

from scatter.mace.cpu import MaceFused
from scatter.mace.training.distil import Lessons, distil
from scatter.mace.training.domain import MARGIN_A, domain_of, write_domain
from scatter.mace.training.structures import structures_of
from scatter.mace.training.student import Student
from scatter.potentials.analytic import Analytic
from scatter.potentials.evaluate import evaluate, read_frames
from scatter.structures import extxyz

NUMBERS = np.array([1, 29])


def labelled(folder, frames):
    (folder / "bare.extxyz").write_bytes(extxyz(frames))
    evaluate(Analytic(), folder / "bare.extxyz", folder / "frames.extxyz")
    return read_frames(folder / "frames.extxyz")


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    """H2 over slabs, a molecule alone that is stretched further, and a crystal."""
    folder = tmp_path_factory.mktemp("set")
    rattled = bulk("Cu", a=3.68, cubic=True) * (2, 1, 1)
    rattled.rattle(0.1, seed=1)
    alone = [Atoms("H2", [[5, 5, 5], [5, 5, 5 + r]], cell=[10] * 3, pbc=True) for r in (0.5, 3.0)]
    return read(tiny_set(folder / "tiny") / "train.extxyz", ":") + labelled(
        folder, [rattled, *alone]
    )


def distances(frame, one, other):
    """All distances of two species up to 6 Å by ASE, images included."""
    from ase.neighborlist import neighbor_list

    first, second, length = neighbor_list("ijd", frame, 6.0)
    return length[(frame.numbers[first] == one) & (frame.numbers[second] == other)]


@pytest.mark.parametrize(("one", "other"), [(1, 1), (1, 29), (29, 29)])
def test_the_shortest_distances_are_those_that_ase_finds_less_the_margin(frames, one, other):
    found = domain_of(structures_of(frames, NUMBERS, 5.0, "set"), NUMBERS)
    shortest = min(distances(frame, one, other).min(initial=np.inf) for frame in frames)
    assert found.closest_of(one, other) == pytest.approx(shortest - MARGIN_A, abs=1e-9)


def test_the_longest_bond_is_that_of_a_molecule_beside_the_metal(frames):
    found = domain_of(structures_of(frames, NUMBERS, 5.0, "set"), NUMBERS)
    bonds = [f.get_distance(-2, -1, mic=True) for f in frames if {*f.numbers} == {1, 29}]
    assert found.longest_of(1, 1) == pytest.approx(max(bonds) + MARGIN_A, abs=1e-9)
    assert found.longest_of(29, 29) == np.inf


def test_a_student_is_written_with_the_domain_of_its_training_set(tmp_path):
    data = tiny_set(tmp_path / "set")
    [potential] = distil(
        data, tmp_path / "s.npz", Student(), Lessons(epochs=1, batch=1), 1, lambda *_: None
    )
    frames = read_frames(data / "train.extxyz")
    expected = domain_of(structures_of(frames, NUMBERS, 5.0, "set"), NUMBERS)
    assert MaceFused.read(potential).domain.record() == expected.record()


def test_a_domain_is_added_to_a_file_from_several_sets(tmp_path):
    data = tiny_set(tmp_path / "set")
    [potential] = distil(
        data, tmp_path / "s.npz", Student(), Lessons(epochs=1, batch=1), 1, lambda *_: None
    )
    identity = MaceFused.read(potential).identity
    found = write_domain(potential, [data / "train.extxyz", data / "valid.extxyz"])
    every = read_frames(data / "train.extxyz") + read_frames(data / "valid.extxyz")
    assert found.record() == domain_of(structures_of(every, NUMBERS, 5.0, "set"), NUMBERS).record()
    assert MaceFused.read(potential).identity == identity
    assert MaceFused.read(potential).domain.record() == found.record()
