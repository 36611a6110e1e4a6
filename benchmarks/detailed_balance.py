"""Detailed balance in all six dimensions of H2 on frozen Cu(111), analytic potential.

    python benchmarks/detailed_balance.py [--trajectories 20000] [--temperature 2000]

`tests/physics/test_detailed_balance.py` tells what is compared, there for bond and height alone.
Here the molecule turns and moves along the surface as well: one set of trajectories comes from the
gas, with the flux of equilibrium but evenly spread normal energies; the other starts behind the
barrier, where the bond is 1.4 Å, with the flux of equilibrium inwards, which is what desorption
reversed in time is. Prints one JSON line: both fluxes, the mean normal energy of what desorbs and
that by `scatter.analysis.desorption`, with standard errors.
"""

import argparse
import json
from math import pi, sqrt

import numpy as np
from ase.build import fcc111

from scatter.analysis import Library, Sticking, desorption, thermal_sticking
from scatter.dynamics.integrators import velocity_verlet
from scatter.ebk import Level
from scatter.potentials.analytic import Analytic
from scatter.state import State, System
from scatter.units import ISOTOPES, K, fs

GAS, BEHIND, LOWEST = 4.6, 1.4, -0.6  # Å
TIMESTEP, STEPS, SLOTS = 0.4 * fs, 5000, 500
m = ISOTOPES["H"][1]
M, MU = 2 * m, m / 2
COPPER = fcc111("Cu", (1, 1, 4), a=3.68, vacuum=9)
FROZEN = np.zeros(len(COPPER), bool)
SYSTEM = System(COPPER.numbers, COPPER.cell.array, (True, True, True), FROZEN).with_projectile(1, 1)
TOP = COPPER.positions[-1, 2]
ONE = [Level(0.0, 0.0, False, 0.0, 0.6, 0.9, 0.75, 1.0)]  # vibration and rotation are in S0


