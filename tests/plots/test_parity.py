import numpy as np
import pytest

from scatter.plots import parity
from scatter.plots.parity import Panel, parity_figure
from scatter.plots.style import save


def panel(n, spread=0.02, name="Forces"):
    rng = np.random.default_rng(n)
    x = rng.normal(0, 1, n)
    return Panel(name, "$F$", "eV/Å", x, x + rng.normal(0, spread, n))


def test_every_panel_with_numbers_is_drawn_and_states_its_rmse_in_thousandths():
    shown = [panel(50, name="Energy"), panel(0), panel(300)]
    figure = parity_figure(shown, "mine", "teacher")
    assert [axes.get_title() for axes in figure.axes] == ["Energy", "Forces"]
    for axes, one in zip(figure.axes, (shown[0], shown[2]), strict=True):
        rmse = 1000 * np.sqrt(np.mean((one.potential - one.reference) ** 2))
        assert axes.texts[0].get_text().startswith(f"RMSE {rmse:.3g} meV/Å\n")
        assert f"= {len(one.reference)}" in axes.texts[0].get_text()
        assert axes.get_xlabel() == "$F$, teacher (eV/Å)"
        assert axes.get_ylabel() == "$F$, mine (eV/Å)"


def test_both_axes_run_alike_and_hold_every_point():
    (axes,) = parity_figure([panel(500)]).axes
    points = axes.lines[0].get_xydata()
    assert len(points) == 500
    assert axes.get_xlim() == axes.get_ylim()
    assert points.min() > axes.get_xlim()[0]
    assert points.max() < axes.get_xlim()[1]


def test_of_very_many_points_some_are_drawn_and_all_enter_the_rmse(monkeypatch):
    monkeypatch.setattr(parity, "MOST", 100)
    one = panel(1000)
    (axes,) = parity_figure([one]).axes
    assert len(axes.lines[0].get_xydata()) == 100
    rmse = 1000 * np.sqrt(np.mean((one.potential - one.reference) ** 2))
    assert f"RMSE {rmse:.3g} meV" in axes.texts[0].get_text()


def test_the_inset_counts_the_differences_about_zero():
    (axes,) = parity_figure([panel(400)]).axes
    (inset,) = axes.child_axes
    low, high = inset.get_xlim()
    assert low == -high
    assert 396 <= sum(bar.get_height() for bar in inset.patches) <= 400


@pytest.mark.parametrize("n", [1, 3])
def test_few_and_equal_numbers_are_drawn(n, tmp_path):
    same = np.full(n, 2.0)
    save(parity_figure([Panel("Energy", "$E$", "eV", same, same)]), tmp_path / "parity")
    assert (tmp_path / "parity.png").stat().st_size > 1000
    assert (tmp_path / "parity.pdf").stat().st_size > 1000


def test_nothing_to_compare_is_refused():
    with pytest.raises(ValueError, match="nothing to compare"):
        parity_figure([panel(0)])
