"""Files of ACE1.jl are read as their formulas say, and a model of a density gives densities."""

import json
from pathlib import Path

import numpy as np
import pytest
from ace_formulas import energy_and_forces
from ace_models import random_ace
from ase import Atoms
from ase.build import fcc111
from ase.neighborlist import neighbor_list
from scipy.special import sph_harm_y

from scatter.ace.ace1 import read_ace1
from scatter.ace.cpu import Ace
from scatter.ace.program import Embedding
from scatter.friction.electron_gas import ldfa
from scatter.friction.model import ModelDensities
from scatter.potentials.base import Potential
from scatter.settings import UserError
from scatter.state import System

PUBLISHED = Path(__file__).parents[3] / "shared/reference/h2cu/density/h2cu_ace.json"
NUMBERS, CUTOFF = [1, 29], 4.0
FUNCTIONS = [
    [(1, 0, 0, 29)], [(2, 0, 0, 1)], [(1, 1, 0, 1), (2, 1, 0, 29)], [(1, 1, 1, 29), (1, 1, -1, 29)],
    [(1, 1, 1, 1), (2, 1, -1, 29)], [(1, 0, 0, 29), (1, 1, 1, 29), (2, 1, -1, 29)],
    [(1, 2, 2, 29), (2, 1, -1, 1), (1, 1, -1, 29)],
]  # fmt: skip
SPEC = [(n, deg, m) for n in (1, 2) for deg in range(3) for m in range(-deg, deg + 1)]


def basis(seed, powers):
    rng = np.random.default_rng(seed)
    A, B, C = rng.uniform(0.5, 1.5, (3, 2))
    return {"tl": -1.0, "tr": 1.0, "pl": powers, "pr": powers, "A": A.tolist(), "B": B.tolist(),
            "C": C.tolist()}  # fmt: skip


def agnesi(r0, p, q):
    return {"__id__": "ACE1_Agnesi2Transform", "rin": 0.0, "r0": r0, "p": p, "q": q, "a": 0.6}


def at(t, r):
    s = r / t["r0"]
    return 1 / (1 + t["a"] * s ** t["q"] / (1 + s ** (t["q"] - t["p"])))


def polynomials(J, x):
    P1 = J["A"][0] * (x - J["tl"]) ** J["pl"] * (x - J["tr"]) ** J["pr"]
    return np.stack([P1, (J["A"][1] * x + J["B"][1]) * P1], -1)


def affine(t):
    return {"__id__": "ACE1_AffineT", "t": t, "xy": [1.0, float(at(t, CUTOFF)), -1.0, 1.0]}


PAIRS = [("H", 1.2), ("HCu", 1.9), ("HCu", 1.9), ("Cu", 2.6)]


def tree_of(rng):
    """A file with every kind of function, in the order of a hash."""
    coefficients = [rng.normal(size=len(FUNCTIONS)).round(3).tolist() for _ in NUMBERS]
    inner = [
        [{"z0": {"z": z}, "oneps": [{"nlmz": list(each)} for each in function]}
         for function in rng.permutation(np.array(FUNCTIONS, object)).tolist()]
        for z in NUMBERS
    ]  # fmt: skip
    transforms = [affine(agnesi(r0, 2, 4)) for _, r0 in PAIRS]
    radial = {"envelope": {"__id__": "ACE1_OneEnvelope"}, "J": basis(1, 2), "ru": CUTOFF, "rl": 0.0,
              "trans": {"transforms": transforms}}  # fmt: skip
    spec = [{"nlmz": [*each, 0]} for each in SPEC]
    pi_basis = {"inner": inner, "basis1p": {"spec": spec, "J": radial, "zlist": {"list": NUMBERS}}}
    bases = [
        {"J": basis(2, 0), "trans": agnesi(r0, 1, 3), "ru": CUTOFF, "rl": 0.0,
         "envelope": {"__id__": "ACE1_PolyEnvelope", "r0": r0, "rcut": CUTOFF, "p": 2}}
        for _, r0 in PAIRS
    ]  # fmt: skip
    pair = {"__id__": "ACE1_PolyPairPot", "coeffs": rng.normal(size=6).round(3).tolist(),
            "basis": {"Pr": bases}}  # fmt: skip
    many = {"__id__": "ACE1_PIPotential", "pibasis": pi_basis,
            "coeffs": [{"real": row} for row in coefficients]}  # fmt: skip
    one = {"__id__": "JuLIP_OneBody", "E0": {"H": -1.5, "Cu": 0.25}}
    whole = {"__id__": "JuLIP_SumIP", "components": [pair, many]}
    return {"IP": {"__id__": "JuLIP_SumIP", "components": [one, whole]}}


def order_of(function):
    """By number, then by places of the A: those of hydrogen first."""
    return len(function), sorted(NUMBERS.index(z) * len(SPEC) + SPEC.index((n, deg, m))
                                 for n, deg, m, z in function)  # fmt: skip


