import io
import os

import numpy as np
import pytest
from numba_threads import threads_as_before
from rich.console import Console
from scaled_potential import Scaled

from scatter import store
from scatter.analysis import sticking
from scatter.analysis.paired import ENDINGS
from scatter.campaign.inspect import inspect
from scatter.campaign.ranks import Ranks
from scatter.campaign.run import run
from scatter.campaign.timestep import step_of
from scatter.kernels import kernel
from scatter.outcomes import Outcome
from scatter.potentials.analytic import Analytic
from scatter.potentials.table import PotentialTable, open_potential
from scatter.results.read import read_results
from scatter.settings import UserError
from scatter.validation.sticking import QUICK, read_conditions, refuse_other_potentials, run_paired

pytestmark = pytest.mark.slow


def pair(write_tiny, folder, potential, reference, **changes):
    """The paired sticking of the tiny campaign in a folder; numba's threads stay as they were."""
    source = read_conditions(write_tiny(folder, **changes))
    with threads_as_before():
        quiet = Console(file=io.StringIO())
        return run_paired(source, potential, reference, folder, Ranks(), quiet)


def tables(folder):
    return [read_results(folder / name)[1] for name in ("potential", "teacher")]


INITIAL = [
    name
    for name in ("v", "J", "m_J", "bond_A", "theta_deg", "phi_deg", "impact_x_A", "impact_y_A",
                 "snapshot", "initial_top_A", "initial_kinetic_molecule_eV",
                 "initial_kinetic_slab_eV")
] + [f"initial_{letter}{axis}{atom}_{unit}" for letter, unit in (("", "A"), ("v", "A_per_fs"))
     for atom in (1, 2) for axis in "xyz"]  # fmt: skip


@pytest.fixture(scope="module")
def itself(write_tiny, tmp_path_factory):
    """A potential against itself: the folder, and the rows."""
    folder = tmp_path_factory.mktemp("itself")
    return folder, pair(write_tiny, folder, Analytic(), Analytic())


@pytest.fixture(scope="module")
def another(write_tiny, tmp_path_factory):
    """A softer potential against the analytic one: the folder, and the rows."""
    folder = tmp_path_factory.mktemp("another")
    return folder, pair(write_tiny, folder, Scaled(0.9), Analytic())


def test_a_potential_against_itself_has_the_same_trajectories_to_the_bit(itself):
    one, other = tables(itself[0])
    assert one.tobytes() == other.tobytes()


def test_a_potential_against_itself_agrees_in_every_pair(itself):
    for row in itself[1]:
        assert (row.counts == np.diag(np.diag(row.counts))).all()
        assert row.counts.sum() == 12
        assert row.difference.difference == row.difference.standard_error == 0
        assert row.difference.low == -row.difference.high < 0


def test_the_reference_runs_the_campaign_that_it_runs_alone(itself, undisturbed):
    assert tables(itself[0])[1].tobytes() == read_results(undisturbed)[1].tobytes()


def test_another_potential_begins_alike_to_the_bit_and_ends_otherwise(another):
    one, other = tables(another[0])
    for name in INITIAL:
        assert one[name].tobytes() == other[name].tobytes(), name
    assert (one["final_x1_A"] != other["final_x1_A"]).all()


def test_the_ledger_of_another_potential_is_on_its_own_scale(another):
    one, other = tables(another[0])
    for name in ("initial_potential_slab_eV", "initial_potential_molecule_eV"):
        assert one[name] == pytest.approx(0.9 * other[name], rel=1e-9)
    assert np.abs(one["initial_coupling_eV"]).max() < 1e-6  # 7 Å up


def test_the_difference_is_that_of_the_two_tables(another):
    folder, rows = another
    points, reference, _ = read_results(folder / "teacher")
    _, potential, _ = read_results(folder / "potential")
    stuck = ENDINGS.index(Outcome.DISSOCIATED)
    names = {"111": "Cu(111)"}
    both = (sticking(points, one, surfaces=names) for one in (potential, reference))
    found = zip(rows, *both, strict=True)
    for row, mine, other in found:
        assert (row.potential, row.reference) == (mine, other)
        assert row.difference.difference == pytest.approx(mine.S0 - other.S0)
        assert row.counts[stuck].sum() == mine.dissociated
        assert row.counts[:, stuck].sum() == other.dissociated
    assert sum(row.counts.sum() - np.trace(row.counts) for row in rows) > 0


