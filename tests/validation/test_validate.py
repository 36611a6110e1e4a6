import json
import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from ase.io import read, write
from numba_threads import threads_as_before
from scaled_potential import Scaled
from tiny_structures import hydrogen_on_copper

from scatter import store
from scatter.potentials.analytic import Analytic
from scatter.potentials.evaluate import evaluate
from scatter.settings import UserError
from scatter.validation import properties, report
from scatter.validation import validate as module
from scatter.validation.eos import BulkCrystal
from scatter.validation.markdown import number
from scatter.validation.pieces import as_json, kept, load, plain
from scatter.validation.rows import Row
from scatter.validation.validate import validate
from scatter.validation.wanted import Wanted


@pytest.fixture(autouse=True)
def _here(monkeypatch, tmp_path):
    """Names such as `0.9` open the analytic potential times that; nothing is timed for long."""
    opened = module.potential_from_name

    def named(text, *arguments, **options):
        scale = text.removeprefix("x")
        return Scaled(float(scale)) if scale != text else opened(text, *arguments, **options)

    monkeypatch.setattr(module, "potential_from_name", named)
    monkeypatch.setattr("scatter.campaign.bench.ENOUGH_S", 0.0)
    monkeypatch.chdir(tmp_path)
    with threads_as_before():
        yield


@pytest.fixture
def structures(tmp_path):
    """Four structures on two facets, and the same with the labels of the analytic potential."""
    facets = ("111", "111", "100", "100")
    frames = [
        hydrogen_on_copper(n, facet=facet, T_K=300, trajectory=n) for n, facet in enumerate(facets)
    ]
    write("bare.extxyz", frames)
    evaluate(Analytic(), Path("bare.extxyz"), Path("labelled.extxyz"))
    return Path("bare.extxyz")


def wanted(potential="x0.9", against="labelled.extxyz", **changes):
    return Wanted(potential, against, Path("out"), **{"properties": False, **changes})


def told():
    return json.loads(Path("out/validation.json").read_text())


def found(**changes):
    validate(wanted(**changes))
    return told()


def forbid(monkeypatch, place, name):
    def refused(*arguments, **named):
        raise AssertionError(f"{name} was done again")

    monkeypatch.setattr(place, name, refused)


@pytest.mark.slow
def test_errors_against_labels_are_reported_with_units_identities_and_figure(structures, capsys):
    whole = found()
    assert whole["potential"]["sha256"] == Scaled(0.9).identity
    assert whole["reference"]["description"] == "labels of a file"
    assert {"kernel", "machine", "version", "commit"} < whole.keys()
    piece = whole["errors"]
    assert (piece["frames"], piece["trajectories"], piece["molecule"]) == (4, 4, ["H"])
    rows = {row["label"]: row for row in piece["errors"]}
    assert rows.keys() == {"all", "(100), 300 K", "(111), 300 K"}
    frames = read("labelled.extxyz", ":")
    force = np.concatenate([frame.get_forces().ravel() for frame in frames])
    assert rows["all"]["forces"]["unit"] == "meV/Å"
    rmse = rows["all"]["forces"]["rmse"]
    assert rmse == pytest.approx(100 * np.sqrt(np.mean(force**2)), rel=1e-4)
    at_once = re.search(r"RMSE: E (\S+) meV, F (\S+) meV/Å", capsys.readouterr().out)
    assert float(at_once[2]) == pytest.approx(rmse, abs=0.06)
    assert piece["call"]["unit"] == "ms"
    assert len(piece["call"]["values"]) == 1
    text = Path("out/report.md").read_text()
    assert (
        f"| all | 4 | {number(*(rows['all']['energy'][k] for k in ('rmse', 'rmse_error')))}" in text
    )
    assert "![parity](parity.png)" in text
    assert Path("out/parity.png").stat().st_size > 1000
    assert not Path("out/lock").exists()


@pytest.mark.slow
def test_a_teacher_labels_structures_as_their_file_would(structures):
    by_file = found()["errors"]
    by_teacher = found(against="analytic", structures=structures)["errors"]
    assert len(by_teacher["call"]["values"]) == 2
    for one, other in zip(by_file["errors"], by_teacher["errors"], strict=True):
        assert one["forces"]["rmse"] == pytest.approx(other["forces"]["rmse"], rel=1e-5)


@pytest.mark.slow
def test_a_finished_piece_is_not_done_again(structures, monkeypatch):
    before = found()
    forbid(monkeypatch, module, "labels_by")
    assert found() == before


