"""A MACE with densities and vectors, run with NumPy and torch alone, and collected."""

from dataclasses import replace

import numpy as np
import pytest
from lean import NEAR, lean
from mace_models import with_vectors

from scatter import store
from scatter.campaign.collected import collect
from scatter.campaign.elsewhere import write_prepared
from scatter.campaign.run import run
from scatter.mace.file import MARGIN, FoldedMace
from scatter.mace.kernels.couplings import PATHS
from scatter.potentials.families import SHIPPED
from scatter.rows import ROW


def near_the_shipped_one():
    """With few densities, and vectors that change energies somewhat."""
    model, rng = with_vectors(FoldedMace.read(SHIPPED)), np.random.default_rng(2)
    new = [n for n, path in enumerate(PATHS) if path[0]]
    radial_2, mix = model.radial_2.copy(), model.mix.copy()
    radial_2[:, :, new] = 0.1 * radial_2[:, :, [0]]
    mix[new] = rng.normal(size=mix[new].shape) / 100
    r = (np.arange(radial_2.shape[1]) - MARGIN) * model.step / model.cutoff
    density = (
        1e-3 * np.where(abs(r) < 1, (1 - np.minimum(r**2, 1)) ** 4, 0) * np.ones((len(radial_2), 1))
    )
    return replace(model, radial_2=radial_2, mix=mix, density_1=density, density_2=2 * density)


def test_what_comes_back_gives_the_rows_that_a_run_here_gives(write_tiny, tmp_path):
    near_the_shipped_one().write(tmp_path / "model.npz")
    changes = {"potential__kind": "mace", "potential__file": str(tmp_path / "model.npz"),
               "incidence__height_A": 2.5, "sampling__trajectories": 2,
               "surface__images": True, "guards__coupling_eV": 100.0,
               "frames__trajectories": 0, "dynamics__max_time_fs": 25,
               "guards__most_unsettled": 1}  # fmt: skip
    path = write_tiny(tmp_path, **changes)
    path.write_text(path.read_text() + NEAR)
    write_prepared(path, tmp_path / "prepared.npz")
    arguments = (tmp_path / "prepared.npz", tmp_path / "results.npz", "--slots", 4)
    ended = lean(*arguments, "--potential", tmp_path / "model.npz")
    assert ended.returncode == 0, ended.stderr
    found = store.trajectories(collect(path, tmp_path / "results.npz"))
    here = tmp_path / "here.toml"
    here.write_text(path.read_text().replace(str(tmp_path / "out"), str(tmp_path / "here")))
    expected = store.trajectories(run(here))
    assert len(found) == 4
    for name in ROW.names:
        near = pytest.approx(expected[name], rel=1e-5, abs=1e-5, nan_ok=True)
        assert found[name] == near, name
