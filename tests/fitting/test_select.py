import json
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write
from drafts import whole_figures
from scipy.spatial.distance import cdist, pdist
from typer.testing import CliRunner

from scatter.cli import app
from scatter.fitting.diverse import diverse
from scatter.fitting.pool import raw_frames, read_pool
from scatter.fitting.select import PARTS, Choice, parts_of, select
from scatter.settings import UserError

pytestmark = pytest.mark.slow

TRAJECTORIES, FRAMES = 24, 15


def falling(number):
    """Frames of a made-up trajectory: H2 falls on a small slab and its bond grows."""
    rng = np.random.default_rng(number)
    slab = fcc111("Cu", (2, 2, 3), a=3.65, vacuum=10.0)
    place, along = rng.uniform(0, 5, 2), rng.normal(size=3)
    for index in range(FRAMES):
        height, half = 6.0 - 5.0 * index / FRAMES, 0.4 + 0.02 * index
        middle = np.array([*place, slab.positions[:, 2].max() + height])
        unit = along / np.linalg.norm(along)
        ends = [middle - half * unit, middle + half * unit]
        frame = slab + Atoms("H2", ends)
        frame.positions[:-2] += rng.normal(0, 0.05, slab.positions.shape)
        forces = rng.normal(0, 1, frame.positions.shape)
        frame.calc = SinglePointCalculator(frame, energy=rng.normal(), forces=forces)
        frame.info = {
            "trajectory": f"point{number % 2:03d}-{number:06d}",
            "facet": "111",
            "T_K": 300.0 + 300 * (number % 2),
            "time_fs": float(index),
            "Z_A": height,
        }
        yield frame


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A folder with a file for each of several trajectories."""
    folder = tmp_path_factory.mktemp("samples")
    for number in range(TRAJECTORIES):
        write(folder / f"{number:02d}.extxyz", [*falling(number)])
    return folder


@pytest.fixture(scope="module")
def crystals(tmp_path_factory):
    """A file of labelled crystals that name no trajectory."""
    path = tmp_path_factory.mktemp("crystals") / "bulk.extxyz"
    cells = [bulk("Cu", a=a, cubic=True) for a in (3.5, 3.6, 3.7)]
    for cell in cells:
        cell.calc = SinglePointCalculator(cell, energy=-1.0, forces=np.full((4, 3), 25.0))
    write(path, cells)
    return path


CHOICE = Choice(60, validation=0.2, test=0.1)


@pytest.fixture(scope="module")
def chosen(samples, crystals, tmp_path_factory):
    """The folder of a selection."""
    folder = tmp_path_factory.mktemp("chosen") / "set"
    with whole_figures():
        select([samples], folder, CHOICE, [crystals])
    return folder


def parts(folder):
    return {part: read(folder / f"{part}.extxyz", ":") for part in PARTS}


def test_no_trajectory_is_in_two_parts(chosen):
    names = [{f.info.get("trajectory") for f in frames} for frames in parts(chosen).values()]
    assert all(names)
    assert len(set.union(*names)) == sum(map(len, names))


def test_parts_have_about_their_shares(chosen):
    sizes = {part: len(frames) for part, frames in parts(chosen).items()}
    assert sum(sizes.values()) == 60 + 3
    assert sizes["valid"] == pytest.approx(12, abs=4)
    assert sizes["test"] == pytest.approx(6, abs=3)


def test_frames_are_copied_to_the_letter(samples, crystals, chosen):
    files = [*samples.iterdir(), crystals]
    originals = [text for path in files for text in raw_frames(path)]
    copies = [text for part in PARTS for text in raw_frames(chosen / f"{part}.extxyz")]
    assert len(copies) == len(set(copies)) == 63
    assert set(copies) <= set(originals)


def test_whole_files_are_kept_whole(crystals, chosen):
    train = [*raw_frames(chosen / "train.extxyz")]
    assert set(raw_frames(crystals)) <= set(train)  # one unit, too large for any other part


@pytest.mark.slow
def test_the_same_seed_makes_the_same_choice_and_another_seed_another(samples, chosen, tmp_path):
    for seed in (0, 1):
        select([samples], tmp_path / str(seed), Choice(60, seed=seed, validation=0.2, test=0.1))
    again, other = (
        {text for part in PARTS for text in raw_frames(tmp_path / name / f"{part}.extxyz")}
        for name in ("0", "1")
    )
    first = {text for part in PARTS for text in raw_frames(chosen / f"{part}.extxyz")}
    assert again < first
    assert len(first - again) == 3  # the crystals
    assert other != again


def test_the_report_counts_what_was_kept(chosen):
    told = json.loads((chosen / "selection.json").read_text())
    assert told["pool"] == {"frames": TRAJECTORIES * FRAMES, "trajectories": TRAJECTORIES}
    assert {part: one["frames"] for part, one in told["parts"].items()} == {
        part: len(frames) for part, frames in parts(chosen).items()
    }
    for counts in told["counts"].values():
        assert sum(counts.values()) == 60
    away = told["distance_to_the_nearest_kept"]
    assert away["chosen"]["max"] < away["random"]["max"]
    for suffix in ("png", "pdf"):
        assert (chosen / f"selection.{suffix}").stat().st_size > 10_000


@pytest.fixture(scope="module")
def cloud():
    """Points of very uneven density: a dense core and thin tails."""
    rng = np.random.default_rng(0)
    return (rng.normal(size=(2000, 3)) * rng.exponential(size=(2000, 1)) ** 2).astype(np.float32)


def test_a_diverse_choice_covers_better_and_lies_wider_than_a_random_one(cloud):
    kept = cloud[diverse(cloud, 100, 0)]
    for seed in range(5):
        drawn = cloud[np.random.default_rng(seed).choice(len(cloud), 100, replace=False)]
        reach, of_random = (cdist(cloud, some).min(axis=1).max() for some in (kept, drawn))
        assert reach < 0.5 * of_random
        assert pdist(kept).min() > pdist(drawn).min()


def test_half_of_a_diverse_choice_follows_the_density(cloud):
    kept = cloud[diverse(cloud, 100, 0)]
    core = np.linalg.norm(cloud, axis=1) < np.median(np.linalg.norm(cloud, axis=1))
    inside = np.linalg.norm(kept, axis=1) < np.linalg.norm(cloud[core], axis=1).max()
    assert 5 < inside.sum() < 50


def test_a_choice_holds_no_point_twice_even_where_points_coincide():
    points = np.repeat(np.arange(4.0, dtype=np.float32)[:, None], 5, axis=0)
    kept = diverse(points, 12, 0)
    assert len(set(kept.tolist())) == 12
    assert {*points[kept].ravel()} == {0.0, 1.0, 2.0, 3.0}


def test_all_points_are_chosen_when_all_are_asked_for(cloud):
    assert diverse(cloud[:50], 50, 0).tolist() == [*range(50)]


@pytest.mark.parametrize("seed", range(5))
def test_a_trajectory_that_is_much_too_large_for_a_part_stays_in_training(seed):
    names = np.repeat(["a", "b", "c", "d"], 25)
    assert not parts_of(names, Choice(100, seed=seed)).any()


def squeezed(crystals, path, force):
    """A file of the crystals, the second of which has forces of this size and an energy to suit."""
    cells = read(crystals, ":")
    cells[1].calc.results = {"energy": force, "forces": np.full((4, 3), force / np.sqrt(3))}
    write(path, cells)
    return path


@pytest.mark.parametrize("force", [51.0, 2e9])
def test_squeezed_structures_of_whole_files_are_left_out_and_counted(
    samples, crystals, tmp_path, force
):
    path = squeezed(crystals, tmp_path / "some.extxyz", force)
    said = select([samples], tmp_path / "set", CHOICE, [path])
    assert "1 with forces above 50 eV/Å left out; 2 more from whole files" in said
    told = json.loads((tmp_path / "set/selection.json").read_text())
    assert told["left_out_for_their_forces"] == 1
    assert told["whole_files"] == {str(path): 2}
    for part in PARTS:
        for frame in read(tmp_path / f"set/{part}.extxyz", ":"):
            assert np.linalg.norm(frame.get_forces(), axis=1).max() < 50


def test_a_whole_file_of_nothing_but_squeezed_structures_adds_nothing(samples, crystals, tmp_path):
    choice = replace(CHOICE, max_force=20.0)
    select([samples], tmp_path / "set", choice, [crystals])
    told = json.loads((tmp_path / "set/selection.json").read_text())
    assert told["left_out_for_their_forces"] == 3
    assert sum(part["frames"] for part in told["parts"].values()) == 60


def test_a_squeezed_structure_among_samples_is_left_out_and_raises_no_doubt(samples, tmp_path):
    frames = [*falling(TRAJECTORIES)]
    frames[3].calc.results["energy"] = 3e8
    frames[3].calc.results["forces"][-1] = 2e9
    write(tmp_path / "squeezed.extxyz", frames)
    said = select([samples, tmp_path / "squeezed.extxyz"], tmp_path / "set", CHOICE)
    assert "of 374 frames" in said
    assert "1 with forces above 50 eV/Å left out" in said


@pytest.mark.slow
def test_frames_with_absurd_forces_are_left_out(samples, tmp_path):
    pool = read_pool([samples])
    limit = float(np.median(pool.force))
    said = select([samples], tmp_path, Choice(40, max_force=limit, validation=0, test=0))
    assert f"{np.sum(pool.force > limit)} with forces above" in said
    for frame in read(tmp_path / "train.extxyz", ":"):
        assert np.linalg.norm(frame.get_forces(), axis=1).max() <= limit * (1 + 1e-9)
    assert (tmp_path / "test.extxyz").read_text() == ""


def test_what_was_selected_is_not_written_over(samples, chosen):
    with pytest.raises(UserError, match="holds a selection already; name another folder"):
        select([samples], chosen, CHOICE)


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        (Choice(1000), "--number 1000: there are only 360 frames with forces below 50 eV/Å"),
        (Choice(60, max_force=0.1), "there are only 0 frames"),
        (Choice(3), "the trajectories are too few and too long for a valid set"),
    ],
)
def test_a_choice_that_cannot_be_made_is_refused(samples, tmp_path, choice, sentence):
    with pytest.raises(UserError, match=sentence):
        select([samples], tmp_path / "set", choice)
    assert not (tmp_path / "set").exists()


def test_frames_that_cannot_be_described_are_refused(crystals, tmp_path):
    with pytest.raises(UserError, match=r"bulk.extxyz, frame 0: does not end with the two atoms"):
        read_pool([crystals])
    [frame, *_] = falling(0)
    del frame.info["trajectory"]
    write(tmp_path / "nameless.extxyz", frame)
    with pytest.raises(UserError, match="nameless.extxyz, frame 0: does not say its `trajectory`"):
        read_pool([tmp_path / "nameless.extxyz"])
    frame.info["trajectory"] = "wild"
    frame.calc.results["forces"][3, 1] = np.nan
    write(tmp_path / "wild.extxyz", frame)
    with pytest.raises(UserError, match="wild.extxyz, frame 0: its energy or a force is not fin"):
        read_pool([tmp_path / "wild.extxyz"])
    frame.calc = None
    write(tmp_path / "bare.extxyz", frame)
    with pytest.raises(UserError, match="bare.extxyz, frame 0: has no energy and forces"):
        read_pool([tmp_path / "bare.extxyz"])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "hold no frames"),
        ("an essay\n", "is not extended XYZ: 'an essay' stands where"),
        ("2\nProperties=species:S:1:pos:R:3\nH 0 0 0\n", "has 2 atoms but only 2 lines"),
    ],
)
def test_files_that_are_no_extended_xyz_are_refused(tmp_path, text, sentence):
    (tmp_path / "some.extxyz").write_text(text)
    with pytest.raises(UserError, match=sentence):
        read_pool([tmp_path])


def test_places_without_frames_are_refused(tmp_path):
    with pytest.raises(UserError, match="there are no .extxyz files; `scatter sample` makes them"):
        read_pool([tmp_path])
    with pytest.raises(UserError, match="none: there is no such file or folder"):
        read_pool([tmp_path / "none"])


def test_structures_of_any_kind_are_divided_without_samples(tmp_path):
    frames = [bulk("Cu", cubic=True), bulk("Ni"), fcc111("Cu", (1, 1, 3), vacuum=5.0)] * 20
    for n, frame in enumerate(frames):
        frame = frames[n] = frame.copy()
        frame.rattle(0.05, seed=n)
        frame.info = {"trajectory": n // 3}
        frame.calc = SinglePointCalculator(frame, energy=float(n), forces=frame.positions)
    write(tmp_path / "any.extxyz", frames, format="extxyz")
    told = CliRunner().invoke(
        app, ["select", "--all", str(tmp_path / "any.extxyz"), "--output", str(tmp_path / "set")]
    )
    assert told.exit_code == 0, told.output
    assert told.output.startswith("kept:  60 frames of whole files, 0 with forces above 50 eV/Å")
    parts = [read(tmp_path / f"set/{part}.extxyz", index=":") for part in PARTS]
    assert [len(part) for part in parts] == [48, 6, 6]
    names = [{frame.info["trajectory"] for frame in part} for part in parts]
    assert not (names[0] & names[1] | names[0] & names[2] | names[1] & names[2])
    assert not (tmp_path / "set/selection.png").exists()
    none = CliRunner().invoke(app, ["select", "--output", str(tmp_path / "none")])
    assert (none.exit_code, isinstance(none.exception, UserError)) == (1, True)
    assert "SAMPLES: give files or folders" in str(none.exception)
