"""Shapes of molecules alone, to learn from."""

from dataclasses import dataclass

import numpy as np
import pytest
from ase.data import covalent_radii
from bonded_molecules import Bonded, carbon_dioxide, methane, water

from scatter.ace.fitting.recipe import Recipe, most_of
from scatter.dynamics.stop import Stop
from scatter.fitting.alone import BEYOND, COMPRESSED, shapes
from scatter.initial.molecule import Molecule
from scatter.potentials.analytic import Analytic
from scatter.units import ISOTOPES, hbar


@dataclass(frozen=True)
class Tables:
    """The tables of an input that shapes depend on."""

    molecule: Molecule
    stop: Stop


def shapes_of(formula, potential, number, seed=0, **stop):
    state = {"v": 0, "j": 0} if formula[0] == "H2" else {}
    tables = Tables(Molecule(formula=formula, **state), Stop(**stop))
    return [*shapes(tables, potential, number, np.random.default_rng(seed))]


def distances(x):
    return np.linalg.norm(x[:, None] - x[None], axis=-1)


def test_an_atom_has_one_shape():
    [(numbers, x, name)] = shapes_of(["H", "D"], Bonded({}, {}), 9)
    assert (numbers, name) == ((1,), "molecule-1")
    assert not x.any()


def test_bonds_of_a_diatomic_reach_from_short_to_broken():
    found = shapes_of(["H2", "D2"], Analytic(), 20, dissociated_A=2.0)
    assert len(found) == 20
    bonds = [distances(x)[0, 1] for _, x, _ in found]
    assert min(bonds) == pytest.approx(0.45)
    assert max(bonds) == pytest.approx(2.5)
    assert {name for _, _, name in found} == {"molecule-1-1"}


def test_no_bond_of_a_diatomic_is_squeezed_to_where_cores_overlap():
    stop, state = Stop(dissociated_A=2.0), {"v": 0, "j": 0}
    tables = Tables(Molecule(formula=["N2"], **state), stop)
    found = [*shapes(tables, Analytic(), 20, np.random.default_rng(0))]
    bonds = [distances(x)[0, 1] for _, x, _ in found]
    assert min(bonds) == pytest.approx(0.6 * 2 * covalent_radii[7])
    assert max(bonds) == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("molecule", "formula", "pairs", "limit"),
    [(water, "OHH", 2, 2.5), (methane, "CHHHH", 4, 2.5), (carbon_dioxide, "COO", 2, 3.0)],
)
def test_every_bond_of_a_polyatomic_is_stretched_until_it_is_broken(
    molecule, formula, pairs, limit
):
    made, potential = molecule()
    name = f"{formula[0]}-{formula[1]}"
    found = shapes_of(formula, potential, 80, bonds={name: limit})
    assert len(found) == 80
    scans = {}
    for _, x, trajectory in found:
        if "bond" in trajectory:
            scans.setdefault(trajectory, []).append(x)
    assert len(scans) == pairs
    rest = np.linalg.norm(made.positions[1] - made.positions[0])
    for trajectory, scan in scans.items():
        i, j = map(int, trajectory.split("-")[-2:])
        lengths = [distances(x)[i, j] for x in scan]
        ends = [COMPRESSED * rest, limit + BEYOND]
        assert lengths == pytest.approx(np.linspace(*ends, len(lengths)), abs=1e-3)
        others = [np.delete(distances(x)[i], [i, j]).min() for x in scan]
        assert np.mean(others) == pytest.approx(rest, abs=0.12)  # only one bond is stretched


def test_half_of_a_polyatomics_shapes_vibrate_as_harmonic_oscillators_do():
    made, potential = water(steepness=0.0)
    found = shapes_of("OHH", potential, 4000, seed=2)
    vibrating = [(x, name) for _, x, name in found if "bond" not in name]
    assert len({name for _, name in vibrating}) == len(vibrating) == 2000
    mu = 1 / (1 / ISOTOPES["H"][1] + 1 / ISOTOPES["O"][1])
    lengths = np.array([distances(x)[0, 1] for x, _ in vibrating])
    # ⟨s²⟩ = 4/3 of the ground state's variance, nearly that of a lone O-H oscillator
    variance = 4 / 3 * hbar / (2 * np.sqrt(48.0 * mu))
    assert lengths.var() == pytest.approx(variance, rel=0.12)


@pytest.mark.parametrize(("atoms", "own"), [(1, 1), (2, 1), (3, 2), (4, 3), (5, 3), (9, 3)])
def test_products_around_a_molecules_atoms_hold_as_many_of_them_as_there_are(atoms, own):
    assert most_of(atoms) == (2, own)
    recipe = Recipe(("Cu", "O", "H")).for_molecules_of(atoms)
    assert recipe.most == (2, own)
    assert Recipe(("Cu", "H"), most=(1, 1)).for_molecules_of(atoms).most == (1, 1)
