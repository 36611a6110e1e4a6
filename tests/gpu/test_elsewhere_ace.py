"""A campaign on a linear ACE, prepared here, run with NumPy and torch alone, and collected."""

from dataclasses import replace

import numpy as np
import pytest
from ace_models import binding_ace
from ase.io import read as read_frames
from lean import NEAR, lean
from rich.console import Console

from scatter import store
from scatter.ace.family import AceDevice
from scatter.ace.file import LinearAce
from scatter.campaign.collected import collect
from scatter.campaign.elsewhere import write_prepared
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import carry_out, run
from scatter.config import read
from scatter.errors import UserError
from scatter.rows import ROW


@pytest.fixture(scope="module")
def prepared(write_tiny, tmp_path_factory):
    """An input that names an ACE with its leverage, and its prepared file."""
    folder = tmp_path_factory.mktemp("elsewhere")
    model = binding_ace()
    size = 2 * model.two_body.shape[3] + model.weights.shape[1]
    root = np.triu(np.random.default_rng(5).normal(size=(2, size, size)))
    replace(model, leverage=root).write(folder / "model.npz")
    changes = {"potential__kind": "ace", "potential__file": str(folder / "model.npz"),
               "incidence__height_A": 2.5, "sampling__trajectories": 2,
               "surface__images": True, "guards__coupling_eV": 100.0,
               "frames__trajectories": 0, "dynamics__max_time_fs": 25,
               "guards__most_unsettled": 1,
               "guards__leverage": 1e-9}  # fmt: skip
    path = write_tiny(folder, **changes)
    path.write_text(path.read_text() + NEAR)
    write_prepared(path, folder / "prepared.npz")
    return path


def test_what_comes_back_gives_the_rows_that_a_run_here_gives(prepared, tmp_path):
    folder = prepared.parent
    arguments = (folder / "prepared.npz", folder / "results.npz", "--slots", 4)
    ended = lean(*arguments, "--potential", folder / "model.npz")
    assert ended.returncode == 0, ended.stderr
    out = collect(prepared, folder / "results.npz")
    found = store.trajectories(out)
    here = prepared.with_name("here.toml")
    text = prepared.read_text().replace(str(folder / "out"), str(tmp_path / "here"))
    here.write_text(text)
    expected = store.trajectories(run(here))
    assert len(found) == 4
    assert (found["leverage"] > 0).all()
    for name in ROW.names:
        near = pytest.approx(expected[name], rel=1e-5, abs=1e-5, nan_ok=True)
        assert found[name] == near, name
    assert (found["time_fs"] > 2).all()
    kept, expected = (
        read_frames(one / "uncertain.extxyz", ":") for one in (out, tmp_path / "here")
    )
    assert [len(frame) for frame in kept] == [len(expected[0])] * 4
    for one, other in zip(kept, expected, strict=True):
        assert one.info["leverage"] == pytest.approx(other.info["leverage"], rel=1e-5)
        assert one.positions == pytest.approx(other.positions, abs=1e-4)


def test_a_run_on_a_device_gives_the_rows_that_a_run_here_gives(prepared, tmp_path):
    """The leverage among them."""
    found = {}
    source = read(prepared)
    device = AceDevice(LinearAce.read(prepared.parent / "model.npz"), "float64", "cpu")
    for name, potential in (("device", device), ("cpu", device.host)):
        with store.only_writer(tmp_path / name):
            carry_out(source, potential, tmp_path / name, Ranks(), Console(quiet=True))
        found[name] = store.trajectories(tmp_path / name)
    assert (found["cpu"]["leverage"] > 0).all()
    for name in ROW.names:
        expected = pytest.approx(found["cpu"][name], rel=1e-5, abs=1e-5, nan_ok=True)
        assert found["device"][name] == expected, name


def test_another_model_is_refused(prepared):
    folder = prepared.parent
    ended = lean(folder / "prepared.npz", folder / "other.npz")
    assert ended.returncode == 2
    assert "is not the model that" in ended.stderr


def test_a_yace_file_is_to_be_converted_first(prepared, tmp_path):
    other, model = tmp_path / "yace.toml", prepared.with_name("model.yace")
    model.write_text("elements: [Cu, H]\n")
    other.write_text(prepared.read_text().replace("model.npz", model.name))
    with pytest.raises(UserError, match="make one with `scatter convert`"):
        write_prepared(other, tmp_path / "out.npz")
