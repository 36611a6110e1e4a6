"""Facets of bcc, hcp and diamond crystals, and planes of any indices."""

import numpy as np
import pytest
from ase.build import bcc100, bcc110, bcc111, bulk, diamond100, fcc110, hcp0001, hcp10m10, surface
from pydantic import ValidationError
from scipy.spatial import KDTree

from scatter.analysis.sites import surface_cell
from scatter.facets import CRYSTALS, miller
from scatter.initial.crystals import ATOMS, NEIGHBOUR, crystal_of, measured
from scatter.initial.outermost import images, inside
from scatter.initial.planes import cleave
from scatter.initial.slab import build
from scatter.initial.surface import Surface

A, C = 3.2, 5.1
COORDINATION = {"fcc": 12, "bcc": 8, "hcp": 6, "diamond": 4}  # hcp: within a plane, c/a not ideal
ELEMENTS = {"fcc": "Cu", "bcc": "W", "hcp": "Ru", "diamond": "Si"}
PLANES = [
    *(("fcc", facet) for facet in ("310", "533", "1,-1,3", "112")),
    *(("bcc", facet) for facet in ("110", "100", "111", "310", "211", "21-1")),
    *(("hcp", facet) for facet in ("0001", "10-10", "11-20", "10-11", "11-22")),
    *(("diamond", facet) for facet in ("111", "100", "110", "311")),
]


def built(crystal, facet, size=(2, 3, 4), **keys):
    lattice = {"lattice_constant_A": A} | ({"c_over_a": C / A} if crystal == "hcp" else {})
    given = {"element": ELEMENTS[crystal], "facet": facet, "size": [*size], **lattice, **keys}
    surface = Surface(temperature_K=300, **given)
    return surface, *build(surface, facet, *surface.given_lattice(300))


def neighbours(system, positions, reach):
    """How many atoms each has within a distance, the cell going on sideways."""
    places = inside(positions, system.cell)
    tree = KDTree(images(places, system.cell, reach))
    return tree.query_ball_point(places, reach, return_length=True) - 1


@pytest.mark.parametrize(("crystal", "facet"), PLANES)
def test_the_middle_of_every_slab_is_the_bulk_crystal(crystal, facet):
    _, system, positions = built(crystal, facet, (2, 2, 6))
    counts = neighbours(system, positions, 1.02 * NEIGHBOUR[crystal] * A)
    if crystal == "hcp":
        near = np.sqrt(A**2 / 3 + C**2 / 4)  # of the six in the planes above and below
        counts = neighbours(system, positions, 1.02 * max(A, near)) - 6
    depth = np.abs(positions[:, 2] - positions[:, 2].max() / 2)
    assert (counts[depth < 1.5] == COORDINATION[crystal]).all()
    assert (depth < 1.5).any()


@pytest.mark.parametrize(("crystal", "facet"), PLANES)
def test_atoms_are_as_dense_in_a_slab_as_in_the_bulk(crystal, facet):
    """The volume of each atom, from the cell's area and the periodicity of the planes along z."""
    surface, system, positions = built(crystal, facet, (2, 3, 8))
    in_layer = surface.atoms_in_layer(facet)
    assert len(system) == 8 * in_layer
    rise = positions[in_layer * 6, 2] - positions[0, 2]  # of six layers, all kinds of planes
    volume = np.linalg.det(system.cell[:2, :2]) * rise / (6 * in_layer)
    whole = np.sqrt(0.75) * A * A * C if crystal == "hcp" else A**3
    assert volume == pytest.approx(whole / ATOMS[crystal])


@pytest.mark.parametrize(
    ("crystal", "facet", "builder"),
    [
        ("bcc", "110", bcc110),
        ("bcc", "100", bcc100),
        ("bcc", "111", bcc111),
        ("hcp", "0001", hcp0001),
    ],
)
def test_listed_facets_are_those_of_ase(crystal, facet, builder):
    _, system, positions = built(crystal, facet)
    lattice = {"a": A} | ({"c": C} if crystal == "hcp" else {})
    planes = 8 if facet == "111" else 4
    atoms = builder(ELEMENTS[crystal], (2, 3, planes), **lattice)
    atoms.positions[:, 2] -= atoms.positions[:, 2].min()
    assert positions == pytest.approx(atoms.positions, abs=1e-12)
    assert system.cell[:2] == pytest.approx(atoms.cell.array[:2], abs=1e-12)


