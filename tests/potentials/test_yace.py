import importlib.util
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import yaml
from ace_formulas import energy_and_forces, harmonic, site_energies, tables
from ace_invariant import invariant_ace
from ace_models import random_ace
from ase import Atoms
from ase.io import write
from ase.neighborlist import neighbor_list
from mace_models import hydrogen_on_copper
from scipy.special import sph_harm_y
from yace_trees import CORE, INNER, KINDS, tree_of

from scatter.ace.cpu import Ace
from scatter.ace.yace.convert import convert_yace
from scatter.ace.yace.file import read_tree, write_tree
from scatter.ace.yace.harmonics import to_complex, to_real
from scatter.ace.yace.radial import functions, step
from scatter.ace.yace.read import read_model, read_yace
from scatter.ace.yace.write import yace_tree
from scatter.friction.model import ModelDensities
from scatter.potentials.check import deviations
from scatter.potentials.device.potential import Device
from scatter.potentials.table import PotentialTable, open_potential, potential_from_name
from scatter.settings import UserError

# A Python that has ace-jax, an independent reader of these files; this one, if it has.
JUDGE = os.environ.get("SCATTER_ACE_JAX") or (
    sys.executable if importlib.util.find_spec("ace_jax") else ""
)
JUDGING = """
import sys
import jax
import numpy as np
jax.config.update("jax_enable_x64", True)
from ace_jax import ACECalculator
from ase.io import read
for file in sys.argv[2:]:
    calculator, energies, forces = ACECalculator(file, dtype="float64"), [], []
    for atoms in read(sys.argv[1], ":"):
        atoms.calc = calculator
        energies.append(atoms.get_potential_energy())
        forces.append(atoms.get_forces())
    np.savez(file + ".npz", energies=energies, forces=forces)
"""


@pytest.fixture(scope="module")
def model():
    return invariant_ace(cutoff=5.0)


@pytest.fixture(scope="module")
def frames():
    system, positions = hydrogen_on_copper(replicas=2)
    return [Atoms(system.numbers, x, cell=system.cell, pbc=system.pbc) for x in positions]


def test_products_become_complex_and_real_again():
    sums = dict(_products(invariant_ace(), 1))
    there, rest = to_complex(sums)
    assert rest < 1e-12
    assert len(there) < 0.9 * len(sums)
    back = to_real(there.items())
    assert back.keys() == sums.keys()
    assert list(map(back.get, sums)) == pytest.approx(list(sums.values()), rel=1e-12)


def _products(model, centre):
    spec = [tuple(row) for row in model.spec.tolist()]
    for order in (2, 3, 4):
        for row, c in zip(model.products(order), model.coefficients(order)[centre], strict=True):
            if c != 0:
                yield tuple(spec[k] for k in row), float(c)


@pytest.mark.parametrize("m", [-2, -1, 0, 1, 2])
def test_complex_harmonics_are_those_of_scipy(m):
    """Their products with a real one of l = 0, whose harmonic is 1."""
    rng = np.random.default_rng(3)
    d = rng.normal(size=(5, 3))
    d /= np.linalg.norm(d, axis=1)[:, None]
    theta, phi = np.arccos(d[:, 2]), np.arctan2(d[:, 1], d[:, 0])
    expected = np.sqrt(4 * np.pi) * sph_harm_y(2, m, theta, phi)
    found = sum(
        c * harmonic(2, key[-1][3], d)[0]
        for key, c in to_real([(((0, 0, 0, 0), (0, 0, 2, m)), 1.0)]).items()
    )
    assert found == pytest.approx(expected.real, abs=1e-12)


def test_what_is_not_invariant_is_left_over():
    product = ((0, 0, 1, -1), (0, 0, 1, 0))  # yz turns into something else
    assert to_complex({product: 1.0})[1] == pytest.approx(1)
    with pytest.raises(ValueError, match="not invariant"):
        yace_tree(random_ace(), 10)


def test_a_model_comes_back_from_its_file(model, frames, tmp_path):
    tree, residual = yace_tree(model)
    assert residual.radial < 1e-10
    assert residual.pair < 1e-10
    write_tree(tree, tmp_path / "x.yace")
    back, _ = read_yace(tmp_path / "x.yace")
    for atoms in frames:
        expected, found = energy_and_forces(model, atoms), energy_and_forces(back, atoms)
        assert found[0] == pytest.approx(expected[0], rel=1e-10)
        assert found[1] == pytest.approx(expected[1], abs=1e-10)


