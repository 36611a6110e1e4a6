"""Desorption from time-reversed trajectories agrees with detailed balance of those that stick.

H2 above a bridge of frozen Cu(100), its bond across the bridge: two mirror planes keep it there,
and the motion in bond and height is all there is. In equilibrium at kT as many trajectories cross

    gas, Z = 4.6 Å, inwards    ->    r = 1.3 Å, just behind the barrier, before they turn back

as the other way round, whatever the energy, for each is another's reverse. The first are counted by
trajectories of molecules from the gas, and averaged by `scatter.analysis`; the second by
trajectories that start at r = 1.3 Å with the flux of equilibrium there.
"""

from math import pi, sqrt

import numpy as np
import pytest
from ase.build import fcc100

from scatter.analysis import Library, Sticking, desorption, thermal_sticking
from scatter.dynamics.integrators import velocity_verlet
from scatter.ebk import Level
from scatter.potentials.analytic import Analytic
from scatter.state import State, System
from scatter.units import ISOTOPES, K, fs

pytestmark = pytest.mark.slow

A, GAS, BEHIND = 3.68, 4.6, 1.3  # Å
T = 2000.0
kT = K * T
m = ISOTOPES["H"][1]
M, MU = 2 * m, m / 2
TIMESTEP, STEPS = 0.4 * fs, 2500
ENERGIES = np.array([0.1, 0.2, *np.arange(0.28, 0.73, 0.04), 0.8, 1.0, 1.3, 1.8])
EACH = np.where(ENERGIES < 0.25, 1500, np.where(ENERGIES < 0.75, 400, 150))  # by weight in the flux
DESORBING = 8000

COPPER = fcc100("Cu", (1, 1, 3), a=A, vacuum=9)
SYSTEM = System(
    COPPER.numbers, COPPER.cell.array, (True, True, True), np.zeros(len(COPPER), bool)
).with_projectile(1, 1)
BRIDGE = COPPER.positions[-1] + [A / sqrt(8), 0, 0]


def atoms(r, Z):
    """Positions of slab and molecule for each bond and height."""
    positions = np.zeros((len(r), len(COPPER) + 2, 3))
    positions[:, :-2] = COPPER.positions
    positions[:, -2:] = BRIDGE
    positions[:, -2, 1] -= r / 2
    positions[:, -1, 1] += r / 2
    positions[:, -2:, 2] += Z[:, None]
    return positions


def potential(r, Z):
    where = atoms(r, Z)
    return Analytic().bind(SYSTEM, len(r)).begin(np.arange(len(r)), where)[0]


def started(r, Z, p_r, p_Z):
    """A batch of molecules with these bonds, heights and their momenta."""
    positions, momenta = atoms(r, Z), np.zeros((len(r), len(SYSTEM), 3))
    momenta[:, -2:, 2] = p_Z[:, None] / 2
    momenta[:, -2, 1], momenta[:, -1, 1] = -p_r, p_r
    evaluator = Analytic().bind(SYSTEM, len(r))
    energies, forces = evaluator.begin(np.arange(len(r)), positions)
    masses = np.append(COPPER.get_masses(), [m, m])[None, :, None] * np.ones((len(r), 1, 1))
    numbers = np.arange(len(r))
    state = State(positions, momenta, forces, energies, masses, np.zeros(len(r)), numbers)
    return state, evaluator


def fly(state, evaluator):
    """Where each ends: energies (eV) with which it comes back to the gas, NaN of the others.

    Second, which are behind the barrier; a trajectory with neither ending is still on its way.
    """
    count = len(state)
    energy, behind = np.full(count, np.nan), np.zeros(count, bool)
    for _ in range(STEPS):
        velocity_verlet(state, evaluator, TIMESTEP)
        molecule, p_Z = state.positions[:, -2:], state.momenta[:, -2:, 2].sum(axis=1)
        long = molecule[:, 1, 1] - molecule[:, 0, 1] > BEHIND
        gone = (molecule[:, :, 2].mean(axis=1) - BRIDGE[2] > GAS) & (p_Z > 0)
        behind[state.trajectory[long]] = True
        energy[state.trajectory[gone & ~long]] = p_Z[gone & ~long] ** 2 / (2 * M)
        if (long | gone).any():
            left = np.flatnonzero(~(long | gone))
            for name, values in vars(state).items():
                setattr(state, name, values[left])
            evaluator.keep(left)
            if len(left) == 0:
                break
    assert abs(state.positions[:, -2:, 0] - BRIDGE[0]).max(initial=0) < 1e-6  # still at the bridge
    return energy, behind


