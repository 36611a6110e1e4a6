"""Crystals on potentials whose answers follow from closed forms, or from other ways."""

import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.data import atomic_masses
from ase.io import write
from ase.neighborlist import neighbor_list
from ase.units import GPa
from numba_threads import threads_as_before
from numpy.testing import assert_allclose

from scatter.potentials.base import Potential
from scatter.potentials.table import potential_from_name
from scatter.settings import UserError
from scatter.units import fs
from scatter.validation import validate as module
from scatter.validation.materials import cells, compare
from scatter.validation.materials.cells import at_rest, primitive
from scatter.validation.materials.crystals import Crystal, crystals_of
from scatter.validation.materials.elastic import elastic_constants
from scatter.validation.materials.material import KELVINS, LENGTHS, material
from scatter.validation.materials.merit import HALF, merit, scores
from scatter.validation.materials.phonons import (
    SOFT,
    force_constants,
    least,
    vibrational_free_energies,
)
from scatter.validation.properties import Comparison
from scatter.validation.validate import validate
from scatter.validation.wanted import Wanted

pytest.importorskip("phonopy")
pytest.importorskip("seekpath")

K, R0, MASS = 2.0, 2.55, atomic_masses[29]  # eV/Å², Å, amu
THZ = fs * 1e3 / (2 * np.pi)  # of an angular frequency in our units


class Springs(Potential):
    """Harmonic springs between nearest neighbours of an fcc crystal of copper."""

    elements, cutoff = frozenset({29}), 3.1

    def __init__(self, k=K):
        self.k, self.description, self.identity = k, f"springs of {k:g}", f"springs {k}"

    def _springs(self, system, x):
        atoms = Atoms(system.numbers, x, cell=system.cell, pbc=system.pbc)
        i, apart, r = neighbor_list("iDd", atoms, self.cutoff)
        return i, apart, r, self.k * (r - R0)

    def energies_and_forces(self, system, positions):
        energies, forces = np.zeros(len(positions)), np.zeros(positions.shape)
        for slot, x in enumerate(positions):
            i, apart, r, pull = self._springs(system, x)
            energies[slot] = (pull**2).sum() / (4 * self.k)
            np.add.at(forces[slot], i, (pull / r)[:, None] * apart)
        return energies, forces

    def virial(self, system, positions):
        _, apart, r, pull = self._springs(system, positions)
        return np.einsum("p,pa,pb->ab", pull / r, apart, apart) / 2


def copper(atoms=None):
    return Crystal("Cu-fcc", atoms or bulk("Cu", a=3.65))


@pytest.fixture(scope="module")
def springs():
    return material(Springs(), copper(), True, lambda line: None)


def test_springs_between_nearest_neighbours_have_the_constants_of_the_closed_form(springs):
    """C11 = 2 k / a and C12 = C44 = k / a (Born & Huang, section 11)."""
    a = np.sqrt(2) * R0
    assert springs.lengths == pytest.approx({"a": a}, rel=1e-5)
    expected = {"C11": 2 * K / a, "C12": K / a, "C44": K / a, "B": 4 * K / (3 * a)}
    known = {name: each / GPa for name, each in expected.items()}
    assert springs.elastic == pytest.approx(known, rel=1e-4)
    assert_allclose(springs.energies, 3 * K * (R0 * (LENGTHS - 1)) ** 2, rtol=0, atol=2e-5)
    assert_allclose(springs.volumes, (a * LENGTHS) ** 3 / 4, rtol=1e-4)


def test_the_highest_phonon_and_the_branches_at_x_are_those_of_the_closed_form(springs):
    """At X, ω² = 8 k / m along and 4 k / m across."""
    phonons = springs.phonons
    assert phonons.labels[0] == ("Γ", "X")
    at_x = THZ * np.sqrt(np.array([4, 4, 8]) * K / MASS)
    assert_allclose(phonons.frequencies[0][-1], at_x, rtol=1e-3)
    assert phonons.all.max() == pytest.approx(at_x[-1], rel=1e-3)