def test_fewer_functions_leave_a_larger_residual_and_it_is_told(model):
    _, coarse = yace_tree(model, 8)
    _, fine = yace_tree(model, 16)
    assert fine.radial < 0.1 * coarse.radial
    assert f"{coarse.radial:.1e}" in str(coarse)


def test_every_number_is_one_to_a_plain_reader_of_yaml(model, tmp_path):
    tree, _ = yace_tree(model, 10)
    tree["E0"] = [1e-5, -2e22]
    write_tree(tree, tmp_path / "x.yace")
    text = (tmp_path / "x.yace").read_text().replace("[0, 0]:", "same:")
    text = "".join(line for line in text.splitlines(True) if "]:" not in line)
    assert yaml.safe_load(text)["E0"] == [1e-5, -2e22]
    assert read_tree(tmp_path / "x.yace") == tree | {
        "bonds": {pair: dict(bond) for pair, bond in tree["bonds"].items()}
    }


@pytest.mark.parametrize("kind", KINDS)
def test_radial_functions_end_at_the_cutoff_and_begin_at_the_inner_one(kind):
    bond = {"rcut_in": 0.0, "dcut_in": 0.0, "inner_cutoff_type": "density", "dcut": 0.5}
    bond |= {"radbasename": kind, "rcut": 4.0} | KINDS[kind]
    assert functions(np.array([4.0]), bond, 6) == pytest.approx(np.zeros((1, 6)), abs=1e-12)
    inside = functions(np.array([0.8, 0.9, 1.0, 2.0]), bond, 6)
    cut = functions(np.array([0.8, 0.9, 1.0, 2.0]), bond | INNER, 6)
    assert abs(inside).min(axis=1).max() > 1e-3
    assert cut[3] == pytest.approx(inside[3])
    assert abs(cut[1]).max() < abs(inside[1]).max()
    assert functions(np.array([0.69]), bond | INNER, 6) == pytest.approx(np.zeros((1, 6)))


def test_the_step_falls_from_one_to_zero_with_two_derivatives():
    r = np.linspace(0.5, 1.5, 2001)
    found = step(r, 1.2, 0.4)
    assert found[r < 0.8] == pytest.approx(1)
    assert found[r > 1.2] == pytest.approx(0)
    assert found[np.searchsorted(r, 1.0)] == pytest.approx(0.5)
    second = np.diff(found, 2) / (r[1] - r[0]) ** 2
    assert abs(np.diff(second)).max() < 0.02 * abs(second).max()


@pytest.mark.skipif(not JUDGE, reason="ace-jax is not here")
def test_files_are_read_and_written_as_ace_jax_understands_them(model, frames, tmp_path):
    write_tree(yace_tree(model)[0], tmp_path / "ours.yace")
    read = {tmp_path / "ours.yace": (model, None)}
    trees = {"embedded": powers(tree_of(model, "SBessel"), *POWERS[0])}
    trees["power"] = powers(tree_of(model, "SBessel"), *POWERS[1])
    for kind in KINDS:
        trees |= {f"{kind}_{len(each)}": tree_of(model, kind, each) for each in ({}, INNER | CORE)}
    for name, tree in trees.items():
        write_tree(tree, tmp_path / f"{name}.yace")
        read[tmp_path / f"{name}.yace"] = read_yace(tmp_path / f"{name}.yace")
    system, positions = hydrogen_on_copper(replicas=2)
    free = replace(system, moving=np.ones(len(system), bool))
    for file, (energies, forces) in by_ace_jax(list(read), frames, tmp_path).items():
        linear, embedding = read[file]
        potential = Ace(linear, file.name, embedding)
        found = potential.bind(free, 2).begin(np.arange(2), positions)
        allowed = 1e-8 if file.stem == "ours" else 1e-6  # of tables of functions with bends
        assert found[0] == pytest.approx(energies, rel=1e-8), file.name
        rms = np.sqrt((forces**2).mean())
        assert found[1] == pytest.approx(forces, abs=allowed * rms), file.name


