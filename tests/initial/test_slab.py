from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.constraints import FixAtoms
from ase.io import write
from pydantic import ValidationError

from scatter.initial.slab import build, clear_height, layers, nearest_neighbour, slab_masses
from scatter.initial.surface import Surface
from scatter.settings import UserError

A = 3.66
SIZES = {"111": [3, 3, 6], "100": [3, 3, 6], "110": [3, 3, 6], "211": [3, 4, 6]}
SPACINGS = {"111": A / sqrt(3), "100": A / 2, "110": A / sqrt(8), "211": A / sqrt(24)}
REFERENCE = Path(__file__).parents[3] / "shared/reference/h2cu/slabs"


def ideal(facet, **changes):
    surface = Surface(facet=facet, temperature_K=300, **{"size": SIZES[facet], **changes})
    return build(surface, facet, A)


def reference(facet):
    """Lattice vectors, positions and frozen atoms of a reference slab (FHI-aims geometry)."""
    name = f"cu{facet}_3_66{'_3x4' if facet == '211' else ''}.in"
    cell, positions, frozen = [], [], []
    for word, *rest in (line.split() for line in (REFERENCE / name).read_text().splitlines()):
        if word == "lattice_vector":
            cell.append([float(x) for x in rest])
        elif word == "atom":
            positions.append([float(x) for x in rest[:3]])
        elif word == "constrain_relaxation":
            frozen.append(len(positions) - 1)
    return np.array(cell), np.array(positions), frozen


def by_place(positions):
    return positions[np.lexsort(positions.round(4).T + 0.0)]


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference slabs are not here")
@pytest.mark.parametrize("facet", SIZES)
def test_slabs_are_those_of_the_reference_study(facet):
    cell, positions, frozen = reference(facet)
    system, found = ideal(facet)
    assert system.cell == pytest.approx(cell, abs=1e-9)
    assert by_place(found) == pytest.approx(by_place(positions), abs=1e-9)
    assert by_place(found[~system.moving]) == pytest.approx(by_place(positions[frozen]), abs=1e-9)


@pytest.mark.parametrize("facet", SIZES)
def test_facets_are_cut_from_one_fcc_crystal(facet):
    system, positions = ideal(facet)
    n1, n2, deep = SIZES[facet]
    assert len(system) == n1 * n2 * deep
    assert nearest_neighbour(system, positions) == pytest.approx(A / sqrt(2), abs=1e-9)
    heights = [positions[layer, 2].mean() for layer in layers(positions)]
    assert np.diff(heights) == pytest.approx(SPACINGS[facet], abs=1e-9)
    area = np.linalg.det(system.cell[:2, :2])
    rows = 3 if facet == "211" else 1
    assert area * rows * SPACINGS[facet] == pytest.approx(n1 * n2 * A**3 / 4)


@pytest.mark.parametrize("facet", SIZES)
def test_the_lowest_layers_are_frozen_and_the_uppermost_is_the_top(facet):
    system, positions = ideal(facet, frozen_layers=2)
    in_layer = len(system) // 6
    assert (~system.moving).sum() == 2 * in_layer
    assert positions[~system.moving, 2].max() < positions[system.moving, 2].min()
    assert len(system.top) == in_layer
    others = np.delete(positions, system.top, axis=0)
    assert positions[system.top, 2].min() > others[:, 2].max() + 0.5


def test_the_top_plane_of_a_stepped_surface_lies_one_row_below_its_edge():
    system, positions = ideal("211")
    below = positions[:, 2].max() - positions[system.top, 2].mean()
    assert below == pytest.approx(A / sqrt(24))


def test_a_wider_stepped_surface_has_the_same_layers():
    system, positions = ideal("211", size=[6, 2, 5])
    assert len(layers(positions)) == 15
    assert len(system.top) == 12
    assert (~system.moving).sum() == 24
    assert nearest_neighbour(system, positions) == pytest.approx(A / sqrt(2), abs=1e-9)


def test_the_clear_height_is_the_vacuum_above_a_flat_surface():
    system, positions = ideal("111", vacuum_A=17.5)
    assert clear_height(system, positions) == pytest.approx(17.5)


def test_slab_atoms_have_their_standard_weights():
    assert slab_masses(ideal("100")[0]) == pytest.approx(63.546)


def slab_file(folder, **changes):
    system, positions = ideal("100", vacuum_A=20.0)
    atoms = Atoms(system.numbers, positions + [0, 0, 3.0], cell=system.cell, **changes)
    write(folder / "mine.xyz", atoms, format="extxyz")
    return Surface(file=str(folder / "mine.xyz"), temperature_K=300)


def test_a_slab_from_a_file_is_the_slab_that_was_written(tmp_path):
    system, positions = build(slab_file(tmp_path), "mine", None)
    built, expected = ideal("100", vacuum_A=20.0)
    assert positions == pytest.approx(expected, abs=1e-7)
    assert system.cell == pytest.approx(built.cell)
    assert (system.moving == built.moving).all()
    assert (system.top == built.top).all()
    assert system.pbc == built.pbc


