from pathlib import Path

import numpy as np
import pytest
from ase.build import fcc111
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
from numba_threads import threads_as_before
from tiny_structures import hydrogen_on_copper

from scatter.potentials.analytic import Analytic
from scatter.potentials.evaluate import evaluate, read_frames
from scatter.settings import UserError
from scatter.validation import errors as errors_module
from scatter.validation.errors import Pairs as NumberPairs
from scatter.validation.errors import call_ms, compare, deviation, errors, errors_of, molecule_of
from scatter.validation.labels import Labels, labels_by, labels_of

PATH = Path("x.extxyz")


def zeros(frames):
    return Labels(np.zeros(len(frames)), tuple(np.zeros((len(frame), 3)) for frame in frames))


def off(frames, energy=0.0, slab=0.0, molecule=0.0):
    """Labels that are off from zero by so much: every energy, and every force of an atom."""
    forces = [
        np.where(frame.numbers == 1, molecule, slab)[:, None].repeat(3, 1) for frame in frames
    ]
    return Labels(np.full(len(frames), energy), tuple(forces))


@pytest.fixture
def frames():
    return [hydrogen_on_copper(seed) for seed in range(4)]


def one(frames, potential, reference=None):
    compared = compare(frames, potential, reference or zeros(frames), molecule_of(frames))
    return errors(compared, frames)[0]


def test_a_constant_error_is_its_own_rmse_and_mae(frames):
    found = one(frames, off(frames, energy=-0.3, slab=0.02, molecule=-0.05))
    assert (found.label, found.frames) == ("all", 4)
    n = 8 + 2  # atoms of a frame
    mean_square = (8 * 20**2 + 2 * 50**2) / n
    for part, unit, rmse, mae, count in (
        (found.energy, "meV", 300, 300, 4),
        (found.energy_per_atom, "meV/atom", 30, 30, 4),
        (found.forces, "meV/Å", mean_square**0.5, (8 * 20 + 2 * 50) / n, 3 * 4 * n),
        (found.molecule, "meV/Å", 50, 50, 3 * 4 * 2),
        (found.elements["H"], "meV/Å", 50, 50, 3 * 4 * 2),
        (found.elements["Cu"], "meV/Å", 20, 20, 3 * 4 * 8),
    ):
        assert (part.unit, part.n) == (unit, count)
        assert (part.rmse, part.mae) == pytest.approx((rmse, mae))
        assert (part.rmse_error, part.mae_error) == pytest.approx((0, 0), abs=1e-9)


def test_errors_of_frames_are_those_beside_their_own_labels(frames):
    labels = labels_by(Analytic(), frames, PATH)
    for n, frame in enumerate(frames):
        frame.calc = SinglePointCalculator(
            frame, energy=labels.energies[n], forces=labels.forces[n]
        )
    moved = Labels(labels.energies + 0.02, tuple(each + 0.03 for each in labels.forces))
    whole = errors_of(frames, moved, PATH)
    measured = whole.energy, whole.energy_shifted, whole.forces, whole.molecule
    assert [each.rmse for each in measured] == pytest.approx([20.0, 0.0, 30.0, 30.0], abs=1e-9)


def test_a_frame_alone_of_its_kind_has_no_energy_beside_the_mean_of_its_kind(frames):
    alone = hydrogen_on_copper(1, layers=3)
    energies = np.array([0.01, -0.01, 0.01, -0.01, 5.0])
    both = [*frames, alone]
    shifted = one(both, Labels(energies, off(both).forces)).energy_shifted
    assert (shifted.n, shifted.rmse) == (4, pytest.approx(10.0))
    single = one([alone], Labels(energies[-1:], off([alone]).forces)).energy_shifted
    assert single.n == 0
    assert np.isnan(single.rmse)


