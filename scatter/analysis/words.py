"""Conditions in words: what points share makes a title, what tells them apart makes labels.

Every table, figure and page says its conditions through these functions, so that none is left out
in one place and no two different conditions read alike.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scatter.analysis.probability import CONDITIONS, Condition

Conditions = Mapping[str, Condition]
TERMS = ("surface", *CONDITIONS[1:])
NOT_CHOSEN = {"mJ": "isotropic", "azimuth_deg": "random azimuth"}
NORMAL = "normal incidence"
DIGITS = (6, 9, 12, 17)  # that a number is written with: the fewest that tell it from others


@dataclass(frozen=True)
class Notation:
    """How conditions are written.

    Attributes:
        forms: what a number is put into, by the name of its condition.
        surface: what the name of a surface becomes.
        molecule: what a formula becomes.
    """

    forms: Mapping[str, str]
    surface: Callable[[str], str] = str
    molecule: Callable[[str], str] = str


PLAIN = Notation(
    {
        "T_K": "{} K", "v": "v = {}", "J": "J = {}", "mJ": "m_J = {}", "energy_eV": "{} eV",
        "polar_deg": "polar {}°", "azimuth_deg": "azimuth {}°",
    }
)  # fmt: skip


def conditions_of(row: Any, surfaces: Mapping[str, str] | None = None) -> Conditions:
    """The conditions of a row that has those of its point as attributes.

    Args:
        row: such as `Sticking`, `PerPoint`.
        surfaces: names of surfaces by facet, for rows that do not hold theirs.
    """
    surface = getattr(row, "surface", "") or (surfaces or {}).get(row.facet, "")
    return {"surface": surface, **{name: getattr(row, name) for name in CONDITIONS}}


def phrases(group: Sequence[Conditions], notation: Notation = PLAIN) -> list[dict[str, str]]:
    """Each condition that a member of a group has in words, by `TERMS`, nothing left out.

    Two values that differ have different words.
    """
    found: list[dict[str, str]] = [{} for _ in group]
    for term in TERMS:
        key = "facet" if term == "surface" else term
        there = [n for n, one in enumerate(group) if key in one]
        texts = _texts(term, [_value(term, group[n]) for n in there], notation)
        for n, text in zip(there, texts, strict=True):
            found[n][term] = text
    return found


def shared(told: Sequence[Mapping[str, str]]) -> list[str]:
    """The terms in which all members that have any are alike."""
    known = [one for one in told if one]
    return [name for name in TERMS if known and name in known[0]
            and len({one.get(name) for one in known}) == 1]  # fmt: skip


def differing(told: Sequence[Mapping[str, str]]) -> list[str]:
    """The terms in which members that have any are not all alike."""
    alike = shared(told)
    return [name for name in TERMS if name not in alike and any(name in one for one in told)]


def title_of(told: Sequence[Mapping[str, str]]) -> list[str]:
    """What all members share, in words; without what then goes without saying."""
    alike = shared(told)
    one = next((one for one in told if one), {})
    plain = {"mJ"} | (
        {"azimuth_deg"} if "polar_deg" in alike and one["polar_deg"] == NORMAL else set()
    )
    return [one[name] for name in alike if name not in plain or one[name] != NOT_CHOSEN[name]]


def labels_of(told: Sequence[Mapping[str, str]]) -> list[list[str]]:
    """What tells each member from the others, in words."""
    names = differing(told)
    return [[one[name] for name in names if name in one] for one in told]


def in_words(
    rows: Iterable[Any], surfaces: Mapping[str, str] | None = None, without: str = ""
) -> str:
    """What rows share, as a title: "Cu(111), 925 K, H2, v = 0, J = 1, normal incidence".

    Args:
        rows: as of `conditions_of`.
        surfaces: likewise.
        without: a condition that is not to be told.
    """
    told = phrases([conditions_of(row, surfaces) for row in rows])
    return ", ".join(title_of([{k: v for k, v in one.items() if k != without} for one in told]))


def varied(rows: Sequence[Any]) -> list[str]:
    """The conditions in which rows are not all alike."""
    there = [name for name in CONDITIONS if rows and hasattr(rows[0], name)]
    return [name for name in there if len({getattr(row, name) for row in rows}) > 1]


def _value(term: str, one: Conditions) -> Condition:
    if term != "surface":
        return one[term]
    facet = str(one["facet"])
    return one.get("surface") or (f"({facet})" if facet.isdecimal() else facet)


def _texts(term: str, values: Sequence[Condition], notation: Notation) -> list[str]:
    """The words for values of one condition."""
    if term in ("surface", "molecule"):
        write = notation.surface if term == "surface" else notation.molecule
        return [write(str(value)) for value in values]
    numbers = {float(value) for value in values if value is not None}
    digits = next(
        (few for few in DIGITS if len({f"{one:.{few}g}" for one in numbers}) == len(numbers)),
        DIGITS[-1],
    )
    return [_text(term, value, digits, notation) for value in values]


def _text(term: str, value: Any, digits: int, notation: Notation) -> str:
    if value is None:
        return NOT_CHOSEN[term]
    if term == "polar_deg" and value == 0:
        return NORMAL
    return notation.forms[term].format(f"{value:.{digits}g}")
