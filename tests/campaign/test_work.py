from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from scatter import store
from scatter.campaign.prepare import prepare
from scatter.campaign.ranks import Ranks
from scatter.campaign.rows import complete
from scatter.campaign.work import Trajectories
from scatter.columns import SCATTERED
from scatter.config import points, read
from scatter.dynamics.batch import propagate
from scatter.dynamics.stop import Dynamics
from scatter.outcomes import Outcome
from scatter.potentials.table import open_potential
from scatter.rows import ROW
from scatter.state import Key
from scatter.units import degree, fs


@pytest.fixture(scope="module")
def tiny(write_tiny, tmp_path_factory):
    """All that the tiny campaign's trajectories begin with; at 30° too, to tell directions."""
    path = write_tiny(
        tmp_path_factory.mktemp("work"), incidence__polar_deg=[0, 30], incidence__azimuth_deg=40.0
    )
    input = read(path).input
    prepared = prepare(input, open_potential(input.potential), Ranks(), print)
    (slab,) = prepared.slabs
    return SimpleNamespace(
        input=input, prepared=prepared, points=points(input), slab=slab,
        potential=prepared.potential, molecule=prepared.projectiles["H2"],
        system=slab.system.with_projectile(1, 1),
    )  # fmt: skip


def trajectories(tiny):
    return Trajectories(tiny.input, tiny.points, tiny.prepared, tiny.slab)


def run(tiny, trajectories, starts, slots=1, dynamics=None):
    """The rows of these starts."""
    input = tiny.input.model_copy(update={"dynamics": dynamics or tiny.input.dynamics})
    conditions = tiny.prepared.conditions(input, tiny.slab, (1, 1), slots)
    ended = propagate(iter(starts), tiny.potential, conditions)
    rows = np.array([trajectories.end(one, conditions.parts) for one in ended], ROW)
    complete(rows, tiny.points, tiny.prepared.projectiles)
    return rows


def internal_energy(tiny, start):
    """Vibration and rotation of a start's molecule, eV above the bottom of its curve."""
    momenta, masses = start.momenta[-2:], start.masses[-2:, None]
    inside = momenta - masses * momenta.sum(axis=0) / masses.sum()
    bond = np.linalg.norm(start.positions[-1] - start.positions[-2])
    curve = tiny.molecule.curve
    return (inside**2 / (2 * masses)).sum() + curve(np.array([bond]))[0] - curve.minimum


def test_a_trajectory_begins_alike_whatever_was_begun_before_it(tiny):
    one, other = trajectories(tiny), trajectories(tiny)
    alone = one.begin(3, Key(1, 5))
    other.begin(0, Key(0, 5))
    other.begin(1, Key(1, 4))
    after = other.begin(9, Key(1, 5))
    for name in ("positions", "momenta", "masses"):
        assert getattr(alone, name).tobytes() == getattr(after, name).tobytes()


def test_every_trajectory_begins_elsewhere(tiny):
    starts = [trajectories(tiny).begin(0, Key(point, n)) for point in range(4) for n in range(10)]
    assert len({start.positions[-2:].tobytes() for start in starts}) == 40
    assert len({start.momenta[:-2].tobytes() for start in starts}) == 8  # snapshots


@pytest.mark.parametrize("point", [0, 1, 2, 3])
def test_a_start_has_the_energies_height_and_direction_of_its_point(tiny, point):
    wanted = tiny.points[point]
    start = trajectories(tiny).begin(0, Key(point, 3))
    masses, momentum = start.masses[-2:], start.momenta[-2:].sum(axis=0)
    assert (momentum**2).sum() / (2 * masses.sum()) == pytest.approx(wanted.energy_eV, rel=1e-12)
    speed = np.linalg.norm(momentum)
    assert -momentum[2] / speed == pytest.approx(np.cos(wanted.polar_deg * degree), rel=1e-12)
    if wanted.polar_deg:
        assert np.arctan2(momentum[1], momentum[0]) / degree == pytest.approx(40.0)
    centre = (masses[:, None] * start.positions[-2:]).sum(axis=0) / masses.sum()
    top = start.positions[tiny.slab.system.top, 2].mean()
    assert centre[2] - top == pytest.approx(7.0, abs=1e-12)
    # Morse: E = ω (v + 1/2) - ωx (v + 1/2)² for J = 0; J = 1 adds 2 B, 14.7 meV
    assert internal_energy(tiny, start) == pytest.approx(0.2691 + 0.0148, abs=3e-4)
    assert not start.momenta[:-2][~tiny.slab.system.moving].any()