def by_ace_jax(files, frames, folder):
    """Energies and forces of the frames on each file, by another program."""
    write(folder / "frames.traj", frames)
    names = [str(folder / "frames.traj"), *map(str, files)]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([JUDGE, "-c", JUDGING, *names], check=True, env=clean)
    found = {}
    for file in files:
        with np.load(f"{file}.npz") as answers:
            found[file] = answers["energies"], answers["forces"]
    return found


def changed(tree, *path, to):
    place = tree
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return tree


BOND = ("bonds", (0, 1))
WRONG = [
    (("elements",), ["H", "Xx"], "its elements are"),
    (("E0",), [0.0], "E0 has 1 values for 2 elements"),
    ((*BOND, "radbasename"), "ACE.jl.Basic", "radbasename = ACE.jl.Basic is not supported"),
    ((*BOND, "inner_cutoff_type"), "zbl", "inner_cutoff_type = zbl is not supported"),
    ((*BOND, "radcoefficients"), [1.0], "radcoefficients are not an array"),
    (
        ("embeddings", 0),
        {
            "ndensity": 2,
            "FS_parameters": [1, 0.5, 1, 2],
            "npoti": "FinnisSinclair",
            "rho_core_cutoff": 1e5,
            "drho_core_cutoff": 250,
        },
        r"densities of H have the powers \[0.5, 2.0\]; one other",
    ),
    (("embeddings", 0, "FS_parameters"), [1.0], "embedding of H is FinnisSinclair with 1"),
    (("embeddings", 0, "npoti"), "Cubic", "embedding of H is Cubic with 2"),
    (("embeddings", 0, "rho_core_cutoff"), 3.0, "rho_core_cutoff of H is below"),
    (("functions", 1, 0, "ns"), [99], "rank 1 has n = "),
    (("functions", 1, -1, "rank"), 5, "cannot reshape"),
    (("functions", 1, -1, "mus"), [0], "lists of other lengths"),
    (("summed_neighbour_A",), True, "summed_neighbour_A is not supported"),
]


@pytest.mark.parametrize(("path", "value", "sentence"), WRONG)
def test_what_is_not_supported_is_refused_by_name(path, value, sentence, model):
    tree = changed(tree_of(model, "SBessel"), *path, to=value)
    with pytest.raises(ValueError, match=sentence):
        read_model(tree, "x")


def test_a_file_that_is_refused_is_named(model, tmp_path):
    tree = changed(tree_of(model, "SBessel"), "E0", to=[0.0])
    write_tree(tree, tmp_path / "x.yace")
    with pytest.raises(UserError, match=r"x\.yace': E0 has 1 values"):
        read_yace(tmp_path / "x.yace")


def test_a_file_that_is_not_complete_is_refused(model, tmp_path):
    for content in ("a: [", "- 1", "elements: [H]\n", "!!python/object/apply:os.system [ls]\n"):
        (tmp_path / "y.yace").write_text(content)
        with pytest.raises(UserError, match=r"y\.yace': (cannot be read|is no|lacks the key)"):
            read_yace(tmp_path / "y.yace")
    tree = tree_of(model, "SBessel")
    del tree["bonds"][0, 0]["prehc"]
    with pytest.raises(ValueError, match="a bond lacks the key 'prehc'"):
        read_model(tree, "x")


def test_densities_that_are_all_linear_add_up(model, frames):
    tree = tree_of(model, "SBessel")
    once = energy_and_forces(read_model(tree, "x")[0], frames[0])
    for z in (0, 1):
        tree["embeddings"][z] |= {"ndensity": 2, "FS_parameters": [0.5, 1.0, 2.0, 1.0]}
        for each in tree["functions"][z]:
            each["ndensity"] = 2
            each["ctildes"] = [value for c in each["ctildes"] for value in (c, 0.25 * c)]
    twice = energy_and_forces(read_model(tree, "x")[0], frames[0])
    assert twice[1] == pytest.approx(once[1], abs=1e-10)


