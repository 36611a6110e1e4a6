"""Structures that dynamics does not visit and that a potential needs all the same, labelled.

The crystal under strain gives a potential its lattice constant, bulk modulus and expansion; the
lone molecule its bond curve far beyond what is reached in the gas; the clean slab its surface.
Structures of one file belong to one `trajectory` where they resemble one another.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from jaxtyping import Float

from scatter import store
from scatter.campaign.frames import extxyz, labelled
from scatter.config import Input
from scatter.initial.lattice import crystal, static_lattice_constant
from scatter.initial.molecule import isotopes
from scatter.initial.slab import build
from scatter.potentials.base import Potential
from scatter.potentials.evaluate import energies_and_forces
from scatter.settings import UserError
from scatter.state import System
from scatter.units import K

STRAIN = 0.04  # largest, either way
STIFFNESS = 2.5  # eV/Å², of an atom in the crystal: 0.13 Å at 900 K along each axis, as copper's
BOX = 16.0  # Å, side of the lone molecule's cell: beyond every cutoff
SHORTEST, BEYOND = 0.45, 0.5  # Å: shortest bond, and how far beyond `dissociated_A` the longest


@dataclass(frozen=True)
class Extras:
    """How many structures of each kind are made.

    Attributes:
        bulk: cells of the metal.
        molecule: molecules alone; and one clean slab for every ten of them.
    """

    bulk: int = 0
    molecule: int = 0

    @property
    def any(self) -> bool:
        """Whether anything is wanted."""
        return bool(self.bulk or self.molecule)


def write_extras(input: Input, potential: Potential, extras: Extras, folder: Path) -> list[Path]:
    """Make, label and write what is asked for, as `extras/bulk.extxyz` and the like.

    The same input and numbers give the same structures.

    Raises:
        UserError: the slab of the input comes from a file, so that its crystal is not known.
    """
    made = {}
    if extras.bulk:
        made["bulk"] = bulk_cells(input, potential, extras.bulk)
    if extras.molecule:
        made["molecule"] = molecules(input, potential, extras.molecule)
        made["slab"] = clean_slabs(input, potential, -(-extras.molecule // 10))
    (folder / "extras").mkdir(parents=True, exist_ok=True)
    paths = []
    for name, frames in made.items():
        paths.append(folder / "extras" / f"{name}.extxyz")
        store.write_whole(paths[-1], extxyz(frames))
    return paths


def bulk_cells(input: Input, potential: Potential, number: int) -> list[Atoms]:
    """Perfect and thermally rattled fcc cells of 32 atoms, strained by -4 to +4 %.

    The lattice constant runs evenly over a₀ (1 ± 0.04), a₀ being the potential's own. One cell in
    four is perfect. In the others each coordinate is displaced by a normal deviate of variance
    k_B T / k, harmonic atoms of stiffness k = 2.5 eV/Å² at a temperature drawn evenly from 0 to
    the highest of the input, and half of these are sheared as well, by up to 2 % in each component.
    """
    rng = np.random.default_rng(np.random.SeedSequence(input.run.seed, spawn_key=(1,)))
    element = _element(input)
    rest, hottest = static_lattice_constant(potential, element), max(input.surface.temperature_K)
    frames = []
    for index, strain in enumerate(np.linspace(-STRAIN, STRAIN, number)):
        system, positions = crystal(element, rest * (1 + strain), 2)
        T_K = 0.0
        if index % 4:
            T_K = rng.uniform(0, hottest)
            shear = 1.0 * np.eye(3)
            if index % 2:
                shear += _symmetric(rng.uniform(-0.02, 0.02, (3, 3)))
            system = System(system.numbers, system.cell @ shear, system.pbc, system.moving)
            positions = positions @ shear
            positions += rng.normal(0, np.sqrt(K * T_K / STIFFNESS), positions.shape)
        frame = _label(potential, system, positions)
        frame.info |= {"trajectory": f"bulk-{index:06d}", "T_K": float(T_K)}
        frames.append(frame)
    return frames


def molecules(input: Input, potential: Potential, number: int) -> list[Atoms]:
    """Each molecule of the input alone in a large cell, over its bond lengths.

    From 0.45 Å to 0.5 Å beyond [stop] dissociated_A, half of the lengths evenly spaced and half
    drawn evenly, in random directions; all one `trajectory`, since neighbours are much alike.
    """
    rng = np.random.default_rng(np.random.SeedSequence(input.run.seed, spawn_key=(2,)))
    kinds = dict.fromkeys(
        (isotopes(formula, {})[0][0], isotopes(formula, {})[1][0])
        for formula in input.molecule.formula
    )
    longest = input.stop.dissociated_A + BEYOND
    even = np.linspace(SHORTEST, longest, -(-number // 2))
    bonds = np.append(even, rng.uniform(SHORTEST, longest, number // 2))
    frames = []
    for first, second in kinds:
        free = np.ones(2, bool)
        system = System(np.array([first, second]), BOX * np.eye(3), (True, True, True), free)
        for bond in bonds:
            along = rng.normal(size=3)
            half = 0.5 * bond * along / np.linalg.norm(along)
            frame = _label(potential, system, np.array([-half, half]) + 0.5 * BOX)
            frame.info["trajectory"] = f"molecule-{first}-{second}"
            frames.append(frame)
    return frames


def clean_slabs(input: Input, potential: Potential, number: int) -> list[Atoms]:
    """Slabs without a molecule, facets and temperatures in turn, atoms displaced thermally.

    The displacements are those of `bulk_cells`. The lattice constant is that of the input, or the
    potential's own at rest.
    """
    rng = np.random.default_rng(np.random.SeedSequence(input.run.seed, spawn_key=(3,)))
    frames = []
    for index in range(number):
        facet, T_K = input.surface.systems[index % len(input.surface.systems)]
        constant = None
        if input.surface.file is None:
            constant = input.surface.given_lattice_constant(T_K)
            constant = constant or static_lattice_constant(potential, input.surface.element)
        system, positions = build(input.surface, facet, constant)
        free = System(system.numbers, system.cell, system.pbc, np.ones(len(system), bool))
        positions = positions + rng.normal(0, np.sqrt(K * T_K / STIFFNESS), positions.shape)
        frame = _label(potential, free, positions)
        frame.info |= {"trajectory": f"slab-{index:06d}", "facet": facet, "T_K": float(T_K)}
        frames.append(frame)
    return frames


def _label(potential: Potential, system: System, positions: Float[np.ndarray, "atom 3"]) -> Atoms:
    energies, forces = energies_and_forces(potential, system, positions[None])
    return labelled(system, positions, float(energies[0]), forces[0])


def _element(input: Input) -> str:
    if input.surface.file is not None:
        raise UserError(
            f"--bulk: the slab of [surface] file = '{input.surface.file}' does not say which "
            "crystal it was cut from; leave the option out"
        )
    return input.surface.element


def _symmetric(matrix: np.ndarray) -> np.ndarray:
    return 0.5 * (matrix + matrix.T)