def test_the_sum_over_atoms_leaves_no_force_and_sound_has_the_speed_of_the_constants(springs):
    phonons = springs.phonons
    assert np.abs(phonons.frequencies[0][0]).max() < 0.1 * SOFT
    density = MASS / (np.sqrt(2) * R0) ** 3 * 4  # amu/Å³
    for branch, name in ((0, "C44"), (1, "C44"), (2, "C11")):
        speed = np.sqrt(springs.elastic[name] * GPa / density)  # of sound along [100]
        slope = phonons.frequencies[0][1, branch] / phonons.distances[0][1]
        assert slope == pytest.approx(speed * THZ * 2 * np.pi, rel=2e-3)


@pytest.mark.slow
def test_it_does_not_matter_which_cell_of_a_crystal_is_given(springs):
    turned = bulk("Cu", a=3.6, cubic=True) * (2, 1, 1)
    turned.rotate(37, (1, 2, 3), rotate_cell=True)
    same = material(Springs(), copper(turned), True, lambda line: None)
    assert len(same.cell) == 1
    for quantity, value in springs.numbers().items():
        assert same.numbers()[quantity] == pytest.approx(value, rel=1e-5, abs=1e-4), quantity


def by_hand(atoms, strain):
    """The stress of a strained cubic cell of EMT, GPa."""
    moved = atoms.copy()
    moved.set_cell(atoms.cell @ (np.eye(3) + strain), scale_atoms=True)
    moved.calc = EMT()
    return moved.get_stress(voigt=False) / GPa


@pytest.mark.slow
def test_the_constants_of_emt_are_those_of_cells_strained_by_hand():
    emt = potential_from_name("ase:emt", False)
    rested = at_rest(emt, bulk("Cu", a=3.65), "Cu")
    found = elastic_constants(emt, rested)
    cubic, e = primitive(rested, whole=True), 1e-3
    long, shear = np.diag([e, 0, 0]), np.array([[0, e, 0], [e, 0, 0], [0, 0, 0]]) / 2
    pulled = (by_hand(cubic, long) - by_hand(cubic, -long)) / (2 * e)
    sheared = (by_hand(cubic, shear) - by_hand(cubic, -shear)) / (2 * e)
    known = {"C11": pulled[0, 0], "C12": pulled[1, 1], "C44": sheared[0, 1]}
    assert {name: found[name] for name in known} == pytest.approx(known, rel=2e-3)
    assert found["B"] == pytest.approx((known["C11"] + 2 * known["C12"]) / 3, rel=2e-3)


def test_free_energies_are_those_that_phonopy_adds_up_itself(springs):
    phonons = force_constants(Springs(), springs.cell, 8.0)
    own = vibrational_free_energies(phonons, KELVINS)
    phonons.run_thermal_properties(temperatures=KELVINS, cutoff_frequency=SOFT)
    theirs = phonons.thermal_properties.free_energy
    assert_allclose(own, np.array(theirs) / 96.4853321, rtol=1e-5)  # kJ/mol in an eV


class Unstable:
    """What a mesh of frequencies looks like to us."""

    primitive = (0,)

    def run_mesh(self, length):
        assert length > 0

    def get_mesh_dict(self):
        return {"weights": np.ones(2), "frequencies": np.array([[1.0, 2.0], [-1.0, 2.0]])}


def test_an_imaginary_phonon_leaves_no_free_energy():
    assert vibrational_free_energies(Unstable(), KELVINS) is None