@pytest.mark.slow
def test_a_file_is_a_potential(model, frames, tmp_path):
    write_tree(yace_tree(model)[0], tmp_path / "x.yace")
    potential = potential_from_name(str(tmp_path / "x.yace"))
    table = PotentialTable(kind="ace", file=str(tmp_path / "x.yace"))
    assert potential.identity == open_potential(table).identity
    assert potential.description == "linear ACE x.yace (H, Cu)"
    system, positions = hydrogen_on_copper(replicas=1)
    free = replace(system, moving=np.ones(len(system), bool))
    energies, _ = potential.bind(free, 1).begin(np.zeros(1, int), positions)
    expected, _ = Ace(model).bind(free, 1).begin(np.zeros(1, int), positions)
    assert energies == pytest.approx(expected, rel=1e-9)


def site_energies_of(model, atoms):
    """Energies of all atoms, without their constants."""
    z = np.array([model.numbers.tolist().index(number) for number in atoms.numbers])
    i, j, r, d = neighbor_list("ijdD", atoms, float(model.cutoff.max()))
    radial, _ = tables(model, model.radial, z[i], z[j], r)
    phi, _ = tables(model, model.pair, z[i], z[j], r)
    a = np.zeros((len(atoms), len(model.spec)))
    for factor, (s, n, degree, m) in enumerate(model.spec):
        np.add.at(a[:, factor], i, (z[j] == s) * radial[:, n] * harmonic(degree, m, d)[0])
    energies, _ = site_energies(model, z, a)
    np.add.at(energies, i, phi)
    return energies


POWERS = [  # kind, powers of two densities for each species
    ("FinnisSinclairShiftedScaled", [[1.0, 1.0, 1.0, 0.5]] * 2),
    ("FinnisSinclair", [[0.7, 1.5], [1.0, 1.0]]),
]


def powers(tree, kind, parameters):
    """The tree with these embeddings; every density has functions of its own."""
    for z, mine in enumerate(parameters):
        count = len(mine) // 2
        tree["embeddings"][z] |= {"npoti": kind, "ndensity": count, "FS_parameters": mine}
        for k, each in enumerate(tree["functions"][z]):
            each["ndensity"] = count
            sign = -1 if k % 3 else 1
            each["ctildes"] = [v for c in each["ctildes"] for v in (c, 0.3 * sign * c, c)[:count]]
    return tree


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "parameters"), POWERS)
def test_a_density_with_a_power_is_embedded(kind, parameters, model, frames):
    system, positions = hydrogen_on_copper(replicas=2)
    linear, embedding = read_model(powers(tree_of(model, "SBessel"), kind, parameters), "x")
    potential = Ace(linear, "x.yace", embedding)
    energies, _ = potential.bind(system, 2).begin(np.arange(2), positions)
    z = [linear.numbers.tolist().index(number) for number in frames[0].numbers]
    for atoms, energy in zip(frames, energies, strict=True):
        expected = site_energies_of(linear, atoms) + linear.constant[z]
        density = site_energies_of(embedding.density, atoms)
        for atom, rho in enumerate(density):
            w, m, _ = embedding.parameters[z[atom]]
            a = abs(rho)
            x, y = ((1 / m) ** (p / (m - 1)) * np.exp(-a) for p in (1, m))
            shifted = (x + a) ** m - y if kind.endswith("Scaled") else a**m
            expected[atom] += w * np.sign(rho) * shifted
        assert energy == pytest.approx(expected.sum(), rel=1e-10)
    found = deviations(potential, system, positions, np.random.default_rng(1))
    assert not found.broken()
    assert potential.description == "embedded ACE x.yace (H, Cu)"
    assert potential.identity != Ace(linear).identity


def test_a_file_with_powers_cannot_become_a_linear_one(model, tmp_path):
    write_tree(powers(tree_of(model, "SBessel"), *POWERS[0]), tmp_path / "x.yace")
    with pytest.raises(UserError, match="has densities with powers"):
        convert_yace(tmp_path / "x.yace", tmp_path / "x.npz")
    assert potential_from_name(str(tmp_path / "x.yace")).description.startswith("embedded ACE")


def test_a_file_with_powers_is_refused_on_a_device(model, tmp_path):
    torch = pytest.importorskip("torch")
    file = tmp_path / "x.yace"
    write_tree(powers(tree_of(model, "SBessel"), *POWERS[0]), file)
    with pytest.raises(UserError, match=r"^.friction. density = .*kernels of a GPU do not"):
        ModelDensities.read(file, Device(torch, "cpu"))
