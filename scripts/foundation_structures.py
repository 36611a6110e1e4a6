r"""Structures for a foundation of a few elements to learn from a universal potential.

Usage: python scripts/foundation_structures.py OUT.extxyz --elements H Cu [Ni ...] --number 3000

Cells of at most 18 atoms, so that a teacher of 80 ms labels them in minutes, of these kinds, each
as often as its share says: crystals and alloys, strained and rattled; liquids (strongly rattled);
slabs of four facets; the same with H, H2 or several of them above and below their top layer; H
inside crystals; small molecules and clusters, and single atoms. No two atoms are nearer than
NEAREST of the sum of their covalent radii. Without H among the elements, kinds with H are left out.

Then, with docs/tutorials/teacher.py as the teacher:

    scatter evaluate ase:teacher:SevenNet0 OUT.extxyz --output labelled.extxyz
    scatter select --all labelled.extxyz --output set
    scatter distil set foundation.npz --channels 64 --correlation 3 --cutoff 6 --balance 1
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bcc110, bulk, fcc100, fcc110, fcc111, hcp0001
from ase.data import atomic_numbers, covalent_radii, reference_states
from ase.neighborlist import neighbor_list

from scatter.files import write_whole
from scatter.structures import extxyz

NEAREST = 0.7  # of the sum of covalent radii
MOST_ATOMS = 18
VACUUM_A = 8.0  # beyond the cutoff of the student, and that of its messages is seen by no one
BOX_A = 12.0  # of molecules
TRIES = 200

Draw = np.random.Generator
Metals = Sequence[str]


def lattice_A(symbol: str) -> float:
    """Length of the cubic cell in which an fcc crystal has the volume of the element's own."""
    atoms = bulk(symbol)
    return float((4 * atoms.get_volume() / len(atoms)) ** (1 / 3))


def mixed(atoms: Atoms, metals: Metals, draw: Draw) -> Atoms:
    """Atoms of a crystal exchanged for others: in one of two not at all, else any share."""
    if len(metals) > 1 and draw.random() < 0.5:
        other = draw.choice(metals)
        there = draw.random(len(atoms)) < draw.uniform(0.1, 0.9)
        symbols = np.where(there, other, atoms.get_chemical_symbols())
        atoms.set_chemical_symbols([str(symbol) for symbol in symbols])
    return atoms


def strained(atoms: Atoms, draw: Draw, most: float) -> Atoms:
    """A cell whose volume and shape are changed, and which the atoms follow."""
    scale = 1 + draw.uniform(-0.05, 0.07)
    strain = scale * (np.eye(3) + draw.uniform(-most, most, (3, 3)) / 2)
    atoms.set_cell(atoms.cell.array @ strain, scale_atoms=True)
    return atoms


def crystal(metals: Metals, draw: Draw) -> Atoms:
    """A primitive cell or a small supercell of fcc, bcc or the crystal of the element."""
    metal, kind = draw.choice(metals), draw.choice(["own", "fcc", "bcc"])
    a = lattice_A(metal)
    atoms = (
        bulk(metal)
        if kind == "own"
        else bulk(metal, kind, a if kind == "fcc" else a / 2 ** (1 / 3))
    )
    times = draw.integers(1, 4, 3)
    while len(atoms) * times.prod() > MOST_ATOMS // 2:
        times[times.argmax()] -= 1
    atoms = mixed(atoms.repeat(times.tolist()), metals, draw)
    atoms = strained(atoms, draw, 0.05)
    return rattled(atoms, draw, draw.choice([0.0, 0.05, 0.12, 0.2]))


def liquid(metals: Metals, draw: Draw) -> Atoms:
    """A crystal of eight to sixteen atoms, strongly rattled and expanded."""
    metal = draw.choice(metals)
    atoms = bulk(metal, "fcc", lattice_A(metal)).repeat(
        [(2, 2, 2), (2, 2, 3), (2, 2, 4)][draw.integers(3)]
    )
    atoms = strained(mixed(atoms, metals, draw), draw, 0.05)
    atoms.set_cell(atoms.cell.array * draw.uniform(1.0, 1.06), scale_atoms=True)
    return rattled(atoms, draw, draw.uniform(0.3, 0.6))


def slab(metals: Metals, draw: Draw) -> Atoms:
    """A slab of three to five layers."""
    metal = str(draw.choice(metals))
    own = str(reference_states[atomic_numbers[metal]]["symmetry"])
    a = lattice_A(metal)
    builders: list[Callable[..., Atoms]] = [fcc111, fcc100, fcc110]
    wide, layers = draw.integers(1, 3, 2), int(draw.integers(3, 6))
    size = (*wide.tolist(), layers)
    if own == "hcp" and draw.random() < 0.5:
        atoms = hcp0001(metal, size, vacuum=VACUUM_A)
    elif own == "bcc" and draw.random() < 0.5:
        atoms = bcc110(metal, size, vacuum=VACUUM_A)
    else:
        atoms = builders[draw.integers(3)](metal, size, a=a, vacuum=VACUUM_A)
    atoms.info, atoms.pbc = {}, True
    atoms = mixed(atoms, metals, draw)
    stretch = np.diag([*(1 + draw.uniform(-0.02, 0.04, 2)), 1.0])
    atoms.set_cell(atoms.cell.array @ stretch, scale_atoms=True)
    return rattled(atoms, draw, draw.choice([0.0, 0.05, 0.12, 0.2]))


