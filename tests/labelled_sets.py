"""Labelled structures as others write them: held atoms, other keys, other units."""

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import fcc111
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms, FixCartesian
from ase.io import write

from scatter.potentials.analytic import Analytic
from scatter.potentials.evaluate import answers

HELD, FREE = [0, 1, 2, 3], [4, 5, 6, 7, 8, 9]
SHIFT = -50.0  # eV: a total energy is far from zero


def labelled(frames):
    """The frames with the labels of the analytic potential, rounded as a file holds them."""
    for n, (frame, energy, force) in enumerate(
        zip(frames, *answers(Analytic(), frames, Path("frames")), strict=True)
    ):
        frame.info["trajectory"] = f"t{n // 2:03d}"
        frame.calc = SinglePointCalculator(
            frame, energy=float(energy) + SHIFT, forces=np.round(force, 8)
        )
    return frames


def slab():
    found = fcc111("Cu", (2, 2, 2), a=3.68, vacuum=8.0, periodic=True)
    found.info = {}
    return found


def rattled(count, seed=0):
    """H2 above rattled 2x2x2 slabs, the lowest four atoms of which the writer holds."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(count):
        one = slab()
        one.rattle(0.05, rng=rng)
        place = one.positions[-1] + [*rng.uniform(0, 2, 2), rng.uniform(1, 3)]
        found.append(one + Atoms("H2", [place, place + [rng.uniform(0.7, 1.2), 0.1, 0.2]]))
    return labelled(found)


def approaching(count=24):
    """Frames of one molecule that comes down on a slab in steps of 0.08 Å."""
    found, z = [], slab().positions[:, 2].max()
    for n in range(count):
        height = z + 2.6 - 0.08 * n
        found.append(slab() + Atoms("H2", [[1.0, 1.0, height], [1.5, 1.3, height + 0.5]]))
    return labelled(found)


def written(frames, held):
    """Copies of the frames as programs write those with held atoms.

    Args:
        frames: labelled.
        held: some of "zero", "atoms", "cartesian": the forces of held atoms are zero; a column
            move_mask of one column, or of three.
    """
    found = []
    for frame in frames:
        one = frame.copy()
        labels = {name: np.array(value) for name, value in frame.calc.results.items()}
        if "zero" in held:
            labels["forces"][HELD] = 0
        one.calc = SinglePointCalculator(one, **labels)
        if "atoms" in held:
            one.set_constraint(FixAtoms(HELD))
        if "cartesian" in held:
            one.set_constraint([FixCartesian(n, [True] * 3) for n in HELD])
        found.append(one)
    return found


WAYS = [("zero",), ("zero", "atoms"), ("atoms",), ("zero", "cartesian"), ("cartesian",)]


def write_set(folder, frames, valid=4):
    """A set as `scatter select` writes it."""
    folder.mkdir()
    write(folder / "train.extxyz", frames[:-valid])
    write(folder / "valid.extxyz", frames[-valid:])
    return folder
