import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from scatter import store
from scatter.analysis import Sticking
from scatter.plots.sticking import sticking_figure
from scatter.report.document import stem_of
from scatter.report.naming import potential_words
from scatter.report.page import write_report
from scatter.report.sticking import plot, refuse_twice
from scatter.report.table import common_words, point_names, sticking_table
from scatter.results.folder import ResultsFile
from scatter.results.surfaces import crystal_in, surface_names
from scatter.settings import UserError
from scatter.store import Description

BASE = Sticking("111", 600.0, "H2", 0, 1, None, 0.9, 0.0, None, 5, 5, 0, 0, "Cu(111)")
PLACE = Path("campaign.json")


@pytest.mark.parametrize(
    ("text", "facet", "name"),
    [
        ("", "111", "Cu(111)"),
        ('[surface]\nelement = "Ni"\n', "100", "Ni(100)"),
        ('[surface]\nfile = "slabs/stepped.extxyz"\n', "stepped", "stepped.extxyz"),
        ('[surface]\nfile = "111.xyz"\n', "111", "111.xyz"),
        ("[surface]\nimages = true\n", "111", "Cu(111) covered with molecules"),
        ('[surface]\nelement = "Fe"\nstructure = "fcc"\n', "111", "fcc Fe(111)"),
        ('[surface]\nfrozen_layers = "all"\nfile = "a.xyz"\n', "a", "rigid a.xyz"),
        (
            '[surface.adsorbates]\nspecies = "H"\nsite = "fcc"\ncoverage = 0.25\n',
            "111",
            "Cu(111) with 0.25 H at fcc",
        ),
        (
            "[incidence]\naim_atom = 47\naim_radius_A = 1.2\n",
            "111",
            "Cu(111) within 1.2 Å of atom 47",
        ),
    ],
)
def test_a_surface_is_called_by_its_metal_and_facet_or_by_its_file(text, facet, name):
    assert surface_names(Description(PLACE, {"input": text}), [facet, facet]) == {facet: name}


@pytest.mark.parametrize(
    ("text", "crystal"),
    [("", "fcc"), ('element = "W"', "bcc"), ('structure = "hcp"', "hcp"), ('file = "a.xyz"', "")],
)
def test_the_crystal_of_a_campaign_is_that_of_its_element_unless_the_slab_is_a_file(text, crystal):
    assert crystal_in(Description(PLACE, {"input": f"[surface]\n{text}\n"})) == crystal


@pytest.mark.parametrize("text", ["surface = 3", "[surface", "[surface]\nfile = 3"])
def test_an_input_that_cannot_be_read_is_refused(text):
    with pytest.raises(UserError, match="campaign.json: the input in it cannot be read"):
        surface_names(Description(PLACE, {"input": text}), ["111"])


def test_the_table_has_the_metal_the_state_and_every_angle_above_it():
    rows = [replace(BASE, polar_deg=30.0, azimuth_deg=15.0, energy_eV=E) for E in (0.5, 0.9)]
    assert common_words(rows) == "Cu(111), 600 K, H2(v=0, J=1), polar 30°, azimuth 15°"
    console = Console(width=80, record=True, quiet=True)
    with console.capture() as captured:
        Console(width=80).print(sticking_table(rows))
    console = Console(width=80, file=None, record=True)
    console.print(sticking_table(rows))
    assert "Cu(111), 600 K, H2(v=0, J=1)" in console.export_text()
    assert captured is not None


@pytest.mark.parametrize(
    "change",
    [{"azimuth_deg": 10.0}, {"energy_eV": 0.9000001}, {"mJ": 0.0}, {"polar_deg": 0.001}],
)
def test_points_that_differ_have_different_names(change):
    assert len(set(point_names([BASE, replace(BASE, **change)]))) == 2


def test_a_folder_is_not_drawn_twice(tmp_path):
    refuse_twice([tmp_path / "a", tmp_path / "b"])
    with pytest.raises(UserError, match="is named twice"):
        refuse_twice([tmp_path / "a", tmp_path / "b" / ".." / "a"])


