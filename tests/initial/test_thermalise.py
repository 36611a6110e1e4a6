from dataclasses import fields, replace

import numpy as np
import pytest

from scatter.initial import cache
from scatter.initial.checks import check_snapshots, displacement, findings, inefficiency
from scatter.initial.slab import build, slab_masses
from scatter.initial.snapshots import (
    Snapshots,
    join,
    load_snapshots,
    save_snapshots,
    snapshots_key,
)
from scatter.initial.surface import Surface, Thermalise
from scatter.initial.thermalise import thermalise
from scatter.potentials.base import Evaluator, Potential
from scatter.settings import UserError
from scatter.units import K, fs

KELVIN, SPRING = 600.0, 6.0  # eV/Å²: an Einstein frequency of 4.8 THz, as of copper
QUICK = Thermalise(equilibrate_fs=600, decorrelate_fs=150, replicas=8, snapshots=48)


class Einstein(Potential, Evaluator):
    """A crystal whose atoms are tied to their sites by springs; its equipartition is exact."""

    elements = frozenset({29})
    description = "springs to lattice sites"
    identity = "einstein"
    cutoff = 1.0

    def __init__(self, sites, spring=SPRING):
        self.sites, self.spring = sites, spring

    def bind(self, system, slots):
        self.moving = system.moving[:, None]
        return self

    def begin(self, slots, positions):
        return self(positions)

    def __call__(self, positions):
        stretch = (positions - self.sites) * self.moving
        return 0.5 * self.spring * (stretch**2).sum(axis=(1, 2)), -self.spring * stretch

    def keep(self, slots):
        raise AssertionError("no replica ends before the others")


SYSTEM, IDEAL = build(Surface(size=[2, 2, 4], temperature_K=KELVIN), "111", 3.68)

UNEVEN = np.sqrt(np.repeat([1, 1, 0.8, 1.2], 4))[:, None]  # temperature of the layers


def run(settings=QUICK, replicas=None, potential=None, seed=5, key=1):
    replicas = range(settings.replicas) if replicas is None else replicas
    potential = potential or Einstein(IDEAL)
    return thermalise(SYSTEM, IDEAL, potential, KELVIN, settings, seed, key, replicas)


@pytest.fixture(scope="module")
def snapshots():
    return run(QUICK.model_copy(update={"replicas": 32, "snapshots": 512}))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


def same(a, b):
    return all((getattr(a, f.name) == getattr(b, f.name)).all() for f in fields(Snapshots))


def test_snapshots_of_an_einstein_crystal_are_equipartitioned_to_three_sigma(snapshots):
    moving = SYSTEM.moving
    kinetic = snapshots.momenta[:, moving] ** 2 / slab_masses(SYSTEM)[moving, None]
    potential = SPRING * (snapshots.positions - IDEAL)[:, moving] ** 2
    for energy in (kinetic, potential):
        series = energy.mean(axis=(1, 2))
        samples = energy.size / inefficiency(series, snapshots.replica)
        for part in (series, *energy.mean(axis=1).T):
            error = np.sqrt(2 / samples) * (1 if part is series else np.sqrt(3))
            assert abs(part.mean() / (KELVIN * K) - 1) < 3 * error
    assert 2 * snapshots.energies == pytest.approx(potential.sum(axis=(1, 2)))


def test_every_finding_passes_on_good_snapshots(snapshots):
    found = findings(snapshots, SYSTEM, IDEAL, KELVIN)
    assert [str(finding) for finding in found if not finding.passed] == []
    assert len(found) == 1 + 1 + 4 + 2
    check_snapshots(snapshots, SYSTEM, IDEAL, KELVIN)


def test_frozen_atoms_never_move(snapshots):
    frozen = ~SYSTEM.moving
    assert frozen.any()
    assert (snapshots.positions[:, frozen] == IDEAL[frozen]).all()
    assert (snapshots.momenta[:, frozen] == 0).all()


