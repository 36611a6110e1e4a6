"""Adsorbates on slabs that are built."""

import numpy as np
import pytest
from ase.data import covalent_radii
from pydantic import ValidationError

from scatter.initial.checks import inefficiency
from scatter.initial.covered import covered, feet, refuse_strayed
from scatter.initial.relax import relaxed
from scatter.initial.slab import build, slab_masses
from scatter.initial.surface import Surface, Thermalise
from scatter.initial.thermalise import thermalise
from scatter.potentials.base import Evaluator, Potential
from scatter.settings import UserError
from scatter.units import K

A = 3.6


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path))


def table(site="fcc", coverage=0.25, facet="111", element="Cu", size=(4, 4, 4), **keys):
    where = {"cells": keys.pop("cells")} if "cells" in keys else {"coverage": coverage}
    lying = keys.pop("adsorbates", {"species": "H", "site": site} | where)
    return Surface(
        element=element, facet=facet, size=[*size], temperature_K=300, lattice_constant_A=A,
        adsorbates=lying, **keys,
    )  # fmt: skip


def slab(seed=1, **keys):
    surface = table(**keys)
    facet = surface.facet[0]
    return surface, *covered(surface, facet, seed, A, *build(surface, facet, A))


class Springs(Potential):
    """Every atom on a spring to a place of its own."""

    elements, cutoff, identity, description = frozenset({1, 29}), 1.0, "springs", "springs"

    def __init__(self, sites, stiffness=6.0):
        self.sites, self.stiffness = sites, stiffness

    def bind(self, system, slots):
        return Bound(self, system)


class Bound(Evaluator):
    def __init__(self, potential, system):
        self.sites, self.stiffness = potential.sites, potential.stiffness
        self.moving = system.moving[:, None]

    def begin(self, slots, positions):
        return self(positions)

    def __call__(self, positions):
        stretch = (positions - self.sites) * self.moving
        return 0.5 * self.stiffness * (stretch**2).sum(axis=(1, 2)), -self.stiffness * stretch

    def keep(self, slots):
        raise AssertionError("no replica ends before the others")


def lateral(system, positions, atom):
    """Lateral distances (Å) of an atom from all images of every atom of the slab."""
    shifts = np.array(
        [i * system.cell[0] + j * system.cell[1] for i in (-1, 0, 1) for j in (-1, 0, 1)]
    )
    away = (
        positions[None, : -len(system.adsorbates), :2] + shifts[:, None, :2] - positions[atom, :2]
    )
    return np.linalg.norm(away, axis=-1).min(axis=0)


@pytest.mark.parametrize(("site", "layer"), [("top", 3), ("hcp", 2), ("fcc", 1)])
def test_adsorbates_lie_above_the_layer_that_their_site_is_named_for(site, layer):
    _, system, positions = slab(site=site)
    assert len(system.adsorbates) == 4
    for atom in system.adsorbates:
        below = np.flatnonzero(lateral(system, positions, atom) < 1e-9)
        assert layer in below // 16


def test_an_adsorbate_touches_the_slab_where_covalent_radii_do():
    for site in ("top", "bridge", "fcc"):
        _, system, positions = slab(site=site, coverage=0.0625 if site != "bridge" else 1 / 48)
        (atom,) = system.adsorbates
        rise = positions[atom, 2] - positions[:-1, 2]
        nearest = np.sqrt(lateral(system, positions, atom) ** 2 + rise**2).min()
        assert nearest == pytest.approx(covalent_radii[1] + covalent_radii[29])


def test_the_seed_alone_draws_the_arrangement_and_the_vacuum_is_above_it():
    first, again, other = (slab(seed=seed)[2] for seed in (1, 1, 2))
    assert (first == again).all()
    assert not (first == other).all()
    _, system, positions = slab(vacuum_A=20.0)
    assert system.cell[2, 2] - np.ptp(positions[:, 2]) == pytest.approx(20.0)
    assert (system.top < 64).all()


@pytest.mark.parametrize(
    ("species", "numbers", "above"),
    [("CO", [6, 8], 1), ("OH", [8, 1], 1), ("CH3", [6, 1, 1, 1], 0)],
)
def test_molecules_stand_on_the_atom_that_is_named_first(species, numbers, above):
    surface = table(adsorbates={"species": species, "site": "top", "coverage": 0.125})
    system, positions = covered(surface, "111", 1, A, *build(surface, "111", A))
    assert system.numbers[system.adsorbates].tolist() == 2 * numbers
    assert surface.adsorbed("111") == len(system.adsorbates)
    whole = positions[system.adsorbates].reshape(2, len(numbers), 3)
    radii = covalent_radii[numbers[0]] + covalent_radii[29]
    assert whole[:, 0, 2] - positions[:64, 2].max() == pytest.approx(np.full(2, radii))
    if above:
        assert (whole[:, 1, 2] - whole[:, 0, 2] > 0.9).all()
        assert whole[:, 1, :2] == pytest.approx(whole[:, 0, :2])
    lengths = np.linalg.norm(whole[:, 1:] - whole[:, :1], axis=-1)
    assert (lengths > 0.9).all()
    assert (lengths < 1.6).all()
    assert positions[system.adsorbates, 2].max() <= system.cell[2, 2] - surface.vacuum_A + 1e-9
    assert feet(surface, system).tolist() == system.adsorbates[:: len(numbers)].tolist()


