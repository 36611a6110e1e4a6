"""Tables in terminals of any width: every number of every row is there, whole."""

import io
import re
from itertools import product
from math import nan

import pytest
from rich.console import Console

from scatter.analysis import Sticking, ThermalSticking
from scatter.analysis.committee import committee_sticking
from scatter.analysis.rounds import Aim
from scatter.conditions import ADSORBED
from scatter.report.averages import average_table
from scatter.report.committee import committee_table
from scatter.report.listing import Listing
from scatter.report.table import sticking_table
from scatter.report.targets import compared

AIM = Aim(100, 10_000, error=0.01)
LONG = "a_vicinal_slab_of_platinum_cut_by_someone_else_and_relaxed_at_300K_final2.extxyz"
WIDTHS = [120, 80, 60, 40]


def printed(table, width):
    """What a terminal of so many columns shows, and what it shows with all space taken out."""
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(table)
    text = re.sub(r"\x1b\[[0-9;]*m", "", console.file.getvalue())
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in text
    return lines


def point(
    facet="111", T=300, v=0, J=1, mJ=None, E=0.4, polar=0, azimuth=None, ended=(12, 488, 0, 0)
):
    n, unsettled = sum(ended), ended[2] + ended[3]
    known = unsettled <= 0.01 * n
    return Sticking(facet, T, "H2", v, J, mJ, E, polar, azimuth, *ended, known=known)


def everything_varies(unsettled=False):
    """Points in which every condition varies, with many trajectories."""
    kinds = product(("111", LONG), (300, 925.5), (0, 1), (-1, 1), (0.4, 0.975), (0, 60), (None, 45))
    left = (1007, 33) if unsettled else (0, 0)
    return [
        point(facet, T, v, 10 + v, m, E, polar, azimuth, (100 + i, 9871 - i, *left))
        for i, (facet, T, v, m, E, polar, azimuth) in enumerate(kinds)
    ]


def numbers_of(row, aim):
    found = [f"{row.low:.3f}-{row.high:.3f}", f"{row.n}", f"{row.dissociated}", f"{row.scattered}"]
    found += (
        [f"{row.S0:.4f}"] if row.known else ["not known", f"{row.lowest:.3f}-{row.highest:.3f}"]
    )
    return found + [compared(row, aim)] if aim.given and row.known else found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("aim", [Aim(0, 0), AIM], ids=["plain", "target"])
@pytest.mark.parametrize("unsettled", [False, True])
def test_every_number_of_every_point_is_whole_in_a_terminal_of_any_width(width, aim, unsettled):
    rows = everything_varies(unsettled)
    lines, at = printed(sticking_table(rows, aim), width), 0
    for row in rows:  # in their order, each within the lines that are its own
        for number in numbers_of(row, aim)[:1]:
            at = next(n for n in range(at, len(lines)) if number in lines[n])
        near = "\n".join(lines[max(0, at - 3) : at + 4])
        for number in numbers_of(row, aim):
            assert re.search(rf"(?<![\w.]){re.escape(number)}(?![\w.])", near), number
        at += 1


@pytest.mark.parametrize("width", WIDTHS)
def test_every_point_can_be_told_from_the_others(width):
    text = " ".join(printed(sticking_table(everything_varies()), width))
    for word in ("(111)", "925.5 K", "H2(v=1, J=11)", "m_J = -1", "0.975 eV", "60°", "azimuth 45°"):
        assert word in text
    assert LONG in "".join(printed(sticking_table(everything_varies()), width)).replace(" ", "")


def test_a_table_that_fits_is_one_line_a_point():
    rows = [point(E=E, ended=(int(100 * E), 500 - int(100 * E), 0, 0)) for E in (0.4, 0.5)]
    assert printed(sticking_table(rows), 80)[1:] == [
        "energy    n  diss  scat  undec  fail      S0         95 %",
        "0.4 eV  500    40   460      0     0  0.0800  0.059-0.107",
        "0.5 eV  500    50   450      0     0  0.1000  0.077-0.129",
    ]


