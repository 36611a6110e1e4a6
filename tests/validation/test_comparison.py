"""Two campaigns from the same starts: their pairs, the differences, and what is refused."""

import csv

import numpy as np
import pandas as pd
import pytest
from killed_run import dies
from molecules_on_slabs import SETTINGS
from numba_threads import threads_as_before
from scipy.stats import t as student
from tiny_runs import toml

import scatter
from scatter import store
from scatter.analysis.paired import score_interval
from scatter.analysis.paired_means import paired_means
from scatter.config import read
from scatter.outcomes import Outcome
from scatter.settings import UserError
from scatter.validation.comparison import FIRST, SECOND, compare, names_of


@pytest.fixture
def rows():
    """/points, and trajectories of two campaigns with three pairs more than the other has."""
    rng, n = np.random.default_rng(2), 40
    points = np.array([(0, "111", 300.0, "H2", 1, 1, np.nan, 0.5, 0.0, np.nan)],
        [("point", "u4"), ("facet", "O"), ("T_K", "f8"), ("molecule", "O"), ("v", "u2"),
         ("J", "u2"), ("mJ", "f8"), ("energy_eV", "f8"), ("polar_deg", "f8"),
         ("azimuth_deg", "f8")],
    )  # fmt: skip
    kind = [("point", "u4"), ("number", "u4"), ("outcome", "u1"), ("final_v", "f8"),
            ("final_translational_eV", "f8"), ("lowest_Z_A", "f8"),
            *((f"{when}_{what}_slab_eV", "f8") for when in ("initial", "final")
              for what in ("kinetic", "potential"))]  # fmt: skip
    one, other = np.zeros(n, kind), np.zeros(n, [*kind, ("electrons_eV", "f8")])
    for table in (one, other):
        table["number"] = np.arange(n)
        table["outcome"] = rng.choice([1, 2], n, p=[0.3, 0.7])
        for name in table.dtype.names[3:]:
            table[name] = rng.normal(1, 0.5, n)
    return points, one, other[:-3]


def test_observables_are_means_of_the_differences_of_pairs(rows):
    points, one, other = rows
    table = paired_means(points, one, other).set_index(["name", "among"])
    mine = one[:37]
    both = (mine["outcome"] == Outcome.SCATTERED) & (other["outcome"] == Outcome.SCATTERED)
    apart = (other["final_translational_eV"] - mine["final_translational_eV"])[both]
    found = table.loc["final_translational_eV", "both scattered"]
    half = student.ppf(0.975, both.sum() - 1) * apart.std(ddof=1) / np.sqrt(both.sum())
    assert found.n == both.sum()
    assert [found.difference, found.low, found.high] == pytest.approx(
        [apart.mean(), apart.mean() - half, apart.mean() + half]
    )
    assert found.second - found["first"] == pytest.approx(found.difference)
    given = table.loc["electrons_eV", "all"]
    assert (given["first"], given.second) == (0, pytest.approx(other["electrons_eV"].mean()))
    lost = [(t["outcome"] == 2) & (np.round(t["final_v"]) < 1) for t in (mine, other)]
    found = table.loc["quanta_lost", "all"]
    n10, n01 = int((lost[1] & ~lost[0]).sum()), int((lost[0] & ~lost[1]).sum())
    assert (found.low, found.high) == score_interval(n10, n01, 37)
    kept = [table.loc[name, "all"] for name in ("state_kept", "quanta_lost", "quanta_gained")]
    total = sum(each["first"] for each in kept) + table.loc["dissociated", "all"]["first"]
    assert total == pytest.approx(1)


def inputs(write_tiny, tmp_path, **changes):
    """Two inputs, the second with these changes."""
    few = {"sampling__trajectories": 6, "frames__trajectories": 0}
    paths = []
    for name, more in (("plain", {}), ("changed", changes)):
        (tmp_path / name).mkdir()
        path = write_tiny(tmp_path / name, **{**few, **more})
        paths.append(path.rename(tmp_path / f"{name}.toml"))
    return paths


def rows_in(folder):
    return np.sort(store.trajectories(folder), order=["point", "number"])


def compared(first, second, folder):
    with threads_as_before():
        return compare(first, second, folder)


@pytest.mark.slow
def test_two_campaigns_begin_alike_and_their_differences_are_written(write_tiny, tmp_path):
    first, second = inputs(write_tiny, tmp_path, friction__kind="ldfa")
    found = compared(first, second, tmp_path / "both")
    one, other = (rows_in(found.folder / name) for name in (FIRST, SECOND))
    for name in one.dtype.names:
        if name.startswith("initial_") or name in ("snapshot", "m_J"):
            assert one[name].tobytes() == other[name].tobytes(), name
    assert (one["final_x1_A"] != other["final_x1_A"]).all()
    table = found.observables.set_index(["point", "name", "among"])
    given = table.loc[(1, "electrons_eV", "all")]
    assert given.difference == pytest.approx(other["electrons_eV"][other["point"] == 1].mean())
    assert found.agreement.pairs.sum() == 12
    with open(found.folder / "comparison.csv") as file:
        written = [*csv.DictReader(file)]
    assert len(written) == len(found.observables)
    assert (found.folder / "comparison.png").stat().st_size > 5_000
    with threads_as_before():
        again = scatter.compare(first, second, found.folder)  # nothing is run anew
    assert rows_in(again.folder / FIRST).tobytes() == one.tobytes()
    pd.testing.assert_frame_equal(again.observables, found.observables)