def energy(tree, atoms):
    """The formula of the file, for one structure."""
    pair, many = tree["IP"]["components"][1]["components"]
    functions, total = sorted(FUNCTIONS, key=order_of), 0.0
    J = many["pibasis"]["basis1p"]["J"]
    first, second, r, d = neighbor_list("ijdD", atoms, CUTOFF)
    for i, z in enumerate(atoms.numbers.tolist()):
        total += {1: -1.5, 29: 0.25}[z]
        A = dict.fromkeys([(*each, s) for each in SPEC for s in NUMBERS], 0j)
        for j in np.flatnonzero(first == i):
            other = int(atoms.numbers[second[j]])
            which = 2 * NUMBERS.index(z) + NUMBERS.index(other)
            x1, x2, y1, y2 = J["trans"]["transforms"][which]["xy"]
            x = y1 + (at(J["trans"]["transforms"][which]["t"], r[j]) - x1) * (y2 - y1) / (x2 - x1)
            P, theta, phi = polynomials(J["J"], x), np.arccos(d[j, 2] / r[j]), np.arctan2(
                d[j, 1], d[j, 0])  # fmt: skip
            for n, deg, m in SPEC:
                A[n, deg, m, other] += P[n - 1] * sph_harm_y(deg, m, theta, phi)
            basis = pair["basis"]["Pr"][which]
            p, s, end = 2, r[j] / basis["envelope"]["r0"], CUTOFF / basis["envelope"]["r0"]
            envelope = s**-p - end**-p + p * end ** (-p - 1) * (s - end)
            c = pair["coeffs"][2 * sum(sorted((NUMBERS.index(z), NUMBERS.index(other)))) :][:2]
            total += 0.5 * (polynomials(basis["J"], at(basis["trans"], r[j])) @ c) * envelope
        c = many["coeffs"][NUMBERS.index(z)]["real"]
        products = [np.prod([A[each] for each in function]) for function in functions]
        total += float(np.real(np.dot(c, products)))
    return total


@pytest.fixture
def written(tmp_path):
    tree, file = tree_of(np.random.default_rng(3)), tmp_path / "some.json"
    file.write_text(json.dumps(tree))
    return tree, file


def test_a_file_in_any_order_is_read_as_its_formula_says(written):
    tree, file = written
    rng, model = np.random.default_rng(4), read_ace1(file)
    for _ in range(3):
        places = rng.uniform(0, 4.5, (6, 3)) * [1, 1, 0.9]
        atoms = Atoms("HHCu4", places, cell=[6.0, 6.5, 20], pbc=(True, True, False))
        assert energy_and_forces(model, atoms)[0] == pytest.approx(energy(tree, atoms), rel=1e-7)


@pytest.mark.parametrize(
    ("change", "why"),
    [(lambda tree: tree.pop("IP"), "lacks the key 'IP'"),
     (lambda tree: tree["IP"]["components"].append({"__id__": "JuLIP_EAM"}), "JuLIP_EAM"),
     (lambda tree: tree["IP"]["components"][1]["components"][1]["pibasis"]["basis1p"]["J"].update(
         rl=1.0), "envelope"),
     (lambda tree: tree["IP"]["components"][1]["components"][1]["coeffs"].pop(), "argument")],
)  # fmt: skip
def test_what_is_not_understood_is_refused(written, change, why):
    tree, file = written
    change(tree)
    file.write_text(json.dumps(tree))
    with pytest.raises(UserError, match=f"file = '.*some.json'.*{why}"):
        read_ace1(file)


def slab():
    atoms = fcc111("Cu", (2, 2, 3), a=3.66, vacuum=12)
    moving = atoms.positions[:, 2] > atoms.positions[:, 2].min() + 1
    return System(atoms.numbers, atoms.cell.array, (True, True, True), moving), atoms.positions


def above_slab():
    """A slab with two atoms above it: replicas near it, one of them far away in the last."""
    system, places = slab()
    rng, system = np.random.default_rng(6), system.with_projectile(1, 1)
    x = np.repeat(np.vstack([places, np.zeros((2, 3))])[None], 4, 0)
    x[:, -2:] = places[-1] + rng.uniform([-2, -2, 0.8], [2, 2, 3], (4, 2, 3))
    x[3, -1, 2] += 3
    x[:, 4:-2] += rng.normal(0, 0.05, (4, 8, 3))
    return system, x


@pytest.mark.parametrize("embedded", [False, True])
def test_energies_with_one_atom_at_a_time_are_those_of_the_slab_and_that_atom(embedded):
    model = random_ace()
    parameters = np.array([[1.0, 0.5, 1.0], [0.7, 2.0, 0.0]])
    potential = Ace(model, embedding=Embedding(model, parameters) if embedded else None)
    system, x = above_slab()
    every, one = np.ones((4, 2), bool), system.slab.with_projectile(1)
    found = potential.with_each(system, 4)(x, every)
    for own in (0, 1):
        due = potential.bind(one, 4).begin(np.arange(4), x[:, [*range(12), 12 + own]])[0]
        assert found[:, own] == pytest.approx(due, rel=1e-12)
    assert Potential.with_each(potential, system, 4)(x, every) == pytest.approx(found, rel=1e-12)


