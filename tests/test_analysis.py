from dataclasses import replace
from math import comb, isnan

import numpy as np
import pytest

from scatter.analysis import (
    HEADER,
    Sticking,
    curves,
    in_turn,
    outcome_counts,
    quality,
    read_csv,
    read_curve,
    scanned,
    sticking,
    sticking_of_counts,
    wilson,
    write_csv,
)
from scatter.outcomes import Outcome
from scatter.rows import ROW
from scatter.settings import UserError

POINT = np.dtype(
    [
        *[("point", "u4"), ("facet", "U8"), ("T_K", "f8"), ("molecule", "U4"), ("v", "u2")],
        *[("J", "u2"), ("mJ", "f8"), ("energy_eV", "f8"), ("polar_deg", "f8")],
        ("azimuth_deg", "f8"),
    ]
)
ROWS = [
    Sticking("111", 925.0, "H2", 1, 1, None, 0.1 + 0.2, 0.0, None, 3, 5, 1, 1),
    Sticking("111", 925.0, "H2", 1, 1, None, 0.6, 0.0, None, 1, 2, 0, 0),
    Sticking("211", 300.5, "D2", 0, 2, -1.0, 1e-7, 30.0, 45.0, 0, 0, 0, 0),
]


def some_points(*energies):
    points = np.zeros(len(energies), POINT)
    points["point"] = np.arange(len(energies))[::-1]
    points["facet"], points["T_K"], points["molecule"] = "111", 925, "H2"
    points["mJ"] = points["azimuth_deg"] = np.nan
    points["energy_eV"] = energies
    return points


def some_trajectories(points, outcomes):
    trajectories = np.zeros(len(points), ROW)
    trajectories["point"], trajectories["outcome"] = points, outcomes
    trajectories["number"] = np.arange(len(points))
    return trajectories


@pytest.mark.parametrize("p", [0.02, 0.1, 0.3, 0.5, 0.9])
def test_the_wilson_interval_covers_the_truth_in_about_95_of_100_experiments(p):
    n = 400
    within = [k for k in range(n + 1) if wilson(k, n)[1] <= p <= wilson(k, n)[2]]
    assert sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in within) == pytest.approx(
        0.95, abs=0.02
    )


@pytest.mark.parametrize(("k", "n"), [(0, 7), (3, 7), (7, 7), (1, 10**6), (5000, 10000)])
def test_the_ends_of_the_wilson_interval_solve_its_equation(k, n):
    z = 1.959964
    p, low, high = wilson(k, n, z)
    for x in (low, high):
        assert (x - p) ** 2 == pytest.approx(z**2 * x * (1 - x) / n, rel=1e-8, abs=1e-16)
    assert low <= p <= high


def test_wilson_limits_are_exact():
    assert wilson(0, 20)[:2] == (0, 0)
    assert wilson(20, 20)[::2] == (1, 1)
    assert 0 < wilson(0, 20)[2] < 0.2
    assert isnan(wilson(0, 0)[0])
    assert wilson(0, 0)[1:] == (0, 1)


@pytest.mark.parametrize("k", range(0, 31, 5))
def test_wilson_is_symmetric_in_success_and_failure(k):
    p, low, high = wilson(k, 30)
    q, low_q, high_q = wilson(30 - k, 30)
    assert (1 - p, 1 - high, 1 - low) == pytest.approx((q, low_q, high_q), abs=1e-15)


@pytest.mark.parametrize(("k", "n"), [(-1, 3), (4, 3)])
def test_impossible_counts_are_refused(k, n):
    with pytest.raises(ValueError, match="between 0 and the trials"):
        wilson(k, n)


def test_every_trajectory_is_counted_once_and_every_point_is_there():
    points = some_points(0.4, 0.6, 0.8)  # numbered 2, 1, 0
    outcome = [1, 1, 2, 3, 4, 1]
    rows = sticking(points, some_trajectories([2, 2, 2, 2, 2, 0], outcome), most=0.4)
    assert [row.energy_eV for row in rows] == [0.4, 0.6, 0.8]
    assert [row.n for row in rows] == [5, 0, 1]
    first = rows[0]
    assert (first.dissociated, first.scattered, first.undecided, first.failed) == (2, 1, 1, 1)
    assert (first.S0, first.lowest, first.highest) == (0.4, 0.4, 0.8)
    assert isnan(rows[1].S0)
    assert (first.mJ, first.azimuth_deg) == (None, None)


