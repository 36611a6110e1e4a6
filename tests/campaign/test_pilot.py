"""An automatic time step: by the bond's period, checked on pilots, chosen once and kept."""

import io
import json
from dataclasses import replace
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from numba_threads import threads_as_before
from rich.console import Console
from scaled_potential import Scaled
from tiny_runs import run_in

from scatter import store
from scatter.campaign import pilot
from scatter.campaign.frames import every_frame
from scatter.campaign.parts import Parts
from scatter.campaign.pilot import Pilots, chosen, first_step, fly, settled, starts
from scatter.campaign.prepare import Prepared, prepare
from scatter.campaign.projectiles import curves_of
from scatter.campaign.ranks import Ranks
from scatter.campaign.replay import replay
from scatter.campaign.run import carry_out, holding
from scatter.campaign.timestep import STEP, step_of, with_step
from scatter.config import points, read
from scatter.dynamics.motions import Verlet
from scatter.initial.projectile import Diatomic
from scatter.outcomes import Outcome
from scatter.potentials.analytic import Analytic
from scatter.settings import UserError
from scatter.units import fs, lightest

AUTO = {"dynamics__timestep_fs": "auto"}
MULTI = {**AUTO, "dynamics__scheme": "multistep"}
STRICT = {**MULTI, "dynamics__energy_tolerance_eV": 0.01}  # half of the first step keeps it


def of(input, potential, parts=None):
    """What is fired, without slabs."""
    return Prepared(potential, dict(curves_of(input, potential)), [], 5.0, parts=parts or Parts())


@pytest.fixture
def given(write_tiny, tmp_path):
    """The tiny campaign's input with some keys changed."""
    return lambda **changes: read(write_tiny(tmp_path, **changes)).input


def quiet(line):
    """Say nothing."""


def one_of_three(rank, gather):
    return SimpleNamespace(rank=rank, size=3, gather=gather, agree=lambda make: make())


def never(*arguments):
    raise AssertionError("pilots flew")


@pytest.fixture(scope="module")
def strict(write_tiny, tmp_path_factory):
    """The folder of a campaign whose first step did not keep the energy."""
    return run_in(write_tiny(tmp_path_factory.mktemp("strict"), **STRICT).parent)


def test_a_stiff_bond_has_a_short_step(given):
    """T falls as 1/√k."""
    input = given(**MULTI)
    soft, stiff = (first_step(input, of(input, Scaled(factor))) for factor in (1.0, 4.0))
    assert stiff == pytest.approx(soft / 2, rel=0.05)
    period = Diatomic((1, 1), np.ones(2), curves_of(input, Analytic())["H2"].curve).reference
    assert 14.5 < period.period_fs / soft < 16.5


def test_without_inner_steps_it_is_half_as_long(given):
    multi, plain = given(**MULTI), given(**AUTO)
    inside = first_step(multi, of(multi, Analytic()))
    assert first_step(plain, of(plain, Analytic())) == pytest.approx(inside / 2, rel=0.05)
    own = of(multi, Analytic(), Parts(motion=Verlet()))
    assert first_step(multi, own) == first_step(plain, of(plain, Analytic()))


def test_isotopes_have_the_step_of_the_lightest(given):
    light, heavy = given(**MULTI), given(**MULTI, molecule__formula="D2")
    assert first_step(heavy, of(heavy, Analytic())) == first_step(light, of(light, Analytic()))


def test_the_slabs_own_step_is_the_longest(given):
    input = given(**MULTI, thermalise__timestep_fs=0.2)
    assert first_step(input, of(input, Analytic())) == 0.2


def test_an_atom_moves_as_if_it_were_bound_as_stiffly_as_hydrogen(given):
    input = given(**MULTI)
    atom = SimpleNamespace(numbers=(1,), reference=None)
    step = first_step(input, replace(of(input, Analytic()), projectiles={"H": atom}))
    omega = np.sqrt(pilot.STIFF / lightest(1)) * fs
    assert 0.95 < 30 * step / (2 * np.pi / omega) <= 1