def test_energies_with_one_atom_at_a_time_are_the_same_whatever_else_is_asked():
    system, x = above_slab()
    energies, every = Ace(random_ace()).with_each(system, 4), np.ones((4, 2), bool)
    due = energies(x, every)
    some = np.array([[False, True], [True, False], [True, True], [False, False]])
    found = energies(x, some)
    assert np.isnan(found[~some]).all()
    assert found[some].tobytes() == due[some].tobytes()
    assert energies(x[2:], every[:2]).tobytes() == due[2:].tobytes()
    moved = x + np.array([0, 0, 0.5])
    assert energies(moved[1:2], every[:1]).tobytes() == energies(moved, every)[1:2].tobytes()
    exchanged = energies(x[:, [*range(12), 13, 12]], every)
    assert exchanged[:, ::-1].tobytes() == due.tobytes()
    x[0, -1, 0] = np.nan
    assert np.isnan(energies(x, every)[0]).all()
    x[1, -1] = x[1, 11] + 1e-4  # touching
    assert np.isnan(energies(x, every)[1]).tolist() == [False, True]


def test_a_model_of_a_density_is_asked_for_each_atom_alone_and_clipped():
    model, (system, places) = Ace(random_ace()), slab()
    both = system.with_projectile(1, 1)
    high = places[-1] + np.array([[0.5, 0.2, 1.5], [0.9, 0.1, 2.0], [0, 0, 4.5], [1.2, 1.0, 1.1]])
    x = np.stack([np.vstack([places, high[a], high[b]]) for a, b in ((0, 1), (1, 0), (2, 3))])
    n = ModelDensities(model).bind(both, 3)(x)
    evaluator = model.bind(system.with_projectile(1), 4)
    due = evaluator.begin(np.arange(4), np.stack([np.vstack([places, each]) for each in high]))[0]
    assert n[0].tolist() == n[1, ::-1].tolist()
    assert n[0] == pytest.approx(due[:2], rel=1e-12)
    assert n[2].tolist() == [0.0, pytest.approx(due[3], rel=1e-12)]
    assert (n < 0).any()
    values, clipped = ldfa(ModelDensities(model).bind(both, 3), (1, 1))(x)
    assert clipped.tolist() == (n < 0).sum(axis=1).tolist()
    assert (values[n < 0] == 0).all()


def test_densities_on_a_device_are_those_of_the_processor(tmp_path):
    torch = pytest.importorskip("torch")
    from scatter.potentials.device.potential import Device

    (system, x), file = above_slab(), tmp_path / "density.npz"
    random_ace().write(file)
    due = ModelDensities.read(file).bind(system, 4)(x)
    density = ModelDensities.read(file, Device(torch, "cpu")).bind(system, 4)
    assert density(torch.as_tensor(x)).numpy() == pytest.approx(due, rel=1e-10)
    assert (due[3, 1] == 0) & (due[3, 0] != 0) & (due < 0).any()
    assert density(torch.as_tensor(x[2:])).numpy() == pytest.approx(due[2:], rel=1e-10)
    x[0, -1, 0] = np.nan
    assert np.isnan(density(torch.as_tensor(x)).numpy()).any(axis=1).tolist() == [1, 0, 0, 0]


def test_a_model_of_a_density_that_lacks_an_element_is_refused():
    system, _ = slab()
    with pytest.raises(UserError, match=r"friction. density: linear ACE .* does not know N"):
        ModelDensities(Ace(random_ace())).bind(system.with_projectile(7), 1)


DENSITIES = {
    "top": {0.75: 1.10593226, 1.0: 0.28259203, 1.5: 0.04110784, 2.0: 0.00817093},
    "bridge": {0.75: 0.12889855, 1.0: 0.08223660, 1.25: 0.04929224, 1.5: 0.02739979,
               2.0: 0.00652376},
    "hollow": {0.75: 0.11042729, 1.0: 0.07565830, 1.5: 0.02254452, 2.0: 0.01040395},
}  # fmt: skip


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the reference density is not here")
def test_the_published_density_above_copper_is_that_of_another_reader():
    atoms = fcc111("Cu", (3, 3, 6), a=3.66, vacuum=15, orthogonal=False)
    p, model = atoms.positions[-9:], Ace.read(PUBLISHED)
    sites = {"top": p[4], "bridge": (p[4] + p[5]) / 2, "hollow": (p[0] + p[1] + p[3]) / 3}
    places = [sites[site] + [0, 0, height] for site in DENSITIES for height in DENSITIES[site]]
    due = [n for densities in DENSITIES.values() for n in densities.values()]
    slab = System(atoms.numbers, atoms.cell.array, (True, True, True), np.ones(54, bool))
    pairs = [*zip(places, places[1:] + places[:1], strict=True)]  # each once as either atom
    x = np.stack([np.vstack([atoms.positions, *pair]) for pair in pairs])
    n = ModelDensities(model).bind(slab.with_projectile(1, 1), len(x))(x)
    assert n[:, 0] == pytest.approx(due, abs=1e-8)
    assert n[:, 1] == pytest.approx(due[1:] + due[:1], abs=1e-8)
