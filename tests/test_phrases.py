import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from scatter.phrases import counted, in_lines, interval
from scatter.report.terminal import say

SENTENCE = (
    "undecided: raise [dynamics] max_time_fs in runs/a_folder_with_a_very_long_name, then run"
)


@pytest.mark.parametrize(
    ("count", "noun", "words"),
    [
        (1, "point", "1 point"), (0, "point", "0 points"), (2, "batch", "2 batches"),
        (1, "trajectory", "1 trajectory"), (1350, "trajectory", "1,350 trajectories"),
        (3, "array", "3 arrays"),
    ],
)  # fmt: skip
def test_a_number_of_things_has_its_plural(count, noun, words):
    assert counted(count, noun) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.1, 0.2, "0.1-0.2"), (-1, 0.2, "-1 to 0.2"), (3e-5, 0.01, "3e-05 to 0.01")],
)
def test_a_dash_stands_only_between_numbers_that_have_none(low, high, words):
    assert interval(low, high, ".4g") == words


@given(st.lists(st.text("abcÅ.-", min_size=1, max_size=30), min_size=1), st.integers(4, 90))
def test_lines_end_between_words_and_no_word_is_lost_or_broken(words, width):
    lines = in_lines(" ".join(words), width).split("\n")
    assert " ".join(lines).split() == words
    for line in lines:
        assert len(line) <= width or len(line.split()) == 1


def shown(*, terminal):
    console = Console(file=io.StringIO(), width=40, force_terminal=terminal, color_system=None)
    say(console, f"{SENTENCE}\nfigure: a.png")
    return console.file.getvalue()


def test_a_terminal_gets_lines_that_fit_and_a_file_whole_ones():
    assert shown(terminal=False) == f"{SENTENCE}\nfigure: a.png\n"
    lines = shown(terminal=True).splitlines()
    assert max(map(len, lines)) <= 40
    assert lines[-1] == "figure: a.png"
    assert " ".join(" ".join(lines[:-1]).split()) == SENTENCE
