import numpy as np
from matplotlib.collections import PathCollection

from scatter.analysis.curve import Curve
from scatter.plots.sticking import sticking_figure


def test_points_that_were_split_have_rings_dotted_where_their_interval_is_refused():
    x = np.array([0.3, 0.4, 0.5])
    S0, low, high = x / 10, np.array([np.nan, 0.03, 0.04]), np.array([np.nan, 0.05, 0.06])
    split = np.array([True, True, False])
    curve = Curve("mine", {}, "energy_eV", x, S0, low, high, S0, S0, split)
    figure = sticking_figure([], [curve], axis="energy_eV", logarithmic=True, fits=[None])
    (axes,) = figure.axes
    (whole,) = [
        line for line in axes.lines if line.get_fillstyle() == "none" and len(line.get_xdata())
    ]
    assert whole.get_xdata().tolist() == [0.4]
    dotted = [each for each in axes.collections if isinstance(each, PathCollection)]
    assert [p for each in dotted for p in each.get_offsets().tolist()] == [[0.3, 0.03]]
    (legend,) = [axes.get_legend()] if axes.get_legend() else figure.legends
    assert {"by splitting", "interval refused"} <= {text.get_text() for text in legend.get_texts()}
    plain = Curve(
        "mine", {}, "energy_eV", x[1:], *(each[1:] for each in (S0, low, high, S0, S0, split))
    )
    figure = sticking_figure([], [plain], axis="energy_eV", logarithmic=True, fits=[None])
    legend = figure.axes[0].get_legend() or figure.legends[0]
    assert "interval refused" not in {text.get_text() for text in legend.get_texts()}
