"""What figures show of points whose S0 is not known."""

from dataclasses import replace

import numpy as np
import pytest

from scatter.analysis import Counts, Sticking
from scatter.analysis.committee import committee_sticking
from scatter.analysis.paired import PairedSticking
from scatter.plots.bounds import UNKNOWN
from scatter.plots.committee import committee_figure
from scatter.plots.paired import paired_figure
from scatter.plots.sticking import sticking_figure
from scatter.plots.style import save

BASE = Sticking("111", 925.0, "H2", 0, 1, None, 0.4, 0.0, None, 20, 80, 0, 0)
OPEN = replace(
    BASE, energy_eV=0.6, dissociated=10, scattered=60, undecided=25, failed=5, known=False
)
ROWS = [BASE, OPEN, replace(BASE, energy_eV=0.8, dissociated=90, scattered=10)]


def bars(axes):
    """Ends of the vertical bars of each series, and whether it has a marker."""
    found = []
    for bar in axes.containers:
        line, _, (drawn,) = bar.lines
        ends = [segment[:, 1].tolist() for segment in drawn.get_segments() if len(segment)]
        found.append((line is not None, [pair for pair in ends if np.isfinite(pair).all()]))
    return found


def brackets(axes):
    return [ends for marked, ends in bars(axes) if not marked]


def legend(figure):
    found = [figure.axes[0].get_legend(), *figure.legends]
    return [text.get_text() for box in found if box for text in box.get_texts()]


def test_a_bracket_from_bound_to_bound_stands_in_place_of_a_marker():
    figure = sticking_figure(ROWS)
    [ends] = brackets(figure.axes[0])
    assert ends == [pytest.approx([0.1, 0.4])]
    line = figure.axes[0].containers[0].lines[0]
    assert np.isnan(line.get_ydata()).tolist() == [False, True, False]  # and no line through it
    assert legend(figure) == [UNKNOWN]


def test_where_all_is_known_there_is_no_bracket():
    figure = sticking_figure([ROWS[0], ROWS[2]])
    assert brackets(figure.axes[0]) == []
    assert UNKNOWN not in legend(figure)


def test_a_figure_of_nothing_known_is_drawn(tmp_path):
    save(sticking_figure([replace(OPEN, dissociated=0, scattered=0)]), tmp_path / "one")
    assert (tmp_path / "one.png").is_file()


def test_a_committee_has_brackets_too_and_fits_leave_such_points_out(tmp_path):
    rows = committee_sticking([ROWS, ROWS, ROWS])
    figure = committee_figure(rows)
    assert brackets(figure.axes[0]) == [[pytest.approx([0.1, 0.4])]]
    assert UNKNOWN in legend(figure)
    assert (rows[1].low, rows[1].high) == (0.0, 1.0)
    assert np.isnan(rows[1].spread)
    save(figure, tmp_path / "committee")
    assert Counts.of(ROWS).energy_eV.tolist() == [0.4, 0.8]  # fits leave them out


def test_an_own_S0_that_is_not_known_has_a_band_about_its_bounds():
    alone = committee_sticking([[OPEN], [replace(BASE, energy_eV=0.6)], [replace(BASE)]])[0]
    assert np.isnan(alone.spread)
    assert (alone.low, alone.high) == (0.0, 1.0)


@pytest.mark.parametrize("rows", [ROWS, [OPEN]], ids=["one of three", "none known"])
def test_a_difference_of_what_is_not_known_is_not_drawn(rows, tmp_path):
    counts = np.zeros((4, 4), np.int64)
    counts[0, 0], counts[1, 1], counts[0, 1] = 10, 80, 10
    figure = paired_figure(
        [PairedSticking(replace(BASE, energy_eV=row.energy_eV), row, counts) for row in rows]
    )
    upper, lower = figure.axes
    assert [pytest.approx([0.1, 0.4])] in brackets(upper)
    [(_, drawn)] = bars(lower)
    assert len(drawn) == len(rows) - 1
    save(figure, tmp_path / "paired")
