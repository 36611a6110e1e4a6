import numpy as np
import pytest

from scatter.analysis import Sticking
from scatter.analysis.committee import committee_sticking
from scatter.analysis.estimate import Counts
from scatter.analysis.fits import best_fits
from scatter.analysis.paired import PairedSticking
from scatter.plots.committee import THIN_pt, committee_figure
from scatter.plots.fitted import BAND
from scatter.plots.paired import paired_figure
from scatter.plots.style import save


def row(energy=0.5, v=0, both=20, own=1, its=3, neither=16, **conditions):
    """A point where so many pairs dissociate on both, on one potential alone, or on neither."""
    n, shared = both + own + its + neither, {"facet": "111", "T_K": 925.0, "molecule": "H2", "J": 1,
        "mJ": None, "polar_deg": 0.0, "azimuth_deg": None, "undecided": 0, "failed": 0}  # fmt: skip
    shared |= {"energy_eV": energy, "v": v, **conditions}
    counts = np.zeros((4, 4), np.int64)
    counts[:2, :2] = [[both, own], [its, neither]]
    potential, reference = (
        Sticking(dissociated=stuck, scattered=n - stuck, **shared)
        for stuck in (both + own, both + its)
    )
    return PairedSticking(potential, reference, counts)


def points(axes):
    """Every point of the axes that has an error bar, by its series."""
    return [bar.lines[0].get_xydata() for bar in axes.containers]


def plainly(title):
    return title.replace("\N{NO-BREAK SPACE}", " ").replace("\n", " ")


def ends(axes):
    return [
        np.array([segment[:, 1] for segment in bar.lines[2][0].get_segments()])
        for bar in axes.containers
    ]


def test_both_S0_and_their_difference_stand_at_their_condition_with_their_intervals():
    rows = [row(1.0, both=30, neither=6), row(0.5)]
    upper, lower = paired_figure(rows).axes
    reference, potential = points(upper)
    (difference,) = points(lower)
    for n, one in enumerate(reversed(rows)):
        assert [reference[n, 1], potential[n, 1], difference[n, 1]] == pytest.approx(
            [one.reference.S0, one.potential.S0, one.difference.difference]
        )
        for series, found in ((0, one.reference), (1, one.potential)):
            assert ends(upper)[series][n] == pytest.approx([found.low, found.high])
        assert ends(lower)[0][n] == pytest.approx([one.difference.low, one.difference.high])
    assert difference[:, 0] == pytest.approx([0.5, 1.0])
    assert reference[:, 0] == pytest.approx([0.5, 1.0], abs=0.01)
    assert (reference[:, 0] < potential[:, 0]).all()


def test_sets_of_conditions_have_colours_and_what_they_share_stands_above():
    rows = [row(energy, v) for v in (0, 1) for energy in (0.5, 0.8)]
    figure = paired_figure(rows, "mine", "teacher")
    upper, lower = figure.axes
    assert (len(upper.containers), len(lower.containers)) == (4, 2)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["teacher", "mine", "$v$ = 0", "$v$ = 1"]
    assert plainly(upper.get_title()) == "(111), 925 K, H₂, $J$ = 1, normal incidence"
    colours = [bar.lines[0].get_color() for bar in upper.containers]
    assert colours[0] == colours[1] != colours[2] == colours[3]


def test_the_difference_is_drawn_about_zero_and_holds_every_bar():
    _, lower = paired_figure([row(own=9, its=0), row(0.8, own=0, its=0)]).axes
    low, high = lower.get_ylim()
    assert low == -high
    assert high > np.abs(np.concatenate(ends(lower))).max()


@pytest.mark.slow
def test_a_single_point_and_one_of_no_pairs_are_drawn(tmp_path):
    empty = row(0.9, both=0, own=0, its=0, neither=0)
    figure = paired_figure([row(polar_deg=30.0, azimuth_deg=10.0, mJ=1.0), empty])
    assert figure.axes[0].get_xlim() == (0.25, 0.75)
    assert "$\\theta$\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}30°" in figure.axes[0].get_title()
    save(figure, tmp_path / "paired")
    assert (tmp_path / "paired.png").stat().st_size > 1000


def test_no_pairs_at_all_are_refused():
    with pytest.raises(ValueError, match="no point has a pair"):
        paired_figure([row(both=0, own=0, its=0, neither=0)])


STUCK = [1, 4, 22, 71, 123, 158, 171]  # of 200, at energies from 0.3 eV on


def curve_of(stuck, energy=0.3):
    return [row(energy + 0.1 * n, both=k, own=k // 9, neither=200 - k) for n, k in enumerate(stuck)]


def lines(axes):
    """Curves with many corners: fits, not joins of points."""
    return [line for line in axes.lines if len(line.get_xdata()) > len(STUCK)]


def test_both_potentials_have_their_fits_in_place_of_straight_joins():
    rows = curve_of(STUCK)
    figure = paired_figure(rows)
    drawn = lines(figure.axes[0])
    series = [[getattr(each, of) for each in rows] for of in ("reference", "potential")]
    fits = best_fits([*map(Counts.of, series)])  # of one form
    for line, fitted, style in zip(drawn, fits, ("-", "--"), strict=True):
        assert line.get_ydata() == pytest.approx(fitted(np.asarray(line.get_xdata())))
        assert line.get_linestyle() == style
    assert {bar.lines[0].get_linestyle() for bar in figure.axes[0].containers} == {"None"}
    assert BAND in [text.get_text() for text in figure.legends[0].get_texts()]


def test_members_of_a_committee_have_thin_fits_and_the_potential_a_thick_one():
    own, other = ([each.reference for each in curve_of(STUCK[i:] + [180] * i)] for i in (0, 1))
    axes = committee_figure(committee_sticking([own, other, other])).axes[0]
    assert [line.get_linewidth() for line in lines(axes)] == [1.0, THIN_pt, THIN_pt]
    (fitted,) = best_fits([Counts.of(own)])
    first = lines(axes)[0]
    assert first.get_ydata() == pytest.approx(fitted(np.asarray(first.get_xdata())), abs=0.02)
