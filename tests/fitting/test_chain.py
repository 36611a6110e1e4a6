"""All steps from a foundation model to a campaign on a student, each file entering the next."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import fcc111
from ase.io import read, write
from numba_threads import threads_as_before
from typer.testing import CliRunner

from scatter import store
from scatter.cli import app
from scatter.mace.cpu import MaceFused
from scatter.mace.training.student import Student
from scatter.mace.training.train import Training, train
from scatter.outcomes import Outcome
from scatter.potentials.families import SHIPPED

SHAPE = Student(cutoff_A=4.0)
QUICK = ["--batch", 4, "--precision", "float32", "--device", "cpu"]
# Cold and small: a slab that such potentials hold together.
CAMPAIGN = {
    "surface__temperature_K": 100, "surface__size": [2, 2, 3], "surface__frozen_layers": 1,
    "surface__images": True, "guards__most_unsettled": 1,
    "incidence__energy_eV": [0.3], "thermalise__equilibrate_fs": 200, "thermalise__snapshots": 4,
    "dynamics__timestep_fs": 0.1, "dynamics__max_time_fs": 500, "potential__kind": "mace",
}  # fmt: skip


def frames_of(metals, number, rng):
    """H2 on and off small rattled slabs, its bond from short to nearly broken."""
    for index in range(number):
        slab = fcc111(metals[index % len(metals)], (2, 2, 3), a=3.66, vacuum=7.0, periodic=True)
        slab.info = {}
        slab.rattle(0.06, rng=rng)
        middle = slab.positions[-1] + [*rng.uniform(0, 2.5, 2), rng.uniform(1.2, 5.0)]
        along = rng.normal(size=3)
        half = rng.uniform(0.27, 0.8) * along / np.linalg.norm(along)
        yield slab + Atoms("H2", [middle - half, middle + half])


@pytest.fixture
def scatter():
    """A function that runs a verb of the command line and answers what it printed."""

    def call(*words):
        ended = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
        assert ended.exit_code == 0, ended.output
        return ended.output

    with threads_as_before():
        yield call


@pytest.fixture
def labelled(scatter, tmp_path):
    """A function that makes a set, labelled by a potential, and answers its folder."""

    def make(name, potential, frames, train, valid):
        folder = tmp_path / name
        folder.mkdir()
        write(folder / "bare.extxyz", frames)
        scatter("evaluate", potential, folder / "bare.extxyz", "--output", folder / "all.extxyz")
        found = read(folder / "all.extxyz", ":")
        write(folder / "train.extxyz", found[:train])
        write(folder / "valid.extxyz", found[-valid:])
        return folder

    return make


def campaign_on_a_student(scatter, write_tiny, folder, teacher, epochs, **changes):
    """Rows of a campaign on a student of frames that a teacher's campaign has come through."""
    path = write_tiny(folder, **CAMPAIGN, potential__file=str(teacher), sampling__trajectories=6)
    scatter("sample", path, "--every-fs", 4, "--bulk", 4, "--molecule", 10)
    extras = folder / "out" / "extras"
    scatter(
        "select", folder / "out", "--output", folder / "set", "--number", 40, "--all", extras,
        "--validation", 0.2, "--test", 0.2,
    )  # fmt: skip

    student = folder / "student.npz"
    scatter("distil", folder / "set", student, "--cutoff", 4, "--epochs", epochs, "--batch", 4)

    (folder / "last").mkdir()
    # forty frames are not the domain of what they teach
    path = write_tiny(
        folder / "last", **CAMPAIGN, potential__file=str(student), sampling__trajectories=4,
        guards__domain=False, **changes,
    )  # fmt: skip
    scatter("run", path)
    rows = store.trajectories(folder / "last" / "out")
    assert len(rows) == 4
    return rows


@pytest.mark.slow
def test_the_chain_from_a_teacher_to_a_campaign_on_a_student(scatter, write_tiny, tmp_path):
    """The student knows a molecule, and need not be good for anything else."""
    any_end = {"guards__most_failed": 1.0}
    campaign_on_a_student(scatter, write_tiny, tmp_path, SHIPPED, 60, **any_end)


@pytest.mark.attack
def test_the_chain_from_a_foundation_model_to_a_campaign_on_a_student(
    scatter, labelled, write_tiny, tmp_path
):
    rng = np.random.default_rng(1)
    data = labelled("other", "ase:emt", [*frames_of(["Cu", "Ni"], 44, rng)], 40, 4)
    parts = {part: data / f"{part}.extxyz" for part in ("train", "valid")}
    foundation = train(
        tmp_path / "foundation", parts, Training(20, 4, precision="float32", device="cpu"),
        SHAPE.options(), lambda epoch: None,
    )  # fmt: skip

    few = labelled("few", "analytic", [*frames_of(["Cu"], 12, rng)], 8, 4)  # of a set of 80
    told = scatter(
        "finetune", few, tmp_path / "tuned.model", "--foundation", foundation, "--freeze", "f4",
        "--epochs", 40, *QUICK, "--trust-pickle",
    )  # fmt: skip
    assert told.startswith("labels: 12 energies, forces on ")
    assert f"next: scatter convert {tmp_path}/tuned.model" in told
    teacher = tmp_path / "teacher.npz"
    scatter("convert", tmp_path / "tuned.model", teacher, "--trust-pickle")
    assert MaceFused.read(teacher, "float32").elements == {1, 29}

    rows = campaign_on_a_student(scatter, write_tiny, tmp_path, teacher, 300)
    assert {*rows["outcome"]} <= {Outcome.DISSOCIATED, Outcome.SCATTERED, Outcome.UNDECIDED}
