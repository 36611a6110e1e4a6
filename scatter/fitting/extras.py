"""Structures that dynamics does not visit and that a potential needs all the same, labelled.

The crystal under strain gives a potential its lattice constant, bulk modulus and expansion; the
lone molecule its bond curve far beyond what is reached in the gas; the clean slab its surface; the
minimum-energy paths its barriers. Structures that resemble one another are one `trajectory`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from ase import Atoms
from jaxtyping import Float

from scatter.campaign.frames import labelled
from scatter.config import Input
from scatter.facets import FACETS
from scatter.files import write_whole
from scatter.initial.lattice import crystal, static_lattice_constant
from scatter.initial.molecule import isotopes
from scatter.initial.slab import build
from scatter.initial.surface import Surface
from scatter.potentials.base import Potential
from scatter.potentials.calculator import system_of
from scatter.potentials.evaluate import energies_and_forces
from scatter.settings import UserError
from scatter.state import System
from scatter.structures import extxyz
from scatter.units import K
from scatter.validation.neb import EnergyPath, minimum_energy_path

STRAIN, SHEAR = 0.04, 0.02  # largest, either way
STIFFNESS = 3.6  # eV/Å², of an atom in the crystal: 0.085 Å at 300 K along each axis, as copper's
BOX = 16.0  # Å, side of the lone molecule's cell: beyond every cutoff
SHORTEST, BEYOND = 0.45, 0.5  # Å: shortest bond, and how far beyond `dissociated_A` the longest
JIGGLE = 0.05  # Å along each axis, of every atom, off a minimum-energy path

Say = Callable[[str], None]


@dataclass(frozen=True)
class Extras:
    """How many structures of each kind are made.

    Attributes:
        paths: on and beside minimum-energy paths.
        bulk: cells of the metal.
        molecule: molecules alone; and one clean slab for every ten of them.
    """

    paths: int = 0
    bulk: int = 0
    molecule: int = 0


def write_extras(
    input: Input, potential: Potential, extras: Extras, folder: Path, say: Say
) -> None:
    """Make, label and write what is asked for, as `extras/bulk.extxyz` and the like.

    The same input and numbers give the same structures.

    Raises:
        UserError: see `refuse_extras`.
    """
    refuse_extras(input, extras)
    makers = {
        "bulk": (bulk_cells, extras.bulk),
        "molecule": (molecules, extras.molecule),
        "slab": (clean_slabs, -(-extras.molecule // 10)),
        "paths": (partial(path_frames, say=say), extras.paths),
    }
    for name, (make, number) in makers.items():
        if number:
            path = folder / "extras" / f"{name}.extxyz"
            path.parent.mkdir(parents=True, exist_ok=True)
            if frames := make(input, potential, number):
                write_whole(path, extxyz(frames))
                say(f"extras: {path}, {len(frames)} structures")


def refuse_extras(input: Input, extras: Extras) -> None:
    """Raise UserError if they need a crystal, and the slab of the input comes from a file."""
    if extras.bulk or extras.paths:
        _built(input)


def bulk_cells(input: Input, potential: Potential, number: int) -> list[Atoms]:
    """Perfect and thermally displaced fcc cells of 32 atoms, strained by -4 to +4 %.

    The lattice constant runs evenly over a₀ (1 ± 0.04), a₀ being the potential's own. Of four
    cells one is perfect; in two each coordinate is displaced by a normal deviate of variance
    k_B T / k, as that of independent oscillators of stiffness k = 3.6 eV/Å² at a temperature
    drawn evenly up to the highest of the input; the fourth is also sheared, each component of the
    symmetric strain drawn evenly up to 2 % either way.
    """
    rng = _stream(input, 1)
    element = _built(input).element
    rest, hottest = static_lattice_constant(potential, element), max(input.surface.temperature_K)
    frames = []
    for index, strain in enumerate(np.linspace(-STRAIN, STRAIN, number)):
        system, positions = crystal(element, rest * (1 + strain), 2)
        T_K = rng.uniform(0, hottest) if index % 4 else 0.0
        if index % 4 == 3:
            shear = rng.uniform(-SHEAR, SHEAR, (3, 3))
            shear = np.eye(3) + 0.5 * (shear + shear.T)
            system = System(system.numbers, system.cell @ shear, system.pbc, system.moving)
            positions = positions @ shear
        positions = positions + _thermal(rng, T_K, positions)
        told = {"trajectory": f"bulk-{index:06d}", "T_K": float(T_K)}
        frames.append(_frame(potential, system, positions, told))
    return frames


def molecules(input: Input, potential: Potential, number: int) -> list[Atoms]:
    """Each molecule of the input alone in a large cell, over its bond lengths.

    From 0.45 Å to 0.5 Å beyond [stop] dissociated_A, half of the lengths evenly spaced and half
    drawn evenly, in random directions; all one `trajectory`, since neighbours are much alike.
    """
    rng = _stream(input, 2)
    longest = input.stop.dissociated_A + BEYOND
    even = np.linspace(SHORTEST, longest, -(-number // 2))
    bonds = np.append(even, rng.uniform(SHORTEST, longest, number // 2))
    pairs = [isotopes(formula, {}) for formula in input.molecule.formula]
    frames = []
    for first, second in dict.fromkeys((z, other) for (z, _), (other, _) in pairs):
        numbers, free = np.array([first, second]), np.ones(2, bool)
        system = System(numbers, BOX * np.eye(3), (True, True, True), free)
        for bond in bonds:
            along = rng.normal(size=3)
            half = 0.5 * bond * along / np.linalg.norm(along)
            positions = np.array([-half, half]) + 0.5 * BOX
            told = {"trajectory": f"molecule-{first}-{second}"}
            frames.append(_frame(potential, system, positions, told))
    return frames


def clean_slabs(input: Input, potential: Potential, number: int) -> list[Atoms]:
    """Slabs without a molecule, facets and temperatures in turn, atoms displaced thermally.

    The displacements are those of `bulk_cells`. The lattice constant is that of the input; where
    that is "auto", the potential's own at rest.
    """
    rng, surface = _stream(input, 3), input.surface
    rest = None
    if surface.file is None and surface.lattice_constant_A == "auto":
        rest = static_lattice_constant(potential, surface.element)
    frames = []
    for index in range(number):
        facet, T_K = surface.systems[index % len(surface.systems)]
        constant = surface.given_lattice_constant(T_K) if surface.file is None else None
        system, positions = build(surface, facet, constant or rest)
        positions = positions + _thermal(rng, T_K, positions)
        told = {"trajectory": f"slab-{index:06d}", "facet": facet, "T_K": float(T_K)}
        frames.append(_frame(potential, system, positions, told))
    return frames


def path_frames(input: Input, potential: Potential, number: int, say: Say = print) -> list[Atoms]:
    """Minimum-energy paths of the input's first molecule on its facets, and what lies beside them.

    Each path has an equal share: its images, picked evenly if they are too many, then the images in
    turn with each coordinate of each atom displaced by a normal deviate of 0.05 Å. A path is one
    `trajectory`. Finding one takes thousands of force calls. Where there is none, as without a
    barrier or with atoms that do not stay apart, that is said, and its share is left out.
    """
    rng, surface = _stream(input, 4), _built(input)
    routes = [(facet, site) for facet in surface.facet for site in FACETS[facet].routes]
    frames = []
    for place, (facet, site) in enumerate(routes):
        try:
            path = minimum_energy_path(
                potential, facet, site, surface.element, input.molecule.formula[0]
            )
        except UserError as error:
            say(f"extras: left out: {error}")
            continue
        share = number // len(routes) + (place < number % len(routes))
        told = {"trajectory": f"path-{facet}-{site.replace(' ', '-')}", "facet": facet}
        for image, positions in _beside(rng, path, share):
            height = positions[-2:, 2].mean() - positions[list(path.top), 2].mean()
            system = system_of(image, f"path on ({facet}), {site}")
            told = {**told, "Z_A": float(height)}
            frames.append(_frame(potential, system, positions, told))
    return frames


def _beside(
    rng: np.random.Generator, path: EnergyPath, number: int
) -> Iterator[tuple[Atoms, Float[np.ndarray, "atom 3"]]]:
    """Images of a path, each with the positions (Å) of its atoms: first its own, then displaced."""
    images = len(path.frames)
    for index in np.linspace(0, images - 1, min(number, images)).round().astype(int):
        yield path.frames[index], path.frames[index].positions
    for image in islice(cycle(path.frames), max(0, number - images)):
        yield image, image.positions + rng.normal(0, JIGGLE, image.positions.shape)


def _frame(
    potential: Potential, system: System, positions: Float[np.ndarray, "atom 3"], told: dict
) -> Atoms:
    """One structure with its label, on all atoms, and what is told of it."""
    free = System(system.numbers, system.cell, system.pbc, np.ones(len(system), bool))
    energies, forces = energies_and_forces(potential, free, positions[None])
    frame = labelled(free, positions, float(energies[0]), forces[0])
    frame.info |= told
    return frame


def _thermal(
    rng: np.random.Generator, T_K: float, positions: Float[np.ndarray, "atom 3"]
) -> Float[np.ndarray, "atom 3"]:
    """Displacements of independent oscillators."""
    return rng.normal(0, np.sqrt(K * T_K / STIFFNESS), positions.shape)


def _stream(input: Input, kind: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(input.run.seed, spawn_key=(kind,)))


def _built(input: Input) -> Surface:
    """The table `[surface]` of a slab that is cut from a crystal.

    Raises:
        UserError: it is read from a file.
    """
    if input.surface.file is not None:
        raise UserError(
            f"[surface] file = '{input.surface.file}' does not say which crystal the slab was cut "
            "from, so there are no structures for --bulk and --paths; leave them out"
        )
    return input.surface