def test_a_replica_is_the_same_in_any_company():
    together = run()
    shares = [run(replicas=share) for share in ([3], [7, 0, 5], [6, 4, 2, 1])]
    assert same(join(shares), together)


def test_streams_differ_between_replicas_seeds_and_slabs():
    firsts = [run(replicas=[0]), run(replicas=[1]), run(replicas=[0], seed=6)]
    firsts.append(run(replicas=[0], key=2))
    assert len({first.energies[0] for first in firsts}) == 4


def test_snapshots_are_dealt_out_evenly_and_in_order():
    fewer = QUICK.model_copy(update={"snapshots": 19})
    few = run(fewer)
    assert few.number.tolist() == list(range(19))
    assert few.replica.tolist() == [number % 8 for number in range(19)]
    assert few.time / fs == pytest.approx([600 + 150 * (number // 8) for number in range(19)])
    assert same(join([run(fewer, [n]) for n in (1, 0, 2, 4, 3, 7, 6, 5)]), few)


def test_progress_ends_at_one():
    told = []
    thermalise(SYSTEM, IDEAL, Einstein(IDEAL), KELVIN, QUICK, 5, 1, [0], told.append)
    assert told == sorted(told)
    assert told[-1] == 1


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda s: {"momenta": 1.1 * s.momenta}, "kinetic temperature is .* lengthen equil"),
        (lambda s: {"momenta": s.momenta * [1.3, 1.0, 0.6]}, "kinetic temperature .*along x"),
        (lambda s: {"momenta": s.momenta * UNEVEN}, "kinetic temperature of layer 3"),
        (lambda s: {"energies": s.energies + 0.002 * s.time / fs}, "drift .* not settled yet"),
        (lambda s: {"positions": IDEAL + 9 * (s.positions - IDEAL)}, "the slab melts"),
        (lambda s: {"momenta": s.momenta * np.nan}, "kinetic temperature is nan"),
    ],
)
def test_spoilt_snapshots_are_refused_with_their_numbers(snapshots, spoil, sentence):
    spoilt = replace(snapshots, **spoil(snapshots))
    with pytest.raises(UserError, match=rf"\[surface.thermalise\].* at 600 K .*{sentence}"):
        check_snapshots(spoilt, SYSTEM, IDEAL, KELVIN)


def test_replicas_start_with_all_their_thermal_energy_in_the_momenta():
    start = run(QUICK.model_copy(update={"equilibrate_fs": 0, "replicas": 50, "snapshots": 50}))
    kinetic = start.momenta[:, SYSTEM.moving] ** 2 / (2 * slab_masses(SYSTEM)[-1])
    assert start.energies.max() == 0
    error = np.sqrt(2 / kinetic.size)
    assert abs(kinetic.mean() / (KELVIN * K) - 1) < 3 * error


def test_a_start_that_is_not_equilibrated_is_refused():
    hot = Thermalise(
        equilibrate_fs=0, decorrelate_fs=20, friction_per_fs=0.002, replicas=32, snapshots=128
    )
    with pytest.raises(UserError, match="lengthen equilibrate_fs"):
        check_snapshots(run(hot), SYSTEM, IDEAL, KELVIN)


def test_a_layer_that_rises_or_slides_as_a_whole_is_no_melting(snapshots):
    raised = snapshots.positions.copy()
    raised[:, SYSTEM.top] += snapshots.number[:, None, None] * [0.01, 0.02, 0.0] + [0, 0, 0.2]
    moved = displacement(replace(snapshots, positions=raised), SYSTEM, IDEAL)
    assert moved == pytest.approx(displacement(snapshots, SYSTEM, IDEAL), rel=1e-9)
    relative = 3 / 4  # of the variance, when a layer of four atoms loses its mean
    u = np.sqrt(relative * 3 * KELVIN * K / SPRING) / (3.68 / np.sqrt(2))
    assert moved == pytest.approx(u, rel=0.03)