def same_crystal(found, expected, cell):
    """Whether two slabs are one, but for a lateral translation, turn or lattice vector."""
    turns = [np.eye(3), np.diag([-1.0, -1.0, 1.0])]
    for turn, start in ((turn, other) for turn in turns for other in expected):
        moved = (found - found[0]) @ turn + start
        tree = KDTree(images(inside(expected, cell), cell, 0.5))
        if tree.query(inside(moved, cell))[0].max() < 1e-9:
            return True
    return False


@pytest.mark.parametrize(
    ("crystal", "facet", "atoms"),
    [
        ("diamond", "100", diamond100("Si", (2, 2, 8), a=A)),
        ("fcc", "1-10", fcc110("Cu", (2, 2, 8), a=A)),
    ],
)
def test_planes_without_a_name_agree_with_the_builders_of_ase_where_there_is_one(
    crystal, facet, atoms
):
    _, system, positions = built(crystal, facet, (2, 2, 4))
    assert len(system) == len(atoms)
    lengths = np.linalg.norm(system.cell[:2], axis=1)
    assert sorted(lengths) == pytest.approx(sorted(atoms.cell.lengths()[:2]))
    order = np.argsort(lengths)[::-1] if crystal == "fcc" else [0, 1]
    positions = positions[:, [*order, 2]] * ([1, -1, 1] if crystal == "fcc" else [1, 1, 1])
    expected = atoms.positions - [0, 0, atoms.positions[:, 2].min()]
    turned = expected[:, [1, 0, 2]] * [-1, 1, 1]
    cell = system.cell[np.ix_([*order, 2], [*order, 2])]
    assert any(same_crystal(positions, each, cell) for each in (expected, turned))


@pytest.mark.parametrize(("indices", "primitive"), [("310", (1, 3, 4)), ("533", (3, 4, 4))])
def test_planes_of_a_fcc_crystal_are_those_of_ase_surface_to_the_last_digit(indices, primitive):
    atoms = cleave("Cu", "fcc", miller(indices, "fcc"), (1, 1, 3), (A, 0.0))
    expected = surface(bulk("Cu", "fcc", a=A), primitive, len(atoms), periodic=True)
    assert atoms.positions[:, 2] == pytest.approx(np.sort(expected.positions[:, 2]), abs=1e-12)
    cell = atoms.cell.array + [[0, 0, 0], [0, 0, 0], [0, 0, 99.0]]
    first = expected.cell.array[0] @ np.linalg.inv(cell)
    if first[:2] == pytest.approx(np.round(first[:2]), abs=1e-9):  # not turned
        order = np.argsort(expected.positions[:, 2], kind="stable")
        moved = (atoms.positions - expected.positions[order]) @ np.linalg.inv(cell)
        assert moved == pytest.approx(np.round(moved), abs=1e-12)


def test_hexagonal_and_diamond_crystals_are_cut_where_planes_are_farthest_apart():
    _, _, silicon = built("diamond", "111")
    z = np.unique(silicon[:, 2].round(6))
    assert z[-1] - z[-2] == pytest.approx(A / np.sqrt(48), abs=1e-5)  # the two of a bilayer
    _, _, ruthenium = built("hcp", "10-10")
    z = np.unique(ruthenium[:, 2].round(6))
    assert z[-1] - z[-2] == pytest.approx(A * np.sqrt(0.75) / 3, abs=1e-5)
    of_ase = np.unique(hcp10m10("Ru", (2, 2, 4), a=A, c=C).positions[:, 2].round(6))
    assert of_ase[-1] - of_ase[-2] == pytest.approx(2 * A * np.sqrt(0.75) / 3, abs=1e-5)