@pytest.mark.slow
def test_a_comparison_that_is_killed_goes_on_to_the_same_bits(write_tiny, tmp_path):
    paths = inputs(write_tiny, tmp_path, friction__kind="ldfa")
    whole, folder = compared(*paths, tmp_path / "whole"), tmp_path / "killed"
    for place in ("block", "second"):  # of the first campaign, then with a few of the second
        dies(3, "compare", *paths, "--output", folder, place=place)
    assert (folder / SECOND / "lock").exists()
    again = compared(*paths, folder)
    for name in (FIRST, SECOND):
        assert rows_in(folder / name).tobytes() == rows_in(whole.folder / name).tobytes()
    pd.testing.assert_frame_equal(again.observables, whole.observables)


WATER = {"formula": "OHH", "modes": [{"1": 1}], "j": 1, "phase_points": 8}
REST = ("rotational", "vibrational", "mode1", "mode2", "mode3")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("molecule", "calculator", "final"),
    [({"formula": ["H", "D"]}, "atoms_on_slab", ["energy_loss_eV"]),
     (WATER, "water_on_slab", ["final_J", *(f"final_{name}_eV" for name in REST)])],
)  # fmt: skip
def test_atoms_and_polyatomics_are_compared_by_what_they_become(
    tmp_path, monkeypatch, molecule, calculator, final
):
    monkeypatch.setenv("SCATTER_CACHE", str(tmp_path / "cache"))
    paths = []
    for name, friction in (("plain", {}), ("felt", {"kind": "ldfa", "electrons_K": 20_000})):
        its = {"kind": "ase", "calculator": f"molecules_on_slabs:{calculator}"}
        tables = {**SETTINGS, "molecule": molecule, "potential": its, "friction": friction}
        lines = [f"{key} = {toml(value)}" for key, value in tables.items()]
        paths.append(tmp_path / f"{name}.toml")
        paths[-1].write_text("\n".join(lines))
    found = compared(*paths, tmp_path / "both")
    one, other = (rows_in(found.folder / name) for name in (FIRST, SECOND))
    assert one["initial_x1_A"].tobytes() == other["initial_x1_A"].tobytes()
    table = found.observables.set_index(["point", "name", "among"])
    for point, row in enumerate(found.sticking):
        matrix = found.agreement[found.agreement["point"] == point]
        n = int((one["point"] == point).sum())
        assert matrix.pairs.sum() == n == row.difference.n
        stuck = table.loc[(point, "stuck", "all")]
        assert stuck.difference == pytest.approx(row.difference.difference, abs=1e-12)
        for label in {*matrix["first"], *matrix["second"]}:
            its = table.loc[(point, label, "all")]
            for side in ("first", "second"):
                assert its[side] * n == pytest.approx(matrix[matrix[side] == label].pairs.sum())
        assert table.loc[(point, "electrons_eV", "all")].difference != 0
        assert {name for _, name, among in table.index if among == "both scattered"} >= {*final}
    assert (found.folder / "comparison.png").is_file()


@pytest.mark.slow
def test_another_potential_runs_on_the_starts_of_the_first(write_tiny, tmp_path):
    emt = {"potential__kind": "ase", "potential__calculator": "scaled_potential:softer"}
    first, second = inputs(write_tiny, tmp_path, **emt, sampling__trajectories=2)
    first.write_text(first.read_text().replace("trajectories = 6", "trajectories = 2"))
    found = compared(first, second, tmp_path / "both")
    one, other = (rows_in(found.folder / name) for name in (FIRST, SECOND))
    assert one["initial_x1_A"].tobytes() == other["initial_x1_A"].tobytes()
    assert one["initial_top_A"].tobytes() == other["initial_top_A"].tobytes()
    assert (one["final_x1_A"] != other["final_x1_A"]).all()


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"run__seed": 8}, r"\[run\] seed = 8: is 7 in .*plain.toml"),
     ({"surface__temperature_K": 300}, r"\[surface\] temperature_K = \[300"),
     ({"thermalise__snapshots": 16}, r"\[surface.thermalise\] snapshots = 16"),
     ({"molecule__j": 2}, r"\[molecule\] j"), ({"incidence__polar_deg": 10}, "polar_deg"),
     ({"sampling__trajectories": 7}, r"\[sampling\] trajectories = 7: is 6"),
     ({"sampling__target_error": 0.1}, "a target error cannot be asked for"),
     ({"sampling__method": "auto"}, "points that are split have no pairs")],
)  # fmt: skip
def test_inputs_whose_trajectories_begin_otherwise_are_refused(write_tiny, tmp_path, changes, why):
    with pytest.raises(UserError, match=f"changed.toml.*{why}"):
        compared(*inputs(write_tiny, tmp_path, **changes), tmp_path / "both")
    assert not (tmp_path / "both").exists()


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"friction": {"kind": "ldfa"}}, ("no friction", "friction ldfa")),
        ({"friction": {"kind": "ldfa", "electrons_K": 900}}, ("no friction", "friction ldfa")),
        ({"dynamics": {"timestep_fs": 0.2}}, ("timestep_fs = 0.25", "timestep_fs = 0.2")),
        ({"dynamics": {"timestep_fs": 0.2, "max_time_fs": 500}}, ("one", "other")),
    ],
)
def test_two_inputs_are_called_by_what_alone_differs(tmp_path, changes, names):
    base = {
        "molecule": {"formula": "H2", "v": 0, "j": 1},
        "incidence": {"energy_eV": 0.5},
        "surface": {"element": "Cu", "facet": "111", "temperature_K": 300},
        "dynamics": {"timestep_fs": 0.25},
        "sampling": {"trajectories": 4},
    }
    sources = []
    for name, more in (("one", {}), ("other", changes)):
        path = tmp_path / f"{name}.toml"
        tables = {table: base.get(table, {}) | more.get(table, {}) for table in base | more}
        path.write_text("".join(f"{table} = {toml(keys)}\n" for table, keys in tables.items()))
        sources.append(read(path))
    assert names_of(*sources) == names