def test_cells_are_occupied_as_they_are_listed():
    surface, system, positions = slab(cells=[[0, 0], [2, 1]])
    vectors = system.cell[:2, :2] / 4
    found = positions[system.adsorbates, :2] @ np.linalg.inv(vectors)
    assert found == pytest.approx(np.array([[0, 0], [2, 1]]) + 1 / 3)
    assert surface.adsorbed("111") == 2


def test_adsorbates_of_a_rigid_slab_do_not_move():
    assert slab()[1].moving[-4:].all()
    assert not slab(frozen_layers="all")[1].moving.any()


def test_the_height_is_where_no_force_is_left_and_places_stay():
    _, system, positions = slab()
    wells = positions + np.where(np.arange(len(positions)) >= 64, 1, 0)[:, None] * [0.2, 0.1, 0.3]
    free = np.zeros(len(system), bool)
    free[system.adsorbates] = True
    found = relaxed(system, positions, Springs(wells), free, system.adsorbates)
    assert found[:, :2] == pytest.approx(positions[:, :2], abs=1e-12)
    assert found[-4:, 2] == pytest.approx(wells[-4:, 2], abs=1e-4)
    assert (found[:-4] == positions[:-4]).all()


def test_an_adsorbate_that_relaxes_to_another_site_is_refused():
    surface, system, positions = slab(coverage=0.0625)
    refuse_strayed(surface, "111", A, system, positions + [0.2, 0.1, 0.0])
    strayed = positions.copy()
    strayed[-1, :2] += (system.cell[0, :2] + system.cell[1, :2]) / 4 / 3
    with pytest.raises(UserError, match="site = 'fcc': .* atom 64 .H. goes to a hcp site of .111."):
        refuse_strayed(surface, "111", A, system, strayed)


def test_adsorbates_have_the_kinetic_energy_of_their_temperature():
    _, system, positions = slab(size=(2, 2, 2), coverage=0.5, frozen_layers=1)
    quick = Thermalise(timestep_fs=1, friction_per_fs=0.05, equilibrate_fs=200,
                       decorrelate_fs=60, replicas=32, snapshots=640)  # fmt: skip
    springs = Springs(positions)
    made = thermalise(system, positions, springs, 300.0, quick, 5, 1, range(32))
    mine = system.adsorbates
    kinetic = made.momenta[:, mine] ** 2 / slab_masses(system)[mine, None]
    series = kinetic.mean(axis=(1, 2))
    error = np.sqrt(2 * inefficiency(series, made.replica) / kinetic.size)
    assert abs(series.mean() / (300 * K) - 1) < 4 * error
    assert error < 0.03


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"coverage": 0.3}, "0.3 of the 16 fcc sites of the cell is 4.8 atoms; give 0.2500 for 4"),
        ({"coverage": 0.01}, "give 0.0625 for 1"),
        ({"site": "hollow"}, "'hollow': fcc.111. has top, bridge, fcc, hcp; choose one"),
        ({"facet": "310"}, "fcc.310. has no sites with names"),
        ({"cells": [[0, 4]]}, r"cells: \[0, 4\] lies outside of size"),
        ({"cells": [[0, 1], [0, 1]]}, "names a cell twice"),
        ({"facet": ["111", "100"]}, "'fcc': fcc.100. has top, bridge, hollow"),
    ],
)
def test_what_cannot_be_covered_is_refused(keys, sentence):
    with pytest.raises(ValidationError, match=sentence):
        table(**keys)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"site": "fcc"}, "species is missing, but site applies to adsorbates only"),
        ({"species": "Co2", "site": "top", "coverage": 1.0}, "'Co2' is neither a chemical symbol"),
        ({"species": "OD", "site": "top", "coverage": 1.0}, "D is an isotope; a file can"),
        ({"species": "H", "coverage": 1.0}, "site is missing; say where H is adsorbed"),
        ({"species": "H", "site": "top"}, "either coverage, or the cells"),
        ({"species": "H", "site": "top", "coverage": 1.0, "cells": [[0, 0]]}, "either coverage"),
    ],
)
def test_half_an_adsorbate_is_refused(keys, sentence):
    with pytest.raises(ValidationError, match=sentence):
        Surface(temperature_K=300, adsorbates=keys)
    with pytest.raises(ValidationError, match="has its own adsorbates"):
        Surface(file="x.xyz", temperature_K=300,
                adsorbates={"species": "H", "site": "top", "coverage": 1.0})  # fmt: skip