def test_the_least_free_energy_lies_among_the_volumes_or_there_is_none():
    volumes = np.linspace(10, 13, 9)
    parabola = 0.1 + (volumes - 11.3) ** 2
    assert least(volumes, parabola) == pytest.approx((11.3, 0.1), abs=1e-9)
    assert least(volumes, volumes) is None
    cut = np.where(volumes > 12.5, np.nan, parabola)  # where a phonon is imaginary
    assert least(volumes, cut) == pytest.approx((11.3, 0.1), abs=1e-9)
    assert least(volumes, np.where(volumes > 11.2, np.nan, parabola)) is None
    assert least(volumes, np.full(9, np.nan)) is None


def test_a_score_is_100_where_nothing_differs_50_at_tau_and_0_where_it_lacks():
    r = {name: np.array([1.0, 2.0, 2.0]) for name in HALF}
    assert merit(scores(r, r)) == 100
    off = {name: each * (1 + HALF[name]) for name, each in r.items()}
    assert merit(scores(off, r)) == pytest.approx(50)
    lacking = r | {"free energies": np.array([1.0, np.nan, 2.0])}
    found = {each.category: each for each in scores(lacking, r)}
    assert (found["free energies"].score, found["lattice"].score) == (0, 100)
    other = {each.category: each for each in scores(r, lacking)}
    assert other["free energies"].score == 100  # of what the reference has
    nothing = r | {"free energies": np.full(3, np.nan)}
    assert "free energies" not in {each.category for each in scores(r, nothing)}


def test_phases_by_name_have_the_volume_and_the_symmetry_of_their_element():
    volume = bulk("Ti").get_volume() / 2
    phases = crystals_of("Ti-fcc, Ti-hcp,Ti-bcc,Ti-omega")
    assert [each.name for each in phases] == ["Ti-fcc", "Ti-hcp", "Ti-bcc", "Ti-omega"]
    for phase, atoms in zip(phases, (1, 2, 1, 3), strict=True):
        assert phase.formula == "Ti"
        assert phase.atoms.get_volume() / len(phase.atoms) == pytest.approx(volume)
        assert len(primitive(phase.atoms * 2)) == atoms
    spacegroup = cells.library("spglib").get_spacegroup(cells.symmetry_of(phases[3].atoms))
    assert spacegroup == "P6/mmm (191)"


def test_crystals_of_a_file_have_its_names(tmp_path):
    frames = [bulk("Cu"), bulk("NaCl", "rocksalt", 5.6), bulk("Cu", cubic=True)]
    frames[0].info["name"] = "fcc copper"
    write(tmp_path / "cells.extxyz", frames)
    named = crystals_of(str(tmp_path / "cells.extxyz"))
    assert [each.name for each in named] == ["fcc-copper", "NaCl", "Cu4"]
    assert [each.formula for each in named] == ["Cu", "ClNa", "Cu"]
    assert len({each.digest for each in named}) == 3
    frames[1].pbc = (True, True, False)
    write(tmp_path / "cells.extxyz", frames)
    with pytest.raises(UserError, match="frame 1: a material repeats in three directions"):
        crystals_of(str(tmp_path / "cells.extxyz"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ti-hpc", "is neither a file nor a phase of an element"),
        ("cells.extxyz", "is neither a file nor a phase of an element"),
        ("Xx-fcc", "is neither a file nor a phase of an element"),
        ("Ga-fcc", "the volume of Ga is not known; give a file"),
    ],
)
def test_what_is_no_crystal_is_one_sentence(text, words):
    with pytest.raises(UserError, match=words):
        crystals_of(text)


@pytest.fixture
def two_springs(monkeypatch, tmp_path):
    """Springs by their constants as names of potentials."""
    monkeypatch.setattr(module, "potential_from_name", lambda text, *_, **__: Springs(float(text)))
    monkeypatch.chdir(tmp_path)
    with threads_as_before():
        yield tmp_path


def wanted(**changes):
    options = {"properties": False, "quick": True, "materials": "Cu-fcc", **changes}
    return Wanted("2.2", "2.0", Path("out"), **options)


