"""Conditions in words: what points share makes a title, what differs between them makes labels.

Every table, figure and page says its conditions through these functions, so that none is left out
in one place and no two different conditions read alike.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scatter.conditions import CONDITIONS, Conditions, Value, applying

Described = Mapping[str, Value]  # conditions by name, and the name of the surface
TERMS = ("surface", *(name for name in CONDITIONS if name != "facet"))
FATES = {  # of the vibration, by the values of the column `channel`
    "survival": "same v and J",
    "elastic": "same v",
    "excitation": "v' > v",
    "deexcitation": "v' < v",
    "unassigned": "not bound in the well",
}
DIGITS = (6, 9, 12, 17)  # that a number is written with: the fewest that tell it from others


@dataclass(frozen=True)
class Notation:
    """How conditions are written.

    Attributes:
        drawn: as in figures.
        surface: what the name of a surface becomes.
        molecule: what a formula becomes.
    """

    drawn: bool = False
    surface: Callable[[str], str] = str
    molecule: Callable[[str], str] = str


PLAIN = Notation()


def conditions_of(row: Any, surfaces: Mapping[str, str] | None = None) -> Described:
    """The conditions of a row that has those of its point as attributes.

    Args:
        row: such as `Sticking`, or a row of a long table.
        surfaces: names of surfaces by facet, for rows that do not hold theirs.
    """
    surface = getattr(row, "surface", "") or (surfaces or {}).get(row.facet, "")
    names = applying(row) if isinstance(row, Conditions) else CONDITIONS
    there = {name: getattr(row, name) for name in names if hasattr(row, name)}
    values = {name: None if value != value else value for name, value in there.items()}
    worded = {n: v for n, v in values.items() if v is not None or CONDITIONS[n].unchosen}
    return {"surface": surface, **worded}


def phrases(group: Sequence[Described], notation: Notation = PLAIN) -> list[dict[str, str]]:
    """Each condition that a member of a group has in words, by `TERMS`, nothing left out.

    Two values that differ have different words.
    """
    worded: list[dict[str, str]] = [{} for _ in group]
    for term in TERMS:
        key = "facet" if term == "surface" else term
        having = [n for n, member in enumerate(group) if key in member]
        texts = _texts(term, [_value(term, group[n]) for n in having], notation)
        for n, text in zip(having, texts, strict=True):
            worded[n][term] = text
    return worded


def unsaid(name: str, words: Mapping[str, str]) -> bool:
    """Whether a condition goes without saying: no chosen m_J, no azimuth at normal incidence."""
    normal = CONDITIONS["polar_deg"].zero
    if name == "azimuth_deg" and words.get("polar_deg", normal) != normal:
        return False
    return name in CONDITIONS and words[name] == CONDITIONS[name].unchosen


def shared(worded: Sequence[Mapping[str, str]]) -> list[str]:
    """The terms in which all members that have any are alike."""
    known = [words for words in worded if words]
    first = known[0] if known else {}
    return [name for name in TERMS if name in first and len({w.get(name) for w in known}) == 1]


def differing(worded: Sequence[Mapping[str, str]]) -> list[str]:
    """The terms in which members that have any are not all alike."""
    alike = shared(worded)
    return [name for name in TERMS if name not in alike and any(name in words for words in worded)]


def title_of(worded: Sequence[Mapping[str, str]]) -> list[str]:
    """What all members share, in words; without what then goes without saying."""
    alike = shared(worded)
    words = {name: next(words for words in worded if words)[name] for name in alike}
    return [text for name, text in words.items() if not unsaid(name, {"polar_deg": "", **words})]


def labels_of(worded: Sequence[Mapping[str, str]]) -> list[list[str]]:
    """How each member differs from the others, in words."""
    names = differing(worded)
    return [[words[name] for name in names if name in words] for words in worded]


def in_words(
    rows: Iterable[object], surfaces: Mapping[str, str] | None = None, without: str = ""
) -> str:
    """What rows share, as a title: "Cu(111), 925 K, H2, v = 0, J = 1, normal incidence".

    Args:
        rows: as of `conditions_of`.
        surfaces: likewise.
        without: a condition that is not to be said.
    """
    worded = phrases([conditions_of(row, surfaces) for row in rows])
    return ", ".join(title_of([leaving_out(words, without) for words in worded]))


def leaving_out(described: Mapping[str, object], *names: str) -> dict[str, Any]:
    """Conditions, or their words, without some of them."""
    return {name: value for name, value in described.items() if name not in names}


def varied(rows: Sequence[object]) -> list[str]:
    """The conditions in which rows are not all alike."""
    there = [name for name in CONDITIONS if rows and hasattr(rows[0], name)]
    return [name for name in there if len({getattr(row, name) for row in rows}) > 1]


def _value(term: str, described: Described) -> Value:
    if term != "surface":
        return described[term]
    facet = str(described["facet"])
    return described.get("surface") or (f"({facet})" if facet.isdecimal() else facet)


def _texts(term: str, values: Sequence[Value], notation: Notation) -> list[str]:
    """The words for values of one condition."""
    if term == "surface" or CONDITIONS[term].kind == "str":
        write = notation.surface if term == "surface" else notation.molecule
        return [write(str(value)) for value in values]
    numbers = {float(value) for value in values if value is not None}
    digits = next(
        (few for few in DIGITS if len({f"{x:.{few}g}" for x in numbers}) == len(numbers)),
        DIGITS[-1],
    )
    return [_text(term, value, digits, notation) for value in values]


def _text(term: str, value: object, digits: int, notation: Notation) -> str:
    condition = CONDITIONS[term]
    if value is None:
        return condition.unchosen
    if value == 0 and condition.zero:
        return condition.zero
    form = condition.drawn if notation.drawn and condition.drawn else condition.words
    return form.format(f"{value:.{digits}g}")