def covered(metals: Metals, draw: Draw) -> Atoms:
    """A slab with H, H2, or both at its top."""
    atoms = slab(metals, draw)
    top = atoms.positions[:, 2].max()
    for _ in range(draw.integers(1, 3)):
        place = draw.random(2) @ atoms.cell.array[:2, :2]
        height = (
            top + draw.uniform(-1.5, 1.0) if draw.random() < 0.3 else top + draw.uniform(0.3, 4.0)
        )
        middle = np.array([*place, height])
        if draw.random() < 0.35:
            atoms += Atoms("H", [middle])
        else:
            atoms += hydrogen(middle, draw)
    return atoms


def hydrogen(middle: np.ndarray, draw: Draw) -> Atoms:
    """H2 around a place: mostly near its bond length, at times nearly broken."""
    along = draw.normal(size=3)
    if draw.random() < 0.5:
        along[2] *= 0.2  # lying, as where it dissociates
    length = draw.choice([draw.normal(0.76, 0.07), draw.uniform(0.6, 2.2)], p=[0.6, 0.4])
    half = 0.5 * length * along / np.linalg.norm(along)
    return Atoms("H2", [middle - half, middle + half])


def filled(metals: Metals, draw: Draw) -> Atoms:
    """A crystal with H atoms anywhere inside."""
    atoms = crystal(metals, draw)
    for _ in range(draw.integers(1, 3)):
        atoms += Atoms("H", [draw.random(3) @ atoms.cell.array])
    return atoms


def molecule(metals: Metals, draw: Draw) -> Atoms:
    """H2 to H4, a hydride or a small cluster, in a box."""
    middle = np.full(3, BOX_A / 2)
    kind = draw.random()
    if kind < 0.45:
        atoms = hydrogen(middle, draw)
        if draw.random() < 0.3:
            atoms += hydrogen(middle + draw.normal(0, 1.5, 3), draw)
    else:
        atoms = Atoms([str(one) for one in draw.choice(metals, draw.integers(1, 4))])
        atoms.positions = middle + draw.normal(0, 1.6, (len(atoms), 3))
        if kind < 0.75:
            atoms += Atoms("H", [middle + draw.normal(0, 1.2, 3)])
    atoms.set_cell([BOX_A] * 3)
    atoms.pbc = True
    return atoms


def single(metals: Metals, draw: Draw) -> Atoms:
    """One atom in a box."""
    return Atoms(str(draw.choice([*metals, "H"])), [[BOX_A / 2] * 3], cell=[BOX_A] * 3, pbc=True)


KINDS: dict[Callable[[Metals, Draw], Atoms], float] = {  # and their shares
    crystal: 0.2, liquid: 0.1, slab: 0.15, covered: 0.35, filled: 0.08, molecule: 0.1, single: 0.02,
}  # fmt: skip
WITH_H = (covered, filled, molecule, single)


def rattled(atoms: Atoms, draw: Draw, size_A: float) -> Atoms:
    """Atoms moved at random."""
    atoms.positions += draw.normal(0, size_A or 1e-9, atoms.positions.shape)
    return atoms


def apart(atoms: Atoms) -> bool:
    """Whether no two atoms, images included, are too near."""
    radii = covalent_radii[atoms.numbers]
    i, j, d = neighbor_list("ijd", atoms, 2 * NEAREST * float(radii.max()))
    return bool((d >= NEAREST * (radii[i] + radii[j])).all())


def structures(elements: Sequence[str], number: int, draw: Draw) -> list[Atoms]:
    """So many structures, each of a kind drawn by its share."""
    metals = [symbol for symbol in elements if symbol != "H"]
    kinds = [kind for kind in KINDS if "H" in elements or kind not in WITH_H]
    shares = np.array([KINDS[kind] for kind in kinds])
    found: list[Atoms] = []
    while len(found) < number:
        make = kinds[draw.choice(len(kinds), p=shares / shares.sum())]
        for _ in range(TRIES):
            atoms = make(metals, draw)
            if len(atoms) <= MOST_ATOMS + 4 and apart(atoms):
                atoms.info = {"kind": make.__name__, "trajectory": len(found)}
                found.append(atoms)
                break
    return found


def main() -> None:
    """Make the structures and write them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--elements", nargs="+", default=["H", "Cu", "Ni", "Pd", "Ag"])
    parser.add_argument("--number", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    found = structures(options.elements, options.number, np.random.default_rng(options.seed))
    write_whole(options.out, extxyz(found))
    print(f"{len(found)} structures, {sum(map(len, found)) / len(found):.1f} atoms each")


if __name__ == "__main__":
    main()
