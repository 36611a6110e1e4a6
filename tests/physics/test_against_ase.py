"""The same trajectories by another program: ASE's velocity Verlet, and a stop rule of its own."""

from collections import defaultdict

import numpy as np
import pytest
from ase import Atoms
from ase.build import fcc111
from ase.calculators.calculator import Calculator, all_changes
from ase.constraints import FixAtoms
from ase.md.verlet import VelocityVerlet
from batch_systems import conditions

from scatter.dynamics.batch import propagate
from scatter.dynamics.stop import Dynamics, Stop
from scatter.outcomes import Outcome
from scatter.potentials.analytic import Analytic
from scatter.state import Start, System
from scatter.units import ISOTOPES, K, fs

TIMESTEP = 0.5  # fs
COMPARED = 100  # steps: 50 fs
LONGEST = 500.0  # fs
H = ISOTOPES["H"][1]


class AnalyticCalculator(Calculator):
    """The analytic potential as ASE wants it: one structure at a time, nothing remembered."""

    implemented_properties = ("energy", "forces")

    def check_state(self, atoms, tol=1e-15):
        """Nothing but positions changes here, and ASE would compare everything at every step."""
        same = self.atoms is not None and (atoms.positions == self.atoms.positions).all()
        return [] if same else ["positions"]

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        system = System(
            atoms.numbers, atoms.cell.array, (True, True, True), np.ones(len(atoms), bool)
        )
        energies, forces = Analytic().bind(system, 1)(atoms.positions[None].copy())
        self.results = {"energy": float(energies[0]), "forces": forces[0]}


def shot(i):
    """H2 close above hot Cu(111) with 0.5 to 1.2 eV, vibrating and rotating, as ASE's atoms."""
    rng = np.random.default_rng([23, i])
    kelvin, a = (600, 3.68) if i % 2 else (925, 3.71)
    atoms = fcc111("Cu", (3, 3, 4), a=a, vacuum=20)
    atoms.set_momenta(rng.normal(size=(36, 3)) * np.sqrt(atoms.get_masses()[:, None] * K * kelvin))
    top = atoms.positions[atoms.get_tags() == 1, 2].mean()
    axis = rng.normal(size=3)
    axis *= 0.37 / np.linalg.norm(axis)
    centre = rng.uniform(size=2) @ atoms.cell.array[:2] + [0, 0, top + 4.0]
    molecule = Atoms("H2", positions=[centre - axis, centre + axis], masses=[H, H])
    falling = np.array([0, 0, -np.sqrt(rng.uniform(0.5, 1.2) / H)])
    inner = rng.normal(size=3) * 0.6
    molecule.set_velocities([falling - inner, falling + inner])
    atoms += molecule
    bottom = atoms.get_tags() == 4
    momenta = np.where(bottom[:, None], 0, atoms.get_momenta())
    atoms.set_constraint(FixAtoms(mask=bottom))
    atoms.set_momenta(momenta)
    return atoms


def ending(atoms):
    """The outcome, by the words of the manual; None while the trajectory runs."""
    z = atoms.positions[:, 2]
    if atoms.get_distance(-2, -1) > 2.25:
        return "DISSOCIATED"
    above = min(z[-2:]) - z[atoms.get_tags() == 1].mean()
    if above > 7.1 and atoms[-2:].get_momenta()[:, 2].sum() > 0:
        return "SCATTERED"
    return None


def by_ase(atoms):
    """Outcome, steps, and positions after each of the first steps."""
    atoms = atoms.copy()
    atoms.calc = AnalyticCalculator()
    dynamics = VelocityVerlet(atoms, timestep=TIMESTEP * fs)
    frames = []
    for step, _ in enumerate(dynamics.irun(round(LONGEST / TIMESTEP))):
        if 0 < step <= COMPARED:
            frames.append(atoms.positions.copy())
        if outcome := ending(atoms):
            return outcome, step, frames
    return "UNDECIDED", step, frames


def system_of(atoms):
    tags = atoms.get_tags()
    frozen, top = tags == 4, np.flatnonzero(tags == 1)
    return System(atoms.numbers, atoms.cell.array, (True, True, True), ~frozen, top, projectile=2)


def by_scatter(shots):
    """The same of every trajectory, from one batch on one system."""
    frames = defaultdict(list)

    def after_step(state):
        for slot, trajectory in enumerate(state.trajectory):
            if len(frames[int(trajectory)]) < COMPARED:
                frames[int(trajectory)].append(state.positions[slot].copy())

    starts = (
        Start(i, atoms.positions.copy(), atoms.get_momenta(), atoms.get_masses())
        for i, atoms in shots.items()
    )
    dynamics = Dynamics(timestep_fs=TIMESTEP, max_time_fs=LONGEST, energy_tolerance_eV=1.0)
    on = conditions(system_of(next(iter(shots.values()))), 4, dynamics, Stop())
    finished = {one.trajectory: one for one in propagate(starts, Analytic(), on, after_step)}
    return {i: (Outcome(one.outcome).name, one.steps, frames[i]) for i, one in finished.items()}


@pytest.mark.slow
def test_twenty_trajectories_are_those_of_ase():
    shots = {i: shot(i) for i in range(20)}
    ours = {}
    for hot in (0, 1):
        ours |= by_scatter({i: atoms for i, atoms in shots.items() if i % 2 == hot})
    theirs = {i: by_ase(atoms) for i, atoms in shots.items()}
    outcomes = [outcome for outcome, _, _ in theirs.values()]
    assert outcomes.count("DISSOCIATED") >= 4
    assert outcomes.count("SCATTERED") >= 4
    for i, (outcome, steps, frames) in theirs.items():
        assert ours[i][:2] == (outcome, steps)
        assert np.array(ours[i][2]) == pytest.approx(np.array(frames), abs=1e-6)
