import csv
import re

import numpy as np
import pytest

from scatter import store
from scatter.analysis import read_csv
from scatter.report.document import Exhibit, Section, write_document
from scatter.report.page import write_report
from scatter.results.folder import ResultsFile
from scatter.settings import UserError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def told(undisturbed, tmp_path_factory):
    """A copy of a finished campaign, and the text of its page."""
    folder = tmp_path_factory.mktemp("page")
    for name in (store.RESULTS, "sticking.csv"):
        (folder / name).write_bytes((undisturbed / name).read_bytes())
    path = write_report(folder)
    return folder, path.read_text()


def test_the_page_needs_nothing_from_elsewhere(told):
    _, text = told
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert sources
    assert not [one for one in sources if one.startswith(("http", "//"))]
    assert all(one.startswith("data:") for one in re.findall(r'src="([^"]*)"', text))
    assert text.count("<script") == 1  # the page's own, by the hash that its policy names
    assert "default-src 'none'" in text


def test_every_part_is_there_and_every_link_leads_to_a_file(told):
    folder, text = told
    parts = ["Sticking", "Fits", "Final states", "Energy", "Directions", "Mechanism", "Quality"]
    assert re.findall(r"<h2 [^>]*>([^<]*)</h2>", text) == parts
    links = [one for one in re.findall(r'href="([^"#]+)"', text)]
    assert {one.rpartition(".")[2] for one in links} == {"png", "pdf", "csv"}
    assert all((folder / one).is_file() for one in links)


def test_the_numbers_on_the_page_are_those_of_the_campaign(told):
    folder, _ = told
    with open(folder / "report" / "sticking.csv") as file:
        found = list(csv.DictReader(file))
    due = read_csv(folder / "sticking.csv")
    assert [float(row["S0"]) for row in found] == [row.S0 for row in due]
    assert [int(row["n"]) for row in found] == [row.n for row in due]


def test_the_molecules_in_the_results_are_those_of_the_dynamics(told):
    folder, _ = told
    results = ResultsFile.of(folder)
    (one,) = results.molecules.values()
    rows = results.trajectories
    potential = np.asarray(one.curve(rows["bond_A"]))
    assert np.allclose(potential, rows["initial_potential_molecule_eV"], atol=1e-7)


def test_results_without_curves_still_make_a_page(told, tmp_path):
    import h5py

    (tmp_path / store.RESULTS).write_bytes((told[0] / store.RESULTS).read_bytes())
    with h5py.File(tmp_path / store.RESULTS, "a") as file:
        del file["molecules"]
    assert "do not hold the molecules" in write_report(tmp_path).read_text()


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(UserError, match="there is no such file"):
        write_report(tmp_path)


def test_text_is_shown_as_it_is_and_long_tables_say_what_they_leave_out(tmp_path):
    rows = [{"name": "<b>", "value": float(n)} for n in range(100)] + [{"name": "x", "value": None}]
    section = Section(
        "A & B", ["a < b"], [Exhibit("numbers", "c > d", None, rows, ("name", "value"))]
    )
    write_document(tmp_path / "r.html", "<title>", "lead", [section, Section("empty")])
    text = (tmp_path / "r.html").read_text()
    assert "<b>" not in text
    assert "a &lt; b" in text
    assert "41 more rows are in the CSV file" in text
    assert ">empty<" not in text
    assert (tmp_path / "r" / "numbers.csv").read_text().splitlines()[-1] == "x,"


def test_the_slabs_kinetic_energy_is_told_as_a_temperature(told):
    _, text = told
    found = re.search(r"kinetic energy says (\d+) ± (\d+) K", text)
    assert found
    assert abs(int(found[1]) - 600) < 5 * int(found[2])


def test_orders_of_diffraction_are_shown_of_slabs_at_rest_alone(told, run_tiny, tmp_path):
    folder, text = told
    assert "Diffraction" not in text
    rigid = {"surface__frozen_layers": "all", "incidence__energy_eV": 0.5}
    page = write_report(run_tiny(tmp_path, sampling__trajectories=6, **rigid))
    assert '<h2 id="diffraction">Diffraction</h2>' in page.read_text()
    with open(page.with_suffix("") / "diffraction.csv") as file:
        orders = list(csv.DictReader(file))
    assert sum(float(row["P"]) for row in orders) == pytest.approx(1)
    assert {row["n"] for row in orders} == {str(sum(int(row["count"]) for row in orders))}