def placed(rng: np.random.Generator, r: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """Positions with these bonds (Å) and heights, anywhere on the cell and turned any way."""
    positions = np.zeros((len(r), len(SYSTEM), 3))
    positions[:, :-2] = COPPER.positions
    centre = rng.random((len(r), 2)) @ COPPER.cell.array[:2]
    centre[:, 2] = TOP + Z
    along = rng.normal(size=(len(r), 3))
    along *= (0.5 * r / np.linalg.norm(along, axis=1))[:, None]
    positions[:, -2], positions[:, -1] = centre - along, centre + along
    return positions


def energies(positions: np.ndarray) -> np.ndarray:
    """Potential energies, eV."""
    found = []
    for some in np.array_split(positions, -(-len(positions) // SLOTS)):
        found.append(Analytic().bind(SYSTEM, len(some)).begin(np.arange(len(some)), some)[0])
    return np.concatenate(found)


def moving(positions: np.ndarray, of_centre: np.ndarray, of_bond: np.ndarray) -> np.ndarray:
    """Momenta of all atoms from those of the centre of mass and of the bond."""
    momenta = np.zeros_like(positions)
    momenta[:, -2], momenta[:, -1] = 0.5 * of_centre - of_bond, 0.5 * of_centre + of_bond
    return momenta


def fly(positions: np.ndarray, momenta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normal energies (eV) of those that reach the gas, NaN of the others; which are behind."""
    ends = [
        _fly(positions[some], momenta[some])
        for some in np.array_split(np.arange(len(positions)), -(-len(positions) // SLOTS))
    ]
    return np.concatenate([end[0] for end in ends]), np.concatenate([end[1] for end in ends])


def _fly(positions: np.ndarray, momenta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    count, numbers = len(positions), np.arange(len(positions))
    evaluator = Analytic().bind(SYSTEM, count)
    potential, forces = evaluator.begin(numbers, positions)
    masses = np.ones((count, 1, 1)) * np.append(COPPER.get_masses(), [m, m])[:, None]
    state = State(positions, momenta, forces, potential, masses, np.zeros(count), numbers)
    energy, behind = np.full(count, np.nan), np.zeros(count, bool)
    for _ in range(STEPS):
        velocity_verlet(state, evaluator, TIMESTEP)
        molecule, p_Z = state.positions[:, -2:], state.momenta[:, -2:, 2].sum(axis=1)
        long = np.linalg.norm(molecule[:, 1] - molecule[:, 0], axis=1) > BEHIND
        gone = (molecule[:, :, 2].mean(axis=1) - TOP > GAS) & (p_Z > 0) & ~long
        behind[state.trajectory[long]] = True
        energy[state.trajectory[gone]] = p_Z[gone] ** 2 / (2 * M)
        left = np.flatnonzero(~(long | gone))
        if len(left) < len(state):
            for name, values in vars(state).items():
                setattr(state, name, values[left])
            evaluator.keep(left)
        if len(left) == 0:
            break
    return energy, behind


def from_gas(rng: np.random.Generator, kT: float, count: int, zero: float):
    """Sticking by normal energy, the flux at S0 = 1, and how many had no ending."""
    r = np.linspace(0.4, BEHIND, 1000)
    V = energies(placed(rng, r, np.full_like(r, GAS + BEHIND))) - zero
    density = r**2 * np.exp(-V / kT)
    total = np.concatenate([[0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(r))])
    grid = np.concatenate([[0.1, 0.2], np.arange(0.26, 1.11, 0.04), [1.25, 1.4, 1.7, 2.0]])
    share = np.where(grid < 0.75, 3.0, 1.0)
    n = np.round(count * share / share.sum()).astype(int)
    total_n = int(n.sum())
    positions = placed(
        rng, np.interp(rng.random(total_n) * total[-1], total, r), np.full(total_n, GAS)
    )
    of_centre = rng.normal(0, sqrt(M * kT), (total_n, 3))
    of_centre[:, 2] = -np.sqrt(2 * M * np.repeat(grid, n))
    of_bond = rng.normal(0, sqrt(MU * kT), (total_n, 3))
    back, stuck = fly(positions, moving(positions, of_centre, of_bond))
    k = np.add.reduceat(stuck, np.cumsum(n) - n)
    rows = [
        Sticking("111", 1.0, "H2", 0, 0, None, float(E), 0.0, None, int(k), int(n - k), 0, 0)
        for E, k, n in zip(grid, k, n, strict=True)
    ]
    flux = 4 * pi * total[-1] * (2 * pi * MU * kT) ** 1.5 * (2 * pi * M * kT)
    return Library.of(rows), flux, int((np.isnan(back) & ~stuck).sum())


def from_behind(rng: np.random.Generator, kT: float, count: int, zero: float):
    """Normal energies of what desorbs, its flux with relative error, and how many had no ending."""
    tries = 40 * count
    Z = LOWEST + (GAS - LOWEST) * rng.random(tries)
    positions = placed(rng, np.full(tries, BEHIND), Z)
    weight = np.exp(-(energies(positions) - zero) / kT)
    # by stratified draws of these weights: none of few heavy ones is drawn by chance alone
    chosen = np.searchsorted(np.cumsum(weight), (np.arange(count) + 0.5) / count * weight.sum())
    positions = positions[chosen]
    along = (positions[:, -1] - positions[:, -2]) / BEHIND
    of_bond = rng.normal(0, sqrt(MU * kT), (count, 3))
    inwards = np.sqrt(-2 * MU * kT * np.log(1 - rng.random(count)))
    of_bond -= ((of_bond * along).sum(axis=1) + inwards)[:, None] * along
    of_centre = rng.normal(0, sqrt(M * kT), (count, 3))
    energy, returned = fly(positions, moving(positions, of_centre, of_bond))
    out = energy[~np.isnan(energy)]
    volume = 4 * pi * BEHIND**2 * (GAS - LOWEST) * weight.mean()
    flux = volume * (2 * pi * MU * kT) * (2 * pi * M * kT) ** 1.5 * len(out) / count
    error = sqrt(weight.var() / tries / weight.mean() ** 2 + (1 - len(out) / count) / len(out))
    return out, flux, error, int((np.isnan(energy) & ~returned).sum())


def main() -> None:
    """Compare, and print one line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trajectories", type=int, default=20_000, help="in each direction")
    parser.add_argument("--temperature", type=float, default=2000.0, help="K")
    options = parser.parse_args()
    rng, kT = np.random.default_rng(1), K * options.temperature
    far = placed(rng, np.linspace(0.6, 0.9, 301), np.full(301, GAS + BEHIND))
    zero = float(energies(far).min())
    library, gas, lost_in = from_gas(rng, kT, options.trajectories, zero)
    out, desorbed, error, lost_out = from_behind(rng, kT, options.trajectories, zero)
    sticking = thermal_sticking(library, options.temperature, ONE, conserved=False)
    mean = desorption(library, ONE, options.temperature, "all")
    relative = np.hypot(error, (sticking.high - sticking.low) / 3.92 / sticking.S0)
    said = {
        "temperature_K": options.temperature,
        "S0": sticking.S0,
        "desorbed": len(out),
        "desorbed_over_adsorbed": desorbed / (gas * sticking.S0),
        "relative_error": float(relative),
        "mean_energy_eV": float(out.mean()),
        "mean_energy_error_eV": float(out.std() / sqrt(len(out))),
        "detailed_balance_eV": mean.mean_energy_eV,
        "detailed_balance_error_eV": (mean.high - mean.low) / 3.92,
        "interpolation_eV": mean.interpolation,
        "without_ending": lost_in + lost_out,
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
