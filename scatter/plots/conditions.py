"""Conditions as figures show them: what all curves share above the axes, the rest in legends."""

from collections.abc import Sequence
from textwrap import fill

from matplotlib.figure import Figure

from scatter.analysis.words import (
    Described,
    Notation,
    labels_of,
    leaving_out,
    phrases,
    title_of,
)

WIDE = 56  # letters in a line above the axes of a column
LETTERS_PER_INCH = 16  # of the same text, with a margin
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def plain(text: str) -> str:
    """Text that is shown as it is, dollar signs included."""
    return text.replace("$", r"\$")


MATH = Notation(True, plain, lambda formula: plain(formula.translate(SUBSCRIPTS)))


def title_and_labels(
    group: Sequence[Described], without: str = "", wide: int = WIDE
) -> tuple[str, list[str]]:
    """What a group shares, in lines for above the axes; and how each member differs.

    Args:
        group: conditions of each curve; empty where they are not known.
        without: the condition along the axis.
        wide: letters in a line.
    """
    said = phrases([leaving_out(described, without) for described in group], MATH)
    # Spaces that do not break: a line ends between two conditions, never within one.
    whole = [text.replace(" ", "\N{NO-BREAK SPACE}") for text in title_of(said)]
    return fill(", ".join(whole), wide), [", ".join(label) for label in labels_of(said)]


def head(figure: Figure, words: str) -> None:
    """Write words above a figure, in as many lines as its width asks for."""
    wide = round(figure.get_figwidth() * LETTERS_PER_INCH)
    figure.suptitle(fill(plain(words), wide), fontsize=8)
