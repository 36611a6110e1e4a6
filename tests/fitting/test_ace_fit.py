"""`scatter fit ace`, from structures to a potential that is evaluated and a report."""

import json

import numpy as np
import pytest
from ace_formulas import energy_and_forces
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write
from threadpoolctl import threadpool_info, threadpool_limits
from tiny_structures import hydrogen_on_copper
from typer.testing import CliRunner

from scatter.ace.file import LinearAce
from scatter.ace.fitting.fit import Fitting, fit_ace
from scatter.ace.fitting.fold import SHORTER, folded, inner_distances
from scatter.ace.fitting.gather import Gathering, gather
from scatter.ace.fitting.labelled import Weights, energies_of_atoms, read_parts
from scatter.ace.fitting.recipe import Recipe
from scatter.cli import app
from scatter.settings import UserError

SMALL = Recipe(("Cu", "H"), degrees=(5, 4, 3.5, 3.5), cutoff_A=4.5, pair_degree=4)
CONSTANT = np.array([-3.0, 0.5])


def planted(design, seed=0):
    """Random coefficients, small where functions are large."""
    rng = np.random.default_rng(seed)
    rows = design.rows(hydrogen_on_copper(), "frame")
    return rng.normal(size=design.columns) / np.sqrt(1 + (rows**2).sum(axis=1))


def labelled(design, c, count=24):
    frames = []
    for n in range(count):
        frame = hydrogen_on_copper(n, trajectory=f"point-{n // 2}", facet="111", T_K=300.0)
        found = c @ design.rows(frame, "frame")
        energy = found[0] + CONSTANT[(frame.numbers == 1).astype(int)].sum()
        forces = found[1:].reshape(-1, 3)
        frame.calc = SinglePointCalculator(frame, energy=energy, forces=forces)
        frames.append(frame)
    return frames


@pytest.fixture(scope="module")
def planted_set(tmp_path_factory):
    """A file of structures that a linear ACE of the recipe has labelled, and its coefficients."""
    design = SMALL.design()
    c = planted(design)
    path = tmp_path_factory.mktemp("planted") / "data.extxyz"
    write(path, labelled(design, c))
    return path, design, c


@pytest.mark.slow
def test_a_planted_model_is_recovered(planted_set, tmp_path):
    path, design, c = planted_set
    fitting = Fitting(smoothness=0, e0={"Cu": CONSTANT[0], "H": CONSTANT[1]})
    said, threads = [], set()

    def say(line):
        said.append(line)
        pools = threadpool_info()
        threads.update(pool["num_threads"] for pool in pools if pool["user_api"] == "blas")

    with threadpool_limits(2):
        fit_ace(path, tmp_path / "ace.npz", SMALL, fitting, say)
    assert threads == {1}  # what --threads says holds for linear algebra, too
    model = LinearAce.read(tmp_path / "ace.npz")
    fresh = labelled(design, c, 30)[24:]
    for frame in fresh:
        energy, forces = energy_and_forces(model, frame)
        assert energy == pytest.approx(frame.get_potential_energy(), abs=2e-6)
        assert np.allclose(forces, frame.get_forces(), rtol=0, atol=2e-5)
    assert any("functions" in line for line in said)


def test_a_folded_model_is_the_sum_of_its_functions(planted_set):
    _, design, c = planted_set
    frame = labelled(design, c, 1)[0]
    inner = inner_distances(design, [frame])
    energy, forces = energy_and_forces(folded(design, CONSTANT, c, inner, {}, "planted"), frame)
    assert energy == pytest.approx(frame.get_potential_energy(), abs=1e-9)
    assert np.allclose(forces, frame.get_forces(), rtol=0, atol=1e-7)


@pytest.mark.slow
def test_a_lone_pair_is_repelled_below_the_distances_of_the_set(planted_set):
    _, design, c = planted_set
    frames = [hydrogen_on_copper(n) for n in range(3)]
    inner = inner_distances(design, frames)
    model = folded(design, CONSTANT, c, inner, {}, "planted")
    distances = {z: frame.get_all_distances(mic=True) for z, frame in enumerate(frames)}
    bonds = [d[-1, -2] for d in distances.values()]
    assert inner[1, 1] == pytest.approx(SHORTER * min(bonds))
    for i, j in ((0, 0), (0, 1), (1, 1)):
        pair = hydrogen_on_copper()[[0, 1]]
        pair.numbers = [design.numbers[i], design.numbers[j]]
        pair.pbc = False
        energies = []
        for share in np.linspace(0.1, 0.9, 9):
            pair.positions = [[0, 0, 0], [0, 0, share * inner[i, j]]]
            energies.append(energy_and_forces(model, pair)[0])
        assert (np.diff(energies) < 0).all()


