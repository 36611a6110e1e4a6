"""Campaigns of atoms and polyatomics, from settings to tables, and what is refused of them."""

import io
from copy import deepcopy

import numpy as np
import pytest
from bonded_molecules import Bonded, water
from molecules_on_slabs import SETTINGS, OnSlab
from rich.console import Console

import scatter
from scatter.campaign.samplers import Rounds
from scatter.conditions import OF_KIND
from scatter.outcomes import Outcome
from scatter.report.products import report_products
from scatter.results.export import export
from scatter.rows import KINDS, usual_columns
from scatter.units import ISOTOPES, fs, hbar

pytestmark = pytest.mark.slow


def settings(molecule, **tables):
    made = deepcopy(SETTINGS)
    made["molecule"] = molecule
    for name, keys in tables.items():
        made[name] = {**made.get(name, {}), **keys}
    return made


@pytest.fixture(scope="module")
def cached(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCATTER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def atoms(cached, tmp_path_factory):
    """D atoms on copper on springs, in a folder."""
    folder = tmp_path_factory.mktemp("atoms") / "run"
    given = settings({"formula": ["H", "D"]}, sampling={"trajectories": 8})
    return scatter.run(given, potential=OnSlab(Bonded({}, {})), folder=folder)


@pytest.fixture(scope="module")
def waters(cached, tmp_path_factory):
    """Water in two states, with few phase points."""
    folder = tmp_path_factory.mktemp("water") / "run"
    molecule = {"formula": "OHH", "modes": [{}, {"1": 1}], "j": 1, "phase_points": 8}
    tables = {"sampling": {"trajectories": 4}, "incidence": {"energy_eV": 0.3}}
    return scatter.run(settings(molecule, **tables), potential=OnSlab(water()[1]), folder=folder)


def test_atoms_have_no_internal_state_and_lose_energy_to_the_slab(atoms):
    assert [*atoms.points] == [*OF_KIND["atom"]]
    rows = atoms.trajectories
    assert not {"v", "J", "theta_deg", "final_v", "lowest_r_A"} & {*rows}
    scattered = rows[rows["ended"] == "scattered"]
    assert len(scattered) > 4
    loss = scattered["energy_eV"] - scattered["final_translational_eV"]
    assert scattered["energy_loss_eV"].to_numpy() == pytest.approx(loss.to_numpy(), abs=1e-12)
    gained = scattered["final_kinetic_slab_eV"] - scattered["initial_kinetic_slab_eV"]
    gained += scattered["final_potential_slab_eV"] - scattered["initial_potential_slab_eV"]
    assert gained.to_numpy() == pytest.approx(loss.to_numpy(), abs=0.02)
    assert rows[rows["ended"] != "scattered"]["energy_loss_eV"].isna().all()


def test_products_of_atoms_sum_to_one_and_are_named(atoms):
    table = atoms.products()
    for _, point in table.groupby("point"):
        assert point["P"].sum() == pytest.approx(1)
    assert {"H(g)", "D(g)"} <= {*table["products"]}
    for molecule, its in table.groupby("molecule"):  # and no point lists those of the other isotope
        names = {*its["products"]} - {"undecided", "failed"}
        assert {name[0] for name in names} == {molecule}
    assert (table["low_all"] <= table["low"]).all()
    assert (table["high_all"] >= table["high"]).all()


def test_results_of_atoms_are_exported_reported_and_refuse_states(atoms, tmp_path):
    text = export(atoms.folder, "csv", tmp_path / "rows.csv").output.read_text()
    header, *_ = text.splitlines()
    assert {"products", "energy_loss_eV"} <= {*header.split(",")}
    assert "H(g)" in text
    frames = export(atoms.folder, "extxyz", tmp_path / "rows.extxyz").output.read_text()
    assert "products=H(g)" in frames
    page = atoms.report().read_text()
    assert "Products" in page
    assert "Final states" not in page
    with pytest.raises(scatter.UserError, match="known of diatomics only"):
        atoms.states()


def test_water_begins_in_its_states_and_is_measured_at_the_end(waters):
    rows = waters.trajectories
    assert [*dict.fromkeys(rows["state"])] == ["ground state, J = 1", "n1 = 1, J = 1"]
    assert (rows["n1"] == (rows["point"] == 1)).all()
    assert rows["initial_J"].to_numpy() == pytest.approx(1, abs=1e-9)
    positions, momenta = vectors(rows.iloc[0], "initial")
    masses = np.array([ISOTOPES[s][1] for s in "OHH"])[:, None]
    centre = (masses * positions).sum(axis=0) / masses.sum()
    velocity = momenta.sum(axis=0) / masses.sum()
    L = np.cross(positions - centre, momenta - masses * velocity).sum(axis=0)
    assert (L**2).sum() == pytest.approx(2 * hbar**2, rel=1e-6)
    translational = 0.5 * masses.sum() * (velocity**2).sum()
    assert translational == pytest.approx(0.3, rel=1e-9)
    scattered = rows[rows["ended"] == "scattered"]
    assert len(scattered)
    inner = scattered["final_vibrational_eV"] + scattered["final_rotational_eV"]
    assert np.isfinite(inner).all()
    assert {*scattered["products"]} == {"H2O(g)"}


def test_every_atom_of_every_projectile_is_listed_with_its_vectors(atoms, waters):
    for results, symbols in ((atoms, ["H", "D"]), (waters, [*"OHH"])):
        table, rows = results.atoms(), results.trajectories
        each = 1 if results is atoms else 3
        assert len(table) == each * len(rows)
        assert {*table["symbol"]} == {*symbols}
        last = table[table["atom"] == each].reset_index(drop=True)
        ordered = rows.sort_values(["point", "number"]).reset_index(drop=True)
        for name in ("initial_x", "final_z"):
            assert last[f"{name}_A"].equals(ordered[f"{name}{each}_A"].rename(f"{name}_A"))
        speed = ordered[f"final_vy{each}_A_per_fs"].rename("final_vy_A_per_fs")
        assert last["final_vy_A_per_fs"].equals(speed)


def test_what_has_not_reacted_leaves_no_fragment(waters):
    rows = waters.trajectories
    assert {*rows["gas"]} == {""}
    assert rows["gas_translational_eV"].isna().all()


def test_products_are_told_where_there_is_one_alone_and_no_ratio(waters, tmp_path):
    stale = waters.folder / "branching.csv"
    stale.write_text("of an earlier run\n")
    report_products(waters.folder, Console(file=io.StringIO()))
    table = waters.products()
    assert {*table["products"]} - {"undecided"} == {"H2O(g)"}  # so there is no ratio
    assert (waters.folder / "products.csv").is_file()
    assert not stale.exists()


def vectors(row, when):
    """Positions and momenta of water's atoms."""
    x = np.array([[row[f"{when}_{axis}{n}_A"] for axis in "xyz"] for n in (1, 2, 3)])
    v = np.array([[row[f"{when}_v{axis}{n}_A_per_fs"] for axis in "xyz"] for n in (1, 2, 3)])
    return x, v / fs * np.array([ISOTOPES[s][1] for s in "OHH"])[:, None]


def test_a_campaign_grows_to_the_same_rows(waters, tmp_path):
    molecule = {"formula": "OHH", "modes": [{}, {"1": 1}], "j": 1, "phase_points": 8}
    tables = {"incidence": {"energy_eV": 0.3}}
    for count in (1, 4):
        given = settings(molecule, sampling={"trajectories": count}, **tables)
        grown = scatter.run(given, potential=OnSlab(water()[1]), folder=tmp_path / "run")
    assert grown.trajectories.equals(waters.trajectories)


@pytest.mark.parametrize(
    ("molecule", "tables", "sentence"),
    [
        ({"formula": "H", "v": 0}, {}, "v applies to diatomics only, and H is not one"),
        (
            {"formula": "H"},
            {"stop": {"dissociated_A": 2.0}},
            "dissociated_A applies to beams of diatomics",
        ),
        (
            {"formula": "H2", "v": 0, "j": 0},
            {"stop": {"stop_on": "gas"}},
            "stop_on applies to atoms",
        ),
        (
            {"formula": "H2", "v": 0, "j": 0},
            {"sampling": {"target_error": 0.1, "target_product": "H(g)"}},
            "target_product applies to atoms",
        ),
        ({"formula": "CH4"}, {}, "does not know"),
        ({"formula": "OHH", "modes": {"4": 1}}, {}, "names mode 4, and OHH has 3"),
        ({"formula": "OHH"}, {"stop": {"bonds": {"C-H": 2.0}}}, "bonds names C-H"),
    ],
)
def test_what_cannot_be_honoured_is_refused(cached, molecule, tables, sentence):
    potential = OnSlab(water()[1])
    potential.elements = frozenset({1, 8, 29})
    if "phase_points" not in molecule and molecule["formula"] == "OHH":
        molecule = {**molecule, "phase_points": 2}
    with pytest.raises(scatter.UserError, match=sentence):
        scatter.run(settings(molecule, **tables), potential=potential)


def test_a_target_can_be_that_of_a_product():
    rows = np.zeros(40, [("point", "u4"), ("number", "u4"), ("outcome", "u1"), ("products", "S80")])
    rows["number"] = np.arange(40)
    rows["outcome"], rows["products"] = Outcome.SCATTERED, b"H(g)"
    rows["products"][:20] = b"H*"
    ended = scatter.Ended([None], rows)
    assert ended.product("H*").tolist() == [20]
    wanted = Rounds(40, 10_000, error=0.02, product="H*").next(ended)
    nothing = Rounds(40, 10_000, error=0.02, product="H(sub)").next(ended)
    assert len(wanted) > len(nothing)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_columns_of_its_own_once(kind):
    names = [column.name for column in usual_columns(3, kind)]
    assert len(names) == len({*names})
    assert ("products" in names) == (kind not in ("diatomic", "desorption"))
