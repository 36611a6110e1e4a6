"""The distances of a training set, which are the domain of the potential that learnt from it."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from scatter.mace.file import FoldedMace
from scatter.mace.kernels.loss import Structures
from scatter.mace.training.structures import structures_of
from scatter.potentials.domain import Domain
from scatter.structures import read_frames

MARGIN_A = 0.05  # that a trajectory may go beyond what the set holds


def domain_of(structures: Structures, numbers: np.ndarray) -> Domain:
    """The bounds that a set of structures gives, by pairs of species.

    The shortest distance is that of any two atoms, images included, less a margin of 0.05 Å. The
    longest bond is that of the two atoms that are not the metal (the commonest species) in a
    structure that holds metal and just two others, plus the margin: a molecule alone is bent to
    any length without the surface having seen it.

    Args:
        structures: with all pairs within some cutoff.
        numbers: atomic numbers of the species.
    """
    own = np.repeat(np.arange(len(structures.at) - 1), np.diff(structures.pairs_at))
    ends = [structures.at[own] + each for each in (structures.first, structures.second)]
    apart = structures.positions[ends[1]] - structures.positions[ends[0]] + structures.shift
    kinds = np.sort([structures.species[each] for each in ends], axis=0)
    length = np.sqrt((apart**2).sum(axis=1))
    closest = np.full((len(numbers), len(numbers)), np.inf)
    np.minimum.at(closest, (kinds[0], kinds[1]), length)
    closest = np.minimum(closest, closest.T)
    closest = np.where(np.isfinite(closest), np.maximum(closest - MARGIN_A, 0), 0)
    return Domain(numbers, closest, _longest(structures, own, kinds, length, len(numbers)))


def _longest(
    structures: Structures, own: np.ndarray, kinds: np.ndarray, length: np.ndarray, species: int
) -> np.ndarray:
    """The longest bond by pairs of species, margin included; 0 where there is none."""
    metal = np.bincount(structures.species).argmax()
    others = np.add.reduceat(structures.species != metal, structures.at[:-1])
    one_molecule = (others == 2) & (np.diff(structures.at) > 2)
    bond = (kinds != metal).all(axis=0) & one_molecule[own]
    shortest = np.full(len(one_molecule), np.inf)  # of its images
    np.minimum.at(shortest, own[bond], length[bond])
    longest = np.zeros((species, species))
    pair = kinds[:, bond]
    np.maximum.at(longest, (pair[0], pair[1]), shortest[own[bond]] + MARGIN_A)
    return np.maximum(longest, longest.T)


def write_domain(model: Path, sets: list[Path]) -> Domain:
    """Give a converted model the bounds that files of structures give; answer them.

    Args:
        model: `.npz`, written anew with the same weights.
        sets: extended XYZ with labels.

    Raises:
        UserError: one of them cannot be read.
    """
    folded = FoldedMace.read(model)
    parts = [
        domain_of(
            structures_of(read_frames(file), folded.numbers, float(folded.cutoff), str(file)),
            folded.numbers,
        )
        for file in sets
    ]
    known = np.array([part.closest for part in parts])
    closest = np.where(known > 0, known, np.inf).min(axis=0)
    longest = np.max([part.longest for part in parts], axis=0)
    domain = Domain(folded.numbers, np.where(np.isfinite(closest), closest, 0), longest)
    replace(folded, closest=domain.closest, longest=domain.longest).write(model)
    return domain