def test_a_slab_from_a_file_keeps_the_atoms_that_it_fixes(tmp_path):
    system, _ = build(slab_file(tmp_path, constraint=FixAtoms([0, 3, 53])), "mine", None)
    assert np.flatnonzero(~system.moving).tolist() == [0, 3, 53]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"constraint": FixAtoms(range(54))}, "all its atoms are frozen"),
        ({"cell": np.eye(3) + np.diag([9, 9, 30]) + np.eye(3, k=2)}, "must lie in the xy plane"),
        ({"cell": np.diag([8.0, 8.0, -30.0])}, "third along z"),
        ({"cell": np.zeros((3, 3))}, "not a slab's"),
    ],
)
def test_what_is_no_slab_is_refused(tmp_path, changes, sentence):
    system, positions = ideal("100")
    atoms = Atoms(system.numbers, positions, **{"cell": system.cell, **changes})
    write(tmp_path / "bad.xyz", atoms, format="extxyz")
    with pytest.raises(UserError, match=sentence):
        build(Surface(file=str(tmp_path / "bad.xyz"), temperature_K=300), "bad", None)


def test_a_file_of_too_few_layers_or_none_at_all_is_refused(tmp_path):
    surface = slab_file(tmp_path)
    with pytest.raises(UserError, match="leaves none of its 6 layers"):
        build(surface.model_copy(update={"frozen_layers": 6}), "mine", None)
    with pytest.raises(UserError, match="absent.xyz: there is no such file"):
        build(surface.model_copy(update={"file": str(tmp_path / "absent.xyz")}), "absent", None)


def test_systems_are_the_product_of_facets_and_temperatures():
    surface = Surface(facet=["111", "100"], temperature_K=[300, 925], lattice_constant_A=A)
    assert surface.systems == [("111", 300), ("111", 925), ("100", 300), ("100", 925)]
    assert Surface(file="a/step.xyz", temperature_K=300).systems == [("step", 300)]


def test_the_lattice_constant_is_looked_up_by_temperature():
    table = {"300": 3.66, "925.0": 3.71}
    surface = Surface(temperature_K=[300, 925], lattice_constant_A=table)
    assert [surface.given_lattice(kelvin)[0] for kelvin in (300, 925)] == [3.66, 3.71]
    assert Surface(temperature_K=300, lattice_constant_A=3.6).given_lattice(300) == (3.6, None)
    assert Surface(temperature_K=300).given_lattice(300) is None


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("element", "Qq", "not a chemical symbol"),
        ("facet", "11", "'11' is not a plane of a fcc crystal, which has three indices"),
        ("facet", "11-1-1", "which has three indices h k l, such as"),
        ("facet", "1,1", "is not a plane"),
        ("facet", "222", "names no plane: its indices share the factor 2"),
        ("facet", "000", "names no plane: its indices are all 0"),
        ("structure", "cubic", "'fcc', 'bcc', 'hcp' or 'diamond'"),
        ("structure", "hcp", "'111' is not a plane of a hcp crystal, which has four indices"),
        ("element", "Mn", "no crystal that is built .cubic.; choose one of fcc, bcc"),
        ("c_over_a", 1.6, "c_over_a applies to hcp crystals only, and Cu is fcc"),
        ("facet", [], "at least 1 item"),
        ("facet", ["111", "111"], "names a slab twice"),
        ("size", [3, 3], "at least 3 items"),
        ("size", [3, 3, 0], "greater than 0"),
        ("frozen_layers", 6, "leaves none of the 6 layers"),
        ("frozen_layers", 0, "greater than 0"),
        ("frozen_layers", True, "valid integer"),
        ("frozen_layers", "some", "should be 'all'"),
        ("temperature_K", -1, "greater than or equal to 0"),
        ("temperature_K", "300", "valid number"),
        ("temperature_K", float("inf"), "finite number"),
        ("temperature_K", [300, 300], "names a slab twice"),
        ("lattice_constant_A", "automatic", "should be 'auto'"),
        ("lattice_constant_A", -3.6, "greater than 0"),
        ("lattice_constant_A", {"600": 3.68}, "no entry for temperature_K = 300; it has 600"),
        ("lattice_constant_A", {"warm": 3.68}, "'warm' is not a temperature"),
        ("vacuum_A", float("nan"), "finite number"),
        ("file", "slab.xyz", "already says what facet would say"),
        ("frozen", 2, "Extra inputs"),
        ("thermalise", {"timestep_fs": 0}, "greater than 0"),
        ("thermalise", {"friction_per_fs": 1.0}, "must not exceed 1"),
        ("thermalise", {"decorrelate_fs": 1.0}, "shorter than timestep_fs"),
        ("thermalise", {"equilibrate_fs": -1}, "greater than or equal to 0"),
        ("thermalise", {"replicas": 1.5}, "valid integer"),
        ("thermalise", {"snapshots": 0}, "greater than 0"),
    ],
)
def test_a_bad_value_is_refused_with_its_rule(key, value, sentence):
    with pytest.raises(ValidationError, match=sentence):
        Surface(**{"facet": "111", "temperature_K": 300, key: value})


def test_a_stepped_surface_needs_whole_terraces():
    with pytest.raises(ValidationError, match="multiple of 3"):
        Surface(facet=["111", "211"], size=[4, 4, 6], temperature_K=300)


def test_terraces_descend_along_x_from_the_edge():
    _, positions = ideal("211")
    edge, terrace, foot = (positions[row] for row in layers(positions)[:-4:-1])
    steps = [terrace[0, 0] - edge[0, 0], foot[0, 0] - terrace[0, 0]]
    assert steps == pytest.approx([A / sqrt(3), A / sqrt(3)])