@pytest.mark.parametrize(("crystal", "facet"), PLANES)
def test_whole_layers_are_frozen_and_the_first_vector_lies_along_x(crystal, facet):
    surface, system, positions = built(crystal, facet, (2, 2, 5), frozen_layers=2)
    assert (~system.moving).sum() == 2 * surface.atoms_in_layer(facet)
    assert positions[~system.moving, 2].max() < positions[system.moving, 2].min() + 1e-9
    assert system.cell[0, 1] == 0
    assert system.cell[0, 0] > 0
    lateral = system.cell[:2, :2]
    assert np.linalg.det(lateral) > 0
    assert positions[system.top, 2].min() > positions[~system.moving, 2].max()


@pytest.mark.parametrize("facet", ["110", "100"])
def test_the_top_of_a_flat_facet_is_its_uppermost_layer(facet):
    _, system, positions = built("bcc", facet)
    assert system.top.tolist() == [*range(len(system) - 6, len(system))]


@pytest.mark.parametrize(
    ("crystal", "facet"), [(c, f) for c in ("bcc", "hcp") for f in CRYSTALS[c]]
)
def test_sites_have_as_many_equal_neighbours_as_their_names_say(crystal, facet):
    _, system, positions = built(crystal, facet, (4, 4, 4))
    cell, known = surface_cell(facet, crystal, A), CRYSTALS[crystal][facet]
    number = {"top": 1, "bridge": 2, "long bridge": 2, "short bridge": 2, "fcc": 3, "hcp": 3,
              "hollow": 4 if facet == "100" else 3}  # fmt: skip
    top = positions[-16:]  # of the uppermost layer, in the ideal plane
    below = {"hcp": -17, "shallow hollow": -17, "deep hollow": -33}
    tree = KDTree(images(inside(top, system.cell), system.cell, 2 * A))
    for name, places in known.sites.items():
        for place in places:
            at = inside(
                np.append(np.array(place) @ cell, top[0, 2])[None] + [*top[0, :2], 0], system.cell
            )
            distances = np.sort(tree.query(at[0], 6)[0])
            if name in number:
                assert (np.isclose(distances, distances[0])).sum() == number[name]
            if name in below:
                layer = positions[below[name] - 15 : below[name] + 1]
                under = KDTree(images(inside(layer, system.cell), system.cell, 2 * A)[:, :2])
                assert under.query(at[0, :2])[0] < 1e-9


def test_the_crystal_of_an_element_is_that_of_its_reference_state_or_the_one_asked_for():
    assert [crystal_of(symbol) for symbol in ("W", "Cu", "Ru", "Si")] == [
        "bcc",
        "fcc",
        "hcp",
        "diamond",
    ]
    assert crystal_of("Fe", "fcc") == "fcc"
    assert measured("Cu", "fcc") == (3.61, 0.0)
    assert measured("Fe", "fcc")[0] ** 3 / 4 == pytest.approx(measured("Fe", "bcc")[0] ** 3 / 2)
    a, c = measured("Ti", "hcp")
    assert (a, c / a) == pytest.approx((2.95, 1.588))


def test_indices_are_written_one_digit_each_or_with_commas():
    assert miller("1-10", "fcc") == (1, -1, 0)
    assert miller("-1,0,12", "bcc") == (-1, 0, 12)
    assert miller("10-11", "hcp") == (1, 0, 1)
    with pytest.raises(ValueError, match="minus the sum of the first two, so here -2, not 1"):
        miller("1110", "hcp")


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"lattice_constant_A": 2.7}, "are both numbers .tables., or both"),
        ({"c_over_a": 1.6}, "are both numbers .tables., or both"),
        ({"lattice_constant_A": {"300": 2.7}, "c_over_a": {"400": 1.6}},
         "c_over_a has no entry for temperature_K = 300"),
        ({"facet": "111"}, "four indices"),
        ({"size": [99, 99, 99]}, "970,299 atoms on .0001."),
    ],
)  # fmt: skip
def test_half_a_lattice_of_a_hcp_crystal_is_refused(keys, sentence):
    with pytest.raises(ValidationError, match=sentence):
        Surface(**{"element": "Ru", "facet": "0001", "temperature_K": 300, **keys})
