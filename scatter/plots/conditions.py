"""Conditions as figures show them: what all curves share above the axes, the rest in legends."""

import re
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
from scatter.conditions import CONDITIONS

WIDE = 56  # letters in a line above the axes of a column
LETTERS_PER_INCH = 16  # of the same text, with a margin
# Phrases of conditions in plain words, and how they are drawn.
DRAWN = {
    re.escape(condition.words).replace(r"\{\}", "(.+)"): condition.drawn
    for condition in CONDITIONS.values()
    if condition.drawn
}
FORMULA = re.compile(r"\b(?:(?:[A-Z][a-z]?\d*)+|n\d+)(?![\w.])")  # or a numbered mode
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def plain(text: str) -> str:
    """Text that is shown as it is, dollar signs included."""
    return text.replace("$", r"\$")


def subscripted(words: str) -> str:
    """Formulas and numbered modes as they are set, "n3 = 1" as "n₃ = 1": digits behind a letter."""
    return re.sub(r"(?<=[A-Za-z)])\d+", lambda digits: digits[0].translate(SUBSCRIPTS), words)


MATH = Notation(True, plain, lambda formula: plain(subscripted(formula)))


def title_and_labels(
    group: Sequence[Described], without: str = "", wide: int = WIDE
) -> tuple[str, list[str]]:
    """What a group shares, in lines for above the axes; and how each member differs.

    Args:
        group: conditions of each curve; empty where they are not known.
        without: the condition along the axis.
        wide: letters in a line.
    """
    worded = phrases([leaving_out(described, without) for described in group], MATH)
    # Spaces that do not break: a line ends between two conditions, never within one.
    whole = [text.replace(" ", "\N{NO-BREAK SPACE}") for text in title_of(worded)]
    return fill(", ".join(whole), wide), [", ".join(label) for label in labels_of(worded)]


def typeset(words: str) -> str:
    """Conditions in plain words as figures set them: formulas and quantum numbers, H₂, *v* = 0."""
    return ", ".join(_phrase(phrase) for phrase in words.split(", "))


def _phrase(phrase: str) -> str:
    for named, drawn in DRAWN.items():
        if (value := re.fullmatch(named, phrase)) is not None:
            return drawn.format(plain(value[1]))
    return plain(FORMULA.sub(lambda formula: subscripted(formula[0]), phrase))


def head(figure: Figure, words: str) -> None:
    """Write conditions above a figure, typeset, in as many lines as its width asks for."""
    wide = round(figure.get_figwidth() * LETTERS_PER_INCH)
    figure.suptitle(_in_lines(words, wide), fontsize=8)


def _in_lines(words: str, wide: int) -> str:
    """Typeset lines of at most so many letters, each broken between two conditions."""
    lines = [""]
    for phrase in words.split(", "):
        longer = f"{lines[-1]}, {phrase}" if lines[-1] else phrase
        if len(longer) > wide and lines[-1]:
            lines.append(phrase)
        else:
            lines[-1] = longer
    return ",\n".join(typeset(line) for line in lines)