@pytest.mark.parametrize(
    ("formula", "state", "E", "dissociated", "there"),
    [
        ("H", None, 0.5, 0, False),
        ("H", ADSORBED, nan, 0, False),
        ("H", ADSORBED, nan, 1, True),
        ("CO", ADSORBED, nan, 0, True),
        ("CH4", "(0 0)", 0.5, 0, True),
    ],
)
def test_dissociated_is_a_column_of_what_has_a_bond_or_has_broken_one(
    formula, state, E, dissociated, there
):
    ended = (dissociated, 10, 0, 0)
    row = Sticking("111", 300, formula, None, None, None, E, 0, None, *ended, state=state)
    header = printed(sticking_table([row]), 80)[1].split()
    assert ("diss" in header) == there
    assert ("des" in header) == (state == ADSORBED)


def test_slow_conditions_become_headings_where_a_line_is_too_short():
    varied = product(("terrace.xyz", "step.xyz"), (300, 600), (0.4, 0.5))
    rows = [point(facet, T, E=E, ended=(5, 95, 0, 0)) for facet, T, E in varied]
    assert printed(sticking_table(rows), 70)[1:] == [
        "  T      energy    n  diss  scat  undec  fail      S0         95 %",
        "terrace.xyz",
        "  300 K  0.4 eV  100     5    95      0     0  0.0500  0.022-0.112",
        "  300 K  0.5 eV  100     5    95      0     0  0.0500  0.022-0.112",
        "  600 K  0.4 eV  100     5    95      0     0  0.0500  0.022-0.112",
        "  600 K  0.5 eV  100     5    95      0     0  0.0500  0.022-0.112",
        "step.xyz",
        "  300 K  0.4 eV  100     5    95      0     0  0.0500  0.022-0.112",
        "  300 K  0.5 eV  100     5    95      0     0  0.0500  0.022-0.112",
        "  600 K  0.4 eV  100     5    95      0     0  0.0500  0.022-0.112",
        "  600 K  0.5 eV  100     5    95      0     0  0.0500  0.022-0.112",
    ]


def test_numbers_that_fit_no_line_stand_behind_their_names():
    rows = [point(E=E, ended=(5, 45, 50, 0)) for E in (0.4, 0.5)]
    assert printed(sticking_table(rows, AIM), 50)[-4:] == [
        "0.5 eV",
        "  n 100, diss 5, scat 45, undec 50, fail 0,",
        "  S0 not known, 95 % 0.022-0.644,",
        "  bounds 0.050-0.550",
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_committee_of_seven_fits_too(width):
    members = [[point(ended=(100 + k, 400 - k, 0, 0)), point(E=0.9, polar=45)] for k in range(7)]
    rows = committee_sticking(members)
    text = " ".join(printed(committee_table(rows), width))
    for number in (f"{rows[0].spread:.4f}", f"{rows[0].low:.3f}-{rows[0].high:.3f}"):
        assert number in text
    for member in rows[0].members:
        assert f"{member.S0:.4f}" in text


@pytest.mark.parametrize("width", WIDTHS)
def test_averages_are_whole(width):
    gas = ThermalSticking(
        *(0.0, 0.0, 0.0, 0.0, 0.0, 300.0, "none"), S0=0.012349, low=1.234e-5, high=0.1234,
        lowest=1.234e-5, highest=0.9876, interpolation=0.0, rate_m_s=1.0, rate_low_m_s=1.0,
        rate_high_m_s=1.0,
    )  # fmt: skip
    listing = average_table("", [("gas at a temperature of 300 K", gas)])
    text = " ".join(printed(listing, width))
    for number in ("0.01235", "1.234e-05 to 0.1234", "1.234e-05 to 0.9876"):
        assert number in text


def test_brackets_in_the_name_of_a_surface_are_shown():
    rows = [point("slab[1].xyz", E=E) for E in (0.4, 0.5)]
    assert "slab[1].xyz" in printed(sticking_table(rows), 80)[0]


def test_a_name_is_broken_between_conditions_and_a_number_nowhere():
    row = (["slab.xyz, 300 K, 0.4 eV, azimuth 45°"], ["0.1234", "[0.100, 0.200]"])
    lines = Listing(["point"], ["S0, mine", "95 %"], [row]).lines(25)
    assert lines == [
        "slab.xyz, 300 K, 0.4 eV,",
        "azimuth 45°",
        "  S0, mine 0.1234,",
        "  95 % [0.100, 0.200]",
    ]
