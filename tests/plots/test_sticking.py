from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread

from scatter.analysis import Sticking, curves, read_curve, write_csv
from scatter.plots.conditions import subscripted
from scatter.plots.sticking import sticking_figure
from scatter.plots.style import COLUMN_mm, save
from scatter.settings import UserError

BASE = Sticking("111", 925.0, "H2", 1, 1, None, 0.6, 0.0, None, 50, 50, 0, 0)
ENERGIES = (0.4, 0.6, 0.8)


def scan(**conditions):
    return [
        replace(BASE, energy_eV=E, dissociated=20 * i, **conditions)
        for i, E in enumerate(ENERGIES, 1)
    ]


def legend(figure):
    """Texts of the legend, wherever it stands."""
    found = [figure.axes[0].get_legend(), *figure.legends]
    return [text.get_text() for box in found if box for text in box.get_texts()]


def title(figure):
    return figure.axes[0].get_title().replace("\N{NO-BREAK SPACE}", " ").replace("\n", " ")


def footnote(figure):
    return figure.axes[0].texts[0].get_text()


def overlay(tmp_path, name="teacher.csv", **options):
    path = tmp_path / name
    path.write_text("energy_eV,S0,low,high\n0.5,0.2,0.1,0.3\n0.7,0.5,0.4,0.6\n")
    return read_curve(path, **options)


def test_the_legend_shows_what_differs_and_the_title_what_is_common():
    figure = sticking_figure([*scan(v=0), *scan(v=1)])
    assert legend(figure) == ["$v$ = 0", "$v$ = 1"]
    assert title(figure) == "(111), 925 K, H₂, $J$ = 1, normal incidence"


@pytest.mark.parametrize(
    ("one", "other", "texts"),
    [
        ({"facet": "111"}, {"facet": "slab_$1.xyz"}, ["(111)", r"slab_\$1.xyz"]),
        ({"T_K": 300.0}, {"T_K": 925.5}, ["300 K", "925.5 K"]),
        ({"molecule": "H2"}, {"molecule": "D2"}, ["H₂", "D₂"]),
        ({"J": 0}, {"J": 11}, ["$J$ = 0", "$J$ = 11"]),
        ({"mJ": None}, {"mJ": -1.0}, ["isotropic", "$m_J$ = -1"]),
        ({"polar_deg": 0.0}, {"polar_deg": 30.0}, ["normal incidence", r"$\theta$ = 30°"]),
        (
            {"azimuth_deg": None, "v": 0},
            {"azimuth_deg": 45.0, "v": 1},
            ["$v$ = 0, random azimuth", r"$v$ = 1, $\phi$ = 45°"],
        ),
    ],
)
def test_every_condition_can_tell_two_curves_apart(one, other, texts):
    assert legend(sticking_figure([*scan(**one), *scan(**other)])) == texts


def test_a_single_curve_needs_no_legend():
    assert legend(sticking_figure(scan())) == []


def test_an_overlay_is_named_scaled_and_drawn_with_open_markers(tmp_path):
    figure = sticking_figure(scan(), overlay(tmp_path, scale=0.5))
    assert legend(figure) == ["this work", "teacher × 0.5"]
    ours, theirs = (bars.lines[0] for bars in figure.axes[0].containers)
    assert theirs.get_markerfacecolor() == "white"
    assert ours.get_markerfacecolor() == ours.get_color()
    assert theirs.get_ydata().tolist() == [0.1, 0.25]


def test_curves_of_an_overlay_from_another_campaign_are_told_apart(tmp_path):
    write_csv(tmp_path / "other.csv", [*scan(J=0), *scan(J=2)])
    texts = legend(sticking_figure(scan(), read_curve(tmp_path / "other.csv")))
    assert texts == ["this work, $J$ = 1", "other, $J$ = 0", "other, $J$ = 2"]


def test_overlays_under_other_conditions_say_so_and_the_title_does_not(tmp_path):
    for J in (0, 2):
        write_csv(tmp_path / f"run{J}.csv", scan(J=J))
    overlays = [curve for J in (0, 2) for curve in read_curve(tmp_path / f"run{J}.csv")]
    figure = sticking_figure(scan(), overlays)
    assert legend(figure) == ["this work, $J$ = 1", "run0, $J$ = 0", "run2, $J$ = 2"]
    assert title(figure) == "(111), 925 K, H₂, $v$ = 1, normal incidence"


OTHERS = [
    {"surface": "Ni(111)"}, {"facet": "100", "surface": "Cu(100)"}, {"T_K": 300.0},
    {"molecule": "D2"}, {"v": 0}, {"J": 3}, {"mJ": 1.0}, {"polar_deg": 45.0},
    {"azimuth_deg": 10.0}, {"T_K": 925.0001}, {"surface": ""},
]  # fmt: skip


@pytest.mark.parametrize("other", OTHERS)
def test_a_curve_under_another_condition_is_never_drawn_under_a_title_that_is_not_its_own(other):
    own, theirs = scan(surface="Cu(111)"), scan(**{"surface": "Cu(111)", **other})
    figure = sticking_figure(own, curves(theirs, "energy_eV", "B"))
    ours, its = legend(figure)
    assert ours.startswith("this work, ")
    assert its.startswith("B, ")
    assert ours.partition(", ")[2] != its.partition(", ")[2]
    shared = title(figure).split(", ")
    differing = [*ours.split(", ")[1:], *its.split(", ")[1:]]
    assert differing
    assert not {*shared} & {*differing}


