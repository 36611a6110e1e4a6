import re

import numpy as np
import pytest
from ase.io import read
from numba_threads import threads_as_before
from tiny_runs import slab_from_a_file

from scatter import store
from scatter.config import read as read_input
from scatter.fitting import extras as extras_module
from scatter.fitting.alone import struck
from scatter.fitting.descriptor import nearest
from scatter.fitting.extras import (
    Extras,
    above_slabs,
    bulk_cells,
    clean_slabs,
    molecules,
    path_frames,
)
from scatter.fitting.sample import sample
from scatter.initial.slab import build
from scatter.outcomes import Outcome
from scatter.potentials.analytic import Analytic
from scatter.potentials.calculator import PotentialCalculator
from scatter.settings import Untrusted, UserError
from scatter.validation.neb import EnergyPath

TWO = {"sampling__trajectories": 2}


def sample_in(folder, **options):
    """Sample the campaign whose input is in a folder; numba's threads stay as they were."""
    with threads_as_before():
        return sample(folder / "in.toml", **options)


@pytest.fixture(scope="module")
def sampled(write_tiny, tmp_path_factory):
    """The folder of a sampled campaign of two points with two trajectories each."""
    path = write_tiny(tmp_path_factory.mktemp("sampled"), **TWO)
    return sample_in(path.parent, every_fs=2.0)


@pytest.fixture(scope="module")
def input(sampled):
    return read_input(sampled.parent / "in.toml").input


def files(folder):
    return {path.name: path.read_bytes() for path in (folder / "frames").iterdir()}


def assert_labelled(frames):
    """Energy and forces are the potential's own, on all atoms."""
    for frame in frames:
        free = frame.copy()
        free.calc = PotentialCalculator(Analytic())
        assert frame.get_potential_energy() == pytest.approx(free.get_potential_energy(), abs=1e-6)
        assert frame.get_forces() == pytest.approx(free.get_forces(), abs=1e-5)


def test_all_trajectories_are_recorded_whatever_the_input_says_of_frames(sampled):
    rows = store.trajectories(sampled)
    names = {f"point{row['point']:03d}-{row['number']:06d}.extxyz" for row in rows}
    assert {*files(sampled)} == names
    assert len(names) == 4


def test_frames_are_as_far_apart_as_asked_for(sampled):
    for row in store.trajectories(sampled):
        name = f"point{row['point']:03d}-{row['number']:06d}"
        frames = read(sampled / "frames" / f"{name}.extxyz", ":")
        times = np.array([frame.info["time_fs"] for frame in frames])
        assert times[0] == 0
        assert times[-1] == row["time_fs"]
        assert np.diff(times)[:-1] == pytest.approx(2.0)
        assert 0 < np.diff(times)[-1] <= 2.0
        assert {frame.info["trajectory"] for frame in frames} == {name}


def test_a_sampled_campaign_has_the_rows_of_one_that_was_run(sampled, undisturbed):
    whole = store.trajectories(undisturbed)
    assert store.trajectories(sampled).tobytes() == whole[whole["number"] < 2].tobytes()


