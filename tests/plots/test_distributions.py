"""Figures of final states, sites, angles and energies: what they show, and that grey suffices."""

import numpy as np
import pandas as pd
import pytest

from scatter.analysis.boltzmann import boltzmann_p_value, boltzmann_populations
from scatter.analysis.directions import ANGLES
from scatter.analysis.sites import IMPACT, symmetries_of
from scatter.outcomes import Outcome
from scatter.plots.directions import directions_figure, plane_figure
from scatter.plots.energy import transfer_figure
from scatter.plots.mechanism import orientation_figure
from scatter.plots.series import MOST, central, drawn_of, few
from scatter.plots.sites import shares, site_figure
from scatter.plots.states import boltzmann_figure, state_bars
from scatter.units import K

ENERGIES = np.linspace(0.3, 1.0, 8).round(2).tolist()


def legend(figure):
    boxes = [*(axes.get_legend() for axes in figure.axes), *figure.legends]
    return [text.get_text() for box in boxes if box for text in box.get_texts()]


def lines(axes):
    return [bars.lines[0] for bars in axes.containers]


def test_a_few_values_are_spread_from_the_first_to_the_last():
    assert few(list(range(10))) == [0, 3, 6, 9]
    assert few([1, 2]) == [1, 2]
    assert drawn_of({0.4: 50, 0.5: 3, 0.6: 10}) == [0.4, 0.6]
    assert drawn_of({0.5: 3}) == [0.5]


def test_one_trajectory_far_away_does_not_set_the_scale():
    low, weight = np.arange(100.0), np.zeros(100)
    weight[:10], weight[99] = 100, 1
    assert central(low, low + 1, weight) == (0.0, 10.0)


def records(n, seed):
    draw, rows = np.random.default_rng(seed), np.zeros(n, ANGLES)
    rows["polar_deg"] = np.abs(draw.normal(0, 12, n))
    rows["in_plane_deg"], rows["out_of_plane_deg"] = draw.normal(0, 12, (2, n))
    rows["loss_eV"] = draw.uniform(0, 0.2, n)
    return rows


def test_angles_have_at_most_four_lines_on_axes_that_hold_what_there_is():
    angles = {f"{E:g} eV": records(200, n) for n, E in enumerate(ENERGIES)}
    for figure in (directions_figure(angles), plane_figure(angles, 0.0)):
        for axes in figure.axes:
            drawn = lines(axes)
            assert len(drawn) == MOST
            assert len({line.get_marker() for line in drawn}) == MOST
            assert len({str(line._dash_pattern) for line in drawn}) == MOST
            assert axes.get_xlim()[1] <= 50
        assert figure.legends[0].get_title().get_text() == "Incidence energy (4 of 8 drawn)"
    assert plane_figure(angles, 60.0).axes[0].get_xlim()[1] >= 60


def transfers():
    edges = np.arange(-0.1, 0.3, 0.02)
    return pd.DataFrame(
        {
            "energy_eV": E, "outcome": "scattered", "from_eV": low, "to_eV": low + 0.02, "n": 1001,
            "count": count, "density_per_eV": count / 2, "low": count / 150, "high": count / 70,
        }
        for E in ENERGIES for low, count in [*zip(edges, [50] * 20, strict=True), (9.0, 1)]
    )  # fmt: skip


def test_energies_given_to_the_slab_have_panels_that_say_what_lies_beyond():
    figure = transfer_figure(transfers())
    assert len(figure.axes) == MOST
    assert figure.axes[0].get_xlim() == pytest.approx((-0.1, 0.3), abs=0.03)
    assert figure.axes[0].texts[0].get_text() == "0.3 eV, $n$ = 1001, 1 beyond the axis"


def orientations(outcomes):
    return pd.DataFrame(
        {
            "energy_eV": E, "outcome": name, "from_cos": b / 10, "to_cos": (b + 1) / 10, "n": n,
            "count": n / 10, "density": 1.0, "low": 0.08, "high": 0.12,
        }
        for name, n in outcomes.items() for E in ENERGIES for b in range(10)
    )  # fmt: skip


def test_an_ending_that_hardly_occurs_has_no_empty_panel():
    figure = orientation_figure(orientations({"scattered": 200, "dissociated": 2}))
    assert [axes.get_title() for axes in figure.axes] == ["scattered"]
    assert len(lines(figure.axes[0])) == MOST
    assert orientation_figure(orientations({"dissociated": 2})) is None


def impacts(n=4000):
    rows, draw = np.zeros(n, IMPACT), np.random.default_rng(0)
    rows["a"], rows["b"] = draw.uniform(0, 1, (2, n))
    rows["outcome"] = np.where(rows["a"] < 0.5, Outcome.DISSOCIATED, Outcome.SCATTERED)
    return rows


def test_the_map_of_sites_counts_every_impact_in_its_tile():
    every, stuck = shares(impacts())
    assert every.sum() == 4000
    assert stuck.sum() == (impacts()["a"] < 0.5).sum()
    half = len(every) // 2
    assert (stuck[:half] == every[:half]).all()
    assert not stuck[-half:].any()