def test_a_trajectory_run_alone_is_its_row_in_the_campaign(tiny, undisturbed):
    campaign = read(undisturbed.parent / "in.toml").input
    alone = SimpleNamespace(**{**vars(tiny), "input": campaign, "points": points(campaign)})
    for row in store.trajectories(undisturbed)[[0, 7, 20]]:
        made = trajectories(alone)
        start = made.begin(0, Key(int(row["point"]), int(row["number"])))
        (again,) = run(alone, made, [start])
        assert again.tobytes() == row.tobytes()


def test_rows_are_completed_alike_alone_and_together(tiny, undisturbed):
    rows = store.trajectories(undisturbed)
    scattered = rows[rows["outcome"] == Outcome.SCATTERED]
    together, alone = scattered.copy(), scattered.copy()
    for name in ("final_v", "final_J"):
        together[name] = alone[name] = -1
    complete(together, tiny.points, tiny.prepared.projectiles)
    for number in range(len(alone)):
        complete(alone[number : number + 1], tiny.points, tiny.prepared.projectiles)
    assert together.tobytes() == alone.tobytes() == scattered.tobytes()
    assert len(scattered) > 1


def test_a_molecule_that_never_met_the_surface_keeps_v_J_energy_and_direction(tiny):
    made = trajectories(tiny)
    starts = [made.begin(n, Key(point, n)) for n, point in enumerate((0, 1, 2, 3))]
    away = []
    for start in starts:
        momenta = start.momenta.copy()
        # upwards at 7 Å, beyond the reach of the slab: mirrored centre of mass
        momenta[-2:, 2] -= start.momenta[-2:, 2].sum()
        away.append(replace(start, momenta=momenta))
        made.underway[start.trajectory] = away[-1], made.underway[start.trajectory][1]
    fine = Dynamics(timestep_fs=0.02)
    rows = run(tiny, made, away, slots=4, dynamics=fine)
    assert rows["outcome"].tolist() == [Outcome.SCATTERED] * 4
    assert rows["final_v"] == pytest.approx(np.zeros(4), abs=1e-3)
    assert rows["final_J"] == pytest.approx(np.ones(4), abs=1e-3)
    assert rows["initial_coupling_eV"] == pytest.approx(np.zeros(4), abs=1e-9)
    assert rows["final_coupling_eV"] == pytest.approx(np.zeros(4), abs=1e-9)
    for row in rows:
        point = tiny.points[row["point"]]
        assert row["final_translational_eV"] == pytest.approx(point.energy_eV, abs=1e-9)
        assert row["final_polar_deg"] == pytest.approx(point.polar_deg, abs=1e-5)
        if point.polar_deg:
            assert row["final_azimuth_deg"] == pytest.approx(40.0, abs=1e-5)


def columns(row, name):
    """Vectors of both atoms, shape (2, 3), such as `final_{}{}_A`."""
    return np.array([[row[name.format(axis, atom)] for axis in "xyz"] for atom in (1, 2)])


