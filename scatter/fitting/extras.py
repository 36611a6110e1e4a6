"""Structures that dynamics does not visit and that a potential needs all the same, labelled.

The crystal under strain gives a potential its lattice constant, bulk modulus and expansion; the
lone molecule its bonds far beyond what is reached in the gas; the clean slab its surface; the
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

from scatter.campaign.frames import PROJECTILE, labelled
from scatter.config import Input
from scatter.facets import FACETS
from scatter.files import write_whole
from scatter.fitting.alone import placed, shapes, struck
from scatter.initial.covered import covered
from scatter.initial.hexagonal import static_lattice
from scatter.initial.lattice import crystal, static_lattice_constant
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
JIGGLE = 0.05  # Å along each axis, of every atom, off a minimum-energy path

Say = Callable[[str], None]


@dataclass(frozen=True)
class Extras:
    """How many structures of each kind are made.

    Attributes:
        paths: on and beside minimum-energy paths.
        bulk: cells of the metal.
        molecule: molecules alone; and one clean slab for every ten of them.
        above: molecules, whole and broken, at random places above and in the surface.
    """

    paths: int = 0
    bulk: int = 0
    molecule: int = 0
    above: int = 0


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
        "above": (above_slabs, extras.above),
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
    """Raise UserError if they need what the input does not have.

    Bulk and paths need a crystal, not a slab from a file; paths need a diatomic.
    """
    if extras.bulk or extras.paths:
        _built(input)
    if extras.paths and input.molecule.kind != "diatomic":
        raise UserError(
            f"--paths: {input.molecule.formula[0]} is not a diatomic, and minimum-energy paths are "
            "searched for diatomics only; leave the option out"
        )


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
        labels = {"trajectory": f"bulk-{index:06d}", "T_K": float(T_K)}
        frames.append(_frame(potential, system, positions, labels))
    return frames


def molecules(input: Input, potential: Potential, number: int) -> list[Atoms]:
    """Each molecule of the input alone in a large cell, in the shapes of `alone.shapes`."""
    frames = []
    for numbers, shape, name in shapes(input, potential, number, _stream(input, 2)):
        free = np.ones(len(numbers), bool)
        system = System(np.array(numbers), BOX * np.eye(3), (True, True, True), free)
        frames.append(_frame(potential, system, shape + 0.5 * BOX, {"trajectory": name}))
    return frames


def clean_slabs(input: Input, potential: Potential, number: int) -> list[Atoms]:
    """Slabs without a molecule, facets and temperatures in turn, atoms displaced thermally.

    The displacements are those of `bulk_cells`. The lattice constant is that of the input; where
    that is "auto", the potential's own at rest.
    """
    return [
        _frame(potential, system, positions, {"trajectory": f"slab-{index:06d}", **labels})
        for index, (system, positions, labels) in enumerate(
            islice(_slabs(input, potential, _stream(input, 3)), number)
        )
    ]


def above_slabs(input: Input, potential: Potential, number: int) -> list[Atoms]:
    """The slabs of `clean_slabs`, and above each a molecule in one of the shapes of `alone.shapes`.

    So a potential that is too slow for trajectories shows what it is like where they go. The place
    along the surface is drawn evenly, and the height of the lowest atom from 2 Å below the top
    plane to 5 Å above it, again and again until no two atoms are nearer than 0.7 times the sum of
    their covalent radii. Every second atom is put where atoms collide (`alone.struck`).
    """
    rng, frames = _stream(input, 5), []
    every = [*shapes(input, potential, number, rng)]
    for index, (system, slab, labels) in enumerate(islice(_slabs(input, potential, rng), number)):
        numbers, shape, _ = every[index * len(every) // number]
        together = system.with_projectile(*numbers)
        collides = len(numbers) == 1 and index % 2
        own = struck(rng, together, slab) if collides else placed(rng, together, slab, shape)
        labels = {**labels, "trajectory": f"above-{index:06d}", PROJECTILE: len(numbers)}
        labels["Z_A"] = float(own[:, 2].mean() - system.top_plane(slab))
        frames.append(_frame(potential, together, np.concatenate([slab, own]), labels))
    return frames


def _slabs(
    input: Input, potential: Potential, rng: np.random.Generator
) -> Iterator[tuple[System, Float[np.ndarray, "atom 3"], dict]]:
    """Displaced slabs without end, each with its labels."""
    surface = input.surface
    given = [surface.file or surface.given_lattice(T_K) for _, T_K in surface.systems]
    rest = (None, None) if all(given) else static_lattice(potential, surface)
    for facet, T_K in cycle(surface.systems):
        own = surface.given_lattice(T_K) if surface.file is None else None
        constants = own or rest
        system, ideal = covered(
            surface, facet, input.run.seed, constants[0] or 0.0, *build(surface, facet, *constants)
        )
        labels = {"facet": facet, "T_K": float(T_K)}
        yield system, ideal + _thermal(rng, T_K, ideal), labels


def path_frames(input: Input, potential: Potential, number: int, say: Say = print) -> list[Atoms]:
    """Minimum-energy paths of the input's first molecule on its facets, and what lies beside them.

    Each path has an equal share: its images, picked evenly if they are too many, then the images in
    turn with each coordinate of each atom displaced by a normal deviate of 0.05 Å. A path is one
    `trajectory`. Finding one takes thousands of force calls. Where there is none, as without a
    barrier or with atoms that do not stay apart, that is said, and its share is left out.
    """
    rng, surface = _stream(input, 4), _built(input)
    routes = [(facet, site) for facet in surface.facet for site in _routes(facet)]
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
        labels = {"trajectory": f"path-{facet}-{site.replace(' ', '-')}", "facet": facet}
        for image, positions in _beside(rng, path, share):
            height = positions[-2:, 2].mean() - positions[list(path.top), 2].mean()
            system = system_of(image, f"path on ({facet}), {site}")
            labels = {**labels, "Z_A": float(height)}
            frames.append(_frame(potential, system, positions, labels))
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
    potential: Potential, system: System, positions: Float[np.ndarray, "atom 3"], labels: dict
) -> Atoms:
    """One structure with its label, on all atoms, and its other labels."""
    free = System(system.numbers, system.cell, system.pbc, np.ones(len(system), bool))
    energies, forces = energies_and_forces(potential, free, positions[None])
    frame = labelled(free, positions, float(energies[0]), forces[0])
    frame.info |= labels
    return frame


def _thermal(
    rng: np.random.Generator, T_K: float, positions: Float[np.ndarray, "atom 3"]
) -> Float[np.ndarray, "atom 3"]:
    """Displacements of independent oscillators."""
    return rng.normal(0, np.sqrt(K * T_K / STIFFNESS), positions.shape)


def _stream(input: Input, kind: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(input.run.seed, spawn_key=(kind,)))


def _routes(facet: str) -> list[str]:
    """Where molecules dissociate on a facet; none that is named only by its indices has any."""
    return [*FACETS[facet].routes] if facet in FACETS else []


def _built(input: Input) -> Surface:
    """The table `[surface]` of a slab that is cut from a crystal.

    Raises:
        UserError: it is read from a file, or the crystal is not fcc.
    """
    if input.surface.file is not None:
        raise UserError(
            f"[surface] file = '{input.surface.file}' does not say which crystal the slab was cut "
            "from, so there are no structures for --bulk and --paths; leave them out"
        )
    if input.surface.crystal != "fcc":
        raise UserError(
            f"[surface] element = '{input.surface.element}' is {input.surface.crystal}, and the "
            "structures of --bulk and --paths are those of fcc crystals; leave them out"
        )
    return input.surface