def test_energies_from_another_zero_differ_only_before_they_are_shifted(frames):
    frames += [hydrogen_on_copper(seed, layers=3) for seed in range(3)]
    ripple = np.array([0.01, -0.01, 0.01, -0.01, 0.02, -0.02, 0.0])
    atoms = np.array([len(frame) for frame in frames])
    potential = off(frames)
    found = one(frames, Labels(2.5 * atoms + ripple, potential.forces))
    assert found.energy.rmse > 20_000
    assert found.energy_shifted.rmse == pytest.approx(1000 * np.sqrt(np.mean(ripple**2)))


def test_every_slab_has_a_zero_of_energy_of_its_own():
    slabs = [
        {"facet": 111, "T_K": 300.0},
        {"facet": 111, "T_K": 925.0},
        {"facet": 110, "T_K": 300.0},
    ]
    frames = [hydrogen_on_copper(seed, **slab) for slab in slabs for seed in range(2)]
    zero, ripple = np.repeat([1.0, 1.05, -0.4], 2), np.tile([0.01, -0.01], 3)
    [whole, *parts] = errors(
        compare(frames, Labels(zero + ripple, zeros(frames).forces), zeros(frames), frozenset({1})),
        frames,
    )
    assert whole.energy.rmse > 500
    assert [each.energy_shifted.rmse for each in (whole, *parts)] == pytest.approx([10.0] * 4)


def test_potentials_compared_with_their_own_labels_have_no_error(frames, tmp_path):
    write(tmp_path / "in.extxyz", frames)
    evaluate(Analytic(), tmp_path / "in.extxyz", tmp_path / "out.extxyz")
    read = read_frames(tmp_path / "out.extxyz")
    found = one(read, labels_by(Analytic(), read, PATH), labels_of(read, PATH))
    assert found.energy.n == 4
    assert found.forces.n == 3 * 40
    assert found.energy.rmse < 1e-4  # meV: files hold eight digits
    assert found.forces.rmse < 1e-4


def test_labels_by_a_potential_are_in_the_order_of_the_frames(frames):
    mixed = [frames[0], hydrogen_on_copper(9, layers=3), frames[1]]
    found = labels_by(Analytic(), mixed, PATH)
    for n, frame in enumerate(mixed):
        alone = labels_by(Analytic(), [frame], PATH)
        assert found.energies[n] == alone.energies[0]
        assert np.array_equal(found.forces[n], alone.forces[0])


def test_forces_are_compared_only_where_both_have_them(frames):
    forces = [np.ones((10, 3)) for _ in frames]
    for force in forces:
        force[:4] = 0  # held still by the writer
    for frame, force in zip(frames, forces, strict=True):
        frame.calc = SinglePointCalculator(frame, energy=0.0, forces=force)
    frames[3].calc = SinglePointCalculator(frames[3], energy=0.0)  # and no forces
    found = one(frames, zeros(frames), labels_of(frames, PATH))
    assert found.energy.n == 4
    assert found.forces.n == 3 * 3 * 6
    assert found.forces.rmse == pytest.approx(1000)


def test_facets_and_temperatures_are_told_apart_where_frames_say_them():
    told = [("111", 300), ("111", 925.0), ("100", 300), ("111", 300)]
    frames = [hydrogen_on_copper(facet=facet, T_K=T) for facet, T in told]
    energy = np.array([1.0, 2.0, 3.0, 1.0])
    compared = compare(frames, Labels(energy, zeros(frames).forces), zeros(frames), frozenset({1}))
    found = errors(compared, frames)
    assert [(part.label, part.frames) for part in found] == [
        ("all", 4), ("(100), 300 K", 1), ("(111), 300 K", 2), ("(111), 925 K", 1),
    ]  # fmt: skip
    assert [part.energy.rmse for part in found[1:]] == pytest.approx([3000, 1000, 2000])


def test_the_standard_error_is_that_of_repeated_samples():
    rng = np.random.default_rng(1)
    rmse, error = [], []
    for _ in range(300):
        apart = rng.normal(0, 0.03, 400)
        frame = np.arange(400) // 4
        found = deviation(NumberPairs(np.zeros(400), apart, frame), np.arange(100), "meV")
        rmse.append(found.rmse)
        error.append(found.rmse_error)
    assert np.mean(error) == pytest.approx(np.std(rmse), rel=0.15)
    assert np.mean(rmse) == pytest.approx(30, rel=0.01)