@pytest.mark.parametrize("when", ["initial", "final"])
def test_energies_follow_from_the_velocities_and_positions_of_the_row(tiny, undisturbed, when):
    masses, curve = tiny.molecule.masses[:, None], tiny.molecule.curve
    for row in store.trajectories(undisturbed):
        velocities = columns(row, when + "_v{}{}_A_per_fs") / fs
        kinetic = (masses * velocities**2 / 2).sum()
        assert row[f"{when}_kinetic_molecule_eV"] == pytest.approx(kinetic, rel=1e-12)
        first, second = columns(row, when + "_{}{}_A")
        bond = np.linalg.norm(second - first)
        if when == "initial":
            assert row["bond_A"] == pytest.approx(bond, rel=1e-12)
        potential = curve(np.array([bond]))[0]
        assert row[f"{when}_potential_molecule_eV"] == pytest.approx(potential, abs=1e-6)


def total(rows, when):
    kinds = ("kinetic_molecule", "kinetic_slab", "potential_molecule", "potential_slab", "coupling")
    return sum(rows[f"{when}_{kind}_eV"] for kind in kinds)


def test_the_ledger_is_even_within_the_energy_error(undisturbed):
    rows = store.trajectories(undisturbed)
    change = np.abs(total(rows, "final") - total(rows, "initial"))
    assert np.all(change <= rows["energy_error_eV"] + 1e-9)
    assert np.all(np.abs(rows["initial_coupling_eV"]) < 1e-9)
    # far away again, the slab and the molecule have the energies that each has alone
    scattered = rows["outcome"] == Outcome.SCATTERED
    assert np.all(np.abs(rows["final_coupling_eV"][scattered]) < 1e-9)
    dissociated = rows["outcome"] == Outcome.DISSOCIATED
    assert np.all(np.abs(rows["final_coupling_eV"][dissociated]) > 0.5)


def test_every_ending_has_the_geometry_that_it_means(undisturbed):
    rows = store.trajectories(undisturbed)
    assert set(rows["outcome"]) == {Outcome.DISSOCIATED, Outcome.SCATTERED}
    for row in rows:
        atoms = columns(row, "final_{}{}_A")
        rising = columns(row, "final_v{}{}_A_per_fs")[:, 2].sum() > 0
        height = atoms[:, 2].min() - row["final_top_A"]
        apart = np.linalg.norm(atoms[1] - atoms[0]) > 2.25
        assert apart == (row["outcome"] == Outcome.DISSOCIATED)
        assert (height > 7.1 and rising) == (row["outcome"] == Outcome.SCATTERED)
        assert row["time_fs"] == row["steps"] * 0.5 <= 3000
        assert 0 <= row["lowest_time_fs"] <= row["time_fs"] + 1e-9  # a sum of steps
        assert 0 < row["lowest_Z_A"] < 3.0
        assert row["first_below_fs"] <= row["lowest_time_fs"] <= row["last_below_fs"]


@pytest.mark.parametrize(
    ("dynamics", "outcome", "reason"),
    [
        (Dynamics(timestep_fs=0.5, max_time_fs=20), Outcome.UNDECIDED, 0),
        (Dynamics(timestep_fs=0.5, energy_tolerance_eV=1e-6), Outcome.FAILED, 1),
    ],
)
def test_what_is_told_of_the_scattered_is_told_of_no_other(tiny, dynamics, outcome, reason):
    made = trajectories(tiny)
    rows = run(tiny, made, [made.begin(n, Key(0, n)) for n in range(3)], 3, dynamics)
    assert rows["outcome"].tolist() == [outcome] * 3
    assert rows["reason"].tolist() == [reason] * 3
    for column in SCATTERED:
        assert np.isnan(rows[column.name]).all()


def test_the_scattered_alone_have_a_final_state(undisturbed):
    rows = store.trajectories(undisturbed)
    scattered = rows["outcome"] == Outcome.SCATTERED
    for name, *_ in SCATTERED:
        assert (np.isfinite(rows[name]) == scattered).all()
    assert np.all(rows["final_polar_deg"][scattered] < 90)
    assert np.all(rows["final_v"][scattered] > -0.5)
