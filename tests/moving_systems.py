"""Systems that move, on the analytic H2/Cu potential: for the laws of motions."""

import numpy as np
from ase.build import fcc111

from scatter.dynamics.sight import kinetic_energy
from scatter.potentials.analytic import Analytic
from scatter.state import State, System, lone
from scatter.units import ISOTOPES, K

H = ISOTOPES["H"][1]


def begun(system, positions, momenta, masses):
    """The state of one replica, and what evaluates it."""
    evaluator = Analytic().bind(system, 1)
    energies, forces = evaluator.begin(np.array([0]), positions[None])
    state = State(
        positions[None].copy(), momenta[None].copy(), forces, energies, masses[None, :, None],
        np.zeros(1), np.zeros(1, int),
    )  # fmt: skip
    return state, evaluator


def vibrating():
    """H2 with about 0.8 eV of vibration and some rotation, in free flight."""
    positions = np.array([[0, 0, 0], [0, 0, 0.62]])
    momenta = np.array([[0.3, 0.1, -0.2], [-0.1, 0.3, 0.4]])
    return begun(lone(1, 1), positions, momenta, np.array([H, H]))


def colliding(kelvin=600.0, frozen=True):
    """H2 with 0.5 eV falls on hot Cu(111); or all atoms are free, and nothing is held."""
    rng = np.random.default_rng(4)
    atoms = fcc111("Cu", (2, 2, 4), a=3.68, vacuum=12)
    top = atoms.positions[:, 2].max()
    moving = atoms.positions[:, 2] > (atoms.positions[:, 2].min() + 0.1 if frozen else -1)
    slab = System(atoms.numbers, atoms.cell.array, (True, True, True), moving)
    positions = np.vstack([atoms.positions, [1.0, 0.6, top + 3.2], [1.3, 0.9, top + 3.8]])
    masses = np.append(atoms.get_masses(), [H, H])
    momenta = rng.normal(size=positions.shape) * np.sqrt(masses[:, None] * K * kelvin)
    momenta[:-2][~moving] = 0
    momenta[-2:] = [0, 0, -H * np.sqrt(0.5 / H)]
    return begun(slab.with_projectile(1, 1), positions, momenta, masses)


def energy(state):
    """The total energy of one replica, eV."""
    return float(state.energies[0] + kinetic_energy(state.momenta, state.masses)[0])
