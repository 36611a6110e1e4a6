"""Members of a committee are opened as what their files are, and refused where they do not suit."""

from dataclasses import replace

import numpy as np
import pytest
from ace_invariant import invariant_ace
from ace_models import random_ace

from scatter.ace.cpu import Ace
from scatter.ace.yace.convert import convert_yace
from scatter.campaign.committee import committee
from scatter.campaign.run import run
from scatter.mace.cpu import MaceFused
from scatter.mace.file import FoldedMace
from scatter.potentials.families import SHIPPED
from scatter.potentials.table import PotentialTable, open_committee, open_potential
from scatter.results.read import read_results
from scatter.settings import UserError


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A linear ACE as .npz and .yace, and a MACE, by name."""
    folder = tmp_path_factory.mktemp("members")
    for name, seed in (("one.npz", 0), ("two.npz", 1)):
        invariant_ace(seed=seed).write(folder / name)
    convert_yace(folder / "two.npz", folder / "three.yace")
    replace(FoldedMace.read(SHIPPED), provenance="member").write(folder / "mace.npz")
    return {path.name: str(path) for path in folder.iterdir()}


@pytest.mark.parametrize("kind", ["ace", "mace", "default", "analytic"])
def test_every_member_is_opened_as_what_its_file_is_whatever_the_kind(files, kind):
    own = {"ace": {"file": files["one.npz"]}, "mace": {"file": files["mace.npz"]}}.get(kind, {})
    others = [files["two.npz"], files["three.yace"], files["mace.npz"]]
    table = PotentialTable(kind=kind, committee=others, **own)
    found = open_committee(table, open_potential(table))
    assert [type(one) for one in found.members[1:]] == [Ace, Ace, MaceFused]


def test_the_precision_of_a_mace_does_not_keep_an_ace_from_watching(files):
    others = [files["one.npz"], files["mace.npz"]]
    table = PotentialTable(kind="default", precision="float32", committee=others)
    assert open_committee(table, open_potential(table)) is not None


def test_a_member_that_is_not_there_or_no_model_is_named(files, tmp_path):
    for name, sentence in (("no.npz", "there is no such file"), ("no.txt", "reads a .model file")):
        path = tmp_path / name
        if name == "no.txt":
            path.write_text("an essay")
        table = PotentialTable(committee=[str(path)])
        with pytest.raises(UserError, match=rf"committee = '.*{name}': .*{sentence}"):
            open_committee(table, open_potential(PotentialTable(kind="analytic")))


@pytest.mark.slow
def test_ace_members_watch_a_campaign(files, run_tiny, tmp_path):
    folder = run_tiny(
        tmp_path, potential__committee=[files["one.npz"], files["three.yace"]],
        sampling__trajectories=2, frames__trajectories=0,
    )  # fmt: skip
    rows = read_results(folder)[1]
    assert (rows["disagreement_eV_per_A"] > 0).all()


def _without_hydrogen(path):
    random_ace(numbers=(28, 29), n=2, degree=2, products=(6, 6, 6)).write(path)


def _without_copper(path):
    random_ace(numbers=(1, 28), n=2, degree=2, products=(6, 6, 6)).write(path)


def _too_far(path):
    random_ace(cutoff=12.0, n=2, degree=2, products=(6, 6, 6)).write(path)


def _short_bonds(path):
    shipped = FoldedMace.read(SHIPPED)
    replace(shipped, longest=np.minimum(shipped.longest, 1.5)).write(path)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (_without_hydrogen, "does not know H"),
        (_without_copper, "does not know Cu"),
        (_too_far, r"vacuum_A = .*through the potential's cutoff of 12.00 Å; add at least"),
        (_short_bonds, "dissociated_A = 2.25: the potential is valid for bonds up to 1.5"),
    ],
)
@pytest.mark.parametrize("verb", [run, committee])
def test_a_member_that_does_not_suit_is_refused_by_name_before_anything_runs(
    write_tiny, files, tmp_path, make, sentence, verb
):
    make(tmp_path / "odd.npz")
    members = [files["mace.npz"], str(tmp_path / "odd.npz")]
    path = write_tiny(
        tmp_path, potential__kind="default", potential__committee=members, surface__vacuum_A=18.0
    )
    with pytest.raises(UserError, match=rf"committee = '.*odd.npz': cannot be used: .*{sentence}"):
        verb(path)
    assert not (tmp_path / "out").exists()
