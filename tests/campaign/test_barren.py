"""Campaigns in which hardly anything happened: every verb makes something sensible, unwarned.

Warnings are errors in tests, so that none is printed.
"""

import re
from contextlib import suppress

import h5py
import numpy as np
import pytest
from rich.console import Console

from scatter import store
from scatter.analysis import read_csv
from scatter.columns import SCATTERED
from scatter.outcomes import Outcome, Reason
from scatter.report.averages import Wanted, average
from scatter.report.page import write_report
from scatter.report.sticking import analyse, plot
from scatter.results.export import export
from scatter.settings import Untrusted, UserError


def numbered(rows):
    """The rows with new numbers, so that none is missing before another."""
    for point in np.unique(rows["point"]):
        mine = rows["point"] == point
        rows["number"][mine] = np.arange(mine.sum())
    return rows


def only(outcome):
    return lambda rows: numbered(rows[rows["outcome"] == outcome])


def first(outcome):
    return lambda rows: numbered(rows[rows["outcome"] == outcome][:1])


def ended(outcome, reason=Reason.NONE, finite=True):
    def change(rows):
        rows["outcome"], rows["reason"] = outcome, reason
        for name in [c.name for c in SCATTERED] if finite else rows.dtype.names:
            if rows.dtype[name].kind == "f" and (finite or name.startswith(("final", "energy"))):
                rows[name] = np.nan
        return rows

    return change


def unbound(rows):
    rows = only(Outcome.SCATTERED)(rows)
    rows["final_v"] = rows["final_J"] = np.nan
    return rows


def of_one_point(rows):
    return rows[rows["point"] == 0]


BARREN = {"nothing scattered", "one dissociated", "undecided", "failed", "not finite", "none"}
CASES = {
    "nothing scattered": only(Outcome.DISSOCIATED),
    "nothing dissociated": only(Outcome.SCATTERED),
    "one dissociated": first(Outcome.DISSOCIATED),
    "one scattered": first(Outcome.SCATTERED),
    "undecided": ended(Outcome.UNDECIDED),
    "failed": ended(Outcome.FAILED, Reason.ENERGY_ERROR),
    "not finite": ended(Outcome.FAILED, Reason.NOT_FINITE, finite=False),
    "not bound": unbound,
    "one point": of_one_point,
    "none": lambda rows: rows[:0],
}


@pytest.fixture(params=CASES, ids=lambda name: name.replace(" ", "-"))
def barren(request, undisturbed, tmp_path):
    """The name of a case and a campaign's folder in which no more happened than that."""
    (tmp_path / store.RESULTS).write_bytes((undisturbed / store.RESULTS).read_bytes())
    with h5py.File(tmp_path / store.RESULTS, "a") as file:
        rows = CASES[request.param](file["trajectories"][:])
        del file["trajectories"]
        file["trajectories"] = rows
    return request.param, tmp_path


@pytest.mark.slow
def test_a_page_is_made(barren):
    name, folder = barren
    text = write_report(folder).read_text()
    words = re.sub(r"<[^>]*>", " ", text.partition("<body>")[2])
    assert not re.search(r"\bnan\b", words)
    assert ("nothing scattered" in words) == (name in BARREN)
    assert (folder / "report" / "sticking.png").stat().st_size > 2000


@pytest.mark.usefixtures("whole_figures")
def test_a_figure_and_a_table_are_made(barren):
    name, folder = barren
    console = Console(width=80, record=True)
    with suppress(Untrusted):  # where S0 is not known
        analyse(folder, console)
    assert len(read_csv(folder / "sticking.csv")) == 2
    assert "Cu(111), 600 K" in console.export_text()
    assert plot([folder]).stat().st_size > 10_000


def averaged(folder, **wanted):
    """The average, or the sentence that there is none."""
    try:
        return average(folder, Wanted(nearest_J=True, **wanted), Console(quiet=True))[0]
    except UserError as refusal:
        return str(refusal)


@pytest.mark.slow
def test_averages_are_numbers_or_a_sentence(barren):
    name, folder = barren
    gas = averaged(folder, gases_K=[1000.0])
    desorbed = averaged(folder, surfaces_K=[600.0])
    if name == "none":
        assert gas == desorbed
        assert gas.startswith("no point has a trajectory that has ended")
        return
    if name in ("undecided", "failed", "not finite"):
        assert gas == desorbed
        assert "S0 is not known" in gas
        return
    assert 0 <= gas["low"] <= gas["S0"] <= gas["high"] <= 1
    if gas["S0"]:
        assert np.isfinite(desorbed["mean_energy_eV"])
    else:
        assert desorbed.startswith("desorption at 600 K: S0 is 0 at every point")


@pytest.mark.parametrize("format", ["csv", "extxyz"])
def test_trajectories_are_exported(barren, format):
    name, folder = barren
    if name == "none":
        with pytest.raises(UserError, match="holds no trajectory yet"):
            export(folder, format)
    else:
        assert export(folder, format).output.is_file()
