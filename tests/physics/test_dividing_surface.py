"""Molecules that desorb from a dividing surface are those of a gas that stick, reversed in time.

On rigid Cu(111), analytic potential, 1500 K: shots from behind the barrier against crude
trajectories of a classical gas in equilibrium, whose sticking, normal energy and internal energy
they must have.
"""

from math import sqrt

import numpy as np
import pytest

import scatter
from scatter.analysis.clustered import Known
from scatter.dynamics.batch import propagate
from scatter.dynamics.conditions import Conditions
from scatter.dynamics.endings import Dissociated, Ending, Faults, Scattered, Undecided
from scatter.ebk import Curve
from scatter.initial.bond_curve import bond_curve
from scatter.initial.slab import build
from scatter.initial.surface import Surface
from scatter.initial.thermal_gas import ThermalGas
from scatter.outcomes import Outcome
from scatter.potentials.analytic import Analytic
from scatter.report.desorbed import points_of
from scatter.state import Start
from scatter.units import ISOTOPES, K, fs

pytestmark = pytest.mark.slow

T, HOTTER, CRUDE, SHOTS, NEARER = 1500.0, 4.0, 1000, 1024, 1.1
kT = K * T
m = ISOTOPES["H"][1]
SURFACE = {
    "facet": "111", "size": [1, 1, 4], "frozen_layers": "all", "temperature_K": T,
    "lattice_constant_A": 3.68,
}  # fmt: skip
SETTINGS = {
    "run": {"seed": 3, "threads": 1},
    "molecule": {"formula": "H2"},
    "surface": SURFACE,
    "potential": {"kind": "analytic"},
    "dynamics": {"timestep_fs": 0.4},
    "stop": {"scattered_A": 5.0},
    "sampling": {"trajectories": SHOTS},
}


@pytest.fixture(scope="module")
def crude():
    """Weights, normal and internal energies (eV) of a gas, and which of it sticks."""
    rng, potential = np.random.default_rng(6), Analytic()
    slab, ideal = build(Surface.model_validate(SURFACE), "111", 3.68)
    system, curve = slab.with_projectile(1, 1), bond_curve(potential, 1, 1)
    gas = ThermalGas(curve, np.array([m, m]), kT, HOTTER)
    conditions = Conditions(
        system, 0.4, Faults(0.5, 0.4),
        (Dissociated(2.25), Scattered(5.0), Undecided(5000.0, 0.4)), slots=128,
    )  # fmt: skip
    seen = np.zeros((3, CRUDE))

    def starts():
        for number in range(CRUDE):
            positions, momenta, weight = gas.sample(rng)
            centre = rng.random(2) @ system.cell[:2, :2]
            centre = np.array([*centre, slab.top_plane(ideal) + 5.2])
            total = momenta.sum(axis=0)
            seen[:, number] = weight, total[2] ** 2 / (4 * m), internal(positions, momenta, curve)
            yield Start(
                number,
                np.concatenate([ideal, centre + positions]),
                np.concatenate([np.zeros_like(ideal), momenta]),
                np.append(np.full(len(slab), 63.5), [m, m]),
            )

    stuck = np.zeros(CRUDE, bool)
    for finished in propagate(starts(), potential, conditions):
        assert finished.outcome in (Outcome.DISSOCIATED, Outcome.SCATTERED)
        stuck[finished.trajectory] = finished.outcome == Outcome.DISSOCIATED
    return *seen, stuck


def internal(positions: np.ndarray, momenta: np.ndarray, curve: Curve) -> float:
    relative = 0.5 * (momenta[1] - momenta[0])
    r = np.linalg.norm(positions[1] - positions[0])
    return float((relative**2).sum() / m + curve(np.array([r]))[0] - curve.minimum)


def shots(divide_A):
    table = {"kind": "desorption", "divide_A": divide_A}
    return points_of(scatter.run({**SETTINGS, "incidence": table}).read)[0].desorbed


@pytest.fixture(scope="module")
def behind():
    return shots(1.4)


def weighted(values, weight):
    mean = (weight * values).sum() / weight.sum()
    return mean, sqrt((weight**2 * (values - mean) ** 2).sum()) / weight.sum()


def assert_alike(found: Known, due: float, error: float):
    assert np.hypot(found.error, error) < 0.17 * due
    assert abs(found.value - due) < 3.5 * np.hypot(found.error, error)


def test_thermal_sticking_is_that_of_a_crude_gas(crude, behind):
    weight, _, _, stuck = crude
    each = weight * stuck
    assert_alike(behind.sticking, each.mean(), each.std() / sqrt(CRUDE))
    assert behind.unsettled == 0


def test_what_desorbs_has_the_energies_of_what_sticks(crude, behind):
    weight, normal, inside, stuck = (values[crude[3]] for values in crude)
    assert stuck.all()
    assert_alike(behind.means["normal"], *weighted(normal, weight))
    ours = behind.energies["rotational"] + behind.energies["vibrational"]
    due, error = weighted(inside, weight)
    assert abs(ours.mean() - due) < 3.5 * np.hypot(error, 1.2 * ours.std() / sqrt(len(ours)))
    assert behind.means["normal"].value > 3 * kT


@pytest.fixture(scope="module")
def nearer():
    """Close to the barrier, where some recross from the other side."""
    return shots(NEARER)


def test_thermal_sticking_does_not_depend_on_where_the_surface_is(behind, nearer):
    assert nearer.kappa.value > 2 * behind.kappa.value
    assert_alike(nearer.sticking, behind.sticking.value, behind.sticking.error)
    due = behind.means["normal"]
    assert_alike(nearer.means["normal"], due.value, due.error)


class BackInside(Ending):
    """The bond is as short as the dividing surface again."""

    name = "back inside"

    def met(self, memory, sight):
        return sight.bond <= NEARER


def flown(rows, sign, *before):
    """How trajectories end that begin as shots did, forwards (1) or backwards in time (-1)."""
    slab, ideal = build(Surface.model_validate(SURFACE), "111", 3.68)
    masses = np.append(np.full(len(slab), 63.5), [m, m])

    def vectors(form):
        each = [[rows["initial_" + form.format(axis, n)] for axis in "xyz"] for n in (1, 2)]
        return np.moveaxis(np.array(each), 2, 0)

    own, velocities = vectors("{}{}_A"), vectors("v{}{}_A_per_fs") / fs
    starts = (
        Start(
            n, np.concatenate([ideal, own[n]]),
            np.concatenate([0 * ideal, sign * m * velocities[n]]), masses,
        )
        for n in range(len(rows))
    )  # fmt: skip
    conditions = Conditions(
        slab.with_projectile(1, 1), 0.4, Faults(0.5, 0.4),
        (*before, Dissociated(2.25), Scattered(5.0), Undecided(5000.0, 0.4)), slots=128,
    )  # fmt: skip
    ends = np.zeros(len(rows), int)
    for finished in propagate(starts, Analytic(), conditions):
        ends[finished.trajectory] = finished.outcome
    return ends


def test_as_many_desorb_that_are_counted_at_their_first_crossing(nearer):
    """Reversed, these are what sticks at its last crossing: adsorbing to desorbing is as 1 to 1."""
    came = flown(nearer.rows, -1, BackInside()) == Outcome.DISSOCIATED
    left = flown(nearer.rows[came], 1) == Outcome.SCATTERED
    assert 0 < left.sum() < came.sum()
    found, p = left.sum() / SHOTS, nearer.kappa.value
    assert (nearer.hits[came] != left).any()
    assert abs(found - p) < 3.5 * sqrt(2 * p * (1 - p) / SHOTS)
