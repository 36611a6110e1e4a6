import numpy as np
import pytest
from trajectory_rows import rows_of, some_points, some_rows

from scatter.analysis.mechanism import (
    mechanisms,
    orientation_distribution,
    pathways,
)
from scatter.analysis.sites import folded, impact_sites, site_sticking, surface_cell
from scatter.facets import FACETS as BUILT
from scatter.initial.slab import build, layers
from scatter.initial.surface import Surface
from scatter.outcomes import Outcome

pytestmark = pytest.mark.slow

A = {f"{facet} 925 K": 3.7 for facet in BUILT}
FACETS = sorted(BUILT)


def somewhere(count, facet="111", seed=1):
    """Points and trajectories with impacts all over a few cells, dissociated and scattered."""
    rng = np.random.default_rng(seed)
    rows = some_rows(count, outcome=rng.choice([1, 2, 2, 3], count))
    for axis in "xy":
        rows[f"impact_{axis}_A"], rows[f"lowest_{axis}_A"] = rng.uniform(-15, 15, (2, count))
    return some_points(facet=facet), rows


@pytest.mark.parametrize("facet", FACETS)
def test_the_origin_of_the_cell_is_an_atom_of_the_uppermost_row_of_every_slab(facet):
    size = [3, 4, 6] if facet == "211" else [2, 3, 6]
    surface = Surface(facet=facet, size=size, temperature_K=300, lattice_constant_A=3.7)
    system, ideal = build(surface, facet, 3.7)
    cell = surface_cell(facet, "fcc", 3.7)
    for layer, place in ((-1, (0, 0)), *([(-2, BUILT["111"].sites["hcp"][0])] * (facet == "111")),
                         *([(-3, BUILT["111"].sites["fcc"][0])] * (facet == "111"))):  # fmt: skip
        x, y, _ = ideal[layers(ideal)[layer]].T
        a, b = folded(x + 1e-9, y + 1e-9, cell)  # off the edge, which rounding may cross
        assert a == pytest.approx(np.full(len(a), place[0]), abs=1e-6)
        assert b == pytest.approx(np.full(len(b), place[1]), abs=1e-6)
    whole = np.linalg.solve(cell.T, system.cell[:2, :2].T)
    assert whole == pytest.approx(np.round(whole), abs=1e-9)


@pytest.mark.parametrize("facet", FACETS)
@pytest.mark.parametrize("where", ["impact", "lowest"])
def test_translations_of_the_lattice_change_no_site(facet, where):
    points, rows = somewhere(200, facet)
    cell = surface_cell(facet, "fcc", 3.7)
    here = impact_sites(points, rows, A, "fcc", where)
    for i, j in ((1, 0), (0, 1), (-7, 3)):
        moved = rows.copy()
        for axis, name in enumerate("xy"):
            moved[f"{where}_{name}_A"] += i * cell[0, axis] + j * cell[1, axis]
        there = impact_sites(points, moved, A, "fcc", where)
        assert (there["site"] == here["site"]).all()
        for name in ("a", "b", "x_A", "y_A"):
            assert there[name] == pytest.approx(here[name], abs=1e-9)
    assert np.all((here["a"] >= 0) & (here["a"] < 1) & (here["b"] >= 0) & (here["b"] < 1))


@pytest.mark.parametrize("facet", ["111", "100", "110"])
def test_what_lies_on_a_site_is_nearest_to_it(facet):
    cell = surface_cell(facet, "fcc", 3.7)
    for name, places in BUILT[facet].sites.items():
        rows = some_rows(len(places))
        for axis, letter in enumerate("xy"):
            rows[f"impact_{letter}_A"] = [0.01 + place @ cell[:, axis] for place in places]
        found = impact_sites(some_points(facet=facet), rows, A, "fcc")
        assert set(found["site"]) == {name}
        assert found["from_site_A"] == pytest.approx(np.full(len(places), 0.01 * 2**0.5))


def test_like_sites_have_like_shares_of_a_surface_that_is_hit_evenly():
    rng = np.random.default_rng(2)
    rows = some_rows(20000, outcome=Outcome.DISSOCIATED)
    place = rng.random((20000, 2)) @ surface_cell("111", "fcc", 3.7)
    rows["impact_x_A"], rows["impact_y_A"] = place.T
    impacts = impact_sites(some_points(), rows, A, "fcc")
    share = {row.site: row.share for row in rows_of(site_sticking(some_points(), impacts, "fcc"))}
    assert sum(share.values()) == pytest.approx(1)
    assert share["fcc"] == pytest.approx(share["hcp"], abs=0.015)


