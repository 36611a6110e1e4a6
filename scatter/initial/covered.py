"""A slab that is built, with adsorbates on its sites: which, how high, and that they stay there.

Lengths in Å.
"""

from dataclasses import replace
from hashlib import sha256

import numpy as np
from ase.data import atomic_masses, atomic_numbers, covalent_radii
from jaxtyping import Float, Int
from scipy.spatial.transform import Rotation

from scatter.facets import CRYSTALS, Facet
from scatter.initial.lone_molecule import LoneMolecule, from_formula
from scatter.initial.outermost import images, inside
from scatter.initial.surface import Surface
from scatter.settings import UserError
from scatter.state import System

Positions = Float[np.ndarray, "atom 3"]
CENTRED = 0.1  # Å: a first atom that is so near the mean of the others has none of them above it


def covered(
    surface: Surface,
    facet: str,
    seed: int,
    lattice_constant: float,
    system: System,
    bare: Float[np.ndarray, "bare 3"],
) -> tuple[System, Positions]:
    """The slab with its adsorbates at the end, each as high as two covalent radii allow.

    A molecule stands on the atom that its formula names first (`standing`).

    Args:
        surface: the table `[surface]`.
        facet: one of `surface.labels`.
        seed: the campaign's; it draws which sites are occupied.
        lattice_constant: Å.
        system: the bare slab.
        bare: positions of its atoms.

    Returns:
        The same slab and positions where there are no adsorbates.
    """
    species = surface.adsorbates.species
    if species is None:
        return system, bare
    molecule = from_formula(species) if len(surface.adsorbates.atoms) > 1 else single(species)
    places = _occupied(surface, facet, seed) @ cell_vectors(surface, facet, lattice_constant)
    feet = [np.append(xy, let_down(system, bare, xy, molecule.numbers[0])) for xy in places]
    added = np.concatenate([foot + standing(molecule) for foot in feet])
    cell, count = system.cell.copy(), len(added)
    cell[2, 2] += max(0.0, float(added[:, 2].max() - bare[:, 2].max()))  # the vacuum is above them
    numbers = np.append(system.numbers, np.tile(molecule.numbers, len(places)))
    moving = np.append(system.moving, np.full(count, not surface.rigid))
    adsorbates = np.arange(len(bare), len(bare) + count)
    whole = replace(system, numbers=numbers, cell=cell, moving=moving, adsorbates=adsorbates)
    return whole, np.concatenate([bare, added])


def single(symbol: str) -> LoneMolecule:
    """An atom by its chemical symbol, which names no isotope."""
    number = atomic_numbers[symbol]
    return LoneMolecule((number,), atomic_masses[[number]], np.zeros((1, 3)))


def standing(molecule: LoneMolecule) -> Positions:
    """A molecule on its first atom, which is the origin, with the mean of the others above it."""
    own = molecule.positions - molecule.positions[0]
    mean = own[1:].mean(axis=0) if len(own) > 1 else np.zeros(3)
    if np.linalg.norm(mean) < CENTRED:
        return own
    turned = Rotation.align_vectors([[0.0, 0.0, 1.0]], [mean])[0].apply(own)
    return turned - turned[0]


def feet(surface: Surface, system: System) -> Int[np.ndarray, " some"]:
    """The atoms that adsorbates of `covered` stand on."""
    return system.adsorbates[:: max(1, len(surface.adsorbates.atoms))]


def refuse_strayed(
    surface: Surface, facet: str, lattice_constant: float, system: System, positions: Positions
) -> None:
    """Raise UserError if an adsorbate has relaxed to another kind of site than its own."""
    vectors = cell_vectors(surface, facet, lattice_constant)
    sites = _facet(surface, facet).sites
    for atom in feet(surface, system).tolist():
        at = positions[atom, :2] @ np.linalg.inv(vectors)
        far = {name: min(_distance(at - place, vectors) for place in sites[name]) for name in sites}
        if (nearest := min(far, key=lambda name: far[name])) != surface.adsorbates.site:
            raise UserError(
                f"[surface.adsorbates] site = '{surface.adsorbates.site}': relaxed on this "
                f"potential, atom {atom} ({surface.adsorbates.species}) goes to a {nearest} site "
                f"of ({facet}); choose that site, or a lower coverage"
            )


def _facet(surface: Surface, facet: str) -> Facet:
    return CRYSTALS[surface.crystal][facet]


def cell_vectors(surface: Surface, facet: str, a: float) -> Float[np.ndarray, "2 2"]:
    """Lattice vectors of a facet's surface cell as rows, of a crystal with lattice constant a."""
    return a * np.array(_facet(surface, facet).cell)


def _distance(fractions: Float[np.ndarray, "2"], vectors: Float[np.ndarray, "2 2"]) -> float:
    """Length of the shortest image of a lateral vector, in fractions of a cell."""
    rest = fractions - np.round(fractions)
    turns = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return min(float(np.linalg.norm((rest + turn) @ vectors)) for turn in turns)


def _occupied(surface: Surface, facet: str, seed: int) -> Float[np.ndarray, "site 2"]:
    """The occupied sites in fractions of the surface cell."""
    kind = np.array(_facet(surface, facet).sites[str(surface.adsorbates.site)])
    if surface.adsorbates.cells is not None:
        return np.array(surface.adsorbates.cells) + kind[0]
    n1, n2, _ = surface.size
    cells = np.array([(i, j) for j in range(n2) for i in range(n1)])
    sites = (cells[:, None] + kind).reshape(-1, 2)
    # Told apart from all other streams of a campaign by a hash of its purpose.
    key = int.from_bytes(sha256(f"adsorbates {facet}".encode()).digest()[:8], "big")
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,)))
    chosen = rng.permutation(len(sites))[: surface.adsorbates.count(len(sites))]
    return sites[np.sort(chosen)]


def let_down(system: System, bare: Positions, place: Float[np.ndarray, "2"], number: int) -> float:
    """Height z where an atom that is let down touches the slab, covalent radii added."""
    R = float((covalent_radii[system.numbers] + covalent_radii[number]).max())
    at = inside(np.append(place, 0.0)[None], system.cell)[0, :2]
    around = images(inside(bare, system.cell), system.cell, R)
    squares = ((around[:, :2] - at) ** 2).sum(axis=1)
    near = squares < R * R
    return float((around[near, 2] + np.sqrt(R * R - squares[near])).max())