@pytest.mark.slow
def test_a_validation_tells_the_crystal_on_both_and_keeps_what_it_found(two_springs, monkeypatch):
    validate(wanted())
    whole = json.loads(Path("out/validation.json").read_text())
    piece = whole["materials"]["crystals"]["Cu-fcc"]
    rows = {row["quantity"]: row for row in piece["rows"]}
    assert rows["C11"]["potential"] == pytest.approx(1.1 * rows["C11"]["reference"], rel=1e-4)
    errors = {each["category"]: each["error"] for each in piece["scores"]}
    assert errors["lattice"] == pytest.approx(0, abs=1e-5)
    for category in ("elastic constants", "energies", "forces", "virials"):
        assert errors[category] == pytest.approx(0.1, rel=1e-3)  # all are k times what r gives
    assert errors["phonons"] == pytest.approx(np.sqrt(1.1) - 1, rel=1e-3)
    scored = [100 / (1 + errors[name] / HALF[name]) for name in errors]
    assert whole["materials"]["merit"] == pytest.approx(np.mean(scored))
    text = Path("out/report.md").read_text()
    assert f"Figure of merit **{whole['materials']['merit']:.1f}** of 100" in text
    assert "![material_Cu-fcc](material_Cu-fcc.png)" in text
    monkeypatch.setattr(module, "compared_material", None)
    validate(wanted())
    assert json.loads(Path("out/validation.json").read_text()) == whole


@pytest.mark.parametrize("fails", ["reference", "tested", None])
def test_what_one_potential_lacks_is_a_sentence_and_stops_nothing(springs, monkeypatch, fails):
    tested, reference = Springs(), Springs(3.0)

    def measured(potential, *_):
        if potential is {"reference": reference, "tested": tested}.get(fails):
            raise UserError("Cu-fcc: does not come to rest in 400 steps")
        return springs

    monkeypatch.setattr(compare, "material", measured)
    its = None if fails is None else reference
    pair = Comparison(tested, its, ("own", "its"))
    result = compare.compared_material(pair, copper(), True, lambda line: None)
    assert (result.scores, result.piece["merit"]) == ([], None)
    assert len(result.failures) == (fails is not None)
    assert bool(result.rows) == (result.figure is not None) == (fails != "tested")
    assert all(np.isnan(row.reference) for row in result.rows)


def test_phases_are_told_apart_by_their_energies():
    def piece(formula, at_rest, free):
        both = {"energy of an atom at rest": at_rest}
        both |= {"free energy of an atom above that at rest at 0 K": free} if free else {}
        rows = [{"quantity": q, "potential": p, "reference": r} for q, (p, r) in both.items()]
        return {"formula": formula, "rows": rows}

    crystals = {
        "Ti-hcp": piece("Ti", (-7.0, -8.0), (0.03, 0.04)),
        "TiAl": piece("AlTi", (-6.0, -6.0), None),
        "Ti-bcc": piece("Ti", (-6.9, -7.8), (0.02, None)),
        "Ti-omega": piece("Ti", (-6.8, -7.9), None),
    }
    rows = {row.quantity: (row.potential, row.reference) for row in compare.phases(crystals)}
    assert rows.keys() == {
        "Ti-bcc above Ti-hcp, at rest", "Ti-bcc above Ti-hcp, at 0 K",
        "Ti-omega above Ti-hcp, at rest",
    }  # fmt: skip
    assert rows["Ti-bcc above Ti-hcp, at rest"] == pytest.approx((0.1, 0.2))
    assert rows["Ti-bcc above Ti-hcp, at 0 K"] == pytest.approx((0.09, np.nan), nan_ok=True)


def test_without_the_libraries_one_sentence_says_what_to_install(two_springs, monkeypatch):
    monkeypatch.setattr(cells, "find_spec", lambda name: None if name == "phonopy" else name)
    with pytest.raises(UserError, match=r"needs phonopy: pip install 'surface-scatter\[materials"):
        validate(wanted())