@pytest.mark.slow
def test_finished_campaigns_are_not_run_again(itself, write_tiny):
    folder, rows = itself
    before = {path.name for path in (folder / "potential" / "blocks").iterdir()}
    again = pair(write_tiny, folder, Analytic(), Analytic())
    assert [row.potential for row in again] == [row.potential for row in rows]
    assert {path.name for path in (folder / "potential" / "blocks").iterdir()} == before


def test_the_manifest_says_what_made_the_starts(another):
    told = store.read_manifest(another[0] / "potential")
    assert told["potential_sha256"] == Scaled(0.9).identity
    assert told["starts_sha256"] == Analytic().identity
    assert told["starts"] == Analytic().description
    teacher = store.read_manifest(another[0] / "teacher")
    assert teacher["starts_sha256"] == teacher["potential_sha256"] == Analytic().identity
    assert told["slabs_sha256"] == teacher["slabs_sha256"]


def test_a_trajectory_whose_potential_no_folder_names_is_refused_with_the_reason(another, tmp_path):
    console = Console(file=io.StringIO(), width=200)
    with threads_as_before():
        seen, unseen = tmp_path / "seen.extxyz", tmp_path / "unseen.extxyz"
        inspect(another[0] / "teacher", 0, 1, 5.0, seen, False, console)  # the input names it
        assert "the same bits as stored" in console.file.getvalue()
        with pytest.raises(UserError, match="`scatter validate` ran them on a potential that its"):
            inspect(another[0] / "potential", 0, 1, 5.0, unseen, False, console)


@pytest.mark.parametrize(
    ("potential", "reference", "folder"),
    [(Scaled(0.8), Analytic(), "potential"), (Scaled(0.9), Scaled(1.1), "teacher")],
)
def test_campaigns_of_other_potentials_are_not_gone_on_with(
    another, write_tiny, potential, reference, folder
):
    with pytest.raises(UserError, match=f"{folder} holds trajectories of another potential"):
        pair(write_tiny, another[0], potential, reference)


def test_a_campaign_with_other_starts_is_refused_by_the_campaign_itself(
    another, write_tiny, tmp_path
):
    os.symlink(another[0] / "potential", tmp_path / "linked")
    told = store.read_manifest(another[0] / "potential")
    assert told["kernel"] == kernel()
    path = write_tiny(tmp_path, run__output=str(tmp_path / "linked"))
    text = path.read_text().replace('kind = "analytic"', 'kind = "default"')
    path.write_text(text)
    with pytest.raises(UserError, match="before a change of potential_sha256"):
        run(path)
    swapped = {
        **told, "potential_sha256": open_potential(PotentialTable()).identity,
        "starts_sha256": "other",
    }  # fmt: skip
    store.write_manifest(tmp_path / "copy", swapped)
    path.write_text(text.replace("linked", "copy"))
    with pytest.raises(UserError, match="before a change of starts_sha256"):
        run(path)


def test_an_empty_folder_is_refused_to_nobody(tmp_path):
    refuse_other_potentials(tmp_path, Analytic(), Scaled(2))


def test_a_quick_look_runs_few_trajectories(write_tiny, tmp_path):
    path = write_tiny(tmp_path, sampling__trajectories=5000)
    assert read_conditions(path).input.sampling.trajectories == 5000
    assert read_conditions(path, quick=True).input.sampling.trajectories == QUICK
    path = write_tiny(tmp_path, sampling__trajectories=3)
    assert read_conditions(path, quick=True).input.sampling.trajectories == 3


def test_both_run_with_the_time_step_that_the_reference_chose(write_tiny, tmp_path):
    auto = {"dynamics__timestep_fs": "auto", "dynamics__scheme": "multistep"}
    pair(write_tiny, tmp_path, Scaled(4.0), Analytic(), **auto, sampling__trajectories=1)
    steps = {step_of(tmp_path / name) for name in ("potential", "teacher")}
    assert len(steps) == 1
    assert None not in steps