@pytest.mark.slow
@pytest.mark.parametrize("change", ["potential", "labels", "molecule", "figure", "damage"])
def test_a_piece_is_done_again_when_what_shaped_it_changes(structures, change):
    before = found()["errors"]
    Path("out/parity.png").unlink() if change == "figure" else None
    Path("out/errors.json").write_text("{") if change == "damage" else None
    if change == "labels":
        write("labelled.extxyz", read("labelled.extxyz", "0:2"))
    after = found(
        potential="x0.8" if change == "potential" else "x0.9",
        molecule=("Cu",) if change == "molecule" else (),
    )["errors"]
    if change in ("figure", "damage"):
        assert after["errors"] == before["errors"]
        assert Path("out/parity.png").exists()
        assert json.loads(Path("out/errors.json").read_text())["found"]
    else:
        assert after["errors"] != before["errors"]


@pytest.mark.slow
def test_a_potential_that_was_trained_anew_under_its_name_is_tried_anew(structures, monkeypatch):
    before = found()["errors"]
    monkeypatch.setattr(module, "potential_from_name", lambda text, *_, **__: Scaled(0.8))
    after = found()
    assert after["potential"]["name"] == "x0.9"
    forces = [piece["errors"][0]["forces"]["rmse"] for piece in (before, after["errors"])]
    assert forces[1] == pytest.approx(2 * forces[0], rel=1e-4)


@pytest.mark.slow
def test_other_structures_under_the_same_name_are_compared_anew(structures):
    assert found(against="analytic", structures=structures)["errors"]["frames"] == 4
    write(structures, read(structures, "0:3"))
    assert found(against="analytic", structures=structures)["errors"]["frames"] == 3


@pytest.mark.slow
def test_paired_sticking_is_reported_and_is_exactly_equal_for_one_potential(
    write_tiny, tmp_path, monkeypatch
):
    path = write_tiny(tmp_path, sampling__trajectories=6)
    piece = found(potential="analytic", against="analytic", sticking=path)["sticking"]
    assert [point["energy_eV"] for point in piece["points"]] == [0.9, 1.2]
    for point in piece["points"]:
        assert point["paired"]["n"] == point["potential"]["n"] == 6
        assert point["paired"]["difference"] == 0
        assert point["potential"] == point["reference"]
        assert 0 < point["paired"]["bound"] == point["paired"]["high"] < 0.5
        assert sum(map(sum, point["agreement"])) == 6
    text = Path("out/report.md").read_text()
    assert "Cu(111), 600 K, H2, v = 0, J = 1, 0.9 eV, normal incidence | 6 |" in text
    assert "undecided" not in text
    assert Path("out/paired_sticking.png").exists()
    assert {one.name for one in Path("out").iterdir()} > {"teacher", "potential", "validation.json"}
    forbid(monkeypatch, module, "run_paired")
    again = found(potential="analytic", against="analytic", sticking=path)
    assert again["sticking"] == piece


@pytest.mark.slow
def test_paired_sticking_that_is_not_known_is_reported_and_the_exit_code_is_3(write_tiny, tmp_path):
    path = write_tiny(
        tmp_path, incidence__energy_eV=0.5, sampling__trajectories=2, dynamics__max_time_fs=120
    )
    with pytest.raises(UserError, match="S0 is not known at") as refusal:  # agreed by all ranks
        validate(wanted("analytic", "analytic", sticking=path))
    assert refusal.value.code == 3
    assert told()["sticking"]["points"][0]["energy_eV"] == 0.5
    assert Path("out/report.md").exists()


@pytest.mark.slow
def test_more_trajectories_go_on_with_the_same_campaigns(write_tiny, tmp_path):
    for trajectories in (2, 3):
        path = write_tiny(tmp_path, sampling__trajectories=trajectories)
        piece = found(potential="x1.1", against="analytic", sticking=path)["sticking"]
        assert [point["paired"]["n"] for point in piece["points"]] == [trajectories] * 2
    blocks = [store.read_block(path) for path in Path("out/potential/blocks").iterdir()]
    assert sum(len(block) for block in blocks) == 6


@pytest.mark.slow
def test_another_potential_in_the_folder_is_refused_before_anything_is_done(
    write_tiny, tmp_path, structures, monkeypatch
):
    path = write_tiny(tmp_path, sampling__trajectories=1)
    found(potential="x1.1", against="analytic", sticking=path)
    forbid(monkeypatch, module, "labels_by")
    with pytest.raises(UserError, match="out/potential holds trajectories of another potential"):
        found(potential="x1.2", against="analytic", sticking=path, structures=structures)


def quick_properties(monkeypatch, barrier):
    """Properties without the minimum-energy path, which takes long."""
    monkeypatch.setattr(properties, "minimum_energy_path", barrier)


def unconverged(potential, **named):
    raise UserError("there is no barrier")