def test_frames_of_one_trajectory_are_one_witness():
    each = np.random.default_rng(2).normal(0, 0.03, 50)
    numbers = NumberPairs(np.zeros(500), each.repeat(10), np.arange(500))
    alike = deviation(numbers, np.arange(50).repeat(10), "meV")
    apart = deviation(numbers, np.arange(500), "meV")
    once = deviation(NumberPairs(np.zeros(50), each, np.arange(50)), np.arange(50), "meV")
    assert alike.rmse == apart.rmse == pytest.approx(once.rmse)
    assert alike.rmse_error == pytest.approx(once.rmse_error)
    assert apart.rmse_error < 0.4 * alike.rmse_error


def test_a_trajectory_is_told_by_its_point_and_number():
    frames = [hydrogen_on_copper(T_K=T, trajectory=n) for T in (300, 600) for n in (0, 0, 1)]
    compared = compare(frames, zeros(frames), zeros(frames), frozenset({1}))
    groups = compared.trajectory.tolist()
    assert groups[0] == groups[1]
    assert len(set(groups)) == 4
    bare = [hydrogen_on_copper() for _ in range(3)]
    assert len(set(compare(bare, zeros(bare), zeros(bare), frozenset({1})).trajectory)) == 3


def test_the_molecule_is_all_but_the_commonest_element(frames):
    assert molecule_of(frames) == {1}
    assert molecule_of(frames, ["Cu"]) == {29}
    assert molecule_of([fcc111("Cu", (2, 2, 2))]) == frozenset()
    for symbol in ("O", "Zz"):
        with pytest.raises(UserError, match=f"--molecule {symbol}: .* they contain H, Cu"):
            molecule_of(frames, [symbol])


def test_structures_without_a_molecule_have_no_error_of_it():
    bare = [fcc111("Cu", (2, 2, 2), vacuum=5)]
    found = one(bare, off(bare, energy=1.0))
    assert found.molecule.n == 0
    assert np.isnan(found.molecule.rmse)
    assert found.forces.n == 24


def test_a_frame_without_labels_is_refused_by_number(frames):
    for frame in frames[:2]:
        frame.calc = SinglePointCalculator(frame, energy=0.0, forces=np.ones((10, 3)))
    with pytest.raises(UserError, match="x.extxyz, frame 2: has no label"):
        labels_of(frames, PATH)


def test_an_element_that_the_potential_does_not_know_is_refused_by_frame(frames):
    frames[1].numbers[0] = 8
    with pytest.raises(UserError, match="x.extxyz, frame 1: .*does not know O"):
        labels_by(Analytic(), frames, PATH)


def test_a_force_call_is_timed_on_one_thread(frames, monkeypatch):
    import numba

    monkeypatch.setattr("scatter.campaign.bench.ENOUGH_S", 0.0)
    seen = []

    def spy(potential, system, positions, threads):
        seen.append((numba.get_num_threads(), threads, positions.shape))
        return time_forces(potential, system, positions, threads)

    time_forces = errors_module.time_forces
    monkeypatch.setattr(errors_module, "time_forces", spy)
    before = min(2, numba.config.NUMBA_NUM_THREADS)
    with threads_as_before(before):
        assert call_ms(Analytic(), frames[0]) > 0
        assert seen == [(1, 1, (1, 10, 3))]
        assert numba.get_num_threads() == before


def test_the_error_of_a_deviation_is_that_of_a_mean_where_each_trajectory_has_one_number():
    each = np.abs(np.random.default_rng(3).normal(0, 0.03, 6))
    found = deviation(NumberPairs(np.zeros(6), each, np.arange(6)), np.arange(6), "meV")
    assert found.mae_error == pytest.approx(1000 * each.std(ddof=1) / np.sqrt(6))
    alone = deviation(NumberPairs(np.zeros(6), each, np.arange(6)), np.zeros(6, int), "meV")
    assert np.isnan([alone.mae_error, alone.rmse_error]).all()
