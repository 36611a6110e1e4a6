import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from scatter.analysis import Sticking
from scatter.analysis.words import (
    conditions_of,
    differing,
    in_words,
    labels_of,
    phrases,
    shared,
    title_of,
)

PACKAGE = Path(__file__).parent.parent / "scatter"
UNREAD = {"analysis/splitting.py", "campaign/splitting.py"}  # what a level says is named `told`
# Names that say nothing of what they hold, and turns of phrase that nobody uses.
VAGUE = {"found", "one", "told", "said", "gone_back", "Rivals", "refuse_what_is_none"}
ODD = re.compile(
    r"(?<!there )\b(is|are) no (?!longer|more than|less than)|\bshall\b|\bmake of\b"
    r"|\bgo(ne|es)? on with\b|\b(is|are) told\b(?! (apart|from))|\bis none of\b"
    r"|\blargest likelihood\b|\bbut for a factor\b|\bfor ever\b|\bnobody is\b"
    r"|\b(ending|part|observer|column)s? of one's own\b",
    re.I,
)

BASE = Sticking("111", 925.0, "H2", 0, 1, None, 0.6, 0.0, None, 1, 1, 0, 0, "Cu(111)")


def told(*rows):
    return phrases([conditions_of(row) for row in rows])


def test_a_title_tells_metal_facet_temperature_molecule_state_and_angle():
    assert in_words([BASE]) == "Cu(111), 925 K, H2, v = 0, J = 1, 0.6 eV, normal incidence"
    aimed = replace(BASE, mJ=-1.0, polar_deg=30.5, azimuth_deg=12.0, surface="slab.xyz")
    assert in_words([aimed], without="energy_eV") == (
        "slab.xyz, 925 K, H2, v = 0, J = 1, m_J = -1, polar 30.5°, azimuth 12°"
    )
    assert in_words([replace(aimed, azimuth_deg=None)]).endswith("polar 30.5°, random azimuth")


@pytest.mark.parametrize(
    "change",
    [
        {"facet": "100", "surface": "Cu(100)"}, {"surface": "Ni(111)"}, {"surface": ""},
        {"T_K": 300.0}, {"T_K": 925.0000001}, {"molecule": "D2"}, {"v": 1}, {"J": 0},
        {"mJ": 0.0}, {"energy_eV": 0.1 + 0.5000001}, {"polar_deg": 1e-3}, {"azimuth_deg": 0.0},
    ],
)  # fmt: skip
def test_what_differs_is_no_part_of_the_title_and_reads_differently(change):
    both = told(BASE, replace(BASE, **change))
    (name,) = differing(both)
    assert name not in shared(both)
    one, other = labels_of(both)
    assert len(one) == len(other) == 1
    assert one != other
    assert not set(one + other) & set(title_of(both))


def test_members_without_conditions_take_nothing_from_the_title():
    known, unknown = phrases([conditions_of(BASE), {}])
    assert title_of([known, unknown]) == title_of([known])
    assert labels_of([known, unknown]) == [[], []]


def test_rows_without_a_surface_of_their_own_are_given_its_name():
    bare = replace(BASE, surface="")
    assert in_words([bare]).startswith("(111), ")
    assert in_words([bare], {"111": "Cu(111)"}) == in_words([BASE])
    assert in_words([replace(bare, facet="terrace")]).startswith("terrace, ")


def sources():
    """All files but kernels, whose names do not matter as much as that they stay compiled."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = str(path.relative_to(PACKAGE))
        if "kernels" not in path.parts and name not in UNREAD:
            yield path


@pytest.mark.parametrize("path", [*sources()], ids=lambda path: str(path.relative_to(PACKAGE)))
def test_names_say_what_they_hold_and_sentences_are_english(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = getattr(node, "id", getattr(node, "arg", getattr(node, "name", "")))
        assert name not in VAGUE, f"{path}, line {node.lineno}: '{name}'"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            odd = ODD.search(" ".join(node.value.split()))
            assert not odd, f"{path}, line {node.lineno}: '{odd[0]}'"