@pytest.mark.slow
def test_properties_are_reported_and_what_cannot_be_found_is_said(structures, monkeypatch):
    quick_properties(monkeypatch, unconverged)
    whole = found(against="analytic", structures=structures, properties=True, quick=True)
    piece = whole["properties"]
    assert {"crystal", "molecule", "barriers"} < piece.keys()
    assert "expansion" not in piece
    rows = {row["quantity"]: row for row in piece["crystal"]["rows"]}
    modulus = rows["bulk modulus of Cu"]
    assert modulus["unit"] == "GPa"
    assert modulus["potential"] == pytest.approx(0.9 * modulus["reference"], rel=1e-3)
    assert modulus["difference"] == modulus["potential"] - modulus["reference"]
    assert piece["barriers"]["rows"] == piece["barriers"]["figures"] == []
    text = Path("out/report.md").read_text()
    assert "Not found: x0.9: there is no barrier." in text
    assert "![molecule](molecule.png)" in text
    assert "A quick look" in text


@pytest.mark.slow
def test_labels_have_no_properties_and_leave_those_of_the_potential_alone(structures, monkeypatch):
    a = np.array([3.6, 3.7])
    crystal = BulkCrystal("Cu", a, a - 7, 3.65, -3.5, 140.0, 5.0)
    monkeypatch.setattr(properties, "bulk_crystal", lambda potential, element: crystal)
    monkeypatch.setattr(properties, "lone_molecule", unconverged)
    quick_properties(monkeypatch, unconverged)
    whole = found(properties=True, quick=True)
    (row,) = [r for r in whole["properties"]["crystal"]["rows"] if r["unit"] == "GPa"]
    assert row["potential"] == 140
    assert row["reference"] is row["difference"] is None
    assert "| bulk modulus of Cu | GPa | 140.0000 | — | — |" in Path("out/report.md").read_text()


def test_the_standard_error_of_a_property_stands_beside_it():
    a, error = Row("a", "Å", 3.66612, 3.66), Row("standard error of the a", "Å", 0.0003, 0.0004)
    rows = [{**asdict(row), "difference": row.difference} for row in (a, error)]
    whole = {"properties": {"expansion": {"rows": rows}}}
    (row,) = report._property_rows(whole, "expansion")
    assert row == ["a", "Å", "3.66612 ± 0.00030", "3.66000 ± 0.00040", "0.00612 ± 0.00050"]


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (12.3456, 0.123, "12.35 ± 0.12"),
        (6225.7, 31.2, "6226 ± 31"),
        (0.0123, None, "0.0123"),
        (12345.67, None, "12345.7"),
        (1.5, 0.0, "1.5"),
        (None, None, "—"),
    ],
)
def test_a_number_is_told_to_two_digits_of_its_error(value, error, text):
    assert number(value, error) == text


def test_what_is_no_finite_number_is_null_in_json():
    values = {"a": np.nan, "b": [np.float64(np.inf), np.int64(3)], "c": Row("q", "Å", 1.0, np.nan)}
    assert json.loads(as_json(values)) == {
        "a": None,
        "b": [None, 3],
        "c": {"quantity": "q", "unit": "Å", "potential": 1.0, "reference": None},
    }


def test_a_piece_reads_back_as_it_was_made(tmp_path):
    made = {"figures": [], "x": (1, np.array([2.5, np.nan]))}
    first = kept(tmp_path, "piece", "key", lambda: made)
    assert first == load(tmp_path, "piece", "key") == plain(made)
    assert load(tmp_path, "piece", "other") is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"against": "analytic"}, "nothing to compare the two potentials on; name a file of"),
        ({"structures": Path("bare.extxyz")}, "labelled.extxyz has its own structures"),
        ({"sticking": Path("in.toml")}, "a file of labels cannot run trajectories"),
        ({"against": "none.extxyz"}, "none.extxyz: there is no such file"),
        ({"against": "analytic", "structures": Path("none.xyz")}, "none.xyz: there is no such"),
        ({"against": "analytic", "sticking": Path("none.toml")}, "none.toml: there is no such"),
        ({"against": "analitic", "structures": Path("bare.extxyz")}, "potential 'analitic'"),
        ({"potential": "none.npz"}, "none.npz"),
        ({"against": "bare.extxyz"}, "bare.extxyz, frame 0: has no label"),
        ({"molecule": ("O",)}, "--molecule O: no structure contains this element"),
        ({"against": "oxygen.extxyz"}, "oxygen.extxyz, frame 0: .*does not know O"),
        (
            {"against": "text.extxyz"},
            "text.extxyz: is not extended XYZ: 'no structures'",
        ),
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_nothing_is_written(structures, changes, sentence):
    frame = read("labelled.extxyz", 0)
    frame.numbers[0] = 8
    write("oxygen.extxyz", frame)
    Path("text.extxyz").write_text("no structures\n")
    with pytest.raises(UserError, match=sentence) as refusal:
        validate(wanted(**changes))
    assert "\n" not in str(refusal.value)
    assert not Path("out").exists()


def test_two_files_of_one_name_have_distinct_names():
    one = Wanted("a/model.npz", "b/model.npz", Path("out"))
    assert one.names == ("model.npz (tested)", "model.npz (reference)")
    assert Wanted("a/one.npz", "two.npz", Path("out")).names == ("one.npz", "two.npz")
