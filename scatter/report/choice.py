"""Which points of a campaign to average over, where they differ in more than state and energy."""

from collections.abc import Mapping, Sequence
from math import isclose
from pathlib import Path

from scatter.analysis import Sticking
from scatter.analysis.words import conditions_of, labels_of, leaving_out, phrases
from scatter.conditions import CONDITIONS, STATE, Value
from scatter.report.document import stem_of
from scatter.settings import UserError

OPTIONS = {name: condition.option for name, condition in CONDITIONS.items() if condition.option}


def chosen(
    folder: Path, rows: Sequence[Sticking], values: Mapping[str, Value]
) -> tuple[list[Sticking], str]:
    """The points to be averaged, and what distinguishes their files from those of other points.

    Args:
        folder: of the campaign, named in errors.
        rows: all of its points.
        values: that are chosen, by condition.

    Raises:
        UserError: no point has them, or those that have differ in another condition.
    """
    left = list(rows)
    for name, value in values.items():
        kept = [row for row in left if _is(row, name, value)]
        if not kept:
            raise UserError(
                f"{OPTIONS[name]} {_said(value)}: no point of {folder} has it; the points have "
                f"{', '.join(_values(left, name))}"
            )
        left = kept
    for name, option in OPTIONS.items():
        there = _values(left, name)
        if len(there) > 1:
            raise UserError(
                f"{folder}: its points differ in {name} ({', '.join(there)}), and an average "
                f"needs one of them; choose it with {option}"
            )
    own = next(n for n, row in enumerate(rows) if row is left[0])
    phrased = phrases([conditions_of(row) for row in rows])
    terms = [leaving_out(words, *STATE, "energy_eV") for words in phrased]
    stem = stem_of(" ".join(labels_of(terms)[own]))
    return left, f"_{stem}" if stem else ""


def _is(row: Sticking, name: str, value: Value) -> bool:
    """Whether a point has a value of a condition."""
    own = getattr(row, name)
    if name == "facet":
        return value in (own, row.surface)
    if isinstance(own, float) and isinstance(value, float | int):
        return isclose(own, value, rel_tol=1e-9)
    return own == value


def _said(value: Value) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _values(rows: Sequence[Sticking], name: str) -> list[str]:
    """The values of a condition as its option takes them."""
    return [_said(value) for value in dict.fromkeys(getattr(row, name) for row in rows)]