def test_counts_alone_give_the_same_rows_as_trajectories():
    points = some_points(0.4, 0.6)
    trajectories = some_trajectories([0, 1, 1], [1, 2, 3])
    counts = np.zeros((2, len(Outcome)), int)
    counts[1, Outcome.DISSOCIATED] += 1  # point 0 is the second row
    counts[0, Outcome.SCATTERED] += 1
    counts[0, Outcome.UNDECIDED] += 1
    assert (outcome_counts(points, trajectories) == counts).all()
    counts[:, Outcome.RUNNING] = 9
    assert sticking_of_counts(points, counts) == sticking(points, trajectories)


def test_a_trajectory_that_occurs_twice_is_refused():
    trajectories = some_trajectories([0, 1], [1, 1])
    sticking(some_points(0.4, 0.6), trajectories)
    trajectories["number"] = 7
    sticking(some_points(0.4, 0.6), trajectories)
    trajectories["point"] = 1
    with pytest.raises(ValueError, match="occurs twice"):
        sticking(some_points(0.4, 0.6), trajectories)


@pytest.mark.parametrize(
    ("point", "outcome", "sentence"),
    [(2, 1, "not in /points"), (0, 0, "outcome other"), (0, 5, "outcome other")],
)
def test_a_trajectory_that_cannot_be_counted_is_refused(point, outcome, sentence):
    with pytest.raises(ValueError, match=sentence):
        sticking(some_points(0.4, 0.6), some_trajectories([point], [outcome]))


def test_a_point_that_occurs_twice_is_refused():
    points = some_points(0.4, 0.6)
    points["point"] = 0
    with pytest.raises(ValueError, match="a point occurs twice"):
        sticking(points, some_trajectories([0], [1]))


def test_quality_leaves_the_energy_error_of_the_failed_out_and_counts_them():
    trajectories = some_trajectories([0] * 4, [1, 2, 3, 4])
    trajectories["energy_error_eV"] = [0.003, 0.004, 0, np.nan]
    found = quality(trajectories)
    assert found.max_energy_error_eV == 0.004
    assert found.rms_energy_error_eV == pytest.approx(np.sqrt(25e-6 / 3))
    assert (found.n, found.undecided, found.failed) == (4, 0.25, 0.25)


def test_the_quality_of_nothing_is_not_a_number():
    assert isnan(quality(np.zeros(0, ROW)).max_energy_error_eV)
    assert isnan(quality(np.zeros(0, ROW)).failed)


def test_the_table_reads_back_as_it_was(tmp_path):
    write_csv(tmp_path / "sticking.csv", ROWS)
    assert read_csv(tmp_path / "sticking.csv") == ROWS
    assert [path.name for path in tmp_path.iterdir()] == ["sticking.csv"]


def test_the_table_is_in_the_promised_form(tmp_path):
    write_csv(tmp_path / "sticking.csv", ROWS)
    first, *rows = (tmp_path / "sticking.csv").read_text().splitlines()
    assert first == (
        "facet,T_K,molecule,v,J,mJ,energy_eV,polar_deg,azimuth_deg,"
        "n,dissociated,scattered,undecided,failed,S0,low,high,lowest,highest"
    )
    assert rows[0].startswith("111,925,H2,1,1,,0.30000000000000004,0,random,10,3,5,1,1,0.3,0.1")
    assert rows[2] == "211,300.5,D2,0,2,-1,1e-07,30,45,0,0,0,0,0,nan,0,1,nan,nan"


UNKNOWN = replace(ROWS[0], known=False)


def test_a_point_with_too_many_undecided_or_failed_has_bounds_in_place_of_S0():
    points = some_points(0.4, 0.6)
    ended = np.repeat([1, 1, 2, 2], 50)  # point 1, the first: 2 % undecided or failed
    ended[:2] = 3, 4
    number = np.tile(np.arange(100), 2)
    trajectories = some_trajectories(np.repeat([1, 0], 100), ended)
    trajectories["number"] = number
    first, second = sticking(points, trajectories)
    assert isnan(first.S0)
    assert (first.lowest, first.highest) == (0.98, 1.0)
    assert (first.low, first.high) == (wilson(98, 100)[1], 1.0)
    assert (second.S0, second.low, second.high) == wilson(0, 100)
    allowed = sticking(points, trajectories, most=0.02)[0]
    assert (allowed.S0, allowed.low, allowed.high) == wilson(98, 100)
    few = sticking_of_counts(points[:1], np.array([[0, 98, 1, 1, 0]]))[0]  # one in a hundred
    assert few.known


