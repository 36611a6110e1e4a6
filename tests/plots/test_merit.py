import numpy as np
import pytest

from scatter.plots.merit import Bars, merit_figure


def test_bars_are_means_over_members_with_their_spread():
    figure = merit_figure(
        [
            Bars("scratch", {"lattice": [40.0, 60.0], "phonons": [10.0, 10.0]}),
            Bars("tuned", {"phonons": [90.0]}),
        ]
    )
    (axes,) = figure.axes
    scratch, tuned = (bars for bars in axes.containers if len(getattr(bars, "patches", ())))
    assert [bar.get_height() for bar in scratch.patches] == [50.0, 10.0]
    assert [bar.get_height() for bar in tuned.patches] == [90.0]
    ends = np.array(scratch.errorbar.lines[2][0].get_segments())[:, :, 1]
    assert ends == pytest.approx(np.array([[50 - 200**0.5, 50 + 200**0.5], [10.0, 10.0]]))
    assert [text.get_text() for text in axes.get_xticklabels()] == ["lattice", "phonons"]
    places = [bar.get_x() + bar.get_width() / 2 for bar in (*scratch.patches, *tuned.patches)]
    assert places == pytest.approx([-0.2, 0.8, 1.2])
