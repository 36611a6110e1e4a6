"""From an input to a file, from it to results with NumPy and torch alone, and into the folder."""

import numpy as np
import pytest
import torch
from lean import NEAR, lean
from rich.console import Console

from scatter import store
from scatter.campaign import pilot
from scatter.campaign.collected import collect
from scatter.campaign.elsewhere import write_prepared
from scatter.campaign.pilot import Pilots
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import carry_out, run
from scatter.columns import ELECTRONS, ELECTRONS_OF_A_BOND
from scatter.config import read
from scatter.errors import Untrusted, UserError
from scatter.gpu.endings import Endings
from scatter.gpu.prepared import PreparedCampaign, Results
from scatter.mace.family import MaceDevice
from scatter.mace.file import FoldedMace
from scatter.potentials.families import SHIPPED
from scatter.potentials.table import PotentialTable, open_potential
from scatter.rows import ROW


@pytest.fixture(scope="module")
def ran(write_tiny, tmp_path_factory):
    """An input, its prepared file, and what came of it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    changes = {"potential__kind": "default", "potential__precision": "float64",
               "incidence__height_A": 2.5, "sampling__trajectories": 3,
               "surface__images": True, "guards__coupling_eV": 100.0,
               "frames__trajectories": 0, "dynamics__max_time_fs": 25,
               "dynamics__scheme": "multistep", "dynamics__bath": "bottom",
               "dynamics__bath_layers": 1,
               "friction__kind": "ldfa", "friction__electrons_K": 3000,
               "guards__most_unsettled": 1}  # fmt: skip
    path = write_tiny(folder, **changes)
    path.write_text(path.read_text() + NEAR)
    write_prepared(path, folder / "prepared.npz")
    ended = lean(folder / "prepared.npz", folder / "results.npz", "--slots", 4)
    assert ended.returncode == 0, ended.stderr
    return path


def test_what_comes_back_gives_the_rows_that_a_run_here_gives(ran, tmp_path):
    folder = collect(ran, ran.parent / "results.npz")
    found = store.trajectories(folder)
    here = ran.with_name("here.toml")
    here.write_text(ran.read_text().replace(str(folder), str(tmp_path / "here")))
    expected = store.trajectories(run(here))
    assert len(found) == 6
    assert len(set(found["outcome"])) > 1
    electrons = [column.name for column in (*ELECTRONS, *ELECTRONS_OF_A_BOND)]
    assert found.dtype.names == (*ROW.names, "bath_eV", *electrons)
    assert min(np.abs(found[name]).max() for name in ("bath_eV", "electrons_noise_eV")) > 0.01
    for name in found.dtype.names:
        assert found[name] == pytest.approx(expected[name], abs=1e-6, nan_ok=True), name
    assert (folder / "sticking.csv").is_file()
    assert collect(ran, ran.parent / "results.npz") == folder  # again, and nothing is added
    assert store.trajectories(folder).tobytes() == found.tobytes()


def test_what_comes_back_exits_with_3_where_S0_is_not_known(ran, tmp_path):
    strict = ran.with_name("strict.toml")
    text = ran.read_text().replace(str(ran.parent / "out"), str(tmp_path / "strict"))
    strict.write_text(text.replace("most_unsettled = 1", "most_unsettled = 0.01"))
    with pytest.raises(Untrusted, match="S0 is not known at") as refusal:
        collect(strict, ran.parent / "results.npz")
    assert refusal.value.code == 3
    assert (tmp_path / "strict/sticking.csv").is_file()


@pytest.mark.parametrize("felt", [True, False])
def test_a_run_on_a_device_gives_the_rows_that_a_run_here_gives(ran, tmp_path, felt):
    """The engine with tensors, looked at every twentieth step; slabs and ledger from the CPU."""
    found, path, given = {}, tmp_path / "input.toml", 'kind = "ldfa"\nelectrons_K = 3000\n'
    path.write_text(ran.read_text().replace(given, given if felt else ""))
    for name in ("device", "cpu"):
        source = read(path)
        device = MaceDevice(FoldedMace.read(SHIPPED), "float64", "cpu")
        potential = device if name == "device" else device.host
        with store.only_writer(tmp_path / name):
            carry_out(source, potential, tmp_path / name, Ranks(), Console(quiet=True))
        found[name] = store.trajectories(tmp_path / name)
    assert len(found["device"]) == 6
    assert ("electrons_eV" in found["cpu"].dtype.names) == felt
    for name in found["cpu"].dtype.names:
        expected = pytest.approx(found["cpu"][name], abs=1e-6, nan_ok=True)
        assert found["device"][name] == expected, name


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_told(ran):
    with pytest.raises(UserError, match="torch sees no GPU"):
        open_potential(PotentialTable(device="cuda"))


def test_what_ended_before_is_not_run_again(ran):
    before = Results.read(ran.parent / "results.npz")
    half = ran.parent / "half.npz"
    kept = [list(leg)[:2] for leg in before.legs]
    prepared = PreparedCampaign.read(ran.parent / "prepared.npz")
    legs = [Endings.of(some, leg) for some, leg in zip(kept, prepared.legs, strict=True)]
    Results(before.identity, before.potential, before.device, legs).write(half)
    ended = lean(ran.parent / "prepared.npz", half)
    assert ended.returncode == 0, ended.stderr
    steps = sum(one.steps for leg in before.legs for one in list(leg)[2:])
    assert f"\n{steps} replica-steps" in ended.stdout
    for one, other in zip(before.legs, Results.read(half).legs, strict=True):
        order = np.argsort(other.trajectory)
        assert (np.sort(one.trajectory) == other.trajectory[order]).all()
        assert (one.steps[np.argsort(one.trajectory)] == other.steps[order]).all()


def test_an_automatic_end_travels_with_the_file(write_tiny, tmp_path):
    path = write_tiny(
        tmp_path, potential__kind="default", stop__scattered_A="auto", incidence__height_A="auto",
        surface__images=True, sampling__trajectories=2, dynamics__inner_steps=3,
        dynamics__scheme="multistep", frames__trajectories=0,
    )  # fmt: skip
    write_prepared(path, tmp_path / "prepared.npz")
    prepared = PreparedCampaign.read(tmp_path / "prepared.npz")
    assert prepared.limits.scattered_A == "auto"
    assert all(leg.motion.inner == 3 for leg in prepared.legs)
    lowest = min(leg.positions[:, :, 2].min() for leg in prepared.legs)
    assert lowest > max(leg.slab_positions[:, :, 2].max() for leg in prepared.legs) + 5.0


def test_an_automatic_time_step_travels_with_the_file(ran, tmp_path, monkeypatch):
    """It is chosen once: neither there nor when the results come back."""
    tried, path = [], tmp_path / "auto.toml"
    good = Pilots(np.zeros(1), np.zeros(1), np.ones(1, int))
    monkeypatch.setattr(pilot, "fly", lambda input, *_: tried.append(input) or good)
    text = ran.read_text().replace(str(ran.parent / "out"), str(tmp_path / "auto"))
    path.write_text(text.replace("timestep_fs = 0.5", 'timestep_fs = "auto"'))
    write_prepared(path, tmp_path / "prepared.npz")
    step = PreparedCampaign.read(tmp_path / "prepared.npz").limits.timestep_fs
    assert [each.dynamics.step_fs for each in tried] == [step, step / 2]
    ended = lean(tmp_path / "prepared.npz", tmp_path / "came.npz")
    assert ended.returncode == 0, ended.stderr
    rows = store.trajectories(collect(path, tmp_path / "came.npz"))
    assert store.read_manifest(tmp_path / "auto")["timestep_fs"] == step != 0.5
    assert (rows["time_fs"] == rows["steps"] * step).all()
    assert len(rows) == 6
    write_prepared(path, tmp_path / "more.npz")
    assert len(tried) == 2
    with pytest.raises(UserError, match="timestep_fs was"):
        collect(ran, tmp_path / "came.npz")


def test_files_of_something_else_are_refused(ran, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text(ran.read_text().replace("seed = 7", "seed = 8"))
    with pytest.raises(UserError, match="different campaign"):
        collect(other, ran.parent / "results.npz")
    with pytest.raises(UserError, match="is not a file of results from elsewhere"):
        collect(ran, ran.parent / "prepared.npz")
    for name, what in (("bath", "the bath was"), ("electrons", "electrons were")):
        without = Results.read(ran.parent / "results.npz")
        for leg in without.legs:
            leg.memories.pop(name, None)
        without.write(tmp_path / "without.npz")
        with pytest.raises(UserError, match=f"do not say what {what} given"):
            collect(ran, tmp_path / "without.npz")
    ended = lean(ran.parent / "results.npz", tmp_path / "out.npz")
    assert ended.returncode == 2
    assert "make it with `scatter prepare" in ended.stderr
    analytic = tmp_path / "analytic.toml"
    analytic.write_text(ran.read_text().replace('"default"', '"analytic"').replace(
        'precision = "float64"', ""))  # fmt: skip
    with pytest.raises(UserError, match="scatter convert"):
        write_prepared(analytic, tmp_path / "out.npz")