def test_pilots_are_spread_over_the_points_and_are_nobodys_own(given):
    for count in (1, 5, 32, 99):
        wanted = starts([None] * count)
        assert len(wanted) == pilot.PILOTS
        assert {0, count - 1} <= set(wanted["point"].tolist())
        assert len(set(wanted.tolist())) == pilot.PILOTS
        assert (wanted["branch"] == 2**32 - 1).all()
        assert np.bincount(wanted["point"]).max() <= -(-pilot.PILOTS // count) + 1


@pytest.mark.slow
def test_what_pilots_show_depends_on_neither_batch_nor_ranks(given, monkeypatch):
    input = with_step(given(**MULTI), 1.0)
    made = prepare(input, Analytic(), Ranks(), quiet)
    alone = fly(input, made, Ranks())
    monkeypatch.setattr(pilot, "SLOTS", 3)
    parts = []
    for rank in range(3):
        some = one_of_three(rank, lambda part: parts.append(part) or [part])
        fly(input, made, some)
    whole = one_of_three(0, lambda part: parts)
    for one, other in zip(alone, fly(input, made, whole), strict=True):
        assert one.tobytes() == other.tobytes()
    assert (alone.largest >= abs(alone.end)).all()
    assert abs(alone.end).min() > 0


def pilots(worst, end):
    return Pilots(np.array([0.0, worst]), np.array([end, -end]), np.array([1, 2]))


def test_the_step_is_halved_until_the_energy_is_kept(given, monkeypatch):
    """The error is second order; each step is flown once."""
    input, flown = given(**MULTI), []

    def errors(input, prepared, ranks):
        flown.append(input.dynamics.step_fs)
        return pilots(0.3 * flown[-1] ** 2, 0.0)

    monkeypatch.setattr(pilot, "fly", errors)
    assert chosen(input, of(input, Analytic()), Ranks(), quiet) == 0.25
    assert flown == [0.5, 0.25, 0.125]


@pytest.mark.parametrize(("worst", "end"), [(0.026, 0.0), (0.001, 0.0051), (np.inf, 0.0)])
def test_what_is_not_kept_at_any_step_is_refused(given, monkeypatch, worst, end):
    input = given(**MULTI)
    monkeypatch.setattr(pilot, "fly", lambda *_: pilots(worst, end))
    with pytest.raises(UserError, match=r'timestep_fs = "auto": with 0.03125 fs the energy of'):
        chosen(input, of(input, Analytic()), Ranks(), quiet)
    assert pilots(0.024, 0.0049).kept(0.1)


@pytest.mark.slow
def test_it_is_stored_and_is_that_of_the_trajectories(strict):
    assert store.read_manifest(strict)[STEP] == 0.25
    with h5py.File(strict / "results.h5") as file:
        assert json.loads(file.attrs["timestep_fs"]) == 0.25
    rows = store.trajectories(strict)
    assert (rows["time_fs"] == 0.25 * rows["steps"]).all()
    assert rows["energy_error_eV"].max() < 0.01 / 4


@pytest.mark.slow
def test_trajectories_are_those_of_the_number_that_was_chosen(strict, run_tiny, tmp_path):
    written = store.trajectories(run_tiny(tmp_path, **{**STRICT, "dynamics__timestep_fs": 0.25}))
    assert written.tobytes() == store.trajectories(strict).tobytes()


@pytest.mark.slow
def test_a_trajectory_is_replayed_to_its_bits_without_pilots(strict, monkeypatch):
    monkeypatch.setattr(pilot, "fly", never)
    assert not replay(strict, 1, 3, 5.0, False, quiet).differs


@pytest.mark.slow
def test_a_campaign_goes_on_with_its_step(run_tiny, tmp_path, monkeypatch):
    few = store.trajectories(run_tiny(tmp_path, **STRICT, sampling__trajectories=2))
    monkeypatch.setattr(pilot, "fly", never)
    more = store.trajectories(run_tiny(tmp_path, **STRICT, sampling__trajectories=4))
    assert len(more) == 8
    assert few.tobytes() == more[more["number"] < 2].tobytes()
    assert set(more["outcome"]) <= {Outcome.SCATTERED, Outcome.DISSOCIATED}


@pytest.mark.slow
def test_points_that_are_added_are_tried_once_with_the_step_that_was_chosen(
    run_tiny, tmp_path, monkeypatch
):
    few = {**STRICT, "sampling__trajectories": 1}
    folder, flown = run_tiny(tmp_path, **few), []
    wilder = {"incidence__energy_eV": [0.9, 1.2, 1.05]}
    fly = pilot.fly

    def watched(input, prepared, ranks, some=None):
        flown.append([point.energy_eV for point in some])
        return fly(input, prepared, ranks, some)

    monkeypatch.setattr(pilot, "fly", watched)
    before = store.read_manifest(folder)
    coarse = {**before, "timestep_fs": 1.0}
    (folder / "campaign.json").write_text(json.dumps(coarse))
    with pytest.raises(UserError, match="at points that are new to the campaign, which chose"):
        run_tiny(tmp_path, **few, **wilder)
    assert json.loads((folder / "campaign.json").read_text()) == coarse
    (folder / "campaign.json").write_text(json.dumps(before))
    run_tiny(tmp_path, **few, **wilder)
    run_tiny(tmp_path, **few, **wilder)
    assert flown == [[1.05], [1.05]]
    assert store.read_manifest(folder)["timestep_fs"] == before["timestep_fs"]


def test_what_was_chosen_elsewhere_is_taken_over(write_tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(pilot, "fly", never)
    source, console = read(write_tiny(tmp_path, **MULTI, sampling__trajectories=1)), io.StringIO()
    ranks, folder = Ranks(), tmp_path / "taken"
    with threads_as_before(), holding(folder, ranks):
        carry_out(source, Analytic(), folder, ranks, Console(file=console), timestep_fs=0.4)
    assert step_of(folder) == 0.4
    assert "time step: 0.4 fs, as chosen before" in console.getvalue()
    assert step_of(tmp_path) is None


def test_two_different_choices_are_refused(given):
    input = given(**MULTI)
    with pytest.raises(UserError, match="was chosen twice for these trajectories, 0.2 and 0.4"):
        settled(input, of(input, Analytic()), Ranks(), quiet, (0.4, 0.2, None))
    assert settled(given(), of(input, Analytic()), Ranks(), quiet, ()) == given()


@pytest.mark.slow
@pytest.mark.parametrize("told", ["0.5", 0.0, 7.0, True])
def test_a_folder_that_tells_nonsense_is_refused(strict, tmp_path, told):
    said = {**store.read_manifest(strict), "timestep_fs": told}
    (tmp_path / "campaign.json").write_text(json.dumps(said))
    with pytest.raises(UserError, match="is not a number from 0 to 5"):
        step_of(tmp_path)


def test_frames_every_so_many_fs_need_a_number(given):
    with pytest.raises(UserError, match=r'--every-fs 1: .* timestep_fs = "auto" is not known yet'):
        every_frame(given(**AUTO), 1.0)
    assert len(points(given(**AUTO))) == 2
