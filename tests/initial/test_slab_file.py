"""Slabs that others made: what their files say is obeyed, or refused by name."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import add_adsorbate, fcc111, fcc211, surface
from ase.constraints import FixAtoms, FixCartesian
from ase.io import write
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import booleans, floats, integers, sampled_from

from scatter.initial.slab import build, clear_height, described, slab_masses
from scatter.initial.surface import Surface
from scatter.settings import UserError

A = 3.65


def copper(size=(2, 2, 4), vacuum=40.0):
    atoms = fcc111("Cu", size, a=A)
    atoms.cell[2] = [0, 0, np.ptp(atoms.positions[:, 2]) + vacuum]
    atoms.pbc = True
    return atoms


def read(folder, atoms, name="slab.extxyz", format="extxyz", **keys):
    atoms = atoms.copy()
    atoms.info.clear()  # of ase.build, which cannot be written
    write(folder / name, atoms, format=format)
    return build(Surface(file=str(folder / name), temperature_K=300, **keys), "slab", None)


def held(system):
    return np.flatnonzero(~system.moving).tolist()


# What is held


@pytest.mark.parametrize("layers", [1, 3])
def test_atoms_held_along_all_three_axes_are_held(tmp_path, layers):
    atoms = copper()
    low = range(4 * layers)
    atoms.set_constraint([FixCartesian(i, (True, True, True)) for i in low])
    assert held(read(tmp_path, atoms)[0]) == list(low)
    atoms.set_constraint(FixAtoms(low))
    assert held(read(tmp_path, atoms)[0]) == list(low)
    assert held(read(tmp_path, atoms, "POSCAR", "vasp")[0]) == list(low)


def test_two_kinds_of_constraint_add_up(tmp_path):
    atoms = copper()
    atoms.set_constraint([FixAtoms([0, 1]), FixCartesian(5, (True, True, True))])
    assert held(read(tmp_path, atoms)[0]) == [0, 1, 5]


@pytest.mark.parametrize(("name", "format"), [("slab.xyz", "extxyz"), ("POSCAR", "vasp")])
def test_an_atom_held_along_some_axes_is_refused_by_name(tmp_path, name, format):
    atoms = copper()
    if format == "vasp":
        write(tmp_path / name, atoms, format=format)
        select(tmp_path / name, ["T T F"] * 4 + ["F F F"] * 4 + ["T T T"] * 8)
        with pytest.raises(UserError, match=r"atom 0 \(Cu.*held along 1 of three.*FixScaled"):
            build(Surface(file=str(tmp_path / name), temperature_K=300), "slab", None)
        return
    atoms.set_constraint([FixCartesian(i, (False, False, True)) for i in range(4)])
    with pytest.raises(UserError, match=r"atom 0 \(Cu.*and 3 more are held.*FixCartesian"):
        read(tmp_path, atoms, name, format)


def select(path, flags):
    """Write flags of selective dynamics behind the places of a POSCAR."""
    lines = path.read_text().splitlines()
    first = 8 if lines[7].strip().lower()[0] in "cd" else 9
    head = [*lines[:7], "Selective dynamics", lines[first - 1]]
    rows = [
        " ".join([*line.split()[:3], flag]) for line, flag in zip(lines[first:], flags, strict=True)
    ]
    path.write_text("\n".join([*head, *rows]) + "\n")


@pytest.mark.parametrize("no", ["F F F", "f f f", ".FALSE. .FALSE. .FALSE.", ".F. F false"])
@pytest.mark.parametrize("yes", ["T T T", "t t t", ".TRUE. .TRUE. .TRUE."])
def test_flags_of_selective_dynamics_are_read_as_vasp_reads_them(tmp_path, no, yes):
    write(tmp_path / "POSCAR", copper(), format="vasp")
    select(tmp_path / "POSCAR", [no] * 6 + [yes] * 10)
    system, _ = build(Surface(file=str(tmp_path / "POSCAR"), temperature_K=300), "x", None)
    assert held(system) == [0, 1, 2, 3, 4, 5]


def test_flags_that_are_none_are_refused(tmp_path):
    write(tmp_path / "POSCAR", copper(), format="vasp")
    select(tmp_path / "POSCAR", ["F F"] + ["T T T"] * 15)
    with pytest.raises(UserError, match="line 10: .* needs three flags"):
        build(Surface(file=str(tmp_path / "POSCAR"), temperature_K=300), "x", None)


@pytest.mark.parametrize(
    ("column", "sentence"),
    [("frozen:L:1", "its column 'frozen'"), ("move_mask:S:1", "move_mask:S:1 is not a mask"),
     ("move_mask:L:2", "move_mask:L:2 is not a mask")],
)  # fmt: skip
def test_marks_that_would_be_left_alone_are_refused(tmp_path, column, sentence):
    lines = ["2", f'Lattice="3 0 0 0 3 0 0 0 40" Properties=species:S:1:pos:R:3:{column}']
    lines += ["Cu 0 0 0 T T", "Cu 0 0 2 T T"]
    (tmp_path / "slab.xyz").write_text("\n".join(lines) + "\n")
    with pytest.raises(UserError, match=sentence):
        build(Surface(file=str(tmp_path / "slab.xyz"), temperature_K=300), "x", None)


def test_frozen_layers_beside_held_atoms_are_refused(tmp_path):
    atoms = copper()
    atoms.set_constraint(FixAtoms(range(8)))
    with pytest.raises(UserError, match="holds 8 atoms itself, and frozen_layers = 1"):
        read(tmp_path, atoms, frozen_layers=1)


# Masses


def test_masses_of_the_file_are_used(tmp_path):
    atoms = copper()
    add_adsorbate(atoms, "H", 0.95, "fcc")
    masses = atoms.get_masses()
    masses[-1] = 2.014
    atoms.set_masses(masses)
    system, _ = read(tmp_path, atoms)
    assert slab_masses(system) == pytest.approx(masses)
    assert slab_masses(system)[-1] == 2.014


@pytest.mark.parametrize("mass", [0.0, -1.0, np.nan, 1.008, 63546.0, 1e-25])
def test_a_mass_that_no_isotope_has_is_refused(tmp_path, mass):
    atoms = copper()
    masses = atoms.get_masses()
    masses[3] = mass
    atoms.set_masses(masses)
    with pytest.raises(UserError, match=r"masses gives atom 3 \(Cu"):
        read(tmp_path, atoms)


# Where the top plane is


@pytest.mark.parametrize("facet", ["111", "100", "110", "211"])
def test_a_slab_that_is_built_and_one_that_is_read_have_the_same_heights(tmp_path, facet):
    size = [3, 4, 4] if facet == "211" else [3, 3, 5]
    system, positions = build(Surface(facet=facet, size=size, temperature_K=300), facet, A)
    atoms = Atoms(system.numbers, positions, cell=system.cell, pbc=True)
    order = np.random.default_rng(0).permutation(len(atoms))
    found, places = read(tmp_path, atoms[order])
    assert sorted(order[found.top]) == system.top.tolist()
    assert sorted(order[held(found)]) == held(system)
    assert found.top_plane(places) == pytest.approx(system.top_plane(positions), abs=1e-7)


@pytest.mark.parametrize("indices", [(7, 5, 5), (9, 7, 7), (5, 3, 3), (3, 1, 1)])
def test_the_top_of_a_stepped_slab_is_its_terraces_from_edge_to_foot(tmp_path, indices):
    rows = indices[0] - 1  # the uppermost, whose atoms all lack neighbours above
    atoms = surface("Cu", indices, 3 * rows, vacuum=20)
    system, positions = read(tmp_path, atoms)
    z = np.unique(positions[:, 2].round(3))[::-1]
    expected = z[:rows] if indices != (3, 1, 1) else z[:2]
    assert sorted(set(positions[system.top, 2].round(3)))[::-1] == pytest.approx(expected)
    assert system.top_plane(positions) > positions[:, 2].max() - 1.1  # half a layer of (111)


@settings(deadline=None, max_examples=15)
@given(seed=integers(0, 10**6), rms=floats(0, 0.25))
def test_a_rattled_flat_slab_has_its_uppermost_layer_on_top(seed, rms):
    from scatter.initial.outermost import outermost

    atoms = fcc111("Cu", (3, 3, 4), a=A, vacuum=10)
    shift = np.random.default_rng(seed).normal(0, rms / np.sqrt(3), atoms.positions.shape)
    assert outermost(atoms.positions + shift, atoms.cell.array).tolist() == list(range(27, 36))


def test_an_atom_of_the_metal_on_the_surface_is_part_of_it_and_a_pit_is_none(tmp_path):
    atoms = copper((3, 3, 4))
    rough = atoms.copy()
    add_adsorbate(rough, "Cu", 2.1, "fcc")
    assert read(tmp_path, rough)[0].top.tolist() == [*range(27, 37)]
    del atoms[31]  # a vacancy: the three atoms below are not laid open
    assert read(tmp_path, atoms)[0].top.tolist() == [*range(27, 35)]


def test_foreign_metal_atoms_belong_to_the_substrate_and_nonmetals_lie_on_it(tmp_path):
    atoms = copper((3, 3, 4))
    atoms.symbols[30] = "Pd"
    for species, place in (("H", "fcc"), ("O", "hcp"), ("K", "ontop")):
        add_adsorbate(atoms, species, {"K": 2.9}.get(species, 1.0), place)
    system, positions = read(tmp_path, atoms)
    assert system.top.tolist() == list(range(27, 36))
    assert system.adsorbates.tolist() == [36, 37, 38]
    words = described(system, positions)
    assert "35 Cu 1 Pd" in words.replace("  ", " ") or "1 Pd" in words
    assert "adsorbates 1 H 1 O 1 K" in words
    assert "mean of atoms 27-35" in words


def test_what_makes_up_the_inside_is_substrate_even_if_no_metal(tmp_path):
    from ase.build import bulk

    oxide = surface(bulk("MgO", "rocksalt", a=4.21, cubic=True), (1, 0, 0), 2, vacuum=20)
    system, positions = read(tmp_path, oxide.repeat((2, 2, 1)))
    assert len(system.adsorbates) == 0
    assert set(system.numbers[system.top]) == {8, 12}


def test_a_few_dissolved_atoms_do_not_make_their_element_part_of_the_substrate(tmp_path):
    atoms = copper((3, 3, 4))
    hole = (atoms.positions[9] + atoms.positions[18]) / 2  # between the second layer and the third
    atoms += Atoms("H", [hole + [0.8, 0.8, 0]])
    add_adsorbate(atoms, "H", 0.95, "fcc")
    system, _ = read(tmp_path, atoms)
    assert system.adsorbates.tolist() == [36, 37]
    assert system.top.tolist() == list(range(27, 36))


def test_the_elements_of_the_substrate_can_be_named(tmp_path):
    atoms = copper((2, 2, 4))
    atoms.symbols[12:] = "Ag"
    system, _ = read(tmp_path, atoms, substrate=["Cu"])
    assert system.top.tolist() == [8, 9, 10, 11]
    with pytest.raises(UserError, match=r"no atom of these elements; it has 12 Cu 4 Ag"):
        read(tmp_path, atoms, substrate=["Au"])


def test_the_top_plane_can_be_given(tmp_path):
    atoms = copper()
    system, positions = read(tmp_path, atoms, top_atoms=[8, 9])
    assert system.top_plane(positions) == pytest.approx(positions[8, 2])
    system, positions = read(tmp_path, atoms, top_A=7.5)
    assert system.top_plane(positions) == pytest.approx(7.5)
    assert system.top.tolist() == [12, 13, 14, 15]
    moved = positions + [0, 0, 0.3]
    assert system.top_plane(moved) == pytest.approx(7.8)
    with pytest.raises(UserError, match="top_atoms names atom 16, and the slab has 16"):
        read(tmp_path, atoms, top_atoms=[16])


# The cell


def test_a_slab_across_the_edge_of_its_cell_is_put_together(tmp_path):
    atoms = copper()
    _, expected = read(tmp_path, atoms)
    for shift in (-0.001, -3.0, 21.0):
        wrapped = atoms.copy()
        wrapped.positions[:, 2] += shift
        wrapped.wrap()
        _, positions = read(tmp_path, wrapped, "POSCAR", "vasp")
        assert positions[:, 2] == pytest.approx(expected[:, 2], abs=1e-6)


def test_a_leaning_third_vector_is_made_upright(tmp_path):
    atoms = copper()
    system, expected = read(tmp_path, atoms)
    leaning = atoms.copy()
    leaning.set_cell(atoms.cell.array + [[0, 0, 0], [0, 0, 0], [1.3, -0.7, 0]])
    leaning.positions[:, 2] -= 3.0
    leaning.wrap()
    found, positions = read(tmp_path, leaning)
    assert found.cell == pytest.approx(system.cell)
    apart = (positions - expected)[:, :2] @ np.linalg.inv(system.cell[:2, :2])
    apart -= apart[0]  # the whole slab may have moved along the surface, by whole repeats
    assert apart == pytest.approx(apart.round(), abs=1e-6)
    assert positions[:, 2] == pytest.approx(expected[:, 2], abs=1e-6)


def test_the_vacuum_of_a_file_can_be_widened(tmp_path):
    atoms = copper(vacuum=12.0)
    assert clear_height(*read(tmp_path, atoms)) == pytest.approx(12.0)
    assert clear_height(*read(tmp_path, atoms, vacuum_A=33.0)) == pytest.approx(33.0)


@pytest.mark.parametrize("axis", [0, 1])
def test_vacuum_along_the_surface_is_refused_in_plain_words(tmp_path, axis):
    atoms = copper()
    cell = atoms.cell.array
    cell[axis] *= 3
    atoms.set_cell(cell)
    with pytest.raises(UserError, match=f"empty along the {['first', 'second'][axis]} lattice"):
        read(tmp_path, atoms)


def test_a_molecule_left_in_the_vacuum_is_refused_in_plain_words(tmp_path):
    atoms = copper() + Atoms("H2", [[0, 0, 14.0], [0, 0, 14.75]])
    with pytest.raises(UserError, match=r"atoms 16 \(H\), 17 \(H\) .*hang in the vacuum, 7.7 Å"):
        read(tmp_path, atoms)


def test_an_atom_that_was_written_at_both_edges_of_the_cell_is_refused(tmp_path):
    atoms = copper()
    atoms += Atoms("Cu", [atoms.positions[12] + atoms.cell[0]])
    with pytest.raises(UserError, match="atoms 12 and 16 .* stand at one place"):
        read(tmp_path, atoms)


def test_a_cell_without_its_third_vector_is_told_so(tmp_path):
    with pytest.raises(UserError, match="its third lattice vector is missing"):
        read(tmp_path, fcc111("Cu", (2, 2, 4), a=A))


# Elements


@pytest.mark.parametrize("word", ["cu", "CU", "Cu_pv", "Cu/6a2f546d"])
def test_an_element_of_a_poscar_is_understood_however_it_is_written(tmp_path, word):
    write(tmp_path / "POSCAR", copper(), format="vasp")
    lines = (tmp_path / "POSCAR").read_text().splitlines()
    lines[5] = word
    (tmp_path / "POSCAR").write_text("\n".join(lines) + "\n")
    system, _ = build(Surface(file=str(tmp_path / "POSCAR"), temperature_K=300), "x", None)
    assert set(system.numbers) == {29}


@pytest.mark.parametrize("comment", ["slab", "CO on Pd(111)", "Cu111 relaxed"])
def test_elements_that_are_missing_are_not_guessed_from_a_comment(tmp_path, comment):
    write(tmp_path / "POSCAR", copper(), format="vasp")
    lines = (tmp_path / "POSCAR").read_text().splitlines()
    (tmp_path / "POSCAR").write_text("\n".join([comment, *lines[1:5], *lines[6:]]) + "\n")
    with pytest.raises(UserError, match="its sixth line .* should name the elements"):
        build(Surface(file=str(tmp_path / "POSCAR"), temperature_K=300), "x", None)


@pytest.mark.parametrize(("element", "crystal"), [("Mn", "cubic"), ("In", "bct"), ("H", "diatom")])
def test_what_has_no_crystal_that_is_built_is_not_built_as_another(element, crystal):
    with pytest.raises(
        ValueError, match=rf"'{element}' has no crystal that is built \({crystal}\)"
    ):
        Surface(element=element, temperature_K=300)


# All of it together


@st.composite
def odd_slabs(draw):
    """A slab as somebody may have it, and the same as it was made."""
    atoms = draw(sampled_from([copper((2, 2, 4)), copper((3, 2, 3)), stepped()])).copy()
    rng = np.random.default_rng(draw(integers(0, 10**6)))
    atoms.positions += rng.normal(0, 0.03, atoms.positions.shape)
    if draw(booleans()):
        for symbol in draw(sampled_from([["H"], ["O", "H"], ["C", "O"]])):
            place = atoms.positions[atoms.positions[:, 2].argmax()] + [0.3, 0.4, 1.1]
            atoms += Atoms(symbol, [place])
    fixed = rng.random(len(atoms)) < 0.3
    fixed[0], fixed[1] = True, False
    masses = atoms.get_masses()
    if draw(booleans()):
        masses[atoms.numbers == 1] = 2.014
        masses[3] = 64.93
        atoms.set_masses(masses)
    cartesian = draw(booleans())
    order = rng.permutation(len(atoms))
    file = atoms[order]
    file.positions[:, 2] += draw(floats(-20, 20))
    if draw(booleans()):
        file.wrap()
    where = np.flatnonzero(fixed[order])
    file.set_constraint(
        [FixCartesian(i, (True, True, True)) for i in where] if cartesian else FixAtoms(where)
    )
    return atoms, file, fixed, masses, order


def stepped():
    atoms = surface("Cu", (5, 3, 3), 8, vacuum=20)
    atoms.pbc = True
    return atoms


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(slab=odd_slabs())
def test_the_same_slab_is_found_however_its_file_was_written(slab, tmp_path_factory):
    atoms, file, fixed, masses, order = slab
    folder = tmp_path_factory.mktemp("odd")
    system, positions = read(folder, file)
    plain, places = read(folder, atoms, "plain.extxyz")
    assert held(system) == sorted(np.flatnonzero(fixed[order]))
    assert slab_masses(system) == pytest.approx(masses[order])
    assert sorted(order[system.top]) == plain.top.tolist()
    assert sorted(order[system.adsorbates]) == plain.adsorbates.tolist()
    assert positions[:, 2] == pytest.approx(places[order, 2], abs=1e-6)
    assert system.top_plane(positions) == pytest.approx(plain.top_plane(places), abs=1e-6)
    apart = (positions - places[order])[:, :2] @ np.linalg.inv(plain.cell[:2, :2])
    assert apart - apart.round() == pytest.approx(0, abs=1e-6)  # whole repeats only
    assert clear_height(system, positions) == pytest.approx(clear_height(plain, places), abs=1e-6)


def test_a_slab_of_211_that_ase_made_stands_as_the_one_that_is_built(tmp_path):
    atoms = fcc211("Cu", (3, 4, 4), a=A, vacuum=20)
    system, positions = read(tmp_path, atoms)
    z = positions[:, 2].max() - positions[system.top, 2]
    assert len(system.top) == 12
    assert z.mean() == pytest.approx(A / np.sqrt(24))
