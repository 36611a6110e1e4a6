"""Trajectories that cannot arrive in the time they are given are refused before any work."""

import re
from pathlib import Path

import numpy as np
import pytest

from scatter import store
from scatter.campaign.arrival import refuse_no_arrival
from scatter.campaign.elsewhere import write_prepared
from scatter.campaign.run import run
from scatter.config import parse
from scatter.fitting.sample import sample
from scatter.outcomes import Outcome
from scatter.settings import UserError
from scatter.validation.sticking import read_conditions

FILE = Path("in.toml")
INPUTS = sorted((Path(__file__).parents[2] / "inputs").glob("*.toml"))
SLOW = {"incidence__energy_eV": [1.0, 0.4], "incidence__polar_deg": [0, 60],
        "dynamics__max_time_fs": 150, "frames__trajectories": 0}  # fmt: skip


def asked(molecule='formula = "D2"', incidence="energy_eV = 0.01", rest=""):
    return parse(
        FILE,
        f"[molecule]\n{molecule}\nv = 0\nj = 0\n[incidence]\n{incidence}\n"
        f"[surface]\ntemperature_K = 300\n{rest}",
    ).input


def refusal(**changes):
    with pytest.raises(UserError) as found:
        refuse_no_arrival(asked(**changes), FILE)
    assert "\n" not in str(found.value)
    return str(found.value)


def test_a_molecule_that_cannot_arrive_is_refused_with_the_time_that_would_do():
    told = refusal(incidence="energy_eV = 0.01\npolar_deg = 75")
    assert told.startswith("in.toml, [dynamics] max_time_fs = 3000: D2 of 0.01 eV at 75° to the")
    # v = sqrt(2 · 0.01 eV / 4.0282 amu) cos 75° = 1.79 Å/ps: 14.1 Å and 500 fs are 8.4 ps
    assert told.endswith("max_time_fs = 8400 would do")
    assert "1.79 Å/ps" in told


def test_the_slowest_point_is_named_and_its_time_would_do_for_all():
    changes = {
        "molecule": 'formula = ["H2", "D2", "HD"]',
        "incidence": "energy_eV = [0.5, 0.004, 0.1]\npolar_deg = [0, 70, 60]",
    }
    told = refusal(**changes)
    assert "D2 of 0.004 eV at 70° to the normal" in told
    time = re.search(r"max_time_fs = (\d+) would do", told)[1]
    refuse_no_arrival(asked(**changes, rest=f"[dynamics]\nmax_time_fs = {time}\n"), FILE)


def test_masses_that_the_input_gives_are_those_that_fly():
    refuse_no_arrival(asked(incidence="energy_eV = 0.01"), FILE)
    assert "would do" in refusal(molecule='formula = "D2"\nmasses_amu = {D = 50.0}')


@pytest.mark.parametrize(
    ("limit", "fits"),
    # 6 Å to a bond that breaks at 1 Å; 4 and 4.1 Å to a turn at 3 Å and back: 8.1 Å at 10 Å/ps
    [("max_time_fs = 811", True), ("max_time_fs = 809", False)],
)
def test_no_time_is_refused_in_which_a_molecule_could_be_turned_back(limit, fits):
    # ½ m v² with v = 0.01 Å/fs
    energy = 0.5 * 4.02820355568 * 0.01**2 * 1.0364269e2
    changes = {"incidence": f"energy_eV = {energy!r}", "rest": f"[dynamics]\n{limit}\n"}
    if fits:
        refuse_no_arrival(asked(**changes), FILE)
    else:
        assert "more than 810 fs" in refusal(**changes)


def test_a_molecule_that_begins_at_the_surface_has_arrived():
    rest = "[dynamics]\nmax_time_fs = 1\n[stop]\nscattered_A = 2.9\n"
    refuse_no_arrival(asked(incidence="energy_eV = 0.01\nheight_A = 1.0", rest=rest), FILE)


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_inputs_that_come_with_scatter_can_arrive(path):
    refuse_no_arrival(parse(path, path.read_text()).input, path)


@pytest.mark.parametrize(
    "verb",
    [
        run,
        sample,
        lambda path: write_prepared(path, path.with_name("out.npz")),
        read_conditions,
    ],
    ids=["run", "sample", "prepare", "validate"],
)
def test_every_verb_refuses_it_and_writes_nothing(verb, write_tiny, tmp_path):
    shipped = {"potential__kind": "default"}  # that a GPU elsewhere evaluates too
    path = write_tiny(tmp_path, run__output=str(tmp_path / "new" / "out"), **SLOW, **shipped)
    with pytest.raises(UserError, match=r"H2 of 0.4 eV at 60° .* max_time_fs = 960 would do"):
        verb(path)
    assert [path.name for path in tmp_path.iterdir()] == ["in.toml"]


@pytest.mark.slow
def test_in_the_time_that_would_do_trajectories_end(run_tiny, tmp_path):
    changes = SLOW | {"dynamics__max_time_fs": 960, "sampling__trajectories": 4}
    outcomes = store.trajectories(run_tiny(tmp_path, **changes))["outcome"]
    assert len(outcomes) == 16
    assert np.isin(outcomes, (Outcome.DISSOCIATED, Outcome.SCATTERED)).all()
