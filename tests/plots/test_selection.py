import numpy as np

from scatter.plots.selection import selection_figure


def drawn(heights):
    rng = np.random.default_rng(0)
    pool = rng.uniform(0.5, 2.0, 500), heights
    kept = np.arange(0, 500, 10)
    distances = {name: rng.uniform(0, scale, 500) for name, scale in (("chosen", 1), ("random", 2))}
    places = tuple(values[kept] for values in pool)
    return selection_figure(pool, places, np.arange(50) % 3, distances)


def test_every_kept_frame_is_drawn_where_it_is_in_the_colour_of_its_part():
    heights = np.linspace(0, 7, 500)
    left, _ = drawn(heights).axes
    assert [len(line.get_xdata()) for line in left.lines] == [17, 17, 16]
    shown = np.sort(np.concatenate([line.get_ydata() for line in left.lines]))
    assert np.array_equal(shown, heights[::10])
    assert len({line.get_color() for line in left.lines}) == 3


def test_the_histograms_hold_all_frames_of_the_pool():
    _, right = drawn(np.linspace(0, 7, 500)).axes
    labels = [text.get_text() for text in right.get_legend().get_texts()]
    assert [label.split(":")[0] for label in labels] == ["chosen", "random"]
    for patch in right.patches:
        corners = patch.get_xy()
        tops = corners[1:-1:2, 1]
        assert tops.sum() == 500


def test_frames_of_unknown_height_are_no_error():
    left, _ = drawn(np.full(500, np.nan)).axes
    assert not left.collections