@pytest.mark.parametrize(
    ("crystal", "facet", "order"),
    [
        *(("fcc", "111", 6), ("fcc", "100", 8), ("fcc", "110", 4), ("fcc", "211", 1)),
        *(("bcc", "110", 4), ("bcc", "100", 8), ("bcc", "111", 6), ("hcp", "0001", 6)),
    ],
)
def test_a_map_averaged_over_the_plane_group_is_that_of_any_image(crystal, facet, order):
    operations = symmetries_of(facet, crystal)
    assert len(operations) == order
    rows = impacts()
    every, stuck = shares(rows, operations)
    for W in operations:
        moved = rows.copy()
        moved["a"], moved["b"] = (np.stack([rows["a"], rows["b"]], -1) @ W % 1).T
        assert all(map(np.array_equal, shares(moved, operations), (every, stuck)))
    # An impact has at most `order` images, and fewer where two of them share a tile.
    assert 0.8 * order * len(rows) <= every.sum() <= order * len(rows)
    one = rows[:1]
    assert shares(one, operations)[0].max() == 1


def test_sites_are_drawn_on_their_atoms_with_S0_by_the_nearest():
    table = pd.DataFrame(
        {"energy_eV": E, "site": site, "count": 50, "S0": 0.5, "low": 0.4, "high": 0.6}
        for E in ENERGIES
        for site in ("top", "bridge", "fcc", "hcp")
    )
    figure = site_figure(impacts(), table, "111", "fcc", 3.71)
    cell, by_site, _ = figure.axes
    assert {"top", "bridge", "fcc", "hcp"} == {text.get_text() for text in cell.texts}
    near = 3.71 / np.sqrt(2)
    assert {round(circle.radius, 9) for circle in cell.patches} == {round(near / 2, 9)}
    assert len({line.get_marker() for line in lines(by_site)}) == 4
    assert legend(figure) == ["top", "bridge", "fcc", "hcp"]


def test_a_facet_without_named_sites_has_the_map_alone():
    figure = site_figure(impacts(), pd.DataFrame(), "211", "fcc", 3.71)
    assert len(figure.axes) == 2  # the map and its colours


def populations(shares_of_J, n=1000):
    """Rows for J' = 1, 3, 5 ... of one v', with the Boltzmann law of 800 K beside them."""
    J = np.arange(1, 2 * len(shares_of_J), 2)
    energy, weight = 0.0075 * J * (J + 1), 2.0 * J + 1
    law = boltzmann_populations(np.array([1 / (K * 800)]), energy, weight)[0]
    P = law if shares_of_J[0] is None else np.array(shares_of_J)
    rows = pd.DataFrame({"J_final": J, "rotational_eV": energy, "degeneracy": weight, "P": P})
    rows = rows.assign(low=0.9 * P, high=1.1 * P, boltzmann=law, v_final=0, energy_eV=0.5)
    thermal = {"energy_eV": 0.5, "v_final": 0, "effective": n, "temperature_K": 800.0}
    thermal |= {"low_K": 750.0, "high_K": 850.0}
    return rows.assign(scattered=n), pd.DataFrame([thermal])


def test_a_temperature_stands_only_where_the_populations_are_thermal():
    figure = boltzmann_figure(*populations([None] * 6))
    assert legend(figure) == ["$v'$ = 0: 800 (750–850) K"]
    x, y = next(line for line in figure.axes[0].lines if line.get_marker() == "None").get_data()
    assert np.diff(y) / np.diff(x) == pytest.approx(-1 / (K * 800))
    hollow = boltzmann_figure(*populations([0.4, 0.05, 0.05, 0.1, 0.4]))
    assert legend(hollow) == ["$v'$ = 0: not thermal"]
    assert all(len(line.get_xdata()) == 0 or line.get_linestyle() == "None"
               for line in hollow.axes[0].lines)  # fmt: skip
    assert legend(boltzmann_figure(*populations([0.9, 0.1]))) == ["$v'$ = 0"]  # too few to tell


def test_counts_drawn_from_a_boltzmann_law_have_uniform_p_values():
    energy, weight = np.arange(12) ** 2 * 0.0075, 2.0 * np.arange(12) + 1
    law = boltzmann_populations(np.array([1 / (K * 900)]), energy, weight)[0]
    draws = np.random.default_rng(1).multinomial(300, law, 400)
    p = np.array([boltzmann_p_value(counts.astype(float), law) for counts in draws])
    # The law is not fitted to each draw, so its p are a little too small on average.
    assert 0.3 < p.mean() < 0.55
    assert boltzmann_p_value(np.array([5.0, 5.0]), np.array([0.5, 0.5])) != pytest.approx(1)


def test_bars_of_states_are_told_apart_by_hatch_and_say_P_with_its_interval():
    table = pd.DataFrame(
        {
            "energy_eV": E, "v_final": v, "J_final": J, "scattered": 100, "count": 10,
            "P_scattered": 0.1 * (v + 1), "low_scattered": 0.05, "high_scattered": 0.35,
        }
        for E in ENERGIES for v in (0, 1) for J in (1, 3, 5)
    )  # fmt: skip
    figure = state_bars(table)
    assert len(figure.axes) == MOST
    first, second = [c for c in figure.axes[0].containers if hasattr(c, "patches")]
    assert [bar.get_height() for bar in first] == pytest.approx([0.1] * 3)
    assert [bar.get_height() for bar in second] == pytest.approx([0.2] * 3)
    assert first[0].get_hatch() != second[0].get_hatch()
    assert legend(figure) == ["$v'$ = 0", "$v'$ = 1"]