def test_two_curves_of_one_name_are_refused():
    one = curves(scan(), "energy_eV", "B")
    with pytest.raises(UserError, match="two curves of the figure would both be called 'B'"):
        sticking_figure(scan(), [*one, *one])


def test_an_overlay_along_another_axis_is_refused(tmp_path):
    rows = [replace(BASE, polar_deg=angle) for angle in (0.0, 45.0)]
    with pytest.raises(ValueError, match="does not run along polar_deg"):
        sticking_figure(rows, overlay(tmp_path))


def test_two_results_for_the_same_conditions_are_refused():
    with pytest.raises(UserError, match="same conditions"):
        sticking_figure([*scan(), *scan()])


@pytest.mark.parametrize(
    ("name", "values", "label"),
    [
        ("energy_eV", (0.2, 0.4), "Incidence energy (eV)"),
        ("polar_deg", (0.0, 60.0), "Polar angle of incidence (°)"),
        ("T_K", (300.0, 925.0), "Surface temperature (K)"),
    ],
)
def test_the_x_axis_is_the_scanned_condition(name, values, label):
    axes = sticking_figure([replace(BASE, **{name: value}) for value in values]).axes[0]
    assert axes.get_xlabel() == label
    assert axes.lines[0].get_xdata().tolist() == list(values)


def test_error_bars_are_the_intervals_and_the_axis_runs_from_0_to_1():
    axes = sticking_figure(scan()).axes[0]
    segments = axes.containers[0].lines[2][0].get_segments()
    drawn = [end for segment in segments for end in segment[:, 1]]
    assert drawn == pytest.approx([end for row in scan() for end in (row.low, row.high)])
    bottom, top = axes.get_ylim()
    assert -0.05 < bottom < 0 < 1 < top < 1.05


def test_a_band_shows_what_undecided_and_failed_leave_open():
    rows = [replace(row, undecided=6, failed=4) for row in scan()]
    figure = sticking_figure(rows)
    assert legend(figure) == ["undecided or failed"]
    (band,) = [
        c for c in figure.axes[0].collections if type(c).__name__ == "FillBetweenPolyCollection"
    ]
    top = band.get_paths()[0].vertices[:, 1].max()
    assert top == pytest.approx(max(row.highest for row in rows))


def test_curves_differ_in_colour_marker_and_line_together():
    rows = [row for J in range(12) for row in scan(J=J)]
    lines = [bars.lines[0] for bars in sticking_figure(rows).axes[0].containers]
    looks = {(line.get_marker(), str(line.get_linestyle()), line.get_color()) for line in lines}
    assert len(looks) == 12
    assert len({line.get_marker() for line in lines[:9]}) == 9


def test_a_point_without_trajectories_is_said_and_not_drawn():
    empty = replace(BASE, energy_eV=1.0, dissociated=0, scattered=0)
    figure = sticking_figure([*scan(), empty], note="qualitative potential")
    assert footnote(figure) == "qualitative potential\n1 of 4 points without trajectories"
    assert figure.axes[0].lines[0].get_xdata().tolist() == list(ENERGIES)


def test_a_legend_never_hides_a_curve():
    room = sticking_figure([*scan(J=0), *scan(J=1)])
    assert room.axes[0].get_legend() is not None
    full = [replace(BASE, energy_eV=E, J=J, scattered=15 * J) for E in ENERGIES for J in range(5)]
    figure = sticking_figure([replace(row, dissociated=60 - row.scattered) for row in full])
    assert figure.axes[0].get_legend() is None
    assert len(legend(figure)) == 5


@pytest.mark.slow
def test_a_figure_is_a_column_wide_and_saves_the_same_bytes_whatever_the_user_has_set(tmp_path):
    for name, size in (("one", 8), ("two", 20)):
        with mpl.rc_context({"font.size": size, "axes.grid": size > 10, "savefig.bbox": "tight"}):
            save(
                sticking_figure(scan(), title="H2", note="qualitative"), tmp_path / f"{name}_0.5eV"
            )
            assert mpl.rcParams["font.size"] == size
    for suffix in ("png", "pdf"):
        one, two = (tmp_path / f"{name}_0.5eV.{suffix}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    image = imread(tmp_path / "one_0.5eV.png")
    assert image.shape[1] == pytest.approx(COLUMN_mm / 25.4 * 300, abs=1)
    assert np.ptp(image[..., :3]) == pytest.approx(1)
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.slow
def test_a_single_point_is_a_figure_too(tmp_path):
    save(sticking_figure([replace(BASE, undecided=20)]), tmp_path / "single")
    assert (tmp_path / "single.png").stat().st_size > 10_000


def test_digits_are_set_low_behind_letters_alone():
    shown = {"CHD3": "CHD₃", "C10H16": "C₁₀H₁₆", "n3 = 1, J = 0": "n₃ = 1, J = 0"}
    for words, low in shown.items():
        assert subscripted(words) == low
