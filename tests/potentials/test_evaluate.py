import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, molecule
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms
from ase.io import read, write

from scatter import __version__
from scatter.potentials.ase import AseCalculator
from scatter.potentials.evaluate import evaluate
from scatter.settings import UserError

EMT_HERE = AseCalculator("emt")


@pytest.fixture
def mixture(tmp_path):
    """Frames of several compositions and cells, labelled by another potential."""
    slab = fcc111("Cu", (2, 2, 3), vacuum=6.0)
    slab.info.clear()
    slab.set_constraint(FixAtoms([0, 1, 2, 3]))
    frames = [slab, molecule("H2"), bulk("Cu") * (2, 1, 1), slab.copy(), slab.copy()]
    rng = np.random.default_rng(2)
    for n, frame in enumerate(frames):
        frame.positions += rng.normal(0, 0.05, frame.positions.shape)
        frame.info["number"] = n
        frame.calc = SinglePointCalculator(
            frame, energy=1e3, forces=frame.positions, free_energy=3.0
        )
    write(tmp_path / "in.extxyz", frames)
    return tmp_path / "in.extxyz"


def test_every_frame_gets_the_energy_and_forces_of_the_potential(mixture, tmp_path):
    found = evaluate(EMT_HERE, mixture, tmp_path / "out.extxyz")
    assert str(found).endswith("out.extxyz: energy and forces of 5 frames, 40 atoms")
    frames = read(found.output, index=":")
    for n, (frame, given) in enumerate(zip(frames, read(mixture, index=":"), strict=True)):
        given.set_constraint()
        given.calc = EMT()
        assert frame.info["number"] == n
        assert frame.get_potential_energy() == pytest.approx(given.get_potential_energy(), abs=1e-9)
        forces = frame.get_forces(apply_constraint=False)
        assert forces == pytest.approx(given.get_forces(), abs=1e-7)
        assert "free_energy" not in frame.calc.results


def test_every_frame_says_where_its_labels_come_from(mixture, tmp_path):
    evaluate(EMT_HERE, mixture, tmp_path / "out.extxyz")
    for frame in read(tmp_path / "out.extxyz", index=":"):
        assert frame.info["scatter_version"] == __version__
        assert frame.info["potential"] == EMT_HERE.description
        assert frame.info["potential_sha256"] == EMT_HERE.identity


def test_an_output_that_is_there_is_replaced_only_on_request(mixture, tmp_path):
    output = tmp_path / "out.extxyz"
    output.write_text("precious")
    with pytest.raises(UserError, match="already exists"):
        evaluate(EMT_HERE, mixture, output)
    assert output.read_text() == "precious"
    evaluate(EMT_HERE, mixture, output, overwrite=True)
    assert len(read(output, index=":")) == 5
    with pytest.raises(UserError, match="is the file that is read"):
        evaluate(EMT_HERE, output, output, overwrite=True)
    with pytest.raises(UserError, match="there is no directory"):
        evaluate(EMT_HERE, mixture, tmp_path / "none" / "out.extxyz")


class Stopped(AseCalculator):
    """EMT, until so many systems were asked for."""

    asked, most = 0, 99

    def bind(self, system, slots):
        self.asked += 1
        if self.asked > self.most:
            raise KeyboardInterrupt
        return super().bind(system, slots)


def test_an_evaluation_that_was_stopped_asks_for_what_is_missing_alone(mixture, tmp_path):
    whole, output = tmp_path / "whole.extxyz", tmp_path / "out.extxyz"
    evaluate(EMT_HERE, mixture, whole)
    first = Stopped("emt")
    first.most = 2  # slabs and the molecule
    with pytest.raises(KeyboardInterrupt):
        evaluate(first, mixture, output)
    assert not output.exists()
    partial = tmp_path / "out.partial.extxyz"
    assert len(read(partial, index=":")) == 4
    told, second = [], Stopped("emt")
    evaluate(second, mixture, output, tell=told.append)
    assert (second.asked, told) == (1, [1.0])
    assert output.read_bytes() == whole.read_bytes()
    assert not partial.exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("potential_sha256=", "potential_sha256=other"),
        lambda text: text[: len(text) // 2],
        lambda text: text.replace(":forces:R:3", ":momenta:R:3"),
    ],
)
def test_answers_of_another_potential_or_a_torn_file_are_asked_again(mixture, tmp_path, spoil):
    whole, output = tmp_path / "whole.extxyz", tmp_path / "out.extxyz"
    evaluate(EMT_HERE, mixture, whole)
    text = spoil(whole.read_text()).replace("energy=", "energy=1")
    (tmp_path / "out.partial.extxyz").write_text(text)
    evaluate(EMT_HERE, mixture, output)
    assert output.read_bytes() == whole.read_bytes()


def unknown(path):
    write(path, [molecule("H2"), molecule("SiH4")])


def flat(path):
    write(path, Atoms("Cu", cell=[[3, 0, 0], [6, 0, 0], [0, 0, 3]], pbc=True))


def endless(path):
    write(path, Atoms("Cu", cell=[3, 3, 0], pbc=True))


def lost(path):
    path.write_text('1\nProperties=species:S:1:pos:R:3 pbc="F F F"\nCu 0.0 0.0 nan\n')


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (lambda path: None, "there is no such file"),
        (
            lambda path: path.write_text("three\n\nCu 0 0 0\n"),
            "is not extended XYZ: 'three' stands",
        ),
        (lambda path: path.write_bytes(b"\x89\xff\x00\n"), "is not UTF-8 text"),
        (lambda path: path.write_text(""), "holds no frames"),
        (unknown, "frame 1: .* does not know Si"),
        (flat, "frame 0: its lattice vectors enclose no volume"),
        (endless, "frame 0: is periodic along a lattice vector of zero length"),
        (lost, "frame 0: a position is not finite"),
    ],
)
def test_structures_that_cannot_be_evaluated_are_refused_and_nothing_is_written(
    broken, sentence, tmp_path
):
    broken(tmp_path / "in.extxyz")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UserError, match=sentence):
        evaluate(EMT_HERE, tmp_path / "in.extxyz", tmp_path / "out.extxyz")
    assert sorted(tmp_path.iterdir()) == before


def test_a_write_that_fails_leaves_nothing_behind(mixture, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("scatter.files._sync", full)
    with pytest.raises(UserError, match="No space left on device"):
        evaluate(EMT_HERE, mixture, tmp_path / "out.extxyz")
    assert list(tmp_path.iterdir()) == [mixture]
