"""A desorption campaign from settings to tables: its rows, its bits, and what is refused of it."""

import shutil

import numpy as np
import pytest
from rich.console import Console
from short_desorption import SETTINGS, shorten

import scatter
from scatter.analysis.clustered import Known
from scatter.campaign.inspect import inspect
from scatter.report.averages import Wanted, average
from scatter.report.desorption import anchor_of
from scatter.report.status import status
from scatter.report.sticking import analyse, plot
from scatter.results.export import export
from scatter.settings import UserError


def changed(**tables):
    """The settings with some keys changed (table={key: value})."""
    return {**SETTINGS, **{name: {**SETTINGS[name], **keys} for name, keys in tables.items()}}


@pytest.fixture(scope="module", autouse=True)
def _short_chains(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        patch.setenv("SCATTER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desorbing") / "out"
    scatter.run(SETTINGS, folder=folder)
    return folder


@pytest.fixture(scope="module")
def rows(folder):
    return scatter.Results.open(folder).trajectories


def test_shots_begin_on_the_surface_and_inwards(rows):
    assert abs(rows.bond_A - 1.2).max() < 1e-9
    s, v = (
        np.array([rows[form.format(axis, 2)] - rows[form.format(axis, 1)] for axis in "xyz"])
        for form in ("initial_{}{}_A", "initial_v{}{}_A_per_fs")
    )
    assert (s * v).sum(axis=0).max() < 0
    assert sorted(set(rows.chain)) == [0, 1]
    assert rows.crossing_Z_A.between(0.3, 2.6).all()


def test_only_what_reaches_the_gas_is_followed_back(rows):
    ways = rows.groupby("ended")
    assert {"desorbed", "recrossed"} <= set(ways.groups) <= {"desorbed", "recrossed", "scattered"}
    out, back = ways.get_group("desorbed"), ways.get_group("recrossed")
    assert (out.back_outcome == 1).all()
    assert (out.back_time_fs > 0).all()
    assert out[["final_v", "final_J", "final_polar_deg"]].notna().all(axis=None)
    assert (back.back_outcome == 0).all()
    assert back[["back_time_fs", "final_v", "final_translational_eV"]].isna().all(axis=None)
    # the row holds the end of the part that goes forwards
    assert (out.final_z1_A > out.final_top_A + 5).all()
    assert (out.steps > 2 * out.time_fs).all()


def test_slabs_have_momenta_at_the_temperature(rows):
    moving = 2 * 4
    T = 2 * rows.initial_kinetic_slab_eV / (3 * moving * 8.617333e-5)
    assert abs(T.mean() - 900) < 4 * T.std() / np.sqrt(len(T))
    total = sum(
        rows[f"{when}_{part}_eV"] * sign
        for when, sign in (("initial", -1), ("final", 1))
        for part in (
            *("kinetic_molecule", "kinetic_slab", "potential_molecule", "potential_slab"),
            "coupling",
        )
    )
    assert abs(total).max() < 0.1  # the ledger holds the slab's own energy where the shot began


def test_rows_do_not_depend_on_slots_or_on_being_continued(folder, rows, tmp_path):
    scatter.run(changed(sampling={"trajectories": 10}, run={"slots": 3}), folder=tmp_path)
    grown = scatter.run(changed(run={"slots": 5}), folder=tmp_path).trajectories
    assert grown.to_csv() == rows.to_csv()


def test_another_surface_does_not_continue_a_folder(folder):
    with pytest.raises(UserError, match=r"\[incidence\] divide_A was 1.2 and is now 1.3"):
        scatter.run(changed(incidence={"divide_A": 1.3}), folder=folder)


def test_tables_figures_and_the_page_are_written(folder, capsys):
    console = Console(width=80, force_terminal=False)
    analyse(folder, console)
    printed = capsys.readouterr().out
    assert "κ" in printed
    assert "S_th" in printed
    tables = printed[: printed.index("Molecules are classical")]
    assert max(map(len, tables.splitlines())) <= 80
    table = scatter.Results.open(folder).desorption()
    assert table.n.tolist() == [40]
    assert 0 < table.S_thermal_low[0] < table.S_thermal[0] < table.S_thermal_high[0]
    assert (folder / "desorption.csv").read_text().count("\n") == 2
    assert (folder / "desorption_states.csv").exists()
    assert (folder / "desorption_111_900K_HD.png").exists()
    assert "Desorption of HD from Cu(111)" in scatter.Results.open(folder).report().read_text()
    assert export(folder).outcomes["desorbed"] == table.desorbed[0]
    status(folder, console)
    assert "recrossed" in capsys.readouterr().out


def test_an_average_needs_no_option_and_takes_an_anchor(folder):
    [row] = average(folder, Wanted(anchor=(900.0, Known(0.01, 0.001, 0.008, 0.012))), Console())
    assert (row["S_anchored"], row["S_anchored_low"]) == (0.01, 0.008)
    with pytest.raises(UserError, match="leave out all options but --anchor"):
        average(folder, Wanted(gases_K=[900.0]), Console())
    with pytest.raises(UserError, match="T = 500 K is not one of 900 K"):
        average(folder, Wanted(anchor=(500.0, Known(0.01, 0.001, 0.008, 0.012))), Console())
    T_K, known = anchor_of("1500,0.005,0.004,0.00625")
    assert (T_K, known.value) == (1500.0, 0.005)
    for text in ("1500,0.005", "1500,0.005,0.006,0.007", "1500,a,b,c"):
        with pytest.raises(UserError, match="--anchor"):
            anchor_of(text)


def test_what_has_no_meaning_for_shots_is_refused(folder, tmp_path):
    with pytest.raises(UserError, match="have no sticking curve"):
        plot([folder])
    with pytest.raises(UserError, match="are not replayed"):
        inspect(folder, 0, 0, None, None, False, Console())
    shutil.copy(folder / "results.h5", tmp_path)
    with pytest.raises(UserError, match="whose chains are those of one campaign; name it alone"):
        scatter.Results.open(folder, tmp_path)
    results = scatter.Results.open(folder)
    with pytest.raises(UserError, match="have no S0"):
        results.sticking()
    with pytest.raises(UserError, match=r"needs 200; run more"):
        results.resolved()


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        (
            {"incidence": {"energy_eV": 0.5}},
            'energy_eV applies to kind = "beam" only, and kind is "desorp',
        ),
        ({"incidence": {"polar_deg": 10}}, 'polar_deg applies to kind = "beam"'),
        (
            {"incidence": {"kind": "beam", "energy_eV": 0.5}},
            'divide_A applies to kind = "desorption"',
        ),
        ({"molecule": {"v": 0, "j": 0}}, "molecules that desorb have no initial state"),
        ({"molecule": {"formula": "H"}}, "is for diatomics only, and H is not one"),
        ({"incidence": {"divide_A": 2.3}}, "must be shorter than .stop. dissociated_A = 2.25"),
        ({"surface": {"temperature_K": [0, 300]}}, "nothing desorbs from a surface at rest"),
        ({"sampling": {"target_error": 0.1}}, "give trajectories alone"),
    ],
)
def test_settings_that_contradict_desorption_are_refused(tables, sentence, tmp_path):
    with pytest.raises(UserError, match=sentence):
        scatter.run(changed(**tables), folder=tmp_path)


def test_a_beam_needs_its_states_and_its_energy():
    with pytest.raises(UserError, match=r"\[molecule\]: give either both v and j"):
        scatter.run({**changed(), "incidence": {"energy_eV": 0.5}})
    with pytest.raises(UserError, match="the key 'energy_eV' is missing"):
        scatter.run({**changed(molecule={"v": 0, "j": 0}), "incidence": {}})


def test_forward_and_backward_parts_have_a_bath_with_numbers_of_their_own(tmp_path):
    bath = changed(dynamics={"bath": "bottom", "bath_layers": 1}, sampling={"trajectories": 12})
    rows = scatter.run(bath).trajectories
    assert rows.bath_eV.notna().all()