def test_sticking_on_sites_adds_up_to_that_of_the_point():
    points, rows = somewhere(500)
    impacts = impact_sites(points, rows, A, "fcc")
    found = rows_of(site_sticking(points, impacts, "fcc", most=1.0))
    assert sum(row.count for row in found) == 500
    stuck = (rows["outcome"] == Outcome.DISSOCIATED).sum()
    assert sum(row.S0 * row.count for row in found) == pytest.approx(stuck)
    assert sum(row.of_dissociated for row in found) == pytest.approx(1)
    assert sum(row.of_scattered for row in found) == pytest.approx(1)
    assert all(row.low <= row.S0 <= row.high for row in found)
    for row, unknown in zip(found, rows_of(site_sticking(points, impacts, "fcc")), strict=True):
        assert np.isnan(unknown.S0)  # a quarter of them is undecided
        assert (unknown.low, unknown.count) == (row.low, row.count)
        assert unknown.high > row.high


def test_surfaces_without_named_sites_are_folded_only_and_unknown_ones_not_at_all():
    points, rows = somewhere(10, "211")
    step = impact_sites(points, rows, A, "fcc")
    assert set(step["site"]) == {""}
    assert np.isfinite(step["a"]).all()
    assert rows_of(site_sticking(points, step, "fcc")) == []
    points["facet"] = "slab"
    assert np.isnan(impact_sites(points, rows, {"slab 925 K": None}, "")["a"]).all()


def test_one_label_means_another_cell_on_another_crystal():
    rows = some_rows(1)
    rows["impact_x_A"], rows["impact_y_A"] = 3.7 * 0.5, 0.01
    named = {crystal: impact_sites(some_points(facet="110"), rows, A, crystal)["site"][0]
             for crystal in ("fcc", "bcc", "hcp")}  # fmt: skip
    assert named == {"fcc": "long bridge", "bcc": "long bridge", "hcp": ""}
    rows["impact_y_A"] = 3.7 * 0.5**0.5  # above an atom, on bcc by the leaning second vector
    assert impact_sites(some_points(facet="110"), rows, A, "bcc")["site"][0] == "top"
    assert impact_sites(some_points(facet="110"), rows, A, "fcc")["site"][0] == "long bridge"


def surfaced():
    """Trajectories of all outcomes, with one that never came near."""
    rows = some_rows(6, outcome=[2, 2, 2, 1, 1, 3])
    rows["turning_points"] = [1, 3, 1, 0, 2, 8]
    rows["first_below_fs"] = [10, 10, np.nan, 10, 10, 10]
    rows["last_below_fs"] = [30, 300, np.nan, 20, 40, 900]
    rows["lowest_Z_A"], rows["lowest_theta_deg"] = 1.2, [0, 90, 180, 90, 60, 90]
    return rows


def test_a_bounce_is_a_turn_from_falling_to_rising():
    found = mechanisms(surfaced())
    assert found["bounces"].tolist() == [1, 2, 1, 0, 1, 4]


@pytest.mark.parametrize(
    ("rule", "trapped"),
    [({}, [1, 5]), ({"direct_bounces": 2}, [5]), ({"direct_fs": 25.0}, [1, 4, 5]),
     ({"direct_bounces": 0}, [0, 1, 2, 4, 5])],
)  # fmt: skip
def test_trapped_is_what_bounces_more_often_or_stays_longer(rule, trapped):
    assert np.flatnonzero(mechanisms(surfaced(), **rule)["trapped"]).tolist() == trapped


def test_pathways_share_out_all_trajectories_of_a_point():
    found = rows_of(pathways(some_points(), mechanisms(surfaced())))
    assert sum(row.P for row in found) == pytest.approx(1)
    assert sum(row.count for row in found) == 6
    (direct,) = [row for row in found if (row.outcome, row.pathway) == ("scattered", "direct")]
    assert (direct.count, direct.mean_residence_fs, direct.mean_closest_A) == (2, 20, 1.2)


def test_molecules_that_a_wall_sends_back_bounce_once_and_are_direct(bounced):
    points, rows = bounced
    found = mechanisms(rows)
    assert set(found["bounces"]) == {1}
    assert [row.P for row in rows_of(pathways(points, found))] == [1, 0] * len(points)


def test_isotropic_bonds_have_a_mean_of_a_third_and_a_flat_distribution():
    rng = np.random.default_rng(3)
    rows = some_rows(20000, lowest_theta_deg=np.degrees(np.arccos(rng.uniform(-1, 1, 20000))))
    found = mechanisms(rows)
    assert found["cos2_theta"].mean() == pytest.approx(1 / 3, abs=0.01)
    bins = rows_of(orientation_distribution(some_points(), found))
    assert sum(row.P for row in bins) == pytest.approx(1)
    assert all(row.density == pytest.approx(1, abs=0.1) for row in bins)


def test_upright_bonds_point_up_or_down_and_flat_ones_lie():
    bins = rows_of(orientation_distribution(some_points(), mechanisms(surfaced()), bins=4))
    assert [row.count for row in bins if row.outcome == "scattered"] == [1, 0, 0, 2]
