import numpy as np
import pytest

from scatter.plots.properties import (
    Series,
    equation_of_state_figure,
    expansion_figure,
    molecule_figure,
    paths_figure,
)
from scatter.plots.style import save

S = np.linspace(-4, 1, 11)
R = np.linspace(0.4, 3.0, 200)


def path(label, barrier):
    return Series(label, S, barrier * np.exp(-(S**2)))


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_each_path_has_a_panel_with_the_barriers_of_both_potentials():
    names = ("Cu(111) bridge", "Cu(100) bridge", "Cu(110) top")
    figure = paths_figure({name: [path("ours", 0.61), path("teacher", 0.587)] for name in names})
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in shown] == list(names)
    assert [texts(axes) for axes in shown] == 3 * [["0.610 eV", "0.587 eV"]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["ours", "teacher"]


def test_a_potential_looks_alike_in_every_panel_though_one_before_it_lacks_a_path():
    ours, between, teacher = (path(label, 0.6) for label in ("ours", "between", "teacher"))
    panels = {"Cu(111) bridge": [ours, between, teacher], "Cu(100) bridge": [ours, teacher]}
    whole, lacking = paths_figure(panels).axes
    looks = {points.get_label(): points[0].get_color() for points in whole.containers}
    assert len({*looks.values()}) == 3
    assert {points.get_label(): points[0].get_color() for points in lacking.containers} == {
        name: looks[name] for name in ("ours", "teacher")
    }
    assert [text.get_color() for text in lacking.texts] == [looks["ours"], looks["teacher"]]


def test_the_legend_names_what_the_first_panel_lacks():
    ours, teacher = path("ours", 0.6), path("teacher", 0.6)
    figure = paths_figure({"Cu(111) bridge": [ours], "Cu(100) bridge": [ours, teacher]})
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["ours", "teacher"]


def test_a_barrier_is_drawn_beneath_the_top_of_its_panel():
    axes = paths_figure({"Cu(111) bridge": [path("ours", 0.61), path("teacher", 0.9)]}).axes[0]
    assert axes.get_ylim()[1] > 1.0


def test_equations_of_state_on_two_scales_are_drawn_from_the_same_zero():
    a = np.linspace(3.6, 3.7, 11)
    series = [
        Series(
            f"{zero}", a, (a - least) ** 2 + zero, line=lambda x, m=least, z=zero: (x - m) ** 2 + z
        )
        for least, zero in ((3.64, -3.3), (3.66, -120.0))
    ]
    axes = equation_of_state_figure(series, "Cu").axes[0]
    for line in axes.lines:
        assert min(line.get_ydata()) == pytest.approx(0, abs=1e-3)
        assert max(line.get_ydata()) == pytest.approx(3.6, rel=0.05)


def test_lattice_constants_have_their_standard_errors():
    T = np.array([300.0, 600.0])
    series = Series("ours", T, np.array([3.66, 3.68]), np.array([0.001, 0.002]))
    axes = expansion_figure([series], "Cu").axes[0]
    (bars,) = axes.collections
    ends = [segment[:, 1] for segment in bars.get_segments()]
    assert np.ptp(ends, axis=1) == pytest.approx([0.002, 0.004])
    assert axes.get_xlim()[0] == 0


def test_curves_of_the_molecule_differ_by_what_the_lower_panel_shows():
    well = 4 * (R - 0.75) ** 2
    series = [Series("ours", R, well + 0.01 * (R - 0.75) ** 2 - 4), Series("teacher", R, well - 9)]
    above, below = molecule_figure(series, "H2").axes
    shown = well - well.min() < 2
    assert above.lines[1].get_ydata() == pytest.approx((well - well.min())[shown])
    assert below.lines[0].get_ydata() == pytest.approx(10 * ((R - 0.75) ** 2)[shown], abs=0.01)
    assert below.get_xlabel() == "Bond length of H₂ (Å)"


def test_curves_at_other_bond_lengths_are_not_compared():
    with pytest.raises(ValueError, match="same bond lengths"):
        molecule_figure([Series("ours", R, R), Series("teacher", R + 0.1, R)], "H2")


@pytest.mark.slow
def test_the_same_paths_give_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        figure = paths_figure({"Cu(111) bridge": [path("ours", 0.61)]})
        save(figure, tmp_path / name)
    for suffix in ("png", "pdf"):
        first, second = (tmp_path / f"{name}.{suffix}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