def test_a_potential_is_named_without_its_file():
    assert potential_words("fused MACE h2_cu.npz (H, Cu; float32)") == "MACE h2_cu"
    analytic = "analytic LEPS potential for H2 on copper (qualitative)"
    assert potential_words(analytic) == analytic


@pytest.fixture
def drawn(monkeypatch):
    """The figures that `plot` has drawn."""
    found = []

    def kept(*arguments, **options):
        found.append(sticking_figure(*arguments, **options))
        return found[-1]

    monkeypatch.setattr("scatter.report.sticking.sticking_figure", kept)
    return found


def texts_of(figure):
    boxes = [figure.axes[0].get_legend(), *figure.legends]
    found = [text.get_text() for box in boxes if box for text in box.get_texts()]
    return figure.axes[0].get_title().replace("\N{NO-BREAK SPACE}", " "), found


def renamed(folder, to, element):
    """A copy of a campaign whose input says that its metal is another."""
    import h5py

    shutil.copytree(folder, to)
    with h5py.File(to / store.RESULTS, "a") as file:
        text = str(file.attrs["input"]).replace(
            "[surface]\n", f'[surface]\nelement = "{element}"\n'
        )
        file.attrs["input"] = text
    return to


def test_campaigns_on_different_metals_are_never_drawn_under_one_title(
    undisturbed, tmp_path, drawn
):
    other = renamed(undisturbed, tmp_path / "nickel", "Ni")
    plot([undisturbed, other], output=tmp_path / "both")
    title, legend = texts_of(drawn[0])
    assert title.replace("\n", " ") == "600 K, H₂, $v$ = 0, $J$ = 1, normal incidence"
    assert legend == ["Cu(111)", "Ni(111)"]


def test_campaigns_of_the_same_conditions_are_named_by_their_settings_or_numbered(
    undisturbed, tmp_path, drawn
):
    other, again = (tmp_path / name for name in ("secret_a", "secret_b"))
    shutil.copytree(undisturbed, other)
    shutil.copytree(undisturbed, again)
    manifest = json.loads((other / store.MANIFEST).read_text())
    manifest["identity"]["dynamics.timestep_fs"] = 0.125
    (other / store.MANIFEST).write_text(json.dumps(manifest))
    plot([undisturbed, other, again], output=tmp_path / "all")
    assert texts_of(drawn[0])[1] == ["this work", "timestep_fs = 0.125", "campaign 3"]


def test_the_table_of_a_campaign_is_drawn_on_the_surface_of_that_campaign(
    undisturbed, tmp_path, drawn
):
    other = renamed(undisturbed, tmp_path / "nickel", "Ni")
    plot([other], overlays=[undisturbed / "sticking.csv"], output=tmp_path / "both")
    _, legend = texts_of(drawn[0])
    assert [text.partition(", ")[2] for text in legend] == ["Ni(111)", "Cu(111)"]


@pytest.mark.slow
def test_the_page_says_metal_and_angle_and_every_group_has_files_of_its_own(
    write_tiny, run_tiny, tmp_path
):
    folder = run_tiny(
        tmp_path, incidence__polar_deg=[0, 30.5], incidence__azimuth_deg=[0, 30],
        molecule__mj=[0, 1], sampling__trajectories=1,
    )  # fmt: skip
    results = ResultsFile.of(folder)
    words = [words for words, _ in results.scans(results.rows)]
    assert len(words) == len(set(map(stem_of, words))) == 8
    assert all("Cu(111), 600 K, H2, v = 0, J = 1, m_J = " in text for text in words)
    page = write_report(folder).read_text()
    assert "<h1>Scattering of H2 on Cu(111)</h1>" in page
    assert "normal incidence, polar 30.5°" in page
    found = re.search(r"<thead><tr>(.*?)</tr>", page, re.S)
    assert found
    for name in ("m_J", "polar angle (°)", "azimuth (°)"):
        assert f">{name}</th>" in found[1]