def drawn(rng, x, V, count):
    """Values of x by exp(-V/kT), by the inverse of its integral; and that integral."""
    density = np.exp(-V / kT)
    total = np.concatenate([[0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(x))])
    return np.interp(rng.random(count) * total[-1], total, x), total[-1]


@pytest.fixture(scope="module")
def both_ways():
    """From the gas: library, flux at S0 = 1; from behind: energies, flux; how many got lost."""
    rng = np.random.default_rng(11)
    r = np.linspace(0.4, BEHIND, 1500)
    V = potential(r, np.full_like(r, GAS))
    zero = V.min()
    count = int(EACH.sum())
    bonds, volume = drawn(rng, r, V - zero, count)
    p_Z = -np.sqrt(2 * M * np.repeat(ENERGIES, EACH))
    p_r = rng.normal(0, sqrt(MU * kT), count)
    back, stuck = fly(*started(bonds, np.full(count, GAS), p_r, p_Z))
    lost = (np.isnan(back) & ~stuck).sum()
    k = np.add.reduceat(stuck, np.cumsum(EACH) - EACH)
    rows = [
        Sticking("100", T, "H2", 0, 0, None, float(E), 0.0, None, int(k), int(n - k), 0, 0)
        for E, k, n in zip(ENERGIES, k, EACH, strict=True)
    ]
    from_gas = volume * sqrt(2 * pi * MU * kT)

    Z = np.linspace(0.2, GAS, 3000)
    heights, volume = drawn(rng, Z, potential(np.full_like(Z, BEHIND), Z) - zero, DESORBING)
    p_Z = rng.normal(0, sqrt(M * kT), DESORBING)
    p_r = -np.sqrt(-2 * MU * kT * np.log(1 - rng.random(DESORBING)))
    energy, returned = fly(*started(np.full(DESORBING, BEHIND), heights, p_r, p_Z))
    lost += (np.isnan(energy) & ~returned).sum()
    out = energy[~np.isnan(energy)]
    return Library.of(rows), from_gas, out, volume * sqrt(2 * pi * M * kT), lost


ONE = [Level(0.0, 0.0, False, 0.0, 0.6, 0.9, 0.75, 1.0)]  # all vibration is in S0 already


def test_as_many_trajectories_adsorb_as_desorb(both_ways):
    library, from_gas, out, from_behind, lost = both_ways
    sticking = thermal_sticking(library, T, ONE, conserved=False)
    adsorbed = from_gas * sticking.S0
    desorbed = from_behind * len(out) / DESORBING
    relative = (sticking.high - sticking.low) / 3.92 / sticking.S0
    error = sqrt(relative**2 + (1 - len(out) / DESORBING) / len(out))
    assert lost < 0.002 * DESORBING
    assert error < 0.04
    assert abs(desorbed / adsorbed - 1) < 3 * error


def test_what_desorbs_has_the_energies_of_detailed_balance(both_ways):
    library, _, out, _, _ = both_ways
    due = desorption(library, ONE, T, "all")
    error = np.hypot(out.std() / sqrt(len(out)), (due.high - due.low) / 3.92)
    assert error < 0.012
    assert abs(out.mean() - due.mean_energy_eV) < 3 * error
    # without S0, all that crosses would have kT; with all of S0 at the barrier, 0.65 eV + kT
    assert due.mean_energy_eV > 2.5 * kT
    edges = np.linspace(0.0, 1.6, 9)
    for low, high in zip(edges, edges[1:], strict=False):
        E = np.linspace(low, high, 101)
        spectrum = due.energy_spectrum(E)
        share = np.trapezoid(spectrum.density, E)
        spread = np.trapezoid(spectrum.high - spectrum.low, E) / 3.92
        found = ((out > low) & (out <= high)).mean()
        assert abs(found - share) < 3.5 * np.hypot(sqrt(share / len(out)), spread)