@pytest.mark.slow
def test_an_interrupted_campaign_loses_no_frames_and_makes_those_of_the_rest(
    sampled, write_tiny, tmp_path, monkeypatch
):
    path = write_tiny(tmp_path, **TWO, run__slots=1)
    taken = []
    add = store.BlockWriter.add

    def interrupted(writer, row):
        if len(taken) == 2:
            raise KeyboardInterrupt
        taken.append(row)
        add(writer, row)

    monkeypatch.setattr(store.BlockWriter, "add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sample_in(path.parent, every_fs=2.0)
    folder = tmp_path / "out"
    assert len(store.trajectories(folder)) == 2
    before = {path.name: path.stat().st_mtime_ns for path in (folder / "frames").iterdir()}
    monkeypatch.undo()
    sample_in(path.parent, every_fs=2.0)
    assert files(folder) == files(sampled)
    for row in taken:
        name = f"point{row['point']:03d}-{row['number']:06d}.extxyz"
        assert (folder / "frames" / name).stat().st_mtime_ns == before[name]


@pytest.mark.slow
def test_a_campaign_that_grows_keeps_its_frames_and_adds_others(sampled, write_tiny, tmp_path):
    path = write_tiny(tmp_path, sampling__trajectories=1)
    folder = sample_in(path.parent, every_fs=2.0)
    first = files(folder)
    assert len(first) == 2
    write_tiny(tmp_path, **TWO)
    assert files(sample_in(path.parent, every_fs=2.0)) == files(sampled)
    assert first.items() <= files(sampled).items()


@pytest.mark.slow
def test_trajectories_that_finished_without_frames_are_refused(write_tiny, run_tiny, tmp_path):
    folder = run_tiny(tmp_path, **TWO)
    before = files(folder)
    with pytest.raises(UserError, match="have finished there without being recorded .*-000001"):
        sample_in(tmp_path)
    assert files(folder) == before


@pytest.mark.slow
def test_too_many_that_failed_are_said_after_all_that_was_asked_for_is_made(
    write_tiny, tmp_path, capsys
):
    path = write_tiny(tmp_path, **TWO, dynamics__energy_tolerance_eV=1e-6)
    with pytest.raises(UserError, match="4 of 4 trajectories failed") as refusal:
        sample_in(path.parent, every_fs=2.0, extras=Extras(bulk=2))
    assert refusal.value.code == Untrusted.code
    assert len(read(tmp_path / "out" / "extras" / "bulk.extxyz", ":")) == 2
    assert "4 failed), potential energy" in capsys.readouterr().out


@pytest.mark.parametrize("every_fs", [0.2, 0.7])
def test_frames_between_two_time_steps_are_refused(write_tiny, tmp_path, every_fs):
    path = write_tiny(tmp_path, **TWO)
    with pytest.raises(
        UserError, match=r"is not a multiple of \[dynamics\] timestep_fs = 0.5; 0.5 is"
    ):
        sample_in(path.parent, every_fs=every_fs)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_report_says_frames_endings_and_energies(sampled, capsys):
    sample_in(sampled.parent, every_fs=2.0)
    line = capsys.readouterr().out.splitlines()[-1]
    frames = [frame for name in files(sampled) for frame in read(sampled / "frames" / name, ":")]
    energies = [frame.get_potential_energy() for frame in frames]
    stuck = np.sum(store.trajectories(sampled)["outcome"] == Outcome.DISSOCIATED)
    assert f"frames: {len(frames)} of 4 trajectories ({stuck} dissociated, " in line
    low, high = map(float, re.findall(r"energy (\S+) to (\S+) eV", line)[0])
    assert (low, high) == pytest.approx((min(energies), max(energies)), abs=6e-4)


def test_crystals_span_the_strains_about_the_potential_s_own_lattice_constant(input):
    cells = bulk_cells(input, Analytic(), 17)
    assert_labelled(cells)
    perfect = cells[::4]
    constants = np.array([cell.cell[0, 0] / 2 for cell in perfect])
    rest = constants[2]
    assert constants / rest == pytest.approx([0.96, 0.98, 1.0, 1.02, 1.04])
    energies = [cell.get_potential_energy() for cell in perfect]
    assert np.argmin(energies) == 2
    assert np.abs(perfect[2].get_forces()).max() < 1e-6
    assert abs(energies[2] - np.mean([energies[1], energies[3]])) > 0.01
    assert len({cell.info["trajectory"] for cell in cells}) == 17
    assert all(np.abs(cells[n].get_forces()).max() > 0.05 for n in range(17) if n % 4)


def test_molecules_reach_from_the_inner_wall_to_beyond_dissociation(input):
    frames = molecules(input, Analytic(), 21)
    assert_labelled(frames)
    bonds = [frame.get_distance(0, 1) for frame in frames]
    assert len(frames) == 21
    assert min(bonds) == pytest.approx(0.45)
    assert max(bonds) == pytest.approx(2.75)
    assert max(np.diff(np.sort(bonds))) < 0.25
    assert len({frame.info["trajectory"] for frame in frames}) == 1


def test_clean_slabs_are_the_input_s_own_without_the_molecule(input):
    frames = clean_slabs(input, Analytic(), 2)
    assert_labelled(frames)
    assert all(len(frame) == 16 and {*frame.symbols} == {"Cu"} for frame in frames)
    assert frames[0].cell[0, 0] == pytest.approx(2 * 3.68 / np.sqrt(2))


@pytest.fixture
def straight(monkeypatch, sampled):
    """Paths of three images in place of those that are searched for."""
    images = tuple(read(sampled / "frames" / "point000-000000.extxyz", "0:9:3"))

    def path(potential, facet, site, element, formula):
        line = np.arange(3.0)
        return EnergyPath(facet, site, images, line, line, (12, 13, 14, 15))

    monkeypatch.setattr(extras_module, "minimum_energy_path", path)
    return images


def test_paths_are_sampled_on_their_images_first_and_then_beside_them(input, straight):
    frames = path_frames(input, Analytic(), 8)
    assert_labelled(frames)
    assert len(frames) == 8
    assert {frame.info["trajectory"] for frame in frames} == {"path-111-bridge"}
    moved = [f.positions - g.positions for f, g in zip(frames, [*straight] * 3, strict=False)]
    assert not np.any(moved[:3])
    assert all(0.03 < one.std() < 0.07 for one in moved[3:])
    assert len(path_frames(input, Analytic(), 2)) == 2


@pytest.mark.slow
def test_a_path_that_is_not_there_is_left_out_with_a_word(
    sampled, input, straight, monkeypatch, capsys
):
    found = extras_module.minimum_energy_path

    def path(potential, facet, site, element, formula):
        if facet == "111":
            raise UserError("minimum-energy path of H2 on Cu(111), bridge: there is no barrier")
        return found(potential, facet, site, element, formula)

    monkeypatch.setattr(extras_module, "minimum_energy_path", path)
    both = input.model_copy(
        update={"surface": input.surface.model_copy(update={"facet": ["111", "100"]})}
    )
    said = []
    frames = path_frames(both, Analytic(), 8, said.append)
    assert {frame.info["facet"] for frame in frames} == {"100"}
    assert said == [
        "extras: left out: minimum-energy path of H2 on Cu(111), bridge: there is no barrier"
    ]
    file = sampled / "extras" / "paths.extxyz"
    file.unlink(missing_ok=True)
    sample_in(sampled.parent, every_fs=2.0, extras=Extras(paths=4))
    assert "extras: left out: minimum-energy path of H2" in capsys.readouterr().out
    assert not file.exists()


@pytest.mark.parametrize("extras", [Extras(bulk=1), Extras(paths=1)])
def test_extras_that_need_a_crystal_are_refused_before_the_campaign_is_run(
    write_tiny, tmp_path, extras
):
    slab_from_a_file(write_tiny(tmp_path, **TWO), tmp_path / "slab.xyz")
    with pytest.raises(UserError, match="does not say which crystal the slab was cut from"):
        sample_in(tmp_path, extras=extras)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_same_input_makes_the_same_extras(sampled, straight, capsys):
    wanted = Extras(paths=4, bulk=4, molecule=4)

    def made():
        sample_in(sampled.parent, every_fs=2.0, extras=wanted)
        return {path.name: path.read_bytes() for path in (sampled / "extras").iterdir()}

    first = made()
    assert {*first} == {"paths.extxyz", "bulk.extxyz", "molecule.extxyz", "slab.extxyz"}
    assert made() == first
    assert f"extras: {sampled / 'extras' / 'bulk.extxyz'}, 4 structures" in capsys.readouterr().out


def test_molecules_are_put_above_slabs_at_random_and_touch_nothing(input):
    frames = above_slabs(input, Analytic(), 30)
    assert_labelled(frames)
    assert len({frame.info["trajectory"] for frame in frames}) == 30
    lowest, bonds = [], []
    for frame in frames:
        assert frame.info["projectile_atoms"] == 2
        slab, own = np.arange(len(frame) - 2), [len(frame) - 2, len(frame) - 1]
        near = min(frame.get_distances(atom, slab, mic=True).min() for atom in own)
        assert near > 0.7 * (0.31 + 1.32) - 1e-6
        top = np.sort(frame.positions[slab, 2])[-4:].mean()
        lowest.append(frame.positions[own, 2].min() - top)
        bonds.append(frame.get_distance(*own))
        assert frame.info["Z_A"] == pytest.approx(frame.positions[own, 2].mean() - top, abs=0.3)
    assert min(lowest) < 1.5 < 4 < max(lowest) < 5.01
    assert min(bonds) < 0.6 < 2.3 < max(bonds)


def test_atoms_that_are_struck_lie_as_near_to_an_atom_that_moves_as_hard_collisions_do(input):
    slab, ideal = build(input.surface, "111", 3.68)
    system, rng = slab.with_projectile(1), np.random.default_rng(3)
    near = []
    for _ in range(200):
        [own] = struck(rng, system, ideal)
        apart = nearest(own - ideal, system.cell, system.pbc)
        r = np.sqrt((apart**2).sum(axis=1))
        assert slab.moving[r.argmin()]
        near.append(r.min() / (0.31 + 1.32))
    assert 0.55 <= min(near) < 0.57
    assert 0.95 < max(near) <= 1.0
    assert np.mean(np.array(near) < 0.7) == pytest.approx(1 / 3, abs=0.12)


def test_structures_are_made_without_trajectories_where_those_cost_too_much(write_tiny, tmp_path):
    write_tiny(tmp_path, run__output=str(tmp_path / "out"))
    sample_in(tmp_path, extras=Extras(above=3, molecule=2), trajectories=False)
    made = {path.name for path in (tmp_path / "out/extras").iterdir()}
    assert made == {"above.extxyz", "molecule.extxyz", "slab.extxyz"}
    assert not (tmp_path / "out/frames").exists()
    with pytest.raises(UserError, match="--no-trajectories: leaves nothing to do"):
        sample_in(tmp_path, trajectories=False)