def test_a_slab_that_flies_apart_is_named():
    stiff = Einstein(IDEAL, spring=9000.0)
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(UserError, match="600 K the slab of replica 4 flew apart .* than 2"),
    ):
        run(QUICK.model_copy(update={"timestep_fs": 2.0, "equilibrate_fs": 4000}), [4], stiff)


def test_correlated_values_count_less():
    rng = np.random.default_rng(2)
    values, replica = [], np.repeat(np.arange(200), 100)
    for _ in range(200):
        value = rng.standard_normal()
        for _ in range(100):
            value = 0.5 * value + np.sqrt(0.75) * rng.standard_normal()
            values.append(value)
    assert inefficiency(np.array(values), replica) == pytest.approx(3, rel=0.1)
    assert inefficiency(rng.standard_normal(20000), replica) == pytest.approx(1, abs=0.1)


def test_cached_snapshots_are_the_same_bits(folder):
    assert load_snapshots("a" * 64) is None
    made = run()
    save_snapshots("a" * 64, made)
    assert same(load_snapshots("a" * 64), made)
    assert [file.name for file in folder.iterdir()] == ["a" * 64 + ".npz"]


def test_a_damaged_file_counts_as_absent_and_is_replaced(folder):
    made = run()
    save_snapshots("a" * 64, made)
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    for damaged in (b"", whole[:2000], whole[:5000] + bytes(64) + whole[5064:]):
        file.write_bytes(damaged)
        assert load_snapshots("a" * 64) is None
        save_snapshots("a" * 64, made)
        assert same(load_snapshots("a" * 64), made)


def test_a_file_whose_numbers_do_not_fit_their_checksum_counts_as_absent(folder):
    save_snapshots("a" * 64, run(replicas=[0]))
    file = folder / ("a" * 64 + ".npz")
    with np.load(file) as arrays:
        changed = {**arrays, "energies": arrays["energies"] + 1e-12}
    np.savez(file, **changed)
    assert load_snapshots("a" * 64) is None


def test_a_file_under_a_wrong_name_counts_as_absent(folder):
    save_snapshots("a" * 64, run(replicas=[0]))
    (folder / ("a" * 64 + ".npz")).rename(folder / ("b" * 64 + ".npz"))
    assert load_snapshots("b" * 64) is None


def test_whatever_shapes_the_snapshots_shapes_their_key():
    moving = SYSTEM.moving.copy()
    moving[7] = True
    other = Einstein(IDEAL)
    other.identity = "another"
    arguments = {
        "system": SYSTEM,
        "ideal": IDEAL,
        "potential": Einstein(IDEAL),
        "temperature_K": KELVIN,
        "settings": QUICK,
        "seed": 5,
        "key": 1,
    }
    changes = [
        {},
        {"system": replace(SYSTEM, cell=SYSTEM.cell * (1 + 1e-15))},
        {"system": replace(SYSTEM, moving=moving)},
        {"system": replace(SYSTEM, numbers=SYSTEM.numbers + 1)},
        {"system": replace(SYSTEM, slab_masses=np.full(len(SYSTEM), 62.93))},
        {"ideal": IDEAL * (1 + 1e-15)},
        {"potential": other},
        {"temperature_K": 601.0},
        *({"settings": QUICK.model_copy(update={name: 7})} for name in Thermalise.model_fields),
        {"seed": 6},
        {"key": 2},
    ]
    keys = [snapshots_key(**{**arguments, **change}) for change in changes]
    assert len(set(keys)) == len(changes)
    assert snapshots_key(**arguments) == keys[0]


def test_the_cache_lies_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.delenv("SCATTER_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "scatter" / "slabs"
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path / "here"))
    assert cache.folder() == tmp_path / "here"


def test_a_cache_that_cannot_be_written_is_a_warning(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="nothing is cached"):
        save_snapshots("c" * 64, run(replicas=[0]))
