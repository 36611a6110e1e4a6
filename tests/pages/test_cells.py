"""What the page makes of tables and pictures, without a browser."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from scatter.report import document
from scatter.report.cells import alike, columns_of, heading, tell
from scatter.report.chart import Chart
from scatter.report.document import Exhibit, Section, write_document

ROWS = [
    {"T_K": 300.0, "polar_deg": 0.0, "energy_eV": 0.525, "S0": 0.0833, "low": 0.02, "high": 0.181},
    {"T_K": 300.0, "polar_deg": 30.0, "energy_eV": 0.6, "S0": 0.2, "low": 0.118, "high": 0.318},
]


def cells(names, rows):
    """The headings and the cells of a table."""
    columns = columns_of(names, rows)
    return [c.heading for c in columns], [[c.text(row) for c in columns] for row in rows]


def test_the_ends_of_an_interval_share_a_cell_and_show_two_digits_of_its_width():
    headings, texts = cells(["energy_eV", "S0", "low", "high"], ROWS)
    assert headings == ["energy (eV)", "S0", "95 %"]
    assert texts == [["0.525", "0.0833", "0.02–0.18"], ["0.6", "0.2000", "0.12–0.32"]]
    narrow = [{"low": 0.41682, "high": 0.42311}, {"low": 0.0, "high": 0.5}]
    assert cells(["low", "high"], narrow)[1] == [["0.4168–0.4231"], ["0.00–0.50"]]


@pytest.mark.parametrize(
    ("names", "headings"),
    [
        (("E0_eV", "E0_low_eV", "E0_high_eV"), ["E0 (eV)", "95 %"]),
        (("temperature_K", "low_K", "high_K"), ["temperature (K)", "95 %"]),
        (("P", "low", "high", "low_all", "high_all"), ["P", "95 %", "95 % of all"]),
        (("n", "soft_low", "soft_high"), ["n", "95 % of soft"]),
        (("lowest", "highest"), ["bounds"]),
        (("lowest_r_A", "high"), ["lowest r (Å)", "high"]),
    ],
)
def test_intervals_are_named_after_what_they_are_of(names, headings):
    row = dict.fromkeys(names, 0.5)
    assert cells(names, [row])[0] == headings


def test_an_interval_with_a_negative_or_tiny_end_is_not_read_as_a_difference():
    assert cells(["low", "high"], [{"low": -0.2, "high": 0.1}])[1] == [["-0.20 to 0.10"]]
    assert cells(["low", "high"], [{"low": 1e-6, "high": 1e-5}])[1] == [["1.00e-06 to 1.00e-05"]]
    assert cells(["low", "high"], [{"low": None, "high": 0.1}])[1] == [["–"]]


def test_what_all_rows_share_is_said_once():
    assert alike([*ROWS[0]], ROWS) == ["T_K"]
    exhibit = Exhibit("s", "", None, ROWS, ("T_K", "polar_deg", "energy_eV", "S0"))
    assert exhibit.alike == "All rows: 300 K"
    assert [column.heading for column in exhibit.shown][:2] == ["polar angle (°)", "energy (eV)"]
    assert tell(ROWS[0], ["polar_deg"]) == "normal incidence"
    assert tell(ROWS[1], ["polar_deg"]) == "polar 30°"
    assert heading("v_final") == "v′"


def test_a_chart_reads_back_the_numbers_of_its_rows():
    chart = Chart("energy_eV", "S0", "E", "S0", curves=("polar_deg",))
    assert chart.of({**ROWS[1], "S0": 1 / 3}) == {
        **{"x": "0.6", "y": repr(1 / 3), "low": "0.118", "high": "0.318"},
        "curve": "polar 30°",
    }
    assert chart.of({**ROWS[1], "S0": np.nan})["y"] == ""


def test_a_page_stays_below_its_limit_and_says_which_pictures_it_leaves_out(tmp_path, monkeypatch):
    monkeypatch.setattr(document, "MOST_MB", 0.09)
    noise = np.random.default_rng(1).random((100, 100))
    exhibits = []
    for n in range(3):
        figure = Figure(figsize=(4, 4))
        figure.add_subplot().imshow(noise)
        exhibits.append(Exhibit(f"noise{n}", "noise", figure))
    path = tmp_path / "report.html"
    write_document(path, "", "", [Section("Noise", [], exhibits)])
    text = path.read_text()
    shown = len(re.findall("data:image/png", text))
    assert path.stat().st_size < 90_000
    assert 0 < shown < 3
    assert text.count("its file is named below") == 3 - shown
