import numpy as np
import pytest

from scatter.plots.learning import PANELS, Learned, learning_figure, mean_over_subsets
from scatter.plots.style import save

SLAB = ("energy_shifted", "forces", "molecule")


def learned(method, number, *errors, subset=0):
    return Learned(method, number, dict(zip(SLAB, errors, strict=True)), subset)


def rows():
    yield learned("foundation", 0, (900.0, 50.0), (700.0, 20.0), (1500.0, 80.0))
    for method, factor in (("f4", 1.0), ("scratch", 2.0)):
        for number in (100, 10):  # in any order
            error = factor * 1000 / number
            yield learned(method, number, (error, 0.1 * error), (2 * error, 1.0), (3 * error, 1.0))


def line(axes, label):
    (found,) = [one for one in axes.containers if one.get_label() == label]
    return found.lines[0].get_xydata()


def test_each_method_is_a_line_from_few_structures_to_many_in_each_panel():
    figure = learning_figure([*rows()])
    for axes, factor in zip(figure.axes, (1, 2, 3), strict=True):
        assert np.allclose(line(axes, "f4"), [[10, 100 * factor], [100, 10 * factor]])
        assert np.allclose(line(axes, "scratch"), [[10, 200 * factor], [100, 20 * factor]])
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        assert [text.get_text() for text in axes.get_xticklabels()] == ["10", "100"]
    told = [(axes.get_title(), axes.get_ylabel()) for axes in figure.axes]
    assert told == [PANELS[name] for name in SLAB]


def test_the_foundation_as_it_is_is_a_horizontal_line():
    for axes, height in zip(learning_figure([*rows()]).axes, (900, 700, 1500), strict=True):
        (flat,) = [one for one in axes.lines if one.get_label() == "foundation"]
        assert [*flat.get_ydata()] == [height, height]


def test_error_bars_are_the_standard_errors():
    figure = learning_figure([*rows()])
    (bars,) = [one for one in figure.axes[0].containers if one.get_label() == "f4"]
    ends = np.array(bars.lines[2][0].get_segments())[:, :, 1]
    assert ends == pytest.approx(np.array([[90.0, 110.0], [9.0, 11.0]]))


def test_an_unfinished_curve_can_be_drawn(tmp_path):
    save(learning_figure([*rows()][1:2]), tmp_path / "one")
    assert (tmp_path / "one.png").stat().st_size > 0


def test_several_subsets_become_their_mean_with_its_error_and_one_stays():
    errors = enumerate((1, 2, 6))
    three = [learned("f4", 10, (e, 9.0), (2 * e, 9.0), (e, 9.0), subset=n) for n, e in errors]
    alone = learned("f4", 20, (1.0, 0.5), (1.0, 0.5), (1.0, 0.5))
    mean, single = mean_over_subsets([*three, alone])
    assert mean.errors["energy_shifted"] == pytest.approx((3.0, np.sqrt(7 / 3)))
    assert mean.errors["forces"] == pytest.approx((6.0, 2 * np.sqrt(7 / 3)))
    assert single == alone


def test_any_number_of_methods_can_be_drawn():
    many = [learned(f"group {n}", 10, (9.0, 1.0), (9.0, 1.0), (9.0, 1.0)) for n in range(17)]
    assert len(learning_figure(many).axes[0].containers) == 17


def test_panels_are_of_the_errors_that_there_are():
    errors = {"stress": (2.0, 0.1), "energy_per_atom": (9.0, 1.0)}
    titles = [axes.get_title() for axes in learning_figure([Learned("f4", 10, errors)]).axes]
    assert titles == ["energy", "stress"]
