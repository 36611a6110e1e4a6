"""Crossings of a dividing surface are canonical, and their weights have the closed form of Z_S."""

from math import pi, sqrt

import numpy as np
import pytest

from scatter.analysis.desorbed import bound_partition
from scatter.dynamics.batch import propagate
from scatter.dynamics.bounds import Bounds
from scatter.dynamics.conditions import Conditions
from scatter.dynamics.constrained import DividingSurface, relative_momenta
from scatter.dynamics.endings import Ending, Faults, Undecided
from scatter.dynamics.recrossing import Recrossed
from scatter.ebk import Curve
from scatter.initial import crossings
from scatter.initial.crossings import LENGTH, Chains, crossing_momenta, joined
from scatter.initial.snapshots import Snapshots
from scatter.initial.thermal_gas import ThermalGas
from scatter.potentials.base import Potential
from scatter.settings import UserError
from scatter.state import Start, System
from scatter.units import ISOTOPES, K

T = 900.0
kT = K * T
m = ISOTOPES["H"][1]
MASSES, MU = np.array([m, m]), m / 2
SPRING, DEPTH = 3.0, 0.4  # of the centre of mass about z = 3 Å, eV/Å² and eV
BARRIER, STIFF = 1.1, 2.0  # Å, and eV/Å² of V = -½ k (r - r_b)²
CELL = np.diag([2.5, 2.5, 20.0])
SYSTEM = System(np.array([29]), CELL, (True, True, True), np.array([False]), np.array([0]))


class Well(Potential):
    """The centre of mass in a well of z, the bond on a parabola upside down, and no slab."""

    elements, description, identity, cutoff = frozenset({1, 29}), "a well", "well", 3.0

    def energies_and_forces(self, system, positions):
        forces = np.zeros_like(positions)
        if len(system) == 1:
            return np.zeros(len(positions)), forces
        first, second = positions[:, -2], positions[:, -1]
        z = 0.5 * (first + second)[:, 2] - 3.0
        s = second - first
        r = np.sqrt((s * s).sum(axis=1))
        forces[:, -2:, 2] = -0.5 * SPRING * z[:, None]
        stretch = (STIFF * (r - BARRIER) / r)[:, None] * s
        forces[:, -1] += stretch
        forces[:, -2] -= stretch
        return 0.5 * SPRING * z**2 - DEPTH - 0.5 * STIFF * (r - BARRIER) ** 2, forces


def chains(bond=1.4, seed=1):
    whole = SYSTEM.with_projectile(1, 1)
    free = Bounds(0.0, np.zeros((2, 1)), -np.inf, CELL, whole.pbc)
    surface = DividingSurface(bond, 1.0, 5.0)
    return Chains(whole, MASSES, surface, T, 0.0, free, 20.0, 0.01, 1.0, seed, 5)


SNAPSHOTS = Snapshots(
    np.zeros(1, int), np.zeros(1, int), np.zeros(1), np.zeros((1, 1, 3)), np.zeros((1, 1, 3)),
    np.zeros(1),
)  # fmt: skip


def drawn(of, numbers):
    return of.run(Well(), SNAPSHOTS, lambda number: range(1), numbers)


@pytest.fixture(scope="module")
def forty():
    return drawn(chains(), range(40))


def test_insertions_have_the_partition_function_of_the_surface(forty):
    found, error = forty.partition(chains().surface)
    at_surface = -0.5 * STIFF * (1.4 - BARRIER) ** 2 - DEPTH
    due = sqrt(2 * pi * kT / SPRING) * np.exp(-at_surface / kT)
    assert error < 0.02 * due
    assert abs(found - due) < 4 * error


def test_draws_are_spread_over_the_surface_by_boltzmann(forty):
    s = forty.positions[:, -1] - forty.positions[:, -2]
    z = forty.positions[:, -2:, 2].mean(axis=1) - 3.0
    assert abs(np.sqrt((s * s).sum(axis=1)) - 1.4).max() < 1e-12
    by_chain = (z**2).reshape(40, LENGTH).mean(axis=1)
    assert abs(by_chain.mean() - kT / SPRING) < 4 * by_chain.std() / sqrt(40)
    upright = (s[:, 2] ** 2 / 1.96).reshape(40, LENGTH).mean(axis=1)
    assert abs(upright.mean() - 1 / 3) < 4 * upright.std() / sqrt(40)


def test_a_chain_is_the_same_alone_and_among_others(forty):
    alone = [drawn(chains(), [number]) for number in (7, 3)]
    both = joined(alone)
    rows = np.isin(forty.chain, (3, 7))
    assert both.positions.tobytes() == forty.positions[rows].tobytes()
    assert both.inserted.tolist() == forty.inserted[[3, 7]].tolist()
    assert drawn(chains(seed=2), [3]).positions.tobytes() != alone[1].positions.tobytes()


