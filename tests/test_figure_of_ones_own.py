"""What docs/questions/figure.md shows, run as it stands there, and the table of its curves."""

import re
from pathlib import Path

import numpy as np
import pytest
from drafts import whole_figures
from matplotlib import use
from numba_threads import threads_as_before

import scatter
from scatter.analysis import Counts, Sticking, fit
from scatter.report.fits import fitted_curves

PAGE = Path(__file__).parents[1] / "docs" / "questions" / "figure.md"
ENERGIES = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
STUCK = [1, 4, 22, 71, 123, 158, 171]


def rows(T_K, stuck):
    return [
        Sticking("111", T_K, "H2", 0, 1, None, E, 0.0, None, k, 200 - k, 0, 0)
        for E, k in zip(ENERGIES, stuck, strict=True)
    ]


@pytest.mark.slow
def test_the_page_draws_its_figure(write_tiny, tmp_path, monkeypatch):
    use("agg")
    monkeypatch.chdir(tmp_path)
    campaign, figure = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    names = {}
    with threads_as_before():
        exec(campaign.replace('"trajectories": 200', '"trajectories": 60'), names)
    with whole_figures():
        exec(figure, names)
    assert (tmp_path / "two_temperatures.pdf").stat().st_size > 1000
    axes = names["pyplot"].gca()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["300 K", "900 K"]
    assert len(axes.lines) >= 4  # points and curves
    names["pyplot"].close("all")
    assert len(names["curves"].groupby("T_K")) == 2


def test_fitted_curves_have_the_conditions_and_the_band_of_their_fits():
    points = [*rows(300.0, STUCK), *rows(900.0, STUCK[1:] + [180])]
    table = fitted_curves(points, form="erf")
    assert (
        table.groupby("T_K").energy_eV.agg(["min", "max"]).to_numpy().tolist() == [[0.3, 0.9]] * 2
    )
    asked = fitted_curves(points, [0.55, 0.65], "erf")
    assert len(asked) == 4
    for T_K, mine in asked.groupby("T_K"):
        own = fit(Counts.of([row for row in points if row.T_K == T_K]), "erf")
        energies = np.array([0.55, 0.65])
        assert mine.S0.tolist() == own(energies).tolist()
        assert [mine.low.tolist(), mine.high.tolist()] == [e.tolist() for e in own.band(energies)]
    assert fitted_curves(points, 0.55, "erf").S0.tolist() == asked.S0[::2].tolist()


def test_a_curve_that_cannot_be_fitted_is_named_and_none_at_all_is_refused():
    barren = rows(900.0, [0] * 7)
    with pytest.warns(UserWarning, match="900 K, H2, v = 0, J = 1, normal incidence: "):
        table = fitted_curves([*rows(300.0, STUCK), *barren], form="erf")
    assert set(table.T_K) == {300.0}
    with pytest.raises(scatter.UserError, match="900 K, H2"):
        fitted_curves(barren, form="erf")