def test_a_table_says_where_S0_is_not_known_and_reads_back_so(tmp_path):
    write_csv(tmp_path / "sticking.csv", [UNKNOWN, ROWS[1]])
    rows = (tmp_path / "sticking.csv").read_text().splitlines()
    assert rows[1].partition("10,3,5,1,1,")[2].startswith("nan,0.1")
    assert rows[1].endswith(",0.3,0.5")
    assert read_csv(tmp_path / "sticking.csv") == [UNKNOWN, ROWS[1]]
    [curve] = read_curve(tmp_path / "sticking.csv")
    assert curve.open.tolist() == [True, False]
    assert (curve.lowest[0], curve.highest[0]) == (0.3, 0.5)


def test_a_table_of_an_earlier_version_is_judged_by_what_is_allowed_today(tmp_path):
    path = tmp_path / "sticking.csv"
    write_csv(path, ROWS)
    cut = [line.rsplit(",", 2)[0] for line in path.read_text().splitlines()]
    path.write_text("\n".join(cut) + "\n")
    assert read_csv(path) == [UNKNOWN, *ROWS[1:]]


def test_bounds_that_contradict_the_counts_are_refused(tmp_path):
    path = tmp_path / "sticking.csv"
    write_csv(path, [UNKNOWN])
    path.write_text(path.read_text().replace(",0.3,0.5", ",0.3,0.4"))
    with pytest.raises(UserError, match=r"column 'highest': '0.4' does not follow"):
        read_csv(path)


def test_a_table_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "sticking.csv"
    write_csv(path, ROWS)
    with pytest.raises(ZeroDivisionError):
        write_csv(path, (replace(row, T_K=1 / row.n) for row in ROWS))
    assert read_csv(path) == ROWS
    assert len(list(tmp_path.iterdir())) == 1


def test_the_scanned_condition_is_the_first_that_varies_with_all_else_fixed():
    base = ROWS[0]
    energies = [replace(base, energy_eV=E) for E in (0.4, 0.6)]
    angles = [replace(base, polar_deg=angle) for angle in (0.0, 30.0)]
    temperatures = [replace(base, T_K=T) for T in (300.0, 925.0)]
    assert scanned(energies + [replace(row, polar_deg=9.0) for row in energies]) == "energy_eV"
    assert scanned([replace(angles[0], energy_eV=0.1, v=0), *angles]) == "polar_deg"
    assert scanned(temperatures) == "T_K"
    assert scanned([base]) == "energy_eV"


def test_rows_with_the_same_other_conditions_make_one_curve_sorted_along_the_axis():
    rows = [replace(ROWS[0], energy_eV=E, v=v) for E in (0.6, 0.4) for v in (0, 1)]
    found = curves(rows, "energy_eV")
    assert [curve.conditions["v"] for curve in found] == [0, 1]
    assert all(curve.x.tolist() == [0.4, 0.6] for curve in found)
    assert "energy_eV" not in found[0].conditions


def test_two_rows_with_the_same_conditions_are_refused():
    with pytest.raises(UserError, match=r"same conditions \(energy_eV = 0.6\)"):
        curves([ROWS[1], ROWS[1]], "energy_eV")


def test_a_table_of_ours_is_an_overlay_named_after_its_directory(tmp_path):
    path = tmp_path / "h2_cu111" / "sticking.csv"
    path.parent.mkdir()
    write_csv(path, ROWS[:2])
    (curve,) = read_curve(path)
    assert curve.label == "h2_cu111"
    assert curve.S0.tolist() == [row.S0 for row in ROWS[:2]]
    assert curve.highest.tolist() == [row.highest for row in ROWS[:2]]


def test_a_simple_overlay_has_one_curve_for_each_label(tmp_path):
    path = tmp_path / "rettner.csv"
    path.write_text(
        "\ufeff# beam experiment\nS0, energy_eV, label\n0.3,0.6,v = 1\n\n0.1,0.4,v = 1\n0.2,0.5,\n"
    )
    one, other = read_curve(path)
    assert (one.label, one.x.tolist(), one.S0.tolist()) == ("v = 1", [0.4, 0.6], [0.1, 0.3])
    assert (other.label, other.x.tolist()) == ("rettner", [0.5])
    assert np.isnan(one.low).all()