def test_a_molecule_that_fits_nowhere_is_refused(monkeypatch):
    monkeypatch.setattr(crossings, "_energies", lambda evaluator, placed: np.full(2048, np.inf))
    with pytest.raises(UserError, match=r"divide_A = 1.4: none of 2048 insertions"):
        drawn(chains(), [0])


def test_bonds_shrink_with_the_flux_law_and_all_else_is_maxwellian():
    rng, count = np.random.default_rng(4), 20_000
    masses, moving = np.array([60.0, 60.0, m, 2 * m]), np.array([False, True, True, True])
    positions = np.zeros((4, 3))
    positions[-1] = [0.8, 0.6, 0.0]
    p = np.array([crossing_momenta(positions, masses, moving, kT, rng) for _ in range(count)])
    mu = 2 / 3 * m
    relative = relative_momenta(p, np.broadcast_to(masses[:, None], (count, 4, 1)))
    along = relative @ [0.8, 0.6, 0.0]
    assert along.max() < 0
    assert (along**2).mean() / (2 * mu * kT) == pytest.approx(1, abs=4 / sqrt(count))
    across = relative @ [-0.6, 0.8, 0.0]
    assert (across**2).mean() / (mu * kT) == pytest.approx(1, abs=4 * sqrt(2 / count))
    centre = p[:, -2] + p[:, -1]
    assert (centre**2).mean(axis=0) / (3 * m * kT) == pytest.approx(1, abs=4 * sqrt(2 / count))
    assert not p[:, 0].any()
    assert (p[:, 1] ** 2).mean() / (60 * kT) == pytest.approx(1, abs=4 * sqrt(2 / count / 3))


class Passed(Ending):
    """The bond has passed the barrier."""

    name = "passed"

    def met(self, memory, sight):
        return sight.bond < BARRIER - 0.25


def share_that_passes(bond, crossed, count):
    """Of crossings at this bond, those that do not come back."""
    whole, rng = SYSTEM.with_projectile(1, 1), np.random.default_rng(8)
    masses, moving = np.array([60.0, m, m]), np.array([False, True, True])
    conditions = Conditions(
        whole, 0.2, Faults(np.inf, 0.2),
        (Recrossed(bond, 5.0), Passed(), Undecided(500.0, 0.2)), slots=len(crossed.positions),
    )  # fmt: skip
    each = crossed.positions[np.arange(count) % len(crossed)]
    starts = (
        Start(n, x, crossing_momenta(x, masses, moving, kT, rng), masses)
        for n, x in enumerate(each)
    )
    codes = np.array([finished.outcome for finished in propagate(starts, Well(), conditions)])
    assert not (codes == 3).any()
    return (codes == 6).mean()


def test_the_flux_over_a_barrier_does_not_depend_on_where_it_is_counted():
    """κ r_S² exp(-V(r_S)/kT): what passes the barrier is the same wherever it is counted."""
    count, flux, errors = 2500, [], []
    for bond in (1.25, 1.45):
        passed = share_that_passes(bond, drawn(chains(bond), range(20)), count)
        height = 0.5 * STIFF * (bond - BARRIER) ** 2
        flux.append(passed * bond**2 * np.exp(height / kT) / BARRIER**2)
        errors.append(sqrt((1 - passed) / passed / count))
    # at the barrier itself all would pass but those that centrifugal force turns back
    assert 0.8 < flux[0] < 1.0
    assert np.hypot(*errors) < 0.07
    assert abs(np.log(flux[0] / flux[1])) < 3.5 * np.hypot(*errors)


def test_a_gas_has_the_mean_energies_of_equilibrium_whatever_law_it_is_drawn_from():
    curve = Curve.of(lambda r: 4.7 * (1 - np.exp(-1.9 * (r - 0.74))) ** 2, 0.4, 4.0)
    rng, count = np.random.default_rng(2), 20_000
    gas = ThermalGas(curve, np.array([m, 2 * m]), kT, hotter=3.0)
    draws = [gas.sample(rng) for _ in range(count)]
    positions, momenta, weight = (np.array(each) for each in zip(*draws, strict=True))
    total = momenta.sum(axis=1)
    normal = total[:, 2] ** 2 / (6 * m)
    assert weight.mean() == pytest.approx(1, abs=4 * weight.std() / sqrt(count))
    assert (weight * normal).mean() == pytest.approx(kT, rel=0.06)
    assert total[:, 2].max() < 0
    assert (total[:, 0] ** 2).mean() / (3 * m * kT) == pytest.approx(1, abs=0.05)
    r = np.linalg.norm(positions[:, 1] - positions[:, 0], axis=1)
    x = np.linspace(0.4, 4.0, 8001)
    law = x**2 * np.exp(-curve(x) / kT)
    assert np.trapezoid(law, x) == pytest.approx(bound_partition(curve, kT), rel=1e-3)
    assert r.mean() == pytest.approx(np.trapezoid(x * law, x) / np.trapezoid(law, x), abs=0.003)
    assert abs(positions @ np.ones(3) @ np.array([m, 2 * m])).max() < 1e-9
