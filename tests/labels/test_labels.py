"""Which energies and forces of labelled structures are labels."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixCartesian
from ase.io import read, write
from labelled_sets import FREE, HELD, WAYS, approaching, labelled, rattled, slab, written

from scatter.labels import Keys, Stream, read_labelled, relabelled, results_of
from scatter.settings import UserError
from scatter.structures import raw_frames, read_frames
from scatter.validation.labels import labels_of


def forces(frames):
    return np.array([results_of(frame)["forces"] for frame in frames])


def energies(frames):
    return np.array([results_of(frame)["energy"] for frame in frames])


def as_read(frames, folder, keys=None, **how):
    write(folder / "set.extxyz", frames)
    return read_labelled([folder / "set.extxyz"], keys or Keys(), **how)[0]


def renamed(frames, folder, **names):
    """The path of a file whose labels have other keys."""
    write(folder / "set.extxyz", frames)
    text = (folder / "set.extxyz").read_text()
    for name, other in names.items():
        for mark in (f" {name}=", f":{name}:"):
            text = text.replace(mark, mark.replace(name, other))
    (folder / "set.extxyz").write_text(text)
    return folder / "set.extxyz"


@pytest.mark.parametrize("held", WAYS)
def test_held_atoms_have_no_labels_whatever_is_written_for_them(tmp_path, held):
    frames = rattled(4)
    found = as_read(written(frames, held), tmp_path)
    assert np.isnan(forces(found)[:, HELD]).all()
    assert np.array_equal(forces(found)[:, FREE], forces(frames)[:, FREE])
    assert energies(found) == pytest.approx(energies(frames))


def test_forces_of_atoms_that_nothing_holds_are_all_labels(tmp_path):
    frames = rattled(4)
    assert np.array_equal(forces(as_read(frames, tmp_path)), forces(frames))


def test_a_component_that_is_held_is_no_label_and_the_others_are(tmp_path):
    frames = rattled(4)
    for frame in frames:
        frame.set_constraint([FixCartesian(n, [False, False, True]) for n in HELD])
    found = forces(as_read(frames, tmp_path))
    assert np.isnan(found[:, HELD, 2]).all()
    assert np.isfinite(found[:, HELD, :2]).all()
    assert np.isfinite(found[:, FREE]).all()


def test_a_component_that_is_zero_in_every_frame_was_held(tmp_path):
    frames = rattled(4)
    for frame in frames:
        results_of(frame)["forces"][HELD, 2] = 0
    results_of(frames[1])["forces"][8, 1] = 0  # happens to be
    found = forces(as_read(frames, tmp_path))
    assert np.isnan(found[:, HELD, 2]).all()
    assert np.isfinite(found[:, HELD, :2]).all()
    assert found[1, 8, 1] == 0


def test_what_is_read_can_be_written_and_read_again_to_the_same_labels(tmp_path):
    frames = rattled(4)
    for frame in frames:
        results_of(frame)["forces"][HELD, 2] = 0
        results_of(frame)["forces"][5] = 0
    once = as_read(frames, tmp_path)
    again = as_read(once[:1], tmp_path)  # of one frame nothing else can be told
    assert np.array_equal(forces(again), forces(once)[:1], equal_nan=True)


def test_validation_reads_labels_by_the_same_rule(tmp_path):
    frames = written(rattled(4), ("atoms",))
    write(tmp_path / "set.extxyz", frames)
    found = labels_of(read_frames(tmp_path / "set.extxyz"), tmp_path / "set.extxyz")
    due = forces(as_read(frames, tmp_path))
    assert np.array_equal(np.array(found.forces), due, equal_nan=True)


def test_an_atom_alone_feels_no_force_and_may_be_labelled_so(tmp_path):
    atom = Atoms("H", cell=[9.0] * 3, pbc=True)
    atom.calc = SinglePointCalculator(atom, energy=-1.1, forces=np.zeros((1, 3)))
    [found] = as_read([atom], tmp_path)
    assert results_of(found)["energy"] == -1.1


def test_a_set_whose_forces_were_never_computed_is_refused(tmp_path):
    frames = rattled(4)
    for frame in frames:
        results_of(frame)["forces"][:] = 0
    with pytest.raises(UserError, match="no force is a label.*were forces computed"):
        as_read(frames, tmp_path)


def test_a_bond_that_vibrates_far_between_frames_raises_no_doubt(tmp_path):
    frames = []
    for half in np.tile([0.33, 0.425, 0.33, 0.43, 0.335, 0.425], 4):
        middle = slab().positions[-1] + [0.0, 0.0, 4.0]
        frames.append(slab() + Atoms("H2", [middle - [half, 0, 0], middle + [half, 0, 0]]))
    frames = labelled(frames)
    for n, frame in enumerate(frames):
        frame.positions[-2:, 2] += 1e-4 * n  # no structure twice
    assert len(as_read(frames, tmp_path)) == len(frames)


def test_squeezed_structures_are_refused_with_how_many_there_are(tmp_path):
    frames = rattled(6)
    for n, force in ((2, 2e9), (4, 1001.0)):
        frames[n].calc.results["forces"][-1] = [0, force, 0]
        frames[n].calc.results["energy"] += force
    with pytest.raises(
        UserError, match=r"frame 2: .* force of 2e\+09 eV/Å.* 2 of 6 .*1000 eV/Å.*--max-force"
    ):
        as_read(frames, tmp_path)
    sound = [frame for n, frame in enumerate(frames) if n not in (2, 4)]
    assert len(as_read(sound, tmp_path)) == 4


def test_other_keys_are_named_with_the_options_that_read_them(tmp_path):
    path = renamed(rattled(4), tmp_path, energy="REF_energy", forces="REF_forces")
    with pytest.raises(UserError) as error:
        read_labelled([path])
    for words in ("REF_energy", "REF_forces", "--energy-key REF_energy", "--forces-key REF_forces"):
        assert words in str(error.value)
    [found] = read_labelled([path], Keys("REF_energy", "REF_forces"))
    assert np.array_equal(forces(found), forces(rattled(4)))


@pytest.mark.parametrize("other", ["REF_energy", "dft_energy", "energy_pbe", "macePbeEnergy"])
def test_energies_of_two_calculators_are_asked_for(tmp_path, other):
    frames = rattled(4)
    for frame in frames:
        frame.info[other] = results_of(frame)["energy"] + 1.5
    question = f"--energy-key energy or --energy-key {other}|--energy-key {other} or --energy-key"
    with pytest.raises(UserError, match=question):
        as_read(frames, tmp_path)
    for key, shift in (("energy", 0), (other, 1.5)):
        found = as_read(frames, tmp_path, Keys(energy=key))
        assert energies(found) == pytest.approx(energies(frames) + shift)


def test_forces_of_two_calculators_are_asked_for(tmp_path):
    frames = rattled(4)
    for frame in frames:
        frame.new_array("dft_forces", 2 * results_of(frame)["forces"])
    with pytest.raises(
        UserError, match="forces under the keys dft_forces and forces, which may come"
    ):
        as_read(frames, tmp_path)
    found = as_read(frames, tmp_path, Keys(forces="dft_forces"))
    assert forces(found) == pytest.approx(2 * forces(frames), abs=2e-8)


def test_a_free_energy_beside_the_energy_is_of_the_same_calculator(tmp_path):
    frames = rattled(4)
    for frame in frames:
        results_of(frame)["free_energy"] = results_of(frame)["energy"] - 0.01
    frames[0].info |= {"energy_eV": 0.5, "kinetic_energy": 0.2}  # an incidence energy, and of ions
    assert energies(as_read(frames, tmp_path)) == pytest.approx(energies(frames))
    for frame in frames:
        del results_of(frame)["energy"]
    with pytest.raises(UserError, match="no 'energy', but 'free_energy'.*--energy-key free_energy"):
        as_read(frames, tmp_path)


def test_a_key_that_no_frame_has_is_refused_with_those_there_are(tmp_path):
    for keys, sentence in (
        (Keys(energy="Energy"), "--energy-key Energy: .*it has energy, trajectory"),
        (Keys(forces="f"), "--forces-key f: .*it has forces, tags"),
        (Keys(stress="s"), "--stress-key s: no frame has it"),
    ):
        with pytest.raises(UserError, match=sentence):
            as_read(rattled(4), tmp_path, keys)


def _drop(name):
    def change(frame):
        del results_of(frame)[name]

    return change


def _energy(value):
    return lambda frame: results_of(frame).update(energy=value)


def _not_finite(frame):
    results_of(frame)["forces"][9, 1] = np.inf


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_drop("energy"), "frame 2: has no energy"),
        (_drop("forces"), "frame 2: has no forces"),
        (_energy(np.nan), "frame 2: its energy or a force is not finite"),
        (_not_finite, "frame 2: its energy or a force is not finite"),
        (lambda frame: frame.info.update(config_weight=0.5), "the weight 'config_weight' would"),
        (lambda frame: frame.info.update(energy_weight=10.0), "the weight 'energy_weight' would"),
        (lambda frame: frame.new_array("force_mask", np.ones(10)), "'force_mask' is not a column"),
        (lambda frame: frame.new_array("fixed", np.ones(10)), "its column 'fixed' seems"),
    ],
)
def test_labels_that_cannot_be_used_are_refused_by_frame(tmp_path, change, sentence):
    frames = rattled(4)
    change(frames[2])
    with pytest.raises(UserError, match=sentence):
        as_read(frames, tmp_path)


def test_a_frame_without_a_label_is_refused_in_a_file_to_validate_by_too(tmp_path):
    frames = rattled(4)
    del results_of(frames[2])["forces"]
    with pytest.raises(UserError, match="frame 2: has no forces"):
        as_read(frames, tmp_path, needed=(), weights=None)
    for frame in frames:
        results_of(frame).pop("forces", None)
    for frame in frames[1:]:
        frame.calc = None
    with pytest.raises(UserError, match="frame 1: has no energy"):
        as_read(frames, tmp_path, needed=())
    frames[0].calc = None
    with pytest.raises(UserError, match="frame 0: has no label"):
        as_read(frames, tmp_path, needed=())
    frames = rattled(4)
    del results_of(frames[0])["forces"]  # which others have
    with pytest.raises(UserError, match="frame 0: has no forces"):
        as_read(frames, tmp_path, needed=())
    for frame in frames[1:]:
        del results_of(frame)["forces"]
    assert energies(as_read(frames, tmp_path, needed=())) == pytest.approx(energies(frames))


def test_a_mask_of_words_is_refused_since_every_word_would_be_true(tmp_path):
    for held, kind in ((("atoms",), "L:1"), (("cartesian",), "L:3")):
        write(tmp_path / "set.extxyz", written(rattled(2), held))
        text = (tmp_path / "set.extxyz").read_text()
        assert f"move_mask:{kind}" in text
        (tmp_path / "set.extxyz").write_text(text.replace(":L:", ":S:"))
        with pytest.raises(UserError, match="move_mask:S:. is not a mask"):
            read_labelled([tmp_path / "set.extxyz"])


def test_stresses_of_two_calculators_are_asked_for_where_they_are_copied(tmp_path):
    frames = rattled(2)
    for frame in frames:
        frame.info |= {"REF_stress": np.arange(9.0), "virials": np.arange(9.0)}
        results_of(frame)["stress"] = np.zeros(6)
    with pytest.raises(UserError, match="--stress-key REF_stress or --stress-key stress"):
        Stream(copied=True).see(frames, ["a", "b"])
    stream = Stream(Keys(stress="REF_stress"), copied=True)
    stream.see(frames, ["a", "b"])
    stream.finish()
    assert len(as_read(frames, tmp_path)) == 2  # nothing else reads a stress
    with pytest.raises(UserError, match="--stress-key virials: is a virial"):
        Keys(stress="virials")


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("REF_energy", "cold", "its energy 'cold' is not a number"),
        ("REF_energy", "nan", "not finite"),
        ("REF_energy", '"1 2 3"', "is not a number"),
    ],
)
def test_what_stands_under_a_key_must_be_a_number(tmp_path, name, text, sentence):
    path = renamed(rattled(4), tmp_path, energy=name)
    lines = path.read_text().splitlines()
    lines[1] = " ".join(
        f"{name}={text}" if word.startswith(f"{name}=") else word for word in lines[1].split(" ")
    )
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(UserError, match=sentence):
        read_labelled([path], Keys(energy=name))


def test_weights_of_one_and_weights_that_are_honoured_are_accepted(tmp_path):
    frames = rattled(4)
    for frame in frames:
        frame.info |= {"config_weight": 1.0, "config_energy_weight": 2.0}
    assert len(as_read(frames, tmp_path, weights=["config_energy_weight"])) == 4


def test_the_same_structure_twice_with_two_energies_is_refused(tmp_path):
    frames = rattled(4)
    frames.append(frames[1].copy())
    frames[-1].calc = written(frames[1:2], ())[0].calc
    assert len(as_read(frames, tmp_path)) == 5
    results_of(frames[-1])["energy"] += 0.3
    with pytest.raises(
        UserError, match=r"frame 4: is the same structure as .*frame 1, .*by 0.3 eV"
    ):
        as_read(frames, tmp_path)


UNITS = {"Hartree": 27.2114, "kcal/mol": 1 / 23.0605, "kJ/mol": 1 / 96.4853, "Rydberg": 13.6057}


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("count", [1, 10, 19])
def test_energies_in_two_units_are_refused_with_the_unit(tmp_path, unit, count):
    frames = rattled(20)
    for frame in frames[:count]:
        results_of(frame)["energy"] /= UNITS[unit]
    with pytest.raises(
        UserError, match=rf"energies come from two .* two units \(some in {unit}\?\)"
    ):
        as_read(frames, tmp_path)


def test_energies_of_two_calculators_far_apart_are_refused(tmp_path):
    frames = rattled(20)
    for frame in frames[:7]:
        results_of(frame)["energy"] -= 45000
    with pytest.raises(UserError, match="energies come from two calculators"):
        as_read(frames, tmp_path)


def test_forces_in_two_units_are_refused(tmp_path):
    frames = rattled(20)
    for frame in frames[::2]:
        results_of(frame)["forces"] /= 51.4221
    with pytest.raises(UserError, match="forces are in two units"):
        as_read(frames, tmp_path)


@pytest.mark.parametrize("factor", [1 / 51.4221, 23.0605, -1.0, 1 / 27.2114])
def test_forces_that_do_not_explain_how_the_energy_changes_are_refused(tmp_path, factor):
    frames = approaching()
    assert len(as_read(frames, tmp_path)) == len(frames)
    for frame in frames:
        results_of(frame)["forces"] *= factor
    with pytest.raises(UserError, match="changes by .* times the work of their forces"):
        as_read(frames, tmp_path)


def bonds():
    """A lone molecule from a bond that is far too short to one that is broken."""
    found = []
    for r in np.linspace(0.45, 4.0, 60):
        one = rattled(1)[0][-2:]
        one.positions = [[1.0, 1.0, 5.0], [1.0, 1.0, 5.0 + r]]
        found.append(one)
    return labelled(found)


def strained():
    """Crystals that are pressed and stretched, without a force by symmetry, and rattled ones."""
    found = []
    for n, a in enumerate(np.linspace(3.3, 4.1, 12)):
        found.append(bulk("Cu", a=a, cubic=True) * (2, 2, 2))
        if n % 2:
            found[-1].rattle(0.05, seed=n)
    return labelled(found)


def strained_to_noise():
    """The same where symmetry's zeros are a potential's noise."""
    frames = strained() + strained()
    for n, frame in enumerate(frames):
        frame.set_cell(frame.cell * (1 + 1e-4 * n), scale_atoms=True)
        if not n % 2:
            noise = np.random.default_rng(n).normal(size=(len(frame), 3))
            results_of(frame)["forces"] = 3e-3 * noise
    return frames


def relaxed_and_hot_ones():
    """Hot frames, and well relaxed ones far from one another, whose energies differ as much."""
    frames = at_two_temperatures()
    for n, frame in enumerate(frames[:10]):
        frame.positions[:, 0] += 0.3 * n
        results_of(frame)["energy"] = results_of(frames[10 + n])["energy"]
        results_of(frame)["forces"] *= 1e-5
    return frames


def at_two_temperatures():
    """Slabs that hardly move, and slabs that are hot."""
    rng, found = np.random.default_rng(3), []
    for size in 10 * [0.002] + 10 * [0.12]:
        found.append(rattled(1)[0])
        found[-1].rattle(size, rng=rng)
    return labelled(found)


def cold_ones_among_hot_ones():
    """Cold frames of one place that is about as high in energy as hot frames of another."""
    frames = at_two_temperatures()
    middle = np.median(energies(frames[10:]))
    for n, frame in enumerate(frames[:10]):
        results_of(frame)["energy"] = middle + 0.001 * n
        results_of(frame)["forces"] *= 0.01
    return frames


@pytest.mark.parametrize(
    "make",
    [rattled, approaching, bonds, strained, strained_to_noise, relaxed_and_hot_ones,
     at_two_temperatures, cold_ones_among_hot_ones],
)  # fmt: skip
@pytest.mark.parametrize("zero", [-50.0, 0.0, 45.0])
def test_honest_sets_raise_no_doubt(tmp_path, make, zero):
    frames = make(30) if make is rattled else make()
    for frame in frames:
        results_of(frame)["energy"] += zero + 50.0
    assert len(as_read(frames, tmp_path)) == len(frames)


def test_a_set_keeps_its_numbers_when_its_keys_become_the_usual_ones(tmp_path):
    frames = rattled(3)
    for frame in frames:
        frame.info |= {"comment": "REF_energy=3 of all", "REF_stress": np.arange(9.0)}
        frame.new_array("other_forces", np.zeros((10, 3)))
    path = renamed(frames, tmp_path, energy="REF_energy", forces="REF_forces")
    keys = Keys("REF_energy", "REF_forces", "REF_stress")
    before = [*raw_frames(path)]
    texts = [relabelled(text, keys) for text in before]
    for one, other in zip(before, texts, strict=True):
        assert one.splitlines()[2:] == other.splitlines()[2:]
    (tmp_path / "new.extxyz").write_text("".join(texts))
    [found] = read_labelled([tmp_path / "new.extxyz"])
    assert np.array_equal(energies(found), energies(read_labelled([path], keys)[0]))
    assert found[0].info["comment"] == "REF_energy=3 of all"
    assert "stress" in results_of(read(tmp_path / "new.extxyz", 0))