def test_a_scaled_overlay_says_so_and_keeps_its_error_bars_in_proportion(tmp_path):
    path = tmp_path / "adsorption.csv"
    path.write_text("polar_deg,S0,low,high\n30,0.4,0.3,0.6\n")
    (curve,) = read_curve(path, axis="polar_deg", scale=0.5)
    assert (curve.S0[0], curve.low[0], curve.high[0]) == (0.2, 0.15, 0.3)
    assert curve.label == "adsorption × 0.5"
    with pytest.raises(UserError, match=r"adsorption.csv: scale = 3 takes S0 = 0.4 out of 0 to 1"):
        read_curve(path, axis="polar_deg", scale=3)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "holds no data"),
        ("energy_eV,S0\n", "holds no data"),
        ("energy_eV,s0\n0.4,0.1\n", "row 1: unknown column 's0'; write 'S0'"),
        ("energy_eV,p\n0.4,0.1\n", "row 1: no column 'S0' among 'energy_eV', 'p'; an overlay"),
        ("polar_deg,S0\n30,0.1\n", "row 1: no column 'energy_eV'"),
        ("energy_eV,S0,low\n0.4,0.1,0\n", "row 1: no column 'high'"),
        ("energy_eV,S0,S0\n0.4,0.1,0.1\n", "row 1: column 'S0' occurs twice"),
        ("energy_eV,S0\n0.4,0.1\n0,5,0,2\n", "row 3: 4 values under a header of 2 columns"),
        ("energy_eV,S0\n0.4,much\n", "row 2, column 'S0': 'much' is not a number; write it like"),
        ("energy_eV,S0\nnan,0.1\n", "row 2, column 'energy_eV': 'nan' is not a finite number"),
        ("energy_eV,S0\n# 1\n0.4,12\n", "row 3, column 'S0': '12' is not between 0 and 1; divide"),
        (
            "energy_eV,S0,low,high\n0.4,0.1,0.2,0.3\n",
            "row 2, column 'low': '0.2' is above S0 = 0.1",
        ),
        ("energy_eV,S0,low,high\n0.4,0.1,0,0.05\n", "row 2, column 'high': '0.05' is below S0"),
    ],
)
def test_a_malformed_overlay_gets_a_sentence_with_file_row_column_and_fix(tmp_path, text, sentence):
    path = tmp_path / "overlay.csv"
    path.write_text(text)
    with pytest.raises(UserError) as refusal:
        read_curve(path)
    assert str(refusal.value).startswith(f"{path}")
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (",0.3,0.1", ",0.4,0.1", "column 'S0': '0.4' does not follow from the counts, which give"),
        (",10,3,5", ",11,3,5", "column 'n': '11' does not follow"),
        (",3,5,1,1,", ",3.0,5,1,1,", "column 'dissociated': '3.0' is not a whole number"),
        (",random", ",any", "column 'azimuth_deg': 'any' is not a number"),
    ],
)
def test_a_table_of_ours_that_contradicts_itself_is_refused(tmp_path, before, after, sentence):
    path = tmp_path / "sticking.csv"
    write_csv(path, ROWS[:1])
    path.write_text(path.read_text().replace(before, after))
    with pytest.raises(UserError, match="sticking.csv, row 2, ") as refusal:
        read_curve(path)
    assert sentence in str(refusal.value)


def test_a_table_with_another_header_is_not_ours(tmp_path):
    path = tmp_path / "sticking.csv"
    path.write_text("energy_eV,S0\n0.4,0.1\n")
    with pytest.raises(UserError, match=",".join(HEADER)):
        read_csv(path)


def test_a_file_that_cannot_be_read_gets_a_sentence(tmp_path):
    with pytest.raises(UserError, match="none.csv: there is no such file"):
        read_curve(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="binary.csv, line 1: is not UTF-8 text"):
        read_curve(tmp_path / "binary.csv")


def test_a_trajectory_counts_once_all_before_it_in_its_point_have_ended():
    rows = np.zeros(6, ROW)
    rows["point"] = [1, 0, 0, 1, 0, 1]
    rows["number"] = [1, 3, 0, 0, 1, 2]
    found = in_turn(rows)
    assert found[["point", "number"]].tolist() == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]


def test_counting_in_turn_has_no_bias_towards_quick_endings():
    rng = np.random.default_rng(3)
    sticks = rng.random(4000) < 0.3
    ends_at = np.arange(4000) + np.where(sticks, 0, 200)  # one starts at each tick
    rows = np.zeros(4000, ROW)
    rows["number"] = np.arange(4000)
    rows["outcome"] = np.where(sticks, Outcome.DISSOCIATED, Outcome.SCATTERED)
    ended = rows[ends_at < 1000]
    assert (ended["outcome"] == Outcome.DISSOCIATED).mean() > 0.33
    counted = in_turn(ended)
    assert len(counted) >= 800
    assert (counted["outcome"] == Outcome.DISSOCIATED).mean() == pytest.approx(0.3, abs=0.05)
