"""A campaign on slabs of several sizes: what is run, what the table says, what is refused."""

import io
from math import nan

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy.stats import ttest_ind
from test_extending import settings

import scatter
from scatter.analysis.convergence import Share, mean_difference, share_difference
from scatter.analysis.means import mean_of
from scatter.analysis.probability import wilson
from scatter.campaign.converge import Sizes, resized
from scatter.config import read

SMALL = {"sampling__trajectories": 6, "incidence__energy_eV": 1.0}


def test_a_difference_of_shares_has_newcombes_interval():
    """His example (Stat. Med. 17, 873, table II, a, method 10): 56/70 - 48/80."""
    found = share_difference(Share(*wilson(56, 70)), Share(*wilson(48, 80)))
    assert found == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_a_difference_of_means_has_welchs_interval():
    rng = np.random.default_rng(1)
    one, other = rng.normal(0.3, 1.0, 20), rng.normal(0.0, 3.0, 8)
    due = ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    found = mean_difference(mean_of(one), mean_of(other))
    assert (found.low, found.high) == pytest.approx((due.low, due.high), rel=1e-9)
    assert np.isnan(mean_difference(mean_of(one), mean_of(other[:1]))[1])


@pytest.mark.slow
def test_every_slab_is_run_once_and_compared_with_the_largest(write_tiny, tmp_path):
    told = [io.StringIO() for _ in range(2)]
    tables = settings(**SMALL)
    sizes = {"layers": [5, 4], "frozen": [3, 2]}
    first, again = (
        scatter.converge(tables, folder=tmp_path, console=Console(file=console), **sizes)
        for console in told
    )
    pd.testing.assert_frame_equal(first, again)
    assert first["layers"].tolist() == [4, 4, 5, 5]
    assert first["frozen"].tolist() == ["3", "2", "3", "2"]
    assert first["atoms"].tolist() == [16, 16, 20, 20]
    assert (first["difference"].isna() == (first.index == 3)).all()
    largest = first["value"].iloc[-1]
    assert first["difference"][:3].tolist() == (first["value"][:3] - largest).tolist()
    assert told[0].getvalue().count("6 trajectories, ") == 4
    assert "6 trajectories, " not in told[1].getvalue()
    kept = scatter.Results.open(tmp_path / "2x2x4_frozen2")
    alone = scatter.run(tables)
    assert kept.trajectories.equals(alone.trajectories)
    assert kept.sticking()["S0"].tolist() == [first["value"][1]]
    assert pd.read_csv(tmp_path / "converge.csv")["value"].tolist() == first["value"].tolist()
    assert (tmp_path / "converge.png").is_file()


@pytest.mark.slow
def test_any_product_and_both_energies_are_those_of_the_trajectories(write_tiny, tmp_path):
    given = {"layers": [4, 5], "product": "scattered", "folder": tmp_path}
    table = scatter.converge(settings(**SMALL), **given)
    for layers, row in zip((4, 5), table.to_dict("records"), strict=True):
        rows = scatter.Results.open(tmp_path / f"2x2x{layers}_frozen2").trajectories
        scattered = rows[rows["ended"] == "scattered"]
        assert row["value"] == len(scattered) / len(rows)
        loss = 1.0 - scattered["final_translational_eV"]
        assert row["loss_eV"] == pytest.approx(loss.mean() if len(loss) else nan, nan_ok=True)
        gained = sum(
            rows[f"final_{kind}_slab_eV"] - rows[f"initial_{kind}_slab_eV"]
            for kind in ("kinetic", "potential")
        )
        assert row["slab_gain_eV"] == pytest.approx(gained.mean())
    with pytest.raises(scatter.UserError, match="'H2O' is not among the products at the end: "):
        scatter.converge(settings(**SMALL), layers=[4, 5], product="H2O", folder=tmp_path)


@pytest.mark.parametrize(
    ("changes", "sizes", "sentence"),
    [
        ({}, {"layers": [4]}, "one slab has nothing to be compared with"),
        ({}, {"cells": ["3by3"]}, "--cells 3by3: must be two whole numbers"),
        ({}, {"layers": [4, 2]}, r"the slab with size = \[2, 2, 2\].*leaves none of the 2 layers"),
        ({"surface__top_A": 6.0}, {"layers": [4, 5]}, "top_A refers to atoms of one slab"),
        (
            {"incidence__aim_atom": 3, "incidence__aim_radius_A": 1.0},
            {"cells": ["2x2", "3x3"]},
            "aim_atom refers to atoms of one slab",
        ),
        (
            {"surface__adsorbates": {"species": "H", "site": "fcc", "cells": [[0, 0]]}},
            {"cells": ["2x2", "3x3"]},
            "cells would mean a different coverage",
        ),
        (
            {"surface__adsorbates": {"species": "H", "site": "fcc", "coverage": 0.25}},
            {"cells": ["2x2", "3x3"]},
            "coverage = 0.25 of the 9 fcc sites",
        ),
    ],
)
def test_slabs_that_the_input_cannot_give_are_refused(
    write_tiny, tmp_path, changes, sizes, sentence
):
    source = read(write_tiny(tmp_path, **changes))
    with pytest.raises(scatter.UserError, match=sentence):
        resized(source, Sizes(**sizes), tmp_path)


def test_a_slab_of_a_file_has_its_own_size(write_tiny, tmp_path):
    path = write_tiny(tmp_path, surface__file="slab.xyz")
    text = (
        path.read_text()
        .replace("size = [2, 2, 4]\n", "")
        .replace("lattice_constant_A = 3.68\n", "")
    )
    path.write_text(text)
    with pytest.raises(scatter.UserError, match="--layers: .*is a slab of one size"):
        resized(read(path), Sizes(layers=[4, 5]), tmp_path)
    wanted = resized(read(path), Sizes(frozen=[2, 1]), tmp_path)
    assert [size.label for size in sorted(wanted)] == ["frozen2", "frozen1"]
