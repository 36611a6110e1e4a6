"""Shapes of molecules alone (bonds from short to broken, vibrations), and where to put them."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from ase.data import chemical_symbols, covalent_radii
from jaxtyping import Bool, Float
from scipy.spatial.transform import Rotation

from scatter.campaign.projectiles import lone_molecule
from scatter.config import Input
from scatter.dynamics.fragments import components, limits
from scatter.fitting.descriptor import nearest
from scatter.initial.formulas import atoms_of
from scatter.initial.normal_modes import NormalModes, normal_modes
from scatter.potentials.base import Potential
from scatter.state import System
from scatter.units import hbar

SHORTEST, BEYOND = 0.45, 0.5  # Å: shortest bond of a diatomic, and how far beyond breaking all go
TIGHTEST = 0.6  # of the sum of covalent radii; a diatomic is not made shorter than this either
COMPRESSED = 0.7  # of its length at rest is the shortest bond of a polyatomic
WILDEST = 2.0  # standard deviations of the ground state, of the largest vibrations
HEIGHTS = (-2.0, 5.0)  # Å, of the lowest atom of a molecule above a slab's top plane
TOUCHING = 0.7  # of the sum of covalent radii: nearer atoms are not put
STRUCK = 0.55  # likewise, of an atom in a hard collision: H 0.9 Å from Cu, some 4 eV above the gas

Shape = tuple[tuple[int, ...], Float[np.ndarray, "atom 3"], str]  # numbers, Å, trajectory


def shapes(
    input: Input, potential: Potential, number: int, rng: np.random.Generator
) -> Iterator[Shape]:
    """So many shapes of each molecule of the input, in random directions about the origin.

    Isotopes make no difference. An atom has one shape. Of a diatomic, half of the bond lengths are
    evenly spaced from 0.45 Å, or 0.6 of the sum of covalent radii where that is more (N2: 0.85 Å),
    to 0.5 Å beyond [stop] dissociated_A, and half drawn evenly; all are one trajectory, since
    neighbours are much alike. Of a polyatomic, half are vibrations,

        x = x⁰ + M^(-1/2) Σ_k e_k Q_k,    Q_k normal deviates of variance s² ħ/2ω_k,

    s drawn evenly up to 2, each a trajectory; and in the other half, with s = 1, the two pieces
    that a bond joins are moved apart along it, so that each bond's length runs evenly from 0.7 of
    that at rest to 0.5 Å beyond where it breaks, and is one trajectory. Bonds of rings are left
    out.

    Args:
        input: of the campaign.
        potential: that a polyatomic is relaxed on.
        number: of shapes of each molecule; one of an atom.
        rng: for all that is drawn.

    Raises:
        UserError: the potential does not hold a polyatomic.
    """
    table = input.molecule
    formulas = {tuple(z for z, _ in atoms_of(name, {})): name for name in reversed(table.formula)}
    for numbers, formula in reversed(formulas.items()):
        if table.kind == "atom":
            yield numbers, np.zeros((1, 3)), f"molecule-{numbers[0]}"
        elif table.kind == "diatomic":
            yield from _diatomic(numbers, input.stop.dissociated_A + BEYOND, number, rng)
        else:
            modes = normal_modes(lone_molecule(table, formula), potential)
            yield from _polyatomic(modes, input.stop.bonds or {}, number, rng)


def _diatomic(
    numbers: tuple[int, ...], longest: float, number: int, rng: np.random.Generator
) -> Iterator[Shape]:
    shortest = max(SHORTEST, TIGHTEST * float(covalent_radii[[*numbers]].sum()))
    even = np.linspace(shortest, longest, -(-number // 2))
    for bond in np.append(even, rng.uniform(shortest, longest, number // 2)):
        along = rng.normal(size=3)
        half = 0.5 * bond * along / np.linalg.norm(along)
        yield numbers, np.array([-half, half]), f"molecule-{numbers[0]}-{numbers[1]}"


def _polyatomic(
    modes: NormalModes, given: dict[str, float], number: int, rng: np.random.Generator
) -> Iterator[Shape]:
    name = "molecule-" + "-".join(map(str, modes.numbers))
    bonds = [*_separable(modes, given)]
    stretched = number // 2 if bonds else 0
    for index in range(number - stretched):
        x = _vibrating(modes, rng.uniform(0, WILDEST), rng)
        yield modes.numbers, _turned(x, rng), f"{name}-{index:06d}"
    for place, (i, j, lengths, beyond) in enumerate(bonds):
        share = stretched // len(bonds) + (place < stretched % len(bonds))
        for length in np.linspace(*lengths, share):
            x = _vibrating(modes, 1.0, rng)
            bond = x[j] - x[i]
            now = float(np.linalg.norm(bond))
            x[beyond] += bond / now * (length - now)
            yield modes.numbers, _turned(x, rng), f"{name}-bond-{i}-{j}"


def _separable(
    modes: NormalModes, given: dict[str, float]
) -> Iterator[tuple[int, int, tuple[float, float], Bool[np.ndarray, " atom"]]]:
    """Bonds that are not part of a ring: both atoms, the lengths to scan (Å), and all beyond it."""
    pairs = [*combinations(range(len(modes.numbers)), 2)]
    lengths = np.array([np.linalg.norm(modes.positions[j] - modes.positions[i]) for i, j in pairs])
    bonded, broken, _ = limits([chemical_symbols[z] for z in modes.numbers], lengths, given)
    for n in np.flatnonzero(bonded):
        i, j = pairs[n]
        without = bonded.copy()
        without[n] = False
        pieces = components(without, len(modes.numbers))
        beyond = next(piece for piece in pieces if j in piece)
        if i not in beyond:
            scanned = COMPRESSED * float(lengths[n]), float(broken[n]) + BEYOND
            yield i, j, scanned, np.isin(np.arange(len(modes.numbers)), beyond)


def _vibrating(
    modes: NormalModes, wild: float, rng: np.random.Generator
) -> Float[np.ndarray, "atom 3"]:
    Q = wild * np.sqrt(0.5 * hbar / modes.omega) * rng.normal(size=len(modes))
    return modes.positions + np.tensordot(Q, modes.vectors, 1) / np.sqrt(modes.masses)[:, None]


def _turned(x: Float[np.ndarray, "atom 3"], rng: np.random.Generator) -> np.ndarray:
    return Rotation.random(rng=rng).apply(x)


def placed(
    rng: np.random.Generator,
    system: System,
    slab: Float[np.ndarray, "slab 3"],
    shape: Float[np.ndarray, "atom 3"],
) -> Float[np.ndarray, "atom 3"]:
    """Where a molecule is put, Å: evenly along the surface and in height, touching no atom of it.

    Args:
        rng: for all that is drawn.
        system: slab and molecule.
        slab: positions of the slab's atoms, Å.
        shape: of the molecule, about the origin, Å.
    """
    radii, atoms = covalent_radii[system.numbers], len(shape)
    closest = TOUCHING * (radii[-atoms:, None] + radii[:-atoms])
    top = system.top_plane(slab) - shape[:, 2].min()
    while True:
        along = rng.uniform(0, 1, 2) @ system.cell[:2]
        own = shape + along + [0.0, 0.0, top + rng.uniform(*HEIGHTS)]
        apart = nearest(own[:, None] - slab, system.cell, system.pbc)
        if (np.linalg.norm(apart, axis=-1) > closest).all():
            return own


def struck(
    rng: np.random.Generator, system: System, slab: Float[np.ndarray, "slab 3"]
) -> Float[np.ndarray, "1 3"]:
    """Where an atom is put that collides with one of the slab, Å.

    In an even direction from an atom that moves, at a distance drawn evenly from 0.55 times the sum
    of covalent radii to all of it, again and again until it is nearer to no other. Fast atoms turn
    back so near, and places that are drawn evenly along the surface hardly ever lie there.

    Args:
        rng: for all that is drawn.
        system: slab and atom.
        slab: positions of the slab's atoms, Å.
    """
    radii, moving = covalent_radii[system.numbers], np.flatnonzero(system.moving[:-1])
    reach = radii[-1] + radii[:-1]
    while True:
        atom = rng.choice(moving) if len(moving) else rng.integers(len(slab))
        away = rng.normal(size=3)
        share = rng.uniform(STRUCK, 1.0)
        own = slab[atom] + share * reach[atom] * away / np.linalg.norm(away)
        apart = np.linalg.norm(nearest(own - slab, system.cell, system.pbc), axis=-1)
        if (apart / reach).argmin() == atom:
            return own[None]
