"""A slab at rest: its atoms moved to where no force acts on them, and what it then is."""

from dataclasses import dataclass
from os import devnull

import numpy as np
from ase import Atoms
from ase.constraints import FixAtoms, FixedLine
from ase.optimize import LBFGS
from jaxtyping import Bool, Float, Int

from scatter.initial import cache
from scatter.initial.snapshots import Snapshots
from scatter.kernels import kernel
from scatter.potentials.base import Potential
from scatter.potentials.calculator import PotentialCalculator
from scatter.saved import Saved
from scatter.settings import UserError
from scatter.state import System

STILL_eV_per_A = 1e-4  # the largest force that counts as none
MOST_STEPS = 2000
PATIENCE = 60  # steps without a smaller force, after which rounding is suspected
SHIFT_A, SHIFTS = 2e-6, 6  # of all atoms together, by which rounding is measured
TWICE, MOST_NOISE = 2.0, 0.05  # of the rounding, and eV/Å: forces that may be left for it

Positions = Float[np.ndarray, "atom 3"]
Some = Int[np.ndarray, " some"]
NONE: Some = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Rest(Saved):
    """Where the atoms of a slab are at rest, Å."""

    positions: Positions


def relaxed(
    system: System,
    positions: Positions,
    potential: Potential,
    free: Bool[np.ndarray, " atom"],
    upright: Some = NONE,
) -> Positions:
    """Where forces on all free atoms are below 1e-4 eV/Å, by ASE's LBFGS; kept in the cache.

    Where the forces are computed in less than float64, they need not be below twice their
    `rounding`: no search tells smaller ones from none.

    Args:
        system: the slab.
        positions: where its atoms begin, Å.
        potential: must take and answer NumPy arrays.
        free: which atoms may move.
        upright: those of them that move along z only.

    Raises:
        UserError: after 2000 steps, or 60 without a gain, the forces are still larger.
    """
    if not free.any():
        return positions
    place = cache.digest(
        kind="relaxed",
        potential=potential.identity,
        numbers=system.numbers,
        cell=system.cell,
        pbc=np.array(system.pbc),
        positions=positions,
        free=free,
        upright=upright,
        stopped=repr((STILL_eV_per_A, MOST_STEPS)),
        kernel=kernel(),
    )
    if (kept := cache.load(place, Rest)) is not None:
        return kept.positions
    atoms = Atoms(system.numbers, positions, cell=system.cell, pbc=system.pbc)
    lines = [FixedLine(upright, [0, 0, 1])] if len(upright) else []
    atoms.set_constraint([FixAtoms(np.flatnonzero(~free)), *lines])
    atoms.calc = PotentialCalculator(potential)
    _bring_to_rest(atoms)
    cache.save(place, Rest(atoms.positions))
    return atoms.positions.copy()


def _bring_to_rest(atoms: Atoms) -> None:
    """Move atoms to where no force is left on them, or the least that rounding lets be told.

    Raises:
        UserError: more than that is left.
    """
    least, best, stale = np.inf, atoms.positions.copy(), 0
    search = LBFGS(atoms, logfile=devnull)
    for still in search.irun(fmax=STILL_eV_per_A, steps=MOST_STEPS):
        if still:
            return
        force = largest(atoms.get_forces())
        stale = 0 if force < least else stale + 1
        if force < least:
            least, best = force, atoms.positions.copy()
        if stale == PATIENCE and least < MOST_NOISE:
            break
    atoms.positions = best
    noise = rounding(atoms)
    if least > min(TWICE * noise, MOST_NOISE):
        raise UserError(
            f"[surface] relax: after {search.nsteps} steps a force of {least:.2g} eV/Å is still "
            f"left on an atom of the slab, more than {STILL_eV_per_A:g}, and more than rounding "
            f"explains, which moves forces by {noise:.1g}; check that this slab is stable on the "
            f"potential and that its forces are the gradient of its energy, or set relax = false"
        )


def rounding(atoms: Atoms) -> float:
    """How far rounding moves the forces of a structure, eV/Å.

    The largest change of the force on an atom where all atoms are shifted together by some 1e-6 Å,
    which is about the spacing of float32 numbers there and changes no distance.
    """
    there, forces = atoms.positions.copy(), atoms.get_forces()
    shifts = np.random.default_rng(0).normal(0, SHIFT_A, (SHIFTS, 1, 3))
    changes = []
    for shift in shifts:
        atoms.set_positions(there + shift, apply_constraint=False)
        changes.append(largest(atoms.get_forces() - forces))
    atoms.set_positions(there, apply_constraint=False)
    return max(changes)


def largest(forces: Positions) -> float:
    """The largest force on an atom, eV/Å."""
    return float(np.linalg.norm(forces, axis=1).max())


def to_relax(system: System, positions: Positions) -> Bool[np.ndarray, " atom"]:
    """Which atoms may move when a slab is relaxed: those that do later.

    Of a rigid slab, none of which does, those above the middle of its height.
    """
    if system.moving.any():
        return system.moving
    z = np.delete(positions[:, 2], system.adsorbates)
    return positions[:, 2] > (z.min() + z.max()) / 2


def at_rest(system: System, positions: Positions, potential: Potential) -> tuple[Snapshots, float]:
    """A slab without momentum as the one snapshot there is, and its largest force, eV/Å."""
    energies, forces = potential.bind(system, 1).begin(np.arange(1), positions[None])
    snapshots = Snapshots(
        number=np.zeros(1, np.int64),
        replica=np.zeros(1, np.int64),
        time=np.zeros(1),
        positions=positions[None].copy(),
        momenta=np.zeros((1, *positions.shape)),
        energies=np.array(energies, dtype=np.float64),
    )
    return snapshots, largest(np.asarray(forces)[0])