@pytest.mark.slow
def test_processes_share_the_rows_to_the_same_triangles(planted_set):
    path, design, _ = planted_set
    gathering = Gathering(design, CONSTANT, frozenset([1]), Weights(classes={"point": 0.5}), 0)
    frames = read(path, ":")
    done = []
    one, two = (gather(gathering, frames, threads, done.append) for threads in (1, 2))
    assert done == [24, 24]
    x = planted(design, 1)[:, None]
    for kind in one:
        assert one[kind].rows == two[kind].rows
        assert two[kind].squares(x) == pytest.approx(one[kind].squares(x), rel=1e-9)


def test_half_of_the_slabs_forces_and_all_of_the_molecules_enter(planted_set):
    path, design, _ = planted_set
    gathering = Gathering(design, CONSTANT, frozenset([1]), Weights(share=0.5), 0)
    rows = gathering.rows(read(path, 0), 0)
    assert {kind: len(one) for kind, one in rows.items()} == {
        "energy": 1, "force": 3 * 4, "molecule": 3 * 2,
    }  # fmt: skip


def test_parts_of_a_file_share_no_trajectory(planted_set):
    parts = read_parts(planted_set[0], seed=3)
    names = [{frame.info["trajectory"] for frame in frames} for frames in parts.values()]
    assert sum(map(len, parts.values())) == 24
    assert len(set.union(*names)) == sum(map(len, names))


def test_energies_of_atoms_are_least_squares_of_what_is_not_given():
    frames = []
    for copper, hydrogen in ((8, 2), (8, 0), (0, 2)):
        frame = hydrogen_on_copper()
        frame = frame[[*range(copper), *range(8, 8 + hydrogen)]]
        frame.calc = SinglePointCalculator(frame, energy=-3.0 * copper + 0.5 * hydrogen)
        frames.append(frame)
    assert energies_of_atoms(frames, ("Cu", "H"), {}) == pytest.approx([-3.0, 0.5])
    assert energies_of_atoms(frames, ("Cu", "H"), {"Cu": -3.0}) == pytest.approx([-3.0, 0.5])


@pytest.mark.slow
def test_the_command_line_fits_and_reports(planted_set, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["fit", "ace", str(planted_set[0]), "ace.npz", "--degrees", "4,3", "--cutoff", "4"]
    ended = CliRunner().invoke(app, [*arguments, "--pair-degree", "3", "--class-weight", "point=2"])
    assert ended.exit_code == 0, ended.output
    told = json.loads((tmp_path / "ace.fit" / "fit.json").read_text())
    assert told["recipe"]["elements"] == ["Cu", "H"]
    assert told["structures"]["train"] > told["structures"]["valid"] > 0
    assert (tmp_path / "ace.fit" / "regularisation.png").stat().st_size > 0
    assert "RMSE" in (tmp_path / "ace.fit" / "valid" / "report.md").read_text()
    assert json.loads(LinearAce.read(tmp_path / "ace.npz").provenance)["set"] == str(planted_set[0])


MISTAKES = {
    "--degrees 3,x": "must be numbers",
    "--degrees 3,4": "do not increase",
    "--most 2": "two whole numbers",
    "--powers 3,2": "0 < p",
    "--r0 Cu-H": "a name, = and a number",
    "--r0 Cu-He=2": "'He' is not among the fitted elements",
    "--pair-cutoff Cu=2": "two symbols",
    "--elements Cu,O": "the structures hold Cu,H",
    "--e0 O=1": "the structures hold Cu, H",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence(planted_set, tmp_path, mistake):
    arguments = ["fit", "ace", str(planted_set[0]), str(tmp_path / "ace.npz"), *mistake.split()]
    ended = CliRunner().invoke(app, arguments)
    assert isinstance(ended.exception, UserError)
    assert MISTAKES[mistake] in str(ended.exception)
    assert not (tmp_path / "ace.npz").exists()


def test_the_mean_leverage_of_the_sets_own_atoms_is_one(planted_set):
    path, design, c = planted_set
    gathering = Gathering(design, CONSTANT, frozenset([1]), Weights(), 0, sites=True)
    frames = read(path, ":")
    triangles = gather(gathering, frames, 1, lambda done: None)
    sites = {kind: one for kind, one in triangles.items() if kind.startswith("sites")}
    model = folded(design, CONSTANT, c, np.full((2, 2), 0.5), sites, "planted")
    atoms = np.concatenate(
        [gathering.rows(frame, n)["sites 1"][:, :-1] for n, frame in enumerate(frames)]
    )
    assert ((atoms @ model.leverage[1].T) ** 2).sum(axis=1).mean() == pytest.approx(1, rel=1e-3)
    assert not model.leverage[0].any()
    far = hydrogen_on_copper()
    far.positions[-1] = far.positions[-2] + [0, 0, 0.5]
    strange = design.rows_and_sites(far, "frame", np.zeros(0, int))[1][-1]
    assert ((model.leverage[1] @ strange) ** 2).sum() > 30
