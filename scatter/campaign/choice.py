"""Which points of a campaign to average over, where they differ in more than state and energy."""

from collections.abc import Sequence
from math import isclose
from pathlib import Path
from typing import Any

from scatter.analysis import Sticking
from scatter.analysis.words import conditions_of, labels_of, leaving_out, phrases
from scatter.conditions import CONDITIONS, STATE
from scatter.report.results import stem_of
from scatter.settings import UserError

OPTIONS = {name: one.option for name, one in CONDITIONS.items() if one.option}


def chosen(
    folder: Path, rows: Sequence[Sticking], values: dict[str, Any]
) -> tuple[list[Sticking], str]:
    """The points to be averaged, and what tells their files from those of the other points.

    Args:
        folder: of the campaign, named in errors.
        rows: all of its points.
        values: that are chosen, by condition.

    Raises:
        UserError: no point has them, or those that have differ in another condition.
    """
    found = list(rows)
    for name, value in values.items():
        kept = [row for row in found if _is(row, name, value)]
        if not kept:
            raise UserError(
                f"{OPTIONS[name]} {_said(value)}: no point of {folder} has it; there are "
                f"{', '.join(_values(found, name))}"
            )
        found = kept
    for name, option in OPTIONS.items():
        there = _values(found, name)
        if len(there) > 1:
            raise UserError(
                f"{folder}: its points differ in {name} ({', '.join(there)}), and an average is "
                f"over one of them; choose with {option}"
            )
    every = phrases([conditions_of(row) for row in rows])
    own = next(n for n, row in enumerate(rows) if row is found[0])
    terms = [leaving_out(words, *STATE, "energy_eV") for words in every]
    told = stem_of(" ".join(labels_of(terms)[own]))
    return found, f"_{told}" if told else ""


def _is(row: Sticking, name: str, value: Any) -> bool:
    """Whether a point has a value of a condition."""
    own = getattr(row, name)
    if name == "facet":
        return value in (own, row.surface)
    if isinstance(own, float):
        return isclose(own, value, rel_tol=1e-9)
    return own == value


def _said(value: Any) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _values(rows: Sequence[Sticking], name: str) -> list[str]:
    """The values of a condition as its option takes them."""
    return [_said(value) for value in dict.fromkeys(getattr(row, name) for row in rows)]
